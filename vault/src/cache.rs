//! Opened keys kept in memory, by id and by scope; bounded.
//!
//! A key that was forgotten while its read was under way is not kept: the read notices that something was
//! forgotten meanwhile and takes its key out again.

use std::sync::atomic::{AtomicU64, Ordering};

use orqestra_domain::{KeyId, TenantId};
use quick_cache::sync::Cache;

use crate::key::{DataKey, KeyScope};

/// About 5 MB when full.
const CAPACITY: usize = 16_384;

pub(crate) struct KeyCache {
    by_id: Cache<KeyId, DataKey>,
    by_scope: Cache<(TenantId, KeyScope), DataKey>,
    forgets: AtomicU64,
}

/// How often something had been forgotten when a read began.
#[derive(Clone, Copy)]
pub(crate) struct Before(u64);

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self { by_id: Cache::new(CAPACITY), by_scope: Cache::new(CAPACITY), forgets: AtomicU64::new(0) }
    }

    pub(crate) fn by_id(&self, id: KeyId) -> Option<DataKey> {
        self.by_id.get(&id)
    }

    pub(crate) fn by_scope(&self, tenant: TenantId, scope: KeyScope) -> Option<DataKey> {
        self.by_scope.get(&(tenant, scope))
    }

    pub(crate) fn insert(&self, key: &DataKey) {
        self.by_id.insert(key.id(), key.clone());
        self.by_scope.insert((key.tenant(), key.scope()), key.clone());
    }

    pub(crate) fn before_read(&self) -> Before {
        Before(self.forgets.load(Ordering::SeqCst))
    }

    pub(crate) fn insert_read(&self, key: &DataKey, before: Before) {
        self.insert(key);
        if self.forgets.load(Ordering::SeqCst) != before.0 {
            self.evict(key);
        }
    }

    pub(crate) fn evict(&self, key: &DataKey) {
        self.by_id.remove(&key.id());
        self.by_scope.remove_if(&(key.tenant(), key.scope()), |held| held.id() == key.id());
    }

    pub(crate) fn forget(&self, gone: impl Fn(TenantId, KeyScope) -> bool) {
        self.forgets.fetch_add(1, Ordering::SeqCst);
        self.by_id.retain(|_, key| !gone(key.tenant(), key.scope()));
        self.by_scope.retain(|(tenant, scope), _| !gone(*tenant, *scope));
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::RecipientRef;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;

    fn key(id: u128, scope: KeyScope) -> DataKey {
        let id = KeyId::from_uuid(Uuid::from_u128(id));
        DataKey::new(id, TenantId::PLATFORM, scope, Zeroizing::new([0; 32]))
    }

    fn person(byte: u8, month: i32) -> KeyScope {
        KeyScope::Recipient { recipient: RecipientRef::from_bytes([byte; 32]), month }
    }

    #[test]
    fn forgetting_takes_all_months_of_one_person_and_nothing_else() {
        let cache = KeyCache::new();
        let keys = [key(1, person(1, 202_610)), key(2, person(1, 202_611)), key(3, person(2, 202_611))];
        for key in &keys {
            cache.insert(key);
        }
        cache.forget(|_, scope| scope.recipient() == Some(&RecipientRef::from_bytes([1; 32])));
        let left = keys.iter().filter(|key| cache.by_id(key.id()).is_some()).count();
        assert_eq!(left, 1);
        assert!(cache.by_scope(TenantId::PLATFORM, person(2, 202_611)).is_some());
    }

    #[test]
    fn a_read_that_began_before_a_forgetting_is_not_kept() {
        let cache = KeyCache::new();
        let before = cache.before_read();
        cache.forget(|_, _| true);
        let late = key(1, KeyScope::Tenant);
        cache.insert_read(&late, before);
        assert!(cache.by_id(late.id()).is_none());
        assert!(cache.by_scope(TenantId::PLATFORM, KeyScope::Tenant).is_none());
    }

    #[test]
    fn evicting_a_dead_key_leaves_its_successor() {
        let cache = KeyCache::new();
        let (dead, next) = (key(1, person(1, 202_611)), key(2, person(1, 202_611)));
        cache.insert(&dead);
        cache.insert(&next);
        cache.evict(&dead);
        let held = cache.by_scope(TenantId::PLATFORM, person(1, 202_611)).unwrap();
        assert_eq!(held.id(), next.id());
    }
}
