//! What happened to a notification. Past tense, one fact an event; the stored shapes are a public contract.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{PlannedChannel, SkipReason};
use super::receipt::ReceiptRecorded;
use super::requeue::DeliveryRequeued;
use super::stuck::DeliveryUnstuck;
use crate::api_key_kind::ApiKeyKind;
use crate::channel::Channel;
use crate::id::{DeliveryId, EventId, Fingerprint, ProviderInstanceId, RecipientRef};
use crate::provider::Dedup;
use crate::sealed::Sealed;
use crate::text::{EventTypeName, TenantName};
use crate::timestamp::Timestamp;

/// An event of a notification's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotificationEvent {
    /// The trigger was accepted; always the first event.
    NotificationAccepted(Arc<Accepted>),
    /// A channel's content was rendered; once a channel.
    DeliveryRendered(DeliveryRendered),
    /// An attempt was claimed by a reactor, which alone may send it.
    AttemptStarted(AttemptStarted),
    /// The provider took it.
    AttemptSucceeded(AttemptSucceeded),
    /// The provider did not take it.
    AttemptFailed(AttemptFailed),
    /// Nobody knows whether the provider took it.
    AttemptOutcomeUnknown(AttemptOutcomeUnknown),
    /// An operator said what to make of an unknown outcome.
    OutcomeResolved(OutcomeResolved),
    /// The outcome is unknown and the message is not sent again as planned: an operator decides.
    DeliveryHeld(DeliveryHeld),
    /// The delivery was given up: the dead letter.
    DeliveryAbandoned(DeliveryAbandoned),
    /// The delivery was not allowed any more when its turn came.
    DeliverySkipped(DeliverySkipped),
    /// An operator made a delivery due again that had ended without being sent.
    DeliveryRequeued(DeliveryRequeued),
    /// The sweeper found a stuck delivery, and made it go on.
    DeliveryUnstuck(DeliveryUnstuck),
    /// A provider called back with a receipt.
    ReceiptRecorded(ReceiptRecorded),
    /// The recipient read it in the inbox.
    NotificationRead(NotificationRead),
}

/// See [`NotificationEvent::NotificationAccepted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The caller's id of the event in clear, as events before version 2.0.0 have it; only ever read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What kind of event it is.
    pub event_type: EventTypeName,
    /// What the tenant was called, so that a repeat gets the same answer.
    pub tenant_name: TenantName,
    /// The look-up form of the user id.
    pub recipient_ref: RecipientRef,
    /// The request's fingerprint; a repeat must have the same.
    pub fingerprint: Fingerprint,
    /// When the request was accepted, by the accepting process's clock.
    pub accepted_at: Timestamp,
    /// Whether it came with a key for tests, so that the sandbox alone carries it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub testing: bool,
    /// JSON `{userId, email?, phone?, eventId}`.
    pub recipient: Sealed,
    /// JSON object of the template variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Sealed>,
    /// Every channel, in the order EMAIL, SMS, PUSH.
    pub plan: Vec<PlannedChannel>,
}

impl Accepted {
    /// The kind of the key that it came with.
    pub const fn kind(&self) -> ApiKeyKind {
        if self.testing { ApiKeyKind::Test } else { ApiKeyKind::Live }
    }
}

/// See [`NotificationEvent::DeliveryRendered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRendered {
    /// The channel.
    pub channel: Channel,
    /// JSON `{subject?, title?, body, text?}`.
    pub content: Sealed,
    /// Dotted names of variables that the template asked for and the request lacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The push category, where the channel is PUSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::AttemptStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptStarted {
    /// The channel.
    pub channel: Channel,
    /// The delivery; absent in events before version 1.1.0, as are the fields below that may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// The provider's kind, as in `smtp`.
    pub provider: String,
    /// The entry of the provider configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ProviderInstanceId>,
    /// For how long the provider deduplicates; it does not where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<Dedup>,
    /// No call to the provider starts after this.
    pub expires_at: Timestamp,
    /// Whether an earlier attempt may have been taken already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possible_duplicate: bool,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::AttemptSucceeded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptSucceeded {
    /// The channel.
    pub channel: Channel,
    /// The delivery; absent in events before version 1.1.0, as are the fields below that may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
    /// Number of the attempt.
    pub attempt: u32,
    /// The provider's kind.
    pub provider: String,
    /// The entry of the provider configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ProviderInstanceId>,
    /// The provider's id of the message; receipts are matched by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    /// The provider's answer in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Sealed>,
    /// The later attempt that is still under way, where this is a late answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_open: Option<OpenAttempt>,
    /// When.
    pub at: Timestamp,
}

/// An attempt whose outcome is yet to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenAttempt {
    /// Its number.
    pub attempt: u32,
    /// Until when its call may start.
    pub expires_at: Timestamp,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// It was not taken; another try may succeed.
    Retryable,
    /// It was refused for good.
    Permanent,
}

