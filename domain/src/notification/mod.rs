//! The notification: one triggered event on all its channels, from acceptance to its last outcome.
//!
//! Its stream alone tells the whole story. A channel is never without a state: it is planned or skipped with a
//! reason at acceptance, and every attempt ends in an outcome or in the open word that none is known.

mod command;
mod decide;
mod event;
mod plan;
mod receipt;
mod refusal;
mod requeue;
mod state;
mod stuck;
#[cfg(test)]
mod tests;

pub use command::{
    AfterFailure, DeliverPush, HoldDelivery, MarkOutcomeUnknown, MarkRead, NotificationCommand,
    RecordFailure, RecordSuccess, Resolve, SkipDelivery, StartAttempt, TriggerNotification,
};
pub use event::{
    Accepted, AttemptFailed, AttemptOutcomeUnknown, AttemptStarted, AttemptSucceeded, DeliveryAbandoned,
    DeliveryHeld, DeliveryRendered, DeliverySkipped, FailureClass, FailureScope, NotificationEvent,
    NotificationRead, OpenAttempt, OutcomeResolved, Resolution,
};
pub use plan::{PlanInput, PlanOutcome, PlannedChannel, SkipReason, TemplateChoice, TemplateRef, plan};
pub use receipt::{ReceiptRecorded, ReceiptSays, ReceiptState, RecordReceipt};
pub use refusal::NotificationRefusal;
pub use requeue::{DeliveryRequeued, Requeue, Requeued};
pub use state::{AttemptOutcome, AttemptState, Delivery, DeliveryState, Notification, Story};
pub use stuck::{DeliveryUnstuck, PUT_RIGHT_EVERY, StuckAt, Unstick};

pub use crate::unknown_policy::UnknownPolicy;

use crate::aggregate::aggregate;

aggregate!(Notification, "Notification", NotificationCommand, NotificationEvent, NotificationRefusal);
