//! Receipts that name their message by the provider's id alone: whose message it is, and receipts that came before that was
//! known.
//!
//! The subscription of dispatch writes the ids with the due rows; a receipt that finds none waits for a day. Both tables are
//! bounded by time, and a tenant's waiting receipts by number.

use std::time::Duration;

use orqestra_domain::notification::{AttemptSucceeded, ReceiptSays};
use orqestra_domain::{Channel, NotificationId, ProviderInstanceId, ReceiptRef, TenantId, Timestamp};
use sqlx::{PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::due::store::{DueError, limited};

/// The kind that brings nothing back.
pub(super) const KIND: &str = "africastalking";
/// For how long a message's receipts are matched.
const KNOWN_FOR: Duration = Duration::from_hours(7 * 24);
/// For how long a receipt waits.
const WAITS_FOR: Duration = Duration::from_hours(24);
/// Most receipts of a tenant that wait.
const MOST_WAITING: i64 = 10_000;
/// Most rows read or deleted at once.
const AT_ONCE: i64 = 500;

/// A message of a provider that brings nothing back.
pub(crate) struct Learned {
    tenant: TenantId,
    message: String,
    notification: NotificationId,
    at: Timestamp,
}

impl Learned {
    /// What a success tells, where its receipts are matched by the provider's id alone.
    pub(crate) fn of(
        tenant: TenantId,
        notification: NotificationId,
        success: &AttemptSucceeded,
    ) -> Option<Self> {
        let message = success.provider_message_id.clone().filter(|_| success.provider == KIND)?;
        Some(Self { tenant, message, notification, at: success.at })
    }
}

/// Writes whose messages are.
pub(crate) async fn learn(connection: &mut PgConnection, learned: &[Learned]) -> Result<(), sqlx::Error> {
    if learned.is_empty() {
        return Ok(());
    }
    let tenants: Vec<_> = learned.iter().map(|message| message.tenant.as_uuid()).collect();
    let messages: Vec<_> = learned.iter().map(|message| message.message.as_str()).collect();
    let notifications: Vec<_> = learned.iter().map(|message| message.notification.as_uuid()).collect();
    let times: Vec<_> = learned.iter().map(|message| message.at.as_datetime()).collect();
    sqlx::query(
        "insert into provider_messages (tenant_id, provider, message_id, notification_id, recorded_at)
         select l.tenant_id, $2, l.message_id, l.notification_id, l.recorded_at
           from unnest($1::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])
             as l (tenant_id, message_id, notification_id, recorded_at)
         on conflict on constraint provider_messages_pkey do nothing",
    )
    .bind(tenants)
    .bind(KIND)
    .bind(messages)
    .bind(notifications)
    .bind(times)
    .execute(connection)
    .await?;
    Ok(())
}

/// The notification of a message, where it is known.
pub(super) async fn notification(
    pool: &PgPool,
    tenant: TenantId,
    message: &str,
) -> Result<Option<NotificationId>, DueError> {
    let query = sqlx::query_scalar::<_, Uuid>(
        "select notification_id from provider_messages
          where tenant_id = $1 and provider = $2 and message_id = $3",
    );
    let found = limited(query.bind(tenant.as_uuid()).bind(KIND).bind(message).fetch_optional(pool)).await?;
    Ok(found.map(NotificationId::from_uuid))
}

/// A receipt whose message is not known yet. Its words are left out.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) tenant: TenantId,
    pub(super) instance: ProviderInstanceId,
    pub(super) message: String,
    pub(super) event_ref: ReceiptRef,
    pub(super) channel: Channel,
    pub(super) says: ReceiptSays,
    pub(super) cause: Option<String>,
    pub(super) occurred_at: Timestamp,
}

