//! Providers: the message that one is given, the four ways in which it can answer, and the scope of an answer.
//!
//! Each provider has a table that sorts every status or code it can meet into taken, not taken, refused and unknown.
//! Invariant: `NotTaken` and `Refused` are said only where the message was surely not accepted; whatever left without
//! an answer is `Unknown`. A provider never retries a message by itself once it may have left.

pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod carriers;
pub(crate) mod http;
pub(crate) mod names;
pub(crate) mod permits;
#[cfg(test)]
pub(crate) mod samples;
pub mod sandbox;
pub(crate) mod sender;
pub(crate) mod shares;
pub(crate) mod smtp;

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use orqestra_commands::RenderedContent;
use orqestra_domain::notification::{FailureClass, FailureScope};
use orqestra_domain::provider::Dedup;
use orqestra_domain::{
    Channel, DedupKey, DeliveryId, EmailAddress, EventId, NotificationId, TenantId, Timestamp,
};
use orqestra_vault::DataKey;

/// The right side of each `Message-ID`; never changes.
const MESSAGE_ID_DOMAIN: &str = "deliveries.orqestra";

/// Most bytes of a provider's answer that are kept.
const MOST_ANSWER: usize = 2_048;

/// A message to one recipient. Personal throughout: never logged.
#[derive(Clone)]
pub struct Message {
    /// Whose.
    pub tenant: TenantId,
    /// Of which notification.
    pub notification: NotificationId,
    /// The delivery, the same for all attempts: what receipts are matched by.
    pub delivery: DeliveryId,
    /// The idempotency key: the same for all attempts since the delivery was last requeued.
    pub dedup_key: DedupKey,
    /// On which channel.
    pub channel: Channel,
    /// The address of that channel.
    pub to: String,
    /// What it says.
    pub content: RenderedContent,
    /// The caller's id of the event, as personal as the rest.
    pub event_id: Option<EventId>,
    /// The tenant's sender mailbox, where the provider's settings name none.
    pub sender: Option<EmailAddress>,
    /// The recipient's data key, for a provider that keeps the message here.
    pub key: DataKey,
    /// When the event was accepted: the date of the message, the same for all attempts.
    pub accepted_at: Timestamp,
    /// When it stops being of use.
    pub expires_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

impl Message {
    /// The `Message-ID` of an email: the delivery's on every attempt, by every provider and from every mailbox.
    pub fn message_id(&self) -> String {
        format!("<{}@{MESSAGE_ID_DOMAIN}>", self.delivery)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {})", self.delivery, self.channel)
    }
}

/// The provider took it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id of the message.
    pub provider_message_id: Option<String>,
    /// Its answer in its own words.
    pub answer: Option<String>,
}

/// The provider did not take it, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Not taken; another try, or another provider, may succeed.
    NotTaken(NotTaken),
    /// Refused for good.
    Refused {
        /// A stable code.
        cause: String,
        /// Its answer in its own words.
        answer: Option<String>,
        /// How far the refusal reaches.
        reach: Reach,
    },
    /// It left, and no answer came that tells.
    Unknown {
        /// A stable code.
        cause: String,
        /// Whether the provider itself says that it cannot tell, and would say so again: it works, and is not asked again.
        says_the_same: bool,
    },
    /// No provider was asked, so that nothing was learned of one: the breaker is not told.
    NotAsked {
        /// A stable code.
        cause: String,
        /// Whether trying again can help.
        class: FailureClass,
    },
}

impl SendError {
    /// It left, and no answer came.
    pub fn unknown(cause: impl Into<String>) -> Self {
        Self::Unknown { cause: cause.into(), says_the_same: false }
    }
}

/// See [`SendError::NotTaken`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// A stable code.
    pub cause: String,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Its answer in its own words.
    pub answer: Option<String>,
    /// The scope of the answer.
    pub scope: Scope,
}

/// The scope of an answer that does not accept a message for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This message: the provider takes others.
    Message,
    /// The provider, or the account or sender that it is used with: any message would meet it. The breaker counts it.
    Provider,
    /// The rate: the provider takes nothing for a while, and is not at fault. The carrier pauses, for `retry_after` where
    /// the provider names a time, and no round of the schedule is used up.
    Throttled,
}

impl From<Scope> for FailureScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Message => Self::Message,
            Scope::Provider => Self::Provider,
            Scope::Throttled => Self::Throttled,
        }
    }
}

/// The part of a provider's words that is kept.
pub(crate) fn kept(words: &str) -> &str {
    &words[..words.floor_char_boundary(MOST_ANSWER)]
}

/// How far a refusal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The message, whichever provider carries it: its recipient does not exist, say.
    Everywhere,
    /// The message at this provider, which cannot or will not carry it; another one may.
    ThisProvider,
    /// The recipient, who told the provider to send no more: whatever is sent to the address.
    OptedOut,
}

/// Carries messages of one tenant and channel.
pub trait Provider: Send + Sync {
    /// The name that attempts carry.
    fn name(&self) -> &'static str;

    /// How many calls it takes at one time.
    fn concurrency(&self) -> usize;

    /// For how long it sends a delivery once, given it again; `None` where it sends each one that it is given. The claim
    /// records it, and what was recorded counts.
    fn dedup(&self) -> Option<Dedup> {
        None
    }

    /// Whether it calls back with what became of a message, as far as the settings tell: a resend waits for that first.
    fn calls_back(&self) -> bool {
        false
    }

    /// Hands a message over. Ends within the provider timeout; its deadline counts from the first poll.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, SendError>>;
}
