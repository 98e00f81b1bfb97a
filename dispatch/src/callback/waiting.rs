//! Receipts that name their message by the provider's id alone: whose message it is, and those that wait until that is known.
//!
//! A receipt that finds no message waits for a day, for the id or, where its answer was lost, for its number. What waits is taken in
//! turn: one that the log did not store goes behind the others. A tenant's waiting receipts are bounded by number.

use std::time::Duration;

use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::{
    AddressRef, Channel, NotificationId, ProviderInstanceId, ReceiptRef, TenantId, Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::known::{KIND, KNOWN_FOR};
use crate::due::store::{DueError, limited};

/// For how long a receipt waits.
const WAITS_FOR: Duration = Duration::from_hours(24);
/// Most receipts of a tenant that wait.
const MOST_WAITING: i64 = 10_000;
/// Most rows read or deleted at once.
pub(super) const AT_ONCE: i64 = 500;

/// The notification of a message of an entry's account, where it is known.
pub(super) async fn notification(
    pool: &PgPool,
    tenant: TenantId,
    instance: ProviderInstanceId,
    message: &str,
) -> Result<Option<NotificationId>, DueError> {
    let query = sqlx::query_scalar::<_, Uuid>(
        "select notification_id from provider_messages
          where tenant_id = $1 and provider = $2 and instance = $3 and message_id = $4",
    )
    .bind(tenant.as_uuid())
    .bind(KIND)
    .bind(instance.as_uuid())
    .bind(message);
    Ok(limited(query.fetch_optional(pool)).await?.map(NotificationId::from_uuid))
}

/// Identifies a waiting receipt.
#[derive(Clone, Debug)]
pub(super) struct WaitingKey {
    pub(super) tenant: TenantId,
    pub(super) instance: ProviderInstanceId,
    pub(super) message: String,
    pub(super) event_ref: ReceiptRef,
}

/// A receipt whose message is not known yet. Its words are left out.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) key: WaitingKey,
    pub(super) channel: Channel,
    pub(super) says: ReceiptSays,
    pub(super) cause: Option<String>,
    pub(super) occurred_at: Timestamp,
    /// The look-up form of the number that it names.
    pub(super) address: Option<AddressRef>,
}

/// Lets a receipt wait; false where that many of its tenant's wait already. One that waits already stays as it is.
pub(super) async fn wait(pool: &PgPool, waiting: &Waiting, now: Timestamp) -> Result<bool, DueError> {
    let query = sqlx::query(
        "insert into waiting_receipts (tenant_id, provider, instance, message_id, event_ref, channel, receipt, cause,
                                       occurred_at, address_ref, received_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
          where (select count(*) from (select from waiting_receipts where tenant_id = $1 limit $12) as all_of_it) < $12
         on conflict on constraint waiting_receipts_pkey do update set received_at = waiting_receipts.received_at",
    )
    .bind(waiting.key.tenant.as_uuid())
    .bind(KIND)
    .bind(waiting.key.instance.as_uuid())
    .bind(&waiting.key.message)
    .bind(waiting.key.event_ref.as_bytes().as_slice())
    .bind(waiting.channel.as_str())
    .bind(waiting.says.as_str())
    .bind(&waiting.cause)
    .bind(waiting.occurred_at.as_datetime())
    .bind(waiting.address.as_ref().map(|address| address.as_bytes().as_slice()))
    .bind(now.as_datetime())
    .bind(MOST_WAITING);
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}

/// A receipt that waited, and the notification that it is of.
pub(super) struct Matched {
    pub(super) key: WaitingKey,
    pub(super) notification: NotificationId,
    /// `None` where it holds a word that only a newer program knows.
    pub(super) receipt: Option<Waiting>,
}

