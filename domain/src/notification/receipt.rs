//! What a provider says later of a message that it took: its receipt.
//!
//! A receipt arrives at any time, in any order and more than once. It never causes a send.

use serde::{Deserialize, Serialize};

/// The word of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptSays {
    /// The provider has the message and is still trying.
    Deferred,
    /// It arrived: the recipient's server or handset took it.
    Delivered,
    /// It did not arrive, and the address is not at fault: a mailbox that is full, a filter, a block, a message dropped.
    Undelivered,
    /// It did not arrive, and never will: the mailbox or number takes no messages.
    Bounced,
    /// The recipient does not want messages of this sender.
    OptedOut,
    /// The recipient reported it as spam.
    Complained,
}

impl ReceiptSays {
    /// Every word.
    pub const ALL: [Self; 6] =
        [Self::Deferred, Self::Delivered, Self::Undelivered, Self::Bounced, Self::OptedOut, Self::Complained];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deferred => "deferred",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Bounced => "bounced",
            Self::OptedOut => "opted_out",
            Self::Complained => "complained",
        }
    }

    /// Whether nothing is to be sent to the address any more.
    pub const fn suppresses(self) -> bool {
        match self {
            Self::Deferred | Self::Delivered | Self::Undelivered => false,
            Self::Bounced | Self::OptedOut | Self::Complained => true,
        }
    }
}
