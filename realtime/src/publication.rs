//! What is published: a push on the channel of its category, a change of the inbox on the inbox's.
//!
//! A publication that a client missed is made anew from what is stored, so its form is made in one place. Its number is the
//! channel's: nothing here tells where in the log its event stands.

use std::sync::Arc;

use orqestra_domain::{EventTypeName, NotificationId, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What is published, whatever its number. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content(pub(crate) Arc<RawValue>);

/// What a channel's subscribers get.
#[derive(Clone, Debug, Serialize)]
pub struct Publication {
    /// JSON.
    pub(crate) data: Arc<RawValue>,
    /// Its number in the channel, from 1 and without gaps; none where nothing is recovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
}

impl Content {
    /// The publication of this number in its channel.
    pub fn numbered(self, number: u64) -> Publication {
        Publication { data: self.0, offset: Some(number) }
    }

    /// The publication on a channel that recovers nothing.
    pub(crate) fn unnumbered(self) -> Publication {
        Publication { data: self.0, offset: None }
    }
}

/// A push as an open page gets it; `created_at` is the acceptance in UTC, to the second.
#[derive(Clone, Debug)]
pub struct Push<'a> {
    /// The notification.
    pub id: NotificationId,
    /// The rendered title; empty if the template has none.
    pub title: &'a str,
    /// The rendered body.
    pub body: &'a str,
    /// The push category.
    pub category: &'a str,
    /// The event type.
    pub event_type: &'a EventTypeName,
    /// When the event was accepted.
    pub created_at: Timestamp,
}

/// What changed in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxChange {
    /// A push came, unread.
    Added,
    /// A push was read.
    Read,
}

impl Push<'_> {
    /// `{id, title, body, category, eventType, created_at}`.
    pub fn content(&self) -> Content {
        #[derive(Serialize)]
        struct Data<'a> {
            id: String,
            title: &'a str,
            body: &'a str,
            category: &'a str,
            #[serde(rename = "eventType")]
            event_type: &'a str,
            created_at: String,
        }
        content(&Data {
            id: self.id.to_string(),
            title: self.title,
            body: self.body,
            category: self.category,
            event_type: self.event_type.as_str(),
            created_at: self.created_at.to_seconds_rfc3339(),
        })
    }
}

impl InboxChange {
    /// `{id, status}`, the status being the one that the history shows from now on.
    pub fn content(self, id: NotificationId) -> Content {
        #[derive(Serialize)]
        struct Data {
            id: String,
            status: &'static str,
        }
        let status = match self {
            Self::Added => "UNREAD",
            Self::Read => "READ",
        };
        content(&Data { id: id.to_string(), status })
    }
}

fn content(data: &impl Serialize) -> Content {
    Content(to_raw_value(data).expect("texts are always JSON").into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_push_and_a_change_have_the_documented_form() {
        let id = NotificationId::from_uuid(Uuid::from_u128(7));
        let event_type = EventTypeName::parse("order.confirmed").unwrap();
        let push = Push {
            id,
            title: "Order \"1\"",
            body: "b",
            category: "orders",
            event_type: &event_type,
            created_at: Timestamp::from_unix_micros(1_776_859_200_900_000),
        };
        let published = push.content().numbered(9);
        assert_eq!(published.offset, Some(9));
        assert_eq!(
            published.data.get(),
            r#"{"id":"00000000-0000-0000-0000-000000000007","title":"Order \"1\"","body":"b","category":"orders","eventType":"order.confirmed","created_at":"2026-04-22T12:00:00Z"}"#
        );
        assert_eq!(
            serde_json::to_string(&InboxChange::Read.content(id).unnumbered()).unwrap(),
            r#"{"data":{"id":"00000000-0000-0000-0000-000000000007","status":"READ"}}"#
        );
    }
}
