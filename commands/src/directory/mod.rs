//! The directory: who the tenants are, what opens their API, which templates answer their events.
//!
//! An in-memory fold of the Tenant and Template streams that every process keeps from the log itself. A change holds
//! in the answering process before its answer and everywhere within a second; without proof of freshness for a
//! second, the log's head is read first and waited for. What is refused, and what an operator asks, is judged by all that was
//! stored when it was asked. A tenant with a change that cannot be read is not served. No decision rests on a read model.

mod asking;
mod entry;
mod error;
mod fold;
mod follow;
mod suppressed;

use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use orqestra_domain::notification::{TemplateChoice, TemplateRef};
use orqestra_domain::provider::ProviderEntry;
use orqestra_domain::{
    ApiKeyId, ApiKeyKind, Channel, EventTypeName, ExpiresIn, PushCategories, SuppressionId, TemplateId,
    TenantId,
};
use orqestra_event_log::{EventLog, LogError, Position};
use orqestra_vault::{Vault, hash_api_key};
use tokio::sync::watch;
use tokio::time::Instant;

pub use entry::{Secret, TemplateEntry, TemplateVersion, TenantEntry};
pub use error::DirectoryError;

use asking::Asking;
use fold::Fold;

/// How long the directory counts as fresh without a word from the log.
const PROOF_LASTS: Duration = Duration::from_secs(1);
/// How long a request waits for proof that nothing is missing.
const PROVE_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer waits for the directory to reach a position.
const CATCH_UP: Duration = Duration::from_secs(10);

/// What a channel without a configured provider gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultProvider {
    /// The sandbox, so that a first trigger shows something.
    Sandbox,
    /// None: the channel is skipped.
    None,
}

/// A caller whose API key opens a tenant.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The tenant.
    pub tenant: Arc<TenantEntry>,
    /// The key used.
    pub key: ApiKeyId,
}

impl Authenticated {
    /// The kind of the key.
    pub fn kind(&self) -> ApiKeyKind {
        self.tenant.record.kind_of(self.key)
    }
}

/// The directory. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    log: EventLog,
    vault: Vault,
    default_provider: DefaultProvider,
    fold: RwLock<Fold>,
    reached: watch::Sender<Position>,
    /// Everything stored by then is in the fold.
    proved: Mutex<Instant>,
    asking: Asking,
}

