//! How long a batch gathers before it is sent, while other processes append too.
//!
//! Appends of an installation take turns. A batch sent right after the last one holds only the commands that came
//! meanwhile; the callers just answered ask again a moment later, and wait for a whole round of turns. The database is not
//! idle in between: it stores another process's batch. So where another process appended between two batches of this one, the
//! next batch waits until as many commands are there as came before, at most for the time that the last batch took.
//! Where no other process appends, no batch waits.

use std::time::Duration;

use tokio::time::Instant;

use crate::position::Position;

/// Longest wait, where the database takes long for other reasons.
const LONGEST: Duration = Duration::from_millis(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Gather {
    /// The last position that this process stored.
    last: Option<Position>,
    contended: bool,
    expected: usize,
    until: Instant,
}

impl Gather {
    pub(super) fn new(now: Instant) -> Self {
        Self { last: None, contended: false, expected: 0, until: now }
    }

    /// Notes the first and the last position of a batch.
    pub(super) fn stored(&mut self, first: Position, last: Position) {
        self.contended = self.last.is_some_and(|before| first != before.after(1));
        self.last = Some(last);
    }

    /// Notes that the last batch took so long, and how many commands the next one can expect.
    pub(super) fn answered(&mut self, took: Duration, expected: usize, now: Instant) {
        self.expected = expected;
        self.until = now + took.min(LONGEST);
    }

    /// Returns until when the next batch gathers, with so many commands waiting; `None` where it is sent now.
    pub(super) fn until(&self, waiting: usize, now: Instant) -> Option<Instant> {
        (self.contended && waiting < self.expected && now < self.until).then_some(self.until)
    }

    /// Whether another process stored events between the last two batches.
    pub(super) fn is_contended(&self) -> bool {
        self.contended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(4);

    fn at(position: i64) -> Position {
        Position::new(position)
    }

    #[test]
    fn a_batch_waits_only_beside_another_process() {
        let now = Instant::now();
        let mut gather = Gather::new(now);
        gather.stored(at(1), at(3));
        gather.stored(at(4), at(4));
        gather.answered(TOOK, 8, now);
        assert_eq!(gather.until(1, now), None, "the positions follow each other");
        gather.stored(at(6), at(7));
        assert_eq!(gather.until(1, now), Some(now + TOOK), "another process stored position 5");
        gather.stored(at(8), at(8));
        assert_eq!(gather.until(1, now), None);
    }

    #[test]
    fn a_batch_waits_for_no_more_than_came_before_and_not_for_long() {
        let now = Instant::now();
        let mut gather = Gather::new(now);
        gather.stored(at(1), at(1));
        gather.stored(at(3), at(3));
        gather.answered(TOOK, 2, now);
        assert_eq!(gather.until(2, now), None, "as many as before are there");
        assert_eq!(gather.until(1, now + TOOK), None, "the time is over");
        gather.answered(Duration::from_secs(9), 2, now);
        assert_eq!(gather.until(1, now), Some(now + LONGEST));
    }
}
