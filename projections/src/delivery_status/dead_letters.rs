//! The dead letters of a tenant: what ended without being sent, and may be made due again.

use orqestra_domain::redrive::DeadLetterFilter;
use orqestra_domain::{Channel, DeliveryId, NotificationId, TenantId, Timestamp};
use orqestra_event_log::{Position, checkpoint};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::query::{channel, delivery_of, status};
use super::{DeliveryOf, DeliveryStatus, Status};
use crate::error::{ReadModelError, limited};
use crate::projection::Projection;

/// A delivery that ended without being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The tenant, the notification and the channel.
    pub of: DeliveryOf,
    /// What kind of event it is of.
    pub event_type: String,
    /// `Failed` or `Skipped`.
    pub status: Status,
    /// The code of its cause, or of the reason for which it was skipped.
    pub cause: Option<String>,
    /// The kind of the provider of its last attempt.
    pub provider: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Whether it may have arrived all the same.
    pub possible_duplicate: bool,
    /// When its event was accepted.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A place in the list of a tenant's dead letters, which is in the order of their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedPlace {
    /// When the delivery ended.
    pub ended_at: Timestamp,
    /// Its notification.
    pub notification: NotificationId,
    /// Its channel.
    pub channel: Channel,
}

impl DeadLetter {
    /// Its place in the list.
    pub const fn place(&self) -> EndedPlace {
        let DeliveryOf { notification, channel, .. } = self.of;
        EndedPlace { ended_at: self.ended_at, notification, channel }
    }
}

/// A part of the list of a tenant's dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// Those that the filter selects.
    pub found: Vec<DeadLetter>,
    /// Where the next page begins; `None` at the end of the list.
    pub next: Option<EndedPlace>,
}

/// Places looked at by one statement.
const STRETCH: usize = 2_000;
/// Statements for one page.
const MOST_STRETCHES: usize = 10;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With those that ended last.
    NewestFirst,
    /// With those that ended first.
    OldestFirst,
}

