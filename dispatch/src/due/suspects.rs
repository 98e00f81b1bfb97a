//! Due rows that are not what the log calls for, and their repair.
//!
//! A worker that finds nothing to do for a row remembers it here: usually the subscription is about to bring it up, and where it
//! is not the sweeper puts the row right.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sqlx::PgPool;

use super::store::{DueError, Keys, limited, read_all};
use super::{Due, DueKey, DueRow};

/// Most rows that are remembered. The worker meets the rest again.
const MOST: usize = 4_096;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<HashMap<DueKey, DueRow>>);

impl Suspects {
    /// Remembers a row for which there was nothing to do.
    pub(crate) fn add(&self, row: &DueRow) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() < MOST {
            rows.insert(row.key, *row);
        }
    }

    /// Takes all of them.
    pub(crate) fn take(&self) -> Vec<DueRow> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.drain().map(|(_, row)| row).collect()
    }
}

/// The rows of these deliveries as they stand.
pub(crate) async fn find(pool: &PgPool, keys: &[DueKey]) -> Result<Vec<DueRow>, DueError> {
    let keys: Keys = keys.iter().copied().collect();
    let query = sqlx::query(
        "select d.tenant_id, d.notification_id, d.channel, d.kind, d.due_at, d.attempt
           from unnest($1::uuid[], $2::uuid[], $3::text[]) as k (tenant_id, notification_id, channel)
           join dispatch_due d using (tenant_id, notification_id, channel)",
    )
    .bind(keys.tenants)
    .bind(keys.notifications)
    .bind(keys.channels);
    read_all(&limited(query.fetch_all(pool)).await?)
}

/// The next held rows in the order of their keys, at most so many.
pub(crate) async fn held_after(
    pool: &PgPool,
    after: Option<DueKey>,
    most: i64,
) -> Result<Vec<DueRow>, DueError> {
    let (tenant, notification, channel) = after.map_or((uuid::Uuid::nil(), uuid::Uuid::nil(), ""), |key| {
        (key.tenant.as_uuid(), key.notification.as_uuid(), key.channel.as_str())
    });
    let query = sqlx::query(
        "select tenant_id, notification_id, channel, kind, due_at, attempt
           from dispatch_due
          where kind = 'held' and (tenant_id, notification_id, channel) > ($1, $2, $3)
          order by tenant_id, notification_id, channel
          limit $4",
    )
    .bind(tenant)
    .bind(notification)
    .bind(channel)
    .bind(most);
    read_all(&limited(query.fetch_all(pool)).await?)
}

/// Deletes a row of a delivery that has ended; false where it has changed since.
pub(crate) async fn delete(pool: &PgPool, row: &DueRow) -> Result<bool, DueError> {
    let query = sqlx::query(
        "delete from dispatch_due
          where tenant_id = $1 and notification_id = $2 and channel = $3 and kind = $4 and attempt = $5
            and due_at = $6",
    )
    .bind(row.key.tenant.as_uuid())
    .bind(row.key.notification.as_uuid())
    .bind(row.key.channel.as_str())
    .bind(row.due.kind.as_str())
    .bind(i32::try_from(row.due.attempt).unwrap_or(i32::MAX))
    .bind(row.due.at.as_datetime());
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}

/// Writes what a delivery that is held calls for; false where the row has changed since.
pub(crate) async fn hold(pool: &PgPool, row: &DueRow, held: Due) -> Result<bool, DueError> {
    let query = sqlx::query(
        "update dispatch_due
            set kind = 'held', attempt = $6, due_at = $7, lease_owner = null, lease_until = null,
                waits_for = null, due_before = null
          where tenant_id = $1 and notification_id = $2 and channel = $3 and kind = $4 and attempt = $5
            and due_at = $8",
    )
    .bind(row.key.tenant.as_uuid())
    .bind(row.key.notification.as_uuid())
    .bind(row.key.channel.as_str())
    .bind(row.due.kind.as_str())
    .bind(i32::try_from(row.due.attempt).unwrap_or(i32::MAX))
    .bind(i32::try_from(held.attempt).unwrap_or(i32::MAX))
    .bind(held.at.as_datetime())
    .bind(row.due.at.as_datetime());
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}

/// Writes the row of a delivery that is held; false where it has one by now.
pub(crate) async fn add_held(pool: &PgPool, key: DueKey, held: Due) -> Result<bool, DueError> {
    let query = sqlx::query(
        "insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
         values ($1, $2, $3, 'held', $4, $5)
         on conflict on constraint dispatch_due_pkey do nothing",
    )
    .bind(key.tenant.as_uuid())
    .bind(key.notification.as_uuid())
    .bind(key.channel.as_str())
    .bind(held.at.as_datetime())
    .bind(i32::try_from(held.attempt).unwrap_or(i32::MAX));
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}
