//! Commands that talk to a running engine over its HTTP interface, as an operator or as a tenant's backend.
//!
//! Invariant: whatever fails, no token, key or secret is printed; what the engine refuses is told as `code: message`.

mod client;
mod show;
pub(crate) mod template;
pub(crate) mod tenant;
pub(crate) mod trigger;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use orqestra_domain::{Channel, TenantId};

pub(crate) use self::client::{Client, NoEngine, Refused};
use crate::keep;
use crate::settings::Settings;

/// Which engine.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// Where the engine answers [default: over HTTP at the address of the settings]
    #[arg(long, env = "ORQESTRA_URL")]
    pub(crate) url: Option<String>,
}

impl Where {
    /// The address, given or of the settings.
    pub(crate) fn url(&self, settings: &Settings) -> anyhow::Result<String> {
        if let Some(url) = given(self.url.as_deref()) {
            return Ok(url.to_owned());
        }
        let mut address = settings.listen;
        anyhow::ensure!(address.port() != 0, "the engine's port is not known; name it with --url");
        if address.ip().is_unspecified() {
            // It listens on every address, so also on this one.
            let local: std::net::IpAddr = match address {
                std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            };
            address.set_ip(local);
        }
        Ok(format!("http://{address}"))
    }
}

/// Which engine, and by what right an operator talks to it.
#[derive(Debug, Args)]
pub(crate) struct AsOperator {
    #[command(flatten)]
    at: Where,
    /// The admin token [default: the settings', or the one that the data folder keeps]
    #[arg(long, env = "ORQESTRA_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
}

impl AsOperator {
    fn client(&self, settings: &Settings) -> anyhow::Result<Client> {
        let token = match given(self.admin_token.as_deref()).or(settings.admin_token.as_deref()) {
            Some(token) => token.to_owned(),
            None => keep::kept_admin_token(&settings.data_dir).context(
                "no admin token: set ORQESTRA_ADMIN_TOKEN, or ORQESTRA_DATA_DIR to the engine's folder",
            )?,
        };
        Client::new(&self.at.url(settings)?)?.with("authorization", &format!("Bearer {}", token.trim()))
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

/// What counts as given: an empty text, as of a variable that is set to nothing, does not.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
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

/// The text itself, or what the named file or standard input (`-`) holds.
fn read(file: &str) -> anyhow::Result<String> {
    if file == "-" {
        return std::io::read_to_string(std::io::stdin().lock()).context("standard input cannot be read");
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

/// A secret that is given, or read from standard input (`-`) so that it stands on no command line.
fn secret(text: &str) -> anyhow::Result<String> {
    if text == "-" { Ok(read("-")?.trim_end_matches(['\r', '\n']).to_owned()) } else { Ok(text.to_owned()) }
}
