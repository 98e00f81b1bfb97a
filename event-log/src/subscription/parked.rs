//! Aggregates that a subscription has set aside: listed, and tried again when somebody asks.
//!
//! A parked aggregate's events, from the one that failed, are withheld from the subscriber until a retry handles them
//! all in one transaction.

use std::collections::HashSet;

use orqestra_domain::Timestamp;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::error::LogError;
use crate::position::Position;
use crate::read::limited;
use crate::recorded::RecordedEvent;

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
}

type Row = (String, String, String, i64, String, OffsetDateTime);

fn parked_of((subscription, aggregate_type, aggregate_id, position, reason, parked_at): Row) -> Parked {
    let (position, parked_at) = (Position::new(position), Timestamp::new(parked_at));
    Parked { subscription, aggregate_type, aggregate_id, position, reason, parked_at }
}

/// Lists what a subscription has set aside, oldest first.
///
/// # Errors
/// If the database does not answer in time.
pub async fn parked(pool: &PgPool, subscription: &str) -> Result<Vec<Parked>, LogError> {
    let rows: Vec<Row> = limited(
        sqlx::query_as(
            "select subscription, aggregate_type, aggregate_id, position, reason, parked_at
               from parked_events where subscription = $1 order by position",
        )
        .bind(subscription)
        .fetch_all(pool),
    )
    .await?;
    Ok(rows.into_iter().map(parked_of).collect())
}

/// Asks the running subscription to try a parked aggregate again. False: it is not parked.
///
/// # Errors
/// If the database does not answer in time.
pub async fn request_retry(
    pool: &PgPool,
    subscription: &str,
    aggregate_type: &str,
    aggregate_id: &str,
) -> Result<bool, LogError> {
    let asked = limited(
        sqlx::query(
            "update parked_events set retry = true
              where subscription = $1 and aggregate_type = $2 and aggregate_id = $3",
        )
        .bind(subscription)
        .bind(aggregate_type)
        .bind(aggregate_id)
        .execute(pool),
    )
    .await?;
    Ok(asked.rows_affected() == 1)
}

/// The streams set aside, by type and id.
#[derive(Debug, Default)]
pub(super) struct ParkedStreams(HashSet<(String, String)>);

impl ParkedStreams {
    pub(super) async fn read(pool: &PgPool, subscription: &str) -> Result<Self, LogError> {
        let rows = parked(pool, subscription).await?;
        Ok(Self(rows.into_iter().map(|row| (row.aggregate_type, row.aggregate_id)).collect()))
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

/// Sets an event's aggregate aside, in the transaction that moves the checkpoint past it.
pub(super) async fn park(
    connection: &mut PgConnection,
    subscription: &str,
    event: &RecordedEvent,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into parked_events (subscription, aggregate_type, aggregate_id, position, reason)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(subscription)
    .bind(&event.aggregate_type)
    .bind(&event.aggregate_id)
    .bind(event.position.get())
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// Those that somebody asks to try again.
pub(super) async fn to_retry(pool: &PgPool, subscription: &str) -> Result<Vec<Parked>, LogError> {
    let rows: Vec<Row> = limited(
        sqlx::query_as(
            "select subscription, aggregate_type, aggregate_id, position, reason, parked_at
               from parked_events where subscription = $1 and retry order by position",
        )
        .bind(subscription)
        .fetch_all(pool),
    )
    .await?;
    Ok(rows.into_iter().map(parked_of).collect())
}

/// Takes an aggregate back, in the transaction that handles its events. False: the lease is another's, or the row is
/// gone.
pub(super) async fn unpark(
    connection: &mut PgConnection,
    parked: &Parked,
    epoch: i64,
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query(
        "delete from parked_events p using leases l
          where p.subscription = $1 and p.aggregate_type = $2 and p.aggregate_id = $3
            and l.name = p.subscription and l.epoch = $4",
    )
    .bind(&parked.subscription)
    .bind(&parked.aggregate_type)
    .bind(&parked.aggregate_id)
    .bind(epoch)
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Leaves an aggregate parked whose retry failed.
pub(super) async fn retry_failed(pool: &PgPool, parked: &Parked, reason: &str) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "update parked_events set retry = false, reason = $4
              where subscription = $1 and aggregate_type = $2 and aggregate_id = $3",
        )
        .bind(&parked.subscription)
        .bind(&parked.aggregate_type)
        .bind(&parked.aggregate_id)
        .bind(reason)
        .execute(pool),
    )
    .await?;
    Ok(())
}
