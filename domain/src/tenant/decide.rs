//! The rules of a tenant.

use super::command::{Standing, TenantChange, TenantCommand};
use super::event::{
    ApiKeyIssued, ApiKeyRevoked, Changed, DeliveryChannelsSet, LimitsChanged, ProvidersSet,
    PushCategoriesSet, RetryScheduleSet, SenderSet, TenantEvent, TenantRegistered, TenantRenamed,
    UnknownPolicySet, WebhookSecretSet,
};
use super::state::{Tenant, TenantRecord, TenantRefusal};
use crate::api_key_kind::ApiKeyKind;
use crate::channel::Channel;
use crate::provider::{ProviderConfig, ProviderEntry};
use crate::timestamp::Timestamp;

impl Tenant {
    /// Decides on a command. An empty list means that all is as asked already.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn decide(&self, command: TenantCommand) -> Result<Vec<TenantEvent>, TenantRefusal> {
        match command {
            TenantCommand::Register(register) => {
                if self.record().is_some() {
                    return Err(TenantRefusal::AlreadyRegistered);
                }
                let first = TenantEvent::TenantRegistered(TenantRegistered {
                    name: register.name,
                    limits: register.limits,
                    at: register.at,
                });
                let born = Self::default().evolve(&first);
                let mut events = vec![first];
                events.extend(born.change(register.changes, register.at)?);
                Ok(events)
            }
            TenantCommand::Change { changes, at } => self.change(changes, at),
        }
    }

    fn change(&self, changes: Vec<TenantChange>, at: Timestamp) -> Result<Vec<TenantEvent>, TenantRefusal> {
        let mut tenant = self.clone();
        let mut events = Vec::new();
        for change in changes {
            let record = tenant.record().ok_or(TenantRefusal::NotRegistered)?;
            if let Some(event) = record.change(change, at)? {
                tenant = tenant.evolve(&event);
                events.push(event);
            }
        }
        if self.record().is_none() && events.is_empty() {
            return Err(TenantRefusal::NotRegistered);
        }
        Ok(events)
    }
}

impl TenantRecord {
    fn change(&self, change: TenantChange, at: Timestamp) -> Result<Option<TenantEvent>, TenantRefusal> {
        let event = match change {
            TenantChange::Rename(name) => {
                (name != self.name).then_some(TenantEvent::TenantRenamed(TenantRenamed { name, at }))
            }
            TenantChange::Activate(Standing::Active) => {
                (!self.active).then_some(TenantEvent::TenantActivated(Changed { at }))
            }
            TenantChange::Activate(Standing::Inactive) => {
                self.active.then_some(TenantEvent::TenantDeactivated(Changed { at }))
            }
            TenantChange::IssueApiKey { key_id, hash, kind } => match self.api_keys.get(&key_id) {
                None => {
                    let issued = ApiKeyIssued { key_id, hash, at };
                    Some(match kind {
                        ApiKeyKind::Live => TenantEvent::ApiKeyIssued(issued),
                        ApiKeyKind::Test => TenantEvent::TestKeyIssued(issued),
                    })
                }
                Some(known) if *known == hash && self.kind_of(key_id) == kind => None,
                Some(_) => return Err(TenantRefusal::KeyIdTaken),
            },
            TenantChange::RevokeApiKey(key_id) => {
                if !self.api_keys.contains_key(&key_id) {
                    return Err(TenantRefusal::NoSuchKey);
                }
                Some(TenantEvent::ApiKeyRevoked(ApiKeyRevoked { key_id, at }))
            }
            TenantChange::SetWebhookSecret(secret) => (secret != self.webhook_secret)
                .then_some(TenantEvent::WebhookSecretSet(WebhookSecretSet { secret, at })),
            TenantChange::SetLimits(limits) => {
                (limits != self.limits).then_some(TenantEvent::LimitsChanged(LimitsChanged { limits, at }))
            }
            TenantChange::SetDeliveryChannels(channels) => (channels != self.delivery_channels)
                .then_some(TenantEvent::DeliveryChannelsSet(DeliveryChannelsSet { channels, at })),
            TenantChange::SetSender(email) => {
                (email != self.sender_email).then_some(TenantEvent::SenderSet(SenderSet { email, at }))
            }
            TenantChange::SetPushCategories(categories) => (categories != self.push_categories)
                .then_some(TenantEvent::PushCategoriesSet(PushCategoriesSet { categories, at })),
            TenantChange::SetProviders { channel, providers } => {
                let wrong = providers.iter().enumerate().filter(|(_, provider)| !carries(provider, channel));
                let entries: Vec<_> =
                    wrong.map(|(at, provider)| (at, provider.config.name().to_owned())).collect();
                if !entries.is_empty() {
                    return Err(TenantRefusal::WrongChannel { channel, entries });
                }
                if !providers.is_empty() && !providers.iter().any(|provider| self.has_sender(provider)) {
                    return Err(TenantRefusal::NoSender);
                }
                (self.providers.get(&channel) != Some(&providers))
                    .then_some(TenantEvent::ProvidersSet(ProvidersSet { channel, providers, at }))
            }
            TenantChange::SetRetrySchedule { channel, delays } => (self.retry_schedules.get(&channel)
                != delays.as_ref())
            .then_some(TenantEvent::RetryScheduleSet(RetryScheduleSet { channel, delays, at })),
            TenantChange::SetUnknownPolicy { channel, policy } => (self.unknown_policies.get(&channel)
                != policy.as_ref())
            .then_some(TenantEvent::UnknownPolicySet(UnknownPolicySet { channel, policy, at })),
        };
        Ok(event)
    }
}

impl TenantRecord {
    /// Whether there is a mailbox that a provider sends from, if it needs one.
    fn has_sender(&self, provider: &ProviderEntry) -> bool {
        provider.config.mailbox().is_none_or(|own| own.is_some() || self.sender_email.is_some())
    }
}

fn carries(provider: &ProviderEntry, channel: Channel) -> bool {
    match (&provider.config, channel) {
        (ProviderConfig::Http(http), channel) => http.channel() == channel,
        (ProviderConfig::Sandbox, Channel::Email | Channel::Sms)
        | (ProviderConfig::Smtp(_), Channel::Email) => true,
        (ProviderConfig::Sandbox, Channel::Push)
        | (ProviderConfig::Smtp(_), Channel::Sms | Channel::Push)
        // No list is made of what this program cannot read.
        | (ProviderConfig::Unread(_), _) => false,
    }
}
