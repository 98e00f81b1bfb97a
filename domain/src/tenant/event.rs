//! What happened to a tenant.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::stored;
use crate::address::EmailAddress;
use crate::category::PushCategories;
use crate::channel::Channel;
use crate::id::{ApiKeyHash, ApiKeyId};
use crate::provider::ProviderEntry;
use crate::retry::RetryDelays;
use crate::sealed::Sealed;
use crate::text::TenantName;
use crate::timestamp::Timestamp;
use crate::unknown_policy::UnknownPolicy;

/// An event of a tenant's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TenantEvent {
    /// It came to be; always the first event.
    TenantRegistered(TenantRegistered),
    /// It has another name.
    TenantRenamed(TenantRenamed),
    /// It may use the API again.
    TenantActivated(Changed),
    /// It may not use the API and nothing is sent for it.
    TenantDeactivated(Changed),
    /// A key opens its API.
    ApiKeyIssued(ApiKeyIssued),
    /// A key opens its API for tests: the sandbox alone carries what it triggers.
    TestKeyIssued(ApiKeyIssued),
    /// A key opens nothing any more.
    ApiKeyRevoked(ApiKeyRevoked),
    /// Triggers must be signed with this secret, or need no signature any more.
    WebhookSecretSet(WebhookSecretSet),
    /// How much it may trigger.
    LimitsChanged(LimitsChanged),
    /// The only channels that are used for it; all where absent.
    DeliveryChannelsSet(DeliveryChannelsSet),
    /// The mailbox that its emails come from.
    SenderSet(SenderSet),
    /// What its users' realtime channels are named by; the usual ones where absent.
    PushCategoriesSet(PushCategoriesSet),
    /// A channel's ordered providers.
    ProvidersSet(ProvidersSet),
    /// A channel's own retry schedule; the installation's where absent.
    RetryScheduleSet(RetryScheduleSet),
    /// A channel's policy for unknown outcomes was set, or taken back.
    UnknownPolicySet(UnknownPolicySet),
}

/// A change that carries nothing but its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// When.
    pub at: Timestamp,
}

/// How much a tenant may trigger. Input is held to [`Limits::RATES`] and [`Limits::CAPS`]; a stored number is read whatever it
/// is, one that does not fit as the nearest that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Accepted triggers in any 60 s.
    #[serde(deserialize_with = "stored::rate")]
    pub rate_per_minute: u32,
    /// Accepted triggers a UTC day; no cap where absent.
    #[serde(default, deserialize_with = "stored::cap", skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u64>,
}

impl Limits {
    /// The rates per minute that can be set.
    pub const RATES: RangeInclusive<u64> = 1..=100_000_000;
    /// The daily caps that can be set: what the highest rate can reach in a day.
    pub const CAPS: RangeInclusive<u64> = 1..=100_000_000 * 1_440;
}

impl Default for Limits {
    /// 1,000 a minute, no daily cap.
    fn default() -> Self {
        Self { rate_per_minute: 1_000, daily_cap: None }
    }
}

/// See [`TenantEvent::TenantRegistered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRegistered {
    /// Its name.
    pub name: TenantName,
    /// Its limits.
    pub limits: Limits,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::TenantRenamed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRenamed {
    /// The new name.
    pub name: TenantName,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::ApiKeyIssued`] and [`TenantEvent::TestKeyIssued`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyIssued {
    /// Names the key.
    pub key_id: ApiKeyId,
    /// SHA-256 of the key.
    pub hash: ApiKeyHash,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::ApiKeyRevoked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyRevoked {
    /// The key.
    pub key_id: ApiKeyId,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::WebhookSecretSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecretSet {
    /// The sealed secret; absent where signatures are not asked for any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::LimitsChanged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsChanged {
    /// The new limits.
    pub limits: Limits,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::DeliveryChannelsSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryChannelsSet {
    /// The channels; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<BTreeSet<Channel>>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::SenderSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderSet {
    /// The mailbox; none where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::PushCategoriesSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushCategoriesSet {
    /// The categories; the usual ones where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<PushCategories>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::ProvidersSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvidersSet {
    /// The channel.
    pub channel: Channel,
    /// Its providers, the first one tried first.
    pub providers: Vec<ProviderEntry>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::RetryScheduleSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryScheduleSet {
    /// The channel.
    pub channel: Channel,
    /// The delays in seconds; the installation's schedule where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delays: Option<RetryDelays>,
    /// When.
    pub at: Timestamp,
}

/// See [`TenantEvent::UnknownPolicySet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownPolicySet {
    /// The channel.
    pub channel: Channel,
    /// The policy; the usual one of the channel where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<UnknownPolicy>,
    /// When.
    pub at: Timestamp,
}

impl TenantEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TenantRegistered(_) => "TenantRegistered",
            Self::TenantRenamed(_) => "TenantRenamed",
            Self::TenantActivated(_) => "TenantActivated",
            Self::TenantDeactivated(_) => "TenantDeactivated",
            Self::ApiKeyIssued(_) => "ApiKeyIssued",
            Self::TestKeyIssued(_) => "TestKeyIssued",
            Self::ApiKeyRevoked(_) => "ApiKeyRevoked",
            Self::WebhookSecretSet(_) => "WebhookSecretSet",
            Self::LimitsChanged(_) => "LimitsChanged",
            Self::DeliveryChannelsSet(_) => "DeliveryChannelsSet",
            Self::SenderSet(_) => "SenderSet",
            Self::PushCategoriesSet(_) => "PushCategoriesSet",
            Self::ProvidersSet(_) => "ProvidersSet",
            Self::RetryScheduleSet(_) => "RetryScheduleSet",
            Self::UnknownPolicySet(_) => "UnknownPolicySet",
        }
    }
}
