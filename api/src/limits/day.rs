//! The daily count: starts again at midnight UTC. Time only moves forward.

const MICROS_A_DAY: i64 = 86_400 * 1_000_000;

/// The newest day and its count.
#[derive(Default)]
pub(super) struct Day {
    newest: i64,
    count: u64,
}

impl Day {
    /// The day, counted from the Unix epoch, that a moment falls in.
    pub(super) const fn of(micros: i64) -> i64 {
        micros.div_euclid(MICROS_A_DAY)
    }

    /// The moment at which a day is over.
    pub(super) const fn end(day: i64) -> i64 {
        (day + 1) * MICROS_A_DAY
    }

    /// Moves to a day and gives the one that counts now.
    pub(super) const fn advance(&mut self, day: i64) -> i64 {
        if day > self.newest {
            *self = Self { newest: day, count: 0 };
        }
        self.newest
    }

    /// How many stand.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Counts today.
    pub(super) const fn add(&mut self, count: u64) {
        self.count = self.count.saturating_add(count);
    }

    /// Takes one back, if the day is not over.
    pub(super) const fn remove(&mut self, day: i64) {
        if day == self.newest {
            self.count = self.count.saturating_sub(1);
        }
    }
}
