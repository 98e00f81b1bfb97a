//! Odd requests: headers, paths, queries and methods that no usual client sends.
//!
//! Each is answered with the right status and a code, and never with a 5xx or a lost connection.

use orqestra_tests::http::{Request, segment};
use orqestra_tests::raw::{Raw, RawAnswer};
use orqestra_tests::world::{TRIGGER, World};
use serde_json::json;

use super::global;

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A trigger of these lines of headers, sent over a connection of its own.
async fn with_headers(world: &World, lines: &[&[u8]]) -> RawAnswer {
    let body = global("u").to_string();
    let mut bytes =
        format!("POST {TRIGGER} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_bytes());
    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(&bytes).await;
    raw.answer(true).await.expect("an answer")
}

/// The headers that a good trigger has.
fn good(world: &World) -> [Vec<u8>; 2] {
    [format!("x-api-key: {}", world.tenant().key).into_bytes(), b"content-type: application/json".to_vec()]
}

#[tokio::test]
async fn a_control_in_a_header_is_400_and_other_bytes_are_judged_by_the_header() {
    let world = World::start().await;
    let [key, json_type] = good(&world);
    for name in
        ["x-api-key", "content-type", "x-orqestra-signature", "x-idempotency-key", "x-trace-id", "x-other"]
    {
        for control in (0_u8..0x20).filter(|byte| !b"\t\r\n".contains(byte)).chain([0x7f]) {
            let line = [name.as_bytes(), b": a", &[control], b"b"].concat();
            let told = with_headers(&world, &[&line, &key, &json_type]).await.told();
            assert_eq!(told, is(400, "malformed_request"), "{name} {control}");
        }
    }
    for (line, expected) in [
        (&b"x-idempotency-key: a\xff"[..], is(422, "validation_failed")),
        (b"x-idempotency-key: a\tb", is(422, "validation_failed")),
        (b"x-idempotency-key: a\xc2\x85b", is(422, "validation_failed")),
        (b"x-idempotency-key:", is(422, "validation_failed")),
        (b"x-trace-id: \xff", is(200, "ok")),
        (b"x-trace-id: a\tb", is(200, "ok")),
        (b"x-request-id: \xff\xff", is(200, "ok")),
        (b"traceparent: \xff", is(200, "ok")),
        (b"x-orqestra-signature: \xff", is(200, "ok")),
        (b"content-encoding: gzip", is(415, "unsupported_media_type")),
        (b"prefer: \xff", is(200, "ok")),
    ] {
        let told = with_headers(&world, &[&key, &json_type, line]).await.told();
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(line));
    }
    assert_eq!(
        with_headers(&world, &[b"x-api-key: \xff", &json_type]).await.told(),
        is(401, "invalid_api_key")
    );
    assert_eq!(
        with_headers(&world, &[&key, b"content-type: \xff"]).await.told(),
        is(415, "unsupported_media_type")
    );
}

#[tokio::test]
async fn a_header_given_twice_is_refused_where_it_decides() {
    let world = World::start().await;
    let [key, json_type] = good(&world);
    for (lines, expected) in [
        (vec![&*key, &key, &json_type], is(401, "invalid_api_key")),
        (vec![&*key, b"x-api-key: other", &json_type], is(401, "invalid_api_key")),
        (vec![&*key, &json_type, &json_type], is(415, "unsupported_media_type")),
        (
            vec![&*key, &json_type, b"x-idempotency-key: a", b"x-idempotency-key: b"],
            is(422, "validation_failed"),
        ),
        (
            vec![&*key, &json_type, b"x-idempotency-key: a", b"idempotency-key: b"],
            is(422, "validation_failed"),
        ),
        (vec![&*key, &json_type, b"x-idempotency-key: c", b"idempotency-key: c"], is(200, "ok")),
        (vec![&*key, &json_type, b"x-trace-id: a", b"x-trace-id: b"], is(200, "ok")),
        (vec![&*key, &json_type, b"host: y"], is(400, "malformed_request")),
    ] {
        let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        assert_eq!(with_headers(&world, &lines).await.told(), expected, "{shown:?}");
    }
}