impl Directory {
    /// Reads all tenants and templates, then follows the log until `token` ends.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn open(
        log: EventLog,
        vault: Vault,
        default_provider: DefaultProvider,
        token: tokio_util::sync::CancellationToken,
    ) -> Result<Self, DirectoryError> {
        let directory = Self(Arc::new(Inner {
            log,
            vault,
            default_provider,
            fold: RwLock::default(),
            reached: watch::Sender::new(Position::ZERO),
            proved: Mutex::new(Instant::now()),
            asking: Asking::default(),
        }));
        metrics::gauge!("orqestra_tenants_halted").set(0.0);
        directory.read_all().await?;
        tokio::spawn(follow::follow(directory.clone(), token));
        Ok(directory)
    }

    /// The tenant that a key opens; inactive tenants are given too, for the caller to refuse.
    ///
    /// # Errors
    /// As [`Directory::readable`].
    pub fn authenticate(&self, api_key: &str) -> Result<Option<Authenticated>, DirectoryError> {
        let hash = hash_api_key(api_key);
        let fold = self.fold();
        let Some((id, key)) = fold.opens(&hash) else { return Ok(None) };
        fold.readable(id)?;
        Ok(fold.tenants.get(&id).map(|tenant| Authenticated { tenant: Arc::clone(tenant), key }))
    }

    /// Whether every change of a tenant could be read, so that it is known how the tenant stands.
    ///
    /// # Errors
    /// `Unreadable` from the first change on that could not.
    pub fn readable(&self, tenant: TenantId) -> Result<(), DirectoryError> {
        self.fold().readable(tenant)
    }

    /// The number of tenants with a change that could not be read, and the first of them with that change's position.
    pub fn halted(&self) -> Option<(usize, TenantId, Position)> {
        let fold = self.fold();
        let (tenant, position) = fold.halted.iter().min_by_key(|(_, position)| **position)?;
        Some((fold.halted.len(), *tenant, *position))
    }

    /// The number of tenants with a provider that only a newer program can read, and the first of them with the channel and
    /// the provider's kind.
    pub fn unread_providers(&self) -> Option<(usize, TenantId, Channel, String)> {
        let fold = self.fold();
        let (tenant, (channel, kind)) = fold.unread.first_key_value()?;
        Some((fold.unread.len(), *tenant, *channel, kind.clone()))
    }

    /// A tenant by its id; one with a change that cannot be read as it was before.
    pub fn tenant(&self, id: TenantId) -> Option<Arc<TenantEntry>> {
        self.fold().tenants.get(&id).cloned()
    }

    /// Every tenant but the platform, in no order.
    pub fn tenants(&self) -> Vec<Arc<TenantEntry>> {
        let all = self.fold();
        all.tenants.values().filter(|tenant| tenant.id != TenantId::PLATFORM).cloned().collect()
    }

    /// At most `limit` tenants, the platform left out, in the order of their ids and after the id given.
    pub fn tenants_after(&self, after: Option<TenantId>, limit: usize) -> Vec<Arc<TenantEntry>> {
        let fold = self.fold();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tenants = fold.tenants.range((from, Bound::Unbounded)).map(|(_, tenant)| tenant);
        tenants.filter(|tenant| tenant.id != TenantId::PLATFORM).take(limit).cloned().collect()
    }

    /// A tenant's own template as it stands, used or not.
    pub fn template(
        &self,
        tenant: TenantId,
        event_type: &EventTypeName,
        channel: Channel,
    ) -> Option<TemplateEntry> {
        self.fold().template(tenant, TemplateId::of(tenant, event_type, channel))
    }

    /// At most `limit` of a tenant's own templates, in the order of event type and channel and after the one given;
    /// `None` where that one is not there.
    pub fn templates_after(
        &self,
        tenant: TenantId,
        after: Option<TemplateId>,
        limit: usize,
    ) -> Option<Vec<TemplateEntry>> {
        let fold = self.fold();
        let after = match after {
            None => None,
            Some(id) => {
                let last = fold.template(tenant, id)?.newest;
                Some((last.event_type.clone(), last.channel))
            }
        };
        let ids = fold.templates_after(tenant, after).take(limit);
        Some(ids.filter_map(|id| fold.template(tenant, id)).collect())
    }

    /// Whether one of a tenant's own templates names a push category that is none of these; `None`: the usual ones.
    pub(crate) fn uses_other_categories(&self, tenant: TenantId, listed: Option<&PushCategories>) -> bool {
        let fold = self.fold();
        let ids = fold.templates_after(tenant, None);
        let mut named = ids.filter_map(|id| fold.template(tenant, id)?.newest.content.category.clone());
        named.any(|named| match listed {
            Some(listed) => !listed.as_slice().contains(&named),
            None => !PushCategories::USUAL.contains(&named.as_str()),
        })
    }

    /// What is to be used for an event type, in the order of [`Channel::ALL`]. `global.*` falls back to the platform
    /// for each channel where the tenant has no template of its own.
    pub fn templates(&self, tenant: TenantId, event_type: &EventTypeName) -> [TemplateChoice; 3] {
        let fold = self.fold();
        Channel::ALL.map(|channel| match fold.choice(tenant, event_type, channel) {
            TemplateChoice::Missing if event_type.is_global() => {
                fold.choice(TenantId::PLATFORM, event_type, channel)
            }
            choice => choice,
        })
    }

    /// How long messages of these templates are of use, where a template says so.
    pub(crate) fn expires_in(&self, templates: &[TemplateChoice; 3]) -> [Option<ExpiresIn>; 3] {
        let fold = self.fold();
        templates.map(|choice| match choice {
            TemplateChoice::Missing | TemplateChoice::Inactive => None,
            TemplateChoice::Use(TemplateRef { tenant_id, template_id, version }) => {
                fold.versions.get(&(tenant_id, template_id, version))?.content.expires_in
            }
        })
    }

    /// A version of a template.
    pub fn template_version(&self, template: &TemplateRef) -> Option<Arc<TemplateVersion>> {
        self.fold().versions.get(&(template.tenant_id, template.template_id, template.version)).cloned()
    }

    /// The providers of a tenant's messages of a kind on a channel, the first one tried first. Tests have the sandbox alone.
    pub fn providers<'a>(
        &self,
        tenant: &'a TenantEntry,
        channel: Channel,
        kind: ApiKeyKind,
    ) -> &'a [ProviderEntry] {
        static SANDBOX: [ProviderEntry; 1] = [ProviderEntry::SANDBOX];
        let configured = tenant.record.providers.get(&channel).filter(|_| kind == ApiKeyKind::Live);
        let by_sandbox = kind == ApiKeyKind::Test || self.0.default_provider == DefaultProvider::Sandbox;
        match configured {
            Some(configured) => configured,
            None if by_sandbox && channel != Channel::Push => &SANDBOX,
            None => &[],
        }
    }

    /// Whether an address may be suppressed. Its stream decides where it may; where it may not, it was never suppressed as far
    /// as this process knows.
    pub(crate) fn may_be_suppressed(&self, tenant: TenantId, address: SuppressionId) -> bool {
        self.fold().suppressed.holds(tenant, address.as_uuid())
    }

    /// Makes sure that an address's stream is asked from now on, ahead of the log.
    pub(crate) fn ask_of_suppression(&self, tenant: TenantId, address: SuppressionId) {
        self.fold_mut().suppressed.extend([&(tenant, address.as_uuid())]);
    }

    /// How far in the log the directory is.
    pub fn position(&self) -> Position {
        *self.0.reached.borrow()
    }

    /// Makes sure that no change older than a second is missing.
    ///
    /// # Errors
    /// If the log gave no proof for a second and cannot be read now, or the directory does not get there in time.
    pub async fn fresh(&self) -> Result<(), DirectoryError> {
        // The fold of a log that the database does not hold any more opens nothing.
        self.0.log.intact()?;
        let (head, asked_at) = self.known_head();
        let told = asked_at.elapsed() <= PROOF_LASTS;
        if (told && self.position() >= head) || self.proved().elapsed() <= PROOF_LASTS {
            return Ok(());
        }
        if told {
            return self.wait_for(head).await;
        }
        let head = tokio::time::timeout(PROVE_WITHIN, self.0.log.fetch_head()).await;
        self.wait_for(head.unwrap_or(Err(LogError::Timeout))?).await
    }

    /// Makes sure that nothing is missing that was stored before this was called: the database is asked for the head, and the
    /// directory gets there. Callers of one moment share the question.
    ///
    /// # Errors
    /// If the log cannot be read now, or the directory does not get there in time.
    pub async fn catch_up_now(&self) -> Result<(), DirectoryError> {
        let head = self.0.asking.head(&self.0.log, PROVE_WITHIN).await?;
        self.wait_for(head).await
    }

    /// Waits until what this process knows to be stored holds here.
    ///
    /// # Errors
    /// If the directory does not get there in time.
    pub async fn follow_up(&self) -> Result<(), DirectoryError> {
        let head = *self.0.log.head().borrow();
        if self.position() >= head { Ok(()) } else { self.wait_for(head).await }
    }

    /// Waits until a change at this position holds here.
    ///
    /// # Errors
    /// `Behind` if the directory does not get there in time.
    pub async fn wait_for(&self, position: Position) -> Result<(), DirectoryError> {
        let mut reached = self.0.reached.subscribe();
        let wait = reached.wait_for(|reached| *reached >= position);
        match tokio::time::timeout(CATCH_UP, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(DirectoryError::Behind),
        }
    }

    /// The log's head as known here, and when the database was asked: nothing stored by then is beyond it.
    fn known_head(&self) -> (Position, Instant) {
        // In this order: the head may be newer than the moment, never older.
        let age = self.0.log.head_age();
        let now = Instant::now();
        (*self.0.log.head().borrow(), now.checked_sub(age).unwrap_or(now))
    }

    /// When everything that was stored was in the fold.
    fn proved(&self) -> Instant {
        *self.0.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prove(&self, at: Instant) {
        let mut proved = self.0.proved.lock().unwrap_or_else(PoisonError::into_inner);
        *proved = (*proved).max(at);
    }

    fn fold(&self) -> RwLockReadGuard<'_, Fold> {
        // A panic while folding leaves the last whole entry in place: entries are replaced, never half-written.
        self.0.fold.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fold_mut(&self) -> RwLockWriteGuard<'_, Fold> {
        self.0.fold.write().unwrap_or_else(PoisonError::into_inner)
    }
}
