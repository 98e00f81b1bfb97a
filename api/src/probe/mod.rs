//! Probes: alive, ready, metrics. Every process has them, whatever its roles. Open to whoever reaches the port; they
//! name no tenant. Readiness and metrics may have an address of their own: load balancers ask whether the process is alive
//! where they send requests to.

pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod readyz;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;

use crate::process::Process;

/// Their paths, each of which is asked every few seconds.
pub(crate) const PATHS: [&str; 3] = [healthz::PATH, readyz::PATH, metrics::PATH];

/// Where readiness and metrics are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbesAt {
    /// Beside all else.
    #[default]
    Here,
    /// At an address of their own.
    Elsewhere,
}

/// Their routes.
pub(crate) fn routes<S>(at: ProbesAt) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Process: FromRef<S>,
{
    let alive = Router::new().route(healthz::PATH, get(healthz::healthz));
    match at {
        ProbesAt::Here => {
            alive.route(readyz::PATH, get(readyz::readyz)).route(metrics::PATH, get(metrics::metrics))
        }
        ProbesAt::Elsewhere => alive,
    }
}
