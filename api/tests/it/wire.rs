//! What only a real connection shows: hyper's own handling of methods, lengths and bodies, its own refusals, and how
//! long a client may take.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use orqestra_api::server::{Bounds, Served, serve};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::{World, order};

const DEADLINE: Duration = Duration::from_secs(30);

/// Opens a connection to a server of its own, which ends with the guard.
async fn connect(world: &World, bounds: Bounds) -> (TcpStream, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = CancellationToken::new();
    tokio::spawn(serve(listener, Served::api(world.app()), bounds, token.clone()));
    (TcpStream::connect(address).await.unwrap(), token.drop_guard())
}

/// Reads until the server closes.
async fn until_closed(stream: &mut TcpStream) -> String {
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
