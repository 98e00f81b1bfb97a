//! The vault: makes, finds, remembers and forgets data keys, seals and opens with them.
//!
//! It reads stored keys and never stores one: a new key goes into the append that first uses it, and is
//! remembered once that append won. It holds no key that it was told to forget.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use orqestra_domain::{KeyId, RecipientRef, Sealed, TenantId};
use sqlx::PgPool;
use uuid::Builder;
use zeroize::Zeroizing;

use crate::cache::KeyCache;
use crate::entropy::Entropy;
use crate::index::IndexKey;
use crate::key::{DataKey, KeyScope, NewKey};
use crate::master::{MasterKey, UnwrapError};
use crate::reader::{Corruption, KeyError, KeyReader, Wanted};
use crate::seal::{self, FieldContext, OpenError};

/// See the module. Copies share one cache.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    master: MasterKey,
    former: Option<MasterKey>,
    entropy: Arc<dyn Entropy>,
    cache: KeyCache,
    reader: KeyReader,
}

impl Vault {
    /// Opens the vault over the table `data_keys` of this database.
    pub fn new(pool: PgPool, master: MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        Self::with_former(pool, master, None, entropy)
    }

    /// As [`Vault::new`], and also unwraps keys still wrapped with a former master key. For the time of a
    /// change: see [`Vault::rotate`].
    pub fn with_former(
        pool: PgPool,
        master: MasterKey,
        former: Option<MasterKey>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let (cache, reader) = (KeyCache::new(), KeyReader::new(pool));
        Self(Arc::new(Inner { master, former, entropy, cache, reader }))
    }

    /// Whether the master key's bytes repeat or count, so that they do not come from chance.
    pub fn master_is_guessable(&self) -> bool {
        self.0.master.is_guessable()
    }

    /// The master key, and the former one for the time of a change.
    pub(crate) fn masters(&self) -> (&MasterKey, Option<&MasterKey>) {
        (&self.0.master, self.0.former.as_ref())
    }

    /// Makes a key for a scope. It seals at once; [`Vault::remember`] it when its append has won.
    pub fn new_key(&self, tenant: TenantId, scope: KeyScope) -> (NewKey, DataKey) {
        let id = KeyId::from_uuid(Builder::from_random_bytes(self.random()).into_uuid());
        let mut bytes = Zeroizing::new([0; 32]);
        self.0.entropy.fill(&mut *bytes);
        let key = DataKey::new(id, tenant, scope, bytes);
        (self.0.master.wrap(&key, self.random()), key)
    }

