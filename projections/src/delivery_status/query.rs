//! Questions about deliveries: one notification's, those of several, the held ones, counts, and whose a delivery is.
//!
//! Every statement names its tenant, but for those that operators ask over all tenants: whose a delivery is, which are held,
//! and how long outcomes have been unknown.

use orqestra_domain::{Channel, DeliveryId, NotificationId, ProviderInstanceId, TenantId, Timestamp};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AttemptOutcome, DeliveryStatus, Status};
use crate::error::{ReadModelError, limited};

/// A channel of a notification with its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The channel.
    pub channel: Channel,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Where it stands.
    pub status: Status,
    /// Why it was skipped, a stable code.
    pub reason: Option<String>,
    /// The provider of its last attempt.
    pub provider: Option<String>,
    /// The code of its last failure.
    pub last_cause: Option<String>,
    /// The provider's id of the message.
    pub provider_message_id: Option<String>,
    /// When the next attempt is due.
    pub next_due: Option<Timestamp>,
    /// Whether it may have arrived twice.
    pub possible_duplicate: bool,
    /// Variables that the template asked for and the request lacked.
    pub missing: Vec<String>,
    /// When it was first sent.
    pub sent_at: Option<Timestamp>,
    /// Its attempts, in order.
    pub attempts: Vec<AttemptRow>,
}

/// Where a channel of a notification stands, without its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelStatus {
    /// The notification.
    pub notification: NotificationId,
    /// The channel.
    pub channel: Channel,
    /// Where it stands.
    pub status: Status,
    /// Why it was skipped, a stable code.
    pub reason: Option<String>,
    /// The provider of its last attempt.
    pub provider: Option<String>,
    /// The code of its last failure.
    pub last_cause: Option<String>,
    /// When the next attempt is due.
    pub next_due: Option<Timestamp>,
    /// When it was first sent.
    pub sent_at: Option<Timestamp>,
    /// Since when nothing more comes by itself: it is settled, or waits for an operator.
    pub ended_at: Option<Timestamp>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub attempt: u32,
    /// The kind of the provider that carried it.
    pub provider: String,
    /// The provider's entry in the configuration.
    pub instance: Option<ProviderInstanceId>,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The failure's code.
    pub cause: Option<String>,
    /// Whether an earlier one may have arrived.
    pub possible_duplicate: bool,
}

/// Whose a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryOf {
    /// The tenant.
    pub tenant: TenantId,
    /// The notification.
    pub notification: NotificationId,
    /// The channel.
    pub channel: Channel,
}

/// A delivery that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDelivery {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Whose it is.
    pub of: DeliveryOf,
    /// Who carried the attempt.
    pub provider: Option<String>,
    /// What kind of event it is of.
    pub event_type: String,
    /// The code of why its outcome is unknown, or of why it is not sent again.
    pub cause: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Since when an operator is waited for; later than now where a receipt may still settle it.
    pub held_at: Timestamp,
}

/// A place in a list of held deliveries, which is in the order of their holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPlace {
    /// Since when an operator is waited for.
    pub held_at: Timestamp,
    /// The delivery.
    pub delivery: DeliveryId,
}

impl HeldDelivery {
    /// Its place in the list.
    pub const fn place(&self) -> HeldPlace {
        HeldPlace { held_at: self.held_at, delivery: self.delivery_id }
    }
}

/// How many deliveries of a channel stand at a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// The channel.
    pub channel: Channel,
    /// The status.
    pub status: Status,
    /// How many.
    pub count: u64,
}

