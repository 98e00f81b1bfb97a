//! Any event of any aggregate, as a reader of the whole log meets it.

use serde_json::Value;

use crate::notification::{Notification, NotificationEvent};
use crate::recipient::{Recipient, RecipientEvent};
use crate::template::{Template, TemplateEvent};
use crate::tenant::{Tenant, TenantEvent};
use cqrs_es::Aggregate;

/// The version of every event's present shape. An upcaster brings older ones here.
pub const VERSION: &str = "1.0.0";

/// An event of one of the aggregates.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyEvent {
    /// Of a notification.
    Notification(NotificationEvent),
    /// Of a tenant.
    Tenant(TenantEvent),
    /// Of a template.
    Template(TemplateEvent),
    /// Of a recipient.
    Recipient(RecipientEvent),
}

/// A stored event that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// No aggregate has this type.
    #[error("unknown aggregate type {0}")]
    AggregateType(String),
    /// The payload has none of the known shapes.
    #[error("unreadable payload: {0}")]
    Payload(#[from] serde_json::Error),
}

impl AnyEvent {
    /// Reads a payload that upcasters have already brought to its newest shape.
    ///
    /// # Errors
    /// If the aggregate type is unknown or the payload has another shape.
    pub fn read(aggregate_type: &str, payload: Value) -> Result<Self, UnreadableEvent> {
        if aggregate_type == Notification::TYPE {
            Ok(Self::Notification(serde_json::from_value(payload)?))
        } else if aggregate_type == Tenant::TYPE {
            Ok(Self::Tenant(serde_json::from_value(payload)?))
        } else if aggregate_type == Template::TYPE {
            Ok(Self::Template(serde_json::from_value(payload)?))
        } else if aggregate_type == Recipient::TYPE {
            Ok(Self::Recipient(serde_json::from_value(payload)?))
        } else {
            Err(UnreadableEvent::AggregateType(aggregate_type.to_owned()))
        }
    }
}
