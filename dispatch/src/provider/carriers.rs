//! A tenant's providers as they stand: one carrier for each entry of a channel's list, made anew when the list changes.
//!
//! A carrier is a provider with its permits and its breaker. A call is claimed only with a permit in hand, so that a
//! crash strands only real sends. A channel with an entry that this program cannot read is left to a newer one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use orqestra_commands::{Directory, Server, TenantEntry};
use orqestra_domain::provider::{ProviderConfig, ProviderEntry};
use orqestra_domain::{ApiKeyKind, Channel, EmailAddress, ProviderInstanceId, TenantId, Timestamp};
use orqestra_event_log::Clock;
use orqestra_vault::Vault;

use super::Provider;
use super::breaker::{Allows, Breaker};
use super::budget::{RetryBudget, Try};
use super::http::{HttpClient, HttpLimits, HttpProvider};
use super::names::NameServers;
use super::permits::{Permit, Permits};
use super::sandbox::{Sandbox, SandboxLane};
use super::sender::sender as mailbox_of;
use super::shares::Shares;
use super::smtp::{Smtp, SmtpLimits};
use crate::hosts::PrivateHosts;
use crate::queue::{Gate, Gates};
use crate::settings::DispatchSettings;

/// Makes providers from their settings. The real one is [`Providers`]; tests put their own in its place.
pub trait MakeProvider: Send + Sync {
    /// Makes the provider of one entry of a tenant's list; `None` where this program cannot read its settings.
    fn make(&self, tenant: TenantId, channel: Channel, entry: &ProviderEntry) -> Option<Arc<dyn Provider>>;
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
    http: HttpLimits,
    http_client: HttpClient,
}

impl Providers {
    /// With these settings.
    ///
    /// # Panics
    /// If the HTTP client cannot be made, which needs nothing from outside.
    pub fn new(sandbox: Sandbox, vault: Vault, settings: &DispatchSettings) -> Self {
        let http_client =
            HttpClient::new(&settings.name_servers, settings.private_hosts, settings.provider_timeout);
        let http = HttpLimits {
            calls: settings.http_calls,
            whole_call: settings.provider_timeout,
            public_url: settings.public_url.clone(),
        };
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
            http,
            http_client: http_client.expect("the client's settings are its own"),
        }
    }
}

impl MakeProvider for Providers {
    fn make(&self, tenant: TenantId, _channel: Channel, entry: &ProviderEntry) -> Option<Arc<dyn Provider>> {
        Some(match &entry.config {
            ProviderConfig::Sandbox => Arc::new(SandboxLane::new(self.sandbox.clone(), self.sandbox_calls)),
            ProviderConfig::Smtp(config) => {
                let (config, vault) = (config.clone(), self.vault.clone());
                let smtp = Smtp::new(tenant, entry.instance, config, vault, self.smtp);
                let smtp = smtp.trusting(self.smtp_authorities.clone()).asking(self.name_servers.clone());
                Arc::new(smtp.reaching(self.private_hosts))
            }
            ProviderConfig::Http(config) => {
                let (vault, client) = (self.vault.clone(), self.http_client.clone());
                Arc::new(HttpProvider::new(tenant, entry.instance, config, vault, client, self.http.clone()))
            }
            ProviderConfig::Unread(_) => return None,
        })
    }
}

/// A provider, its permits and its breaker.
pub(crate) struct Carrier {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) breaker: Breaker,
    pub(crate) retries: RetryBudget,
    permits: Permits,
    entry: ProviderEntry,
}

impl Carrier {
    /// The entry of the configuration that it carries for.
    pub(crate) fn instance(&self) -> ProviderInstanceId {
        self.entry.instance
    }

    /// The mail server, where the entry names one.
    pub(crate) fn server(&self) -> Option<Server> {
        Server::of(&self.entry)
    }

    /// Whether there is a mailbox to send from: the entry's own, or the tenant's.
    pub(crate) fn has_sender(&self, sender: Option<&EmailAddress>) -> bool {
        has_sender(&self.entry.config, sender)
    }

    /// Whether a call fits the retry budget. One that tries whether the provider is back always does.
    pub(crate) fn may_try(&self, which: Try, now: Timestamp) -> bool {
        which == Try::First || !self.breaker.is_closed(now) || self.retries.take(now)
    }

    /// Gives back what a call that is not made took from the retry budget.
    pub(crate) fn not_tried(&self, which: Try) {
        if which == Try::Again {
            self.retries.answered(which);
        }
    }

    /// Waits for one of the provider's permits.
    pub(crate) async fn permit(&self) -> Permit {
        self.permits.permit().await
    }
}

/// Whether a provider has a mailbox to send from: its own, or the tenant's.
pub(crate) fn has_sender(config: &ProviderConfig, sender: Option<&EmailAddress>) -> bool {
    config.mailbox().is_none_or(|own| mailbox_of(own, sender).is_some())
}

/// A channel's carriers, the first one tried first; none where it has no provider.
#[derive(Clone)]
pub(crate) struct Carried {
    pub(crate) carriers: Arc<[Arc<Carrier>]>,
    /// Whether its list has an entry that this program cannot read: then a process that can sends, in the list's order.
    pub(crate) is_unread: bool,
}

