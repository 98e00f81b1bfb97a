//! The permits of one provider: how many calls it takes at one time, and how many may start in a second.
//!
//! Invariant: in any second no more calls start than this process's part of what its entry allows. They start evenly apart, so that
//! a provider which counts by another second than ours meets no more either.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use orqestra_domain::provider::ProviderLimits;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::shares::Shares;

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
    /// Permits that the semaphore has in all.
    size: SyncMutex<usize>,
    /// What the provider takes at one time from one process.
    most: usize,
    /// What its entry allows all processes at one time.
    allowed: Option<u32>,
    pace: Option<Pace>,
    shares: Arc<Shares>,
}

impl Permits {
    /// Permits of a provider that takes so many calls at one time from one process, within a part of its entry's limits.
    pub(crate) fn new(concurrency: usize, limits: ProviderLimits, shares: Arc<Shares>) -> Self {
        let permits = Self {
            calls: Arc::new(Semaphore::new(0)),
            size: SyncMutex::new(0),
            most: concurrency,
            allowed: limits.concurrency(),
            pace: limits.per_second().map(Pace::new),
            shares,
        };
        permits.fit();
        permits
    }

    /// Waits for a permit. A wait that is given up takes nothing from the rate.
    pub(crate) async fn permit(&self) -> Permit {
        if self.allowed.is_some() || self.pace.is_some() {
            self.shares.until_counted().await;
        }
        self.fit();
        let call = loop {
            let call = Arc::clone(&self.calls).acquire_owned().await.expect("the semaphore is never closed");
            if let Some(call) = self.within_size(call) {
                break call;
            }
        };
        if let Some(pace) = &self.pace {
            pace.turn(&self.shares).await;
        }
        Permit { _call: call }
    }

    /// How many deliveries can have their permit before long.
    pub(crate) fn in_hand(&self) -> usize {
        let paced = |pace: &Pace| to_usize(self.shares.part_of(pace.per_second.saturating_mul(AT_HAND)));
        self.at_one_time().min(self.pace.as_ref().map_or(usize::MAX, paced))
    }

    /// Calls of this process at one time.
    fn at_one_time(&self) -> usize {
        self.most.min(self.allowed.map_or(usize::MAX, |allowed| to_usize(self.shares.part_of(allowed))))
    }

    /// Makes the semaphore as large as this process's part is now, as far as its permits are free.
    fn fit(&self) {
        let wanted = self.at_one_time();
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted > *size {
            self.calls.add_permits(wanted - *size);
            *size = wanted;
        } else {
            *size -= self.calls.forget_permits(*size - wanted);
        }
    }

    /// Takes a permit away where there are too many. A permit that comes back goes to the next call that waits, so that
    /// [`Self::fit`] finds none free.
    fn within_size(&self, call: OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
        let wanted = self.at_one_time();
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if *size <= wanted {
            return Some(call);
        }
        call.forget();
        *size -= 1;
        None
    }
}

/// The time between two calls of one of so many processes: its part of the rate in whole calls, so that all together start no more
/// than the rate in any second. Where there are more processes than calls in a second, that holds on average.
fn interval(per_second: u32, processes: u32) -> Duration {
    let (calls, seconds) = match per_second / processes.max(1) {
        0 => (per_second, processes),
        part => (part, 1),
    };
    Duration::from_nanos((u64::from(seconds) * NANOS_A_SECOND).div_ceil(calls.into()))
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Starts of calls, evenly apart.
struct Pace {
    /// Of all processes together.
    per_second: u32,
    /// When the last call started. Locked by the call that waits for its turn, so that the others wait in their order.
    last: Mutex<Option<Instant>>,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        Self { per_second, last: Mutex::new(None) }
    }

    /// Waits for this process's part of the rate; a part that has become smaller meanwhile holds too.
    async fn turn(&self, shares: &Shares) {
        let interval = || interval(self.per_second, shares.processes());
        let mut last = self.last.lock().await;
        if let Some(last) = *last {
            let mut next = last + interval();
            while Instant::now() < next {
                sleep_until(next).await;
                next = last + interval();
            }
        }
        *last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::time::timeout;

    use super::*;

    fn permits(most: usize, per_second: Option<u32>, concurrency: Option<u32>) -> (Permits, Arc<Shares>) {
        let limits = ProviderLimits::new(per_second, concurrency).unwrap();
        let shares = Arc::new(Shares::default());
        (Permits::new(most, limits, Arc::clone(&shares)), shares)
    }

    /// That many processes send, and all know it.
    fn among(shares: &Shares, processes: u32) {
        let now = Instant::now();
        shares.counted(processes, now, now, now + Duration::from_mins(1));
    }

    /// How many permits could be had at one time now.
    fn available(permits: &Permits) -> usize {
        permits.fit();
        permits.calls.available_permits()
    }

    #[tokio::test]
    async fn in_no_second_do_more_calls_start_than_the_rate_allows() {
        for rate in [30, 70] {
            let (permits, _) = permits(1_000, Some(rate), None);
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
        let (permits, _) = permits(100, Some(1), None);
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
            let (permits, _) = permits(own, None, entry);
            assert_eq!((available(&permits), permits.in_hand()), (most, most));
        }
        assert_eq!(permits(32, Some(3), None).0.in_hand(), 12);
    }

    #[tokio::test]
    async fn processes_that_send_too_take_their_parts_of_what_the_entry_allows() {
        let (permits, shares) = permits(32, Some(12), Some(6));
        among(&shares, 3);
        assert_eq!((available(&permits), permits.in_hand()), (2, 2));
        let begun = Instant::now();
        for _ in 0..3 {
            drop(permits.permit().await);
        }
        assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
        among(&shares, 1);
        assert_eq!((available(&permits), permits.in_hand()), (6, 6));
    }

    #[tokio::test]
    async fn a_part_that_becomes_smaller_holds_once_the_calls_under_way_have_ended() {
        let (permits, shares) = permits(32, None, Some(4));
        let calls = [permits.permit().await, permits.permit().await, permits.permit().await];
        among(&shares, 4);
        assert_eq!(available(&permits), 0);
        drop(calls);
        assert_eq!(available(&permits), 1);
    }

    #[tokio::test]
    async fn a_part_that_becomes_smaller_holds_while_others_wait_for_a_permit() {
        let (permits, shares) = permits(32, None, Some(4));
        let calls = join_all((0..4).map(|_| permits.permit())).await;
        let waits = |_| async { timeout(Duration::from_millis(50), permits.permit()).await };
        let waiting = join_all((0..4).map(waits));
        let ends = async {
            tokio::task::yield_now().await;
            among(&shares, 4);
            drop(calls);
        };
        let (had, ()) = tokio::join!(waiting, ends);
        assert_eq!(
            had.iter().filter(|had| had.is_ok()).count(),
            1,
            "one call at one time is this process's part"
        );
    }

    #[test]
    fn all_processes_together_start_no_more_calls_in_a_second_than_the_rate() {
        for (rate, processes) in [(10, 1), (10, 3), (7, 2), (100, 7), (3, 3)] {
            let apart = interval(rate, processes).as_nanos();
            let each = u128::from(NANOS_A_SECOND).div_ceil(apart);
            assert!(
                each * u128::from(processes) <= u128::from(rate),
                "{rate} among {processes}: {each} each"
            );
        }
        assert_eq!(interval(1, 5), Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_part_of_a_provider_without_limits_is_all_of_it() {
        let (permits, shares) = permits(32, None, None);
        among(&shares, 3);
        assert_eq!((available(&permits), permits.in_hand()), (32, 32));
    }
}
