//! Rows of deliveries that wait for an operator to mend what keeps them: put aside until their deadline, and taken up again
//! a lane at a time once their reason is gone.
//!
//! A row that waits is due at its deadline and keeps in `due_before` when it was due, so that no poll walks over it. What
//! the log says of the delivery meanwhile takes the mark away (`dispatch_due_apply`).

use orqestra_domain::{Channel, TenantId, Timestamp};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::DueRow;
use super::store::{DueError, limited};

/// Most rows taken up again by one statement.
const AT_ONCE: i64 = 1_000;

/// A tenant's channel with rows that wait for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) tenant: TenantId,
    pub(crate) channel: Channel,
    /// The stored code.
    pub(crate) reason: String,
}

/// Puts a row aside until its deadline, for a coded reason. A row that has changed since it was taken is left alone.
pub(crate) async fn wait(
    pool: &PgPool,
    row: &DueRow,
    reason: &'static str,
    deadline: Timestamp,
) -> Result<(), DueError> {
    let query = sqlx::query(
        "update dispatch_due
            set waits_for = $5, due_before = coalesce(due_before, due_at), due_at = $6,
                lease_owner = null, lease_until = null
          where tenant_id = $1 and notification_id = $2 and channel = $3 and kind = 'send' and attempt = $4",
    )
    .bind(row.key.tenant.as_uuid())
    .bind(row.key.notification.as_uuid())
    .bind(row.key.channel.as_str())
    .bind(i32::try_from(row.due.attempt).unwrap_or(i32::MAX))
    .bind(reason)
    .bind(deadline.as_datetime());
    limited(query.execute(pool)).await.map(drop)
}

/// Which lanes wait, and for what. Reads an entry of the index a lane, however many rows wait.
pub(crate) async fn lanes(pool: &PgPool) -> Result<Vec<Waiting>, DueError> {
    let found = limited(sqlx::query(include_str!("waiting.sql")).fetch_all(pool)).await?;
    let lane = |row: &sqlx::postgres::PgRow| {
        let channel: &str = row.try_get("channel")?;
        Ok(Waiting {
            tenant: TenantId::from_uuid(row.try_get::<Uuid, _>("tenant_id")?),
            channel: channel.parse().map_err(|_| DueError::Corrupt("channel"))?,
            reason: row.try_get("waits_for")?,
        })
    };
    found.iter().map(lane).collect()
}

/// Makes rows of a lane due again when they were. True once none is left.
pub(crate) async fn resume(pool: &PgPool, lane: &Waiting) -> Result<bool, DueError> {
    let query = sqlx::query(
        "with mended as (
            select tenant_id, notification_id, channel
              from dispatch_due
             where tenant_id = $1 and channel = $2 and waits_for = $3
             limit $4
               for update skip locked
        )
        update dispatch_due d
           set due_at = coalesce(d.due_before, d.due_at), due_before = null, waits_for = null
          from mended m
         where d.tenant_id = m.tenant_id and d.notification_id = m.notification_id and d.channel = m.channel",
    )
    .bind(lane.tenant.as_uuid())
    .bind(lane.channel.as_str())
    .bind(&lane.reason)
    .bind(AT_ONCE);
    let done = limited(query.execute(pool)).await?;
    Ok(done.rows_affected() < AT_ONCE.unsigned_abs())
}

/// How many rows wait for each reason, over all tenants.
pub(crate) async fn count(pool: &PgPool) -> Result<Vec<(String, i64)>, DueError> {
    let query = "select waits_for, count(*) from dispatch_due where waits_for is not null group by waits_for";
    limited(sqlx::query_as(query).fetch_all(pool)).await
}
