//! The rules of a notification: which command is allowed when, and what it makes happen.

use std::time::Duration;

use super::command::{
    AfterFailure, DeliverPush, HoldDelivery, MarkOutcomeUnknown, MarkRead, NotificationCommand,
    RecordFailure, RecordSuccess, Resolve, SkipDelivery, StartAttempt,
};
use super::event::{
    AttemptFailed, AttemptOutcomeUnknown, AttemptStarted, AttemptSucceeded, DeliveryAbandoned, DeliveryHeld,
    DeliverySkipped, FailureClass, FailureScope, NotificationEvent, NotificationRead, OutcomeResolved,
};
use super::refusal::NotificationRefusal as Refusal;
use super::requeue::MOST_ATTEMPTS;
use super::state::{AttemptOutcome, Delivery, DeliveryState, Notification, Story};
use crate::cause::Cause;
use crate::channel::Channel;
use crate::provider::{Dedup, HUB, HUB_INSTANCE, SANDBOX};
use crate::timestamp::Timestamp;
use crate::unknown_policy::UnknownPolicy;

/// How long a throttled provider is left alone that does not say how long.
const THROTTLED: Duration = Duration::from_secs(30);
/// The shortest delay before a new round.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

type Decision = Result<Vec<NotificationEvent>, Refusal>;

impl Notification {
    /// Decides on a command. An empty list means that there is nothing new to say.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn decide(&self, command: NotificationCommand) -> Decision {
        if let NotificationCommand::Trigger(trigger) = command {
            return match self.story() {
                Some(_) => Err(Refusal::AlreadyAccepted),
                None => Ok(vec![NotificationEvent::NotificationAccepted(trigger.accepted)]),
            };
        }
        let story = self.story().ok_or(Refusal::NotAccepted)?;
        match command {
            NotificationCommand::Trigger(_) => Err(Refusal::AlreadyAccepted),
            NotificationCommand::StartAttempt(start) => story.start_attempt(start),
            NotificationCommand::DeliverPush(push) => story.deliver_push(push),
            NotificationCommand::RecordSuccess(success) => story.record_success(success),
            NotificationCommand::RecordFailure(failure) => story.record_failure(failure),
            NotificationCommand::MarkOutcomeUnknown(mark) => story.mark_unknown(&mark),
            NotificationCommand::Resolve(resolve) => story.resolve(resolve),
            NotificationCommand::Hold(hold) => story.hold(hold),
            NotificationCommand::Skip(skip) => story.skip(&skip),
            NotificationCommand::Requeue(requeue) => story.requeue(requeue),
            NotificationCommand::Unstick(unstick) => story.unstick(unstick),
            NotificationCommand::RecordReceipt(receipt) => story.record_receipt(receipt),
            NotificationCommand::MarkRead(read) => self.mark_read(story, &read),
        }
    }

    fn mark_read(&self, story: &Story, read: &MarkRead) -> Decision {
        if story.accepted.recipient_ref != read.recipient || !self.in_inbox() {
            return Err(Refusal::NotInInbox);
        }
        Ok(match story.read_at {
            Some(_) => Vec::new(),
            None => vec![NotificationEvent::NotificationRead(NotificationRead { at: read.at })],
        })
    }
}

/// Clocks of one installation are not further apart than this.
const CLOCKS_APART: Duration = Duration::from_mins(1);

/// Whether a moment in the log lies ahead of now: the clock was set back since, so what was reckoned from that moment says
/// nothing any more.
fn is_yet_to_come(moment: Timestamp, now: Timestamp) -> bool {
    moment > now.plus(CLOCKS_APART)
}

impl Story {
    fn delivery(&self, channel: Channel) -> Result<&Delivery, Refusal> {
        self.deliveries.get(&channel).ok_or(Refusal::NotPlanned)
    }

