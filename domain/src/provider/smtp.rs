//! How to reach an SMTP server. Stored settings are read whatever they are; input is checked by the caller's edge.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::host::Host;
use super::sender::Sender;
use crate::sealed::Sealed;

/// How to reach an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmtpConfig {
    /// Host name or address.
    pub host: Host,
    /// TCP port.
    pub port: u16,
    /// Whether and how the connection is encrypted.
    pub tls: TlsMode,
    /// The sender mailbox, as in `Shop <shop@example.org>`; the tenant's sender address if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
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
