//! The tenant: its name and standing, keys, secret, limits, channels, sender and providers.
//!
//! Secrets arrive sealed; API keys arrive hashed. A tenant that is not active can do nothing.

mod command;
mod decide;
mod event;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use command::{RegisterTenant, Standing, TenantChange, TenantCommand};
pub use event::{
    ApiKeyIssued, ApiKeyRevoked, Changed, DeliveryChannelsSet, Limits, LimitsChanged, ProvidersSet,
    PushCategoriesSet, RetryScheduleSet, SenderSet, TenantEvent, TenantRegistered, TenantRenamed,
    UnknownPolicySet, WebhookSecretSet,
};
pub use state::{RemovedProvider, Tenant, TenantRecord, TenantRefusal};

use crate::aggregate::aggregate;

aggregate!(Tenant, "Tenant", TenantCommand, TenantEvent, TenantRefusal);
