//! What a process serves with whatever its roles: whether it is ready, its metrics, and the time and ids that its
//! requests are written down with.
//!
//! Probes and the observer around every request know this and nothing of tenants.

use std::sync::Arc;

use axum::extract::FromRef;
use orqestra_event_log::{Clock, Ids};

use crate::app::App;
use crate::observe::HttpMetrics;
use crate::probe::readyz::Readiness;

/// What tells the metrics of this process, in Prometheus's text format.
pub trait Metrics: Send + Sync {
    /// Tells them as they are now.
    fn text(&self) -> String;
}

/// What a [`Process`] is made of.
pub struct ProcessParts {
    /// Whether this process can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// The metrics of this process.
    pub metrics: Arc<dyn Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids, for requests that bring none.
    pub ids: Arc<dyn Ids>,
}

/// A process as its probes see it. Cheap to clone.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    parts: ProcessParts,
    http: HttpMetrics,
}

impl Process {
    /// Puts the parts together.
    pub fn new(parts: ProcessParts) -> Self {
        Self(Arc::new(Inner { parts, http: HttpMetrics::new() }))
    }

    pub(crate) fn http(&self) -> &HttpMetrics {
        &self.0.http
    }
}

impl std::ops::Deref for Process {
    type Target = ProcessParts;

    fn deref(&self) -> &ProcessParts {
        &self.0.parts
    }
}

impl FromRef<App> for Process {
    fn from_ref(app: &App) -> Self {
        app.process.clone()
    }
}