    fn start_attempt(&self, start: StartAttempt) -> Decision {
        let delivery = self.delivery(start.channel)?;
        let possible_duplicate = delivery.may_start(start.attempt, start.at)?;
        if self.accepted.testing && start.provider != SANDBOX {
            return Err(Refusal::SandboxOnly);
        }
        if let Some(unknown) = delivery.bound_to()
            && !unknown.was_carried_by(&start.provider, start.instance)
        {
            return Err(Refusal::OtherProvider);
        }
        let mut events = Vec::with_capacity(2);
        if delivery.content.is_none() {
            let rendered = start.rendered.filter(|rendered| rendered.channel == start.channel);
            events.push(NotificationEvent::DeliveryRendered(rendered.ok_or(Refusal::NotRendered)?));
        }
        events.push(NotificationEvent::AttemptStarted(AttemptStarted {
            channel: start.channel,
            delivery_id: Some(delivery.id),
            attempt: start.attempt,
            provider: start.provider,
            instance: Some(start.instance),
            dedup: start.dedup,
            expires_at: start.expires_at,
            possible_duplicate,
            at: start.at,
        }));
        Ok(events)
    }

    fn deliver_push(&self, push: DeliverPush) -> Decision {
        let delivery = self.delivery(Channel::Push)?;
        delivery.may_start(1, push.at)?;
        if push.rendered.channel != Channel::Push {
            return Err(Refusal::NotRendered);
        }
        let (channel, attempt, provider, at) = (Channel::Push, 1, HUB.to_owned(), push.at);
        let (delivery_id, instance) = (Some(delivery.id), Some(HUB_INSTANCE));
        Ok(vec![
            NotificationEvent::DeliveryRendered(push.rendered),
            NotificationEvent::AttemptStarted(AttemptStarted {
                channel,
                delivery_id,
                attempt,
                provider: provider.clone(),
                instance,
                dedup: Some(Dedup::FOR_EVER),
                expires_at: at,
                possible_duplicate: false,
                at,
            }),
            NotificationEvent::AttemptSucceeded(AttemptSucceeded {
                channel,
                delivery_id,
                attempt,
                provider,
                instance,
                provider_message_id: None,
                answer: None,
                still_open: None,
                at,
            }),
        ])
    }

    fn record_success(&self, success: RecordSuccess) -> Decision {
        let delivery = self.delivery(success.channel)?;
        let attempt = delivery.answered_attempt(success.attempt)?;
        Ok(vec![NotificationEvent::AttemptSucceeded(AttemptSucceeded {
            channel: success.channel,
            delivery_id: Some(delivery.id),
            attempt: success.attempt,
            provider: attempt.provider.clone(),
            instance: attempt.instance,
            provider_message_id: success.provider_message_id,
            answer: success.answer,
            still_open: delivery.open_beside(success.attempt),
            at: success.at,
        })])
    }

    fn record_failure(&self, failure: RecordFailure) -> Decision {
        let delivery = self.delivery(failure.channel)?;
        let before_first = failure.attempt == 0;
        if before_first {
            delivery.may_start(delivery.next_attempt(), failure.at)?;
            return Ok(vec![NotificationEvent::DeliveryAbandoned(DeliveryAbandoned {
                channel: failure.channel,
                cause: failure.cause,
                attempts: delivery.next_attempt() - 1,
                at: failure.at,
            })]);
        }
        let attempt = delivery.open_attempt(failure.attempt)?;
        let is_last = failure.attempt + 1 == delivery.next_attempt();
        let ended = match delivery.state {
            DeliveryState::Sent { .. } | DeliveryState::Abandoned { .. } | DeliveryState::Skipped { .. } => {
                true
            }
            DeliveryState::Planned
            | DeliveryState::Attempting { .. }
            | DeliveryState::Waiting { .. }
            | DeliveryState::Held { .. } => false,
        };
        // What comes late of an attempt from before a requeue says nothing of the send that follows it.
        let is_current =
            u32::try_from(delivery.attempts_before()).is_ok_and(|before| failure.attempt > before);
        let decides = is_last && is_current && !ended;
        let delay = match failure.class {
            FailureClass::Permanent => None,
            FailureClass::Retryable => delivery.delay_after(&failure),
        };
        let planned_due = delay.filter(|_| decides).map(|delay| failure.at.plus(delay));
        let next_due = planned_due.filter(|due| *due < failure.deadline);
        let cause = failure.cause.clone();
        let mut events = vec![NotificationEvent::AttemptFailed(AttemptFailed {
            channel: failure.channel,
            delivery_id: Some(delivery.id),
            attempt: failure.attempt,
            provider: Some(attempt.provider.clone()),
            instance: attempt.instance,
            class: failure.class,
            scope: Some(failure.scope),
            cause: failure.cause,
            answer: failure.answer,
            next_due,
            settles: delivery.is_settled_by(failure.attempt),
            at: failure.at,
        })];
        if decides && next_due.is_none() {
            // The failure's own cause stands in the event before.
            let cause = if planned_due.is_some() { Cause::Expired.into() } else { cause };
            let (channel, at) = (failure.channel, failure.at);
            events.push(if delivery.is_unknown_beside(failure.attempt) {
                let (delivery_id, attempt) = (delivery.id, failure.attempt);
                NotificationEvent::DeliveryHeld(DeliveryHeld { channel, delivery_id, attempt, cause, at })
            } else {
                let attempts = failure.attempt;
                NotificationEvent::DeliveryAbandoned(DeliveryAbandoned { channel, cause, attempts, at })
            });
        } else if is_current && delivery.is_held_for(failure.attempt) {
            // Nothing is unknown any more.
            events.push(NotificationEvent::DeliveryAbandoned(DeliveryAbandoned {
                channel: failure.channel,
                cause,
                attempts: delivery.next_attempt() - 1,
                at: failure.at,
            }));
        }
        Ok(events)
    }

