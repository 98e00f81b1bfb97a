//! The row that a delivery calls for, by its own story. The fold of the log comes to the same one.

use orqestra_domain::notification::{AttemptOutcome, Delivery, DeliveryState};

use super::DueKind;

/// The kind and the attempt of the row that a delivery calls for; `None` where nothing is due.
pub(crate) fn of(delivery: &Delivery) -> Option<(DueKind, u32)> {
    match delivery.state {
        DeliveryState::Planned | DeliveryState::Waiting { .. } => {
            Some((DueKind::Send, delivery.next_attempt()))
        }
        DeliveryState::Attempting { attempt, .. } => Some((DueKind::Sweep, attempt)),
        DeliveryState::Held { attempt } => Some((DueKind::Held, attempt)),
        DeliveryState::Sent { .. } => {
            let mut numbered = (1..).zip(&delivery.attempts);
            let open = numbered.find(|(_, attempt)| attempt.outcome == AttemptOutcome::Open);
            open.map(|(attempt, _)| (DueKind::Sweep, attempt))
        }
        DeliveryState::Skipped { .. } | DeliveryState::Abandoned { .. } => None,
    }
}
