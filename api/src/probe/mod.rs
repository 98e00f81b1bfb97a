//! Probes: alive, ready, metrics. Every process has them, whatever its roles. Open to whoever reaches the port; they
//! name no tenant.

pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod readyz;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;

use crate::process::Process;

/// Their routes.
pub(crate) fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Process: FromRef<S>,
{
    Router::new()
        .route(healthz::PATH, get(healthz::healthz))
        .route(readyz::PATH, get(readyz::readyz))
        .route(metrics::PATH, get(metrics::metrics))
}