struct Known {
    entry: Arc<TenantEntry>,
    carried: Carried,
}

/// All carriers of this process.
pub(crate) struct Carriers {
    directory: Directory,
    make: Arc<dyn MakeProvider>,
    clock: Arc<dyn Clock>,
    failures_to_open: u32,
    pause: std::time::Duration,
    shares: Arc<Shares>,
    known: RwLock<HashMap<Place, Known>>,
}

/// Identifies the carriers of a tenant's messages of a channel and a kind.
type Place = (TenantId, Channel, ApiKeyKind);

impl Carriers {
    pub(crate) fn new(
        directory: Directory,
        make: Arc<dyn MakeProvider>,
        clock: Arc<dyn Clock>,
        settings: &DispatchSettings,
    ) -> Self {
        let (failures_to_open, pause) = (settings.breaker_failures, settings.breaker_pause);
        let shares = Arc::default();
        Self { directory, make, clock, failures_to_open, pause, shares, known: RwLock::default() }
    }

    /// What tells each carrier its part of its entry's limits.
    pub(crate) fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }

    /// A tenant's carriers for messages of a kind on a channel. Tests have the sandbox alone, apart from the sandbox that may stand
    /// in the tenant's list.
    pub(crate) fn of(&self, entry: &Arc<TenantEntry>, channel: Channel, kind: ApiKeyKind) -> Carried {
        let place = (entry.id, channel, kind);
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get(&place)
                && Arc::ptr_eq(&known.entry, entry)
            {
                return known.carried.clone();
            }
        }
        let configured = self.directory.providers(entry, channel, kind);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&place).map(|known| known.carried.clone());
        let was_unread = before.as_ref().is_some_and(|before| before.is_unread);
        let before = before.map_or_else(Vec::new, |before| before.carriers.to_vec());
        let (mut carriers, mut unread) = (Vec::new(), None);
        for configured in configured {
            match before.iter().find(|carrier| carrier.entry == *configured) {
                Some(carrier) => carriers.push(Arc::clone(carrier)),
                None => match self.carrier(entry.id, channel, configured) {
                    Some(carrier) => carriers.push(Arc::new(carrier)),
                    None => unread = Some(configured),
                },
            }
        }
        if let (Some(unread), false) = (&unread, was_unread) {
            tracing::warn!(tenant.id = %entry.id, channel = %channel, provider = unread.config.name(),
                "this program cannot read a provider's settings, so it leaves the channel to a newer one");
        }
        let carried = Carried { carriers: carriers.into(), is_unread: unread.is_some() };
        all.insert(place, Known { entry: Arc::clone(entry), carried: carried.clone() });
        carried
    }

    /// The carrier of an entry; `None` where this program cannot read it.
    fn carrier(&self, tenant: TenantId, channel: Channel, entry: &ProviderEntry) -> Option<Carrier> {
        let provider = self.make.make(tenant, channel, entry)?;
        let permits = Permits::new(provider.concurrency(), entry.limits, Arc::clone(&self.shares));
        let breaker = Breaker::new(self.failures_to_open, self.pause);
        Some(Carrier { provider, breaker, retries: RetryBudget::new(), permits, entry: entry.clone() })
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
        let carried = self.of(&entry, channel, ApiKeyKind::Live);
        if !carried.has_provider() || !entry.record.active {
            return WITHOUT_PROVIDER;
        }
        carried.gate(self.clock.now())
    }

    fn shut(&self) -> Vec<(TenantId, Channel, Gate)> {
        let now = self.clock.now();
        let shut: Vec<_> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let shut = known.iter().filter(|((.., kind), Known { carried, .. })| {
                *kind == ApiKeyKind::Live
                    && carried.has_provider()
                    && !matches!(carried.gate(now), Gate::Open(_))
            });
            shut.map(|((tenant, channel, _), _)| (*tenant, *channel)).collect()
        };
        // The list may have changed since it was last used.
        let gates = shut.into_iter().map(|(tenant, channel)| (tenant, channel, self.gate(tenant, channel)));
        gates.filter(|(.., gate)| !matches!(gate, Gate::Open(_))).collect()
    }
}

impl Carried {
    fn has_provider(&self) -> bool {
        self.is_unread || !self.carriers.is_empty()
    }

    fn gate(&self, now: Timestamp) -> Gate {
        if self.is_unread { Gate::Closed } else { gate_of(&self.carriers, now) }
    }
}

fn gate_of(carriers: &[Arc<Carrier>], now: Timestamp) -> Gate {
    let allowed = carriers.iter().map(|carrier| (carrier.breaker.allows(now), carrier.permits.in_hand()));
    allowed.fold(Gate::Closed, |gate, (allows, calls)| match (gate, allows) {
        (Gate::Open(others), Allows::All) => Gate::Open(others + calls),
        (Gate::Closed, Allows::All) => Gate::Open(calls),
        (Gate::Trial, Allows::All) => Gate::Open(calls + 1),
        (Gate::Open(others), Allows::One) => Gate::Open(others + 1),
        (Gate::Closed | Gate::Trial, Allows::One) => Gate::Trial,
        (gate, Allows::None) => gate,
    })
}
