//! The places of a server: so many connections at once.
//!
//! Where all are taken and one more has come, the connection that has been idle longest gives way: one between two
//! requests, or whose first has not come whole. It is left alone for a moment first, so that those who come do not close
//! each other before their requests are there. One with a request under way or an answer that is still being taken never
//! gives way; a WebSocket has left its place to the hub's own bounds when it opened.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::requests::{Crowd, Requests};

type Taken = Mutex<HashMap<u64, Requests>>;

/// All places. One task hands them out.
pub(super) struct Places {
    most: usize,
    settle: Duration,
    crowd: Arc<Crowd>,
    taken: Arc<Taken>,
    next: u64,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    number: u64,
    requests: Requests,
    crowd: Arc<Crowd>,
    taken: Arc<Taken>,
}

fn locked(taken: &Taken) -> MutexGuard<'_, HashMap<u64, Requests>> {
    // One insertion or removal at a time: a panic leaves the table whole.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    /// So many, each left alone for `settle` after something has happened on it.
    pub(super) fn new(most: usize, settle: Duration) -> Self {
        Self { most, settle, crowd: Arc::default(), taken: Arc::default(), next: 0 }
    }

    /// Takes a place for a connection that has come, as soon as there is one.
    pub(super) async fn take(&mut self) -> Place {
        loop {
            if let Some(place) = self.try_take() {
                self.crowd.waits.store(false, Ordering::SeqCst);
                return place;
            }
            // First this: whoever becomes idle after the look says so.
            self.crowd.waits.store(true, Ordering::SeqCst);
            let again = self.ask_who_is_idle_longest().unwrap_or(Duration::MAX);
            // Over in time or not: then it is looked at again.
            timeout(again, self.crowd.changed.notified()).await.ok();
        }
    }

    fn try_take(&mut self) -> Option<Place> {
        let mut taken = locked(&self.taken);
        if taken.len() >= self.most {
            return None;
        }
        let (number, requests) = (self.next, Requests::of(Arc::clone(&self.crowd)));
        self.next += 1;
        taken.insert(number, requests.clone());
        drop(taken);
        Some(Place { number, requests, crowd: Arc::clone(&self.crowd), taken: Arc::clone(&self.taken) })
    }

    /// After which time it is worth asking again, where somebody is idle and not long enough yet.
    pub(super) fn ask_who_is_idle_longest(&self) -> Option<Duration> {
        let taken = locked(&self.taken);
        // One at a time; who was asked leaves at once, or refuses.
        if taken.values().any(Requests::leaving) {
            return None;
        }
        let idle = taken.values().filter(|requests| requests.idle());
        let longest = idle.min_by_key(|requests| requests.touched())?;
        let left = self.settle.saturating_sub(longest.untouched_for());
        if left.is_zero() {
            longest.ask_to_leave();
            return None;
        }
        Some(left)
    }
}

impl Place {
    /// The connection's requests.
    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Waits until this connection is to give way, which it then has to do: it is idle.
    pub(super) async fn gives_way(&self) {
        loop {
            self.requests.asked_to_leave().await;
            if self.requests.idle() {
                metrics::counter!("orqestra_idle_connections_closed_total").increment(1);
                return;
            }
            self.requests.stay();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.taken).remove(&self.number);
        self.crowd.changed.notify_one();
    }
}
