//! How long after its acceptance a message is of use: set on a trigger or a template, in whole seconds.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time to live of 1 second to 30 days. A stored number is read whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExpiresIn(u32);

impl ExpiresIn {
    /// The seconds that can be set.
    pub const SECONDS: RangeInclusive<u64> = 1..=30 * 24 * 3_600;

    /// How long a message is of use where neither trigger, template nor installation says so: 72 hours.
    pub const DEFAULT: Self = Self(72 * 3_600);

    /// Takes seconds; `None` outside of [`Self::SECONDS`].
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        Self::SECONDS.contains(&seconds).then(|| u32::try_from(seconds).ok().map(Self))?
    }

    /// The number of seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The same as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_of_use_for_a_second_to_thirty_days() {
        assert_eq!([0, 2_592_001, u64::MAX].map(ExpiresIn::from_seconds), [None; 3]);
        assert_eq!([1, 2_592_000].map(|s| ExpiresIn::from_seconds(s).unwrap().seconds()), [1, 2_592_000]);
    }
}
