//! A stuck delivery: one that is due and that no worker takes up. The sweeper finds it.
//!
//! The event puts it right: it says what is due, and the fold of the due table writes that. It changes no state of the
//! delivery, so that a false alarm costs one look and sends nothing twice: the claim is asked for as ever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::NotificationEvent;
use super::refusal::NotificationRefusal as Refusal;
use super::state::{Delivery, DeliveryState, Story};
use crate::channel::Channel;
use crate::id::DeliveryId;
use crate::timestamp::Timestamp;

/// For how long after it was put right a delivery is not called stuck again.
pub const PUT_RIGHT_EVERY: Duration = Duration::from_hours(1);

/// The step at which a delivery is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StuckAt {
    /// Its first attempt, which has been due since its acceptance.
    Planned,
    /// An attempt that is due.
    Due,
    /// The outcome of an attempt, which is overdue.
    Started,
}

impl StuckAt {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Planned, Self::Due, Self::Started];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Due => "due",
            Self::Started => "started",
        }
    }
}

/// See [`NotificationEvent::DeliveryUnstuck`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryUnstuck {
    /// The channel.
    pub channel: Channel,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The step at which it was stuck.
    pub stuck: StuckAt,
    /// Since when that has been due.
    pub since: Timestamp,
    /// `planned` and `due`: the attempt to make; `started`: the attempt without an outcome.
    pub attempt: u32,
    /// When the message stops being of use, where the trigger or the template said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

/// See `NotificationCommand::Unstick`.
#[derive(Clone, Copy, Debug)]
pub struct Unstick {
    /// The channel.
    pub channel: Channel,
    /// How long a due delivery may lie before it counts as stuck.
    pub patience: Duration,
    /// How long after its claim's expiry an attempt's outcome is overdue.
    pub sweep_after: Duration,
    /// Now.
    pub at: Timestamp,
}

impl Story {
    pub(super) fn unstick(&self, unstick: Unstick) -> Result<Vec<NotificationEvent>, Refusal> {
        let delivery = self.deliveries.get(&unstick.channel).ok_or(Refusal::NotPlanned)?;
        let (stuck, since, attempt) = match delivery.state {
            DeliveryState::Planned => (StuckAt::Planned, self.accepted.accepted_at, delivery.next_attempt()),
            DeliveryState::Waiting { due, .. } => (StuckAt::Due, due, delivery.next_attempt()),
            DeliveryState::Attempting { attempt, expires_at } => {
                (StuckAt::Started, expires_at.plus(unstick.sweep_after), attempt)
            }
            DeliveryState::Skipped { .. }
            | DeliveryState::Held { .. }
            | DeliveryState::Sent { .. }
            | DeliveryState::Abandoned { .. } => return Err(Refusal::NotStuck),
        };
        let is_recent = |put_right: Timestamp| unstick.at < put_right.plus(PUT_RIGHT_EVERY);
        if unstick.at < since.plus(unstick.patience) || delivery.unstuck_at.is_some_and(is_recent) {
            return Err(Refusal::NotStuck);
        }
        Ok(vec![NotificationEvent::DeliveryUnstuck(DeliveryUnstuck {
            channel: unstick.channel,
            delivery_id: delivery.id,
            stuck,
            since,
            attempt,
            expires_at: delivery.expires_at,
            at: unstick.at,
        })])
    }
}

impl Delivery {
    pub(super) fn unstuck(&mut self, unstuck: &DeliveryUnstuck) {
        self.unstuck_at = Some(unstuck.at);
    }
}
