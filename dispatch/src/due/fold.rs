//! From events to the due rows they leave behind: pure, and the same in the subscription and in a rebuild.
//!
//! Only the net effect counts: a delivery that begins and ends within one fold leaves nothing at all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orqestra_domain::notification::{NotificationEvent, PlanOutcome, Resolution, StuckAt};
use orqestra_domain::{NotificationId, TenantId, Timestamp};

use super::{Due, DueKey, DueKind};

/// What one event leaves of its delivery's row.
enum Effect {
    /// As it was.
    None,
    Stands(Due),
    Settled,
}

/// The net effect of events on the due table.
#[derive(Debug)]
pub(crate) struct Fold {
    sweep_after: Duration,
    effects: BTreeMap<DueKey, Option<Due>>,
    /// Deliveries whose first event is in this fold: no row of them can exist yet.
    begun: BTreeSet<DueKey>,
    /// Deadlines that the plan names.
    expiries: BTreeMap<DueKey, Timestamp>,
}

impl Fold {
    pub(crate) fn new(sweep_after: Duration) -> Self {
        Self { sweep_after, effects: BTreeMap::new(), begun: BTreeSet::new(), expiries: BTreeMap::new() }
    }

    /// Folds in the next event of a notification.
    pub(crate) fn apply(
        &mut self,
        tenant: TenantId,
        notification: NotificationId,
        event: &NotificationEvent,
    ) {
        if let NotificationEvent::NotificationAccepted(accepted) = event {
            for planned in &accepted.plan {
                if let PlanOutcome::Planned { .. } = planned.outcome {
                    let key = DueKey { tenant, notification, channel: planned.channel };
                    let due = Due { kind: DueKind::Send, at: accepted.accepted_at, attempt: 1 };
                    self.begun.insert(key);
                    self.expiries.extend(planned.expires_at.map(|at| (key, at)));
                    self.effects.insert(key, Some(due));
                }
            }
        } else if let Some(channel) = event.channel() {
            let key = DueKey { tenant, notification, channel };
            let expires_at = match event {
                NotificationEvent::DeliveryRequeued(requeued) => requeued.expires_at,
                NotificationEvent::DeliveryUnstuck(unstuck) => unstuck.expires_at,
                _ => None,
            };
            self.expiries.extend(expires_at.map(|at| (key, at)));
            match self.effect(event) {
                Effect::None => {}
                Effect::Stands(due) => {
                    self.effects.insert(key, Some(due));
                }
                Effect::Settled => {
                    self.effects.insert(key, None);
                }
            }
        }
    }

    fn effect(&self, event: &NotificationEvent) -> Effect {
        let row = |kind, at, attempt| Effect::Stands(Due { kind, at, attempt });
        match event {
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::NotificationRead(_) => Effect::None,
            NotificationEvent::AttemptStarted(started) => {
                row(DueKind::Sweep, started.expires_at.plus(self.sweep_after), started.attempt)
            }
            NotificationEvent::AttemptFailed(failed) => match failed.next_due {
                Some(due) => row(DueKind::Send, due, failed.attempt + 1),
                None if failed.settles => Effect::Settled,
                // Either it ended an attempt that nothing waited for, or `DeliveryAbandoned` or `DeliveryHeld` follows.
                None => Effect::None,
            },
            NotificationEvent::AttemptSucceeded(succeeded) => match succeeded.still_open {
                Some(open) => row(DueKind::Sweep, open.expires_at.plus(self.sweep_after), open.attempt),
                None => Effect::Settled,
            },
            NotificationEvent::AttemptOutcomeUnknown(unknown) => match unknown.resend_due {
                Some(due) => row(DueKind::Send, due, unknown.attempt + 1),
                None if unknown.settles => Effect::Settled,
                None => row(DueKind::Held, unknown.receipt_until.unwrap_or(unknown.at), unknown.attempt),
            },
            NotificationEvent::OutcomeResolved(resolved) => match resolved.resolution {
                Resolution::Resend => row(DueKind::Send, resolved.at, resolved.attempt + 1),
                Resolution::Delivered | Resolution::Drop => Effect::Settled,
            },
            NotificationEvent::DeliveryRequeued(requeued) => {
                row(DueKind::Send, requeued.at, requeued.attempt)
            }
            NotificationEvent::DeliveryUnstuck(unstuck) => match unstuck.stuck {
                StuckAt::Planned | StuckAt::Due => row(DueKind::Send, unstuck.since, unstuck.attempt),
                StuckAt::Started => row(DueKind::Sweep, unstuck.since, unstuck.attempt),
            },
            NotificationEvent::DeliveryHeld(held) => row(DueKind::Held, held.at, held.attempt),
            NotificationEvent::ReceiptRecorded(receipt) if !receipt.proves => Effect::None,
            NotificationEvent::ReceiptRecorded(receipt) => match receipt.still_open {
                Some(open) => row(DueKind::Sweep, open.expires_at.plus(self.sweep_after), open.attempt),
                None => Effect::Settled,
            },
            NotificationEvent::DeliveryAbandoned(_) | NotificationEvent::DeliverySkipped(_) => {
                Effect::Settled
            }
        }
    }

