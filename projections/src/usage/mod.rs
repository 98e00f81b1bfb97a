//! The usage: how much each tenant triggered, by minute and second, for limits that outlive a process.
//!
//! Counts acceptances by the log's own record of them and decodes nothing, so that no event can be poison to it. Each is
//! counted once, since a row and the checkpoint that says what is counted commit together.

mod restore;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use cqrs_es::Aggregate;
use orqestra_domain::notification::Notification;
use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{EventLog, RecordedEvent};
use sqlx::{PgConnection, PgPool};

use crate::error::ApplyError;
use crate::generation::Generation;

pub use restore::TenantUsage;

/// The event that counts.
pub(crate) const ACCEPTED: &str = "NotificationAccepted";
const SECONDS: usize = 60;
const MICROS: i64 = 1_000_000;

/// The usage's queries.
#[derive(Clone)]
pub struct Usage {
    pool: PgPool,
    log: EventLog,
}

impl Usage {
    /// Reads the usage in this database, and in the log what is not counted there yet.
    pub const fn new(pool: PgPool, log: EventLog) -> Self {
        Self { pool, log }
    }
}

/// A row's key: the minute's start in seconds since the Unix epoch, and the tenant.
type Key = (i64, TenantId);

/// What one minute gains.
struct Gain {
    accepted: i64,
    seconds: [i32; SECONDS],
    position: i64,
}

/// An acceptance: its second since the Unix epoch, its tenant, and where it stands in the log.
struct Acceptance {
    second: i64,
    tenant: TenantId,
    position: i64,
}

impl Acceptance {
    fn of(event: &RecordedEvent) -> Option<Self> {
        let counts = event.event_type == ACCEPTED && event.aggregate_type == Notification::TYPE;
        counts.then(|| Self {
            second: second_of(event.recorded_at),
            tenant: event.tenant,
            position: event.position.get(),
        })
    }

    fn key(&self) -> Key {
        (self.second - self.second.rem_euclid(60), self.tenant)
    }
}

fn second_of(moment: Timestamp) -> i64 {
    moment.unix_micros().div_euclid(MICROS)
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(second * MICROS)
}

/// Handles events in log order, in the connection's transaction.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    generation: Generation,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ApplyError> {
    let acceptances: Vec<_> = events.iter().filter_map(|event| Acceptance::of(event)).collect();
    if acceptances.is_empty() {
        return Ok(());
    }
    let mut gains: BTreeMap<Key, Gain> = BTreeMap::new();
    for acceptance in &acceptances {
        let key = acceptance.key();
        let gain = gains.entry(key).or_insert(Gain { accepted: 0, seconds: [0; SECONDS], position: 0 });
        let second = usize::try_from(acceptance.second - key.0).expect("a second of its own minute");
        gain.accepted += 1;
        gain.seconds[second] += 1;
        gain.position = acceptance.position;
    }
    Ok(write::add(conn, generation, &gains).await?)
}