/// The scope of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureScope {
    /// The message, whichever provider carries it.
    Message,
    /// The message at this provider: another one may carry it.
    Pairing,
    /// The provider, or the account or sender that it is used with.
    Provider,
    /// The rate: the provider takes nothing for a while. It counts in no round of the schedule.
    Throttled,
}

/// See [`NotificationEvent::AttemptFailed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptFailed {
    /// The channel.
    pub channel: Channel,
    /// The delivery; absent in events before version 1.1.0, as are the fields below that may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
    /// Number of the attempt.
    pub attempt: u32,
    /// The provider's kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The entry of the provider configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ProviderInstanceId>,
    /// Whether trying again can help.
    pub class: FailureClass,
    /// The scope of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<FailureScope>,
    /// A stable code, as in `smtp_451`.
    pub cause: String,
    /// The provider's answer in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Sealed>,
    /// When the next attempt is due; absent if there is none. The same as `at` where another provider follows at once, in
    /// the same round of the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Timestamp>,
    /// Whether it was the last open attempt of a delivery that had been sent by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settles: bool,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::AttemptOutcomeUnknown`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptOutcomeUnknown {
    /// The channel.
    pub channel: Channel,
    /// The delivery; absent in events before version 1.1.0, as are the fields below that may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
    /// Number of the attempt.
    pub attempt: u32,
    /// The provider's kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The entry of the provider configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ProviderInstanceId>,
    /// A stable code of why nobody knows, as in `smtp_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When it is sent again; absent if it is held for an operator or `settles` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_due: Option<Timestamp>,
    /// Until when a receipt may still settle it, where it is held and its provider calls back: an operator decides after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_until: Option<Timestamp>,
    /// Whether sending again may reach the recipient twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possible_duplicate: bool,
    /// Whether it was the last open attempt of a delivery that had been sent by then: nothing is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settles: bool,
    /// When.
    pub at: Timestamp,
}

/// What an operator made of an unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It arrived.
    Delivered,
    /// Send it again.
    Resend,
    /// Give it up.
    Drop,
}

/// See [`NotificationEvent::OutcomeResolved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeResolved {
    /// The channel.
    pub channel: Channel,
    /// Number of the attempt whose outcome was unknown.
    pub attempt: u32,
    /// What was decided.
    pub resolution: Resolution,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::DeliveryHeld`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryHeld {
    /// The channel.
    pub channel: Channel,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Number of the last attempt made.
    pub attempt: u32,
    /// A stable code, as in `provider_removed`.
    pub cause: String,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::DeliveryAbandoned`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAbandoned {
    /// The channel.
    pub channel: Channel,
    /// The code of the last failure, or of what ended the delivery without one, as in `expired`.
    pub cause: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::DeliverySkipped`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySkipped {
    /// The channel.
    pub channel: Channel,
    /// Why.
    pub reason: SkipReason,
    /// When.
    pub at: Timestamp,
}

/// See [`NotificationEvent::NotificationRead`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRead {
    /// When.
    pub at: Timestamp,
}

impl NotificationEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotificationAccepted(_) => "NotificationAccepted",
            Self::DeliveryRendered(_) => "DeliveryRendered",
            Self::AttemptStarted(_) => "AttemptStarted",
            Self::AttemptSucceeded(_) => "AttemptSucceeded",
            Self::AttemptFailed(_) => "AttemptFailed",
            Self::AttemptOutcomeUnknown(_) => "AttemptOutcomeUnknown",
            Self::OutcomeResolved(_) => "OutcomeResolved",
            Self::DeliveryHeld(_) => "DeliveryHeld",
            Self::DeliveryAbandoned(_) => "DeliveryAbandoned",
            Self::DeliverySkipped(_) => "DeliverySkipped",
            Self::DeliveryRequeued(_) => "DeliveryRequeued",
            Self::DeliveryUnstuck(_) => "DeliveryUnstuck",
            Self::ReceiptRecorded(_) => "ReceiptRecorded",
            Self::NotificationRead(_) => "NotificationRead",
        }
    }

    /// The channel it is about; acceptance and reading are about none.
    pub const fn channel(&self) -> Option<Channel> {
        match self {
            Self::NotificationAccepted(_) | Self::NotificationRead(_) => None,
            Self::DeliveryRendered(event) => Some(event.channel),
            Self::AttemptStarted(event) => Some(event.channel),
            Self::AttemptSucceeded(event) => Some(event.channel),
            Self::AttemptFailed(event) => Some(event.channel),
            Self::AttemptOutcomeUnknown(event) => Some(event.channel),
            Self::OutcomeResolved(event) => Some(event.channel),
            Self::DeliveryHeld(event) => Some(event.channel),
            Self::DeliveryAbandoned(event) => Some(event.channel),
            Self::DeliverySkipped(event) => Some(event.channel),
            Self::DeliveryRequeued(event) => Some(event.channel),
            Self::DeliveryUnstuck(event) => Some(event.channel),
            Self::ReceiptRecorded(event) => Some(event.channel),
        }
    }
}
