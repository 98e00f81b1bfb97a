//! The list of a tenant's suppressed addresses.

use orqestra_domain::{AddressRef, Channel, NotificationId, TenantId, Timestamp};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Suppressions;
use crate::error::{ReadModelError, limited};

/// An address that is suppressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedAddress {
    /// Its look-up form.
    pub address_ref: AddressRef,
    /// The channel that it is of.
    pub channel: Channel,
    /// Why, a stable code.
    pub reason: String,
    /// A stable code of the cause.
    pub cause: Option<String>,
    /// On which notification it was seen.
    pub notification: Option<NotificationId>,
    /// Since when.
    pub since: Timestamp,
    /// Where the suppression stands in the log.
    pub position: i64,
}

impl Suppressions {
    /// At most `limit` of a tenant's suppressed addresses, newest first: those before a position of the log, if one is given.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn newest(
        &self,
        tenant: TenantId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SuppressedAddress>, ReadModelError> {
        let rows = limited(
            sqlx::query(
                "select address_ref, channel, reason, cause, notification_id, since, position
                   from suppressions
                  where tenant_id = $1 and position < $2 and suppressed
                  order by position desc
                  limit $3",
            )
            .bind(tenant.as_uuid())
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool),
        )
        .await?;
        rows.iter().map(suppressed).collect()
    }
}

fn suppressed(row: &PgRow) -> Result<SuppressedAddress, ReadModelError> {
    let corrupt = |column| ReadModelError::Corrupt { table: "suppressions", column };
    let address: Vec<u8> = row.try_get("address_ref")?;
    let address: [u8; 32] = address.try_into().map_err(|_| corrupt("address_ref"))?;
    let channel: String = row.try_get("channel")?;
    let notification: Option<Uuid> = row.try_get("notification_id")?;
    let since: OffsetDateTime = row.try_get("since")?;
    Ok(SuppressedAddress {
        address_ref: AddressRef::from_bytes(address),
        channel: channel.parse().map_err(|_| corrupt("channel"))?,
        reason: row.try_get("reason")?,
        cause: row.try_get("cause")?,
        notification: notification.map(NotificationId::from_uuid),
        since: Timestamp::new(since),
        position: row.try_get("position")?,
    })
}
