//! The numbers of a channel's publications: 1, 2, 3 and so on for each recipient and category, the same in every process.
//!
//! A channel is counted from the moment somebody joins it. How many publications it had before is looked up then, once for all
//! that are in it; what comes meanwhile waits. A position of the log would tell a recipient what the whole installation does.

use std::sync::Arc;

use super::outbox::MAX_BYTES;
use crate::publication::{Content, Publication};

/// The numbers of one channel, while somebody is in it.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Publications since the first one joined.
    count: u64,
    base: Option<Base>,
}

/// Where the channel stood when it was first joined.
#[derive(Debug)]
struct Base {
    epoch: Arc<str>,
    number: u64,
}

impl Numbering {
    /// Counts one more, and gives the count.
    pub(super) const fn count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The number of the last publication, if it is known.
    pub(super) fn number(&self) -> Option<u64> {
        self.base.as_ref().map(|base| base.number + self.count)
    }

    /// Epoch and number of the last publication, if they are known.
    pub(super) fn stands(&self) -> Option<(Arc<str>, u64)> {
        self.base.as_ref().map(|base| (Arc::clone(&base.epoch), base.number + self.count))
    }

    /// Waits from here on.
    pub(super) const fn wait(&self) -> Waiting {
        Waiting { from: self.count, contents: Vec::new(), bytes: 0 }
    }

    /// Takes in that the channel stood at `number` when a listener began to wait. False: it was counted otherwise.
    pub(super) fn settle(&mut self, epoch: &str, number: u64, waiting: &Waiting) -> bool {
        let Some(at_first) = number.checked_sub(waiting.from) else { return false };
        match &self.base {
            Some(base) => *base.epoch == *epoch && base.number == at_first,
            None => {
                self.base = Some(Base { epoch: epoch.into(), number: at_first });
                true
            }
        }
    }
}

/// How a listener is in a channel.
#[derive(Debug)]
pub(super) enum Joined {
    /// Its publications have no numbers.
    Unnumbered,
    /// It is not known yet at which number it joined.
    Waiting(Waiting),
    /// It gets what has a higher number.
    Numbered { known: u64 },
}

/// What came since a listener joined, in order.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The channel's count when it joined.
    from: u64,
    contents: Vec<(u64, Content)>,
    bytes: usize,
}

impl Waiting {
    /// Keeps one more, the channel's `count`th. False: it is too much.
    pub(super) fn keep(&mut self, count: u64, content: Content) -> bool {
        self.bytes += content.0.get().len() + size_of::<(u64, Content)>();
        if self.bytes > MAX_BYTES {
            self.contents = Vec::new();
            return false;
        }
        self.contents.push((count, content));
        true
    }

    /// All of it, where the listener joined at `number`.
    pub(super) fn numbered(self, number: u64) -> impl Iterator<Item = Publication> {
        let from = self.from;
        self.contents.into_iter().map(move |(count, content)| content.numbered(number + (count - from)))
    }
}
