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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orqestra_event_log::source::{ManualClock, SystemClock, SystemIds};
    use orqestra_event_log::{
        Append, Clock, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, Position, Ticket,
    };
    use orqestra_tests::postgres::TestDatabase;
    use tokio_util::sync::CancellationToken;
    use uuid::Uuid;

    use super::*;

    async fn open(database: &TestDatabase, clock: impl Clock + 'static) -> EventLog {
        let options = LogOptions::new(Arc::new(clock), Arc::new(SystemIds));
        EventLog::open(database.pool().clone(), options, CancellationToken::new()).await.expect("a log")
    }

    async fn report(log: &EventLog, roles: &[Role]) -> ReadinessReport {
        EngineReadiness::new(log.clone(), roles.iter().copied().collect()).report().await
    }

    fn parts(report: &ReadinessReport) -> Vec<&'static str> {
        report.degraded.iter().map(|degraded| degraded.part).collect()
    }

    /// Moves the head by that many events.
    async fn append(log: &EventLog, stream: u128, count: i64) {
        let event = NewEvent {
            event_type: "Counted".to_owned(),
            event_version: "1.0.0".to_owned(),
            payload: serde_json::json!({}),
            metadata: Metadata::default(),
        };
        let append = Append {
            aggregate_type: "Counter".to_owned(),
            aggregate_id: format!("{}/{}", Uuid::from_u128(1), Uuid::from_u128(stream)),
            expected: 0,
            events: vec![event; usize::try_from(count).expect("a count")],
            ticket: Ticket::default(),
        };
        let outcome = log.append(append).await;
        assert!(matches!(outcome, Outcome::Recorded(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_clock_off_the_databases_makes_a_process_unready() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let right = open(&database, SystemClock).await;
        let now = SystemClock.now();
        let within = report(&right, &[Role::Api]).await;
        assert!(within.ready && within.degraded.is_empty(), "{within:?}");
        let wrong = open(&database, ManualClock::at(now.plus(Duration::from_mins(1)))).await;
        let off = report(&wrong, &[Role::Api]).await;
        assert_eq!((off.ready, parts(&off)), (false, vec!["clock"]), "{off:?}");
        for log in [right, wrong] {
            log.close().await;
        }
    }

    #[tokio::test]
    async fn a_reader_too_far_behind_degrades_a_process_that_runs_it_and_leaves_it_ready() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let log = open(&database, SystemClock).await;
        append(&log, 1, LAG).await;
        assert_eq!(*log.head().borrow(), Position::new(LAG));
        let at_the_limit = report(&log, &[Role::Project, Role::Dispatch]).await;
        assert!(at_the_limit.ready && at_the_limit.degraded.is_empty(), "{at_the_limit:?}");
        append(&log, 2, 1).await;
        for (roles, behind) in [
            (&[Role::Api][..], vec![]),
            (&[Role::Dispatch], vec!["dispatch"]),
            (&[Role::Project], vec!["projection"; Projection::ALL.len()]),
        ] {
            let degraded = report(&log, roles).await;
            assert_eq!((degraded.ready, parts(&degraded)), (true, behind), "{degraded:?}");
        }
        log.close().await;
    }
}
