//! How far a subscription has come: a position of the log for each partition.

use super::{Partition, PartitionKey, Partitions};
use crate::position::Position;

/// A position for each partition: of this partition every event up to it is handled, and none beyond.
///
/// Positions are the log's whatever the events came by, so that a subscription can change from the log's tail to a topic
/// and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier(Vec<Position>);

impl Frontier {
    /// All partitions at one position.
    pub fn level(partitions: Partitions, position: Position) -> Self {
        Self(vec![position; usize::from(partitions.count())])
    }

    /// The undivided log at a position.
    pub fn whole(position: Position) -> Self {
        Self::level(Partitions::ONE, position)
    }

    /// The partitions that it is of.
    pub fn partitions(&self) -> Partitions {
        let count = u16::try_from(self.0.len()).ok().and_then(Partitions::new);
        count.expect("it is made of partitions, of which there is one at least")
    }

    /// Sets one partition's position. One of another number of partitions changes nothing.
    pub fn set(&mut self, partition: Partition, position: Position) {
        if partition.of() == self.partitions() {
            self.0[usize::from(partition.number())] = position;
        }
    }

    /// The same, nowhere beyond a position.
    #[must_use]
    pub fn up_to(self, end: Position) -> Self {
        Self(self.0.into_iter().map(|position| position.min(end)).collect())
    }

    /// The position of one partition; of another number of partitions, the position that all have passed.
    pub fn at(&self, partition: Partition) -> Position {
        if partition.of() == self.partitions() {
            self.0[usize::from(partition.number())]
        } else {
            self.least()
        }
    }

    /// The position up to which the events of a key are handled.
    pub fn of_key(&self, key: &PartitionKey) -> Position {
        self.at(self.partitions().of(key))
    }

    /// The position up to which every event of the log is handled.
    pub fn least(&self) -> Position {
        self.0.iter().copied().min().unwrap_or(Position::ZERO)
    }

    /// The furthest position that an event is handled of.
    pub fn furthest(&self) -> Position {
        self.0.iter().copied().max().unwrap_or(Position::ZERO)
    }

    /// Whether all partitions stand at one position.
    pub fn is_level(&self) -> bool {
        self.least() == self.furthest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_least_the_furthest_and_each() {
        let three = Partitions::new(3).unwrap();
        let mut frontier = Frontier::level(three, Position::new(5));
        assert!(frontier.is_level());
        frontier.set(three.numbered(1).unwrap(), Position::new(9));
        frontier.set(three.numbered(2).unwrap(), Position::new(3));
        let each: Vec<_> = three.each().map(|partition| frontier.at(partition).get()).collect();
        assert_eq!(each, [5, 9, 3]);
        assert_eq!((frontier.least().get(), frontier.furthest().get()), (3, 9));
        let three_at_most = frontier.clone().up_to(Position::new(4));
        assert_eq!((three_at_most.least().get(), three_at_most.furthest().get()), (3, 4));
        // A reader with other partitions can rely on no more than what all have passed.
        frontier.set(Partition::WHOLE, Position::new(100));
        assert_eq!(frontier.at(Partition::WHOLE).get(), 3);
    }
}
