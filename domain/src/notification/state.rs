//! What a notification's events amount to: the fold that decisions and answers read.
//!
//! `evolve` never refuses and reads no clock: every order of events that a stream can hold has a state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{Accepted, FailureClass, FailureScope, NotificationEvent, OpenAttempt, Resolution};
use super::plan::{PlanOutcome, SkipReason, TemplateRef};
use super::receipt::ReceiptState;
use super::requeue::Requeued;
use crate::cause::Cause;
use crate::channel::Channel;
use crate::id::{AddressRef, DedupKey, DeliveryId, ProviderInstanceId};
use crate::provider::Dedup;
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;

/// A notification: nothing yet, or its story.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    story: Option<Box<Story>>,
}

/// Everything known of an accepted notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// What was accepted.
    pub accepted: Arc<Accepted>,
    /// Each channel's delivery, skipped ones too.
    pub deliveries: BTreeMap<Channel, Delivery>,
    /// When the recipient read it.
    pub read_at: Option<Timestamp>,
}

/// All tries of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The key that providers deduplicate it by.
    pub dedup_key: DedupKey,
    /// The template planned, if any.
    pub template: Option<TemplateRef>,
    /// The look-up form of the address.
    pub address_ref: Option<AddressRef>,
    /// When it stops being of use, where the trigger or the template said so.
    pub expires_at: Option<Timestamp>,
    /// Whether an operator has decided on the attempt that it waits for, which no deadline ends.
    pub resend_decided: bool,
    /// Where it stands.
    pub state: DeliveryState,
    /// The sealed content, once rendered.
    pub content: Option<Sealed>,
    /// Variables the template lacked.
    pub missing: Vec<String>,
    /// The push category.
    pub category: Option<String>,
    /// Its attempts in order; attempt n stands at n - 1.
    pub attempts: Vec<AttemptState>,
    /// The code of why a resend was left to an operator, where it was.
    pub hold_cause: Option<String>,
    /// Until when a receipt may settle what is held, where its provider calls back.
    pub receipt_until: Option<Timestamp>,
    /// Its last requeue.
    pub requeued: Option<Requeued>,
    /// When it ended without being sent, if it did.
    pub ended_at: Option<Timestamp>,
    /// When it was last found stuck.
    pub unstuck_at: Option<Timestamp>,
    /// What its providers called back with, in the order of recording.
    pub receipts: Vec<ReceiptState>,
}

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// Due since acceptance.
    Planned,
    /// Nothing is sent.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// An attempt is claimed.
    Attempting {
        /// Which.
        attempt: u32,
        /// Until when its call may start.
        expires_at: Timestamp,
    },
    /// The next attempt is due at a time.
    Waiting {
        /// When.
        due: Timestamp,
        /// Whether it may arrive twice.
        possible_duplicate: bool,
    },
    /// An outcome is unknown and an operator must decide.
    Held {
        /// Which attempt.
        attempt: u32,
    },
    /// The provider took it.
    Sent {
        /// Which attempt.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Abandoned {
        /// The last failure's code.
        cause: String,
    },
}

/// One try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptState {
    /// The kind of the provider that carried it.
    pub provider: String,
    /// The provider's entry in the configuration; absent in events from before it was kept.
    pub instance: Option<ProviderInstanceId>,
    /// For how long the provider deduplicates; `None` where it does not.
    pub dedup: Option<Dedup>,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// Until when its call may start.
    pub expires_at: Timestamp,
    /// Whether an earlier one may have been taken.
    pub possible_duplicate: bool,
    /// How it ended.
    pub outcome: AttemptOutcome,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// Not known yet.
    Open,
    /// Taken.
    Succeeded {
        /// When.
        at: Timestamp,
        /// The provider's id.
        provider_message_id: Option<String>,
    },
    /// Taken, by a receipt alone: the answer to its request did not come, or has yet to.
    Proved {
        /// When the receipt was recorded.
        at: Timestamp,
        /// The provider's id.
        provider_message_id: Option<String>,
    },
    /// Not taken.
    Failed {
        /// When.
        at: Timestamp,
        /// Whether trying again can help.
        class: FailureClass,
        /// Its scope; absent in events from before it was kept.
        scope: Option<FailureScope>,
        /// A stable code.
        cause: String,
        /// When the next attempt is due.
        next_due: Option<Timestamp>,
    },
    /// Nobody knows.
    Unknown {
        /// Since when.
        at: Timestamp,
        /// A stable code of why; absent in events from before it was kept.
        cause: Option<String>,
    },
}

