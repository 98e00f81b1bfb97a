//! Whether this process can do its own work: an API that can append is ready, and says what else is amiss.

use std::collections::BTreeSet;
use std::time::Duration;

use orqestra_api::{Degraded, Readiness, ReadinessReport};
use orqestra_event_log::{EventLog, Outage};
use orqestra_projections::Projection;

use crate::engine::Role;

/// Behind by more than this many events, a reader of the log counts as lagging.
const LAG: i64 = 10_000;
/// Without proof of the log's head for this long, the database counts as away.
const PROOF_LASTS: Duration = Duration::from_secs(2);

pub(crate) struct EngineReadiness {
    log: EventLog,
    roles: BTreeSet<Role>,
    outage: Outage,
}

impl EngineReadiness {
    pub(crate) fn new(log: EventLog, roles: BTreeSet<Role>) -> Self {
        Self { log, roles, outage: Outage::default() }
    }

    async fn look(&self) -> ReadinessReport {
        let mut degraded = Vec::new();
        let mut ready = true;
        if self.log.head_age() > PROOF_LASTS
            && let Err(error) = self.log.fetch_head().await
        {
            if self.outage.begins() {
                tracing::warn!(error = %error, "not ready: the log cannot be reached");
            }
            degraded.push(Degraded { part: "log", reason: "the database does not answer".to_owned() });
            ready = false;
        } else if let Some(duration_ms) = self.outage.ends() {
            tracing::info!(duration_ms, "ready again");
        }
        if let Some(skew) = self.log.clock_skew() {
            let reason = format!("the clock is {} ms off the database's", skew.as_millis());
            degraded.push(Degraded { part: "clock", reason });
            ready = false;
        }
        let head = self.log.head().borrow().get();
        let mut readers: Vec<(&'static str, &str)> = Vec::new();
        if self.roles.contains(&Role::Project) {
            readers.extend(Projection::ALL.iter().map(|projection| ("projection", projection.name())));
        }
        if self.roles.contains(&Role::Dispatch) {
            readers.push(("dispatch", orqestra_dispatch::SUBSCRIPTION));
        }
        for (part, name) in readers {
            let behind = head - self.log.progress(name).borrow().get();
            if behind > LAG {
                degraded.push(Degraded { part, reason: format!("{name} is {behind} events behind") });
            }
        }
        ReadinessReport { ready, degraded }
    }
}

impl Readiness for EngineReadiness {
    fn report(&self) -> futures::future::BoxFuture<'_, ReadinessReport> {
        Box::pin(self.look())
    }
}
