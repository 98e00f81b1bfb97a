//! The place of a provider's API, where an operator names one: a region, a test server.
//!
//! Invariant: it is `https`, or `http` to this machine alone; it holds no credentials, query or fragment. Whether an
//! address may be connected to is asked again for each connection.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::host::Host;

/// The base of an API's URLs, without the slash at its end. A stored one is read whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BaseUrl(String);

/// Why a base URL was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBaseUrl {
    /// It is not a URL of the web, or it has parts that do not belong to a base.
    #[error(
        "must be a URL as https://api.example.com, without user, query and fragment, of at most {} characters",
        BaseUrl::MAX_CHARS
    )]
    Form,
    /// Others could read what is sent there.
    #[error("must begin with https://")]
    NotEncrypted,
    /// It is this machine.
    #[error("must not be a host of this machine without allowLoopback")]
    Loopback,
}

impl BaseUrl {
    /// Most characters.
    pub const MAX_CHARS: usize = 512;

    /// Reads it; this machine is taken, also by `http`, where the entry allows it.
    ///
    /// # Errors
    /// Says what it must be.
    pub fn parse(raw: &str, allow_loopback: bool) -> Result<Self, InvalidBaseUrl> {
        // What a URL's reader would leave out or put right.
        let is_plain = raw.bytes().all(|byte| byte.is_ascii_graphic());
        let is_web = raw.starts_with("https://") || raw.starts_with("http://");
        if raw.len() > Self::MAX_CHARS || !is_plain || !is_web {
            return Err(InvalidBaseUrl::Form);
        }
        let url = Url::parse(raw).map_err(|_| InvalidBaseUrl::Form)?;
        let bare = url.username().is_empty() && url.password().is_none();
        let is_base = bare && url.query().is_none() && url.fragment().is_none();
        let has_host = match url.host() {
            Some(url::Host::Domain(name)) => Host::parse(name.trim_end_matches('.')).is_ok(),
            Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => true,
            None => false,
        };
        if !is_base || !has_host {
            return Err(InvalidBaseUrl::Form);
        }
        let is_loopback = is_loopback(&url);
        if url.scheme() == "http" && !(is_loopback && allow_loopback) {
            return Err(InvalidBaseUrl::NotEncrypted);
        }
        if is_loopback && !allow_loopback {
            return Err(InvalidBaseUrl::Loopback);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Its host and port, for a check of where they lead; nothing for a stored one that is no URL.
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let url = Url::parse(&self.0).ok()?;
        let host = match url.host()? {
            url::Host::Domain(name) => name.to_owned(),
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        };
        Some((host, url.port_or_known_default()?))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        None => false,
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => is_this_machine(address.into()),
        Some(url::Host::Ipv6(address)) => is_this_machine(address.into()),
    }
}

/// Whether an address is this machine's; one of zeros is too.
pub fn is_this_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_an_encrypted_url_or_one_of_this_machine_where_that_is_allowed() {
        let taken = [
            ("https://api.eu.sendgrid.com", "https://api.eu.sendgrid.com"),
            ("https://API.example.com:8443/v1/", "https://api.example.com:8443/v1"),
        ];
        for (raw, kept) in taken {
            for allowed in [false, true] {
                assert_eq!(BaseUrl::parse(raw, allowed).unwrap().as_str(), kept);
            }
            assert!(BaseUrl::parse(raw, false).unwrap().host_and_port().unwrap().1 >= 443);
        }
        let here = [
            "http://127.0.0.1:8025",
            "https://localhost",
            "http://[::1]:80/x",
            "http://2130706433/",
            "https://[::ffff:127.0.0.1]",
            "https://0.0.0.0:8443",
            "https://[::]",
        ];
        for raw in here {
            assert!(BaseUrl::parse(raw, true).is_ok(), "{raw}");
            assert!(BaseUrl::parse(raw, false).is_err(), "{raw}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_base_is_told() {
        for (raw, why) in [
            ("", InvalidBaseUrl::Form),
            ("api.example.com", InvalidBaseUrl::Form),
            ("ftp://example.com", InvalidBaseUrl::Form),
            ("https://key@example.com", InvalidBaseUrl::Form),
            ("https://example.com/?a=1", InvalidBaseUrl::Form),
            ("https://example.com/#a", InvalidBaseUrl::Form),
            (" https://example.com", InvalidBaseUrl::Form),
            ("https://exa\nmple.com", InvalidBaseUrl::Form),
            ("HTTPS://example.com", InvalidBaseUrl::Form),
            ("https://a\"b.example", InvalidBaseUrl::Form),
            ("http://example.com", InvalidBaseUrl::NotEncrypted),
            ("http://10.0.0.1", InvalidBaseUrl::NotEncrypted),
            ("https://127.0.0.1", InvalidBaseUrl::Loopback),
        ] {
            assert_eq!(BaseUrl::parse(raw, false), Err(why), "{raw}");
        }
        assert_eq!(BaseUrl::parse("http://10.0.0.1", true), Err(InvalidBaseUrl::NotEncrypted));
        let long = format!("https://example.com/{}", "a".repeat(BaseUrl::MAX_CHARS));
        assert_eq!(BaseUrl::parse(&long, false), Err(InvalidBaseUrl::Form));
    }
}
