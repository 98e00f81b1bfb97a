//! The HTTP server: bounded connections, a deadline for whatever a client may keep it waiting for, an orderly end.
//!
//! A connection that does nothing ends after a while, or when its place is wanted; one that is slow with a request's
//! headers or with taking its answer sooner. A probe is answered while all places are taken. What hyper refuses by itself
//! gets the body that every other error has.

mod framing;
mod paced;
pub(crate) mod peer;
mod places;
mod requests;
mod strict;
#[cfg(test)]
mod tests;
mod worded;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use orqestra_event_log::Outage;
use orqestra_realtime::Hub;
use rustix::net::sockopt::{set_socket_send_buffer_size, set_tcp_user_timeout};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::paced::Paced;
use self::peer::{Came, Peer};
use self::places::{Places, Sizes};
pub(crate) use self::requests::Requests;
use self::strict::{LargeHeads, Strict};
use self::worded::Worded;
use crate::app::App;
use crate::probe::{self, ProbesAt};
use crate::process::Process;
use crate::router::{probes, router};

/// Most bytes of a request line and headers.
const MAX_HEAD: usize = 400 * 1024;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// A request that has no place: what is answered is that there is too much at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoPlace;

/// What a process serves.
pub struct Served {
    router: Router,
    process: Process,
    /// Closed at the end, if there is one.
    hub: Option<Hub>,
}

impl Served {
    /// Everything.
    pub fn api(app: App) -> Self {
        let (process, hub) = (app.process.clone(), app.hub.clone());
        Self { router: router(app), process, hub: Some(hub) }
    }

    /// The probes alone: of a process without an API, or at an address of their own.
    pub fn probes(process: Process, at: ProbesAt) -> Self {
        Self { router: probes(process.clone(), at), process, hub: None }
    }
}

/// How many connections there are, and how long a client may keep one waiting.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections served at once; a WebSocket that is open does not count. One more gets a place of `spare`, and its request
    /// the place of the connection that has been idle longest, which is closed. Where the spare ones are taken too it waits,
    /// and those after it in the kernel's queue.
    pub connections: usize,
    /// Of one peer: an IPv4 address, or 64 bits of an IPv6 address.
    pub peer_connections: usize,
    /// Connections beside them, for probes while all others are taken. Another request is answered in one once it has a
    /// place of its own, and is told that there is too much at once where it gets none.
    pub spare: usize,
    /// Bytes of answers that the kernel holds for a connection; Linux takes twice as much for its own needs.
    pub send_buffer: usize,
    /// How long a connection is left alone after something has happened on it, before it is closed for another.
    pub settle: Duration,
    /// For the rest of a request's headers, from their first byte on.
    pub headers: Duration,
    /// For the next request, at least.
    pub idle: Duration,
    /// For taking any more of an answer.
    pub write: Duration,
    /// For requests under way, once the server stops.
    pub finish: Duration,
}

impl Default for Bounds {
    /// Idle for longer than the minute after which load balancers close, so that they close first.
    fn default() -> Self {
        Self {
            connections: 4_096,
            peer_connections: 3_072,
            spare: 64,
            send_buffer: 64 * 1024,
            settle: Duration::from_millis(500),
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            finish: Duration::from_secs(5),
        }
    }
}

impl Bounds {
    /// Those of a server of probes alone, which few ask.
    pub fn for_probes() -> Self {
        Self { connections: 128, peer_connections: 64, ..Self::default() }
    }
}

/// Serves until the token ends, then finishes what is under way.
pub async fn serve(listener: TcpListener, served: Served, bounds: Bounds, token: CancellationToken) {
    let Served { router, process, hub } = served;
    metrics::counter!("orqestra_idle_connections_closed_total").increment(0);
    let mut builder = Builder::new();
    // hyper's timer runs from the end of the last answer to the end of the next headers.
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.idle + bounds.headers);
    // Who has sent a whole request and says that nothing follows still waits for its answer.
    builder.half_close(true);
    builder.max_header_size(MAX_HEAD);
    let Bounds { connections: most, peer_connections: peer, spare, settle, .. } = bounds;
    let places = Places::new(Sizes { most, peer, spare, settle });
    let heads = LargeHeads::default();
    let connections = TaskTracker::new();
    let outage = Outage::default();
    loop {
        let accepted = tokio::select! {
            () = token.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, from) = match accepted {
            Ok((stream, address)) => (stream, address.ip()),
            Err(error) => {
                if outage.begins() {
                    tracing::warn!(error = %error, "connections cannot be accepted");
                }
                // Most likely there are no descriptors left, of which an idle connection holds one.
                places.ask_who_is_idle_longest(None);
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        if let Some(duration_ms) = outage.ends() {
            tracing::info!(duration_ms, "connections are accepted again");
        }
        tune(&stream, &bounds);
        let place = tokio::select! {
            () = token.cancelled() => break,
            place = places.take(Peer::of(from)) => Arc::new(place),
        };
        let requests = place.requests().clone();
        let stream = Strict::new(stream, requests.clone(), heads.clone());
        let stream = Paced::new(stream, requests.clone(), bounds);
        let stream = Worded::new(stream, process.clone(), requests.clone());
        let router = TowerToHyperService::new(router.clone());
        let own = Arc::clone(&place);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let under_way = requests.begin();
            request.extensions_mut().insert(requests.clone());
            request.extensions_mut().insert(Came(from));
            let (router, place, requests) = (router.clone(), Arc::clone(&own), requests.clone());
            async move {
                let is_probe = probe::PATHS.contains(&request.uri().path());
                if !is_probe && !place.becomes_regular().await {
                    request.extensions_mut().insert(NoPlace);
                }
                let mut response = router.call(request).await?;
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    requests.upgrade();
                } else if requests.ends() || !place.is_regular() {
                    // After a request that has not come whole, a large head, or in a spare place, no other is read.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                drop(under_way);
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let stopping = token.clone();
        connections.spawn(async move {
            {
                let mut connection = pin!(connection);
                // First the connection: a request that has come is under way before anybody looks whether it is idle. A
                // client that goes away in the middle of a request is its own affair.
                tokio::select! {
                    biased;
                    ended = connection.as_mut() => drop(ended),
                    () = stopping.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        drop(connection.await);
                    }
                    () = place.gives_way() => {}
                }
            }
            // Once it is closed.
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    let closed = async {
        if let Some(hub) = hub {
            hub.close().await;
        }
    };
    let ended = async { tokio::join!(connections.wait(), closed) };
    tokio::select! {
        ((), ()) = ended => {}
        () = tokio::time::sleep(bounds.finish) => tracing::warn!("some requests did not finish in time"),
    }
}

/// Sets what the kernel does for a connection. Without it the connection works as well, only worse.
fn tune(stream: &TcpStream, bounds: &Bounds) {
    drop(stream.set_nodelay(true));
    set_socket_send_buffer_size(stream, bounds.send_buffer).ok();
    // Also for what is left of an answer once the connection is closed here.
    let write = u32::try_from(bounds.write.as_millis()).unwrap_or(u32::MAX);
    set_tcp_user_timeout(stream, write).ok();
}
