//! What a tenant's events amount to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{Limits, TenantEvent};
use crate::address::EmailAddress;
use crate::api_key_kind::ApiKeyKind;
use crate::category::PushCategories;
use crate::channel::Channel;
use crate::id::{ApiKeyHash, ApiKeyId, TenantId};
use crate::provider::{ProviderConfig, ProviderEntry};
use crate::retry::RetryDelays;
use crate::sealed::Sealed;
use crate::text::TenantName;
use crate::timestamp::Timestamp;
use crate::unknown_policy::UnknownPolicy;

/// A tenant: nothing yet, or its record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    record: Option<Box<TenantRecord>>,
}

/// Everything known of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Its name.
    pub name: TenantName,
    /// Whether it may use the engine.
    pub active: bool,
    /// Its valid API keys.
    pub api_keys: BTreeMap<ApiKeyId, ApiKeyHash>,
    /// Those of them that are for tests.
    #[serde(default)]
    pub test_keys: BTreeSet<ApiKeyId>,
    /// The sealed webhook secret.
    pub webhook_secret: Option<Sealed>,
    /// Its limits.
    pub limits: Limits,
    /// Its delivery channels; all if `None`.
    pub delivery_channels: Option<BTreeSet<Channel>>,
    /// Its sender mailbox.
    pub sender_email: Option<EmailAddress>,
    /// Its push categories; the usual ones if `None`.
    pub push_categories: Option<PushCategories>,
    /// Its providers; a channel that was never set is absent.
    pub providers: BTreeMap<Channel, Vec<ProviderEntry>>,
    /// Its own retry schedules; a channel that follows the installation's is absent.
    #[serde(default)]
    pub retry_schedules: BTreeMap<Channel, RetryDelays>,
    /// Its own policies for unknown outcomes; a channel that has the usual one is absent.
    #[serde(default)]
    pub unknown_policies: BTreeMap<Channel, UnknownPolicy>,
    /// The last providers over HTTP that were taken from a list, whose callbacks still come for a while.
    pub removed: Vec<RemovedProvider>,
}

/// Most entries that are remembered after they were removed.
const MOST_REMOVED: usize = 16;
/// For how long a removed entry's callbacks are taken.
const REMOVED_FOR: Duration = Duration::from_hours(7 * 24);

/// A provider that is in no list any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovedProvider {
    /// The entry as it was last.
    pub entry: ProviderEntry,
    /// When it was removed.
    pub at: Timestamp,
}

/// Why a command on a tenant was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRefusal {
    /// The id is in use.
    #[error("the tenant exists")]
    AlreadyRegistered,
    /// There is no such tenant.
    #[error("no such tenant")]
    NotRegistered,
    /// There is no such key.
    #[error("no such API key")]
    NoSuchKey,
    /// The id of the key to issue is in use by another key.
    #[error("the API key's id is another key's")]
    KeyIdTaken,
    /// The key to issue was issued to another tenant before, and may be revoked since.
    #[error("the API key belongs to the tenant {holder}")]
    ApiKeyTaken {
        /// The tenant.
        holder: TenantId,
    },
    /// Providers of the list do not carry its channel.
    #[error("a provider of the list does not carry {channel}")]
    WrongChannel {
        /// The list's channel.
        channel: Channel,
        /// Each of them: its place in the list, from 0, and its kind.
        entries: Vec<(usize, String)>,
    },
    /// None of the providers has a mailbox to send from, and the tenant has none.
    #[error("no provider of the list has a sender, and neither has the tenant")]
    NoSender,
    /// A push category that one of the tenant's templates names would not be the tenant's any more.
    #[error("a template still names a push category that is left out")]
    CategoryInUse,
}

impl Tenant {
    /// The record, once registered.
    pub fn record(&self) -> Option<&TenantRecord> {
        self.record.as_deref()
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &TenantEvent) -> Self {
        if let TenantEvent::TenantRegistered(registered) = event {
            self.record = Some(Box::new(TenantRecord {
                name: registered.name.clone(),
                active: true,
                api_keys: BTreeMap::new(),
                test_keys: BTreeSet::new(),
                webhook_secret: None,
                limits: registered.limits,
                delivery_channels: None,
                sender_email: None,
                push_categories: None,
                providers: BTreeMap::new(),
                retry_schedules: BTreeMap::new(),
                unknown_policies: BTreeMap::new(),
                removed: Vec::new(),
            }));
        } else if let Some(record) = self.record.as_deref_mut() {
            record.evolve(event);
        }
        self
    }
}

