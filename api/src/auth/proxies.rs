//! Whom a request is from where it came through a proxy: the proxy's word counts only if the settings name its address.
//!
//! `X-Forwarded-For` is read from its end: any client could have written the part before the first address
//! that does not belong to a trusted proxy.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Networks whose proxies are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<(IpAddr, u32)>);

/// A text that names neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected addresses and networks, as in 10.0.0.5,192.168.0.0/16,fd00::/8, got {0}")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// Reads addresses and networks, set apart by commas.
    ///
    /// # Errors
    /// Names the first that is none.
    pub fn parse(text: &str) -> Result<Self, InvalidNetwork> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let network = |entry: &str| {
            let (address, bits) = match entry.split_once('/') {
                None => (entry.parse::<IpAddr>().ok()?, None),
                Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
            };
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(most);
            (bits <= most).then_some((address, bits))
        };
        let networks = entries.map(|entry| network(entry).ok_or_else(|| InvalidNetwork(entry.to_owned())));
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }

    /// Whom a request is from that came from this address.
    pub(crate) fn client(&self, from: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = from;
        let lists =
            headers.get_all(FORWARDED_FOR).iter().rev().map(|value| value.to_str().unwrap_or_default());
        let mut told = lists.flat_map(|list| list.rsplit(',').map(str::trim));
        while self.trusts(client) {
            // Where nothing is told, or something other than an address, the client is the proxy itself.
            match told.next().and_then(address) {
                Some(before) => client = before,
                None => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| match (network.to_canonical(), address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same(network.to_bits().into(), address.to_bits().into(), 32, *bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same(network.to_bits(), address.to_bits(), 128, *bits)
            }
            (_, _) => false,
        })
    }
}

/// Whether two addresses of so many bits have these first ones alike.
fn same(one: u128, other: u128, of: u32, bits: u32) -> bool {
    (one ^ other).checked_shr(of.saturating_sub(bits)).unwrap_or(0) == 0
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    plain.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(proxies: &str, from: &str, told: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let proxies = TrustedProxies::parse(proxies).unwrap();
        proxies.client(from.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxys_is_the_clients() {
        for (proxies, from, told, expected) in [
            ("", "10.0.0.1", &["192.0.2.1"][..], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", "10.0.0.2", &["192.0.2.1"], "10.0.0.2"),
            ("10.0.0.0/8", "10.9.9.9", &["forged, 192.0.2.1, 10.1.1.1"], "192.0.2.1"),
            ("10.0.0.0/8", "10.9.9.9", &["198.51.100.1", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.0/8", "10.9.9.9", &["192.0.2.1:4711"], "192.0.2.1"),
            ("10.0.0.0/8", "10.9.9.9", &["[2001:db8::1]:80"], "2001:db8::1"),
            ("10.0.0.0/8", "10.9.9.9", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.0/8", "10.9.9.9", &["unknown"], "10.9.9.9"),
            ("10.0.0.0/8", "10.9.9.9", &[], "10.9.9.9"),
            ("10.0.0.0/8", "10.9.9.9", &["10.1.1.1"], "10.1.1.1"),
            ("fd00::/8", "fd12::1", &["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", "::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("0.0.0.0/0", "8.8.8.8", &["192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client(proxies, from, told), expected, "{proxies} {from} {told:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["proxy.example", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0", "10.0.0.1:80"] {
            assert_eq!(TrustedProxies::parse(wrong), Err(InvalidNetwork(wrong.to_owned())));
        }
        assert_eq!(TrustedProxies::parse(" , ").unwrap(), TrustedProxies::default());
    }
}