impl DeliveryStatus {
    /// The position up to which it has read the whole log.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn read_up_to(&self) -> Result<Position, ReadModelError> {
        let read = checkpoint(&self.pool, Projection::DeliveryStatus.name()).await?;
        Ok(read.map_or(Position::ZERO, |frontier| frontier.least()))
    }

    /// At most `limit` of a tenant's dead letters that the filter selects, beyond a place of the list. A page may hold fewer, also
    /// none, although more follow: a rare cause among many is looked for within bounds.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn dead_letters(
        &self,
        tenant: TenantId,
        filter: &DeadLetterFilter,
        (order, after): (Ended, Option<EndedPlace>),
        limit: usize,
    ) -> Result<DeadLetterPage, ReadModelError> {
        let (mut found, mut after) = (Vec::new(), after);
        for _ in 0..MOST_STRETCHES {
            let places = self.places(tenant, filter, (order, after)).await?;
            found.extend(self.at(tenant, filter, &places, limit + 1 - found.len()).await?);
            if found.len() > limit {
                found.truncate(limit);
                let next = found.last().map(DeadLetter::place);
                return Ok(DeadLetterPage { found, next });
            }
            if places.len() < STRETCH {
                return Ok(DeadLetterPage { found, next: None });
            }
            after = places.last().copied();
        }
        Ok(DeadLetterPage { found, next: after })
    }

    /// Reads the next places of the list, before the filter looks at their deliveries.
    async fn places(
        &self,
        tenant: TenantId,
        filter: &DeadLetterFilter,
        (order, after): (Ended, Option<EndedPlace>),
    ) -> Result<Vec<EndedPlace>, ReadModelError> {
        let (beyond, direction) = match order {
            Ended::NewestFirst => ("<", "desc"),
            Ended::OldestFirst => (">", "asc"),
        };
        let statement =
            include_str!("dead_letter_places.sql").replace("{beyond}", beyond).replace("{order}", direction);
        let (first, last) = (OffsetDateTime::UNIX_EPOCH, end_of_time());
        let (at, notification, of_channel) = match (after, order) {
            (Some(EndedPlace { ended_at, notification, channel }), _) => {
                (ended_at.as_datetime(), notification.as_uuid(), channel.as_str())
            }
            (None, Ended::NewestFirst) => (last, Uuid::max(), "~"),
            (None, Ended::OldestFirst) => (first, Uuid::nil(), ""),
        };
        let rows = limited(
            sqlx::query(&statement)
                .bind(tenant.as_uuid())
                .bind(at)
                .bind(notification)
                .bind(of_channel)
                .bind(filter.since.map_or(first, Timestamp::as_datetime))
                .bind(filter.until.map_or(last, Timestamp::as_datetime))
                .bind(filter.channel.map(Channel::as_str))
                .bind(i64::try_from(STRETCH).unwrap_or(i64::MAX))
                .fetch_all(&self.pool),
        )
        .await?;
        let place = |row: &PgRow| {
            Ok(EndedPlace {
                ended_at: Timestamp::new(row.try_get("ended_at")?),
                notification: NotificationId::from_uuid(row.try_get("notification_id")?),
                channel: channel(row, "dead_letters")?,
            })
        };
        rows.iter().map(place).collect()
    }

    /// At most `limit` of the dead letters at these places that the filter selects, in their order.
    async fn at(
        &self,
        tenant: TenantId,
        filter: &DeadLetterFilter,
        places: &[EndedPlace],
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ReadModelError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let notifications: Vec<Uuid> = places.iter().map(|place| place.notification.as_uuid()).collect();
        let channels: Vec<&str> = places.iter().map(|place| place.channel.as_str()).collect();
        let rows = limited(
            sqlx::query(include_str!("dead_letters_at.sql"))
                .bind(tenant.as_uuid())
                .bind(notifications)
                .bind(channels)
                .bind(filter.cause.as_deref())
                .bind(filter.provider.as_deref())
                .bind(filter.event_type.as_ref().map(|name| name.as_str().to_owned()))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.pool),
        )
        .await?;
        rows.iter().map(dead_letter).collect()
    }

    /// A dead letter of a tenant; `None` where the delivery is none.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn dead_letter(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
    ) -> Result<Option<DeadLetter>, ReadModelError> {
        let row = limited(
            sqlx::query(include_str!("dead_letter.sql"))
                .bind(tenant.as_uuid())
                .bind(delivery.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.as_ref().map(dead_letter).transpose()
    }

    /// At most `limit` deliveries of all tenants that go on by themselves, whose next step was due before `due_before`, of those
    /// accepted from `accepted.0` to before `accepted.1`: in the order of acceptance, beyond a place of it. For the sweeper.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn unsettled(
        &self,
        accepted: (Timestamp, Timestamp),
        due_before: Timestamp,
        after: Option<(Timestamp, NotificationId, Channel)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryOf)>, ReadModelError> {
        let after = after.map(|(at, notification, channel)| (at, notification.as_uuid(), channel.as_str()));
        let (at, notification, of_channel) = after.unwrap_or((accepted.0, Uuid::nil(), ""));
        let rows = limited(
            sqlx::query(include_str!("unsettled.sql"))
                .bind(accepted.0.as_datetime())
                .bind(accepted.1.as_datetime())
                .bind(due_before.as_datetime())
                .bind(at.as_datetime())
                .bind(notification)
                .bind(of_channel)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.pool),
        )
        .await?;
        let unsettled = |row: &PgRow| Ok((Timestamp::new(row.try_get("accepted_at")?), delivery_of(row)?));
        rows.iter().map(unsettled).collect()
    }

    /// At most `limit` deliveries of all tenants whose outcome is unknown, with the time since which each is held: oldest first, after
    /// the given place. For the sweeper.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn all_held(
        &self,
        after: Option<(Timestamp, DeliveryOf)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryOf)>, ReadModelError> {
        let after = after.map(|(since, of)| {
            (since.as_datetime(), of.tenant.as_uuid(), of.notification.as_uuid(), of.channel.as_str())
        });
        let (since, tenant, notification, of_channel) =
            after.unwrap_or((OffsetDateTime::UNIX_EPOCH, Uuid::nil(), Uuid::nil(), ""));
        let rows = limited(
            sqlx::query(
                "select tenant_id, notification_id, channel, held_at
                   from deliveries
                  where held_at is not null and (held_at, tenant_id, notification_id, channel) > ($1, $2, $3, $4)
                  order by held_at, tenant_id, notification_id, channel
                  limit $5",
            )
            .bind(since)
            .bind(tenant)
            .bind(notification)
            .bind(of_channel)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool),
        )
        .await?;
        rows.iter().map(|row| Ok((Timestamp::new(row.try_get("held_at")?), delivery_of(row)?))).collect()
    }
}

fn end_of_time() -> OffsetDateTime {
    OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT)
}

fn dead_letter(row: &PgRow) -> Result<DeadLetter, ReadModelError> {
    let attempts: i32 = row.try_get("attempts")?;
    Ok(DeadLetter {
        delivery_id: DeliveryId::from_uuid(row.try_get("delivery_id")?),
        of: delivery_of(row)?,
        event_type: row.try_get("event_type")?,
        status: status(row)?,
        cause: row.try_get("cause")?,
        provider: row.try_get("provider")?,
        attempts: u32::try_from(attempts).unwrap_or(0),
        possible_duplicate: row.try_get("possible_duplicate")?,
        accepted_at: Timestamp::new(row.try_get("accepted_at")?),
        ended_at: Timestamp::new(row.try_get("ended_at")?),
    })
}
