//! Due work: what is to be done about each unsettled delivery, and when.
//!
//! A fold of the log's notification events ([`fold`]) that the subscription writes into `dispatch_due` and that can be
//! rebuilt from position zero ([`rebuild`]). It decides nothing: whoever acts on a row asks the notification first.

pub(crate) mod expiry;
pub(crate) mod fold;
pub(crate) mod rebuild;
pub(crate) mod store;
pub(crate) mod subscriber;
pub(crate) mod suspects;
pub(crate) mod waiting;
pub(crate) mod wanted;

use orqestra_domain::{Channel, NotificationId, TenantId, Timestamp};

/// Which delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueKey {
    /// Whose.
    pub tenant: TenantId,
    /// Of which notification.
    pub notification: NotificationId,
    /// On which channel.
    pub channel: Channel,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueKind {
    /// Make the attempt.
    Send,
    /// Call the attempt's outcome unknown, if none has come.
    Sweep,
    /// Nothing: somebody has to decide on an unknown outcome. Kept so that it can be counted.
    Held,
}

impl DueKind {
    /// The stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Sweep => "sweep",
            Self::Held => "held",
        }
    }

    /// Reads the stored form.
    pub fn parse(stored: &str) -> Option<Self> {
        [Self::Send, Self::Sweep, Self::Held].into_iter().find(|kind| kind.as_str() == stored)
    }
}

/// What stands in a row beside its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// What is to be done.
    pub kind: DueKind,
    /// When; of a held delivery the time since which it waits for an operator.
    pub at: Timestamp,
    /// Send: the attempt to make. Else the attempt it is about.
    pub attempt: u32,
}

impl Due {
    /// The kind of the work, and its attempt.
    pub(crate) const fn step(&self) -> (DueKind, u32) {
        (self.kind, self.attempt)
    }
}

/// A row of the due table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// Which delivery.
    pub key: DueKey,
    /// What and when.
    pub due: Due,
}
