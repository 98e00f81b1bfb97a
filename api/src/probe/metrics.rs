//! `GET /metrics`: this process's metrics in Prometheus' text format.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::process::Process;

pub(crate) const PATH: &str = "/metrics";

/// Shows the metrics.
#[utoipa::path(get, path = "/metrics", tag = "Probes", operation_id = "metrics", responses(
    (status = 200, description = "Prometheus text format 0.0.4", body = String, content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(process): State<Process>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], process.metrics.text())
}
