//! `GET /healthz`: the process runs. It asks nothing of the database, so that a restart is not the answer to its loss.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) const PATH: &str = "/healthz";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Says that the process runs.
#[utoipa::path(get, path = "/healthz", tag = "Probes", operation_id = "healthz", responses((status = 200, description = "It runs", body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}
