//! The permits of one provider: how many calls it takes at one time, and how many may start in a second.
//!
//! Invariant: in any second no more calls start than its entry allows. They start evenly apart, so that a provider which
//! counts by another second than ours meets no more either.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::provider::ProviderLimits;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// For how many seconds of its rate a provider has deliveries at hand: less than one waits for a permit.
const AT_HAND: u32 = 4;
const NANOS_A_SECOND: u64 = 1_000_000_000;

/// The right to make one call. Dropped when the call has ended.
pub(crate) struct Permit {
    _call: OwnedSemaphorePermit,
}

/// See the module.
pub(crate) struct Permits {
    calls: Arc<Semaphore>,
    most: usize,
    pace: Option<Pace>,
}

impl Permits {
    /// Permits of a provider that takes so many calls at one time, within its entry's limits.
    pub(crate) fn new(concurrency: usize, limits: ProviderLimits) -> Self {
        let allowed = limits.concurrency().map_or(usize::MAX, to_usize);
        let most = concurrency.min(allowed);
        Self { calls: Arc::new(Semaphore::new(most)), most, pace: limits.per_second().map(Pace::new) }
    }

    /// Waits for a permit. A wait that is given up takes nothing from the rate.
    pub(crate) async fn permit(&self) -> Permit {
        let call = Arc::clone(&self.calls).acquire_owned().await.expect("the semaphore is never closed");
        if let Some(pace) = &self.pace {
            pace.turn().await;
        }
        Permit { _call: call }
    }

    /// How many deliveries can have their permit before long.
    pub(crate) fn in_hand(&self) -> usize {
        let paced =
            self.pace.as_ref().map_or(usize::MAX, |pace| to_usize(pace.per_second.saturating_mul(AT_HAND)));
        self.most.min(paced)
    }
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Starts of calls, evenly apart.
struct Pace {
    per_second: u32,
    /// When the next call may start. Locked by the call that waits for it, so that the others wait in their order.
    next: Mutex<Instant>,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        Self { per_second, next: Mutex::new(Instant::now()) }
    }

    async fn turn(&self) {
        let mut next = self.next.lock().await;
        sleep_until(*next).await;
        // Rounded up, so that a second holds no start too many.
        *next = Instant::now() + Duration::from_nanos(NANOS_A_SECOND.div_ceil(self.per_second.into()));
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::time::timeout;

    use super::*;

    fn limits(per_second: Option<u32>, concurrency: Option<u32>) -> ProviderLimits {
        ProviderLimits::new(per_second, concurrency).unwrap()
    }

    #[tokio::test]
    async fn in_no_second_do_more_calls_start_than_the_rate_allows() {
        for rate in [30, 70] {
            let permits = Permits::new(1_000, limits(Some(rate), None));
            let begun = Instant::now();
            let started = async |_| {
                drop(permits.permit().await);
                begun.elapsed()
            };
            let rate = to_usize(rate);
            let mut starts = join_all((0..2 * rate).map(started)).await;
            starts.sort();
            for window in starts.windows(rate + 1) {
                assert!(window[rate] >= window[0] + Duration::from_secs(1), "{starts:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_takes_no_part_of_the_rate() {
        let permits = Permits::new(100, limits(Some(1), None));
        drop(permits.permit().await);
        let begun = Instant::now();
        for _ in 0..9 {
            assert!(timeout(Duration::from_millis(20), permits.permit()).await.is_err());
        }
        drop(permits.permit().await);
        // Nine parts of the rate are nine seconds.
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_entry_can_lower_the_number_of_calls_at_one_time_but_not_raise_it() {
        for (own, entry, most) in [(32, Some(2), 2), (32, Some(500), 32), (32, None, 32)] {
            let permits = Permits::new(own, limits(None, entry));
            assert_eq!((permits.calls.available_permits(), permits.in_hand()), (most, most));
        }
        assert_eq!(Permits::new(32, limits(Some(3), None)).in_hand(), 12);
    }
}
