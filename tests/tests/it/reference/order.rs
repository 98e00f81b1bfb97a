//! Which of two faults is told: a request that is wrong in any two ways answers the one that is checked first.
//!
//! A full queue (503) needs a lock on the log and a small queue; `order` of the API's own tests has it.

use orqestra_tests::http::Request;
use orqestra_tests::tenant::sign;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

use super::global;

const SECRET: &str = "s3cret";

/// The checks in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Size,
    Key,
    Signature,
    Type,
    Json,
    Fields,
    Repeat,
    Limit,
}

impl Fault {
    const ALL: [Self; 8] = [
        Self::Size,
        Self::Key,
        Self::Signature,
        Self::Type,
        Self::Json,
        Self::Fields,
        Self::Repeat,
        Self::Limit,
    ];

    const fn told(self) -> (u16, &'static str) {
        match self {
            Self::Size => (413, "payload_too_large"),
            Self::Key => (401, "invalid_api_key"),
            Self::Signature => (401, "invalid_signature"),
            Self::Type => (415, "unsupported_media_type"),
            Self::Json => (400, "malformed_json"),
            Self::Fields => (422, "validation_failed"),
            Self::Repeat => (422, "event_id_reused"),
            Self::Limit => (429, "rate_limit_exceeded"),
        }
    }
}

fn with_id(id: &str) -> Value {
    let mut body = global("u");
    body["eventId"] = json!(id);
    body
}

/// A request with these faults; the limit is reached by what came before, for every request alike.
fn faulty(key: &str, faults: &[Fault]) -> Request {
    let has = |fault| faults.contains(&fault);
    let mut body = with_id(if has(Fault::Repeat) { "known" } else { "new" });
    if has(Fault::Repeat) {
        body["variables"]["another"] = json!("body");
    }
    if has(Fault::Fields) {
        body["channels"] = json!([]);
    }
    let mut text = body.to_string();
    if has(Fault::Json) {
        text.pop();
    }
    if has(Fault::Size) {
        text.push_str(&" ".repeat(256 * 1024));
    }
    let signature = sign(if has(Fault::Signature) { "another" } else { SECRET }, text.as_bytes());
    Request::post(TRIGGER)
        .key(if has(Fault::Key) { "wrong" } else { key })
        .header("x-orqestra-signature", signature)
        .header("content-type", if has(Fault::Type) { "text/plain" } else { "application/json" })
        .bytes(text)
}

#[tokio::test]
async fn of_any_two_faults_the_one_that_is_checked_first_is_told() {
    let world = World::start().await;
    // Two tenants: one whose limit is reached and one whose is not, so that the limit is a fault like any other.
    let full = world.new_tenant(json!({"webhookSecret": SECRET, "ratePerMinute": 1})).await;
    let open = world.new_tenant(json!({"webhookSecret": SECRET})).await;
    for tenant in [&full, &open] {
        drop(world.trigger(tenant, &with_id("known")).await.expect(200));
    }
    for (at, first) in Fault::ALL.into_iter().enumerate() {
        for second in Fault::ALL.into_iter().skip(at) {
            let faults = [first, second];
            let tenant = if faults.contains(&Fault::Limit) { &full } else { &open };
            let (status, body) = world.call(faulty(&tenant.key, &faults)).await.error();
            assert_eq!((status, body["code"].as_str().unwrap()), first.told(), "{first:?} and {second:?}");
        }
    }
    // All at once, then each mended in turn.
    for at in 0..Fault::ALL.len() {
        let (status, body) = world.call(faulty(&full.key, &Fault::ALL[at..])).await.error();
        assert_eq!((status, body["code"].as_str().unwrap()), Fault::ALL[at].told());
    }
    // A good repeat is answered although the limit is reached.
    let again = world.trigger(&full, &with_id("known")).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    drop(world.drain().await);
    assert_eq!(world.accepted().len(), 2);
}
