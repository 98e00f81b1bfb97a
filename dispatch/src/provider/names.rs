//! Addresses of a provider's host, asked from DNS without a thread.
//!
//! Invariant: nothing that a look-up holds is shared between hosts. Each has a resolver of its own, with its own cache and
//! sockets, so that a name whose server never answers delays its own messages alone. Time limits are the caller's.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::{Either, select};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::timeout;

/// How long the addresses of the second family are waited for once the first one is known.
const SECOND_FAMILY: Duration = Duration::from_millis(300);
/// The least and the longest time for which a name counts as absent without being asked for again.
const ABSENT: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// Answers that a resolver keeps: it is asked for one host.
const KEPT: u64 = 32;

/// The name servers that are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NameServers {
    /// Those of `/etc/resolv.conf`, after `/etc/hosts`. Both are read again when they change.
    #[default]
    OfTheMachine,
    /// These alone.
    These(Vec<SocketAddr>),
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAddress {
    /// The name servers say so, or refuse to say.
    Absent,
    /// No name server answered.
    Silence,
}

/// The last changes of the machine's files.
type Changed = [Option<SystemTime>; 2];

/// A host's resolver.
pub(crate) struct Names {
    servers: NameServers,
    /// The resolver and the files that it was made from.
    made: Mutex<Option<(Changed, TokioResolver)>>,
}

impl Names {
    pub(crate) fn new(servers: NameServers) -> Self {
        Self { servers, made: Mutex::default() }
    }

    /// The addresses of a host, those of IPv4 first; an address is its own.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAddress> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let resolver = self.resolver().map_err(|error| why(&error))?;
        let (four, six) = (pin!(resolver.ipv4_lookup(host)), pin!(resolver.ipv6_lookup(host)));
        let (four, six) = match select(four, six).await {
            Either::Left((four, six)) => {
                let six = second(&four, six).await;
                (Some(four), six)
            }
            Either::Right((six, four)) => {
                let four = second(&six, four).await;
                (four, Some(six))
            }
        };
        let answers = [four, six];
        let all: Vec<IpAddr> = answers.iter().flatten().flatten().flat_map(addresses_in).collect();
        let silent = answers
            .iter()
            .flatten()
            .any(|answer| matches!(answer, Err(error) if why(error) == NoAddress::Silence));
        match (all.is_empty(), silent) {
            (false, _) => Ok(all),
            (true, true) => Err(NoAddress::Silence),
            (true, false) => Err(NoAddress::Absent),
        }
    }

    /// The resolver for the files as they stand.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let changed = match &self.servers {
            NameServers::OfTheMachine => ["/etc/resolv.conf", "/etc/hosts"]
                .map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok()),
            NameServers::These(_) => [None, None],
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, resolver)) = &*made
            && *from == changed
        {
            return Ok(resolver.clone());
        }
        let resolver = build(&self.servers)?;
        *made = Some((changed, resolver.clone()));
        Ok(resolver)
    }
}

fn build(servers: &NameServers) -> Result<TokioResolver, NetError> {
    let (config, options) = match servers {
        // Where nothing names a server, the resolver of the C library asks this machine.
        NameServers::OfTheMachine => read_system_conf().unwrap_or_else(|_| {
            (config_of(&[SocketAddr::from(([127, 0, 0, 1], 53))]), ResolverOpts::default())
        }),
        NameServers::These(servers) => (config_of(servers), ResolverOpts::default()),
    };
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let set = builder.options_mut();
    *set = options;
    set.cache_size = KEPT;
    [set.negative_min_ttl, set.negative_max_ttl] = ABSENT.map(Some);
    set.use_hosts_file = match servers {
        NameServers::OfTheMachine => ResolveHosts::Always,
        NameServers::These(_) => ResolveHosts::Never,
    };
    builder.build()
}

fn config_of(servers: &[SocketAddr]) -> ResolverConfig {
    let server = |address: &SocketAddr| {
        let mut server = NameServerConfig::udp_and_tcp(address.ip());
        for connection in &mut server.connections {
            connection.port = address.port();
        }
        server
    };
    ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
}

/// The answer for the second family, which is not waited for long where the first one has addresses.
async fn second(
    first: &Result<Lookup, NetError>,
    second: impl Future<Output = Result<Lookup, NetError>>,
) -> Option<Result<Lookup, NetError>> {
    match first {
        Ok(found) if addresses_in(found).next().is_some() => timeout(SECOND_FAMILY, second).await.ok(),
        Ok(_) | Err(_) => Some(second.await),
    }
}

fn addresses_in(found: &Lookup) -> impl Iterator<Item = IpAddr> {
    found.answers().iter().filter_map(|record| record.data.ip_addr())
}

fn why(error: &NetError) -> NoAddress {
    match error {
        NetError::Timeout | NetError::Io(_) | NetError::NoConnections | NetError::Busy => NoAddress::Silence,
        _ => NoAddress::Absent,
    }
}
