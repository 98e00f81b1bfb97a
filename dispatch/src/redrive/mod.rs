//! Redrives: dead letters that an operator asked to be made due again, a page at a time and no faster than so many a second.
//!
//! The request is an event. The subscription writes it into `redrives` and counts there what was requeued, in the transaction of
//! its checkpoint; any process goes on with it by a lease, from the place that the row keeps. A delivery that is met a second time
//! is requeued once, which its own stream says.

pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod subscriber;

use std::collections::BTreeMap;

use orqestra_domain::notification::NotificationRefusal;
use orqestra_domain::redrive::DeadLetterFilter;
use orqestra_domain::{DeliveryId, RedriveId, TenantId, Timestamp};

pub use self::store::{RedriveError, RedriveReader};

/// The state of a redrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedriveState {
    /// It goes on.
    Running,
    /// An operator stopped it.
    Stopped,
    /// It has looked at every delivery that it selects.
    Ended,
}

impl RedriveState {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
        }
    }

    fn parse(stored: &str) -> Option<Self> {
        [Self::Running, Self::Stopped, Self::Ended].into_iter().find(|state| state.as_str() == stored)
    }
}

/// A redrive as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedriveStatus {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: RedriveId,
    /// The deliveries by their ids; those of the filter where `None`.
    pub deliveries: Option<Vec<DeliveryId>>,
    /// Selects them otherwise.
    pub filter: DeadLetterFilter,
    /// Whether it only tells what would be requeued.
    pub dry_run: bool,
    /// Actor that asked for it.
    pub by: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Its state.
    pub state: RedriveState,
    /// Deliveries requeued so far; of a dry run those that would have been.
    pub requeued: u64,
    /// Deliveries refused so far, by code.
    pub refused: BTreeMap<String, u64>,
    /// When it ended or was stopped.
    pub ended_at: Option<Timestamp>,
}

/// The code of a delivery that a redrive does not know.
const UNKNOWN_DELIVERY: &str = "unknown_delivery";
/// The code of a delivery whose stream cannot be read.
const UNREADABLE: &str = "unreadable";

/// The code of a refusal.
const fn code(refusal: NotificationRefusal) -> &'static str {
    match refusal {
        NotificationRefusal::Expired => "expired",
        NotificationRefusal::Suppressed => "suppressed",
        NotificationRefusal::Forgotten => "recipient_forgotten",
        NotificationRefusal::NoTemplate => "no_template",
        NotificationRefusal::TooManyAttempts => "too_many_attempts",
        NotificationRefusal::NotAccepted | NotificationRefusal::NotPlanned => UNKNOWN_DELIVERY,
        NotificationRefusal::NotADeadLetter
        | NotificationRefusal::AlreadyAccepted
        | NotificationRefusal::AttemptTaken
        | NotificationRefusal::NotDue
        | NotificationRefusal::OtherProvider
        | NotificationRefusal::SandboxOnly
        | NotificationRefusal::NothingToHold
        | NotificationRefusal::NotRendered
        | NotificationRefusal::NoSuchAttempt
        | NotificationRefusal::OutcomeKnown
        | NotificationRefusal::StillRunning
        | NotificationRefusal::NothingToResolve
        | NotificationRefusal::NotStuck
        | NotificationRefusal::NotInInbox => "not_a_dead_letter",
    }
}

/// Every code of a refusal, in the order of the documentation.
pub const REFUSALS: [&str; 8] = [
    "not_a_dead_letter",
    "expired",
    "suppressed",
    "recipient_forgotten",
    "no_template",
    "too_many_attempts",
    UNKNOWN_DELIVERY,
    UNREADABLE,
];
