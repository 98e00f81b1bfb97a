//! The HTTP client that all providers share, and the hosts that it reaches.
//!
//! It follows no redirect, asks no proxy and sends no request twice. An address is checked where a name is resolved and, where
//! the URL holds one, before the call, so that it connects to nothing else.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orqestra_domain::Cause;
use orqestra_domain::provider::is_this_machine;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use crate::hosts::{HostRefused, PrivateHosts};
use crate::provider::names::{NameServers, Names, NoAddress};

/// How long connecting may take, the name and TLS included, where a call has more than twice as long.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection waits for the next request: less than a provider keeps its side. A request that goes into a
/// connection as it is closed has an outcome that is unknown. By default AWS's load balancers close theirs after 60 seconds and
/// nginx after 75.
const IDLE: Duration = Duration::from_secs(20);
/// Hosts whose resolvers are kept.
const MOST_HOSTS: usize = 256;
/// Most bytes of an answer that are read.
const MOST_BYTES: usize = 64 * 1024;

/// The client. A clone is the same one.
#[derive(Clone)]
pub(crate) struct HttpClient {
    private_hosts: PrivateHosts,
    /// For entries that may be on this machine, and for the others.
    here: Client,
    elsewhere: Client,
}

/// A request with its key.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) auth: Auth,
    pub(super) key: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