/// Lets a receipt wait; false where that many of its tenant's wait already. One that waits already stays as it is.
pub(super) async fn wait(pool: &PgPool, waiting: &Waiting, now: Timestamp) -> Result<bool, DueError> {
    let query = sqlx::query(
        "insert into waiting_receipts (tenant_id, provider, message_id, event_ref, instance, channel, receipt, cause,
                                       occurred_at, received_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
          where (select count(*) from (select from waiting_receipts where tenant_id = $1 limit $11) as all_of_it) < $11
         on conflict on constraint waiting_receipts_pkey do update set received_at = waiting_receipts.received_at",
    )
    .bind(waiting.tenant.as_uuid())
    .bind(KIND)
    .bind(&waiting.message)
    .bind(waiting.event_ref.as_bytes().as_slice())
    .bind(waiting.instance.as_uuid())
    .bind(waiting.channel.as_str())
    .bind(waiting.says.as_str())
    .bind(&waiting.cause)
    .bind(waiting.occurred_at.as_datetime())
    .bind(now.as_datetime())
    .bind(MOST_WAITING);
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}

/// Receipts whose message is known by now, with its notification.
pub(super) async fn matched(pool: &PgPool) -> Result<Vec<(Waiting, NotificationId)>, DueError> {
    let query = sqlx::query(
        "select w.tenant_id, w.message_id, w.event_ref, w.instance, w.channel, w.receipt, w.cause, w.occurred_at,
                m.notification_id
           from waiting_receipts w
           join provider_messages m
             on m.tenant_id = w.tenant_id and m.provider = w.provider and m.message_id = w.message_id
          where w.provider = $1
          order by w.received_at
          limit $2",
    );
    let found = limited(query.bind(KIND).bind(AT_ONCE).fetch_all(pool)).await?;
    // A word that only a newer program knows waits for it.
    Ok(found.iter().filter_map(|row| read(row).ok()).collect())
}

fn read(row: &sqlx::postgres::PgRow) -> Result<(Waiting, NotificationId), DueError> {
    let (channel, says): (&str, &str) = (row.try_get("channel")?, row.try_get("receipt")?);
    let event_ref: Vec<u8> = row.try_get("event_ref")?;
    let event_ref = event_ref.try_into().map_err(|_| DueError::Corrupt("event_ref"))?;
    let says = ReceiptSays::ALL.into_iter().find(|word| word.as_str() == says);
    let waiting = Waiting {
        tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
        instance: ProviderInstanceId::from_uuid(row.try_get("instance")?),
        message: row.try_get("message_id")?,
        event_ref: ReceiptRef::from_bytes(event_ref),
        channel: channel.parse().map_err(|_| DueError::Corrupt("channel"))?,
        says: says.ok_or(DueError::Corrupt("receipt"))?,
        cause: row.try_get("cause")?,
        occurred_at: Timestamp::new(row.try_get::<OffsetDateTime, _>("occurred_at")?),
    };
    Ok((waiting, NotificationId::from_uuid(row.try_get("notification_id")?)))
}

/// Ends a receipt's waiting.
pub(super) async fn done(pool: &PgPool, waiting: &Waiting) -> Result<(), DueError> {
    let query = sqlx::query(
        "delete from waiting_receipts
          where tenant_id = $1 and provider = $2 and message_id = $3 and event_ref = $4",
    )
    .bind(waiting.tenant.as_uuid())
    .bind(KIND)
    .bind(&waiting.message)
    .bind(waiting.event_ref.as_bytes().as_slice());
    limited(query.execute(pool)).await.map(drop)
}

/// Drops what is too old, a part at a time; answers how many receipts waited in vain.
pub(super) async fn clear(pool: &PgPool, now: Timestamp) -> Result<u64, DueError> {
    let before = |span: Duration| now.as_datetime() - span;
    let receipts = sqlx::query(
        "delete from waiting_receipts
          where ctid in (select ctid from waiting_receipts where received_at < $1 limit $2)",
    );
    let receipts = receipts.bind(before(WAITS_FOR)).bind(AT_ONCE);
    let vain = limited(receipts.execute(pool)).await?.rows_affected();
    let messages = sqlx::query(
        "delete from provider_messages
          where ctid in (select ctid from provider_messages where recorded_at < $1 limit $2)",
    );
    limited(messages.bind(before(KNOWN_FOR)).bind(AT_ONCE).execute(pool)).await?;
    Ok(vain)
}
