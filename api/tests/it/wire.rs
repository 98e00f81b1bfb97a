//! What only a real connection shows: hyper's own handling of methods, lengths and bodies, its own refusals, and how
//! long a client may take.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use orqestra_api::server::{Bounds, Served, serve};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::{ADMIN_TOKEN, World, order};

const DEADLINE: Duration = Duration::from_secs(30);

/// Opens a connection to a server of its own, which ends with the guard.
pub(crate) async fn connect(world: &World, bounds: Bounds) -> (TcpStream, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = CancellationToken::new();
    tokio::spawn(serve(listener, Served::api(world.app()), bounds, token.clone()));
    (TcpStream::connect(address).await.unwrap(), token.drop_guard())
}

/// Reads until the server closes.
pub(crate) async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    if let Err(error) = read.expect("an end in time") {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    String::from_utf8(answer).unwrap()
}

async fn exchange(world: &World, request: &str) -> String {
    let (mut stream, _server) = connect(world, Bounds::default()).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    until_closed(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_has_the_headers_and_no_body() {
    let world = World::new().await;
    let answer = exchange(&world, "HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("x-request-id: "));
    assert!(answer.ends_with("\r\n\r\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_taken_and_an_announced_one_that_is_too_large_is_not_read() {
    let world = World::new().await;
    let shop = world.shop().await;
    let body = order("evt-1").to_string();
    let head = format!(
        "POST /api/v1/events/trigger HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         connection: close\r\n",
        shop.key
    );
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let answer = exchange(&world, &chunked).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let announced = format!("{head}content-length: 262145\r\n\r\n");
    let answer = exchange(&world, &announced).await;
    assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_before_the_routes_has_the_body_of_every_error() {
    let world = World::new().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    let many = "x-n: 1\r\n".repeat(101);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    let after_another = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    for (request, status, code) in [
        ("what is this\r\n\r\n".to_owned(), "400 Bad Request", "malformed_request"),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), "400 Bad Request", "malformed_request"),
        (long, "414 URI Too Long", "uri_too_long"),
        (many.clone(), "431 Request Header Fields Too Large", "headers_too_large"),
    ] {
        let answer = exchange(&world, &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
        assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{head}");
        assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], code);
        assert_eq!(status, format!("{} {}", body["statusCode"], body["error"].as_str().unwrap()));
        assert!(head.contains(&format!("x-request-id: {}", body["requestId"].as_str().unwrap())), "{head}");
    }
    let (mut stream, _server) = connect(&world, Bounds::default()).await;
    stream.write_all(after_another.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    stream.write_all(many.as_bytes()).await.unwrap();
    assert!(until_closed(&mut stream).await.contains("headers_too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_waits_for_its_next_request_outlives_the_headers_deadline() {
    let world = World::new().await;
    let bounds =
        Bounds { headers: Duration::from_millis(50), idle: Duration::from_millis(700), ..Bounds::default() };
    let (mut stream, _server) = connect(&world, bounds).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    let answered = Instant::now();
    until_closed(&mut stream).await;
    // A little less, for the answer was sent before it was read.
    assert!(answered.elapsed() >= Duration::from_millis(600), "{:?}", answered.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_do_not_end_close_the_connection_however_long_it_may_idle() {
    let world = World::new().await;
    let bounds = Bounds { headers: Duration::from_millis(50), ..Bounds::default() };
    let (mut stream, _server) = connect(&world, bounds).await;
    for part in ["GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "GET /hea"] {
        stream.write_all(part.as_bytes()).await.unwrap();
        if part.ends_with("\r\n") {
            stream.read_exact(&mut [0; 15]).await.unwrap();
        }
    }
    let begun = Instant::now();
    until_closed(&mut stream).await;
    assert!(begun.elapsed() < Bounds::default().headers, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_answer_loses_its_connection() {
    let world = World::new().await;
    let bounds = Bounds { write: Duration::from_millis(50), ..Bounds::default() };
    let (mut stream, _server) = connect(&world, bounds).await;
    let asking = async {
        loop {
            if let Err(error) = stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").await {
                return error.kind();
            }
        }
    };
    let ended = tokio::time::timeout(DEADLINE, asking).await.expect("an end in time");
    assert!(matches!(ended, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{ended}");
}

/// A good head but for what is said of the body, with a key.
fn posted(key: &str, lines: &str) -> String {
    format!(
        "POST /api/v1/events/trigger HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\n{lines}\r\n"
    )
}

/// Reads one answer, whose end its length tells.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let shown = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = shown.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.map_or(0, |length| length.parse().unwrap()) == body.len() {
                return shown;
            }
        }
        let read =
            tokio::time::timeout(DEADLINE, stream.read_buf(&mut text)).await.expect("an answer in time");
        assert_ne!(read.unwrap(), 0, "closed in the middle of an answer: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_headers_decide_is_answered_before_the_body_has_come_and_the_client_sees_it() {
    let world = World::new().await;
    let shop = world.shop().await;
    for (request, status, code) in [
        (posted("wrong", "content-length: 200000\r\n"), "401 Unauthorized", "invalid_api_key"),
        (posted("wrong", "transfer-encoding: chunked\r\n"), "401 Unauthorized", "invalid_api_key"),
        (posted(&shop.key, "content-length: 4000000\r\n"), "413 Payload Too Large", "payload_too_large"),
        (posted("wrong", "content-length: 4000000\r\n"), "413 Payload Too Large", "payload_too_large"),
        (
            posted("wrong", "content-length: 9\r\nexpect: 100-continue\r\n"),
            "401 Unauthorized",
            "invalid_api_key",
        ),
        (
            posted("wrong", "").replacen("/api/v1/events/trigger", "/admin/v1/tenants", 1).replacen(
                "\r\n\r\n",
                "\r\ncontent-length: 9\r\n\r\n",
                1,
            ),
            "401 Unauthorized",
            "invalid_admin_token",
        ),
    ] {
        let (mut stream, _server) = connect(&world, Bounds::default()).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = one_answer(&mut stream).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request}: {head}");
        assert!(head.contains("\r\nconnection: close\r\n"), "{request}: {head}");
        assert!(body.contains(&format!("\"code\":\"{code}\"")), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_only_once_all_is_sent_sees_why_it_was_refused() {
    let world = World::new().await;
    for (length, status) in [(3_000_000, "413"), (200_000, "401")] {
        let (mut stream, _server) = connect(&world, Bounds::default()).await;
        let head = posted("wrong", &format!("content-length: {length}\r\n"));
        stream.write_all(head.as_bytes()).await.unwrap();
        // Longer than a refused body is waited for, so the answer is on its way before the rest of the body is.
        stream.readable().await.unwrap();
        for part in vec![b' '; length].chunks(64 * 1024) {
            stream.write_all(part).await.unwrap();
        }
        let answer = until_closed(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_that_came_whole_leaves_its_connection_and_its_order_of_checks() {
    let world = World::new().await;
    let (mut stream, _server) = connect(&world, Bounds::default()).await;
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    for (request, status) in [
        (posted("wrong", "content-length: 2\r\n") + "{}", "401"),
        (posted("wrong", "transfer-encoding: chunked\r\n") + &chunk + "0\r\n\r\n", "401"),
        (posted("wrong", "transfer-encoding: chunked\r\n") + &chunk.repeat(5) + "0\r\n\r\n", "413"),
    ] {
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_proxy_could_read_otherwise_is_refused_and_nothing_behind_it_is_read() {
    let world = World::new().await;
    let shop = world.shop().await;
    let inner = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let good = posted(&shop.key, "");
    for (request, code) in [
        ("GET /healthz HTTP/1.1\r\n\r\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nHost: x\r\n\r\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\nhost: x\r\n\r\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\r\nhost: x\n\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\n\r\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c\r\n\r\n".to_owned(), "malformed_request"),
        ("GET /healthz HTTP/1.1\r\nhost : x\r\n\r\n".to_owned(), "malformed_request"),
        (
            good.replacen("\r\n\r\n", "\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}", 1),
            "malformed_request",
        ),
        (
            good.replacen("\r\n\r\n", "\r\ncontent-length: 0\r\ncontent-length: 44\r\n\r\n", 1),
            "malformed_request",
        ),
        (
            good.replacen(
                "\r\n\r\n",
                "\r\ncontent-length: 44\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                1,
            ),
            "malformed_request",
        ),
        (good.replacen("\r\n\r\n", "\r\ntransfer-encoding: gzip\r\n\r\n", 1), "malformed_request"),
        (
            good.replacen("\r\n\r\n", "\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 1),
            "malformed_request",
        ),
        (
            good.replacen("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", 1),
            "incomplete_body",
        ),
        (
            good.replacen("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\n\r\n", 1),
            "incomplete_body",
        ),
    ] {
        for parts in [1, request.len()] {
            let (mut stream, _server) = connect(&world, Bounds::default()).await;
            let bytes = request.as_bytes();
            for part in bytes.chunks(bytes.len().div_ceil(parts)) {
                stream.write_all(part).await.unwrap();
                if parts > 1 {
                    tokio::task::yield_now().await;
                }
            }
            // It may be gone already.
            stream.write_all(inner.as_bytes()).await.ok();
            let answer = until_closed(&mut stream).await;
            let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
            assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request:?}: {head}");
            let body: Value = serde_json::from_str(body).expect("one answer and no second one");
            assert_eq!(body["code"], code, "{request:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_400_kb_is_read_and_one_byte_more_is_not() {
    const MOST: usize = 400 * 1024;
    let world = World::new().await;
    let head = "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ";
    let of = |bytes: usize| format!("{head}{}\r\n\r\n", "a".repeat(bytes - head.len() - 4));
    for (bytes, status) in [(MOST, "200 OK"), (MOST + 1, "431 Request Header Fields Too Large")] {
        let answer = exchange(&world, &of(bytes)).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{bytes}: {head}");
        assert!(head.contains("\r\nconnection: close\r\n"), "hyper's buffer is freed: {head}");
        assert_eq!(body.contains("headers_too_large"), bytes > MOST, "{body}");
    }
}

/// A request of an operator with this token, from this address.
async fn operator(server: std::net::SocketAddr, from: &str, token: &str) -> String {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let request = format!(
        "GET /admin/v1/tenants HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    until_closed(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_admin_tokens_make_their_address_wait_and_no_other() {
    let world = World::new().await;
    let (stream, _server) = connect(&world, Bounds::default()).await;
    let server = stream.peer_addr().unwrap();
    let mut told = None;
    for _ in 0..20 {
        let answer = operator(server, "127.0.0.1", "wrong").await;
        if answer.starts_with("HTTP/1.1 429 ") {
            told = Some(answer);
            break;
        }
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    let told = told.expect("it has to wait some time");
    assert!(told.contains("\r\nretry-after: 1\r\n") && told.contains("too_many_wrong_tokens"), "{told}");
    assert!(operator(server, "127.0.0.2", ADMIN_TOKEN).await.starts_with("HTTP/1.1 200 "), "from elsewhere");
    let right = async || operator(server, "127.0.0.1", ADMIN_TOKEN).await;
    orqestra_tests::wait::until("the end of the wait", DEADLINE, async || {
        right().await.starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_that_it_is_not_to_be_kept_nor_guessed_at() {
    let world = World::new().await;
    let shop = world.shop().await;
    for request in [
        format!("GET /api/v1/events/none HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key),
        format!(
            "GET /api/v1/notifications/{}/u HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n",
            shop.tenant, shop.key
        ),
        "GET /admin/v1/tenants HTTP/1.1\r\nhost: x\r\n".to_owned(),
        "GET /nowhere HTTP/1.1\r\nhost: x\r\n".to_owned(),
        "GET /readyz HTTP/1.1\r\nhost: x\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\n".to_owned(),
    ] {
        let answer = exchange(&world, &format!("{request}connection: close\r\n\r\n")).await;
        let head = answer.split_once("\r\n\r\n").unwrap().0;
        for line in ["cache-control: no-store", "x-content-type-options: nosniff"] {
            assert!(head.contains(&format!("\r\n{line}")), "{request}: {head}");
        }
    }
}
