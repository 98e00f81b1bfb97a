//! `GET /readyz`: whether this process can do its own work. One that can append is ready, and says what else is amiss.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

pub(crate) const PATH: &str = "/readyz";
const TIMEOUT: Duration = Duration::from_secs(3);

/// What knows whether this process is ready.
pub trait Readiness: Send + Sync {
    /// Looks now.
    fn report(&self) -> BoxFuture<'_, ReadinessReport>;
}

/// How this process stands.
#[derive(Clone, Debug, Default)]
pub struct ReadinessReport {
    /// Whether it can do what its role needs: for an API, append to the log.
    pub ready: bool,
    /// What else is amiss, or why it is not ready.
    pub degraded: Vec<Degraded>,
}

/// Something that is amiss.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Degraded {
    /// Which part.
    #[schema(value_type = String, example = "log")]
    pub part: &'static str,
    /// What is wrong with it, without addresses or credentials.
    pub reason: String,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyBody {
    /// `ready`, `degraded` (ready, but something is amiss) or `unavailable`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What is amiss.
    degraded: Vec<Degraded>,
}

/// Says whether this process can do its work.
#[utoipa::path(get, path = "/readyz", tag = "Probes", operation_id = "readyz", responses(
    (status = 200, description = "It can", body = ReadyBody),
    (status = 503, description = "It cannot", body = ReadyBody),
))]
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, Json<ReadyBody>) {
    let report = tokio::time::timeout(TIMEOUT, app.readiness.report()).await.unwrap_or_else(|_| {
        let reason = "no answer in time".to_owned();
        ReadinessReport { ready: false, degraded: vec![Degraded { part: "readiness", reason }] }
    });
    let (status, word) = match (report.ready, report.degraded.is_empty()) {
        (true, true) => (StatusCode::OK, "ready"),
        (true, false) => (StatusCode::OK, "degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (status, Json(ReadyBody { status: word, degraded: report.degraded }))
}
