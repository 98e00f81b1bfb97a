//! Where an event stands in the log.

use std::fmt;

/// A position in the log: dense, from 1, in commit order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(i64);

impl Position {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// Wraps a stored position; what is below zero counts as zero.
    pub const fn new(position: i64) -> Self {
        Self(if position < 0 { 0 } else { position })
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// How many events there are after this position up to another.
    pub fn until(self, end: Self) -> usize {
        usize::try_from(end.0 - self.0).unwrap_or(0)
    }

    /// The position `count` events later.
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        Self(self.0 + i64::try_from(count).expect("no slice has more elements than an i64 counts"))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