    /// The rows that stand after it.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (DueKey, Due)> {
        self.effects.iter().filter_map(|(key, effect)| Some((*key, (*effect)?)))
    }

    /// The deadlines of its own of a delivery that stands after it; those of deliveries from before it are not known here.
    pub(crate) fn expiries(&self) -> impl Iterator<Item = (DueKey, Timestamp)> {
        let stands = |key: &DueKey| self.effects.get(key).is_some_and(Option::is_some);
        self.expiries.iter().filter(move |(key, _)| stands(key)).map(|(key, at)| (*key, *at))
    }

    /// The rows to delete: settled by it and there before it.
    pub(crate) fn settled(&self) -> impl Iterator<Item = DueKey> {
        let gone = self.effects.iter().filter(|(_, effect)| effect.is_none()).map(|(key, _)| *key);
        gone.filter(|key| !self.begun.contains(key))
    }

    /// Drops what is settled, so that a fold of the whole log holds no more than what stands.
    pub(crate) fn forget_settled(&mut self) {
        self.effects.retain(|_, effect| effect.is_some());
        self.expiries.retain(|key, _| self.effects.contains_key(key));
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::notification::{
        AttemptFailed, AttemptOutcomeUnknown, AttemptStarted, AttemptSucceeded, DeliveryAbandoned,
        DeliveryHeld, FailureClass, OpenAttempt, OutcomeResolved, ReceiptRecorded, ReceiptSays,
    };
    use orqestra_domain::{Channel, DeliveryId, ProviderInstanceId, ReceiptRef, Timestamp};
    use uuid::Uuid;

    use super::*;

    const SWEEP: Duration = Duration::from_secs(70);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn started(attempt: u32) -> NotificationEvent {
        NotificationEvent::AttemptStarted(AttemptStarted {
            channel: Channel::Email,
            delivery_id: None,
            attempt,
            provider: "smtp".to_owned(),
            instance: None,
            dedup: None,
            expires_at: at(30),
            possible_duplicate: false,
            at: at(0),
        })
    }

    fn failed(attempt: u32, next_due: Option<Timestamp>) -> NotificationEvent {
        NotificationEvent::AttemptFailed(AttemptFailed {
            channel: Channel::Email,
            delivery_id: None,
            attempt,
            provider: None,
            instance: None,
            class: FailureClass::Retryable,
            scope: None,
            cause: "smtp_451".to_owned(),
            answer: None,
            next_due,
            settles: false,
            at: at(1),
        })
    }

    fn unknown(resend_due: Option<Timestamp>) -> NotificationEvent {
        NotificationEvent::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
            channel: Channel::Email,
            delivery_id: None,
            attempt: 1,
            provider: None,
            instance: None,
            cause: None,
            resend_due,
            receipt_until: None,
            possible_duplicate: resend_due.is_some(),
            settles: false,
            at: at(100),
        })
    }

    fn held() -> NotificationEvent {
        NotificationEvent::DeliveryHeld(DeliveryHeld {
            channel: Channel::Email,
            delivery_id: DeliveryId::from_uuid(Uuid::nil()),
            attempt: 1,
            cause: "provider_removed".to_owned(),
            at: at(150),
        })
    }

    fn resolved(resolution: Resolution) -> NotificationEvent {
        NotificationEvent::OutcomeResolved(OutcomeResolved {
            channel: Channel::Email,
            attempt: 1,
            resolution,
            by: "admin".to_owned(),
            at: at(200),
        })
    }

    fn abandoned() -> NotificationEvent {
        NotificationEvent::DeliveryAbandoned(DeliveryAbandoned {
            channel: Channel::Email,
            cause: "smtp_550".to_owned(),
            attempts: 1,
            at: at(1),
        })
    }

    fn succeeded() -> NotificationEvent {
        NotificationEvent::AttemptSucceeded(AttemptSucceeded {
            channel: Channel::Email,
            delivery_id: None,
            attempt: 1,
            provider: "smtp".to_owned(),
            instance: None,
            provider_message_id: None,
            answer: None,
            still_open: None,
            at: at(2),
        })
    }

    fn fold(events: &[NotificationEvent]) -> Fold {
        let mut fold = Fold::new(SWEEP);
        for event in events {
            fold.apply(TenantId::PLATFORM, NotificationId::from_uuid(Uuid::nil()), event);
        }
        fold
    }

    fn left(events: &[NotificationEvent]) -> Option<(DueKind, i64, u32)> {
        let fold = fold(events);
        let mut standing = fold.standing().map(|(_, due)| {
            (due.kind, due.at.since(Timestamp::EPOCH).as_secs().try_into().unwrap(), due.attempt)
        });
        standing.next()
    }

    #[test]
    fn each_event_leaves_the_row_that_it_calls_for() {
        assert_eq!(left(&[started(1)]), Some((DueKind::Sweep, 100, 1)));
        assert_eq!(left(&[started(1), failed(1, Some(at(9)))]), Some((DueKind::Send, 9, 2)));
        assert_eq!(left(&[started(1), failed(1, None), abandoned()]), None);
        assert_eq!(left(&[started(1), succeeded()]), None);
        assert_eq!(left(&[unknown(Some(at(100)))]), Some((DueKind::Send, 100, 2)));
        assert_eq!(left(&[unknown(None)]), Some((DueKind::Held, 100, 1)));
        let again = unknown(Some(at(100)));
        assert_eq!(left(&[again, held()]), Some((DueKind::Held, 150, 1)));
        let not_taken = [unknown(Some(at(100))), started(2), failed(2, None), held()];
        assert_eq!(left(&not_taken), Some((DueKind::Held, 150, 1)));
        assert_eq!(left(&[unknown(None), resolved(Resolution::Resend)]), Some((DueKind::Send, 200, 2)));
        assert_eq!(left(&[unknown(None), resolved(Resolution::Delivered)]), None);
        assert_eq!(left(&[unknown(None), resolved(Resolution::Drop)]), None);
    }

    fn receipt(proves: bool, still_open: Option<OpenAttempt>) -> NotificationEvent {
        NotificationEvent::ReceiptRecorded(ReceiptRecorded {
            channel: Channel::Email,
            delivery_id: DeliveryId::from_uuid(Uuid::nil()),
            attempt: 1,
            provider: "smtp".to_owned(),
            instance: ProviderInstanceId::from_uuid(Uuid::nil()),
            receipt: ReceiptSays::Delivered,
            event_ref: ReceiptRef::from_bytes([1; 32]),
            cause: None,
            provider_message_id: None,
            answer: None,
            proves,
            still_open,
            occurred_at: at(120),
            at: at(120),
        })
    }

    #[test]
    fn a_receipt_that_proves_an_attempt_leaves_nothing_due_but_the_sweep_of_another() {
        for before in [vec![started(1)], vec![unknown(Some(at(100)))], vec![unknown(None)], vec![held()]] {
            let with = |receipt| left(&[before.clone(), vec![receipt]].concat());
            assert_eq!(with(receipt(true, None)), None);
            assert_eq!(with(receipt(false, None)), left(&before), "it proves nothing");
            let open = OpenAttempt { attempt: 2, expires_at: at(30) };
            assert_eq!(with(receipt(true, Some(open))), Some((DueKind::Sweep, 100, 2)));
        }
    }

    #[test]
    fn a_late_failure_of_an_earlier_attempt_leaves_the_running_one_alone() {
        assert_eq!(left(&[started(2), failed(1, None)]), Some((DueKind::Sweep, 100, 2)));
    }

    #[test]
    fn an_attempt_still_open_after_a_late_success_keeps_its_sweep_until_its_own_end() {
        let NotificationEvent::AttemptSucceeded(success) = succeeded() else { panic!("no success") };
        let still_open = Some(OpenAttempt { attempt: 2, expires_at: at(30) });
        let late = NotificationEvent::AttemptSucceeded(AttemptSucceeded { still_open, ..success });
        let before = [started(1), unknown(Some(at(100))), started(2), late];
        assert_eq!(left(&before), Some((DueKind::Sweep, 100, 2)));
        let NotificationEvent::AttemptFailed(failure) = failed(2, None) else { panic!("no failure") };
        let NotificationEvent::AttemptOutcomeUnknown(swept) = unknown(None) else { panic!("not unknown") };
        for end in [
            succeeded(),
            NotificationEvent::AttemptFailed(AttemptFailed { settles: true, ..failure }),
            NotificationEvent::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
                attempt: 2,
                settles: true,
                ..swept
            }),
        ] {
            let mut events = before.to_vec();
            events.push(end);
            assert_eq!(left(&events), None);
        }
    }

    #[test]
    fn a_row_that_was_there_before_is_deleted_when_its_delivery_ends() {
        assert_eq!(fold(&[succeeded()]).settled().count(), 1);
        let mut whole_log = fold(&[started(1), succeeded()]);
        whole_log.forget_settled();
        assert_eq!((whole_log.standing().count(), whole_log.settled().count()), (0, 0));
    }
}
