//! What goes into an append and what comes back.
//!
//! Every refusal is an [`Outcome`], told for each command alone. A [`Ticket`] is what a command passes beside
//! cqrs-es's `commit`; nothing of it lands in metadata.

use std::sync::{Arc, Mutex, PoisonError};

use orqestra_domain::{KeyId, NotificationId, RecipientRef, TenantId, Timestamp};
use orqestra_vault::NewKey;
use serde_json::Value;
use uuid::Uuid;

use crate::plain_keys::PlainKey;
use crate::position::Position;
use crate::recorded::{Metadata, RecordedEvent};

/// Most bytes that an event's payload and metadata may have as stored.
pub const MAX_EVENT_BYTES: usize = 900 * 1024;

/// One command's events, to be stored all or none.
#[derive(Debug)]
pub struct Append {
    /// The aggregate's type.
    pub aggregate_type: String,
    /// The stream, `<tenant>/<uuid>`.
    pub aggregate_id: String,
    /// The version the command was decided on: the stream's last sequence, 0 for a new one.
    pub expected: i64,
    /// What happened, in order; at least one.
    pub events: Vec<NewEvent>,
    /// What else is to be stored or checked with it.
    pub ticket: Ticket,
}

/// An event that is not stored yet.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its type.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// What happened.
    pub payload: Value,
    /// What is said beside it.
    pub metadata: Metadata,
}

/// What an append claims, brings, needs and destroys beside its events.
#[derive(Clone, Debug, Default)]
pub struct Ticket {
    /// The caller's key, claimed with the events.
    pub idempotency_key: Option<IdempotencyClaim>,
    /// Data keys that are stored with the events.
    pub new_keys: Vec<NewKey>,
    /// Data keys that must exist when the events are stored; not those that come with them.
    pub used_keys: Vec<KeyId>,
    /// The configuration that the command was decided by; it must be the same when the events are stored.
    pub configuration: Option<ConfigurationRead>,
    /// Keys that are destroyed with the events.
    pub destroys: Option<KeyDestruction>,
    /// The stream is taken for empty without a read.
    pub fresh: bool,
    /// Id and metadata of each event, in order, where the command has prepared them; the store makes its own for an empty
    /// list.
    pub told: Vec<Told>,
    /// What goes first where more waits than can be stored at once.
    pub priority: Priority,
    /// Where the outcome is left for whoever goes through the store.
    pub slot: Slot,
}

/// What a command knows of the tenants and templates: all that the log holds up to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigurationRead {
    /// The tenant that it rests on, beside the platform's templates.
    pub tenant: TenantId,
    /// Up to where it was read before the command was decided.
    pub up_to: Position,
}

/// Id and metadata of an event that a command is about to store.
#[derive(Clone, Debug)]
pub struct Told {
    /// The event's id, a version 7 UUID that nothing else has.
    pub event_id: Uuid,
    /// The RFC 8785 text that stands beside the payload.
    pub metadata: Metadata,
}

/// What goes first where more waits than can be stored at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Somebody waits for the answer, or it is the outcome of what was done already.
    #[default]
    Caller,
    /// The engine's own work: while many callers wait it gets a share of each batch, never nothing.
    Background,
}

/// A caller's key for one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// Whose key it is.
    pub tenant: TenantId,
    /// What is stored for the key; for a caller's an HMAC behind [`crate::HASHED_KEY`].
    pub key: String,
    /// The key in clear, which the claims of a version before are found by.
    pub plain: Option<PlainKey>,
    /// What it stands for.
    pub notification: NotificationId,
    /// From this moment on it can be claimed anew.
    pub expires_at: Timestamp,
}

/// Which recipients' keys are destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDestruction {
    /// All of one recipient.
    Recipient {
        /// Whose recipient.
        tenant: TenantId,
        /// Who.
        recipient: RecipientRef,
    },
    /// Those of all recipients in one month.
    Month {
        /// Whose recipients.
        tenant: TenantId,
        /// `year * 100 + month`.
        month: i32,
    },
}

/// What became of an append.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is stored and durable.
    Recorded(Recorded),
    /// The stream has another version; nothing is stored.
    Conflict {
        /// The stream's version, or more by now.
        actual: i64,
    },
    /// The idempotency key stands for another notification, or the same one from before; nothing is stored.
    KeyTaken {
        /// What the key stands for.
        notification: NotificationId,
    },
    /// Other commands stored keys of the same scopes first; nothing is stored. Seal again with these.
    KeyRaced {
        /// The keys that hold.
        winners: Vec<NewKey>,
    },
    /// A data key it uses is gone; nothing is stored.
    KeyDead {
        /// Which.
        key: KeyId,
    },
    /// The tenant or one of its templates has changed since the configuration was read; nothing is stored. Decide again by
    /// the newer one.
    Reconfigured,
    /// An event has more than [`MAX_EVENT_BYTES`]; nothing is stored.
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// No command would write this; nothing is stored.
    Malformed(&'static str),
    /// The queue is full; nothing is stored.
    Full,
    /// The database cannot be reached, or the log is closed; nothing is stored.
    Unavailable,
    /// The database refused the statement, which is a bug or a wrong set-up; nothing is stored.
    Failed(Arc<sqlx::Error>),
    /// The answer was lost and could not be looked up in time: it may be stored or not.
    Lost,
}

/// Events that are stored.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Where the first stands.
    pub first: Position,
    /// Where the last stands.
    pub last: Position,
    /// The events, in order.
    pub events: Vec<Arc<RecordedEvent>>,
}

impl Outcome {
    /// What was stored, if it was.
    pub fn recorded(&self) -> Option<&Recorded> {
        match self {
            Self::Recorded(recorded) => Some(recorded),
            _ => None,
        }
    }
}

/// Where the store leaves the outcome of a commit, which cqrs-es's error has no room for.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<Mutex<Option<Outcome>>>);

impl Slot {
    /// Takes the outcome out, if there is one.
    pub fn take(&self) -> Option<Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn put(&self, outcome: Outcome) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}