#[tokio::test]
async fn a_header_of_8_kb_is_read_and_judged() {
    let world = World::start().await;
    let [key, json_type] = good(&world);
    let long = "a".repeat(8 * 1024);
    let line = |name: &str| format!("{name}: {long}").into_bytes();
    for (name, expected) in [
        ("x-idempotency-key", is(422, "validation_failed")),
        ("x-trace-id", is(200, "ok")),
        ("x-request-id", is(200, "ok")),
        ("x-other", is(200, "ok")),
    ] {
        assert_eq!(with_headers(&world, &[&key, &json_type, &line(name)]).await.told(), expected, "{name}");
    }
    assert_eq!(
        with_headers(&world, &[&line("x-api-key"), &json_type]).await.told(),
        is(401, "invalid_api_key")
    );
    assert_eq!(
        with_headers(&world, &[&key, &line("content-type")]).await.told(),
        is(415, "unsupported_media_type")
    );
    let huge = format!("x-other: {}", "a".repeat(500 * 1024)).into_bytes();
    assert_eq!(with_headers(&world, &[&key, &json_type, &huge]).await.told(), is(431, "headers_too_large"));
}

#[tokio::test]
async fn expect_http_1_0_and_pipelines_are_answered() {
    let world = World::start().await;
    let body = global("u").to_string();
    let key = &world.tenant().key;
    let head = |version: &str, more: &str| {
        format!(
            "POST {TRIGGER} HTTP/{version}\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{more}\r\n",
            body.len()
        )
    };
    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(head("1.1", "expect: 100-continue\r\n").as_bytes()).await;
    assert_eq!(raw.answer(true).await.unwrap().status, 100);
    raw.send(body.as_bytes()).await;
    assert_eq!(raw.answer(true).await.unwrap().told(), is(200, "ok"));

    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(format!("{}{body}", head("1.0", "")).as_bytes()).await;
    assert_eq!(raw.answer(true).await.unwrap().told(), is(200, "ok"));
    assert!(raw.answer(true).await.is_none(), "the connection ends");

    let mut raw = Raw::open(world.engine().address()).await;
    let good = format!("{}{body}", head("1.1", ""));
    let bad = format!("{}{}", head("1.1", ""), " ".repeat(body.len()));
    raw.send([&*good, &bad, &good].concat().as_bytes()).await;
    for expected in [is(200, "ok"), is(400, "malformed_json"), is(200, "ok")] {
        assert_eq!(raw.answer(true).await.unwrap().told(), expected);
    }
}

#[tokio::test]
async fn who_sends_no_more_is_still_answered() {
    let world = World::start().await;
    let [key, _] = good(&world);
    let key = String::from_utf8(key).unwrap();
    let body = global("u").to_string();
    for (length, expected) in [(body.len(), is(200, "ok")), (body.len() + 1, is(400, "incomplete_body"))] {
        let mut raw = Raw::open(world.engine().address()).await;
        let head = format!(
            "POST {TRIGGER} HTTP/1.1\r\nhost: x\r\n{key}\r\ncontent-type: application/json\r\ncontent-length: {length}"
        );
        raw.send(format!("{head}\r\n\r\n{body}").as_bytes()).await;
        raw.finish().await;
        assert_eq!(raw.answer(true).await.expect("an answer").told(), expected);
    }
}

#[tokio::test]
async fn who_asks_before_sending_a_body_that_is_too_large_is_not_told_to_go_on() {
    let world = World::start().await;
    let mut raw = Raw::open(world.engine().address()).await;
    let head = format!(
        "POST {TRIGGER} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        256 * 1024 + 1
    );
    raw.send(head.as_bytes()).await;
    assert_eq!(raw.answer(true).await.expect("an answer").told(), is(413, "payload_too_large"));
}

#[tokio::test]
async fn ids_are_bytes_and_are_not_normalised() {
    let world = World::start().await;
    let tenant = world.tenant();
    let (composed, decomposed) = ("é", "e\u{301}");
    for (id, user) in [(composed, composed), (decomposed, decomposed)] {
        let mut body = global(user);
        body["eventId"] = json!(id);
        let answer = world.trigger(tenant, &body).await.expect(200);
        assert_eq!(answer.header("idempotency-replayed"), None, "{id:?}");
    }
    drop(world.drain().await);
    for user in [composed, decomposed] {
        assert_eq!(world.history(tenant, user).await.len(), 1, "{user:?}");
        let path = format!("/api/v1/events/{}", segment(user));
        let told = world.call(Request::get(path).key(&tenant.key)).await.expect(200).json();
        assert_eq!(told["data"]["eventId"], user);
    }
}

