//! `SetProviders`: a channel's ordered list of providers, credentials sealed on the way in.
//!
//! Each entry has an instance, to which its credentials are sealed. It is kept, taken from the tenant's earlier entries or
//! derived, never drawn at random, so that the same settings come to the same instance also after they were taken away and
//! put back, whichever version of the program stored them. A credential that did not change keeps its seal, so that the
//! same settings are the same entry.

use cqrs_es::Aggregate as _;
use orqestra_domain::provider::{
    ProviderConfig, ProviderEntry, ProviderLimits, SmtpConfig, TlsMode, Username,
};
use orqestra_domain::tenant::{Tenant, TenantChange, TenantEvent, TenantRefusal};
use orqestra_domain::{AnyEvent, Channel, ProviderInstanceId, Sealed, StreamId, TenantId};
use orqestra_event_log::Ticket;
use orqestra_vault::{FieldContext, KeyError, Vault};

use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::{Commands, tenant_key_error};

/// The name under which a provider's password is sealed, in the tenant's stream.
pub const PROVIDER_PASSWORD_FIELD: &str = "provider.password";

/// The name under which a provider's user name is sealed, in the tenant's stream.
pub const PROVIDER_USERNAME_FIELD: &str = "provider.username";

/// A provider as configured, with its credentials in clear.
#[derive(Clone)]
pub enum ProviderInput {
    /// Keeps messages here.
    Sandbox,
    /// An SMTP server.
    Smtp(SmtpInput),
}

/// One entry of a list as configured.
#[derive(Clone)]
pub struct ListedProvider {
    /// The provider.
    pub provider: ProviderInput,
    /// How much it is given at most.
    pub limits: ProviderLimits,
}

impl From<ProviderInput> for ListedProvider {
    fn from(provider: ProviderInput) -> Self {
        Self { provider, limits: ProviderLimits::NONE }
    }
}

/// How to reach an SMTP server.
#[derive(Clone)]
pub struct SmtpInput {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Encryption.
    pub tls: TlsMode,
    /// The sender mailbox.
    pub from: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
}

/// Opens a credential of a provider: sealed for its instance, or for the tenant alone as in the first events.
///
/// # Errors
/// If the key cannot be read, or the value was sealed for another instance.
pub async fn open_credential(
    vault: &Vault,
    tenant: TenantId,
    instance: ProviderInstanceId,
    field: &str,
    sealed: &Sealed,
) -> Result<Vec<u8>, KeyError> {
    let key = vault.key(sealed.key_id).await?;
    let stream = StreamId::tenant(tenant);
    let open = |field: &str| {
        vault.open(&key, &FieldContext { tenant, aggregate_id: stream.as_str(), field }, sealed)
    };
    open(&bound(field, instance)).or_else(|_| open(field)).map_err(|error| KeyError::Corrupt(error.into()))
}

/// The name under which a credential is sealed for an instance: moved to another entry it does not open.
fn bound(field: &str, instance: ProviderInstanceId) -> String {
    format!("{field}:{instance}")
}

/// A server that the tenant has or had, with its user name in clear.
struct Known {
    host: String,
    port: u16,
    username: Option<String>,
    instance: ProviderInstanceId,
    /// Its credentials as they are sealed.
    sealed: Credentials,
}

/// The sealed credentials of an entry.
#[derive(Clone, Default)]
struct Credentials {
    username: Option<Sealed>,
    password: Option<Sealed>,
}

impl Known {
    fn is(&self, smtp: &SmtpInput) -> bool {
        self.host.eq_ignore_ascii_case(&smtp.host) && self.port == smtp.port && self.username == smtp.username
    }
}

/// The instances that a new list's entries get.
struct Instances<'a> {
    tenant: &'a TenantEntry,
    channel: Channel,
    /// The servers of the list that stands and of those before it, the latest first, as long as no new entry has taken
    /// them over.
    known: Vec<Known>,
    given: Vec<ProviderInstanceId>,
}

impl Instances<'_> {
    /// The instance of the latest entry with this host, port and user name, and the credentials that it has; else one
    /// derived from them.
    fn of(&mut self, smtp: &SmtpInput) -> (ProviderInstanceId, Credentials) {
        let (instance, credentials) = match self.known.iter().position(|known| known.is(smtp)) {
            Some(at) => {
                let known = self.known.remove(at);
                (known.instance, known.sealed)
            }
            None => (self.derived(smtp), Credentials::default()),
        };
        self.given.push(instance);
        (instance, credentials)
    }

    fn derived(&self, smtp: &SmtpInput) -> ProviderInstanceId {
        let user = smtp.username.as_ref().map(|name| self.tenant.index.address_ref(name).to_string());
        let server = format!("smtp|{}|{}", smtp.host.to_ascii_lowercase(), smtp.port);
        let settings = format!("{server}|{}", user.unwrap_or_default());
        // The same server twice: each entry has its turn.
        let instance =
            |turn: usize| ProviderInstanceId::of(self.tenant.id, self.channel, &format!("{settings}|{turn}"));
        let taken = |id: &ProviderInstanceId| {
            self.given.contains(id) || self.known.iter().any(|known| known.instance == *id)
        };
        // One more than there are ids in use, so one of them is free.
        let turns = 1..=self.given.len() + self.known.len() + 1;
        turns.map(instance).find(|id| !taken(id)).expect("more turns than ids in use")
    }
}

