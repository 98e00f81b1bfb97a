//! When a failed attempt is tried again: a pure schedule with jitter given from outside.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Randomness for one delay, in thousandths: 0 is the shortest, 1000 the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jitter(u16);

impl Jitter {
    /// The middle: exactly the scheduled delay.
    pub const NONE: Self = Self(500);

    /// Takes thousandths; more than 1000 counts as 1000.
    pub const fn from_thousandths(value: u16) -> Self {
        Self(if value > 1_000 { 1_000 } else { value })
    }

    /// From 0, the shortest, to 1, the longest.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

/// The delays between attempts; after the last one a delivery is abandoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
}

impl RetrySchedule {
    /// Most attempts a schedule may allow.
    pub const MAX_ATTEMPTS: usize = 32;
    /// The longest delay that a provider may ask for, where twice the scheduled one is shorter.
    pub const MOST_ASKED: Duration = Duration::from_mins(15);

    /// A schedule of these delays.
    ///
    /// Delays past [`Self::MAX_ATTEMPTS`] are dropped.
    pub fn new(mut delays: Vec<Duration>) -> Self {
        delays.truncate(Self::MAX_ATTEMPTS - 1);
        Self { delays }
    }

    /// How many attempts there are in all.
    pub fn attempts(&self) -> usize {
        self.delays.len() + 1
    }

    /// The delay after attempt number `failed` (from 1), or `None` after the last.
    ///
    /// The delay is within 20 % of the scheduled one. What the provider asked for is honoured from that on, up to
    /// [`Self::MOST_ASKED`] or twice the scheduled delay, whichever is longer.
    pub fn delay_after(&self, failed: u32, asked: Option<Duration>, jitter: Jitter) -> Option<Duration> {
        let base = *self.delays.get(usize::try_from(failed.checked_sub(1)?).ok()?)?;
        let jittered = base.mul_f64(0.8 + 0.4 * jitter.share());
        Some(match asked {
            Some(asked) => asked.clamp(jittered, (base * 2).max(Self::MOST_ASKED)),
            None => jittered,
        })
    }
}

impl Default for RetrySchedule {
    /// 5 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h: eight attempts in about 18 hours.
    fn default() -> Self {
        Self::new([5, 60, 300, 1_800, 7_200, 18_000, 36_000].map(Duration::from_secs).to_vec())
    }
}

/// The delays of a tenant's own schedule for a channel, in whole seconds; none: each delivery has one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RetryDelays(Vec<u32>);

impl RetryDelays {
    /// The seconds that a delay can have.
    pub const SECONDS: RangeInclusive<u64> = 1..=86_400;
    /// Most delays.
    pub const MOST: usize = RetrySchedule::MAX_ATTEMPTS - 1;

    /// Takes delays; `None` where one is outside of [`Self::SECONDS`] or there are more than [`Self::MOST`].
    pub fn from_seconds(delays: &[u64]) -> Option<Self> {
        let fits = |delay: &u64| u32::try_from(*delay).ok().filter(|_| Self::SECONDS.contains(delay));
        let delays: Option<Vec<u32>> = delays.iter().map(fits).collect();
        delays.filter(|delays| delays.len() <= Self::MOST).map(Self)
    }

    /// The delays in seconds.
    pub fn as_seconds(&self) -> &[u32] {
        &self.0
    }

    /// The schedule of these delays.
    pub fn schedule(&self) -> RetrySchedule {
        RetrySchedule::new(self.0.iter().map(|delay| Duration::from_secs((*delay).into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_attempt_has_no_delay_after_it() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.attempts(), 8);
        assert_eq!(schedule.delay_after(1, None, Jitter::NONE), Some(Duration::from_secs(5)));
        assert_eq!(schedule.delay_after(8, None, Jitter::NONE), None);
        assert_eq!(schedule.delay_after(0, None, Jitter::NONE), None);
    }

    #[test]
    fn what_the_provider_asks_is_honoured_up_to_15_minutes_or_twice_the_delay() {
        let schedule = RetrySchedule::default();
        let asked = |round, seconds| {
            let asked = Some(Duration::from_secs(seconds));
            schedule.delay_after(round, asked, Jitter::NONE).unwrap().as_secs()
        };
        assert_eq!((asked(2, 1), asked(2, 600), asked(2, 86_400)), (60, 600, 900));
        assert_eq!((asked(5, 1), asked(5, 10_000), asked(5, 86_400)), (7_200, 10_000, 14_400));
    }

    #[test]
    fn a_tenants_delays_are_held_to_their_bounds_and_none_is_one_round() {
        for wrong in [&[0][..], &[86_401], &[1; 32]] {
            assert_eq!(RetryDelays::from_seconds(wrong), None, "{wrong:?}");
        }
        assert_eq!(RetryDelays::from_seconds(&[5; 31]).unwrap().schedule().attempts(), 32);
        assert_eq!(RetryDelays::from_seconds(&[]).unwrap().schedule().attempts(), 1);
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_a_fifth_of_its_base(attempt in 1u32..8, jitter in 0u16..=1_000) {
            let schedule = RetrySchedule::default();
            let base = schedule.delay_after(attempt, None, Jitter::NONE).unwrap();
            let delay = schedule.delay_after(attempt, None, Jitter::from_thousandths(jitter)).unwrap();
            prop_assert!(delay >= base.mul_f64(0.799) && delay <= base.mul_f64(1.201));
        }
    }
}
