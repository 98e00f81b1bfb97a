//! A delivery that ended without being sent, made due again by an operator: the redrive.
//!
//! What follows is a new send: the rounds of the schedule begin anew, every provider may carry it, and providers deduplicate it
//! by a key of its own, so that none of them takes it for the message before. An outcome that was unknown before stays so, and
//! marks what is sent as a possible duplicate.

use serde::{Deserialize, Serialize};

use super::event::NotificationEvent;
use super::plan::{SkipReason, TemplateRef};
use super::refusal::NotificationRefusal as Refusal;
use super::state::{Delivery, DeliveryState, Story};
use crate::cause::Cause;
use crate::channel::Channel;
use crate::id::{DedupKey, DeliveryId, RedriveId};
use crate::timestamp::Timestamp;

/// Most attempts of a delivery that is made due again: what bounds its stream.
pub(super) const MOST_ATTEMPTS: usize = 512;

/// See [`NotificationEvent::DeliveryRequeued`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRequeued {
    /// The channel.
    pub channel: Channel,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Number of the attempt that is due.
    pub attempt: u32,
    /// The key that providers deduplicate the following attempts by.
    pub dedup_key: DedupKey,
    /// The version that is rendered, where rendering had failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRef>,
    /// When the message stops being of use, where the trigger or the template said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether an earlier attempt may have been taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possible_duplicate: bool,
    /// The redrive that it is part of.
    pub redrive: RedriveId,
    /// Actor that asked for the redrive.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See `NotificationCommand::Requeue`.
#[derive(Clone, Debug)]
pub struct Requeue {
    /// The channel.
    pub channel: Channel,
    /// The template of today, for a delivery that was never rendered; `None` where there is none that is active.
    pub template: Option<TemplateRef>,
    /// The redrive that it is part of.
    pub redrive: RedriveId,
    /// When the redrive was asked for: what ended later is not part of it.
    pub asked_at: Timestamp,
    /// Actor that asked for the redrive.
    pub by: String,
    /// Now.
    pub at: Timestamp,
}

/// The last requeue of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requeued {
    /// How many attempts there were before it.
    pub attempts_before: usize,
    /// The redrive that it was part of.
    pub redrive: RedriveId,
    /// How often the delivery has been requeued.
    pub times: u32,
    /// When.
    pub at: Timestamp,
}

impl Story {
    /// A redrive requeues a delivery once: asked again, it has nothing new to say.
    pub(super) fn requeue(&self, requeue: Requeue) -> Result<Vec<NotificationEvent>, Refusal> {
        let delivery = self.deliveries.get(&requeue.channel).ok_or(Refusal::NotPlanned)?;
        if delivery.requeued.is_some_and(|before| before.redrive == requeue.redrive) {
            return Ok(Vec::new());
        }
        delivery.may_requeue(&requeue)?;
        let template = if delivery.content.is_some() {
            None
        } else {
            Some(requeue.template.ok_or(Refusal::NoTemplate)?)
        };
        let times = delivery.requeued.map_or(0, |before| before.times) + 1;
        Ok(vec![NotificationEvent::DeliveryRequeued(DeliveryRequeued {
            channel: requeue.channel,
            delivery_id: delivery.id,
            attempt: delivery.next_attempt(),
            dedup_key: DedupKey::of(delivery.id, times),
            template,
            expires_at: delivery.expires_at,
            possible_duplicate: delivery.may_have_been_taken(),
            redrive: requeue.redrive,
            by: requeue.by,
            at: requeue.at,
        })])
    }
}

impl Delivery {
    /// Whether an operator may make it due again at that time.
    fn may_requeue(&self, requeue: &Requeue) -> Result<(), Refusal> {
        if self.template.is_none() {
            return Err(Refusal::NotPlanned);
        }
        match &self.state {
            DeliveryState::Abandoned { cause } if *cause == Cause::Expired.to_string() => {
                return Err(Refusal::Expired);
            }
            DeliveryState::Abandoned { .. }
            | DeliveryState::Skipped { reason: SkipReason::TenantInactive | SkipReason::NoProvider } => {}
            DeliveryState::Skipped { reason: SkipReason::Expired } => return Err(Refusal::Expired),
            DeliveryState::Skipped { reason: SkipReason::Suppressed } => return Err(Refusal::Suppressed),
            DeliveryState::Skipped { reason: SkipReason::RecipientForgotten } => {
                return Err(Refusal::Forgotten);
            }
            DeliveryState::Skipped {
                reason:
                    SkipReason::NotRequested
                    | SkipReason::NotWhitelisted
                    | SkipReason::NoTemplate
                    | SkipReason::TemplateInactive
                    | SkipReason::NoAddress
                    | SkipReason::OptedOut
                    | SkipReason::TooLarge
                    | SkipReason::Unaddressable,
            }
            | DeliveryState::Planned
            | DeliveryState::Attempting { .. }
            | DeliveryState::Waiting { .. }
            | DeliveryState::Held { .. }
            | DeliveryState::Sent { .. } => return Err(Refusal::NotADeadLetter),
        }
        if self.ended_at.is_some_and(|ended| ended > requeue.asked_at) {
            return Err(Refusal::NotADeadLetter);
        }
        if self.expires_at.is_some_and(|expires| requeue.at >= expires) {
            return Err(Refusal::Expired);
        }
        if self.attempts.len() >= MOST_ATTEMPTS {
            return Err(Refusal::TooManyAttempts);
        }
        Ok(())
    }

    /// Whether any attempt, of before a requeue too, may have been taken.
    pub(super) fn may_have_been_taken(&self) -> bool {
        self.attempts.iter().any(super::state::AttemptState::is_unknown)
    }

    pub(super) fn requeued(&mut self, requeued: &DeliveryRequeued) {
        self.requeued = Some(Requeued {
            attempts_before: self.attempts.len(),
            redrive: requeued.redrive,
            times: self.requeued.map_or(0, |before| before.times) + 1,
            at: requeued.at,
        });
        self.dedup_key = requeued.dedup_key;
        self.template = requeued.template.or(self.template);
        self.resend_decided = false;
        self.hold_cause = None;
        self.ended_at = None;
        self.state =
            DeliveryState::Waiting { due: requeued.at, possible_duplicate: requeued.possible_duplicate };
    }
}
