//! `SetProviders`: a channel's ordered list of providers, credentials sealed on the way in.
//!
//! Each entry has an instance, to which its credentials are sealed. It is kept, taken from the tenant's earlier entries or
//! derived, never drawn at random, so that the same settings come to the same instance also after they were taken away and
//! put back, whichever version of the program stored them. A credential that did not change keeps its seal, so that the
//! same settings are the same entry.

use std::fmt;

use cqrs_es::Aggregate as _;
use orqestra_domain::provider::{
    Host, HttpConfig, ProviderConfig, ProviderEntry, ProviderLimits, SecretName, Sender, SmtpConfig, TlsMode,
    Username,
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
    /// A provider that is reached over HTTP.
    Http(HttpConfig<ClearSecret>),
}

/// A secret of a provider in clear. Shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ClearSecret(pub String);

impl fmt::Debug for ClearSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClearSecret(..)")
    }
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
    pub host: Host,
    /// TCP port.
    pub port: u16,
    /// Encryption.
    pub tls: TlsMode,
    /// The sender mailbox.
    pub from: Option<Sender>,
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

/// The same as text.
///
/// # Errors
/// As [`open_credential`].
pub async fn open_text(
    vault: &Vault,
    tenant: TenantId,
    instance: ProviderInstanceId,
    field: &str,
    sealed: &Sealed,
) -> Result<String, KeyError> {
    let opened = open_credential(vault, tenant, instance, field, sealed).await?;
    Ok(String::from_utf8_lossy(&opened).into_owned())
}

/// The name under which a credential is sealed for an instance: moved to another entry it does not open.
fn bound(field: &str, instance: ProviderInstanceId) -> String {
    format!("{field}:{instance}")
}

/// The settings by which two entries are the same one, whatever their secrets.
#[derive(Clone, PartialEq, Eq)]
enum Identity {
    /// Host in small letters, port and user name.
    Smtp { host: String, port: u16, username: Option<String> },
    /// A kind with its base URL and account. Where an account has no name of its own, two entries of a kind are told apart by
    /// their keys, and else by their order: a new key is most often the same account's.
    Http { kind: &'static str, base_url: Option<String>, account: Option<String> },
}

impl Identity {
    fn of_smtp(host: &Host, port: u16, username: Option<String>) -> Self {
        Self::Smtp { host: host.as_str().to_ascii_lowercase(), port, username }
    }

    fn of_http<S>(config: &HttpConfig<S>) -> Self {
        let base_url = config.endpoint().base_url.as_ref().map(|url| url.as_str().to_owned());
        Self::Http { kind: config.name(), base_url, account: config.account().map(str::to_owned) }
    }
}

/// An entry that the tenant has or had, with what tells it apart in clear.
struct Known {
    identity: Identity,
    key: Option<ClearSecret>,
    instance: ProviderInstanceId,
    sealed: Credentials,
    /// Whether it is in the list that stands.
    stands: bool,
}

/// The sealed credentials of an entry.
#[derive(Clone, Default)]
struct Credentials {
    username: Option<Sealed>,
    /// The password of a server, the key of an API.
    key: Option<Sealed>,
    webhook: Option<Sealed>,
}

/// The instances that a new list's entries get.
struct Instances<'a> {
    tenant: &'a TenantEntry,
    channel: Channel,
    /// The entries of the list that stands and of those before it, the latest first, as long as no new entry has taken
    /// them over.
    known: Vec<Known>,
    /// The keys of the new list.
    keys: Vec<ClearSecret>,
    given: Vec<ProviderInstanceId>,
}