    fn mark_unknown(&self, mark: &MarkOutcomeUnknown) -> Decision {
        let delivery = self.delivery(mark.channel)?;
        let attempt = delivery.attempt(mark.attempt).ok_or(Refusal::OutcomeKnown)?;
        if attempt.outcome != AttemptOutcome::Open {
            return Err(Refusal::OutcomeKnown);
        }
        if !mark.by_sender && mark.at < attempt.expires_at && !is_yet_to_come(attempt.started_at, mark.at) {
            return Err(Refusal::StillRunning);
        }
        let settles = delivery.is_settled_by(mark.attempt);
        let deduplicated = attempt.is_deduplicated_at(mark.at) && !delivery.may_repeat_at(mark.at);
        // A receipt, where one comes, tells what sending again would only guess.
        let receipt_until = mark.receipt_within.map(|within| mark.at.plus(within));
        let due = match mark.policy {
            _ if !mark.asks_again => None,
            _ if deduplicated => delivery.delay_before_asking_again(mark).map(|delay| mark.at.plus(delay)),
            UnknownPolicy::ResendOnce if delivery.bound_to().is_none() => {
                Some(receipt_until.unwrap_or(mark.at))
            }
            UnknownPolicy::ResendOnce | UnknownPolicy::Hold => None,
        };
        let resend_due = due.filter(|due| !settles && *due < mark.deadline);
        Ok(vec![NotificationEvent::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
            channel: mark.channel,
            delivery_id: Some(delivery.id),
            attempt: mark.attempt,
            provider: Some(attempt.provider.clone()),
            instance: attempt.instance,
            cause: Some(mark.cause.clone()),
            resend_due,
            receipt_until: receipt_until.filter(|_| resend_due.is_none() && !settles),
            possible_duplicate: resend_due.is_some()
                && (!deduplicated || delivery.doubt_before(mark.attempt)),
            settles,
            at: mark.at,
        })])
    }

    fn resolve(&self, resolve: Resolve) -> Decision {
        let DeliveryState::Held { attempt } = self.delivery(resolve.channel)?.state else {
            return Err(Refusal::NothingToResolve);
        };
        Ok(vec![NotificationEvent::OutcomeResolved(OutcomeResolved {
            channel: resolve.channel,
            attempt,
            resolution: resolve.resolution,
            by: resolve.by,
            at: resolve.at,
        })])
    }

    fn hold(&self, hold: HoldDelivery) -> Decision {
        let delivery = self.delivery(hold.channel)?;
        if !matches!(delivery.state, DeliveryState::Waiting { .. }) || delivery.bound_to().is_none() {
            return Err(Refusal::NothingToHold);
        }
        Ok(vec![NotificationEvent::DeliveryHeld(DeliveryHeld {
            channel: hold.channel,
            delivery_id: delivery.id,
            attempt: delivery.next_attempt() - 1,
            cause: hold.cause,
            at: hold.at,
        })])
    }

    fn skip(&self, skip: &SkipDelivery) -> Decision {
        let delivery = self.delivery(skip.channel)?;
        delivery.may_start(delivery.next_attempt(), skip.at)?;
        Ok(vec![NotificationEvent::DeliverySkipped(DeliverySkipped {
            channel: skip.channel,
            reason: skip.reason,
            at: skip.at,
        })])
    }
}

