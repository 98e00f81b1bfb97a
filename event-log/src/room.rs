//! How many commands and bytes of events wait to be stored, in all, and of each tenant whose events are large.
//!
//! Large commands of one tenant take at most as much as they leave free, so that there is room for another tenant's,
//! in whichever order they come. Small commands are counted in the sum alone, so that they cost nothing more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use orqestra_domain::TenantId;

/// Most bytes of events that wait to be stored.
const MOST: usize = 32 * 1024 * 1024;
/// A command with more bytes than this is large.
pub(crate) const LARGE: usize = 16 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Room {
    commands: AtomicUsize,
    taken: AtomicUsize,
    large: Mutex<HashMap<TenantId, usize>>,
}

impl Room {
    /// Takes room for a tenant's command, or says that there is none for it.
    pub(crate) fn take(&self, tenant: TenantId, bytes: usize) -> bool {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if taken <= MOST && (bytes <= LARGE || self.take_large(tenant, bytes, MOST - taken)) {
            self.commands.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
        false
    }

    /// How many commands have taken room.
    pub(crate) fn commands(&self) -> usize {
        self.commands.load(Ordering::Relaxed)
    }

    fn take_large(&self, tenant: TenantId, bytes: usize, free: usize) -> bool {
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let own = large.get(&tenant).copied().unwrap_or(0) + bytes;
        let fits = own <= free;
        if fits {
            large.insert(tenant, own);
        }
        fits
    }

    /// Gives room back that was taken.
    pub(crate) fn leave(&self, tenant: TenantId, bytes: usize) {
        self.commands.fetch_sub(1, Ordering::Relaxed);
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
        if bytes <= LARGE {
            return;
        }
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let own = large.get(&tenant).copied().unwrap_or(0).saturating_sub(bytes);
        if own == 0 {
            large.remove(&tenant);
        } else {
            large.insert(tenant, own);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const BODY: usize = 340 * 1024;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn large_commands_of_one_tenant_leave_as_much_room_as_they_take() {
        let room = Room::default();
        let mut one = 0;
        while room.take(tenant(1), BODY) {
            one += BODY;
        }
        assert!((MOST / 2 - BODY..=MOST / 2).contains(&one), "{one}");
        assert!(room.take(tenant(2), BODY), "another tenant finds room for large ones");
        assert!(room.take(tenant(1), LARGE), "and the same tenant for a small one");
        room.leave(tenant(2), BODY);
        room.leave(tenant(1), LARGE);
        for _ in 0..one / BODY {
            room.leave(tenant(1), BODY);
        }
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        assert_eq!(room.commands(), 0);
        assert!(room.large.lock().unwrap().is_empty());
    }

    #[test]
    fn small_commands_may_take_all_of_it_and_no_more() {
        let room = Room::default();
        let taken = (0..MOST / LARGE + 10).filter(|_| room.take(tenant(1), LARGE)).count();
        assert_eq!(taken, MOST / LARGE);
        assert!(!room.take(tenant(2), 1));
    }
}
