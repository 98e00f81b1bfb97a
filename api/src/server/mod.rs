//! The HTTP server: bounded connections, a deadline for whatever a client may keep it waiting for, an orderly end.
//!
//! A connection that does nothing ends after a while, or when its place is wanted; one that is slow with a request's
//! headers or with taking its answer sooner. What hyper refuses by itself gets the body that every other error has.

mod paced;
mod places;
mod requests;
#[cfg(test)]
mod tests;
mod worded;

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use orqestra_event_log::Outage;
use orqestra_realtime::Hub;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::paced::Paced;
use self::places::Places;
pub(crate) use self::requests::Requests;
use self::worded::Worded;
use crate::app::App;
use crate::process::Process;
use crate::router::{probes, router};

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

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

    /// The probes alone, where there is no API.
    pub fn probes(process: Process) -> Self {
        Self { router: probes(process.clone()), process, hub: None }
    }
}

/// How many connections there are, and how long a client may keep one waiting.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections served at once; a WebSocket that is open is none of them. For one more, that which has been idle longest
    /// is closed; where none is idle it waits, and those after it in the kernel's queue.
    pub connections: usize,
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
            settle: Duration::from_millis(500),
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            finish: Duration::from_secs(5),
        }
    }
}

/// Serves until the token ends, then finishes what is under way.
pub async fn serve(listener: TcpListener, served: Served, bounds: Bounds, token: CancellationToken) {
    let Served { router, process, hub } = served;
    let mut builder = Builder::new();
    // hyper's timer runs from the end of the last answer to the end of the next headers.
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.idle + bounds.headers);
    // Who has sent a whole request and says that nothing follows still waits for its answer.
    builder.half_close(true);
    let mut places = Places::new(bounds.connections, bounds.settle);
    let connections = TaskTracker::new();
    let outage = Outage::default();
    loop {
        let accepted = tokio::select! {
            () = token.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                if outage.begins() {
                    tracing::warn!(error = %error, "connections cannot be accepted");
                }
                // Most likely there are no descriptors left, of which an idle connection holds one.
                places.ask_who_is_idle_longest();
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        if let Some(duration_ms) = outage.ends() {
            tracing::info!(duration_ms, "connections are accepted again");
        }
        // A latency setting only: without it the connection works as well.
        drop(stream.set_nodelay(true));
        let place = tokio::select! {
            () = token.cancelled() => break,
            place = places.take() => place,
        };
        let requests = place.requests().clone();
        let stream = Worded::new(Paced::new(stream, requests.clone(), bounds), process.clone());
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let under_way = requests.begin();
            request.extensions_mut().insert(requests.clone());
            let answered = router.call(request);
            async move {
                let response = answered.await;
                drop(under_way);
                response
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
