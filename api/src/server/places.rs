//! The places of a server: so many connections at once, so many of them of one peer.
//!
//! Where all are taken and one more wants one, the connection that has been idle longest gives way: one between two
//! requests, or whose first has not come whole. It is left alone for a moment first, so that those that come do not close
//! each other before their requests are there. One with a request under way or an answer that is still being taken never
//! gives way; a WebSocket has left its place to the hub's own bounds when it opened.
//!
//! Beside the places there are a few spare ones, for those that come while all others are taken: a probe is answered there,
//! and any other request once it has got a place of its own, or not at all.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::peer::Peer;
use super::requests::{Crowd, Requests};

/// How long a request in a spare place waits for one of its own.
const WAITS: Duration = Duration::from_secs(1);

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// All but the spare ones.
    pub(super) most: usize,
    /// Of one peer.
    pub(super) peer: usize,
    /// Beside them.
    pub(super) spare: usize,
    /// How long a connection is left alone after something has happened on it.
    pub(super) settle: Duration,
}

/// All places. Cheap to clone.
#[derive(Clone)]
pub(super) struct Places {
    sizes: Sizes,
    crowd: Arc<Crowd>,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    connections: HashMap<u64, Held>,
    /// How many of them are no spare ones, in all and by peer.
    regular: usize,
    peers: HashMap<Peer, usize>,
    /// How many spare ones wait for a place of their own.
    waiting: usize,
    next: u64,
}

struct Held {
    requests: Requests,
    peer: Peer,
    spare: bool,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    number: u64,
    peer: Peer,
    requests: Requests,
    regular: AtomicBool,
    places: Places,
}

/// One of the spare places that waits for its own, until it is dropped.
struct Waits<'a>(&'a Places);

/// One that waits for a change, until it is dropped.
struct Looks<'a>(&'a Crowd);

impl Places {
    /// So many.
    pub(super) fn new(sizes: Sizes) -> Self {
        Self { sizes, crowd: Arc::default(), taken: Arc::default() }
    }

    /// Takes a place for a connection that has come, as soon as there is one.
    pub(super) async fn take(&self, peer: Peer) -> Place {
        let _looks = self.looks();
        loop {
            // First this: a connection that becomes idle after the look tells of it.
            let mut changed = pin!(self.crowd.changed.notified());
            changed.as_mut().enable();
            if let Some(place) = self.try_take(peer) {
                return place;
            }
            let again = self.ask_who_is_idle_longest(None).unwrap_or(Duration::MAX);
            // Over in time or not: then it is looked at again.
            timeout(again, changed).await.ok();
        }
    }

    fn try_take(&self, peer: Peer) -> Option<Place> {
        let mut taken = self.taken();
        let spare = !taken.has_room(&self.sizes, peer);
        if spare && taken.connections.len() - taken.regular >= self.sizes.spare {
            return None;
        }
        let (number, requests) = (taken.next, Requests::of(Arc::clone(&self.crowd)));
        taken.next += 1;
        if !spare {
            taken.count(peer);
        }
        taken.connections.insert(number, Held { requests: requests.clone(), peer, spare });
        drop(taken);
        Some(Place { number, peer, requests, regular: AtomicBool::new(!spare), places: self.clone() })
    }

    /// Asks the connection that has been idle longest to leave: of one peer, or of all. After which time it is worth asking
    /// again, where one is idle and not long enough yet.
    pub(super) fn ask_who_is_idle_longest(&self, of: Option<Peer>) -> Option<Duration> {
        let taken = self.taken();
        // One at a time; one that was asked leaves at once, or refuses.
        if taken.connections.values().any(|held| held.requests.leaving()) {
            return None;
        }
        let asked = |held: &&Held| match of {
            None => true,
            Some(peer) => held.peer == peer && !held.spare,
        };
        let idle = taken.connections.values().filter(asked).map(|held| &held.requests);
        let longest = idle.filter(|requests| requests.idle()).min_by_key(|requests| requests.touched())?;
        let left = self.sizes.settle.saturating_sub(longest.untouched_for());
        if left.is_zero() {
            longest.ask_to_leave();
            return None;
        }
        Some(left)
    }

    fn looks(&self) -> Looks<'_> {
        self.crowd.waiting.fetch_add(1, Ordering::SeqCst);
        Looks(&self.crowd)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Small changes that cannot panic in between: the table is whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn has_room(&self, sizes: &Sizes, peer: Peer) -> bool {
        self.regular < sizes.most && self.of(peer) < sizes.peer
    }

    fn of(&self, peer: Peer) -> usize {
        self.peers.get(&peer).copied().unwrap_or(0)
    }

    fn count(&mut self, peer: Peer) {
        self.regular += 1;
        *self.peers.entry(peer).or_default() += 1;
    }

    fn remove(&mut self, number: u64) {
        let Some(held) = self.connections.remove(&number) else { return };
        if held.spare {
            return;
        }
        self.regular -= 1;
        if let Some(count) = self.peers.get_mut(&held.peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&held.peer);
            }
        }
    }
}

impl Place {
    /// The connection's requests.
    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Whether this place is a regular one.
    pub(super) fn is_regular(&self) -> bool {
        self.regular.load(Ordering::SeqCst)
    }

    /// Waits until this place is a regular one. False where it does not become one in time, or too many wait already:
    /// half of the spare places are left to probes.
    pub(super) async fn becomes_regular(&self) -> bool {
        if self.is_regular() {
            return true;
        }
        let Some(_waits) = self.waits() else { return self.promoted() };
        let (_looks, until) = (self.places.looks(), Instant::now() + WAITS);
        loop {
            let mut changed = pin!(self.places.crowd.changed.notified());
            changed.as_mut().enable();
            if self.promoted() {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let full = self.places.taken().of(self.peer) >= self.places.sizes.peer;
            let again = self.places.ask_who_is_idle_longest(full.then_some(self.peer)).unwrap_or(left);
            timeout(again.min(left), changed).await.ok();
        }
    }

    fn promoted(&self) -> bool {
        let mut taken = self.places.taken();
        if !taken.has_room(&self.places.sizes, self.peer) {
            return false;
        }
        if let Some(held) = taken.connections.get_mut(&self.number) {
            held.spare = false;
            taken.count(self.peer);
        }
        self.regular.store(true, Ordering::SeqCst);
        true
    }

    fn waits(&self) -> Option<Waits<'_>> {
        let mut taken = self.places.taken();
        if taken.waiting >= self.places.sizes.spare / 2 {
            return None;
        }
        taken.waiting += 1;
        Some(Waits(&self.places))
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
        self.places.taken().remove(self.number);
        self.places.crowd.tell();
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.taken().waiting -= 1;
    }
}

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
