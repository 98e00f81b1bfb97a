//! How a subscription stands in this process, for whoever asks whether the process is well.

use crate::position::Position;

/// How a subscription stands in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It has not begun yet, or not here.
    #[default]
    Starting,
    /// Another process runs it; this one takes over when that one ends.
    StandsBy,
    /// It follows the log.
    Follows,
    /// Something failed that may pass; it tries again.
    Interrupted,
    /// It stands still at an event that it cannot handle.
    Halted(Position),
    /// It is left to a process of a newer program: this one does not know the shape of an event.
    Outdated(Position),
}

impl SubscriptionState {
    /// How much it asks for attention: of the partitions of one subscription, the one with the most tells how it stands.
    pub(crate) const fn severity(self) -> u8 {
        match self {
            Self::StandsBy => 0,
            Self::Follows => 1,
            Self::Starting => 2,
            Self::Interrupted => 3,
            Self::Outdated(_) => 4,
            Self::Halted(_) => 5,
        }
    }
}
