//! Who carries a channel's messages, as a tenant configures it. Credentials are sealed.
//!
//! Each entry of a list has an instance id that stays with it while its identifying settings stay: attempts name it, and
//! the seals of its credentials are bound to it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::ProviderInstanceId;
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;

/// One entry of a channel's ordered list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Names the entry for as long as its identifying settings stay.
    pub instance: ProviderInstanceId,
    /// The provider's kind and settings.
    #[serde(flatten)]
    pub config: ProviderConfig,
}

impl ProviderEntry {
    /// The sandbox of the installation, which is one instance for all tenants and channels.
    pub const SANDBOX: Self = Self { instance: SANDBOX_INSTANCE, config: ProviderConfig::Sandbox };
}

/// For how long a provider that is given the same delivery again does not send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dedup {
    /// Seconds from the attempt's claim; without limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl Dedup {
    /// Without limit.
    pub const FOR_EVER: Self = Self { seconds: None };

    /// Whether an attempt claimed at `started` still keeps a second one at `at` from being sent.
    pub fn covers(&self, started: Timestamp, at: Timestamp) -> bool {
        self.seconds.is_none_or(|seconds| at < started.plus(Duration::from_secs(seconds.into())))
    }
}

/// A provider's kind with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProviderConfig {
    /// Keeps messages in this installation, to be looked at; sends nothing.
    Sandbox,
    /// An SMTP server.
    Smtp(SmtpConfig),
}

/// How to reach an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmtpConfig {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether and how the connection is encrypted.
    pub tls: TlsMode,
    /// The sender mailbox, as in `Shop <shop@example.org>`; the tenant's sender address if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The user name, where the server asks for one: it is often a person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// The sealed password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
}

/// The user name at a server: sealed, or in clear as the first events had it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Username {
    /// As it is written now.
    Sealed(Sealed),
    /// Only ever read.
    Clear(String),
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed(sealed) => sealed.fmt(f),
            Self::Clear(_) => f.write_str("Clear(..)"),
        }
    }
}

/// Encryption of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// None: for a server on the same machine.
    None,
    /// `STARTTLS`, refused if the server does not offer it.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

impl ProviderConfig {
    /// The name that attempts carry.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sandbox => SANDBOX,
            Self::Smtp(_) => "smtp",
        }
    }
}

/// The provider name of the sandbox.
pub const SANDBOX: &str = "sandbox";
/// The provider name of the inbox itself: a push is delivered once it stands in the log.
pub const HUB: &str = "hub";
/// The instance of the sandbox: the installation has one, whose table keeps each delivery once.
pub const SANDBOX_INSTANCE: ProviderInstanceId =
    ProviderInstanceId::from_uuid(Uuid::from_u128(0x6f72_7165_7374_7261_8000_7361_6e64_626f));
/// The instance of the inbox itself.
pub const HUB_INSTANCE: ProviderInstanceId =
    ProviderInstanceId::from_uuid(Uuid::from_u128(0x6f72_7165_7374_7261_8000_0000_0068_7562));
