//! Whether more callers ask than the log can serve at once, so that what follows the log steps back.
//!
//! Steps back means a smaller share, never none: whoever follows works for a while and rests for a multiple of it, until
//! the rush ends or the rest is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A rush lasts from a batch with many callers for this long.
const LASTS: Duration = Duration::from_millis(20);
/// Rest for each stretch of work during a rush.
const REST_FOR_WORK: u32 = 15;
/// Longest rest.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// When callers were last many.
#[derive(Debug)]
pub(crate) struct Rush {
    opened: Instant,
    /// Milliseconds after that; 0 for never.
    noted: AtomicU64,
}

impl Default for Rush {
    fn default() -> Self {
        Self { opened: Instant::now(), noted: AtomicU64::new(0) }
    }
}

impl Rush {
    /// Callers are many now.
    pub(crate) fn note(&self, now: Instant) {
        self.noted.store(self.millis(now).max(1), Ordering::Relaxed);
    }

    /// How long to rest after this much work; nothing where there is no rush.
    pub(crate) fn rest_after(&self, work: Duration, now: Instant) -> Duration {
        if self.is_on(now) { (work * REST_FOR_WORK).min(LONGEST_REST) } else { Duration::ZERO }
    }

    /// Whether callers are many now, or were a moment ago.
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        let noted = self.noted.load(Ordering::Relaxed);
        noted != 0 && u128::from(self.millis(now).saturating_sub(noted)) < LASTS.as_millis()
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_rest_in_a_rush_and_only_then() {
        let rush = Rush::default();
        let now = Instant::now();
        let work = Duration::from_millis(4);
        assert_eq!(rush.rest_after(work, now), Duration::ZERO);
        rush.note(now);
        assert_eq!(rush.rest_after(work, now), Duration::from_millis(60));
        assert_eq!(rush.rest_after(Duration::from_secs(5), now), LONGEST_REST);
        let after = now + LASTS + Duration::from_millis(1);
        assert!(!rush.is_on(after));
        assert_eq!(rush.rest_after(work, after), Duration::ZERO);
    }
}