impl TenantRecord {
    /// The kind of an API key.
    pub fn kind_of(&self, key: ApiKeyId) -> ApiKeyKind {
        if self.test_keys.contains(&key) { ApiKeyKind::Test } else { ApiKeyKind::Live }
    }

    /// Its own policy for unknown outcomes of a channel, or the usual one.
    pub fn unknown_policy(&self, channel: Channel) -> UnknownPolicy {
        self.unknown_policies.get(&channel).copied().unwrap_or(UnknownPolicy::usual(channel))
    }

    /// Its own push categories, or the usual ones.
    pub fn push_categories(&self) -> Vec<&str> {
        match &self.push_categories {
            Some(own) => own.as_slice().iter().map(String::as_str).collect(),
            None => PushCategories::USUAL.to_vec(),
        }
    }

    fn evolve(&mut self, event: &TenantEvent) {
        match event {
            TenantEvent::TenantRegistered(_) => {}
            TenantEvent::TenantRenamed(renamed) => self.name = renamed.name.clone(),
            TenantEvent::TenantActivated(_) => self.active = true,
            TenantEvent::TenantDeactivated(_) => self.active = false,
            TenantEvent::ApiKeyIssued(issued) => {
                self.api_keys.insert(issued.key_id, issued.hash);
            }
            TenantEvent::TestKeyIssued(issued) => {
                self.api_keys.insert(issued.key_id, issued.hash);
                self.test_keys.insert(issued.key_id);
            }
            TenantEvent::ApiKeyRevoked(revoked) => {
                self.api_keys.remove(&revoked.key_id);
                self.test_keys.remove(&revoked.key_id);
            }
            TenantEvent::WebhookSecretSet(set) => self.webhook_secret.clone_from(&set.secret),
            TenantEvent::LimitsChanged(changed) => self.limits = changed.limits,
            TenantEvent::DeliveryChannelsSet(set) => self.delivery_channels.clone_from(&set.channels),
            TenantEvent::SenderSet(set) => self.sender_email.clone_from(&set.email),
            TenantEvent::PushCategoriesSet(set) => self.push_categories.clone_from(&set.categories),
            TenantEvent::ProvidersSet(set) => {
                let before = self.providers.insert(set.channel, set.providers.clone());
                self.remember(before.unwrap_or_default(), &set.providers, set.at);
            }
            TenantEvent::RetryScheduleSet(set) => match &set.delays {
                Some(delays) => {
                    self.retry_schedules.insert(set.channel, delays.clone());
                }
                None => {
                    self.retry_schedules.remove(&set.channel);
                }
            },
            TenantEvent::UnknownPolicySet(set) => match set.policy {
                Some(policy) => {
                    self.unknown_policies.insert(set.channel, policy);
                }
                None => {
                    self.unknown_policies.remove(&set.channel);
                }
            },
        }
    }

    /// The entries of that kind over HTTP whose callbacks are taken at that time, those that stand first.
    pub fn calling_back(&self, kind: &str, at: Timestamp) -> impl Iterator<Item = &ProviderEntry> {
        let standing = self.providers.values().flatten();
        let removed = self.removed.iter().rev().filter(move |removed| at.since(removed.at) <= REMOVED_FOR);
        let is_of_kind = move |entry: &&ProviderEntry| matches!(&entry.config, ProviderConfig::Http(http) if http.name() == kind);
        standing.chain(removed.map(|removed| &removed.entry)).filter(is_of_kind)
    }

    /// Remembers the entries that a new list leaves out, for as long as they are of use, and no more than so many.
    fn remember(&mut self, before: Vec<ProviderEntry>, now: &[ProviderEntry], at: Timestamp) {
        let stands = |entry: &ProviderEntry| now.iter().any(|other| other.instance == entry.instance);
        self.removed.retain(|removed| !stands(&removed.entry) && at.since(removed.at) <= REMOVED_FOR);
        let gone = before.into_iter().filter(|entry| !stands(entry));
        let gone = gone.filter(|entry| matches!(entry.config, ProviderConfig::Http(_)));
        self.removed.extend(gone.map(|entry| RemovedProvider { entry, at }));
        let too_many = self.removed.len().saturating_sub(MOST_REMOVED);
        self.removed.drain(..too_many);
    }
}
