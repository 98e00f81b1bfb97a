//! Whom a connection is from, as far as its address tells: the unit that places and wrong tokens are counted by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a request's connection came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came(pub(crate) IpAddr);

/// An IPv4 address, or the 64 bits of an IPv6 address that a network gives to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    V4(Ipv4Addr),
    V6(u64),
}

impl Peer {
    /// The one of an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let bits = Ipv6Addr::to_bits(address) >> 64;
                Self::V6(u64::try_from(bits).expect("the upper half of 128 bits"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_64_bits_is_one_peer_and_a_mapped_address_is_its_own() {
        let peer = |text: &str| Peer::of(text.parse().unwrap());
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.7"), peer("192.0.2.7"));
        assert_ne!(peer("192.0.2.7"), peer("192.0.2.8"));
    }
}