#[tokio::test]
async fn odd_parts_of_paths_and_queries_are_answered() {
    let world = World::start().await;
    let (tenant, many) = (world.tenant(), "9".repeat(4_000));
    let history = format!("/api/v1/notifications/{}", tenant.id);
    for (path, status) in [
        (format!("{history}/%00"), 422),
        (format!("{history}/a%2Fb"), 200),
        (format!("{history}/%ff"), 404),
        (format!("{history}/%F0%9F%98%80"), 200),
        (format!("{history}/%"), 200),
        (format!("{history}/%zz"), 200),
        (format!("{history}/"), 404),
        (format!("{history}/{}", "u".repeat(256)), 422),
        ("/api/v1/notifications/%00/u".to_owned(), 404),
        (format!("{history}/u?limit={many}"), 200),
        (format!("{history}/u?offset={many}"), 200),
        (format!("{history}/u?limit={many}&offset={many}"), 200),
        (format!("{history}/u?limit=-{many}"), 422),
        (format!("{history}/u?limit=0&limit=1"), 200),
        (format!("{history}/u?limit=1&limit=0"), 422),
        (format!("{history}/u?limit=%00"), 422),
        (format!("{history}/u?limit=%ff"), 422),
        (format!("{history}/u?cursor=%00"), 422),
        (format!("{history}/u?cursor={many}"), 422),
        (format!("{history}/u?&&=&=x&%"), 200),
        ("/api/v1/events/%00".to_owned(), 404),
        ("/api/v1/events/%ff".to_owned(), 404),
        ("/api/v1/events/a%2Fb".to_owned(), 404),
        (format!("/api/v1/events/{}", "e".repeat(300)), 404),
        ("/api/v1/events/%F0%9F%98%80".to_owned(), 404),
    ] {
        let mut raw = Raw::open(world.engine().address()).await;
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", tenant.key).as_bytes())
            .await;
        let answer = raw.answer(true).await.expect("an answer");
        assert_eq!(answer.told().0, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    for (path, status) in [
        (format!("{history}/u/%00/read"), 404),
        (format!("{history}/u/%ff/read"), 404),
        (format!("{history}/%00/{}/read", tenant.id), 422),
        (format!("{history}/u/{}/read", tenant.id), 404),
        (format!("{history}/u/%F0%9F%98%80/read"), 404),
    ] {
        let (told, _) = world.call(Request::put(&path).key(&tenant.key)).await.error();
        assert_eq!(told, status, "{path}");
    }
}

#[tokio::test]
async fn every_route_answers_every_method() {
    let world = World::start().await;
    let tenant = world.tenant();
    let user = format!("/api/v1/notifications/{}/u", tenant.id);
    let routes = [
        (TRIGGER.to_owned(), "POST", 404),
        ("/api/v1/auth/realtime-token".to_owned(), "POST", 405),
        (user.clone(), "GET", 200),
        (format!("{user}/{}/read", tenant.id), "PUT", 405),
        ("/api/v1/events/e".to_owned(), "GET", 404),
        ("/healthz".to_owned(), "GET", 200),
        ("/readyz".to_owned(), "GET", 200),
        ("/metrics".to_owned(), "GET", 200),
        ("/openapi.json".to_owned(), "GET", 200),
    ];
    for (path, own, to_head) in &routes {
        for method in ["HEAD", "OPTIONS", "TRACE", "DELETE", "PATCH", "CONNECT", "BREW", "post", "get"] {
            let mut raw = Raw::open(world.engine().address()).await;
            let line = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", tenant.key);
            raw.send(line.as_bytes()).await;
            let answer =
                raw.answer(method != "HEAD").await.unwrap_or_else(|| panic!("{method} {path}: no answer"));
            if method == "HEAD" {
                assert_eq!(answer.status, *to_head, "HEAD {path}");
                continue;
            }
            if method == "CONNECT" {
                assert!((400..500).contains(&answer.status), "CONNECT {path}: {}", answer.status);
                continue;
            }
            assert_eq!(answer.told(), is(405, "method_not_allowed"), "{method} {path}");
            let allow = answer.head.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap();
            assert!(allow.contains(&own.to_ascii_lowercase()), "{method} {path}: {allow}");
        }
    }
}
