//! A server's name or address, as an operator gives it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A host name or an IP address. A stored one is read whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Host(String);

/// Why a host was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a host name or an IP address")]
pub struct InvalidHost;

impl Host {
    /// Most characters, each a byte.
    pub const MAX_CHARS: usize = 253;

    /// Checks that it is what a name can be made of, or an IP address.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(raw: &str) -> Result<Self, InvalidHost> {
        let is_name = raw.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
        let taken = (is_name && raw.len() <= Self::MAX_CHARS) || raw.parse::<IpAddr>().is_ok();
        if taken { Ok(Self(raw.to_owned())) } else { Err(InvalidHost) }
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for good in ["localhost", "mx-1.example.org", "::1", "10.0.0.1", "mail_relay"] {
            assert_eq!(Host::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a..b", "-a", "a/b", "user@host", "host:25", "a\nb"] {
            assert_eq!(Host::parse(bad), Err(InvalidHost), "{bad}");
        }
    }

    #[test]
    fn a_stored_host_is_read_whatever_it_is() {
        let stored: Host = serde_json::from_str("\"a..b\"").unwrap();
        assert_eq!(stored.as_str(), "a..b");
    }
}