/// Receipts whose message is known by now, at most [`AT_ONCE`], those first that were never tried.
pub(super) async fn matched_by_id(pool: &PgPool) -> Result<Vec<Matched>, DueError> {
    let query = sqlx::query(
        "select w.tenant_id, w.instance, w.message_id, w.event_ref, w.channel, w.receipt, w.cause, w.occurred_at,
                m.notification_id
           from waiting_receipts w
           join provider_messages m
             on m.tenant_id = w.tenant_id and m.provider = w.provider and m.instance = w.instance
            and m.message_id = w.message_id
          where w.provider = $1
          order by w.tried_at nulls first, w.received_at
          limit $2",
    );
    let found = limited(query.bind(KIND).bind(AT_ONCE).fetch_all(pool)).await?;
    found.iter().map(matched).collect()
}

/// Tells whether a receipt waits that names a number and came up to that moment.
pub(super) async fn any_by_number(pool: &PgPool, until: Timestamp) -> Result<bool, DueError> {
    let query = sqlx::query_scalar(
        "select exists (select from waiting_receipts
                         where provider = $1 and address_ref is not null and received_at <= $2)",
    );
    limited(query.bind(KIND).bind(until.as_datetime()).fetch_one(pool)).await
}

/// Receipts that came up to that moment and whose number alone tells the message, at most [`AT_ONCE`].
///
/// The number tells it where one delivery to it has a last attempt of unknown outcome by the receipt's entry, and one message's
/// receipts wait that may be of it. What would make it two is waited for: an attempt that is open for too long, and one whose
/// number was not read yet.
pub(super) async fn matched_by_number(
    pool: &PgPool,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<Matched>, DueError> {
    let query = sqlx::query(include_str!("matched_by_number.sql"))
        .bind(KIND)
        .bind(Channel::Sms.as_str())
        .bind(until.as_datetime())
        .bind(now.as_datetime())
        .bind(AT_ONCE);
    let found = limited(query.fetch_all(pool)).await?;
    found.iter().map(matched).collect()
}

fn matched(row: &PgRow) -> Result<Matched, DueError> {
    let event_ref: Vec<u8> = row.try_get("event_ref")?;
    let event_ref = event_ref.try_into().map_err(|_| DueError::Corrupt("event_ref"))?;
    let key = WaitingKey {
        tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
        instance: ProviderInstanceId::from_uuid(row.try_get("instance")?),
        message: row.try_get("message_id")?,
        event_ref: ReceiptRef::from_bytes(event_ref),
    };
    let notification = NotificationId::from_uuid(row.try_get("notification_id")?);
    Ok(Matched { receipt: receipt(row, key.clone())?, key, notification })
}

fn receipt(row: &PgRow, key: WaitingKey) -> Result<Option<Waiting>, DueError> {
    let (channel, says): (&str, &str) = (row.try_get("channel")?, row.try_get("receipt")?);
    let says = ReceiptSays::ALL.into_iter().find(|word| word.as_str() == says);
    let (Ok(channel), Some(says)) = (channel.parse(), says) else { return Ok(None) };
    Ok(Some(Waiting {
        key,
        channel,
        says,
        cause: row.try_get("cause")?,
        occurred_at: Timestamp::new(row.try_get::<OffsetDateTime, _>("occurred_at")?),
        address: None,
    }))
}

/// Ends a receipt's waiting.
pub(super) async fn done(pool: &PgPool, key: &WaitingKey) -> Result<(), DueError> {
    let query = sqlx::query(
        "delete from waiting_receipts
          where tenant_id = $1 and provider = $2 and instance = $3 and message_id = $4 and event_ref = $5",
    );
    limited(bound(query, key).execute(pool)).await.map(drop)
}

/// Puts a receipt behind the others: the log did not store it.
pub(super) async fn put_back(pool: &PgPool, key: &WaitingKey, now: Timestamp) -> Result<(), DueError> {
    let query = sqlx::query(
        "update waiting_receipts set tried_at = $6
          where tenant_id = $1 and provider = $2 and instance = $3 and message_id = $4 and event_ref = $5",
    );
    limited(bound(query, key).bind(now.as_datetime()).execute(pool)).await.map(drop)
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bound<'a>(query: Query<'a>, key: &'a WaitingKey) -> Query<'a> {
    query
        .bind(key.tenant.as_uuid())
        .bind(KIND)
        .bind(key.instance.as_uuid())
        .bind(&key.message)
        .bind(key.event_ref.as_bytes().as_slice())
}

/// An attempt of unknown outcome whose number was not read yet.
pub(super) struct Unread {
    pub(super) tenant: TenantId,
    pub(super) notification: NotificationId,
    pub(super) attempt: u32,
}

/// Attempts whose numbers were not read yet, at most [`AT_ONCE`]. In no order: one that cannot be read keeps none back.
pub(super) async fn unread(pool: &PgPool) -> Result<Vec<Unread>, DueError> {
    let query = sqlx::query_as::<_, (Uuid, Uuid, i32)>(
        "select tenant_id, notification_id, attempt from unanswered_attempts
          where provider = $1 and address_ref is null
          order by random()
          limit $2",
    );
    let found = limited(query.bind(KIND).bind(AT_ONCE).fetch_all(pool)).await?;
    let unread = found.into_iter().map(|(tenant, notification, attempt)| {
        let attempt = u32::try_from(attempt).map_err(|_| DueError::Corrupt("attempt"))?;
        let (tenant, notification) = (TenantId::from_uuid(tenant), NotificationId::from_uuid(notification));
        Ok(Unread { tenant, notification, attempt })
    });
    unread.collect()
}

/// Writes an attempt's number and when it was claimed; without them no receipt can be matched to it, and it goes.
pub(super) async fn write_number(
    pool: &PgPool,
    unread: &Unread,
    number: Option<(AddressRef, Timestamp)>,
) -> Result<(), DueError> {
    let query = match &number {
        Some((address, started_at)) => sqlx::query(
            "update unanswered_attempts set address_ref = $4, started_at = $5
              where tenant_id = $1 and notification_id = $2 and attempt = $3",
        )
        .bind(unread.tenant.as_uuid())
        .bind(unread.notification.as_uuid())
        .bind(i32::try_from(unread.attempt).unwrap_or(i32::MAX))
        .bind(address.as_bytes().as_slice())
        .bind(started_at.as_datetime()),
        None => sqlx::query(
            "delete from unanswered_attempts where tenant_id = $1 and notification_id = $2 and attempt = $3",
        )
        .bind(unread.tenant.as_uuid())
        .bind(unread.notification.as_uuid())
        .bind(i32::try_from(unread.attempt).unwrap_or(i32::MAX)),
    };
    limited(query.execute(pool)).await.map(drop)
}

/// The statements that delete a part of the rows that are too old.
const WAITING: &str = "delete from waiting_receipts
      where ctid in (select ctid from waiting_receipts where received_at < $1 limit $2)";
const MESSAGES: &str = "delete from provider_messages
      where ctid in (select ctid from provider_messages where recorded_at < $1 limit $2)";
const ATTEMPTS: &str = "delete from unanswered_attempts
      where ctid in (select ctid from unanswered_attempts where unknown_at < $1 limit $2)";

/// Drops what is too old, a part at a time, until nothing is left of it or the time is over; answers how many receipts waited
/// in vain.
pub(super) async fn clear(pool: &PgPool, now: Timestamp, until: Instant) -> Result<u64, DueError> {
    let vain = drop_before(pool, WAITING, now.minus(WAITS_FOR), until).await?;
    drop_before(pool, MESSAGES, now.minus(KNOWN_FOR), until).await?;
    drop_before(pool, ATTEMPTS, now.minus(KNOWN_FOR), until).await?;
    Ok(vain)
}

async fn drop_before(
    pool: &PgPool,
    statement: &'static str,
    before: Timestamp,
    until: Instant,
) -> Result<u64, DueError> {
    let mut dropped = 0;
    loop {
        let part = sqlx::query(statement).bind(before.as_datetime()).bind(AT_ONCE);
        let part = limited(part.execute(pool)).await?.rows_affected();
        dropped += part;
        if part < AT_ONCE.unsigned_abs() || Instant::now() >= until {
            return Ok(dropped);
        }
    }
}
