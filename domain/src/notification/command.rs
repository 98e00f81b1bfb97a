//! What may be asked of a notification. Time and randomness come in here.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Accepted, DeliveryRendered, FailureClass, FailureScope, Resolution};
use super::plan::SkipReason;
use super::receipt::RecordReceipt;
use super::requeue::Requeue;
use super::stuck::Unstick;
use crate::channel::Channel;
use crate::id::{ProviderInstanceId, RecipientRef};
use crate::provider::Dedup;
use crate::retry::{Jitter, RetrySchedule};
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;
use crate::unknown_policy::UnknownPolicy;

/// A command to a notification.
#[derive(Clone, Debug)]
pub enum NotificationCommand {
    /// Accept it.
    Trigger(TriggerNotification),
    /// Claim the next attempt.
    StartAttempt(StartAttempt),
    /// Put a push into the inbox: rendered, attempted and delivered at once.
    DeliverPush(DeliverPush),
    /// Record that the provider took it.
    RecordSuccess(RecordSuccess),
    /// Record that the provider did not take it.
    RecordFailure(RecordFailure),
    /// Record that nobody knows.
    MarkOutcomeUnknown(MarkOutcomeUnknown),
    /// Decide on an unknown outcome.
    Resolve(Resolve),
    /// Leave a resend to an operator.
    Hold(HoldDelivery),
    /// Send nothing after all.
    Skip(SkipDelivery),
    /// Make a delivery due again that ended without being sent.
    Requeue(Requeue),
    /// Make a stuck delivery go on.
    Unstick(Unstick),
    /// Record what its provider says later.
    RecordReceipt(RecordReceipt),
    /// Mark it read.
    MarkRead(MarkRead),
}

/// See [`NotificationCommand::Trigger`].
#[derive(Clone, Debug)]
pub struct TriggerNotification {
    /// What is accepted, with its plan.
    pub accepted: Arc<Accepted>,
}

/// See [`NotificationCommand::StartAttempt`].
#[derive(Clone, Debug)]
pub struct StartAttempt {
    /// The channel.
    pub channel: Channel,
    /// The attempt to claim, from 1.
    pub attempt: u32,
    /// The kind of the provider that will carry it.
    pub provider: String,
    /// The provider's entry in the configuration.
    pub instance: ProviderInstanceId,
    /// For how long the provider deduplicates; `None` where it does not.
    pub dedup: Option<Dedup>,
    /// Until when the call may start.
    pub expires_at: Timestamp,
    /// The content, where it was not rendered before.
    pub rendered: Option<DeliveryRendered>,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::DeliverPush`].
#[derive(Clone, Debug)]
pub struct DeliverPush {
    /// The content.
    pub rendered: DeliveryRendered,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::RecordSuccess`].
#[derive(Clone, Debug)]
pub struct RecordSuccess {
    /// The channel.
    pub channel: Channel,
    /// The attempt.
    pub attempt: u32,
    /// The provider's id of the message.
    pub provider_message_id: Option<String>,
    /// The provider's words.
    pub answer: Option<Sealed>,
    /// Now.
    pub at: Timestamp,
}

/// The next step after a failure that may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Another provider, at once, in the same round of the schedule.
    OtherProvider,
    /// The schedule: a delay, and then a new round of all providers.
    Schedule,
}

/// See [`NotificationCommand::RecordFailure`].
#[derive(Clone, Debug)]
pub struct RecordFailure {
    /// The channel.
    pub channel: Channel,
    /// The attempt; 0 for a failure before the first attempt, as when rendering fails.
    pub attempt: u32,
    /// Whether trying again can help.
    pub class: FailureClass,
    /// The scope of the failure.
    pub scope: FailureScope,
    /// The next step where it may be tried again.
    pub then: AfterFailure,
    /// A stable code.
    pub cause: String,
    /// The provider's words.
    pub answer: Option<Sealed>,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// The schedule in force.
    pub schedule: RetrySchedule,
    /// When the delivery stops being of use: no attempt is due from then on.
    pub deadline: Timestamp,
    /// Randomness for the delay.
    pub jitter: Jitter,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::MarkOutcomeUnknown`].
#[derive(Clone, Debug)]
pub struct MarkOutcomeUnknown {
    /// The channel.
    pub channel: Channel,
    /// The attempt.
    pub attempt: u32,
    /// What to do next.
    pub policy: UnknownPolicy,
    /// How long a receipt may take, where the provider calls back. A delivery that the provider does not deduplicate, or that an
    /// operator decides on, waits so long for one first.
    pub receipt_within: Option<Duration>,
    /// Whether the message may be sent again: not where the provider has said that it cannot tell, and would say so again.
    pub asks_again: bool,
    /// Delays between the resends to a provider that deduplicates, after the first one, which is due at once.
    pub schedule: RetrySchedule,
    /// Randomness for the delay.
    pub jitter: Jitter,
    /// A stable code of why nobody knows.
    pub cause: String,
    /// True where the sender itself says that no answer came; false where a sweeper finds an expired claim.
    pub by_sender: bool,
    /// When the delivery stops being of use: nothing is sent again from then on.
    pub deadline: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::Resolve`].
#[derive(Clone, Debug)]
pub struct Resolve {
    /// The channel.
    pub channel: Channel,
    /// What to make of it.
    pub resolution: Resolution,
    /// Who decides.
    pub by: String,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::Hold`].
#[derive(Clone, Debug)]
pub struct HoldDelivery {
    /// The channel.
    pub channel: Channel,
    /// A stable code of why it cannot be sent again.
    pub cause: String,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::Skip`].
#[derive(Clone, Debug)]
pub struct SkipDelivery {
    /// The channel.
    pub channel: Channel,
    /// Why.
    pub reason: SkipReason,
    /// Now.
    pub at: Timestamp,
}

/// See [`NotificationCommand::MarkRead`].
#[derive(Clone, Debug)]
pub struct MarkRead {
    /// Whose inbox.
    pub recipient: RecipientRef,
    /// Now.
    pub at: Timestamp,
}
