//! Connections that have shown no token yet: so many at once, and the one that has waited longest gives way to the next.
//!
//! Each is left alone for a moment first, in which a client of good will shows its token. They take no place from those that
//! have shown one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many there are at most.
pub(super) const MOST: usize = 1_000;
/// How long one is left alone.
const SETTLE: Duration = Duration::from_millis(500);

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Unknown(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    /// In the order in which they came.
    places: BTreeMap<u64, (Instant, CancellationToken)>,
    next: u64,
}

/// The place of one, until it is dropped.
pub(super) struct UnknownPlace {
    all: Unknown,
    number: u64,
    leaves: CancellationToken,
}

impl Unknown {
    /// A place for one more; none while each of the others is left alone.
    pub(super) fn take(&self) -> Option<UnknownPlace> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<UnknownPlace> {
        let mut waiting = self.waiting();
        if waiting.places.len() >= MOST {
            let longest = waiting.places.first_entry()?;
            if now.duration_since(longest.get().0) < SETTLE {
                return None;
            }
            longest.remove().1.cancel();
        }
        let (number, leaves) = (waiting.next, CancellationToken::new());
        waiting.next += 1;
        waiting.places.insert(number, (now, leaves.clone()));
        drop(waiting);
        Some(UnknownPlace { all: self.clone(), number, leaves })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnknownPlace {
    /// Waits until it is wanted for another.
    pub(super) async fn wanted(&self) {
        self.leaves.cancelled().await;
    }
}

impl Drop for UnknownPlace {
    fn drop(&mut self) {
        self.all.waiting().places.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_one_that_has_waited_longest_gives_way_once_it_was_left_alone() {
        let (unknown, began) = (Unknown::default(), Instant::now());
        let all: Vec<_> = (0..MOST).map(|_| unknown.take_at(began).unwrap()).collect();
        assert!(unknown.take_at(began + SETTLE / 2).is_none());
        let late = unknown.take_at(began + SETTLE).unwrap();
        assert!(all[0].wanted().now_or_never().is_some());
        assert!(all[1].wanted().now_or_never().is_none() && late.wanted().now_or_never().is_none());
        assert_eq!(unknown.waiting().places.len(), MOST);
        drop(all);
        drop(late);
        assert!(unknown.waiting().places.is_empty());
    }
}
