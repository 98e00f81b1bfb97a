//! What a tenant's events amount to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::{Limits, TenantEvent};
use crate::address::EmailAddress;
use crate::category::PushCategories;
use crate::channel::Channel;
use crate::id::{ApiKeyHash, ApiKeyId, TenantId};
use crate::provider::ProviderEntry;
use crate::retry::RetryDelays;
use crate::sealed::Sealed;
use crate::text::TenantName;

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
}

/// Why a command on a tenant was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// A provider does not carry this channel.
    #[error("the provider does not carry this channel")]
    WrongChannel,
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
                webhook_secret: None,
                limits: registered.limits,
                delivery_channels: None,
                sender_email: None,
                push_categories: None,
                providers: BTreeMap::new(),
                retry_schedules: BTreeMap::new(),
            }));
        } else if let Some(record) = self.record.as_deref_mut() {
            record.evolve(event);
        }
        self
    }
}

impl TenantRecord {
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
            TenantEvent::ApiKeyRevoked(revoked) => {
                self.api_keys.remove(&revoked.key_id);
            }
            TenantEvent::WebhookSecretSet(set) => self.webhook_secret.clone_from(&set.secret),
            TenantEvent::LimitsChanged(changed) => self.limits = changed.limits,
            TenantEvent::DeliveryChannelsSet(set) => self.delivery_channels.clone_from(&set.channels),
            TenantEvent::SenderSet(set) => self.sender_email.clone_from(&set.email),
            TenantEvent::PushCategoriesSet(set) => self.push_categories.clone_from(&set.categories),
            TenantEvent::ProvidersSet(set) => {
                self.providers.insert(set.channel, set.providers.clone());
            }
            TenantEvent::RetryScheduleSet(set) => match &set.delays {
                Some(delays) => {
                    self.retry_schedules.insert(set.channel, delays.clone());
                }
                None => {
                    self.retry_schedules.remove(&set.channel);
                }
            },
        }
    }
}
