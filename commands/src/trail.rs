//! Which event led to which: the ids behind a notification's state that its next events name as their cause.
//!
//! A fold of the stream beside the aggregate's own, which knows no event ids. What a caller asks for from outside has no
//! cause in the log.

use std::collections::BTreeMap;

use orqestra_domain::notification::NotificationEvent;
use orqestra_domain::{AnyEvent, Channel};
use orqestra_event_log::RecordedEvent;
use uuid::Uuid;

/// The ids of the events that later ones follow from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(BTreeMap<Channel, Causes>);

#[derive(Clone, Debug, Default)]
struct Causes {
    /// The event that made the delivery due, or ended its last attempt.
    due: Option<Uuid>,
    /// The claim of attempt n stands at n - 1.
    started: Vec<Uuid>,
}

impl Trail {
    /// Folds stored events in.
    pub(crate) fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a RecordedEvent>) {
        for recorded in events {
            if let Ok(AnyEvent::Notification(event)) = recorded.event() {
                self.fold(event, recorded.event_id);
            }
        }
    }

    /// The cause of each event of one command, whose ids are these.
    pub(crate) fn causes(&self, events: &[NotificationEvent], ids: &[Uuid]) -> Vec<Option<Uuid>> {
        let mut trail = self.clone();
        let cause = |(event, id): (&NotificationEvent, &Uuid)| {
            let cause = trail.cause(event);
            trail.fold(event, *id);
            cause
        };
        events.iter().zip(ids).map(cause).collect()
    }

    fn cause(&self, event: &NotificationEvent) -> Option<Uuid> {
        let due = |channel: Channel| self.0.get(&channel)?.due;
        let started = |channel: Channel, attempt: u32| {
            let at = usize::try_from(attempt.checked_sub(1)?).ok()?;
            self.0.get(&channel)?.started.get(at).copied()
        };
        match event {
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::OutcomeResolved(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::ReceiptRecorded(_)
            | NotificationEvent::NotificationRead(_) => None,
            NotificationEvent::DeliveryUnstuck(event) => due(event.channel),
            NotificationEvent::DeliveryRendered(event) => due(event.channel),
            NotificationEvent::AttemptStarted(event) => due(event.channel),
            NotificationEvent::AttemptSucceeded(event) => started(event.channel, event.attempt),
            NotificationEvent::AttemptFailed(event) => started(event.channel, event.attempt),
            NotificationEvent::AttemptOutcomeUnknown(event) => started(event.channel, event.attempt),
            NotificationEvent::DeliveryHeld(event) => due(event.channel),
            NotificationEvent::DeliveryAbandoned(event) => due(event.channel),
            NotificationEvent::DeliverySkipped(event) => due(event.channel),
        }
    }

    fn fold(&mut self, event: &NotificationEvent, id: Uuid) {
        match event {
            NotificationEvent::NotificationAccepted(accepted) => {
                for planned in &accepted.plan {
                    self.0.entry(planned.channel).or_default().due = Some(id);
                }
            }
            NotificationEvent::AttemptStarted(event) => {
                self.0.entry(event.channel).or_default().started.push(id);
            }
            NotificationEvent::AttemptFailed(_)
            | NotificationEvent::AttemptOutcomeUnknown(_)
            | NotificationEvent::DeliveryHeld(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::OutcomeResolved(_) => {
                if let Some(channel) = event.channel() {
                    self.0.entry(channel).or_default().due = Some(id);
                }
            }
            NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::AttemptSucceeded(_)
            | NotificationEvent::DeliveryAbandoned(_)
            | NotificationEvent::DeliverySkipped(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::ReceiptRecorded(_)
            | NotificationEvent::NotificationRead(_) => {}
        }
    }
}
