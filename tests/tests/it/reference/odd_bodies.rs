//! Odd bodies: what is no text, no number, too deep, given twice, too large, or comes in a way of its own.
//!
//! Each is answered with the right status and a code, and never with a 5xx or a lost connection.

use std::time::Duration;

use orqestra_tests::http::Request;
use orqestra_tests::raw::{Raw, RawAnswer};
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

/// The engine's deadline for a body, and as much again on a busy machine.
const BODY_WITHIN: Duration = Duration::from_secs(20);

fn head(tenant: &Tenant, more: &str) -> String {
    format!(
        "POST {TRIGGER} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n{more}\r\n",
        tenant.key
    )
}

/// Sends bytes over a connection of their own.
async fn exchange(world: &World, bytes: &[u8]) -> Option<RawAnswer> {
    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(bytes).await;
    raw.answer(true).await
}

/// What is told of a body.
async fn told(world: &World, body: &[u8]) -> (u16, String) {
    let head = head(world.tenant(), &format!("content-length: {}\r\n", body.len()));
    exchange(world, &[head.as_bytes(), body].concat()).await.expect("an answer").told()
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn around(variables: &str) -> String {
    format!(r#"{{"eventType":"none","payload":{{"userId":"u"}},"variables":{{"v":{variables}}}}}"#)
}

/// A body with this JSON text as one field.
fn with(field: &str, json: &str) -> String {
    let fields = [
        ("eventType", r#""none""#, ""),
        ("eventId", "null", ""),
        ("channels", "null", ""),
        ("userId", r#""u""#, "payload"),
        ("recipientEmail", "null", "payload"),
        ("recipientPhone", "null", "payload"),
    ];
    let of = |place: &str| {
        let of_place = fields.iter().filter(|(_, _, there)| *there == place);
        let pairs = of_place
            .map(|(name, good, _)| format!(r#""{name}":{}"#, if *name == field { json } else { good }));
        pairs.collect::<Vec<_>>().join(",")
    };
    format!(r#"{{{},"payload":{{{}}}}}"#, of(""), of("payload"))
}

const FIELDS: [&str; 6] = ["eventType", "eventId", "channels", "userId", "recipientEmail", "recipientPhone"];

#[tokio::test]
async fn what_is_no_text_is_400_and_a_control_in_a_field_422() {
    let world = World::start().await;
    for control in (0_u8..0x20).chain([0x7f]) {
        for field in FIELDS {
            let escaped = format!("\"a\\u{control:04x}\"");
            assert_eq!(
                told(&world, with(field, &escaped).as_bytes()).await,
                is(422, "validation_failed"),
                "{field} {control}"
            );
        }
        let raw = told(&world, around(&format!("\"{}\"", char::from(control))).as_bytes()).await;
        let expected = if control == 0x7f { is(200, "ok") } else { is(400, "malformed_json") };
        assert_eq!(raw, expected, "{control}");
        assert_eq!(told(&world, around(&format!("\"\\u{control:04x}\"")).as_bytes()).await, is(200, "ok"));
    }
    for text in [r#""\ud800""#, r#""\udc00""#, r#""\udc00\ud800""#, r#""\ud800\u0041""#] {
        assert_eq!(told(&world, around(text).as_bytes()).await, is(400, "malformed_json"), "{text}");
        for field in FIELDS {
            assert_eq!(
                told(&world, with(field, text).as_bytes()).await,
                is(400, "malformed_json"),
                "{field}"
            );
        }
        let key = format!(r#"{{"eventType":"none","payload":{{"userId":"u"}},"variables":{{{text}:1}}}}"#);
        assert_eq!(told(&world, key.as_bytes()).await, is(400, "malformed_json"), "{text}");
    }
    assert_eq!(told(&world, around(r#""\ud83d\ude00""#).as_bytes()).await, is(200, "ok"));
    for bytes in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        let body = around("\"?\"");
        let (before, after) = body.split_once('?').unwrap();
        let body = [before.as_bytes(), bytes, after.as_bytes()].concat();
        assert_eq!(told(&world, &body).await, is(400, "malformed_json"), "{bytes:?}");
    }
    let good = around("1");
    for body in [
        format!("\u{feff}{good}"),
        String::new(),
        " ".to_owned(),
        format!("{good}{good}"),
        format!("{good}\0"),
    ] {
        assert_eq!(told(&world, body.as_bytes()).await, is(400, "malformed_json"), "{body:?}");
    }
}

#[tokio::test]
async fn a_number_is_taken_unless_no_double_holds_it() {
    let world = World::start().await;
    let digits = |many: usize| "9".repeat(many);
    for (number, expected) in [
        (digits(400), is(400, "malformed_json")),
        ("1e400".to_owned(), is(400, "malformed_json")),
        ("-1e400".to_owned(), is(400, "malformed_json")),
        ("01".to_owned(), is(400, "malformed_json")),
        ("+1".to_owned(), is(400, "malformed_json")),
        ("1.".to_owned(), is(400, "malformed_json")),
        ("Infinity".to_owned(), is(400, "malformed_json")),
        (digits(300), is(200, "ok")),
        ("1e-400".to_owned(), is(200, "ok")),
        ("-0".to_owned(), is(200, "ok")),
        ("-0.0".to_owned(), is(200, "ok")),
        (format!("0.{}", digits(400)), is(200, "ok")),
        ("9223372036854775807".to_owned(), is(200, "ok")),
        ("-9223372036854775808".to_owned(), is(200, "ok")),
        ("-9223372036854775809".to_owned(), is(200, "ok")),
        ("18446744073709551615".to_owned(), is(200, "ok")),
        ("18446744073709551616".to_owned(), is(200, "ok")),
    ] {
        assert_eq!(told(&world, around(&number).as_bytes()).await, expected, "{number}");
        // No field is a number.
        let in_field = if expected.0 == 200 { is(422, "validation_failed") } else { expected };
        for field in FIELDS {
            assert_eq!(told(&world, with(field, &number).as_bytes()).await, in_field, "{field} {number}");
        }
    }
}

/// Whether these texts are one body to the engine: the first is new, each other one a repeat of it.
async fn one_body(world: &World, id: &str, texts: &[&str]) {
    for (at, text) in texts.iter().enumerate() {
        let body = text.replace("ID", id);
        let answer = world.call(Request::post(TRIGGER).key(&world.tenant().key).text(body)).await;
        let (replayed, told) = (answer.header("idempotency-replayed").is_some(), answer.text());
        assert_eq!((answer.status.as_u16(), replayed), (200, at > 0), "{text}: {told}");
    }
}

#[tokio::test]
async fn of_a_name_given_twice_the_last_counts_also_where_repeats_are_compared() {
    let world = World::start().await;
    let payload = r#""payload":{"userId":"u"}"#;
    one_body(
        &world,
        "body",
        &[
            &format!(r#"{{"eventType":"a","eventId":"ID","eventType":"b",{payload}}}"#),
            &format!(r#"{{"eventType":"b","eventId":"ID",{payload}}}"#),
            &format!(r#"{{"eventId":"other","eventType":"b",{payload},"eventId":"ID"}}"#),
        ],
    )
    .await;
    one_body(
        &world,
        "payload",
        &[
            r#"{"eventType":"b","eventId":"ID","payload":{"userId":"v","userId":"u"}}"#,
            &format!(r#"{{"eventType":"b","eventId":"ID",{payload}}}"#),
            &format!(r#"{{"payload":7,"eventType":"b","eventId":"ID",{payload}}}"#),
        ],
    )
    .await;
    one_body(
        &world,
        "variables",
        &[
            &format!(
                r#"{{"eventType":"b","eventId":"ID",{payload},"variables":{{"x":1,"x":{{"y":1,"y":2}}}}}}"#
            ),
            &format!(r#"{{"eventType":"b","eventId":"ID",{payload},"variables":{{"x":{{"y":2}}}}}}"#),
        ],
    )
    .await;
    let number = |number: &str| {
        format!(r#"{{"eventType":"b","eventId":"ID",{payload},"variables":{{"x":{number}}}}}"#)
    };
    one_body(&world, "zero", &[&number("-0"), &number("0"), &number("-0.0"), &number("0e5")]).await;
    one_body(&world, "one", &[&number("1.0"), &number("1"), &number("10e-1")]).await;
    // What comes first counts for nothing, so another last value is another body.
    let other = format!(r#"{{"eventType":"b","eventId":"body","eventType":"a",{payload}}}"#);
    let (status, body) =
        world.call(Request::post(TRIGGER).key(&world.tenant().key).text(other)).await.error();
    assert_eq!((status, &body["code"]), (422, &json!("event_id_reused")));
}

#[tokio::test]
async fn a_body_nests_to_64_levels_and_has_256_kb() {
    let world = World::start().await;
    let nested = |levels: usize| around(&("[".repeat(levels) + &"]".repeat(levels)));
    // The body and its variables are two levels.
    assert_eq!(told(&world, nested(62).as_bytes()).await, is(200, "ok"));
    assert_eq!(told(&world, nested(63).as_bytes()).await, is(400, "malformed_json"));
    assert_eq!(told(&world, "[".repeat(100_000).as_bytes()).await, is(400, "malformed_json"));
    assert_eq!(told(&world, nested(100_000).as_bytes()).await, is(400, "malformed_json"));
    assert_eq!(told(&world, "{\"a\":".repeat(50_000).as_bytes()).await, is(400, "malformed_json"));
    let sized = |bytes: usize| {
        let rest = around("\"\"").len();
        around(&format!("\"{}\"", "x".repeat(bytes - rest)))
    };
    assert_eq!(told(&world, sized(256 * 1024).as_bytes()).await, is(200, "ok"));
    assert_eq!(told(&world, sized(256 * 1024 + 1).as_bytes()).await, is(413, "payload_too_large"));
    // Many small values are more in memory than on the wire.
    let many = around(&format!("[{}0]", "0,".repeat(125_000)));
    assert_eq!(told(&world, many.as_bytes()).await, is(200, "ok"));
}

#[tokio::test]
async fn a_body_in_chunks_is_a_body() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = around("1");
    let chunked = |body: &str| {
        let chunks: String = body.as_bytes().chunks(7).fold(String::new(), |all, chunk| {
            let text = std::str::from_utf8(chunk).unwrap();
            format!("{all}{:x}\r\n{text}\r\n", chunk.len())
        });
        format!("{}{chunks}0\r\n\r\n", head(tenant, "transfer-encoding: chunked\r\n"))
    };
    let answer = exchange(&world, chunked(&body).as_bytes()).await.unwrap();
    assert_eq!(answer.told(), is(200, "ok"));
    let large = exchange(&world, chunked(&" ".repeat(256 * 1024 + 1)).as_bytes()).await.unwrap();
    assert_eq!(large.told(), is(413, "payload_too_large"));
    let broken = format!("{}zz\r\n{body}\r\n0\r\n\r\n", head(tenant, "transfer-encoding: chunked\r\n"));
    assert_eq!(exchange(&world, broken.as_bytes()).await.unwrap().told(), is(400, "incomplete_body"));
}

#[tokio::test]
async fn a_length_that_is_wrong_is_400_and_harms_nobody() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = around("1");
    // Too short: what is left is no request.
    let short = format!("{}{body}", head(tenant, &format!("content-length: {}\r\n", body.len() - 5)));
    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(short.as_bytes()).await;
    assert_eq!(raw.answer(true).await.unwrap().told(), is(400, "malformed_json"));
    raw.finish().await;
    if let Some(rest) = raw.answer(true).await {
        assert_eq!(rest.told(), is(400, "malformed_request"));
    }
    for lengths in
        ["content-length: x\r\n", "content-length: -1\r\n", "content-length: 1\r\ncontent-length: 2\r\n"]
    {
        let answer = exchange(&world, head(tenant, lengths).as_bytes()).await.expect(lengths);
        assert_eq!(answer.status, 400, "{lengths}");
        assert_eq!(answer.told(), is(400, "malformed_request"), "{lengths}");
    }
    // A length that no number holds is a body that is too large.
    let endless = head(tenant, "content-length: 99999999999999999999999\r\n");
    let answer = exchange(&world, endless.as_bytes()).await.expect("an answer");
    assert_eq!(answer.told(), is(413, "payload_too_large"));
    assert_eq!(told(&world, body.as_bytes()).await, is(200, "ok"));
}

#[tokio::test]
async fn a_body_that_comes_a_byte_a_second_is_408_in_time() {
    let world = World::start().await;
    let mut raw = Raw::open(world.engine().address()).await;
    raw.send(head(world.tenant(), "content-length: 1000\r\n").as_bytes()).await;
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    let began = std::time::Instant::now();
    let answer = loop {
        tokio::select! {
            answer = raw.readable() => break answer,
            _ = pace.tick() => {}
        }
        raw.send(b" ").await;
    };
    assert!(answer, "the engine answers");
    let answer = raw.answer(true).await.unwrap();
    assert_eq!(answer.told(), is(408, "request_timeout"));
    assert!(began.elapsed() < BODY_WITHIN, "{:?}", began.elapsed());
    let good: Value = json!({"eventType": "none", "payload": {"userId": "u"}});
    drop(world.trigger(world.tenant(), &good).await.expect(200));
    drop(world.drain().await);
}
