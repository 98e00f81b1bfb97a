//! The policy for an outcome that is unknown and that no provider deduplicates.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;

/// The policy for an unknown outcome, where the attempt's provider does not deduplicate any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPolicy {
    /// Send once more, marked as a possible duplicate; hold after that.
    ResendOnce,
    /// Hold for an operator.
    Hold,
}

impl UnknownPolicy {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::ResendOnce, Self::Hold];

    /// The policy of a channel whose tenant has set none: a text message is held, an email sent once more.
    pub const fn usual(channel: Channel) -> Self {
        match channel {
            Channel::Email => Self::ResendOnce,
            Channel::Sms | Channel::Push => Self::Hold,
        }
    }

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResendOnce => "resend_once",
            Self::Hold => "hold",
        }
    }
}
