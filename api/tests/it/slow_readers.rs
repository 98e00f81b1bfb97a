//! Clients that ask for much of the history and take little of it, through real connections.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use orqestra_api::server::Bounds;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::wire::{connect, until_closed};
use crate::world::{Caller, World, order};

const PUSHES: usize = 20;
const EACH: usize = 100 * 1024;
const SLOW: usize = 12;
/// Below the time that a page waits for its turn before it is refused.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

/// A user's history of some megabytes.
async fn large_history(world: &World, shop: &Caller) {
    let events: Vec<String> = (0..PUSHES).map(|number| format!("evt-{number}")).collect();
    for event in &events {
        let mut body = order(event);
        body["channels"] = json!(["PUSH"]);
        body["variables"]["name"] = json!("x".repeat(EACH));
        let accepted = world.trigger(shop, &[], &body).await;
        assert_eq!(accepted.status, StatusCode::OK, "{accepted:?}");
    }
    world.drain(shop, &events.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

fn asked(shop: &Caller, query: &str) -> String {
    format!(
        "GET /api/v1/notifications/{}/u-1?{query} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\r\n",
        shop.tenant, shop.key
    )
}

/// A client that has got the beginning of an answer and takes no more of it.
async fn slow(server: std::net::SocketAddr, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let mut client = socket.connect(server).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    let began = tokio::time::timeout(ANSWERED_WITHIN, client.read_exact(&mut start)).await;
    began.expect("an answer that begins in time").unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_take_their_history_slowly_keep_no_other_of_their_tenant_waiting() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    large_history(&world, &shop).await;
    let (mut quick, _server) = connect(&world, Bounds::default()).await;
    let server = quick.peer_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..SLOW {
        waiting.push(slow(server, &asked(&shop, "offset=0&limit=100")).await);
    }
    let begun = Instant::now();
    quick.write_all(asked(&shop, "offset=0&limit=100").as_bytes()).await.unwrap();
    let answer = until_closed(&mut quick).await;
    assert!(begun.elapsed() < ANSWERED_WITHIN, "{:?}", begun.elapsed());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("0\r\n\r\n"), "not whole");
    assert_eq!(answer.matches("\"title\":").count(), PUSHES);
    // One that has waited gets the rest of its own all the same.
    let rest = until_closed(&mut waiting[0]).await;
    assert_eq!(rest.matches("\"title\":").count(), PUSHES);
}
