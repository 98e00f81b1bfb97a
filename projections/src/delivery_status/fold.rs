//! Folds events into what changes in deliveries and attempts.
//!
//! Every change is an assignment that may be made again: a row is guarded by the sequence of the last event that
//! changed it. A delivery's status is the one that the notification's own fold has (`Delivery::state`).

use std::collections::BTreeMap;
use std::sync::Arc;

use orqestra_domain::notification::{
    Accepted, AttemptStarted, DeliveryRendered, NotificationEvent, PlanOutcome, PlannedChannel, Resolution,
    SkipReason,
};
use orqestra_domain::{Channel, NotificationId, TenantId, Timestamp};
use orqestra_event_log::{Position, RecordedEvent};

use super::{AttemptOutcome, Status};
use crate::fact::{Fact, UnreadableFact};

pub(crate) type DeliveryKey = (TenantId, NotificationId, Channel);
pub(crate) type AttemptKey = (DeliveryKey, u32);

/// What changes, by row.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    pub(crate) deliveries: BTreeMap<DeliveryKey, DeliveryChange<'a>>,
    pub(crate) attempts: BTreeMap<AttemptKey, AttemptChange<'a>>,
}

/// What changes in a delivery, or the whole of it where the acceptance is among the events.
#[derive(Default)]
pub(crate) struct DeliveryChange<'a> {
    pub(crate) planned: Option<Planned<'a>>,
    pub(crate) status: Option<StatusChange>,
    pub(crate) provider: Option<&'a str>,
    /// The highest number of an attempt; 0 where none started.
    pub(crate) attempts: u32,
    pub(crate) last_cause: Option<&'a str>,
    pub(crate) provider_message_id: Option<&'a str>,
    pub(crate) possible_duplicate: bool,
    pub(crate) rendered: Option<&'a DeliveryRendered>,
    pub(crate) first_attempt_at: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    /// Whether an operator made it due again.
    pub(crate) requeued: bool,
    pub(crate) sequence: i64,
}

/// What a delivery is born with.
pub(crate) struct Planned<'a> {
    pub(crate) accepted: &'a Accepted,
    pub(crate) line: &'a PlannedChannel,
    pub(crate) position: Position,
}

/// A status and what is told with it. The times belong to it and go with it.
#[derive(Clone, Copy)]
pub(crate) struct StatusChange {
    pub(crate) status: Status,
    pub(crate) at: Timestamp,
    pub(crate) reason: Option<SkipReason>,
    pub(crate) next_due: Option<Timestamp>,
}

/// What changes in an attempt, or the whole of it where its start is among the events.
#[derive(Default)]
pub(crate) struct AttemptChange<'a> {
    pub(crate) started: Option<&'a AttemptStarted>,
    pub(crate) ended: Option<Ended<'a>>,
    pub(crate) sequence: i64,
}

/// How an attempt ended.
pub(crate) struct Ended<'a> {
    pub(crate) outcome: AttemptOutcome,
    pub(crate) at: Timestamp,
    pub(crate) cause: Option<&'a str>,
}

impl<'a> Changes<'a> {
    /// Folds events that stand in log order.
    pub(crate) fn of(events: &'a [Arc<RecordedEvent>]) -> Result<Self, UnreadableFact> {
        let mut changes = Self::default();
        for recorded in events {
            match Fact::of(recorded)? {
                Fact::Notification(id, event) => changes.notification(recorded, id, event),
                Fact::Forgotten(_) | Fact::Suppression(_) | Fact::Other => {}
            }
        }
        Ok(changes)
    }

    fn notification(&mut self, recorded: &RecordedEvent, id: NotificationId, event: &'a NotificationEvent) {
        let sequence = recorded.sequence;
        if let NotificationEvent::NotificationAccepted(accepted) = event {
            for line in &accepted.plan {
                let planned = Planned { accepted, line, position: recorded.position };
                let key = (recorded.tenant, id, line.channel);
                self.deliveries.insert(key, DeliveryChange::begin(planned, sequence));
            }
            return;
        }
        let Some(channel) = event.channel() else { return };
        let key = (recorded.tenant, id, channel);
        let delivery = self.deliveries.entry(key).or_default();
        delivery.sequence = sequence;
        delivery.fold(event);

        let (number, started, ended) = match event {
            NotificationEvent::AttemptStarted(started) => (started.attempt, Some(started), None),
            NotificationEvent::AttemptSucceeded(succeeded) => {
                (succeeded.attempt, None, Some(Ended::new(AttemptOutcome::Succeeded, succeeded.at)))
            }
            NotificationEvent::AttemptFailed(failed) => {
                let ended =
                    Ended { cause: Some(&failed.cause), ..Ended::new(AttemptOutcome::Failed, failed.at) };
                (failed.attempt, None, Some(ended))
            }
            NotificationEvent::AttemptOutcomeUnknown(unknown) => {
                let ended = Ended {
                    cause: unknown.cause.as_deref(),
                    ..Ended::new(AttemptOutcome::Unknown, unknown.at)
                };
                (unknown.attempt, None, Some(ended))
            }
            NotificationEvent::ReceiptRecorded(receipt) if receipt.proves => {
                (receipt.attempt, None, Some(Ended::new(AttemptOutcome::Succeeded, receipt.at)))
            }
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::ReceiptRecorded(_)
            | NotificationEvent::OutcomeResolved(_)
            | NotificationEvent::DeliveryHeld(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::DeliveryAbandoned(_)
            | NotificationEvent::DeliverySkipped(_)
            | NotificationEvent::NotificationRead(_) => return,
        };
        let attempt = self.attempts.entry((key, number)).or_default();
        attempt.sequence = sequence;
        attempt.started = started.or(attempt.started);
        attempt.ended = ended.or(attempt.ended.take());
    }
}

impl<'a> DeliveryChange<'a> {
    fn begin(planned: Planned<'a>, sequence: i64) -> Self {
        let at = planned.accepted.accepted_at;
        let status = match &planned.line.outcome {
            PlanOutcome::Planned { .. } => StatusChange::new(Status::Planned, at),
            PlanOutcome::Skipped { reason } => StatusChange::skipped(*reason, at),
        };
        Self { planned: Some(planned), status: Some(status), sequence, ..Self::default() }
    }

