//! An address to listen on: an IP address or a name of this machine, and a port.
//!
//! Invariant: a name is looked up when it is used, never while settings are read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// How long the look-up of a name may take.
const FOUND_WITHIN: Duration = Duration::from_secs(5);

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    /// At an address.
    At(SocketAddr),
    /// At the address that a name has here.
    Named { name: String, port: u16 },
}

impl Listen {
    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::At(address));
        }
        let (name, port) = text.rsplit_once(':')?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits)?;
        let label = |label: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.len() < 64 && label.bytes().all(known) && !label.starts_with('-')
        };
        // A mistyped address is not a name.
        let spelt = name.bytes().any(|byte| byte.is_ascii_alphabetic());
        let fits = spelt && name.len() < 254 && name.trim_end_matches('.').split('.').all(label);
        fits.then(|| Self::Named { name: name.to_owned(), port })
    }

    /// The port; 0 lets the system choose.
    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::At(address) => address.port(),
            Self::Named { port, .. } => *port,
        }
    }

    /// The addresses that are meant, the first to be tried first: that of IPv4, which most callers ask for.
    pub(crate) async fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let (name, port) = match self {
            Self::At(address) => return Ok(vec![*address]),
            Self::Named { name, port } => (name.as_str(), *port),
        };
        let found = tokio::time::timeout(FOUND_WITHIN, tokio::net::lookup_host((name, port))).await;
        let found = found.with_context(|| format!("{name} was not found in time"))?;
        let mut found: Vec<_> = found.with_context(|| format!("{name} has no address here"))?.collect();
        found.sort_by_key(SocketAddr::is_ipv6);
        found.dedup();
        ensure!(!found.is_empty(), "{name} has no address here");
        Ok(found)
    }

    /// The URL of an engine on this machine that listens here.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::At(address) => local_url(*address),
            Self::Named { name, port } => format!("http://{name}:{port}"),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Named { name, port } => write!(f, "{name}:{port}"),
        }
    }
}

/// The URL of an engine on this machine that listens on this address.
pub(crate) fn local_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        // It listens on every address, so also on this one.
        let local: IpAddr = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(local);
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_numbers_or_a_name_with_a_port() {
        for (text, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:81", "http://127.0.0.1:81"),
            ("[::]:81", "http://[::1]:81"),
            ("10.0.0.1:81", "http://10.0.0.1:81"),
            ("localhost:8080", "http://localhost:8080"),
            ("engine-1.internal.example.org:0", "http://engine-1.internal.example.org:0"),
            ("my_host:80", "http://my_host:80"),
        ] {
            let listen = Listen::parse(text).expect(text);
            assert_eq!((listen.to_string().as_str(), listen.url().as_str()), (text, url));
        }
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:",
            "localhost:x",
            "localhost:70000",
            "localhost:+80",
            "999.0.0.1:80",
            "127.0.0.1",
            "::1:8080",
            "a b:80",
            "user@host:80",
            "http://localhost:80",
            "a..b:80",
            "-a:80",
        ] {
            assert_eq!(Listen::parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up_when_it_is_used() {
        let here = Listen::parse("localhost:81").unwrap().addresses().await.unwrap();
        assert!(here.iter().all(|address| address.ip().is_loopback() && address.port() == 81), "{here:?}");
        assert!(here.windows(2).all(|two| two[0].is_ipv4() || two[1].is_ipv6()), "{here:?}");
        // No name server is asked for a name with so long a part.
        let nowhere = Listen::Named { name: format!("{}.invalid", "n".repeat(64)), port: 81 };
        assert!(nowhere.addresses().await.unwrap_err().to_string().ends_with("has no address here"));
    }
}
