//! The checklist before production, as far as it speaks of the engine.

use orqestra_tests::http::Request;
use orqestra_tests::load::{addressed, order};
use orqestra_tests::tenant::sign;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::json;

use super::global;

#[tokio::test]
async fn checklist_template_variables() {
    let world = World::start().await;
    let tenant = world.tenant();
    let id =
        world.accept(tenant, &addressed("order.confirmed", &json!({"title": "Hi", "amount": "$1"}))).await;
    let state = world.settled(tenant, &id).await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    for channel in &state.channels {
        assert_eq!(channel.missing_variables, ["orderNumber"], "{}", channel.channel);
    }
    assert_eq!(world.sandbox(tenant, "SMS").await[0]["body"], "Hi: order , $1");
    drop(world.drain().await);
}

#[tokio::test]
async fn checklist_error_responses_with_retries() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 2})).await;
    let push = |id: &str| {
        json!({"eventType": "global.info", "eventId": id, "channels": ["PUSH"], "payload": {"userId": "u"},
                                 "variables": {"title": "t", "message": "m"}})
    };
    for _ in 0..3 {
        drop(world.trigger(&tenant, &push("a")).await.expect(200));
    }
    drop(world.trigger(&tenant, &push("b")).await.expect(200));
    drop(world.trigger(&tenant, &push("c")).await.expect(429));
    let repeat = world.trigger(&tenant, &push("a")).await.expect(200);
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    drop(world.drain().await);
}

#[tokio::test]
async fn checklist_api_key() {
    let world = World::start().await;
    let tenant = world.tenant();
    let id = world.accept(tenant, &global("u")).await;
    drop(world.settled(tenant, &id).await);
    // No answer that a front end may get to see repeats the key.
    for request in [
        Request::post("/api/v1/auth/realtime-token").json(&json!({"userId": "u"})),
        Request::get(format!("/api/v1/notifications/{}/u", tenant.id)),
        Request::get(format!("/api/v1/events/{id}")),
        Request::post(TRIGGER).json(&json!({})),
    ] {
        let answer = world.call(request.key(&tenant.key)).await;
        assert!(!answer.text().contains(&tenant.key), "{}", answer.text());
        assert!(answer.headers.values().all(|value| value.as_bytes() != tenant.key.as_bytes()));
    }
}

#[tokio::test]
async fn checklist_hmac_signing() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"webhookSecret": "s3cret"})).await;
    // Blanks and the order of members are part of what is signed.
    let body = r#" {"payload" : {"userId":"u"},  "eventType":"global.info", "eventId":"e"} "#;
    let signed = |body: &str, signature: String| {
        Request::post(TRIGGER).key(&tenant.key).text(body).header("X-Orqestra-Signature", signature)
    };
    let right = sign("s3cret", body.as_bytes());
    drop(world.call(signed(body.trim(), right.clone())).await.expect(401));
    drop(world.call(signed(body, right.clone())).await.expect(200));
    drop(world.call(signed(body, right.to_uppercase())).await.expect(200));
}

#[tokio::test]
async fn checklist_idempotency() {
    let world = World::start().await;
    let tenant = world.tenant();
    let first = world.trigger(tenant, &order(1)).await.expect(200);
    let second = world.trigger(tenant, &order(1)).await.expect(200);
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    drop(world.drain().await);
    for channel in ["EMAIL", "SMS"] {
        assert_eq!(world.sandbox(tenant, channel).await.len(), 1, "{channel}");
    }
    assert_eq!(world.history(tenant, "user-1").await.len(), 1);
}

#[tokio::test]
async fn checklist_new_token() {
    let world = World::start().await;
    let ask = async || {
        let request = Request::post("/api/v1/auth/realtime-token").json(&json!({"userId": "u"}));
        world.call(request.key(&world.tenant().key)).await.expect(200).json()
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first["channels"], second["channels"]);
    for token in [&first, &second] {
        assert_eq!(token["token"].as_str().unwrap().split('.').count(), 3, "{token}");
    }
}

#[tokio::test]
async fn checklist_retry_after() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 1})).await;
    drop(world.trigger(&tenant, &global("u")).await.expect(200));
    // What is refused costs nothing: the time to wait never grows.
    let mut last = u64::MAX;
    for _ in 0..20 {
        let answer = world.trigger(&tenant, &global("u")).await.expect(429);
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert_eq!(answer.json()["retryAfter"], seconds);
        assert!((1..=last).contains(&seconds), "{seconds} after {last}");
        last = seconds;
    }
    drop(world.drain().await);
}
