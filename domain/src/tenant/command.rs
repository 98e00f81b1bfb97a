//! What may be asked of a tenant.

use std::collections::BTreeSet;

use super::event::Limits;
use crate::address::EmailAddress;
use crate::api_key_kind::ApiKeyKind;
use crate::category::PushCategories;
use crate::channel::Channel;
use crate::id::{ApiKeyHash, ApiKeyId};
use crate::provider::ProviderEntry;
use crate::retry::RetryDelays;
use crate::sealed::Sealed;
use crate::text::TenantName;
use crate::timestamp::Timestamp;
use crate::unknown_policy::UnknownPolicy;

/// A command to a tenant.
#[derive(Clone, Debug)]
pub enum TenantCommand {
    /// Create it, with what it starts with.
    Register(Box<RegisterTenant>),
    /// Change some of it; what already is as asked yields no event.
    Change {
        /// The changes, in order.
        changes: Vec<TenantChange>,
        /// Now.
        at: Timestamp,
    },
}

/// See [`TenantCommand::Register`].
#[derive(Clone, Debug)]
pub struct RegisterTenant {
    /// Its name.
    pub name: TenantName,
    /// Its limits.
    pub limits: Limits,
    /// What else it starts with.
    pub changes: Vec<TenantChange>,
    /// Now.
    pub at: Timestamp,
}

/// One change of a tenant.
#[derive(Clone, Debug)]
pub enum TenantChange {
    /// Another name.
    Rename(TenantName),
    /// Active or not.
    Activate(Standing),
    /// One more API key.
    IssueApiKey {
        /// Names the key.
        key_id: ApiKeyId,
        /// Its hash.
        hash: ApiKeyHash,
        /// Live or test.
        kind: ApiKeyKind,
    },
    /// One API key less.
    RevokeApiKey(ApiKeyId),
    /// The webhook secret, or none.
    SetWebhookSecret(Option<Sealed>),
    /// The limits.
    SetLimits(Limits),
    /// The delivery channels, or all.
    SetDeliveryChannels(Option<BTreeSet<Channel>>),
    /// The sender mailbox, or none.
    SetSender(Option<EmailAddress>),
    /// The push categories, or the usual ones.
    SetPushCategories(Option<PushCategories>),
    /// A channel's providers.
    SetProviders {
        /// The channel.
        channel: Channel,
        /// The list.
        providers: Vec<ProviderEntry>,
    },
    /// A channel's retry schedule, or the installation's.
    SetRetrySchedule {
        /// The channel; a push is never retried.
        channel: Channel,
        /// The delays.
        delays: Option<RetryDelays>,
    },
    /// A channel's policy for unknown outcomes, or the usual one.
    SetUnknownPolicy {
        /// The channel; a push has no unknown outcome.
        channel: Channel,
        /// The policy.
        policy: Option<UnknownPolicy>,
    },
}

/// Whether a tenant may use the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not.
    Inactive,
}
