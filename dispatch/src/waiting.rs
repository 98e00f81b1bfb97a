//! Reasons that keep planned messages from being sent until an operator mends them: read from the directory alone, and the same rule
//! for the worker, for the release and for what callers are told.

use std::fmt;

use orqestra_commands::{Directory, TenantEntry};
use orqestra_domain::{ApiKeyKind, Channel};

use crate::provider::carriers::has_sender;

/// Why a delivery waits. It goes on once the reason is gone, and ends when its deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The tenant is switched off.
    TenantInactive,
    /// The tenant's list of providers for the channel is empty.
    NoProvider,
    /// Neither the tenant nor a provider names a mailbox to send from.
    NoSender,
}

impl WaitReason {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::TenantInactive, Self::NoProvider, Self::NoSender];

    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantInactive => "tenant_inactive",
            Self::NoProvider => "no_provider",
            Self::NoSender => "no_sender",
        }
    }

    /// Returns the reason for which a tenant's messages of a channel wait now; `None` where they do not.
    pub fn of(
        directory: &Directory,
        tenant: &TenantEntry,
        channel: Channel,
        kind: ApiKeyKind,
    ) -> Option<Self> {
        if !tenant.record.active {
            return Some(Self::TenantInactive);
        }
        if channel == Channel::Push {
            return None;
        }
        let providers = directory.providers(tenant, channel, kind);
        if providers.is_empty() {
            return Some(Self::NoProvider);
        }
        let sender = tenant.record.sender_email.as_ref();
        let may_send = providers.iter().any(|entry| has_sender(&entry.config, sender));
        (!may_send).then_some(Self::NoSender)
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
