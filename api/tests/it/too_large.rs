//! A request that is too long or too large gets its status and the body of every error, and the client gets to read it.

use std::time::Duration;

use orqestra_api::server::Bounds;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::wire::{connect, until_closed};
use crate::world::{ADMIN_TOKEN, World};

const MB: usize = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// What a client reads that first sends all of this.
async fn answer(world: &World, request: &[u8]) -> (String, Value) {
    let (mut stream, _server) = connect(world, Bounds::default()).await;
    let sent = async {
        for part in request.chunks(64 * 1024) {
            stream.write_all(part).await.expect("the server takes what it has refused");
        }
    };
    tokio::time::timeout(DEADLINE, sent).await.expect("all is taken in time");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    read.expect("an end in time").expect("an end in order");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.to_owned(), serde_json::from_str(body).expect("one answer"))
}

fn refused((head, body): &(String, Value), status: u16, code: &str) {
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{code}: {head}");
    assert!(head.contains("\r\nconnection: close"), "{code}: {head}");
    assert!(head.contains("\r\ncontent-type: application/json"), "{code}: {head}");
    assert_eq!((&body["code"], &body["statusCode"]), (&Value::from(code), &Value::from(status)), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_line_that_is_too_long_is_414_however_long_it_is_and_whether_or_not_it_ends() {
    let world = World::new().await;
    for bytes in [65_600, 70_000, 300_000, MB, 3 * MB] {
        let line = format!("GET /{}", "a".repeat(bytes));
        let whole = format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n");
        refused(&answer(&world, whole.as_bytes()).await, 414, "uri_too_long");
        if bytes > 70_000 {
            refused(&answer(&world, line.as_bytes()).await, 414, "uri_too_long");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_fields_that_are_too_large_or_too_many_are_431() {
    let world = World::new().await;
    let begin = "GET /healthz HTTP/1.1\r\nhost: x\r\n";
    for fields in [
        "x-n: 1\r\n".repeat(101),
        "x-n: 1\r\n".repeat(200_000),
        format!("x-long: {}\r\n", "a".repeat(500_000)),
        format!("x-long: {}\r\n", "a".repeat(3 * MB)),
        format!("{}: 1\r\n", "x".repeat(500_000)),
    ] {
        let whole = format!("{begin}{fields}\r\n");
        refused(&answer(&world, whole.as_bytes()).await, 431, "headers_too_large");
        // Behind another one, on the same connection.
        let (mut stream, _server) = connect(&world, Bounds::default()).await;
        stream.write_all(format!("{begin}\r\n").as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 15]).await.unwrap();
        for part in whole.as_bytes().chunks(64 * 1024) {
            stream.write_all(part).await.unwrap();
        }
        assert!(until_closed(&mut stream).await.contains("headers_too_large"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_413_by_its_headers_alone_on_every_route_that_reads_one() {
    let world = World::new().await;
    let shop = world.shop().await;
    let tenant = format!("/admin/v1/tenants/{}", shop.tenant);
    for (method, path) in [
        ("POST", "/api/v1/events/trigger".to_owned()),
        ("POST", "/admin/v1/tenants".to_owned()),
        ("PATCH", tenant.clone()),
        ("PUT", format!("{tenant}/templates/order.confirmed/SMS")),
        ("PUT", format!("{tenant}/providers/EMAIL")),
    ] {
        for length in ["262145", "9999999999", "18446744073709551615", "99999999999999999999"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
                shop.key
            );
            refused(&answer(&world, request.as_bytes()).await, 413, "payload_too_large");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host_and_an_empty_one_is_none() {
    let world = World::new().await;
    for hosts in ["", "host:\r\n", "host: \t \r\n", "host: x\r\nhost: x\r\n", "host: x\r\nhost:\r\n"] {
        for target in ["/healthz", "http://x/healthz"] {
            let request = format!("GET {target} HTTP/1.1\r\n{hosts}\r\n");
            refused(&answer(&world, request.as_bytes()).await, 400, "malformed_request");
        }
    }
    for (version, host) in [("1.0", ""), ("1.1", "host: x\r\nconnection: close\r\n")] {
        let request = format!("GET /healthz HTTP/{version}\r\n{host}\r\n");
        let (head, _) = answer(&world, request.as_bytes()).await;
        assert!(head.starts_with(&format!("HTTP/{version} 200 OK")), "{head}");
    }
}
