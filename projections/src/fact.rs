//! What an event of the log says to a read model.
//!
//! Only events of notifications, recipients and suppressions are decoded; to all others these read models are deaf.

use cqrs_es::Aggregate;
use orqestra_domain::notification::{Notification, NotificationEvent};
use orqestra_domain::recipient::{Recipient, RecipientEvent, RecipientForgotten};
use orqestra_domain::suppression::{Suppression, SuppressionEvent};
use orqestra_domain::{AnyEvent, NotificationId, StreamId, TenantId};
use orqestra_event_log::{RecordedEvent, Unreadable};

/// What an event says.
pub(crate) enum Fact<'a> {
    /// Something happened to a notification.
    Notification(NotificationId, &'a NotificationEvent),
    /// A person was forgotten.
    Forgotten(&'a RecipientForgotten),
    /// Something happened to a suppressed address.
    Suppression(&'a SuppressionEvent),
    /// Nothing that concerns a read model.
    Other,
}

/// An event that this program cannot read; it must not pass for one that says nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the event at position {position} cannot be read: {reason}")]
pub struct UnreadableFact {
    /// Where it stands in the log.
    pub position: i64,
    /// What is wrong with it.
    pub reason: String,
    /// Whether a newer program can read it.
    pub newer: bool,
}

impl<'a> Fact<'a> {
    pub(crate) fn of(recorded: &'a RecordedEvent) -> Result<Self, UnreadableFact> {
        let concerning = [Notification::TYPE, Recipient::TYPE, Suppression::TYPE];
        let concerns = concerning.contains(&recorded.aggregate_type.as_ref());
        if !concerns {
            return Ok(Self::Other);
        }
        let position = recorded.position.get();
        let broken = |reason: &str| UnreadableFact { position, reason: reason.to_owned(), newer: false };
        let unreadable = |error: &Unreadable| UnreadableFact {
            position,
            reason: error.to_string(),
            newer: error.is_newer(),
        };
        match recorded.event().map_err(unreadable)? {
            AnyEvent::Notification(event) => {
                let id = notification_of(recorded).ok_or_else(|| broken("its stream has no id"))?;
                Ok(Self::Notification(id, event))
            }
            AnyEvent::Recipient(RecipientEvent::RecipientForgotten(forgotten)) => {
                Ok(Self::Forgotten(forgotten))
            }
            AnyEvent::Suppression(event) => Ok(Self::Suppression(event)),
            AnyEvent::Tenant(_) | AnyEvent::Template(_) | AnyEvent::Evidence(_) | AnyEvent::Redrive(_) => {
                Ok(Self::Other)
            }
        }
    }
}

fn notification_of(recorded: &RecordedEvent) -> Option<NotificationId> {
    let (tenant, id): (TenantId, _) = StreamId::split(&recorded.aggregate_id)?;
    (tenant == recorded.tenant).then_some(NotificationId::from_uuid(id))
}
