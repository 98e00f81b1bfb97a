//! What the log's tests share: a log on a database of its own, and short ways to append.
//!
//! The clock stands still unless a test moves it.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_event_log::{
    Append, EventLog, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, Recorded, Ticket,
};
use orqestra_tests::postgres::TestDatabase;
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The longest that anything awaited here may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A log on a database of its own.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) log: EventLog,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) token: CancellationToken,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::new_on(TestDatabase::migrated(&MIGRATOR).await).await
    }

    /// A log on this database.
    pub(crate) async fn new_on(database: TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        let token = CancellationToken::new();
        let log = open(database.pool(), &clock, &token).await;
        Self { database, log, clock, token }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.database.pool()
    }

    /// One more process's log on the same database.
    pub(crate) async fn another(&self) -> EventLog {
        open(self.pool(), &self.clock, &self.token).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

pub(crate) async fn open(pool: &PgPool, clock: &Arc<ManualClock>, token: &CancellationToken) -> EventLog {
    EventLog::open(pool.clone(), options(clock), token.child_token()).await.unwrap()
}

pub(crate) fn options(clock: &Arc<ManualClock>) -> LogOptions {
    LogOptions::new(Arc::clone(clock) as _, Arc::new(SystemIds))
}

pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn stream(tenant_number: u128, number: u128) -> String {
    format!("{}/{}", tenant(tenant_number), Uuid::from_u128(number))
}

/// `count` events for a stream of tenant 1.
pub(crate) fn events(number: u128, expected: i64, count: usize) -> Append {
    with_ticket(number, expected, count, Ticket::default())
}

pub(crate) fn with_ticket(number: u128, expected: i64, count: usize, ticket: Ticket) -> Append {
    let event = |index| NewEvent {
        event_type: "Counted".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"b": index, "a": "ä"}),
        metadata: Metadata::from_iter([("requestId".to_owned(), "r-1".to_owned())]),
    };
    Append {
        aggregate_type: "Counter".to_owned(),
        aggregate_id: stream(1, number),
        expected,
        events: (0..count).map(event).collect(),
        ticket,
    }
}

pub(crate) fn recorded(outcome: Outcome) -> Recorded {
    match outcome {
        Outcome::Recorded(recorded) => recorded,
        other => panic!("expected the append to be recorded, got {other:?}"),
    }
}

pub(crate) fn later(clock: &ManualClock, span: Duration) -> Timestamp {
    use orqestra_event_log::Clock;
    clock.now().plus(span)
}

/// Waits for something with a deadline.
pub(crate) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("in time")
}

/// All events as (stream, sequence) in order of position, after checking that positions and sequences are dense.
pub(crate) async fn checked_log(pool: &PgPool) -> Vec<(String, i64)> {
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as("select aggregate_id, sequence, position from events order by position")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut versions = std::collections::HashMap::new();
    for ((stream, sequence, position), expected) in rows.iter().zip(1..) {
        assert_eq!(*position, expected, "positions are dense");
        let version = versions.entry(stream.clone()).or_insert(0);
        *version += 1;
        assert_eq!(*sequence, *version, "sequences are dense and in the order of positions");
    }
    rows.into_iter().map(|(stream, sequence, _)| (stream, sequence)).collect()
}
