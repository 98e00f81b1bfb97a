//! Commands that talk to a running engine over its HTTP interface, as an operator or as a tenant's backend.
//!
//! Invariant: whatever fails, no token, key or secret is printed; what the engine refuses is told as `code: message`.

mod address;
mod client;
pub(crate) mod dead_letter;
pub(crate) mod event;
pub(crate) mod notification;
pub(crate) mod provider;
mod secret;
mod show;
mod story;
pub(crate) mod suppression;
pub(crate) mod template;
pub(crate) mod tenant;
pub(crate) mod trigger;
pub(crate) mod unknown;
mod words;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use orqestra_domain::{Channel, TenantId};

pub(crate) use self::address::{Address, Source, Where};
pub(crate) use self::client::{Client, NoEngine, Refused};
use self::secret::{read, secret};
pub(crate) use self::show::plain;
use crate::keep;
use crate::settings::Settings;

/// Which engine, and by what right an operator talks to it.
#[derive(Debug, Args)]
pub(crate) struct AsOperator {
    #[command(flatten)]
    at: Where,
    /// The admin token; it shows in `ps`, --admin-token-file does not [env: `ORQESTRA_ADMIN_TOKEN`] [default: the
    /// settings', or the one that the data folder keeps]
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// A file that holds the admin token; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "admin_token")]
    admin_token_file: Option<String>,
}

impl AsOperator {
    fn client(&self, settings: &Settings) -> anyhow::Result<Client> {
        let named = secret("--admin-token", self.admin_token.as_deref(), self.admin_token_file.as_deref())?;
        let token = match named.or_else(|| settings.admin_token.clone()) {
            Some(token) => token,
            None => keep::kept_admin_token(&settings.data_dir).context(
                "no admin token: set ORQESTRA_ADMIN_TOKEN, or ORQESTRA_DATA_DIR to the engine's folder",
            )?,
        };
        Client::new(self.at.find(settings)?)?.with("authorization", &format!("Bearer {}", token.trim()))
    }
}

/// One JSON object a line.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Form {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// A channel, as it is named on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum ChannelName {
    /// Email
    Email,
    /// Text message
    Sms,
    /// In-app push
    Push,
}

impl ChannelName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Email => Channel::Email.as_str(),
            Self::Sms => Channel::Sms.as_str(),
            Self::Push => Channel::Push.as_str(),
        }
    }
}

/// A channel whose messages a provider carries to an address: every channel but PUSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum CarriedChannel {
    /// Email
    Email,
    /// Text message
    Sms,
}

impl CarriedChannel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Email => Channel::Email.as_str(),
            Self::Sms => Channel::Sms.as_str(),
        }
    }
}

/// What counts as given: an empty text, as of a variable that is set to nothing, does not.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// What a variable of the command line is set to.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The tenant that is named, or the first one of this installation.
fn tenant(named: Option<TenantId>, settings: &Settings) -> anyhow::Result<TenantId> {
    if let Some(id) = named.or_else(|| settings.bootstrap.as_ref().map(|first| first.id)) {
        return Ok(id);
    }
    let kept = keep::kept_demo_tenant(&settings.data_dir);
    Ok(kept
        .context("which tenant? Give --tenant, or ORQESTRA_DATA_DIR of an engine that `up` started")?
        .tenant_id)
}
