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
