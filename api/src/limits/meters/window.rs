//! The sliding window: one count a second, the second that is leaving counted whole.
//!
//! Invariant: the sum over the newest second and the 60 before it covers any 60 seconds that end now, so holding the
//! sum to N holds each such span to N; it is strict by at most one second. Seconds are a steady clock's.

/// The newest second, the 59 whole ones before it and the one that is leaving.
const BUCKETS: i64 = 61;
const SLOTS: usize = 61;

#[derive(Clone)]
pub(super) struct Window {
    newest: i64,
    counts: [u32; SLOTS],
    sum: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { newest: 0, counts: [0; SLOTS], sum: 0 }
    }
}

impl Window {
    /// Moves to a second and gives the one that counts now: of two calls at once the later one may come first.
    pub(super) fn advance(&mut self, second: i64) -> i64 {
        if second - self.newest >= BUCKETS {
            *self = Self { newest: second, ..Self::default() };
        }
        while self.newest < second {
            self.newest += 1;
            let left = std::mem::take(&mut self.counts[slot(self.newest)]);
            self.sum -= u64::from(left);
        }
        self.newest
    }

    /// How many stand in the window.
    pub(super) const fn count(&self) -> u64 {
        self.sum
    }

    /// Counts in a second of the window; one outside it is past.
    pub(super) fn add(&mut self, second: i64, count: u32) {
        if self.holds(second) {
            let bucket = &mut self.counts[slot(second)];
            let added = count.min(u32::MAX - *bucket);
            *bucket += added;
            self.sum += u64::from(added);
        }
    }

    /// Takes one back from a second, if it is still in the window.
    pub(super) fn remove(&mut self, second: i64) {
        if self.holds(second) && self.counts[slot(second)] > 0 {
            self.counts[slot(second)] -= 1;
            self.sum -= 1;
        }
    }

    /// The second in which fewer than `limit` will stand in the window if nothing is added.
    pub(super) fn free_at(&self, limit: u32) -> i64 {
        let mut standing = self.sum;
        for second in self.newest - BUCKETS + 1..=self.newest {
            if standing < u64::from(limit) {
                return second - 1 + BUCKETS;
            }
            standing -= u64::from(self.counts[slot(second)]);
        }
        self.newest + BUCKETS
    }

    const fn holds(&self, second: i64) -> bool {
        second <= self.newest && second > self.newest - BUCKETS
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(BUCKETS)).expect("a remainder is not negative")
}
