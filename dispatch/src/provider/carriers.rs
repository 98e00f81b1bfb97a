//! A tenant's providers as they stand: one carrier for each entry of a channel's list, made anew when the list changes.
//!
//! A carrier is a provider with its permits and its breaker. A call is claimed only with a permit in hand, so that a
//! crash strands only real sends.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use orqestra_commands::{Directory, TenantEntry};
use orqestra_domain::provider::{ProviderConfig, ProviderEntry};
use orqestra_domain::{Channel, EmailAddress, ProviderInstanceId, TenantId, Timestamp};
use orqestra_event_log::Clock;
use orqestra_vault::Vault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Provider;
use super::breaker::{Allows, Breaker};
use super::sandbox::{Sandbox, SandboxLane};
use super::smtp::letter::is_sender;
use super::smtp::{NameServers, Smtp, SmtpLimits};
use crate::hosts::PrivateHosts;
use crate::queue::{Gate, Gates};
use crate::settings::DispatchSettings;

/// Makes providers from their settings. The real one is [`Providers`]; tests put their own in its place.
pub trait MakeProvider: Send + Sync {
    /// Makes the provider of one entry of a tenant's list.
    fn make(&self, tenant: TenantId, channel: Channel, entry: &ProviderEntry) -> Arc<dyn Provider>;
}

/// The providers that this engine has.
pub struct Providers {
    sandbox: Sandbox,
    vault: Vault,
    sandbox_calls: usize,
    smtp: SmtpLimits,
    smtp_authorities: Option<Arc<str>>,
    name_servers: NameServers,
    private_hosts: PrivateHosts,
}

impl Providers {
    /// With these settings.
    pub fn new(sandbox: Sandbox, vault: Vault, settings: &DispatchSettings) -> Self {
        let smtp =
            SmtpLimits { connections: settings.smtp_connections, whole_call: settings.provider_timeout };
        Self {
            sandbox,
            vault,
            sandbox_calls: settings.sandbox_calls,
            smtp,
            smtp_authorities: settings.smtp_authorities.clone(),
            name_servers: settings.name_servers.clone(),
            private_hosts: settings.private_hosts,
        }
    }
}

impl MakeProvider for Providers {
    fn make(&self, tenant: TenantId, _channel: Channel, entry: &ProviderEntry) -> Arc<dyn Provider> {
        match &entry.config {
            ProviderConfig::Sandbox => Arc::new(SandboxLane::new(self.sandbox.clone(), self.sandbox_calls)),
            ProviderConfig::Smtp(config) => {
                let (config, vault) = (config.clone(), self.vault.clone());
                let smtp = Smtp::new(tenant, entry.instance, config, vault, self.smtp);
                let smtp = smtp.trusting(self.smtp_authorities.clone()).asking(self.name_servers.clone());
                Arc::new(smtp.reaching(self.private_hosts))
            }
        }
    }
}

/// A provider, its permits and its breaker.
pub(crate) struct Carrier {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) breaker: Breaker,
    permits: Arc<Semaphore>,
    entry: ProviderEntry,
}

impl Carrier {
    /// The entry of the configuration that it carries for.
    pub(crate) fn instance(&self) -> ProviderInstanceId {
        self.entry.instance
    }

    /// Whether there is a mailbox to send from: the entry's own, or the tenant's.
    pub(crate) fn has_sender(&self, sender: Option<&EmailAddress>) -> bool {
        has_sender(&self.entry.config, sender)
    }

