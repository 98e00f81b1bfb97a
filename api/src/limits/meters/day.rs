//! The daily counts: a UTC day's is its own, whatever order a clock shows the days in.
//!
//! A clock that goes wrong over midnight and comes back finds each day's count as it was. Few days are kept: today's,
//! and those that a wrong clock has shown lately.

const MICROS_A_DAY: i64 = 86_400 * 1_000_000;
/// Most days that are kept; the one that was counted in longest ago goes first.
const KEPT: usize = 4;

/// Days and their counts, the one last counted in at the end.
#[derive(Default)]
pub(super) struct Days(Vec<(i64, u64)>);

impl Days {
    /// The day, counted from the Unix epoch, that a moment falls in.
    pub(super) const fn of(micros: i64) -> i64 {
        micros.div_euclid(MICROS_A_DAY)
    }

    /// The moment at which a day is over.
    pub(super) const fn end(day: i64) -> i64 {
        (day + 1) * MICROS_A_DAY
    }

    /// How many stand in a day.
    pub(super) fn count(&self, day: i64) -> u64 {
        self.0.iter().find(|(of, _)| *of == day).map_or(0, |(_, count)| *count)
    }

    /// Counts in a day.
    pub(super) fn add(&mut self, day: i64, count: u64) {
        let at = self.0.iter().position(|(of, _)| *of == day);
        let before = at.map_or(0, |at| self.0.remove(at).1);
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push((day, before.saturating_add(count)));
    }

    /// Takes one back from a day.
    pub(super) fn remove(&mut self, day: i64) {
        if let Some((_, count)) = self.0.iter_mut().find(|(of, _)| *of == day) {
            *count = count.saturating_sub(1);
        }
    }
}