impl DeliveryStatus {
    /// All channels of a notification, in the order EMAIL, SMS, PUSH; none where it is unknown.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn of_notification(
        &self,
        tenant: TenantId,
        notification: NotificationId,
    ) -> Result<Vec<DeliveryRow>, ReadModelError> {
        let deliveries = sqlx::query(
            "select channel, delivery_id, status, reason, provider, last_cause, provider_message_id, next_due,
                    possible_duplicate, missing, sent_at
               from deliveries
              where tenant_id = $1 and notification_id = $2",
        )
        .bind(tenant.as_uuid())
        .bind(notification.as_uuid())
        .fetch_all(&self.pool);
        let attempts = sqlx::query(
            "select channel, attempt, provider, instance, started_at, ended_at, outcome, cause, possible_duplicate
               from attempts
              where tenant_id = $1 and notification_id = $2
              order by attempt",
        )
        .bind(tenant.as_uuid())
        .bind(notification.as_uuid())
        .fetch_all(&self.pool);

        let mut found = limited(deliveries).await?.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
        for row in limited(attempts).await? {
            let channel = channel(&row, "attempts")?;
            if let Some(delivery) = found.iter_mut().find(|delivery| delivery.channel == channel) {
                delivery.attempts.push(attempt(&row)?);
            }
        }
        found.sort_by_key(|delivery| delivery.channel);
        Ok(found)
    }

    /// Where all channels of some of a tenant's notifications stand, in the order EMAIL, SMS, PUSH of each.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn of_notifications(
        &self,
        tenant: TenantId,
        notifications: &[NotificationId],
    ) -> Result<Vec<ChannelStatus>, ReadModelError> {
        let ids: Vec<Uuid> = notifications.iter().map(NotificationId::as_uuid).collect();
        let rows = limited(
            sqlx::query(
                "select notification_id, channel, status, reason, provider, last_cause, next_due, sent_at,
                        coalesce(settled_at, held_at) as ended_at
                   from deliveries
                  where tenant_id = $1 and notification_id = any($2)",
            )
            .bind(tenant.as_uuid())
            .bind(ids)
            .fetch_all(&self.pool),
        )
        .await?;
        let mut found = rows.iter().map(channel_status).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|status| status.channel);
        Ok(found)
    }

    /// Whose a delivery is, over all tenants; for operators. Channels skipped at acceptance are not found.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn find_delivery(&self, delivery: DeliveryId) -> Result<Option<DeliveryOf>, ReadModelError> {
        let row = limited(
            sqlx::query(
                "select tenant_id, notification_id, channel
                   from deliveries
                  where delivery_id = $1 and template_id is not null",
            )
            .bind(delivery.as_uuid())
            .fetch_optional(&self.pool),
        )
        .await?;
        row.as_ref().map(delivery_of).transpose()
    }

    /// Up to `limit` deliveries whose outcome is unknown, longest first, beyond a place of the list: of a tenant, or for operators of
    /// all tenants.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn held(
        &self,
        tenant: Option<TenantId>,
        after: Option<HeldPlace>,
        limit: usize,
    ) -> Result<Vec<HeldDelivery>, ReadModelError> {
        let (held_at, delivery) = after.map_or((OffsetDateTime::UNIX_EPOCH, Uuid::nil()), |after| {
            (after.held_at.as_datetime(), after.delivery.as_uuid())
        });
        let rows = limited(
            sqlx::query(
                "select tenant_id, notification_id, channel, delivery_id, provider, held_at, event_type, last_cause,
                        attempts
                   from deliveries
                  where ($1::uuid is null or tenant_id = $1)
                    and held_at is not null and (held_at, delivery_id) > ($2, $3)
                  order by held_at, delivery_id
                  limit $4",
            )
            .bind(tenant.map(|tenant| tenant.as_uuid()))
            .bind(held_at)
            .bind(delivery)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool),
        )
        .await?;
        rows.iter().map(held).collect()
    }

    /// Since when the outcome has been unknown that has been so longest, over all tenants; for the alert on it.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn oldest_unknown(&self) -> Result<Option<Timestamp>, ReadModelError> {
        let oldest: Option<OffsetDateTime> = limited(
            sqlx::query_scalar("select min(held_at) from deliveries where held_at is not null")
                .fetch_one(&self.pool),
        )
        .await?;
        Ok(oldest.map(Timestamp::new))
    }

    /// Counts a tenant's deliveries by channel and status. Reads all of the tenant's rows.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn counts(&self, tenant: TenantId) -> Result<Vec<DeliveryCount>, ReadModelError> {
        let rows = limited(
            sqlx::query(
                "select channel, status, count(*) as count
                   from deliveries
                  where tenant_id = $1
                  group by channel, status",
            )
            .bind(tenant.as_uuid())
            .fetch_all(&self.pool),
        )
        .await?;
        let mut counts = rows.iter().map(count).collect::<Result<Vec<_>, ReadModelError>>()?;
        counts.sort_by_key(|count| (count.channel, count.status));
        Ok(counts)
    }
}