impl DeliveryState {
    /// The stable name shown to tenants and operators.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Planned => "PLANNED",
            Self::Skipped { .. } => "SKIPPED",
            Self::Attempting { .. } => "SENDING",
            Self::Waiting { .. } => "RETRYING",
            Self::Held { .. } => "UNKNOWN",
            Self::Sent { .. } => "SENT",
            Self::Abandoned { .. } => "FAILED",
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Planned | Self::Attempting { .. } | Self::Waiting { .. } => false,
            Self::Skipped { .. } | Self::Held { .. } | Self::Sent { .. } | Self::Abandoned { .. } => true,
        }
    }
}

impl AttemptState {
    /// Whether the outcome is unknown.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Unknown { .. })
    }

    /// Whether its provider, given the delivery again at that time, would not send it again.
    pub fn is_deduplicated_at(&self, at: Timestamp) -> bool {
        self.dedup.is_some_and(|dedup| dedup.covers(self.started_at, at))
    }

    /// Whether it failed, and the failure speaks of that.
    pub fn failed_by(&self, of: FailureScope) -> bool {
        matches!(self.outcome, AttemptOutcome::Failed { scope: Some(scope), .. } if scope == of)
    }

    /// Whether it failed and the delivery waits before its next attempt.
    fn is_followed_later(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Failed { at, next_due: Some(due), .. } if due > at)
    }

    /// Whether that provider carried it. An attempt that names no instance is told by the provider's kind alone.
    pub fn was_carried_by(&self, provider: &str, instance: ProviderInstanceId) -> bool {
        self.instance.map_or(self.provider == provider, |own| own == instance)
    }
}

impl Delivery {
    /// The attempts since it was last requeued, all of them where it never was.
    pub fn since_requeue(&self) -> &[AttemptState] {
        self.attempts.get(self.attempts_before()..).unwrap_or_default()
    }

    /// How many attempts were made before it was last requeued.
    pub(super) fn attempts_before(&self) -> usize {
        self.requeued.map_or(0, |requeued| requeued.attempts_before)
    }

    /// The attempt whose provider alone may carry what follows: the last one since a requeue whose outcome is unknown.
    pub fn bound_to(&self) -> Option<&AttemptState> {
        self.since_requeue().iter().rev().find(|attempt| attempt.is_unknown())
    }

    /// Whether another attempt at that time may reach the recipient a second time: an outcome is unknown, and its provider
    /// does not deduplicate any more.
    pub fn may_repeat_at(&self, at: Timestamp) -> bool {
        let (before, since) = self.attempts.split_at(self.attempts.len() - self.since_requeue().len());
        before.iter().any(AttemptState::is_unknown)
            || since.iter().any(|attempt| attempt.is_unknown() && !attempt.is_deduplicated_at(at))
    }