    fn fold(&mut self, event: &'a NotificationEvent) {
        match event {
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::NotificationRead(_) => {}
            NotificationEvent::DeliveryRequeued(requeued) => {
                self.requeued = true;
                self.status = Some(StatusChange::retrying(requeued.at, requeued.at));
            }
            NotificationEvent::DeliveryRendered(rendered) => self.rendered = Some(rendered),
            NotificationEvent::AttemptStarted(started) => {
                self.status = Some(StatusChange::new(Status::Sending, started.at));
                self.provider = Some(&started.provider);
                self.attempts = self.attempts.max(started.attempt);
                self.possible_duplicate |= started.possible_duplicate;
                self.first_attempt_at.get_or_insert(started.at);
            }
            NotificationEvent::AttemptSucceeded(succeeded) => {
                self.provider_message_id =
                    succeeded.provider_message_id.as_deref().or(self.provider_message_id);
                self.sent(succeeded.at);
            }
            NotificationEvent::AttemptFailed(failed) => {
                self.last_cause = Some(&failed.cause);
                if let Some(due) = failed.next_due {
                    self.status = Some(StatusChange::retrying(due, failed.at));
                }
            }
            NotificationEvent::AttemptOutcomeUnknown(unknown) => {
                self.last_cause = unknown.cause.as_deref().or(self.last_cause);
                match unknown.resend_due {
                    Some(due) => self.status = Some(StatusChange::retrying(due, unknown.at)),
                    None if unknown.settles => {}
                    None => {
                        let since = unknown.receipt_until.unwrap_or(unknown.at);
                        self.status = Some(StatusChange::new(Status::Unknown, since));
                    }
                }
            }
            NotificationEvent::OutcomeResolved(resolved) => match resolved.resolution {
                Resolution::Delivered => self.sent(resolved.at),
                Resolution::Resend => self.status = Some(StatusChange::retrying(resolved.at, resolved.at)),
                Resolution::Drop => {
                    self.last_cause = Some("dropped");
                    self.status = Some(StatusChange::new(Status::Failed, resolved.at));
                }
            },
            NotificationEvent::DeliveryHeld(held) => {
                self.last_cause = Some(&held.cause);
                self.status = Some(StatusChange::new(Status::Unknown, held.at));
            }
            NotificationEvent::ReceiptRecorded(receipt) => {
                if receipt.proves {
                    self.provider_message_id =
                        receipt.provider_message_id.as_deref().or(self.provider_message_id);
                    self.sent(receipt.at);
                }
            }
            NotificationEvent::DeliveryAbandoned(abandoned) => {
                self.last_cause = Some(&abandoned.cause);
                self.status = Some(StatusChange::new(Status::Failed, abandoned.at));
            }
            NotificationEvent::DeliverySkipped(skipped) => {
                self.status = Some(StatusChange::skipped(skipped.reason, skipped.at));
            }
        }
    }

    /// Whether it ended so that a redrive may make it due again. The rest is for the row to say.
    pub(crate) fn may_be_a_dead_letter(&self) -> bool {
        self.status.is_some_and(|change| match (change.status, change.reason) {
            (Status::Failed, _) => true,
            (Status::Skipped, Some(SkipReason::TenantInactive | SkipReason::NoProvider)) => {
                let planned = self.planned.as_ref();
                planned.is_none_or(|planned| matches!(planned.line.outcome, PlanOutcome::Planned { .. }))
            }
            _ => false,
        })
    }

    /// Whether it may have been a dead letter before these events: only a requeue and a late success lead on from there.
    pub(crate) fn may_have_been_a_dead_letter(&self) -> bool {
        self.planned.is_none()
            && (self.requeued || self.status.is_some_and(|change| change.status == Status::Sent))
    }

    fn sent(&mut self, at: Timestamp) {
        self.status = Some(StatusChange::new(Status::Sent, at));
        self.sent_at.get_or_insert(at);
    }
}

impl StatusChange {
    const fn new(status: Status, at: Timestamp) -> Self {
        Self { status, at, reason: None, next_due: None }
    }

    const fn skipped(reason: SkipReason, at: Timestamp) -> Self {
        Self { reason: Some(reason), ..Self::new(Status::Skipped, at) }
    }

    const fn retrying(due: Timestamp, at: Timestamp) -> Self {
        Self { next_due: Some(due), ..Self::new(Status::Retrying, at) }
    }

    pub(crate) fn held_at(&self) -> Option<Timestamp> {
        (self.status == Status::Unknown).then_some(self.at)
    }

    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        self.status.is_settled().then_some(self.at)
    }
}

impl Ended<'_> {
    const fn new(outcome: AttemptOutcome, at: Timestamp) -> Self {
        Self { outcome, at, cause: None }
    }
}