    /// Takes over the key that won a race for its scope, and remembers it.
    ///
    /// # Errors
    /// [`KeyError::Corrupt`] where it does not unwrap.
    pub fn adopt(
        &self,
        id: KeyId,
        tenant: TenantId,
        scope: KeyScope,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyError> {
        let key = self.unwrap(&NewKey { id, tenant, scope, wrapped: wrapped.to_vec() })?;
        self.remember(&key);
        Ok(key)
    }

    /// Keeps a key that is known to be stored.
    pub fn remember(&self, key: &DataKey) {
        self.0.cache.insert(key);
    }

    /// Drops a key that an append called dead.
    pub fn evict(&self, id: KeyId) {
        if let Some(key) = self.0.cache.by_id(id) {
            self.0.cache.evict(&key);
        }
    }

    /// Drops all keys of a person whose keys were destroyed.
    pub fn forget_recipient(&self, tenant: TenantId, recipient: RecipientRef) {
        self.0.cache.forget(|owner, scope| owner == tenant && scope.recipient() == Some(&recipient));
    }

    /// Drops all keys of all persons of a tenant, where it is not known whose were destroyed.
    pub fn forget_recipients(&self, tenant: TenantId) {
        self.0.cache.forget(|owner, scope| owner == tenant && scope.recipient().is_some());
    }

    /// Drops all keys of a month (`year * 100 + month`) whose keys were destroyed.
    pub fn forget_month(&self, tenant: TenantId, month: i32) {
        self.0.cache.forget(|owner, scope| owner == tenant && scope.month() == Some(month));
    }

    /// The key of a scope, if it is in memory.
    pub fn cached(&self, tenant: TenantId, scope: KeyScope) -> Option<DataKey> {
        self.0.cache.by_scope(tenant, scope)
    }

    /// The key of a scope, from memory or stored; nothing where there is none yet.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] or [`KeyError::Corrupt`].
    pub async fn find(&self, tenant: TenantId, scope: KeyScope) -> Result<Option<DataKey>, KeyError> {
        match self.cached(tenant, scope) {
            Some(key) => Ok(Some(key)),
            None => self.read(Wanted::Scope(tenant, scope)).await,
        }
    }

    /// A key by its id, to open what names it.
    ///
    /// # Errors
    /// [`KeyError::Gone`] where it was destroyed.
    pub async fn key(&self, id: KeyId) -> Result<DataKey, KeyError> {
        match self.0.cache.by_id(id) {
            Some(key) => Ok(key),
            None => self.read(Wanted::Id(id)).await?.ok_or(KeyError::Gone),
        }
    }

    /// Many keys by their ids, read in few statements.
    pub async fn keys(
        &self,
        ids: impl IntoIterator<Item = KeyId>,
    ) -> HashMap<KeyId, Result<DataKey, KeyError>> {
        let reads = ids.into_iter().map(async |id| (id, self.key(id).await));
        futures::future::join_all(reads).await.into_iter().collect()
    }

    /// The key that seals the tenant's own secrets.
    ///
    /// # Errors
    /// [`KeyError::Gone`] where the tenant has none.
    pub async fn tenant_key(&self, tenant: TenantId) -> Result<DataKey, KeyError> {
        self.find(tenant, KeyScope::Tenant).await?.ok_or(KeyError::Gone)
    }

    /// The key that hashes the tenant's look-up values.
    ///
    /// # Errors
    /// [`KeyError::Gone`] where the tenant has none.
    pub async fn index_key(&self, tenant: TenantId) -> Result<IndexKey, KeyError> {
        let key = self.find(tenant, KeyScope::Index).await?.ok_or(KeyError::Gone)?;
        IndexKey::new(key).ok_or(KeyError::Corrupt(Corruption::Scope))
    }

    /// Seals a field under a key of the same tenant.
    pub fn seal(&self, key: &DataKey, ctx: &FieldContext<'_>, plain: &[u8]) -> Sealed {
        debug_assert_eq!(key.tenant(), ctx.tenant, "a tenant's field is sealed with the tenant's key");
        debug_assert_ne!(key.scope(), KeyScope::Index, "an index key seals nothing");
        seal::seal(key, ctx, self.random(), plain)
    }

    /// Opens a field with the key that it names.
    ///
    /// # Errors
    /// [`OpenError`] where it was changed, moved, or belongs to another key.
    pub fn open(&self, key: &DataKey, ctx: &FieldContext<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        seal::open(key, ctx, sealed)
    }

    /// Finds the key of a field and opens it.
    ///
    /// # Errors
    /// [`KeyError::Gone`] where the key was destroyed.
    pub async fn open_sealed(&self, ctx: &FieldContext<'_>, sealed: &Sealed) -> Result<Vec<u8>, KeyError> {
        let key = self.key(sealed.key_id).await?;
        self.open(&key, ctx, sealed).map_err(|error| KeyError::Corrupt(error.into()))
    }

    /// The source of randomness that the vault was given.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.0.reader.pool()
    }

    pub(crate) fn unwrap(&self, stored: &NewKey) -> Result<DataKey, KeyError> {
        let opened = match (self.0.master.unwrap(stored), &self.0.former) {
            (Err(UnwrapError::OtherMaster), Some(former)) => former.unwrap(stored),
            (opened, _) => opened,
        };
        opened.map_err(|error| KeyError::Corrupt(error.into()))
    }

    async fn read(&self, wanted: Wanted) -> Result<Option<DataKey>, KeyError> {
        let before = self.0.cache.before_read();
        let Some(stored) = self.0.reader.read(wanted).await? else { return Ok(None) };
        let key = self.unwrap(&stored)?;
        self.0.cache.insert_read(&key, before);
        Ok(Some(key))
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.entropy.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}