fn delivery(row: &PgRow) -> Result<DeliveryRow, ReadModelError> {
    Ok(DeliveryRow {
        channel: channel(row, "deliveries")?,
        delivery_id: DeliveryId::from_uuid(row.try_get("delivery_id")?),
        status: status(row)?,
        reason: row.try_get("reason")?,
        provider: row.try_get("provider")?,
        last_cause: row.try_get("last_cause")?,
        provider_message_id: row.try_get("provider_message_id")?,
        next_due: moment(row, "next_due")?,
        possible_duplicate: row.try_get("possible_duplicate")?,
        missing: row.try_get("missing")?,
        sent_at: moment(row, "sent_at")?,
        attempts: Vec::new(),
    })
}

fn channel_status(row: &PgRow) -> Result<ChannelStatus, ReadModelError> {
    Ok(ChannelStatus {
        notification: NotificationId::from_uuid(row.try_get("notification_id")?),
        channel: channel(row, "deliveries")?,
        status: status(row)?,
        reason: row.try_get("reason")?,
        provider: row.try_get("provider")?,
        last_cause: row.try_get("last_cause")?,
        next_due: moment(row, "next_due")?,
        sent_at: moment(row, "sent_at")?,
        ended_at: moment(row, "ended_at")?,
    })
}

fn attempt(row: &PgRow) -> Result<AttemptRow, ReadModelError> {
    let corrupt = |column| ReadModelError::Corrupt { table: "attempts", column };
    let number: i32 = row.try_get("attempt")?;
    let outcome: String = row.try_get("outcome")?;
    Ok(AttemptRow {
        attempt: u32::try_from(number).map_err(|_| corrupt("attempt"))?,
        provider: row.try_get("provider")?,
        instance: row.try_get::<Option<Uuid>, _>("instance")?.map(ProviderInstanceId::from_uuid),
        started_at: Timestamp::new(row.try_get("started_at")?),
        ended_at: moment(row, "ended_at")?,
        outcome: AttemptOutcome::named(&outcome).ok_or(corrupt("outcome"))?,
        cause: row.try_get("cause")?,
        possible_duplicate: row.try_get("possible_duplicate")?,
    })
}

fn held(row: &PgRow) -> Result<HeldDelivery, ReadModelError> {
    Ok(HeldDelivery {
        delivery_id: DeliveryId::from_uuid(row.try_get("delivery_id")?),
        of: delivery_of(row)?,
        provider: row.try_get("provider")?,
        event_type: row.try_get("event_type")?,
        cause: row.try_get("last_cause")?,
        attempts: u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or(0),
        held_at: Timestamp::new(row.try_get("held_at")?),
    })
}

pub(super) fn delivery_of(row: &PgRow) -> Result<DeliveryOf, ReadModelError> {
    let (tenant, notification): (Uuid, Uuid) = (row.try_get("tenant_id")?, row.try_get("notification_id")?);
    Ok(DeliveryOf {
        tenant: TenantId::from_uuid(tenant),
        notification: NotificationId::from_uuid(notification),
        channel: channel(row, "deliveries")?,
    })
}

fn count(row: &PgRow) -> Result<DeliveryCount, ReadModelError> {
    let count: i64 = row.try_get("count")?;
    Ok(DeliveryCount {
        channel: channel(row, "deliveries")?,
        status: status(row)?,
        count: u64::try_from(count).unwrap_or(0),
    })
}

pub(super) fn channel(row: &PgRow, table: &'static str) -> Result<Channel, ReadModelError> {
    let name: String = row.try_get("channel")?;
    name.parse().map_err(|_| ReadModelError::Corrupt { table, column: "channel" })
}

pub(super) fn status(row: &PgRow) -> Result<Status, ReadModelError> {
    let name: String = row.try_get("status")?;
    Status::named(&name).ok_or(ReadModelError::Corrupt { table: "deliveries", column: "status" })
}

fn moment(row: &PgRow, column: &str) -> Result<Option<Timestamp>, ReadModelError> {
    let moment: Option<OffsetDateTime> = row.try_get(column)?;
    Ok(moment.map(Timestamp::new))
}
