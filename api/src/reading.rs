//! Bodies that are being read: bounded in bytes over all connections, and each owner's so that others keep room.
//!
//! An owner is a tenant, or the operators together. What one owner's bodies hold is at most as much as they leave free, so
//! slow bodies of one tenant make its own requests wait and no other's. A body whose bytes are slow to come costs its
//! connection too, so that each counts for a little from its first byte on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orqestra_domain::TenantId;

use crate::error::ApiError;

/// Bytes of all bodies that are being read.
const MOST: usize = 64 * 1024 * 1024;
/// What a body counts for at least.
const LEAST: usize = 16 * 1024;
/// Seconds after which it is worth another try.
const RETRY_AFTER: u64 = 1;

/// Whose body it is; operators are one.
type Owner = Option<TenantId>;

/// The bodies that this process reads.
#[derive(Clone, Default)]
pub(crate) struct Bodies(Arc<Mutex<Reading>>);

#[derive(Default)]
struct Reading {
    bytes: usize,
    owners: HashMap<Owner, usize>,
}

/// What one body holds, until it is dropped.
pub(crate) struct Held {
    bodies: Bodies,
    owner: Owner,
    bytes: usize,
}

impl Bodies {
    /// Begins to read a body.
    ///
    /// # Errors
    /// `Overloaded` where too much of its owner's is being read.
    pub(crate) fn begin(&self, owner: Owner) -> Result<Held, ApiError> {
        let mut held = Held { bodies: self.clone(), owner, bytes: 0 };
        held.hold(LEAST)?;
        Ok(held)
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        // Additions and subtractions: a panic leaves the numbers whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Makes room for a body that has grown to so many bytes: how many it may have from now on.
    ///
    /// # Errors
    /// `Overloaded` where too much of its owner's is being read.
    pub(crate) fn grown(&mut self, bytes: usize) -> Result<usize, ApiError> {
        if bytes > self.bytes {
            self.hold(bytes.max(self.bytes * 2))?;
        }
        Ok(self.bytes)
    }

    fn hold(&mut self, bytes: usize) -> Result<(), ApiError> {
        let mut reading = self.bodies.reading();
        let more = bytes - self.bytes;
        let own = reading.owners.get(&self.owner).copied().unwrap_or(0) + more;
        if own + reading.bytes + more > MOST {
            return Err(ApiError::Overloaded(RETRY_AFTER));
        }
        reading.bytes += more;
        reading.owners.insert(self.owner, own);
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut reading = self.bodies.reading();
        reading.bytes -= self.bytes;
        if let Some(own) = reading.owners.get_mut(&self.owner) {
            *own -= self.bytes;
            if *own == 0 {
                reading.owners.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_owners_bodies_leave_others_as_much_as_they_take_and_nothing_is_held_for_ever() {
        let bodies = Bodies::default();
        let tenant = |number| Some(TenantId::from_uuid(Uuid::from_u128(number)));
        let all_of = |owner| -> Vec<Held> { std::iter::from_fn(|| bodies.begin(owner).ok()).collect() };
        let first = all_of(tenant(1));
        assert_eq!(first.len(), MOST / LEAST / 2);
        let second = all_of(tenant(2));
        assert_eq!(second.len(), MOST / LEAST / 4);
        assert!(bodies.begin(None).is_ok(), "operators have room too");
        let mut grows = bodies.begin(tenant(3)).unwrap();
        assert_eq!(grows.grown(LEAST).unwrap(), LEAST);
        assert_eq!(grows.grown(LEAST + 1).unwrap(), 2 * LEAST);
        assert!(matches!(grows.grown(MOST), Err(ApiError::Overloaded(RETRY_AFTER))));
        drop((first, second, grows));
        let reading = bodies.reading();
        assert!(reading.bytes == 0 && reading.owners.is_empty());
    }
}
