//! Any event of any aggregate, as a reader of the whole log meets it.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::Value;

use crate::evidence::{Evidence, EvidenceEvent};
use crate::notification::{Notification, NotificationEvent};
use crate::recipient::{Recipient, RecipientEvent};
use crate::redrive::{Redrive, RedriveEvent};
use crate::suppression::{Suppression, SuppressionEvent};
use crate::template::{Template, TemplateEvent};
use crate::tenant::{Tenant, TenantEvent};
use cqrs_es::Aggregate;

/// The version of an event's first shape.
pub const FIRST_VERSION: &str = "1.0.0";

/// The version of an event type's present shape; `crate::upcast` brings older ones here.
///
/// The middle number grows with a field that a reader may skip, the first one where the rest means something else. An
/// older program decides nothing on either: it leaves the event to a newer one.
pub fn version_of(event_type: &str) -> &'static str {
    match event_type {
        "NotificationAccepted" => "2.2.0",
        "AttemptOutcomeUnknown" => "1.2.0",
        "AttemptStarted" | "AttemptSucceeded" | "AttemptFailed" | "ProvidersSet" | "TemplatePublished" => {
            "1.1.0"
        }
        _ => FIRST_VERSION,
    }
}

/// The names of an aggregate's events; `None` if no aggregate of this program has this type.
pub fn known_events(aggregate_type: &str) -> Option<&'static [&'static str]> {
    if aggregate_type == Notification::TYPE {
        Some(names::<NotificationEvent>())
    } else if aggregate_type == Tenant::TYPE {
        Some(names::<TenantEvent>())
    } else if aggregate_type == Template::TYPE {
        Some(names::<TemplateEvent>())
    } else if aggregate_type == Recipient::TYPE {
        Some(names::<RecipientEvent>())
    } else if aggregate_type == Evidence::TYPE {
        Some(names::<EvidenceEvent>())
    } else if aggregate_type == Suppression::TYPE {
        Some(names::<SuppressionEvent>())
    } else if aggregate_type == Redrive::TYPE {
        Some(names::<RedriveEvent>())
    } else {
        None
    }
}

/// The names of an enum's variants, as its own reader asks for them.
fn names<'de, E: Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // Nothing is read: the question alone tells the names.
    E::deserialize(Names(&mut names)).err();
    names
}

/// Keeps the names of the variants that an enum asks for, and gives it none of them.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("there is no value"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = variants;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

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
    /// Of what is kept for auditors.
    Evidence(EvidenceEvent),
    /// Of a suppressed address.
    Suppression(SuppressionEvent),
    /// Of a redrive.
    Redrive(RedriveEvent),
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
        Self::from_json(aggregate_type, payload)
    }

    /// Reads the text of a payload that stands in its newest shape.
    ///
    /// # Errors
    /// As [`AnyEvent::read`].
    pub fn parse(aggregate_type: &str, payload: &str) -> Result<Self, UnreadableEvent> {
        let mut json = serde_json::Deserializer::from_str(payload);
        let event = Self::from_json(aggregate_type, &mut json)?;
        json.end()?;
        Ok(event)
    }

    fn from_json<'de, D>(aggregate_type: &str, payload: D) -> Result<Self, UnreadableEvent>
    where
        D: Deserializer<'de, Error = serde_json::Error>,
    {
        if aggregate_type == Notification::TYPE {
            Ok(Self::Notification(NotificationEvent::deserialize(payload)?))
        } else if aggregate_type == Tenant::TYPE {
            Ok(Self::Tenant(TenantEvent::deserialize(payload)?))
        } else if aggregate_type == Template::TYPE {
            Ok(Self::Template(TemplateEvent::deserialize(payload)?))
        } else if aggregate_type == Recipient::TYPE {
            Ok(Self::Recipient(RecipientEvent::deserialize(payload)?))
        } else if aggregate_type == Evidence::TYPE {
            Ok(Self::Evidence(EvidenceEvent::deserialize(payload)?))
        } else if aggregate_type == Suppression::TYPE {
            Ok(Self::Suppression(SuppressionEvent::deserialize(payload)?))
        } else if aggregate_type == Redrive::TYPE {
            Ok(Self::Redrive(RedriveEvent::deserialize(payload)?))
        } else {
            Err(UnreadableEvent::AggregateType(aggregate_type.to_owned()))
        }
    }
}

impl From<NotificationEvent> for AnyEvent {
    fn from(event: NotificationEvent) -> Self {
        Self::Notification(event)
    }
}

impl From<TenantEvent> for AnyEvent {
    fn from(event: TenantEvent) -> Self {
        Self::Tenant(event)
    }
}

impl From<TemplateEvent> for AnyEvent {
    fn from(event: TemplateEvent) -> Self {
        Self::Template(event)
    }
}

impl From<RecipientEvent> for AnyEvent {
    fn from(event: RecipientEvent) -> Self {
        Self::Recipient(event)
    }
}

impl From<EvidenceEvent> for AnyEvent {
    fn from(event: EvidenceEvent) -> Self {
        Self::Evidence(event)
    }
}

impl From<SuppressionEvent> for AnyEvent {
    fn from(event: SuppressionEvent) -> Self {
        Self::Suppression(event)
    }
}

impl From<RedriveEvent> for AnyEvent {
    fn from(event: RedriveEvent) -> Self {
        Self::Redrive(event)
    }
}
