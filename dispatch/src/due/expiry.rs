//! Rows whose deadline has come and that nothing else takes up: leased to be ended.
//!
//! A deadline of the message's own stands in its row. The installation's lifetime does not: a row that has been due for so long
//! is over it, whatever was attempted.

use std::time::Duration;

use orqestra_domain::{Channel, TenantId, Timestamp};
use sqlx::{PgConnection, PgPool};

use super::store::{DueError, Keys, Lease, limited, read_all};
use super::{DueKey, DueRow};

/// Writes the deadlines of rows that stand.
pub(crate) async fn mark(
    connection: &mut PgConnection,
    expiries: impl Iterator<Item = (DueKey, Timestamp)>,
) -> Result<(), sqlx::Error> {
    let (keys, times): (Vec<_>, Vec<_>) = expiries.map(|(key, at)| (key, at.as_datetime())).unzip();
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Keys = keys.into_iter().collect();
    sqlx::query(
        "update dispatch_due d
            set expires_at = e.expires_at
           from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
                as e (tenant_id, notification_id, channel, expires_at)
          where d.tenant_id = e.tenant_id and d.notification_id = e.notification_id and d.channel = e.channel",
    )
    .bind(keys.tenants)
    .bind(keys.notifications)
    .bind(keys.channels)
    .bind(times)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets go of a row whose deadline does not hold any more: an operator decided on its next attempt.
pub(crate) async fn clear(pool: &PgPool, row: &DueRow) -> Result<(), DueError> {
    let query = sqlx::query(
        "update dispatch_due
            set expires_at = null, lease_owner = null, lease_until = null
          where tenant_id = $1 and notification_id = $2 and channel = $3 and kind = 'send'",
    )
    .bind(row.key.tenant.as_uuid())
    .bind(row.key.notification.as_uuid())
    .bind(row.key.channel.as_str());
    limited(query.execute(pool)).await.map(drop)
}

/// The statement that leases rows which meet a condition, in an order. It binds now, the most rows, and the lease; a condition
/// binds from `$5` on.
macro_rules! leases {
    ($condition:literal, $order:literal) => {
        concat!(
            "with over as (
                select tenant_id, notification_id, channel
                  from dispatch_due
                 where ",
            $condition,
            "  and kind = 'send' and waits_for is null and (lease_until is null or lease_until <= $1)
                 order by ",
            $order,
            " limit $2
                   for update skip locked
            )
            update dispatch_due d
               set lease_owner = $3, lease_until = $4
              from over o
             where d.tenant_id = o.tenant_id and d.notification_id = o.notification_id and d.channel = o.channel
            returning d.tenant_id, d.notification_id, d.channel, d.kind, d.due_at, d.attempt"
        )
    };
}

/// Leases rows whose own deadline has come, at most so many.
pub(crate) async fn take(
    pool: &PgPool,
    now: Timestamp,
    lease: Lease,
    most: i64,
) -> Result<Vec<DueRow>, DueError> {
    let query = sqlx::query(leases!("expires_at <= $1", "expires_at"))
        .bind(now.as_datetime())
        .bind(most)
        .bind(lease.owner)
        .bind(lease.until.as_datetime());
    read_all(&limited(query.fetch_all(pool)).await?)
}

/// Leases rows of a lane that have been due for as long as a message is of use, at most so many.
pub(crate) async fn take_of_lane(
    pool: &PgPool,
    (tenant, channel): (TenantId, Channel),
    lifetime: Duration,
    now: Timestamp,
    lease: Lease,
    most: i64,
) -> Result<Vec<DueRow>, DueError> {
    let query = sqlx::query(leases!(
        "tenant_id = $5 and channel = $6 and due_at <= $7 and expires_at is null",
        "due_at"
    ))
    .bind(now.as_datetime())
    .bind(most)
    .bind(lease.owner)
    .bind(lease.until.as_datetime())
    .bind(tenant.as_uuid())
    .bind(channel.as_str())
    .bind(now.minus(lifetime).as_datetime());
    read_all(&limited(query.fetch_all(pool)).await?)
}