impl Instances<'_> {
    /// The instance of the latest entry with this identity, the one with the same key first, and the credentials that it has;
    /// else one derived from the identity.
    fn of(&mut self, identity: &Identity, key: Option<&ClearSecret>) -> (ProviderInstanceId, Credentials) {
        let is = |known: &Known| known.identity == *identity;
        let has_key = |known: &Known| matches!(identity, Identity::Smtp { .. }) || known.key.as_ref() == key;
        // Another key is most often the same account's, but only of an entry that it replaces; and another entry of the list
        // takes over the one that has its key.
        let is_free =
            |known: &Known| known.stands && known.key.as_ref().is_none_or(|key| !self.keys.contains(key));
        let at = self.known.iter().position(|known| is(known) && has_key(known));
        let at = at.or_else(|| self.known.iter().position(|known| is(known) && is_free(known)));
        let (instance, credentials) = match at {
            Some(at) => {
                let known = self.known.remove(at);
                (known.instance, known.sealed)
            }
            None => (self.derived(identity), Credentials::default()),
        };
        self.given.push(instance);
        (instance, credentials)
    }

    fn derived(&self, identity: &Identity) -> ProviderInstanceId {
        let settings = match identity {
            Identity::Smtp { host, port, username } => {
                let user = username.as_ref().map(|name| self.tenant.index.address_ref(name).to_string());
                format!("smtp|{host}|{port}|{}", user.unwrap_or_default())
            }
            Identity::Http { kind, base_url, account } => {
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                format!("{kind}|{}|{}", part(base_url), part(account))
            }
        };
        // The same entry twice: each one has its turn.
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
    /// An entry whose kind, host, port and user name, or whose kind, base URL and account, stand already, or stood before, has
    /// the same instance again, whatever its place and secret.
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
        let providers: Vec<ListedProvider> = providers.into_iter().map(Into::into).collect();
        let known = self.known_providers(tenant, channel).await?;
        let keys = providers.iter().filter_map(|listed| match &listed.provider {
            ProviderInput::Http(http) => Some(http.key().clone()),
            ProviderInput::Sandbox | ProviderInput::Smtp(_) => None,
        });
        let mut instances =
            Instances { tenant: &entry, channel, known, keys: keys.collect(), given: Vec::new() };
        let seal = |instance, field, plain: String, has: Option<Sealed>| {
            let field = bound(field, instance);
            let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: &field };
            let same = |sealed: &Sealed| {
                let opened = self.vault().open(&key, &place, sealed);
                opened.is_ok_and(|opened| opened == plain.as_bytes())
            };
            // A new seal of the same text would be another entry, with another breaker.
            has.filter(same).unwrap_or_else(|| self.vault().seal(&key, &place, plain.as_bytes()))
        };
        let configured: Vec<ProviderEntry> = providers
            .into_iter()
            .map(|ListedProvider { provider, limits }| match provider {
                ProviderInput::Sandbox => ProviderEntry { limits, ..ProviderEntry::SANDBOX },
                ProviderInput::Smtp(smtp) => {
                    let identity = Identity::of_smtp(&smtp.host, smtp.port, smtp.username.clone());
                    let (instance, has) = instances.of(&identity, None);
                    let name = PROVIDER_USERNAME_FIELD;
                    let username = smtp.username.map(|plain| seal(instance, name, plain, has.username));
                    let name = PROVIDER_PASSWORD_FIELD;
                    let config = ProviderConfig::Smtp(SmtpConfig {
                        host: smtp.host,
                        port: smtp.port,
                        tls: smtp.tls,
                        from: smtp.from,
                        username: username.map(Username::Sealed),
                        password: smtp.password.map(|plain| seal(instance, name, plain, has.key)),
                    });
                    ProviderEntry { instance, limits, config }
                }
                ProviderInput::Http(http) => {
                    let (instance, mut has) = instances.of(&Identity::of_http(&http), Some(http.key()));
                    let config = http.map(|name, ClearSecret(plain)| {
                        let has = match name {
                            SecretName::Key => has.key.take(),
                            SecretName::Webhook => has.webhook.take(),
                        };
                        seal(instance, name.field(), plain, has)
                    });
                    ProviderEntry { instance, limits, config: ProviderConfig::Http(config) }
                }
            })
            .collect();
        let ticket = Ticket { used_keys: vec![key.id()], ..Ticket::default() };
        let changes = vec![TenantChange::SetProviders { channel, providers: configured.clone() }];
        self.change(&stream, changes, &ticket, ctx).await?.ok_or(CommandError::Contended)?;
        Ok(configured)
    }

    /// The entries of all lists that a channel had, the latest first, each instance once.
    async fn known_providers(
        &self,
        tenant: TenantId,
        channel: Channel,
    ) -> Result<Vec<Known>, CommandError<TenantRefusal>> {
        let stored = self.log().load(Tenant::TYPE, &StreamId::tenant(tenant)).await?;
        let mut known: Vec<Known> = Vec::new();
        let mut stands = true;
        for event in stored.iter().rev() {
            // What cannot be read is for the command to refuse.
            let Ok(AnyEvent::Tenant(TenantEvent::ProvidersSet(set))) = event.event() else { continue };
            if set.channel != channel {
                continue;
            }
            for entry in &set.providers {
                if known.iter().any(|known| known.instance == entry.instance) {
                    continue;
                }
                match self.known_provider(tenant, entry, stands).await {
                    Ok(found) => known.extend(found),
                    // An entry that cannot be opened is replaced like one that is not there.
                    Err(CommandError::Corrupt(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            stands = false;
        }
        Ok(known)
    }

    /// An entry as a new list's entries are compared with it; nothing for one that has no instance of its own, or that this
    /// program cannot read.
    async fn known_provider(
        &self,
        tenant: TenantId,
        entry: &ProviderEntry,
        stands: bool,
    ) -> Result<Option<Known>, CommandError<TenantRefusal>> {
        let instance = entry.instance;
        Ok(match &entry.config {
            ProviderConfig::Sandbox | ProviderConfig::Unread(_) => None,
            ProviderConfig::Smtp(smtp) => {
                let username = self.provider_username(tenant, entry).await?;
                let sealed_name = match &smtp.username {
                    Some(Username::Sealed(sealed)) => Some(sealed.clone()),
                    Some(Username::Clear(_)) | None => None,
                };
                Some(Known {
                    identity: Identity::of_smtp(&smtp.host, smtp.port, username),
                    key: None,
                    instance,
                    sealed: Credentials { username: sealed_name, key: smtp.password.clone(), webhook: None },
                    stands,
                })
            }
            ProviderConfig::Http(http) => {
                let field = SecretName::Key.field();
                let key = open_text(self.vault(), tenant, instance, field, http.key()).await;
                Some(Known {
                    identity: Identity::of_http(http),
                    key: Some(ClearSecret(key.map_err(tenant_key_error)?)),
                    instance,
                    sealed: Credentials {
                        username: None,
                        key: Some(http.key().clone()),
                        webhook: http.webhook_secret().cloned(),
                    },
                    stands,
                })
            }
        })
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
                let opened = open_text(self.vault(), tenant, entry.instance, field, sealed).await;
                opened.map(Some).map_err(tenant_key_error)
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
