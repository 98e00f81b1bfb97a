//! The places: who gives way when they are all taken, and who never does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get;
use futures::future::BoxFuture;
use orqestra_event_log::source::{ManualClock, SystemIds};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::DropGuard;

use super::*;
use crate::probe::readyz::{Readiness, ReadinessReport};
use crate::process::ProcessParts;

/// Far below the 75 seconds after which idle connections end by themselves.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(30);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";

struct Ready;

impl Readiness for Ready {
    fn report(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async { ReadinessReport { ready: true, ..ReadinessReport::default() } })
    }
}

/// A server with so many places, whose slow answers wait to be let go.
struct Server {
    address: SocketAddr,
    begun: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
    _ends: DropGuard,
}

impl Server {
    async fn with_places(connections: usize) -> Self {
        Self::with(Bounds { connections, settle: Duration::from_millis(20), ..Bounds::default() }).await
    }

    async fn with(bounds: Bounds) -> Self {
        let process = Process::new(ProcessParts {
            readiness: Arc::new(Ready),
            metrics: metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle(),
            clock: Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap())),
            ids: Arc::new(SystemIds),
        });
        let (begun, let_go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (begins, waits) = (Arc::clone(&begun), Arc::clone(&let_go));
        let slow = async move || {
            begins.add_permits(1);
            waits.acquire().await.unwrap().forget();
            "slow"
        };
        let echo = async |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async |mut socket| {
                while let Some(Ok(message)) = socket.recv().await {
                    socket.send(message).await.unwrap();
                }
            })
        };
        let mut served = Served::probes(process);
        served.router = served.router.route("/slow", get(slow)).route("/echo", get(echo));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, token) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, served, bounds, token.clone()));
        Self { address, begun, let_go, _ends: token.drop_guard() }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A client whose request is under way.
    async fn under_way(&self) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(SLOW).await.unwrap();
        in_time(self.begun.acquire()).await.unwrap().forget();
        client
    }

    /// A client that was answered and may ask again.
    async fn answered(&self) -> TcpStream {
        let mut client = self.connect().await;
        let answer = tokio::time::timeout(ANSWERED_WITHIN, ask(&mut client, HEALTH)).await.expect("in time");
        assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
        client
    }
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("in time")
}

async fn ask(client: &mut TcpStream, request: &[u8]) -> String {
    client.write_all(request).await.unwrap();
    answer(client).await
}

/// Reads one answer, whose end its length tells.
async fn answer(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let shown = String::from_utf8_lossy(&text);
        if let Some((head, body)) = shown.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.map_or(0, |length| length.parse().unwrap()) == body.len() {
                return shown.into_owned();
            }
        }
        assert_ne!(
            in_time(client.read_buf(&mut text)).await.unwrap(),
            0,
            "closed in the middle of an answer"
        );
    }
}

/// Whether the server closes this one.
async fn closed(client: &mut TcpStream) -> bool {
    // A reset, where the server had not read all of it.
    in_time(client.read(&mut [0; 1])).await.map_or(true, |read| read == 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_been_idle_longest_gives_way_to_who_comes() {
    let server = Server::with_places(3).await;
    let mut silent = server.connect().await;
    let mut first = server.answered().await;
    let mut second = server.answered().await;
    let mut third = server.answered().await;
    assert!(closed(&mut silent).await, "it never asked for anything");
    assert!(ask(&mut first, HEALTH).await.starts_with("HTTP/1.1 200 OK"));
    let _fourth = server.answered().await;
    assert!(closed(&mut second).await, "the first has asked since");
    for other in [&mut first, &mut third] {
        assert!(ask(other, HEALTH).await.starts_with("HTTP/1.1 200 OK"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_however_many_come() {
    let server = Server::with_places(2).await;
    let mut slow = server.under_way().await;
    for _ in 0..10 {
        server.answered().await;
    }
    let mut begins = server.connect().await;
    begins.write_all(b"GET /hea").await.unwrap();
    drop(server.answered().await);
    assert!(closed(&mut begins).await, "headers that have not come whole are no request yet");
    server.let_go.add_permits(1);
    assert!(in_time(answer(&mut slow)).await.ends_with("slow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_just_come_is_not_closed_for_the_next_one_before_its_request_is_there() {
    let settle = Duration::from_hours(1);
    let server = Server::with(Bounds { connections: 2, settle, ..Bounds::default() }).await;
    let _slow = server.under_way().await;
    let mut first = server.connect().await;
    let mut next = server.connect().await;
    next.write_all(HEALTH).await.unwrap();
    // The next one is in the kernel's queue or waits for a place; the first is asked nothing of.
    assert!(ask(&mut first, HEALTH).await.starts_with("HTTP/1.1 200 OK"));
    assert!(ask(&mut first, HEALTH).await.starts_with("HTTP/1.1 200 OK"));
    drop(first);
    assert!(in_time(answer(&mut next)).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_are_served_one_more_waits_and_has_the_first_place_whose_answer_is_written() {
    let server = Server::with_places(2).await;
    let (mut one, mut two) = (server.under_way().await, server.under_way().await);
    let mut more = server.connect().await;
    more.write_all(HEALTH).await.unwrap();
    server.let_go.add_permits(1);
    let got_it = tokio::select! {
        text = answer(&mut one) => text,
        text = answer(&mut two) => text,
    };
    assert!(got_it.ends_with("slow"));
    let answered = tokio::time::timeout(ANSWERED_WITHIN, answer(&mut more)).await.expect("in time");
    assert!(answered.starts_with("HTTP/1.1 200 OK"), "{answered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_websocket_does_not_give_way() {
    let server = Server::with_places(1).await;
    let mut socket = server.connect().await;
    let upgrade = b"GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let head = ask(&mut socket, upgrade).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols"), "{head}");
    for _ in 0..3 {
        server.answered().await;
    }
    // A text of two bytes, masked by zeros; it comes back without a mask.
    socket.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    let mut echoed = [0; 4];
    in_time(socket.read_exact(&mut echoed)).await.unwrap();
    assert_eq!(echoed, [0x81, 2, b'h', b'i']);
}
