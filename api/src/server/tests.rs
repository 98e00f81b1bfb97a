//! The places: who gives way when they are all taken, and who never does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use futures::future::BoxFuture;
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_tests::wait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::DropGuard;

use super::*;
use crate::observe::observe;
use crate::probe::readyz::{Readiness, ReadinessReport};
use crate::process::{Metrics, ProcessParts};

/// Far below the 75 seconds after which idle connections end by themselves.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(30);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";

struct Ready;

/// Tells nothing.
struct NoMetrics;

impl Metrics for NoMetrics {
    fn text(&self) -> String {
        String::new()
    }
}

impl Readiness for Ready {
    fn report(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async { ReadinessReport { ready: true, ..ReadinessReport::default() } })
    }
}

/// So many places, and the spare ones.
fn few(connections: usize) -> Bounds {
    Bounds { connections, settle: Duration::from_millis(20), ..Bounds::default() }
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
        Self::with(Bounds { spare: 0, ..few(connections) }).await
    }

    async fn with(bounds: Bounds) -> Self {
        let process = Process::new(ProcessParts {
            readiness: Arc::new(Ready),
            metrics: Arc::new(NoMetrics),
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
        let large = async || vec![b'x'; 32 * 1024 * 1024];
        let own =
            Router::new().route("/slow", get(slow)).route("/echo", get(echo)).route("/large", get(large));
        let mut served = Served::probes(process.clone(), ProbesAt::Here);
        served.router = served.router.merge(own.layer(from_fn_with_state(process, observe)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, token) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, served, bounds, token.clone()));
        Self { address, begun, let_go, _ends: token.drop_guard() }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A client with another address.
    async fn connect_from(&self, address: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(self.address).await.unwrap()
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
    let server = Server::with(Bounds { connections: 2, spare: 0, settle, ..Bounds::default() }).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_answered_at_once_while_requests_hold_all_places() {
    let server = Server::with(Bounds { spare: 4, ..few(2) }).await;
    let (mut one, mut two) = (server.under_way().await, server.under_way().await);
    // More than there are spare places: those without a request give way.
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(server.connect().await);
    }
    for path in probe::PATHS {
        let mut client = server.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let answer =
            tokio::time::timeout(ANSWERED_WITHIN, ask(&mut client, request.as_bytes())).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{path}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "a spare place is for one request: {answer}");
    }
    server.let_go.add_permits(2);
    for client in [&mut one, &mut two] {
        assert!(in_time(answer(client)).await.ends_with("slow"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_a_spare_place_waits_for_one_of_its_own_and_is_told_where_it_gets_none() {
    let server = Server::with(Bounds { spare: 4, ..few(1) }).await;
    let mut slow = server.under_way().await;
    let mut refused = server.connect().await;
    let told = in_time(ask(&mut refused, SLOW)).await;
    assert!(told.starts_with("HTTP/1.1 503 Service Unavailable"), "{told}");
    assert!(told.contains("\r\nretry-after: 1\r\n") && told.contains("\"code\":\"overloaded\""), "{told}");
    assert!(closed(&mut refused).await);
    let mut waits = server.connect().await;
    waits.write_all(SLOW).await.unwrap();
    server.let_go.add_permits(2);
    assert!(in_time(answer(&mut slow)).await.ends_with("slow"));
    assert!(in_time(answer(&mut waits)).await.ends_with("slow"), "the place of the first, which is idle now");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_in_spare_places_half_wait_and_the_others_are_told_at_once() {
    let server = Server::with(Bounds { spare: 4, ..few(1) }).await;
    let mut slow = server.under_way().await;
    let mut others = JoinSet::new();
    for _ in 0..4 {
        let mut client = server.connect().await;
        others.spawn(async move { ask(&mut client, SLOW).await });
    }
    for _ in 0..2 {
        let told = in_time(others.join_next()).await.unwrap().unwrap();
        assert!(told.starts_with("HTTP/1.1 503 Service Unavailable"), "{told}");
    }
    server.let_go.add_permits(3);
    assert!(in_time(answer(&mut slow)).await.ends_with("slow"));
    for _ in 0..2 {
        let answered = in_time(others.join_next()).await.unwrap().unwrap();
        assert!(answered.ends_with("slow"), "{answered}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_takes_only_so_many_places_and_another_finds_one() {
    let server = Server::with(Bounds { peer_connections: 2, spare: 8, ..few(4) }).await;
    let (_one, mut two) = (server.under_way().await, server.under_way().await);
    let told = in_time(ask(&mut server.connect().await, SLOW)).await;
    assert!(told.starts_with("HTTP/1.1 503 Service Unavailable"), "{told}");
    server.answered().await;
    let mut other = server.connect_from("127.0.0.2").await;
    other.write_all(SLOW).await.unwrap();
    in_time(server.begun.acquire()).await.unwrap().forget();
    server.let_go.add_permits(3);
    assert!(in_time(answer(&mut other)).await.ends_with("slow"));
    assert!(in_time(answer(&mut two)).await.ends_with("slow"));
    // Those two are idle now: of one peer's, the longest idle one gives way to its own next request.
    assert!(in_time(ask(&mut server.connect().await, HEALTH)).await.starts_with("HTTP/1.1 200 OK"));
    server.let_go.add_permits(1);
    assert!(in_time(ask(&mut server.connect().await, SLOW)).await.ends_with("slow"));
}

/// What the kernel holds of the answers of a server's connections, and how many sockets it has beside the one that
/// listens.
fn unsent(port: u16) -> (u64, usize) {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // The second is the local address, the fourth the state (10: it listens), the fifth what waits.
    let ours: Vec<_> = rows.filter(|row| row[1].ends_with(&local) && row[3] != "0A").collect();
    let waits = |row: &Vec<&str>| u64::from_str_radix(row[4].split_once(':').unwrap().0, 16).unwrap();
    (ours.iter().map(waits).sum(), ours.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_taken_holds_little_and_is_dropped_at_its_deadline() {
    const CLIENTS: usize = 20;
    let mut served = Bounds { write: Duration::from_secs(2), ..Bounds::default() };
    served.spare = 0;
    let server = Server::with(served).await;
    let port = server.address.port();
    let mut silent = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = server.connect().await;
        client.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        silent.push(client);
    }
    let mut most = 0;
    wait::until_now("connections that are dropped", DEADLINE, || {
        let (bytes, sockets) = unsent(port);
        most = most.max(bytes);
        (most > 0 && sockets == 0).then_some(())
    })
    .await;
    // The kernel doubles the bound for its own overhead, and some is in the client's hands: far below the 4 MB that it would take.
    assert!(most <= (CLIENTS * 256 * 1024) as u64, "{most}");
    for client in &mut silent {
        let ended = in_time(client.read_to_end(&mut Vec::new())).await;
        assert_eq!(
            ended.unwrap_err().kind(),
            std::io::ErrorKind::ConnectionReset,
            "it is cut, and not ended"
        );
    }
}