    /// The round of the schedule that the next attempt is made in, from 1. A failure ends its round where the next attempt
    /// is due later, unless the provider was throttled.
    pub fn round(&self) -> u32 {
        let ended = self.since_requeue().iter().filter(|attempt| {
            let throttled = attempt.failed_by(FailureScope::Throttled);
            attempt.is_followed_later() && !throttled
        });
        u32::try_from(ended.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The attempts since the delivery last waited, in order: the providers asked already before it waits again.
    pub fn tried_in_turn(&self) -> &[AttemptState] {
        let attempts = self.since_requeue();
        let waited = attempts.iter().rposition(AttemptState::is_followed_later);
        &attempts[waited.map_or(0, |last| last + 1)..]
    }

    /// Whether that provider has said that it cannot carry this delivery.
    pub fn is_refused_by(&self, provider: &str, instance: ProviderInstanceId) -> bool {
        let refused = |attempt: &&AttemptState| attempt.failed_by(FailureScope::Pairing);
        self.since_requeue().iter().filter(refused).any(|attempt| attempt.was_carried_by(provider, instance))
    }

    /// The number that the next attempt will have.
    pub fn next_attempt(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The attempt of that number.
    pub fn attempt(&self, number: u32) -> Option<&AttemptState> {
        self.attempts.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Whether that attempt may have been a duplicate, and an outcome that made it one is still unknown: then
    /// the attempt after it may be one too.
    pub(super) fn doubt_before(&self, number: u32) -> bool {
        let earlier = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.attempt(number).is_some_and(|attempt| attempt.possible_duplicate)
            && self.attempts.iter().take(earlier).any(AttemptState::is_unknown)
    }

    /// The attempt under way, other than that one: a resend goes on when the first try is answered late.
    pub(super) fn open_beside(&self, number: u32) -> Option<OpenAttempt> {
        let mut numbered = (1..).zip(&self.attempts);
        let open =
            numbered.find(|(other, attempt)| *other != number && attempt.outcome == AttemptOutcome::Open);
        open.map(|(attempt, open)| OpenAttempt { attempt, expires_at: open.expires_at })
    }

    fn attempt_mut(&mut self, number: u32) -> Option<&mut AttemptState> {
        self.attempts.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    fn settle(&mut self, number: u32, outcome: AttemptOutcome) {
        if let Some(attempt) = self.attempt_mut(number) {
            attempt.outcome = outcome;
        }
    }
}

impl Notification {
    /// The story, once accepted.
    pub fn story(&self) -> Option<&Story> {
        self.story.as_deref()
    }

    /// The delivery on a channel.
    pub fn delivery(&self, channel: Channel) -> Option<&Delivery> {
        self.story()?.deliveries.get(&channel)
    }

    /// Whether the notification stands in the recipient's inbox: from when the push is rendered, whether or not
    /// anyone is connected.
    pub fn in_inbox(&self) -> bool {
        self.delivery(Channel::Push).is_some_and(|push| push.content.is_some())
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &NotificationEvent) -> Self {
        if let NotificationEvent::NotificationAccepted(accepted) = event {
            self.story = Some(Box::new(Story::begin(accepted)));
            return self;
        }
        let Some(story) = self.story.as_deref_mut() else { return self };
        if let NotificationEvent::NotificationRead(read) = event {
            story.read_at.get_or_insert(read.at);
            return self;
        }
        if let Some(delivery) = event.channel().and_then(|channel| story.deliveries.get_mut(&channel)) {
            delivery.evolve(event);
        }
        self
    }
}

impl Story {
    /// When a channel's delivery ends unsent: as trigger or template say, else so long after the acceptance, or after it was last
    /// requeued. An attempt that an
    /// operator decided on has no deadline.
    pub fn deadline(&self, channel: Channel, default: Duration) -> Timestamp {
        let delivery = self.deliveries.get(&channel);
        if delivery.is_some_and(|delivery| delivery.resend_decided) {
            return self.accepted.accepted_at.plus(Duration::MAX);
        }
        let own = delivery.and_then(|delivery| delivery.expires_at);
        let requeued = delivery.and_then(|delivery| delivery.requeued);
        let begun = requeued.map_or(self.accepted.accepted_at, |requeued| requeued.at);
        own.unwrap_or_else(|| begun.plus(default))
    }

    /// Whether a message of the channel left without an answer, so that it may have arrived.
    pub fn may_have_arrived(&self, channel: Channel) -> bool {
        self.deliveries.get(&channel).is_some_and(|delivery| delivery.bound_to().is_some())
    }

    fn begin(accepted: &Arc<Accepted>) -> Self {
        let delivery = |planned: &super::plan::PlannedChannel| {
            let (template, state) = match &planned.outcome {
                PlanOutcome::Planned { template } => (Some(*template), DeliveryState::Planned),
                PlanOutcome::Skipped { reason } => (None, DeliveryState::Skipped { reason: *reason }),
            };
            let delivery = Delivery {
                id: planned.delivery_id,
                dedup_key: DedupKey::first(planned.delivery_id),
                template,
                address_ref: planned.address_ref,
                expires_at: planned.expires_at,
                resend_decided: false,
                state,
                content: None,
                missing: Vec::new(),
                category: None,
                attempts: Vec::new(),
                hold_cause: None,
                receipt_until: None,
                requeued: None,
                ended_at: None,
                unstuck_at: None,
                receipts: Vec::new(),
            };
            (planned.channel, delivery)
        };
        let deliveries = accepted.plan.iter().map(delivery).collect();
        Self { accepted: Arc::clone(accepted), deliveries, read_at: None }
    }
}

impl Delivery {
    fn evolve(&mut self, event: &NotificationEvent) {
        match event {
            NotificationEvent::NotificationAccepted(_) | NotificationEvent::NotificationRead(_) => {}
            NotificationEvent::DeliveryRendered(rendered) => {
                self.content = Some(rendered.content.clone());
                self.missing.clone_from(&rendered.missing);
                self.category.clone_from(&rendered.category);
            }
            NotificationEvent::AttemptStarted(started) => {
                self.resend_decided = false;
                self.attempts.push(AttemptState {
                    provider: started.provider.clone(),
                    instance: started.instance,
                    dedup: started.dedup,
                    started_at: started.at,
                    expires_at: started.expires_at,
                    possible_duplicate: started.possible_duplicate,
                    outcome: AttemptOutcome::Open,
                });
                self.state =
                    DeliveryState::Attempting { attempt: started.attempt, expires_at: started.expires_at };
            }
            NotificationEvent::AttemptSucceeded(succeeded) => {
                let provider_message_id = succeeded.provider_message_id.clone();
                let at = succeeded.at;
                self.settle(succeeded.attempt, AttemptOutcome::Succeeded { at, provider_message_id });
                self.state = DeliveryState::Sent { attempt: succeeded.attempt, at };
            }
            NotificationEvent::AttemptFailed(failed) => {
                let outcome = AttemptOutcome::Failed {
                    at: failed.at,
                    class: failed.class,
                    scope: failed.scope,
                    cause: failed.cause.clone(),
                    next_due: failed.next_due,
                };
                self.settle(failed.attempt, outcome);
                if let Some(due) = failed.next_due {
                    let possible_duplicate = self.doubt_before(failed.attempt);
                    self.state = DeliveryState::Waiting { due, possible_duplicate };
                }
            }
            NotificationEvent::AttemptOutcomeUnknown(unknown) => {
                self.settle(
                    unknown.attempt,
                    AttemptOutcome::Unknown { at: unknown.at, cause: unknown.cause.clone() },
                );
                if !unknown.settles {
                    self.receipt_until = unknown.receipt_until;
                    self.state = match unknown.resend_due {
                        Some(due) => {
                            DeliveryState::Waiting { due, possible_duplicate: unknown.possible_duplicate }
                        }
                        None => DeliveryState::Held { attempt: unknown.attempt },
                    };
                }
            }
            NotificationEvent::OutcomeResolved(resolved) => {
                self.hold_cause = None;
                self.resend_decided = resolved.resolution == Resolution::Resend;
                self.state = match resolved.resolution {
                    Resolution::Delivered => {
                        DeliveryState::Sent { attempt: resolved.attempt, at: resolved.at }
                    }
                    Resolution::Resend => {
                        DeliveryState::Waiting { due: resolved.at, possible_duplicate: true }
                    }
                    Resolution::Drop => DeliveryState::Abandoned { cause: Cause::Dropped.into() },
                };
                self.ended_at = (resolved.resolution == Resolution::Drop).then_some(resolved.at);
            }
            NotificationEvent::DeliveryHeld(held) => {
                self.state = DeliveryState::Held { attempt: held.attempt };
                self.hold_cause = Some(held.cause.clone());
            }
            NotificationEvent::DeliveryAbandoned(abandoned) => {
                self.state = DeliveryState::Abandoned { cause: abandoned.cause.clone() };
                self.ended_at = Some(abandoned.at);
            }
            NotificationEvent::DeliverySkipped(skipped) => {
                self.state = DeliveryState::Skipped { reason: skipped.reason };
                self.ended_at = Some(skipped.at);
            }
            NotificationEvent::DeliveryRequeued(requeued) => self.requeued(requeued),
            NotificationEvent::DeliveryUnstuck(unstuck) => self.unstuck(unstuck),
            NotificationEvent::ReceiptRecorded(receipt) => {
                self.receipts.push(ReceiptState::of(receipt));
                if receipt.proves {
                    let (at, provider_message_id) = (receipt.at, receipt.provider_message_id.clone());
                    self.settle(receipt.attempt, AttemptOutcome::Proved { at, provider_message_id });
                    self.state = DeliveryState::Sent { attempt: receipt.attempt, at };
                }
            }
        }
    }
}
