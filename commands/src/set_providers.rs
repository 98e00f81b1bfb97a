//! `SetProviders`: a channel's ordered list of providers, credentials sealed on the way in.

use orqestra_domain::provider::{ProviderConfig, SmtpConfig, TlsMode, Username};
use orqestra_domain::tenant::{TenantChange, TenantRefusal};
use orqestra_domain::{Channel, StreamId, TenantId};
use orqestra_event_log::Ticket;
use orqestra_vault::FieldContext;

use crate::context::Context;
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

impl Commands {
    /// Sets a channel's providers; an empty list switches the channel off.
    ///
    /// # Errors
    /// `UnknownTenant`; `WrongChannel` where a provider does not carry it; the log's failure.
    pub async fn set_providers(
        &self,
        tenant: TenantId,
        channel: Channel,
        providers: Vec<ProviderInput>,
        ctx: &Context,
    ) -> Result<Vec<ProviderConfig>, CommandError<TenantRefusal>> {
        self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        let stream = StreamId::tenant(tenant);
        let key = self.vault().tenant_key(tenant).await.map_err(tenant_key_error)?;
        let seal = |field, plain: String| {
            let place = FieldContext { tenant, aggregate_id: stream.as_str(), field };
            self.vault().seal(&key, &place, plain.as_bytes())
        };
        let configured: Vec<_> = providers
            .into_iter()
            .map(|provider| match provider {
                ProviderInput::Sandbox => ProviderConfig::Sandbox,
                ProviderInput::Smtp(smtp) => ProviderConfig::Smtp(SmtpConfig {
                    host: smtp.host,
                    port: smtp.port,
                    tls: smtp.tls,
                    from: smtp.from,
                    username: smtp
                        .username
                        .map(|plain| Username::Sealed(seal(PROVIDER_USERNAME_FIELD, plain))),
                    password: smtp.password.map(|plain| seal(PROVIDER_PASSWORD_FIELD, plain)),
                }),
            })
            .collect();
        let ticket = Ticket { used_keys: vec![key.id()], ..Ticket::default() };
        let changes = vec![TenantChange::SetProviders { channel, providers: configured.clone() }];
        self.change(&stream, changes, &ticket, ctx).await?;
        Ok(configured)
    }
}
