//! The next step of an attempt whose outcome is unknown: the tenant's policy, and the wait for a receipt before it.

use std::time::Duration;

use orqestra_domain::ApiKeyKind;
use orqestra_domain::notification::{AttemptState, UnknownPolicy};

use super::Deliverer;
use crate::due::DueKey;
use crate::provider::carriers::Carrier;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) policy: UnknownPolicy,
    /// `None`: the provider does not call back.
    pub(super) receipt_within: Option<Duration>,
}

impl Deliverer {
    /// Returns the next step of an attempt by that carrier; `None` is a carrier that the configuration does not have any more.
    pub(super) fn doubt(&self, key: DueKey, carrier: Option<&Carrier>) -> Doubt {
        let tenant = self.commands.directory().tenant(key.tenant);
        let policy = tenant
            .map_or(UnknownPolicy::usual(key.channel), |tenant| tenant.record.unknown_policy(key.channel));
        let calls_back = carrier.is_some_and(|carrier| carrier.provider.calls_back());
        Doubt { policy, receipt_within: calls_back.then_some(self.settings.receipt_within) }
    }

    /// Returns the next step of an attempt in the log. The sandbox, which never calls back, is not looked for.
    pub(super) fn doubt_of(&self, key: DueKey, attempt: &AttemptState) -> Doubt {
        let entry = self.commands.directory().tenant(key.tenant);
        let carried = entry.map(|entry| self.carriers.of(&entry, key.channel, ApiKeyKind::Live));
        let own = carried.as_ref().and_then(|carried| {
            let is_its = |carrier: &&std::sync::Arc<Carrier>| {
                attempt.was_carried_by(carrier.provider.name(), carrier.instance())
            };
            carried.carriers.iter().find(is_its)
        });
        self.doubt(key, own.map(|carrier| &**carrier))
    }
}
