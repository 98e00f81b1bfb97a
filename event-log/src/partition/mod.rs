//! The parts that the log is read in: an event's key decides its partition, so that one recipient's events stay in order
//! in one.
//!
//! The number of partitions belongs to a subscription and to a topic, not to the log: nothing about it is stored with an
//! event. With one partition, that one is the whole log.

mod frontier;
mod keys;
mod murmur2;
mod progress;
mod topics;

use std::fmt;
use std::num::NonZeroU16;

pub use frontier::Frontier;
pub use keys::PartitionKey;
pub(crate) use keys::PartitionKeys;
pub use progress::Progress;
pub use topics::{settle_topics, store_sent_to_topic};

/// How many partitions the log is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partitions(NonZeroU16);

impl Partitions {
    /// The log undivided.
    pub const ONE: Self = Self(NonZeroU16::MIN);

    /// That many, from 1 to 32,767; else `None`.
    pub const fn new(count: u16) -> Option<Self> {
        match NonZeroU16::new(count) {
            // The tables count them by 16 bits with a sign.
            Some(count) if count.get() <= i16::MAX.unsigned_abs() => Some(Self(count)),
            Some(_) | None => None,
        }
    }

    /// How many.
    pub const fn count(self) -> u16 {
        self.0.get()
    }

    /// The partition of a key: the one that Kafka's Java client chooses for the same bytes.
    pub fn of(self, key: &PartitionKey) -> Partition {
        self.of_bytes(key.as_bytes())
    }

    /// The partition of a key's bytes.
    pub fn of_bytes(self, key: &[u8]) -> Partition {
        let positive = murmur2::murmur2(key) & 0x7fff_ffff;
        let number = positive % u32::from(self.count());
        Partition { number: u16::try_from(number).expect("less than the count"), of: self }
    }

    /// Each of them, by number.
    pub fn each(self) -> impl Iterator<Item = Partition> {
        (0..self.count()).map(move |number| Partition { number, of: self })
    }

    /// The partition of that number, from 0; `None` beyond the last.
    pub fn numbered(self, number: u16) -> Option<Partition> {
        (number < self.count()).then_some(Partition { number, of: self })
    }
}

/// One of the partitions that the log is read in.
///
/// Invariant: the number is below the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    number: u16,
    of: Partitions,
}

impl Partition {
    /// The only one of the undivided log.
    pub const WHOLE: Self = Self { number: 0, of: Partitions::ONE };

    /// Its number, from 0.
    pub const fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub const fn of(self) -> Partitions {
        self.of
    }

    /// Whether it is the undivided log.
    pub const fn is_whole(self) -> bool {
        self.of.count() == 1
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number, self.of.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_partition_that_the_java_client_chooses() {
        let twelve = Partitions::new(12).unwrap();
        // (murmur2 & 0x7fffffff) % 12, with the hashes of Kafka's own tests.
        for (key, number) in [("21", 0), ("foobar", 6), ("abc", 3)] {
            assert_eq!(twelve.of(&PartitionKey::of_text(key)).number(), number, "{key}");
        }
        assert_eq!(Partitions::ONE.of(&PartitionKey::of_text("abc")), Partition::WHOLE);
    }

    #[test]
    fn partitions_are_numbered_from_zero_to_below_their_count() {
        let three = Partitions::new(3).unwrap();
        assert_eq!(three.each().map(Partition::number).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(three.numbered(3), None);
        assert_eq!((Partitions::new(0), Partitions::new(32_768)), (None, None));
    }
}
