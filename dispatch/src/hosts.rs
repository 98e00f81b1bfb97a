//! Which hosts mail may be handed to: those of the web, and private ones only where the installation says so.
//!
//! A provider's host is whatever an operator's tenant asked for, and the engine stands where it reaches what the tenant does
//! not: databases, other services, the cloud's own metadata. So the address decides, not the name, when an entry is saved
//! and again for each connection: a name may answer otherwise by then. Link-local addresses and the others of metadata are
//! never connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::time::timeout;

/// How long the look-up of a name may take when an entry is saved.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);

/// Whether mail may be handed to hosts that are not the web's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateHosts {
    /// It may not.
    #[default]
    Refused,
    /// It may: this machine's, private networks'.
    Allowed,
}

/// A host that no mail is handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// The installation allows no private hosts.
    #[error("must not be a host of this machine or of a private network")]
    Private,
    /// A link-local address, a cloud's metadata, or no host's address.
    #[error("must not be a link-local address, nor one of metadata or of a group")]
    Never,
}

/// How far away an address is: on the web, private, or never to be reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Web,
    Private,
    Never,
}

impl PrivateHosts {
    /// Checks the host of an entry that is to be saved, as far as it can be told now: a name that is not found passes.
    ///
    /// # Errors
    /// If one of its addresses is refused.
    pub async fn check(self, host: &str, port: u16) -> Result<(), HostRefused> {
        if let Ok(address) = host.parse() {
            return self.takes(address);
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        if name == "localhost" || name.ends_with(".localhost") {
            return self.takes(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let Ok(Ok(mut found)) = timeout(LOOK_UP_WITHIN, tokio::net::lookup_host((host, port))).await else {
            return Ok(());
        };
        found.try_for_each(|address| self.takes(address.ip()))
    }

    /// Those of a host's addresses that mail may be handed to.
    ///
    /// # Errors
    /// If all of them are refused.
    pub(crate) fn allowed(self, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, HostRefused> {
        let (mut taken, mut refused) = (Vec::with_capacity(addresses.len()), None);
        for address in addresses {
            match self.takes(address) {
                Ok(()) => taken.push(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) if taken.is_empty() => Err(why),
            Some(_) | None => Ok(taken),
        }
    }

    fn takes(self, address: IpAddr) -> Result<(), HostRefused> {
        match (Reach::of(address), self) {
            (Reach::Web, _) | (Reach::Private, Self::Allowed) => Ok(()),
            (Reach::Private, Self::Refused) => Err(HostRefused::Private),
            (Reach::Never, _) => Err(HostRefused::Never),
        }
    }
}

impl Reach {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// By IANA's registry of special addresses.
    fn of_v4(address: Ipv4Addr) -> Self {
        let never = match address.octets() {
            // Link-local, where most clouds have their metadata; that of Alibaba, Azure and Oracle.
            [169, 254, ..] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => true,
            _ => address.is_multicast() || address.is_broadcast(),
        };
        let private = matches!(
            address.octets(),
            [0 | 10 | 127 | 240..=255, ..]
                | [100, 64..=127, ..]
                | [172, 16..=31, ..]
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [192, 168, ..]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
        );
        if never {
            Self::Never
        } else if private {
            Self::Private
        } else {
            Self::Web
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let low = |bits: u128| Self::of_v4(Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32));
        let bits = address.to_bits();
        match address.segments() {
            // Metadata of Amazon and its containers, of Google, Scaleway and Oracle; link-local; groups.
            [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x23]
            | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
            | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]
            | [0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
            | [0xfe80..=0xfebf | 0xff00..=0xffff, ..] => Self::Never,
            // Forms that hold an IPv4 address: compatible (nothing and this machine among them), translated, NAT64, 6to4.
            [0, 0, 0, 0, 0 | 0xffff, 0, ..] | [0x64, 0xff9b, 1, ..] => low(bits).max(Self::Private),
            [0x64, 0xff9b, 0, 0, 0, 0, ..] => low(bits),
            [0x2002, ..] => low(bits >> 80),
            // Teredo, other protocol assignments, discard-only, documentation, local use.
            [0x2001, 0..=0x1ff | 0xdb8, ..]
            | [0x100, 0, 0, ..]
            | [0x3fff, 0..=0xfff, ..]
            | [0x5f00 | 0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Self::Private,
            [0x2000..=0x3fff, ..] => Self::Web,
            // The rest is not assigned yet.
            _ => Self::Private,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: [&str; 10] = [
        "8.8.8.8",
        "169.253.255.255",
        "169.255.0.1",
        "172.32.0.1",
        "100.128.0.1",
        "192.1.0.1",
        "2606:4700::1111",
        "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
    ];
    const PRIVATE: [&str; 36] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd12::1",
        "fd00:ec2::1",
        "fd00:42::1",
        "fd00:42:0:0:1::42",
        "fd00:c1::1",
        "fec0::1",
    ];
    const NEVER: [&str; 27] = [
        "169.254.0.0",
        "169.254.0.1",
        "169.254.0.23",
        "169.254.42.42",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "::ffff:169.254.42.42",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:42::42",
        "fd00:c1::a9fe:a9fe",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "febf:ffff::1",
        "ff02::1",
        "64:ff9b:1::a9fe:a9fe",
    ];

    #[tokio::test]
    async fn a_private_host_is_refused_unless_the_installation_allows_it_and_metadata_always() {
        let (refused, allowed) = (PrivateHosts::Refused, PrivateHosts::Allowed);
        for (hosts, by_default, where_allowed) in [
            (&WEB[..], Ok(()), Ok(())),
            (&PRIVATE[..], Err(HostRefused::Private), Ok(())),
            (&NEVER[..], Err(HostRefused::Never), Err(HostRefused::Never)),
        ] {
            for host in hosts {
                assert_eq!(refused.check(host, 25).await, by_default, "{host}");
                assert_eq!(allowed.check(host, 25).await, where_allowed, "{host}");
                let connects = refused.allowed(vec![host.parse().unwrap()]).map(|_| ());
                assert_eq!(connects, by_default, "{host}");
            }
        }
    }

    #[tokio::test]
    async fn other_names_and_spellings_of_this_machine_are_refused_too() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "mail.localhost",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0",
        ] {
            assert_eq!(PrivateHosts::Refused.check(host, 25).await, Err(HostRefused::Private), "{host}");
            assert_eq!(PrivateHosts::Allowed.check(host, 25).await, Ok(()), "{host}");
        }
    }

    #[test]
    fn of_a_host_with_public_and_private_addresses_only_the_public_ones_are_connected_to() {
        let (public, private) = (IpAddr::from([192, 33, 4, 12]), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(PrivateHosts::Refused.allowed(vec![private, public]), Ok(vec![public]));
        assert_eq!(PrivateHosts::Allowed.allowed(vec![private, public]), Ok(vec![private, public]));
        assert_eq!(PrivateHosts::Refused.allowed(Vec::new()), Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_may_be_saved() {
        assert_eq!(PrivateHosts::Refused.check("nowhere.invalid", 25).await, Ok(()));
    }
}
