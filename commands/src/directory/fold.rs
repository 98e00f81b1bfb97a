//! The fold itself: tenants by id, keys by hash, templates by tenant, type and channel, versions by reference.
//!
//! A tenant with a change that cannot be read stays as it was before it, and is marked. An API key's hash opens the tenant
//! that it was first issued to in the log and never another, also after it was revoked.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use orqestra_domain::notification::{TemplateChoice, TemplateRef};
use orqestra_domain::provider::ProviderConfig;
use orqestra_domain::template::{Template, TemplateEvent, TemplatePublished};
use orqestra_domain::tenant::Tenant;
use orqestra_domain::{ApiKeyHash, ApiKeyId, Channel, EventTypeName, TemplateId, TenantId};
use orqestra_event_log::Position;

use super::entry::{TemplateEntry, TemplateVersion, TenantEntry};
use super::error::DirectoryError;
use super::suppressed::MaybeSuppressed;

#[derive(Default)]
pub(super) struct Fold {
    pub(super) states: HashMap<TenantId, Tenant>,
    /// In the order in which they are listed.
    pub(super) tenants: BTreeMap<TenantId, Arc<TenantEntry>>,
    keys: HashMap<ApiKeyHash, (TenantId, ApiKeyId)>,
    /// The tenant that each hash was first issued to.
    holders: HashMap<ApiKeyHash, TenantId>,
    pub(super) versions: HashMap<(TenantId, TemplateId, u32), Arc<TemplateVersion>>,
    /// Where each tenant's first change stands that cannot be read.
    pub(super) halted: HashMap<TenantId, Position>,
    /// The tenants of which a channel has a provider that only a newer program can read.
    pub(super) unread: BTreeMap<TenantId, (Channel, String)>,
    pub(super) suppressed: MaybeSuppressed,
    templates: HashMap<(TenantId, TemplateId), Template>,
    /// Each tenant's templates in the order in which they are listed.
    named: HashMap<TenantId, BTreeMap<(EventTypeName, Channel), TemplateId>>,
}

impl Fold {
    pub(super) fn readable(&self, tenant: TenantId) -> Result<(), DirectoryError> {
        match self.halted.get(&tenant) {
            None => Ok(()),
            Some(position) => Err(DirectoryError::Unreadable { position: *position }),
        }
    }

    pub(super) fn choice(
        &self,
        tenant: TenantId,
        event_type: &EventTypeName,
        channel: Channel,
    ) -> TemplateChoice {
        let template_id = TemplateId::of(tenant, event_type, channel);
        let Some(template) = self.templates.get(&(tenant, template_id)) else {
            return TemplateChoice::Missing;
        };
        match template.current() {
            None => TemplateChoice::Missing,
            Some(_) if !template.is_active() => TemplateChoice::Inactive,
            Some(current) => {
                TemplateChoice::Use(TemplateRef { tenant_id: tenant, template_id, version: current.version })
            }
        }
    }

    pub(super) fn template(&self, tenant: TenantId, template_id: TemplateId) -> Option<TemplateEntry> {
        let template = self.templates.get(&(tenant, template_id))?;
        let current = template.current()?;
        let newest = self.versions.get(&(tenant, template_id, current.version))?;
        let active = template.is_active();
        Some(TemplateEntry { newest: Arc::clone(newest), active, published_at: current.at })
    }

    /// The ids of a tenant's templates after the one of this name, by event type and channel.
    pub(super) fn templates_after(
        &self,
        tenant: TenantId,
        after: Option<(EventTypeName, Channel)>,
    ) -> impl Iterator<Item = TemplateId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let named = self.named.get(&tenant);
        named
            .into_iter()
            .flat_map(move |named| named.range((from.clone(), Bound::Unbounded)))
            .map(|(_, id)| *id)
    }

    /// Notes that a hash was issued to a tenant, in the log's order, and says to which one it belongs.
    pub(super) fn issue(&mut self, hash: ApiKeyHash, tenant: TenantId) -> TenantId {
        *self.holders.entry(hash).or_insert(tenant)
    }

    /// The tenant and the key that a hash opens.
    pub(super) fn opens(&self, hash: &ApiKeyHash) -> Option<(TenantId, ApiKeyId)> {
        self.keys.get(hash).copied()
    }

    pub(super) fn put_tenant(&mut self, state: Tenant, entry: Arc<TenantEntry>) {
        let id = entry.id;
        self.keys.retain(|_, (tenant, _)| *tenant != id);
        let own = entry.record.api_keys.iter().filter(|(_, hash)| self.holders.get(*hash) == Some(&id));
        self.keys.extend(own.map(|(key, hash)| (*hash, (id, *key))));
        match unread_provider(&entry) {
            Some(unread) => self.unread.insert(id, unread),
            None => self.unread.remove(&id),
        };
        self.states.insert(id, state);
        self.tenants.insert(id, entry);
    }

    pub(super) fn put_template(&mut self, tenant: TenantId, template_id: TemplateId, event: &TemplateEvent) {
        if let TemplateEvent::TemplatePublished(published) = event {
            let version = Arc::new(version_of(tenant, template_id, published));
            self.versions.insert((tenant, template_id, published.version), version);
            let name = (published.event_type.clone(), published.channel);
            self.named.entry(tenant).or_default().insert(name, template_id);
        }
        let template = self.templates.remove(&(tenant, template_id)).unwrap_or_default();
        self.templates.insert((tenant, template_id), template.evolve(event));
    }
}

fn unread_provider(entry: &TenantEntry) -> Option<(Channel, String)> {
    entry.record.providers.iter().find_map(|(channel, list)| {
        let unread = list.iter().find(|provider| matches!(provider.config, ProviderConfig::Unread(_)))?;
        Some((*channel, unread.config.name().to_owned()))
    })
}

fn version_of(
    tenant_id: TenantId,
    template_id: TemplateId,
    published: &TemplatePublished,
) -> TemplateVersion {
    TemplateVersion {
        template: TemplateRef { tenant_id, template_id, version: published.version },
        event_type: published.event_type.clone(),
        channel: published.channel,
        content: published.content.clone(),
    }
}
