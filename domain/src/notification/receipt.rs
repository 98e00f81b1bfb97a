//! What a provider says later of a message that it took: its receipt, and the rules of it.
//!
//! A receipt arrives at any time, in any order and more than once. It never causes a send, and proves that the provider took
//! the attempt that it is of: one without an outcome gets it so, and nothing is sent after that.

use serde::{Deserialize, Serialize};

use super::event::{NotificationEvent, OpenAttempt};
use super::refusal::NotificationRefusal as Refusal;
use super::state::{AttemptOutcome, AttemptState, Delivery, DeliveryState, Story};
use crate::channel::Channel;
use crate::id::{DeliveryId, ProviderInstanceId, ReceiptRef};
use crate::sealed::Sealed;
use crate::suppression::SuppressionReason;
use crate::timestamp::Timestamp;

/// The word of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptSays {
    /// The provider has the message and is still trying.
    Deferred,
    /// It arrived: the recipient's server or handset took it.
    Delivered,
    /// It did not arrive, and the address is not at fault: a mailbox that is full, a filter, a block, a message dropped.
    Undelivered,
    /// It did not arrive, and never will: the mailbox or number takes no messages.
    Bounced,
    /// The recipient does not want messages of this sender.
    OptedOut,
    /// The recipient reported it as spam.
    Complained,
}

impl ReceiptSays {
    /// Every word.
    pub const ALL: [Self; 6] =
        [Self::Deferred, Self::Delivered, Self::Undelivered, Self::Bounced, Self::OptedOut, Self::Complained];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deferred => "deferred",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Bounced => "bounced",
            Self::OptedOut => "opted_out",
            Self::Complained => "complained",
        }
    }

    /// The reason for which nothing is to be sent to the address any more, where the receipt gives one.
    pub const fn suppresses(self) -> Option<SuppressionReason> {
        match self {
            Self::Deferred | Self::Delivered | Self::Undelivered => None,
            Self::Bounced => Some(SuppressionReason::Bounced),
            Self::OptedOut => Some(SuppressionReason::OptedOut),
            Self::Complained => Some(SuppressionReason::Complained),
        }
    }
}

/// Most receipts of a delivery that are kept; those that settle something are kept beyond it.
const MOST_RECEIPTS: usize = 64;

/// See [`NotificationEvent::ReceiptRecorded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptRecorded {
    /// The channel.
    pub channel: Channel,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Number of the attempt that it is taken to be of.
    pub attempt: u32,
    /// The kind of the provider that it came from.
    pub provider: String,
    /// The entry of the provider configuration that verified it.
    pub instance: ProviderInstanceId,
    /// The word.
    pub receipt: ReceiptSays,
    /// Tells a repeat.
    pub event_ref: ReceiptRef,
    /// A stable code, as in `sendgrid_bounce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The provider's id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    /// The provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Sealed>,
    /// Whether the attempt's outcome was open or unknown: the receipt proves that the provider took the message, and the
    /// delivery is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proves: bool,
    /// Another attempt that is still under way, where it proves one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_open: Option<OpenAttempt>,
    /// When, by the provider.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub at: Timestamp,
}

/// See `NotificationCommand::RecordReceipt`.
#[derive(Clone, Debug)]
pub struct RecordReceipt {
    /// The channel.
    pub channel: Channel,
    /// The kind of the provider that it came from.
    pub provider: String,
    /// The entries of the provider configuration that verified it: several where they share the secret of one account.
    pub instances: Vec<ProviderInstanceId>,
    /// The word.
    pub says: ReceiptSays,
    /// Tells a repeat.
    pub event_ref: ReceiptRef,
    /// A stable code.
    pub cause: Option<String>,
    /// The provider's id of the message.
    pub provider_message_id: Option<String>,
    /// The provider's words.
    pub answer: Option<Sealed>,
    /// When, by the provider.
    pub occurred_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// A receipt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptState {
    /// The attempt that it is taken to be of.
    pub attempt: u32,
    /// The entry that it came from.
    pub instance: ProviderInstanceId,
    /// Tells a repeat.
    pub event_ref: ReceiptRef,
    /// The word.
    pub says: ReceiptSays,
    /// A stable code.
    pub cause: Option<String>,
    /// When, by the provider.
    pub occurred_at: Timestamp,
}