impl Delivery {
    /// Whether that attempt may be claimed now; answers whether it may be a duplicate.
    fn may_start(&self, attempt: u32, at: crate::timestamp::Timestamp) -> Result<bool, Refusal> {
        let duplicate = match self.state {
            DeliveryState::Planned => false,
            DeliveryState::Waiting { .. } if attempt != self.next_attempt() => {
                return Err(Refusal::AttemptTaken);
            }
            DeliveryState::Waiting { due, .. } if at < due => return Err(Refusal::NotDue),
            DeliveryState::Waiting { possible_duplicate, .. } => possible_duplicate || self.may_repeat_at(at),
            DeliveryState::Skipped { .. } if self.template.is_none() => return Err(Refusal::NotPlanned),
            DeliveryState::Skipped { .. }
            | DeliveryState::Attempting { .. }
            | DeliveryState::Held { .. }
            | DeliveryState::Sent { .. }
            | DeliveryState::Abandoned { .. } => return Err(Refusal::AttemptTaken),
        };
        if attempt == self.next_attempt() { Ok(duplicate) } else { Err(Refusal::AttemptTaken) }
    }

    /// How long after a failure the next attempt is due; `None` after the last round.
    ///
    /// No delay at all is said of a failover alone, so that the log tells the rounds.
    fn delay_after(&self, failure: &RecordFailure) -> Option<Duration> {
        let may_go_on = self.attempts.len() < MOST_ATTEMPTS;
        match (failure.then, failure.scope) {
            (AfterFailure::OtherProvider, _) => may_go_on.then_some(Duration::ZERO),
            // No round ends by it, so that the schedule would never end it.
            (AfterFailure::Schedule, FailureScope::Throttled) => {
                may_go_on.then(|| failure.retry_after.unwrap_or(THROTTLED).max(SHORTEST_DELAY))
            }
            (
                AfterFailure::Schedule,
                FailureScope::Message | FailureScope::Pairing | FailureScope::Provider,
            ) => {
                let delay = failure.schedule.delay_after(self.round(), failure.retry_after, failure.jitter);
                delay.map(|delay| delay.max(SHORTEST_DELAY))
            }
        }
    }

    /// Whether the outcome of an attempt since a requeue, other than that one, is unknown.
    fn is_unknown_beside(&self, number: u32) -> bool {
        let mut numbered = (1..).zip(&self.attempts).skip(self.attempts_before());
        numbered.any(|(other, attempt)| other != number && attempt.is_unknown())
    }

    /// Whether it is held for that attempt alone, because no other outcome is unknown.
    fn is_held_for(&self, number: u32) -> bool {
        matches!(self.state, DeliveryState::Held { attempt } if attempt != number)
            && !self.is_unknown_beside(number)
    }

    /// How long after an unknown outcome a provider that deduplicates is asked again: the first time at once, then by the
    /// schedule; `None` after its last delay.
    fn delay_before_asking_again(&self, mark: &MarkOutcomeUnknown) -> Option<Duration> {
        let unknown = self.since_requeue().iter().filter(|attempt| attempt.is_unknown()).count();
        match u32::try_from(unknown).unwrap_or(u32::MAX) {
            _ if self.attempts.len() >= MOST_ATTEMPTS => None,
            0 => Some(Duration::ZERO),
            before => mark.schedule.delay_after(before, None, mark.jitter),
        }
    }

    /// Whether nothing is left to happen once that attempt is known not to have been taken, or given up on.
    fn is_settled_by(&self, attempt: u32) -> bool {
        matches!(self.state, DeliveryState::Sent { .. }) && self.open_beside(attempt).is_none()
    }

    /// The attempt, if its outcome is still open or unknown: a late answer is recorded and wins.
    pub(super) fn open_attempt(&self, number: u32) -> Result<&super::state::AttemptState, Refusal> {
        let attempt = self.attempt(number).ok_or(Refusal::NoSuchAttempt)?;
        match attempt.outcome {
            AttemptOutcome::Open | AttemptOutcome::Unknown { .. } => Ok(attempt),
            AttemptOutcome::Succeeded { .. }
            | AttemptOutcome::Proved { .. }
            | AttemptOutcome::Failed { .. } => Err(Refusal::OutcomeKnown),
        }
    }
}
