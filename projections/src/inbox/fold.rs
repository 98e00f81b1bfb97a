//! Folds events into what changes in the inbox.
//!
//! Every change is an assignment that may be made again: a row is guarded by the sequence of the last event that
//! changed it, and events that change nothing leave it alone. The subscription, read-your-writes and the rebuild
//! share this fold.

use std::collections::BTreeMap;
use std::sync::Arc;

use orqestra_domain::notification::{DeliveryRendered, NotificationEvent, PlanOutcome};
use orqestra_domain::{
    Channel, DeliveryId, EventTypeName, NotificationId, RecipientRef, TenantId, Timestamp,
};
use orqestra_event_log::{Position, RecordedEvent};

use crate::fact::{Fact, UnreadableFact};
use crate::forgotten::Forgotten;

/// What changes, by row.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    pub(crate) rows: BTreeMap<(TenantId, NotificationId), RowChange<'a>>,
    /// Whose rows accepted before the position go, and never come back.
    pub(crate) forgotten: Forgotten,
}

/// What changes in a row, or the whole of it where the acceptance is among the events.
#[derive(Default)]
pub(crate) struct RowChange<'a> {
    pub(crate) accepted: Option<Acceptance<'a>>,
    /// With its position in the log.
    pub(crate) rendered: Option<(&'a DeliveryRendered, Position)>,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) sequence: i64,
}

/// What a row is born with.
pub(crate) struct Acceptance<'a> {
    pub(crate) recipient: &'a RecipientRef,
    pub(crate) delivery: DeliveryId,
    pub(crate) event_type: &'a EventTypeName,
    pub(crate) at: Timestamp,
    pub(crate) position: Position,
}

impl<'a> Changes<'a> {
    /// Folds events that stand in log order.
    pub(crate) fn of(events: &'a [Arc<RecordedEvent>]) -> Result<Self, UnreadableFact> {
        let mut changes = Self::default();
        for recorded in events {
            match Fact::of(recorded)? {
                Fact::Notification(id, event) => changes.notification(recorded, id, event),
                Fact::Forgotten(forgotten) => {
                    changes.forgotten.insert((recorded.tenant, forgotten.recipient_ref), recorded.position);
                }
                Fact::Suppression(_) | Fact::Other => {}
            }
        }
        Ok(changes)
    }

    fn notification(&mut self, recorded: &RecordedEvent, id: NotificationId, event: &'a NotificationEvent) {
        let mut change = |apply: &mut dyn FnMut(&mut RowChange<'a>)| {
            let row = self.rows.entry((recorded.tenant, id)).or_default();
            row.sequence = recorded.sequence;
            apply(row);
        };
        match event {
            NotificationEvent::NotificationAccepted(accepted) => {
                let push = accepted.plan.iter().find(|planned| planned.channel == Channel::Push);
                let Some(push) = push else { return };
                let PlanOutcome::Planned { .. } = push.outcome else { return };
                change(&mut |row| {
                    row.accepted = Some(Acceptance {
                        recipient: &accepted.recipient_ref,
                        delivery: push.delivery_id,
                        event_type: &accepted.event_type,
                        at: accepted.accepted_at,
                        position: recorded.position,
                    });
                });
            }
            NotificationEvent::DeliveryRendered(rendered) if rendered.channel == Channel::Push => {
                change(&mut |row| row.rendered = Some((rendered, recorded.position)));
            }
            NotificationEvent::NotificationRead(read) => change(&mut |row| {
                row.read_at.get_or_insert(read.at);
            }),
            NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::AttemptStarted(_)
            | NotificationEvent::AttemptSucceeded(_)
            | NotificationEvent::AttemptFailed(_)
            | NotificationEvent::AttemptOutcomeUnknown(_)
            | NotificationEvent::OutcomeResolved(_)
            | NotificationEvent::DeliveryHeld(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::ReceiptRecorded(_)
            | NotificationEvent::DeliveryAbandoned(_)
            | NotificationEvent::DeliverySkipped(_) => {}
        }
    }
}