impl Story {
    /// A repeat, and a word that is not the last one and settles nothing, say nothing new.
    pub(super) fn record_receipt(&self, receipt: RecordReceipt) -> Result<Vec<NotificationEvent>, Refusal> {
        let delivery = self.deliveries.get(&receipt.channel).ok_or(Refusal::NotPlanned)?;
        if delivery.receipts.iter().any(|known| known.is_repeated_by(&receipt)) {
            return Ok(Vec::new());
        }
        let (attempt, of) = delivery.attempt_of(&receipt).ok_or(Refusal::NoSuchAttempt)?;
        let instance = receipt.entry_of(of).ok_or(Refusal::NoSuchAttempt)?;
        let proves = of.has_no_outcome() || delivery.was_misjudged(attempt, of, receipt.says);
        if !proves && (receipt.says == ReceiptSays::Deferred || delivery.receipts.len() >= MOST_RECEIPTS) {
            return Ok(Vec::new());
        }
        Ok(vec![NotificationEvent::ReceiptRecorded(ReceiptRecorded {
            channel: receipt.channel,
            delivery_id: delivery.id,
            attempt,
            provider: receipt.provider,
            instance,
            receipt: receipt.says,
            event_ref: receipt.event_ref,
            cause: receipt.cause,
            provider_message_id: receipt.provider_message_id,
            answer: receipt.answer,
            proves,
            still_open: delivery.open_beside(attempt).filter(|_| proves),
            occurred_at: receipt.occurred_at,
            at: receipt.at,
        })])
    }
}

impl ReceiptState {
    pub(super) fn of(recorded: &ReceiptRecorded) -> Self {
        Self {
            attempt: recorded.attempt,
            instance: recorded.instance,
            event_ref: recorded.event_ref,
            says: recorded.receipt,
            cause: recorded.cause.clone(),
            occurred_at: recorded.occurred_at,
        }
    }

    fn is_repeated_by(&self, receipt: &RecordReceipt) -> bool {
        receipt.instances.contains(&self.instance) && self.event_ref == receipt.event_ref
    }
}

impl RecordReceipt {
    /// Returns the one of its entries that carried an attempt.
    fn entry_of(&self, attempt: &AttemptState) -> Option<ProviderInstanceId> {
        self.instances.iter().copied().find(|instance| attempt.was_carried_by(&self.provider, *instance))
    }
}

impl AttemptState {
    /// Whether it is open or unknown.
    const fn has_no_outcome(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Open | AttemptOutcome::Unknown { .. })
    }

    /// The id that the provider took it under.
    fn taken_as(&self) -> Option<&str> {
        match &self.outcome {
            AttemptOutcome::Succeeded { provider_message_id, .. }
            | AttemptOutcome::Proved { provider_message_id, .. } => provider_message_id.as_deref(),
            AttemptOutcome::Open | AttemptOutcome::Failed { .. } | AttemptOutcome::Unknown { .. } => None,
        }
    }

    /// Whether the provider took it under another id than this one.
    fn was_taken_beside(&self, id: Option<&str>) -> bool {
        id.zip(self.taken_as()).is_some_and(|(id, taken)| id != taken)
    }
}

impl Delivery {
    /// The receipt that tells what became of the message: a complaint before a bounce or a wish not to get messages, these
    /// before an arrival, and of equals the last by the provider's time.
    pub fn receipt(&self) -> Option<&ReceiptState> {
        let rank = |says| match says {
            ReceiptSays::Deferred => 0,
            ReceiptSays::Delivered | ReceiptSays::Undelivered => 1,
            ReceiptSays::Bounced | ReceiptSays::OptedOut => 2,
            ReceiptSays::Complained => 3,
        };
        self.receipts.iter().max_by_key(|receipt| (rank(receipt.says), receipt.occurred_at))
    }

    /// The attempt of a receipt, of those that its entries carried: the one that was taken under its id; else the last one without
    /// an outcome; else the last one that was not taken under another id. Another message of the same account has none.
    fn attempt_of(&self, receipt: &RecordReceipt) -> Option<(u32, &AttemptState)> {
        let last = |fits: &dyn Fn(&AttemptState) -> bool| {
            (1..).zip(&self.attempts).filter(|(_, attempt)| fits(attempt)).last()
        };
        let is_its = |attempt: &AttemptState| receipt.entry_of(attempt).is_some();
        let id = receipt.provider_message_id.as_deref();
        let may_be_its = |attempt: &AttemptState| is_its(attempt) && !attempt.was_taken_beside(id);
        last(&|attempt| is_its(attempt) && id.is_some_and(|id| attempt.taken_as() == Some(id)))
            .or_else(|| last(&|attempt| may_be_its(attempt) && attempt.has_no_outcome()))
            .or_else(|| last(&may_be_its))
    }

    /// Whether a delivery waits to be tried again, and its last attempt was taken after all: what a proxy between answered, say.
    fn was_misjudged(&self, number: u32, attempt: &AttemptState, says: ReceiptSays) -> bool {
        let was_taken = matches!(says, ReceiptSays::Deferred | ReceiptSays::Delivered);
        let failed = matches!(attempt.outcome, AttemptOutcome::Failed { .. });
        let waits = matches!(self.state, DeliveryState::Waiting { .. });
        was_taken && failed && waits && number + 1 == self.next_attempt()
    }

    /// The attempt, if its success may still be recorded: a receipt may have been there before the answer.
    pub(super) fn answered_attempt(&self, number: u32) -> Result<&AttemptState, Refusal> {
        match self.attempt(number) {
            Some(attempt) if matches!(attempt.outcome, AttemptOutcome::Proved { .. }) => Ok(attempt),
            _ => self.open_attempt(number),
        }
    }
}
