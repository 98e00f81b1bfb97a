//! Aggregates that a subscription has set aside: listed, and tried again when somebody asks.
//!
//! A parked aggregate's events, from the one that failed, are withheld from the subscriber until a retry handles them
//! all in one transaction. What this process remembers of it is read again from the table after whatever it cannot be
//! sure of.

use std::collections::HashSet;

use orqestra_domain::Timestamp;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::error::LogError;
use crate::position::Position;
use crate::read::limited;
use crate::recorded::RecordedEvent;
use crate::unreadable::PROGRAM;

/// An aggregate set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// By which subscription.
    pub subscription: String,
    /// The aggregate's type.
    pub aggregate_type: String,
    /// The stream, `<tenant>/<uuid>`.
    pub aggregate_id: String,
    /// The event that could not be handled.
    pub position: Position,
    /// Why.
    pub reason: String,
    /// When.
    pub parked_at: Timestamp,
    /// The program that could not handle it, as [`PROGRAM`] names it; empty where that is not known.
    pub program: String,
    /// A retry was requested, and the subscription has not come to it yet.
    pub retry_requested: bool,
}

type Row = (String, String, String, i64, String, OffsetDateTime, String, bool);

fn parked_of(row: Row) -> Parked {
    let (subscription, aggregate_type, aggregate_id, position, reason, parked_at, program, retry_requested) =
        row;
    let (position, parked_at) = (Position::new(position), Timestamp::new(parked_at));
    Parked {
        subscription,
        aggregate_type,
        aggregate_id,
        position,
        reason,
        parked_at,
        program,
        retry_requested,
    }
}

/// Lists what every subscription has set aside, by the subscription's name, oldest first.
///
/// # Errors
/// If the database does not answer in time.
pub async fn parked_by_all(pool: &PgPool) -> Result<Vec<Parked>, LogError> {
    let rows: Vec<Row> = limited(
        sqlx::query_as(
            "select subscription, aggregate_type, aggregate_id, position, reason, parked_at, program, retry
               from parked_events order by subscription, position",
        )
        .fetch_all(pool),
    )
    .await?;
    Ok(rows.into_iter().map(parked_of).collect())
}

/// Lists what a subscription has set aside, oldest first.
///
/// # Errors
/// If the database does not answer in time.
pub async fn parked(pool: &PgPool, subscription: &str) -> Result<Vec<Parked>, LogError> {
    let rows: Vec<Row> = limited(
        sqlx::query_as(
            "select subscription, aggregate_type, aggregate_id, position, reason, parked_at, program, retry
               from parked_events where subscription = $1 order by position",
        )
        .bind(subscription)
        .fetch_all(pool),
    )
    .await?;
    Ok(rows.into_iter().map(parked_of).collect())
}

/// Asks the running subscription to try again one of the aggregates that it has parked, or, without an id, all of them.
/// Returns how many are parked of those.
///
/// # Errors
/// If the database does not answer in time.
pub async fn request_retry(
    pool: &PgPool,
    subscription: &str,
    aggregate_id: Option<&str>,
) -> Result<u64, LogError> {
    let asked = limited(
        sqlx::query(
            "update parked_events set retry = true
              where subscription = $1 and ($2::text is null or aggregate_id = $2)",
        )
        .bind(subscription)
        .bind(aggregate_id)
        .execute(pool),
    )
    .await?;
    Ok(asked.rows_affected())
}

/// The streams set aside, by type and id.
#[derive(Debug, Default)]
pub(super) struct ParkedStreams(HashSet<(String, String)>);

impl ParkedStreams {
    /// Reads the table, once every transaction has ended that is taking an aggregate back.
    pub(super) async fn read(pool: &PgPool, subscription: &str) -> Result<Self, LogError> {
        let rows: Vec<(String, String)> = limited(
            sqlx::query_as(
                "select aggregate_type, aggregate_id from parked_events where subscription = $1 for share",
            )
            .bind(subscription)
            .fetch_all(pool),
        )
        .await?;
        Ok(Self(rows.into_iter().collect()))
    }

    pub(super) fn holds(&self, event: &RecordedEvent) -> bool {
        // Most often there is none, and no key is built.
        !self.0.is_empty() && self.0.contains(&(event.aggregate_type.to_string(), event.aggregate_id.clone()))
    }

    pub(super) fn add(&mut self, event: &RecordedEvent) {
        self.0.insert((event.aggregate_type.to_string(), event.aggregate_id.clone()));
    }

    pub(super) fn remove(&mut self, parked: &Parked) {
        self.0.remove(&(parked.aggregate_type.clone(), parked.aggregate_id.clone()));
    }
}

/// Sets an event's aggregate aside, in the transaction that moves the checkpoint past it. One that is set aside already
/// keeps the position from which it is.
pub(super) async fn park(
    connection: &mut PgConnection,
    subscription: &str,
    event: &RecordedEvent,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into parked_events (subscription, aggregate_type, aggregate_id, position, reason, program)
         values ($1, $2, $3, $4, $5, $6)
             on conflict on constraint parked_events_pkey do nothing",
    )
    .bind(subscription)
    .bind(&event.aggregate_type)
    .bind(&event.aggregate_id)
    .bind(event.position.get())
    .bind(reason)
    .bind(PROGRAM)
    .execute(connection)
    .await?;
    Ok(())
}

/// Asks to try again whatever another version of the program set aside.
pub(super) async fn retry_those_of_others(
    pool: &PgPool,
    subscription: &str,
    (lease, epoch): (&str, i64),
) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "update parked_events p set retry = true
               from leases l
              where p.subscription = $1 and p.program <> $2 and not p.retry
                and l.name = $4 and l.epoch = $3",
        )
        .bind(subscription)
        .bind(PROGRAM)
        .bind(epoch)
        .bind(lease)
        .execute(pool),
    )
    .await?;
    Ok(())
}

/// Those that somebody asks to try again.
pub(super) async fn to_retry(pool: &PgPool, subscription: &str) -> Result<Vec<Parked>, LogError> {
    let rows: Vec<Row> = limited(
        sqlx::query_as(
            "select subscription, aggregate_type, aggregate_id, position, reason, parked_at, program, retry
               from parked_events where subscription = $1 and retry order by position",
        )
        .bind(subscription)
        .fetch_all(pool),
    )
    .await?;
    Ok(rows.into_iter().map(parked_of).collect())
}

/// Takes an aggregate back, in the transaction that handles its events. False: the row is gone.
pub(super) async fn unpark(connection: &mut PgConnection, parked: &Parked) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query(
        "delete from parked_events where subscription = $1 and aggregate_type = $2 and aggregate_id = $3",
    )
    .bind(&parked.subscription)
    .bind(&parked.aggregate_type)
    .bind(&parked.aggregate_id)
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Leaves an aggregate parked whose retry failed.
pub(super) async fn retry_failed(
    pool: &PgPool,
    parked: &Parked,
    reason: &str,
    (lease, epoch): (&str, i64),
) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "update parked_events p set retry = false, reason = $4, program = $5
               from leases l
              where p.subscription = $1 and p.aggregate_type = $2 and p.aggregate_id = $3
                and l.name = $7 and l.epoch = $6",
        )
        .bind(&parked.subscription)
        .bind(&parked.aggregate_type)
        .bind(&parked.aggregate_id)
        .bind(reason)
        .bind(PROGRAM)
        .bind(epoch)
        .bind(lease)
        .execute(pool),
    )
    .await?;
    Ok(())
}
