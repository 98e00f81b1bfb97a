//! Whether many callers wait at once, so that the engine's own work steps back.
//!
//! Steps back means a smaller share, never none: a batch takes a few commands of the engine's own, and whoever follows the
//! log works for a while and rests for a multiple of it, until the rush ends or the rest is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// So many callers at once are many.
const MANY: usize = 16;
/// A rush lasts for this long after the last one came while callers were many.
const LASTS: Duration = Duration::from_millis(20);
/// Rest for each stretch of work during a rush.
const REST_FOR_WORK: u32 = 63;
/// Longest rest.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// How many callers there are, and when they were last many.
#[derive(Debug)]
pub(crate) struct Rush {
    callers: AtomicUsize,
    opened: Instant,
    /// Milliseconds after that; 0 for never.
    noted: AtomicU64,
}

impl Default for Rush {
    fn default() -> Self {
        Self { callers: AtomicUsize::new(0), opened: Instant::now(), noted: AtomicU64::new(0) }
    }
}

impl Rush {
    /// One more caller waits, for as long as what is returned lives.
    pub(crate) fn enter(self: &Arc<Self>, now: Instant) -> Caller {
        if self.callers.fetch_add(1, Ordering::Relaxed) + 1 >= MANY {
            self.noted.store(self.millis(now).max(1), Ordering::Relaxed);
        }
        Caller(Arc::clone(self))
    }

    /// How long to rest after this much work; nothing where there is no rush.
    pub(crate) fn rest_after(&self, work: Duration, now: Instant) -> Duration {
        if self.is_on(now) { (work * REST_FOR_WORK).min(LONGEST_REST) } else { Duration::ZERO }
    }

    /// Whether callers are many, or were a moment ago.
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        if self.callers.load(Ordering::Relaxed) >= MANY {
            return true;
        }
        let noted = self.noted.load(Ordering::Relaxed);
        noted != 0 && u128::from(self.millis(now).saturating_sub(noted)) < LASTS.as_millis()
    }

    /// How many commands one batch takes during a rush, so that one half of the callers is stored while the other half
    /// is answered and asks again: with all of them in one batch nobody works but the database, then nobody but this
    /// process.
    pub(crate) fn half(&self) -> usize {
        self.callers.load(Ordering::Relaxed).max(MANY).div_ceil(2)
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }
}

/// A caller that waits for its answer.
#[derive(Debug)]
pub struct Caller(Arc<Rush>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.callers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_rest_in_a_rush_and_only_then() {
        let rush = Arc::new(Rush::default());
        let now = Instant::now();
        let work = Duration::from_millis(4);
        let mut callers: Vec<_> = (1..MANY).map(|_| rush.enter(now)).collect();
        assert_eq!(rush.rest_after(work, now), Duration::ZERO);
        callers.push(rush.enter(now));
        assert_eq!(rush.rest_after(work, now), Duration::from_millis(252));
        assert_eq!(rush.rest_after(Duration::from_secs(1), now), LONGEST_REST);
        assert!(rush.is_on(now + 2 * LASTS), "as long as they wait");
        let more: Vec<_> = (0..=MANY).map(|_| rush.enter(now)).collect();
        assert_eq!(rush.half(), MANY + 1, "half of the callers go together");
        drop(more);
        drop(callers);
        let after = now + LASTS + Duration::from_millis(1);
        assert!(!rush.is_on(after));
        assert_eq!(rush.rest_after(work, after), Duration::ZERO);
    }
}