/// How a key goes with a request.
pub(super) enum Auth {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`, with this user.
    Basic(String),
    /// A header of its own.
    Header(&'static str),
}

/// A body in its form.
pub(super) enum Body {
    /// JSON.
    Json(Vec<u8>),
    /// Fields of a form.
    Form(Vec<(&'static str, String)>),
}

/// Why a call brought no answer.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: Cause,
    /// Whether the request may have left.
    pub(super) may_have_left: bool,
    /// What the system says.
    pub(super) words: Option<String>,
}

impl Fault {
    fn before(cause: Cause, words: Option<String>) -> Self {
        Self { cause, may_have_left: false, words }
    }

    fn after(cause: Cause) -> Self {
        Self { cause, may_have_left: true, words: None }
    }
}

impl HttpClient {
    /// A client that asks these name servers and reaches private hosts or does not.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(
        servers: &NameServers,
        private_hosts: PrivateHosts,
        whole_call: Duration,
    ) -> Result<Self, reqwest::Error> {
        Self::closing_after(IDLE, servers, private_hosts, whole_call)
    }

    /// The same, whose connections wait that long for the next request.
    fn closing_after(
        idle: Duration,
        servers: &NameServers,
        private_hosts: PrivateHosts,
        whole_call: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = |allows_loopback| {
            let (servers, names) = (servers.clone(), Mutex::default());
            let guard = Guard { servers, names, private_hosts, allows_loopback };
            Client::builder()
                .dns_resolver(Arc::new(guard))
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .http1_only()
                .connect_timeout(CONNECT.min(whole_call / 2))
                .pool_idle_timeout(idle)
                .user_agent(concat!("orqestra/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        Ok(Self { private_hosts, here: client(true)?, elsewhere: client(false)? })
    }

    /// Makes one call, which ends by the deadline.
    pub(super) async fn call(
        &self,
        request: Request,
        allow_loopback: bool,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        let Request { url, auth, key, headers, body } = request;
        let url = Url::parse(&url).map_err(|error| Fault::before(Cause::HttpUrl, Some(error.to_string())))?;
        self.reaches(&url, allow_loopback)?;
        let client = if allow_loopback { &self.here } else { &self.elsewhere };
        let builder = client.request(Method::POST, url);
        let builder = match auth {
            Auth::Bearer => builder.bearer_auth(key),
            Auth::Basic(user) => builder.basic_auth(user, Some(key)),
            Auth::Header(name) => {
                let mut value =
                    HeaderValue::try_from(key).map_err(|_| Fault::before(Cause::HttpUrl, None))?;
                value.set_sensitive(true);
                builder.header(name, value)
            }
        };
        let builder = headers.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        let builder = match body {
            Body::Json(json) => builder.header(reqwest::header::CONTENT_TYPE, "application/json").body(json),
            Body::Form(fields) => builder.form(&fields),
        };
        // A key or a sender that no header can hold.
        let request = builder.build().map_err(|_| Fault::before(Cause::HttpUrl, None))?;
        let answer = timeout_at(deadline, client.execute(request));
        let answer = answer.await.map_err(|_| Fault::after(Cause::HttpTimeout))?;
        let mut answer = answer.map_err(|error| fault(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        // The head tells most; what is missing of the body is for the table to judge.
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, answer.chunk()).await {
            let room = MOST_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
        Ok(Answer { status, headers, body })
    }

    /// Checks an address that the URL itself holds; names are checked where they are resolved.
    fn reaches(&self, url: &Url, allow_loopback: bool) -> Result<(), Fault> {
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => IpAddr::from(address),
            Some(url::Host::Ipv6(address)) => IpAddr::from(address),
            Some(url::Host::Domain(_)) | None => return Ok(()),
        };
        let allowed = allowed(self.private_hosts, allow_loopback, vec![address]);
        allowed.map(drop).map_err(|why| Fault::before(Cause::HttpPrivateHost, Some(why.to_string())))
    }
}

/// Those of a host's addresses that may be connected to.
fn allowed(
    private_hosts: PrivateHosts,
    allows_loopback: bool,
    addresses: Vec<IpAddr>,
) -> Result<Vec<IpAddr>, HostRefused> {
    let mut taken = private_hosts.allowed(addresses)?;
    if !allows_loopback {
        taken.retain(|address| !is_this_machine(*address));
    }
    if taken.is_empty() { Err(HostRefused::Private) } else { Ok(taken) }
}

/// Resolves names to addresses that may be connected to.
struct Guard {
    servers: NameServers,
    /// A resolver for each host, so that a name whose server never answers holds up no other.
    names: Mutex<HashMap<String, Arc<Names>>>,
    private_hosts: PrivateHosts,
    allows_loopback: bool,
}

/// Why a name gave no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum NoHost {
    #[error("the name has no address")]
    Absent,
    #[error("no name server answered")]
    Silence,
    #[error("{0}")]
    Refused(HostRefused),
}

impl Guard {
    fn names_of(&self, host: &str) -> Arc<Names> {
        let mut all = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_HOSTS && !all.contains_key(host) {
            all.clear();
        }
        let names = all.entry(host.to_owned());
        Arc::clone(names.or_insert_with(|| Arc::new(Names::new(self.servers.clone()))))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.names_of(name.as_str());
        let (private_hosts, allows_loopback) = (self.private_hosts, self.allows_loopback);
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await.map_err(|why| match why {
                NoAddress::Absent => NoHost::Absent,
                NoAddress::Silence => NoHost::Silence,
            })?;
            let taken = allowed(private_hosts, allows_loopback, found).map_err(NoHost::Refused)?;
            let addresses: Addrs = Box::new(taken.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Tells whether a call failed before its connection stood or after.
fn fault(error: &reqwest::Error) -> Fault {
    if error.is_builder() {
        return Fault::before(Cause::HttpUrl, None);
    }
    if !error.is_connect() {
        let cause = if error.is_timeout() {
            Cause::HttpTimeout
        } else if is_garbled(error) {
            Cause::HttpGarbled
        } else {
            Cause::HttpConnectionLost
        };
        return Fault::after(cause);
    }
    let mut words = None;
    let mut source = error.source();
    let mut cause = if error.is_timeout() { Cause::HttpConnectTimeout } else { Cause::HttpConnect };
    while let Some(at) = source {
        words = Some(at.to_string());
        if let Some(why) = at.downcast_ref::<NoHost>() {
            cause = match why {
                NoHost::Absent => Cause::HttpDns,
                NoHost::Silence => Cause::HttpDnsTimeout,
                NoHost::Refused(_) => Cause::HttpPrivateHost,
            };
        } else if let Some(io) = at.downcast_ref::<std::io::Error>() {
            cause = match innermost(io).kind() {
                std::io::ErrorKind::ConnectionRefused => Cause::HttpConnectRefused,
                std::io::ErrorKind::TimedOut => Cause::HttpConnectTimeout,
                std::io::ErrorKind::InvalidData => Cause::HttpTls,
                _ => cause,
            };
        }
        source = at.source();
    }
    Fault::before(cause, words)
}

/// The error of the system that others may be wrapped around: those of TLS are.
fn innermost(error: &std::io::Error) -> &std::io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<std::io::Error>());
    inner.map_or(error, innermost)
}

/// Whether it was not HTTP that came back.
fn is_garbled(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(at) = source {
        if at.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        source = at.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(30);

    /// Opens a connection by a call and waits until the client closes it.
    async fn closed_by(client: &HttpClient) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request comes whole");
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            assert_eq!(stream.read_buf(&mut request).await.unwrap(), 0, "the client closes it");
        };
        let (headers, body) = (Vec::new(), Body::Json(b"{}".to_vec()));
        let request = Request { url, auth: Auth::Bearer, key: "k".to_owned(), headers, body };
        let call = client.call(request, true, Instant::now() + WITHIN);
        let (answer, closed) = tokio::join!(call, timeout(WITHIN, server));
        assert_eq!(answer.unwrap().status, 200);
        closed.expect("in time");
    }

    #[tokio::test]
    async fn a_connection_without_a_request_is_closed_by_the_client_and_before_a_provider_closes_it() {
        let (servers, private, idle) =
            (NameServers::default(), PrivateHosts::Allowed, Duration::from_millis(100));
        let client = HttpClient::closing_after(idle, &servers, private, WITHIN).unwrap();
        closed_by(&client).await;
        // The shortest time of a common load balancer, AWS's. The pool may look for idle connections a whole IDLE late.
        assert!(IDLE * 2 < Duration::from_mins(1));
    }
}
