//! The next step of an attempt whose outcome is unknown: the tenant's policy, and the wait for a receipt before it.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::ApiKeyKind;
use orqestra_domain::notification::{AttemptState, UnknownPolicy};
use orqestra_domain::provider::ProviderConfig;

use super::Deliverer;
use crate::due::DueKey;
use crate::provider::carriers::Carrier;
use crate::provider::http::calls_back;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) policy: UnknownPolicy,
    /// `None`: the provider does not call back.
    pub(super) receipt_within: Option<Duration>,
    /// Whether anything may be sent again: not where the provider has said that it cannot tell, and would say so again.
    pub(super) asks_again: bool,
}

impl Deliverer {
    /// A tenant's policy for unknown outcomes of a channel.
    pub(super) fn unknown_policy(&self, key: DueKey) -> UnknownPolicy {
        let tenant = self.commands.directory().tenant(key.tenant);
        tenant.map_or(UnknownPolicy::usual(key.channel), |tenant| tenant.record.unknown_policy(key.channel))
    }

    /// Returns the next step of an attempt by that carrier.
    pub(super) fn doubt(&self, key: DueKey, carrier: &Carrier) -> Doubt {
        self.doubt_where(key, carrier.provider.calls_back())
    }

    fn doubt_where(&self, key: DueKey, calls_back: bool) -> Doubt {
        let receipt_within = calls_back.then_some(self.settings.receipt_within);
        Doubt { policy: self.unknown_policy(key), receipt_within, asks_again: true }
    }

    /// Returns the next step of an attempt in the log. The sandbox, which never calls back, is not looked for; a removed entry
    /// calls back as long as its callbacks are taken.
    pub(super) fn doubt_of(&self, key: DueKey, attempt: &AttemptState) -> Doubt {
        let Some(entry) = self.commands.directory().tenant(key.tenant) else {
            return self.doubt_where(key, false);
        };
        let carried = self.carriers.of(&entry, key.channel, ApiKeyKind::Live);
        let mut carriers = carried.carriers.iter();
        let is_its =
            |carrier: &&Arc<Carrier>| attempt.was_carried_by(carrier.provider.name(), carrier.instance());
        let calls_back = match carriers.find(is_its) {
            Some(carrier) => carrier.provider.calls_back(),
            None => entry.record.calling_back(&attempt.provider, self.clock.now()).any(|removed| {
                attempt.instance == Some(removed.instance)
                    && matches!(&removed.config, ProviderConfig::Http(config)
                        if calls_back(self.settings.public_url.as_deref(), key.tenant, config))
            }),
        };
        self.doubt_where(key, calls_back)
    }
}
