//! Probes: alive, ready, metrics. Open to whoever reaches the port; they name no tenant.

pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod readyz;
