//! Bytes that all connections may hold together, and each owner's so that others keep room.
//!
//! An owner is a tenant, or the operators together. What one owner holds is at most as much as it leaves free, so that
//! its own requests wait and no other's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orqestra_domain::TenantId;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The owner of bytes; operators are one.
pub(crate) type Owner = Option<TenantId>;

/// The bytes of one kind.
#[derive(Clone)]
pub(crate) struct Shares(Arc<Inner>);

struct Inner {
    most: usize,
    held: Mutex<Held>,
    given_back: Notify,
}

#[derive(Default)]
struct Held {
    bytes: usize,
    owners: HashMap<Owner, usize>,
}

/// What one request holds, until it is dropped.
pub(crate) struct Share {
    shares: Shares,
    owner: Owner,
    bytes: usize,
}

impl Shares {
    /// Shares of at most so many bytes.
    pub(crate) fn of(most: usize) -> Self {
        Self(Arc::new(Inner { most, held: Mutex::default(), given_back: Notify::new() }))
    }

    /// A share that holds nothing yet.
    pub(crate) fn begin(&self, owner: Owner) -> Share {
        Share { shares: self.clone(), owner, bytes: 0 }
    }

    /// Ends once bytes are given back after it was enabled.
    pub(crate) fn given_back(&self) -> Notified<'_> {
        self.0.given_back.notified()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Additions and subtractions: a panic leaves the numbers whole.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Bytes that it holds.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Holds so many bytes, if there is room for more than it holds: then true.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let mut held = self.shares.held();
        let more = bytes.saturating_sub(self.bytes);
        let own = held.owners.get(&self.owner).copied().unwrap_or(0) + more;
        if own + held.bytes + more > self.shares.0.most {
            return false;
        }
        held.bytes += more;
        held.owners.insert(self.owner, own);
        self.bytes += more;
        true
    }

    /// Holds exactly so many bytes, which are in memory whatever room there is.
    pub(crate) fn settle(&mut self, bytes: usize) {
        let mut held = self.shares.held();
        held.bytes = held.bytes - self.bytes + bytes;
        let own = held.owners.remove(&self.owner).unwrap_or(0) - self.bytes + bytes;
        if own > 0 {
            held.owners.insert(self.owner, own);
        }
        let less = bytes < self.bytes;
        self.bytes = bytes;
        drop(held);
        if less {
            self.shares.0.given_back.notify_waiters();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.settle(0);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    const MOST: usize = 1_000;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn one_owners_bytes_leave_others_as_much_as_they_take_and_nothing_is_held_for_ever() {
        let shares = Shares::of(MOST);
        let all_of = |owner: TenantId| -> Vec<Share> {
            std::iter::from_fn(|| {
                let mut share = shares.begin(Some(owner));
                share.hold(10).then_some(share)
            })
            .collect()
        };
        let (first, second) = (all_of(tenant(1)), all_of(tenant(2)));
        assert_eq!((first.len(), second.len()), (MOST / 10 / 2, MOST / 10 / 4));
        assert!(shares.begin(None).hold(10), "operators have room too");
        drop((first, second));
        let held = shares.held();
        assert!(held.bytes == 0 && held.owners.is_empty());
    }

    #[test]
    fn what_is_in_memory_counts_even_beyond_the_bound_and_what_waits_is_told_of_what_is_given_back() {
        let shares = Shares::of(MOST);
        let mut large = shares.begin(Some(tenant(1)));
        large.settle(2 * MOST);
        let mut other = shares.begin(Some(tenant(2)));
        assert!(!other.hold(1));
        let told = shares.given_back();
        large.settle(MOST / 2);
        assert!(told.now_or_never().is_some() && other.hold(MOST / 4));
        assert_eq!((large.bytes(), other.bytes()), (MOST / 2, MOST / 4));
    }
}
