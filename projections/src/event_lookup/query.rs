//! The events of a person, an address or an id, newest first. Every statement names its tenant.

use orqestra_domain::{AddressRef, EventTypeName, NotificationId, RecipientRef, TenantId, Timestamp};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use super::EventLookup;
use crate::error::{ReadModelError, limited};

/// The key of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupKey {
    /// Its recipient.
    Recipient(RecipientRef),
    /// The email address that it came with.
    Email(AddressRef),
    /// The phone number that it came with.
    Phone(AddressRef),
    /// Its own id, from which the notification's is derived.
    Notification(NotificationId),
}

/// A page of the events that are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupPage {
    /// Nothing accepted before it.
    pub since: Timestamp,
    /// The last event of the page before. Nothing is found behind one whose recipient was forgotten.
    pub after: Option<NotificationId>,
    /// Most events.
    pub limit: usize,
}

/// An event that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEvent {
    /// Its notification.
    pub notification: NotificationId,
    /// Its type.
    pub event_type: EventTypeName,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// The statement for a column: its first page, or one behind a row.
macro_rules! by {
    ($column:literal) => {
        [
            by!($column, ""),
            by!(
                $column,
                "and (accepted_at, position) < (
                        select last.accepted_at, last.position
                          from event_lookup last
                         where last.tenant_id = $1 and last.notification_id = $5
                    )"
            ),
        ]
    };
    ($column:literal, $behind:literal) => {
        concat!(
            "select notification_id, event_type, accepted_at
               from event_lookup
              where tenant_id = $1 and ",
            $column,
            " = $2 and accepted_at >= $3 ",
            $behind,
            " order by accepted_at desc, position desc
              limit $4"
        )
    };
}

impl LookupKey {
    const fn statements(&self) -> [&'static str; 2] {
        match self {
            Self::Recipient(_) => by!("recipient_ref"),
            Self::Email(_) => by!("email_ref"),
            Self::Phone(_) => by!("phone_ref"),
            Self::Notification(_) => by!("notification_id"),
        }
    }
}

impl EventLookup {
    /// Finds a tenant's events, newest first by acceptance, equal times by position in the log.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn find(
        &self,
        tenant: TenantId,
        key: LookupKey,
        page: LookupPage,
    ) -> Result<Vec<FoundEvent>, ReadModelError> {
        let [first, behind] = key.statements();
        let statement = if page.after.is_some() { behind } else { first };
        let query = sqlx::query(statement).bind(tenant.as_uuid());
        let query = match &key {
            LookupKey::Recipient(recipient) => query.bind(recipient.as_bytes().as_slice()),
            LookupKey::Email(address) | LookupKey::Phone(address) => {
                query.bind(address.as_bytes().as_slice())
            }
            LookupKey::Notification(notification) => query.bind(notification.as_uuid()),
        };
        let query = query.bind(page.since.as_datetime()).bind(i64::try_from(page.limit).unwrap_or(i64::MAX));
        let query = match page.after {
            Some(after) => query.bind(after.as_uuid()),
            None => query,
        };
        limited(query.fetch_all(&self.pool)).await?.iter().map(found).collect()
    }
}

fn found(row: &PgRow) -> Result<FoundEvent, ReadModelError> {
    let event_type: String = row.try_get("event_type")?;
    let accepted_at: OffsetDateTime = row.try_get("accepted_at")?;
    Ok(FoundEvent {
        notification: NotificationId::from_uuid(row.try_get("notification_id")?),
        event_type: EventTypeName::stored(event_type),
        accepted_at: Timestamp::new(accepted_at),
    })
}
