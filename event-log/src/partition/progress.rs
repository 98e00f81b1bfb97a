//! How far this process has come with the partitions that it follows.

use std::collections::BTreeMap;

use super::{Partition, PartitionKey, Partitions};
use crate::position::Position;

/// The position of each partition of a subscription that this process follows or last followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    partitions: Partitions,
    followed: BTreeMap<u16, Position>,
}

impl Default for Progress {
    /// Nothing was followed yet.
    fn default() -> Self {
        Self { partitions: Partitions::ONE, followed: BTreeMap::new() }
    }
}

impl Progress {
    /// The position up to which every event of the partitions followed here is handled; zero before any is.
    pub fn position(&self) -> Position {
        self.followed.values().copied().min().unwrap_or(Position::ZERO)
    }

    /// Whether the events of that key are handled up to a position, as far as this process knows.
    pub fn reaches(&self, key: &PartitionKey, position: Position) -> bool {
        let number = self.partitions.of(key).number();
        self.followed.get(&number).is_some_and(|reached| *reached >= position)
    }

    pub(crate) fn set(&mut self, partition: Partition, position: Position) {
        if partition.of() != self.partitions {
            *self = Self { partitions: partition.of(), followed: BTreeMap::new() };
        }
        self.followed.insert(partition.number(), position);
    }

    /// Forgets a partition that another process may follow from now on. The whole log's position is kept: it says how far
    /// this process had come.
    pub(crate) fn leave(&mut self, partition: Partition) {
        if partition.of() == self.partitions && !partition.is_whole() {
            self.followed.remove(&partition.number());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_far_as_the_last_of_the_partitions_that_are_followed_here() {
        let mut progress = Progress::default();
        assert_eq!(progress.position(), Position::ZERO);
        let two = Partitions::new(2).unwrap();
        let [first, second] = [0, 1].map(|number| two.numbered(number).unwrap());
        progress.set(first, Position::new(5));
        assert_eq!(progress.position(), Position::new(5));
        progress.set(second, Position::new(3));
        assert_eq!(progress.position(), Position::new(3));
        let of = |partition| {
            let mut keys = (0..).map(|number: u32| PartitionKey::of_text(&number.to_string()));
            keys.find(|key| two.of(key) == partition).unwrap()
        };
        assert!(
            progress.reaches(&of(first), Position::new(5))
                && !progress.reaches(&of(second), Position::new(5))
        );
        progress.leave(second);
        assert_eq!(progress.position(), Position::new(5));
        assert!(!progress.reaches(&of(second), Position::new(1)), "it may be behind elsewhere");
        progress.set(Partition::WHOLE, Position::new(2));
        progress.leave(Partition::WHOLE);
        assert_eq!(progress.position(), Position::new(2));
    }
}