impl Commands {
    /// Sets a channel's providers; an empty list switches the channel off.
    ///
    /// An entry whose kind, host, port and user name stand already, or stood before, has the same instance again, whatever its
    /// place and password.
    ///
    /// # Errors
    /// `UnknownTenant`; `WrongChannel` where a provider does not carry it; `NoSender` where neither the provider nor the
    /// tenant names a mailbox to send from; the log's failure.
    pub async fn set_providers(
        &self,
        tenant: TenantId,
        channel: Channel,
        providers: Vec<impl Into<ListedProvider>>,
        ctx: &Context,
    ) -> Result<Vec<ProviderEntry>, CommandError<TenantRefusal>> {
        let entry = self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        let stream = StreamId::tenant(tenant);
        let key = self.vault().tenant_key(tenant).await.map_err(tenant_key_error)?;
        let known = self.known_servers(tenant, channel).await?;
        let mut instances = Instances { tenant: &entry, channel, known, given: Vec::new() };
        let configured: Vec<ProviderEntry> = providers
            .into_iter()
            .map(Into::into)
            .map(|ListedProvider { provider, limits }| match provider {
                ProviderInput::Sandbox => ProviderEntry { limits, ..ProviderEntry::SANDBOX },
                ProviderInput::Smtp(smtp) => {
                    let (instance, has) = instances.of(&smtp);
                    let seal = |field, plain: String, has: Option<Sealed>| {
                        let field = bound(field, instance);
                        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: &field };
                        let same = |sealed: &Sealed| {
                            let opened = self.vault().open(&key, &place, sealed);
                            opened.is_ok_and(|opened| opened == plain.as_bytes())
                        };
                        // A new seal of the same text would be another entry, with another breaker.
                        has.filter(same).unwrap_or_else(|| self.vault().seal(&key, &place, plain.as_bytes()))
                    };
                    let Credentials { username, password } = has;
                    let username = smtp.username.map(|plain| seal(PROVIDER_USERNAME_FIELD, plain, username));
                    let config = ProviderConfig::Smtp(SmtpConfig {
                        host: smtp.host,
                        port: smtp.port,
                        tls: smtp.tls,
                        from: smtp.from,
                        username: username.map(Username::Sealed),
                        password: smtp.password.map(|plain| seal(PROVIDER_PASSWORD_FIELD, plain, password)),
                    });
                    ProviderEntry { instance, limits, config }
                }
            })
            .collect();
        let ticket = Ticket { used_keys: vec![key.id()], ..Ticket::default() };
        let changes = vec![TenantChange::SetProviders { channel, providers: configured.clone() }];
        self.change(&stream, changes, &ticket, ctx).await?.ok_or(CommandError::Contended)?;
        Ok(configured)
    }

    /// The servers of all lists that a channel had, the latest first, each instance once.
    async fn known_servers(
        &self,
        tenant: TenantId,
        channel: Channel,
    ) -> Result<Vec<Known>, CommandError<TenantRefusal>> {
        let stored = self.log().load(Tenant::TYPE, &StreamId::tenant(tenant)).await?;
        let mut known: Vec<Known> = Vec::new();
        for event in stored.iter().rev() {
            // What cannot be read is for the command to refuse.
            let Ok(AnyEvent::Tenant(TenantEvent::ProvidersSet(set))) = event.event() else { continue };
            for entry in set.providers.iter().filter(|_| set.channel == channel) {
                let ProviderConfig::Smtp(smtp) = &entry.config else { continue };
                if known.iter().any(|known| known.instance == entry.instance) {
                    continue;
                }
                let username = match self.provider_username(tenant, entry).await {
                    Ok(username) => username,
                    // An entry that cannot be opened is replaced like one that is not there.
                    Err(CommandError::Corrupt(_)) => continue,
                    Err(error) => return Err(error),
                };
                let (host, port, instance) = (smtp.host.clone(), smtp.port, entry.instance);
                let sealed_name = match &smtp.username {
                    Some(Username::Sealed(sealed)) => Some(sealed.clone()),
                    Some(Username::Clear(_)) | None => None,
                };
                let sealed = Credentials { username: sealed_name, password: smtp.password.clone() };
                known.push(Known { host, port, username, instance, sealed });
            }
        }
        Ok(known)
    }

    /// The user name of an entry in clear; `None` where it has none.
    ///
    /// # Errors
    /// If the tenant's key cannot be read, or the value was sealed for another instance.
    pub async fn provider_username(
        &self,
        tenant: TenantId,
        entry: &ProviderEntry,
    ) -> Result<Option<String>, CommandError<TenantRefusal>> {
        let ProviderConfig::Smtp(smtp) = &entry.config else { return Ok(None) };
        match &smtp.username {
            None => Ok(None),
            Some(Username::Clear(username)) => Ok(Some(username.clone())),
            Some(Username::Sealed(sealed)) => {
                let field = PROVIDER_USERNAME_FIELD;
                let opened = open_credential(self.vault(), tenant, entry.instance, field, sealed).await;
                let opened = opened.map_err(tenant_key_error)?;
                Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::provider::SANDBOX_INSTANCE;

    use super::*;

    #[test]
    fn the_name_that_a_credential_is_sealed_under_never_changes() {
        assert_eq!(
            bound(PROVIDER_PASSWORD_FIELD, SANDBOX_INSTANCE),
            "provider.password:6f727165-7374-7261-8000-73616e64626f"
        );
    }
}