    /// Waits for one of the provider's permits.
    pub(crate) async fn permit(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// Whether a provider has a mailbox to send from: its own, or the tenant's.
pub(crate) fn has_sender(config: &ProviderConfig, sender: Option<&EmailAddress>) -> bool {
    match config {
        ProviderConfig::Sandbox => true,
        ProviderConfig::Smtp(smtp) => is_sender(smtp.from.as_deref(), sender),
    }
}

struct Known {
    entry: Arc<TenantEntry>,
    carriers: Arc<[Arc<Carrier>]>,
}

/// All carriers of this process.
pub(crate) struct Carriers {
    directory: Directory,
    make: Arc<dyn MakeProvider>,
    clock: Arc<dyn Clock>,
    failures_to_open: u32,
    pause: std::time::Duration,
    known: RwLock<HashMap<(TenantId, Channel), Known>>,
}

impl Carriers {
    pub(crate) fn new(
        directory: Directory,
        make: Arc<dyn MakeProvider>,
        clock: Arc<dyn Clock>,
        settings: &DispatchSettings,
    ) -> Self {
        let (failures_to_open, pause) = (settings.breaker_failures, settings.breaker_pause);
        Self { directory, make, clock, failures_to_open, pause, known: RwLock::default() }
    }

    /// A tenant's carriers for a channel, the first one tried first; none where it has no provider.
    pub(crate) fn of(&self, entry: &Arc<TenantEntry>, channel: Channel) -> Arc<[Arc<Carrier>]> {
        let place = (entry.id, channel);
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get(&place)
                && Arc::ptr_eq(&known.entry, entry)
            {
                return Arc::clone(&known.carriers);
            }
        }
        let configured = self.directory.providers(entry, channel);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before: Vec<Arc<Carrier>> =
            all.get(&place).map_or_else(Vec::new, |known| known.carriers.to_vec());
        let carriers: Arc<[Arc<Carrier>]> = configured
            .into_iter()
            .map(|configured| match before.iter().find(|carrier| carrier.entry == configured) {
                Some(carrier) => Arc::clone(carrier),
                None => Arc::new(self.carrier(entry.id, channel, configured)),
            })
            .collect();
        all.insert(place, Known { entry: Arc::clone(entry), carriers: Arc::clone(&carriers) });
        carriers
    }

    fn carrier(&self, tenant: TenantId, channel: Channel, entry: ProviderEntry) -> Carrier {
        let provider = self.make.make(tenant, channel, &entry);
        let permits = Arc::new(Semaphore::new(provider.concurrency()));
        Carrier { provider, breaker: Breaker::new(self.failures_to_open, self.pause), permits, entry }
    }
}

impl Gates for Carriers {
    fn gate(&self, tenant: TenantId, channel: Channel) -> Gate {
        /// Work that needs no provider: pushes, and what will be skipped.
        const WITHOUT_PROVIDER: Gate = Gate::Open(128);
        if channel == Channel::Push {
            return WITHOUT_PROVIDER;
        }
        let Some(entry) = self.directory.tenant(tenant) else { return WITHOUT_PROVIDER };
        let carriers = self.of(&entry, channel);
        if carriers.is_empty() || !entry.record.active {
            return WITHOUT_PROVIDER;
        }
        gate_of(&carriers, self.clock.now())
    }

    fn shut(&self) -> Vec<(TenantId, Channel, Gate)> {
        let now = self.clock.now();
        let shut: Vec<_> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let shut = known.iter().filter(|(_, known)| {
                !known.carriers.is_empty() && !matches!(gate_of(&known.carriers, now), Gate::Open(_))
            });
            shut.map(|(place, _)| *place).collect()
        };
        // The list may have changed since it was last used.
        let gates = shut.into_iter().map(|(tenant, channel)| (tenant, channel, self.gate(tenant, channel)));
        gates.filter(|(.., gate)| !matches!(gate, Gate::Open(_))).collect()
    }
}

fn gate_of(carriers: &[Arc<Carrier>], now: Timestamp) -> Gate {
    let allowed =
        carriers.iter().map(|carrier| (carrier.breaker.allows(now), carrier.provider.concurrency()));
    allowed.fold(Gate::Closed, |gate, (allows, calls)| match (gate, allows) {
        (Gate::Open(others), Allows::All) => Gate::Open(others + calls),
        (Gate::Closed, Allows::All) => Gate::Open(calls),
        (Gate::Trial, Allows::All) => Gate::Open(calls + 1),
        (Gate::Open(others), Allows::One) => Gate::Open(others + 1),
        (Gate::Closed | Gate::Trial, Allows::One) => Gate::Trial,
        (gate, Allows::None) => gate,
    })
}
