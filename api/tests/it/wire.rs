//! What only a real connection shows: hyper's own handling of methods, lengths and bodies.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{World, order};

const DEADLINE: Duration = Duration::from_secs(30);

async fn exchange(world: &World, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(axum::serve(listener, world.router()).into_future());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    served.abort();
    answer
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
