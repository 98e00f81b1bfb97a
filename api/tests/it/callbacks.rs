//! What providers call back with: verified by any entry of the tenant's, recorded once, and told nothing otherwise.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use orqestra_event_log::Clock as _;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{Answer, Caller, World, order};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A tenant whose email Resend did not take, and what it would know of it all the same.
struct Sent {
    shop: Caller,
    notification: String,
    delivery: String,
}

async fn sent(world: &World) -> Sent {
    world.start();
    let shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}", shop.tenant);
    let once = json!({"retrySchedules": {"EMAIL": []}});
    assert_eq!(world.admin(Method::PATCH, &path, Some(&once)).await.status, StatusCode::OK);
    listed(world, &shop, &json!([entry(SECRET)])).await;
    world.trigger(&shop, &[], &order("evt-1")).await;
    world.drain(&shop, &["evt-1"]).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    let (notification, delivery) =
        (&state["data"]["notificationId"], &state["data"]["channels"][0]["deliveryId"]);
    Sent { notification: text(notification), delivery: text(delivery), shop }
}

async fn listed(world: &World, shop: &Caller, providers: &Value) {
    let path = format!("/admin/v1/tenants/{}/providers/EMAIL", shop.tenant);
    let put = world.admin(Method::PUT, &path, Some(providers)).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
}

fn entry(secret: &str) -> Value {
    // Nothing listens there.
    json!({"kind": "resend", "apiKey": format!("re_{secret}"), "from": "shop@example.org", "webhookSecret": secret,
        "baseUrl": "http://127.0.0.1:1", "allowLoopback": true})
}

impl Sent {
    async fn listed(&self, world: &World, providers: Value) {
        listed(world, &self.shop, &providers).await;
    }

    fn body(&self, kind: &str) -> String {
        let tags = json!({"orqestra_delivery": self.delivery, "orqestra_notification": self.notification});
        let data = json!({"email_id": "m-1", "tags": tags, "bounce": {"type": "Permanent", "message": "no such user"}});
        json!({"type": kind, "created_at": "2026-11-24T11:59:58.000Z", "data": data}).to_string()
    }

    async fn called(&self, world: &World, secret: &str, id: &str, body: &str) -> Answer {
        called(world, &self.shop.tenant, secret, id, body).await
    }

    async fn receipt(&self, world: &World) -> Value {
        let state = world.get(&self.shop, "/api/v1/events/evt-1").await.json();
        state["data"]["channels"][0]["receipt"].clone()
    }
}

async fn called(world: &World, tenant: &str, secret: &str, id: &str, body: &str) -> Answer {
    let at = (world.clock.now().unix_micros() / 1_000_000).to_string();
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(format!("{id}.{at}.{body}"));
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let request = Request::post(format!("/callbacks/resend/{tenant}"))
        .header("x-request-id", "req-1")
        .header("svix-id", id)
        .header("svix-timestamp", at)
        .header("svix-signature", signature);
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_receipt_is_shown_with_its_delivery_and_a_repeat_changes_nothing() {
    let world = World::new().await;
    let sent = sent(&world).await;
    assert_eq!(sent.receipt(&world).await, Value::Null);
    for _ in 0..2 {
        let answer = sent.called(&world, SECRET, "msg_1", &sent.body("email.bounced")).await;
        assert_eq!(answer.shown(), r#"200 {"success":true}"#);
    }
    // Out of order: it is the earlier word.
    assert_eq!(
        sent.called(&world, SECRET, "msg_2", &sent.body("email.delivered")).await.status,
        StatusCode::OK
    );
    let bounced =
        json!({"status": "bounced", "cause": "resend_bounce", "occurredAt": "2026-11-24T11:59:58.000000Z"});
    assert_eq!(sent.receipt(&world).await, bounced);
    let path = format!("/admin/v1/tenants/{}/events/evt-1", sent.shop.tenant);
    let detailed = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(detailed["data"]["channels"][0]["receipt"], bounced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_no_entry_of_the_tenant_signed_is_told_nothing() {
    let world = World::new().await;
    let sent = sent(&world).await;
    let other = world.tenant(&json!({"name": "Other"})).await;
    let body = sent.body("email.bounced");
    let wrong = sent.called(&world, OTHER, "msg_1", &body).await;
    insta::assert_snapshot!(wrong.shown(), @r#"401 {"statusCode":401,"error":"Unauthorized","message":"No provider of the tenant has signed this callback","code":"invalid_callback","requestId":"req-1"}"#);
    for tenant in [&other.tenant, "0190b5a0-0000-7000-8000-00000000ffff", "none"] {
        assert_eq!(called(&world, tenant, SECRET, "msg_1", &body).await.body, wrong.body, "{tenant}");
    }
    let unsigned =
        world.call(Method::POST, &format!("/callbacks/resend/{}", sent.shop.tenant), &[], None).await;
    assert_eq!(unsigned.body, wrong.body);
    let unknown = world.call(Method::POST, &format!("/callbacks/smtp/{}", sent.shop.tenant), &[], None).await;
    assert_eq!(unknown.body, wrong.body);
    let junk = sent.called(&world, SECRET, "msg_1", "junk").await;
    insta::assert_snapshot!(junk.shown(), @r#"400 {"statusCode":400,"error":"Bad Request","message":"The callback is not what the provider sends","code":"unreadable_callback","requestId":"req-1"}"#);
    assert_eq!(sent.receipt(&world).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_entry_verifies_and_one_that_was_removed_does_for_seven_days() {
    let world = World::new().await;
    let sent = sent(&world).await;
    sent.listed(&world, json!([entry(OTHER), entry(SECRET)])).await;
    assert_eq!(sent.called(&world, SECRET, "msg_1", &sent.body("email.sent")).await.status, StatusCode::OK);
    sent.listed(&world, json!([{"kind": "sandbox"}])).await;
    let delivered = sent.body("email.delivered");
    assert_eq!(sent.called(&world, SECRET, "msg_2", &delivered).await.status, StatusCode::OK);
    assert_eq!(sent.receipt(&world).await["status"], "delivered");
    world.clock.advance(std::time::Duration::from_hours(7 * 24 + 1));
    assert_eq!(sent.called(&world, SECRET, "msg_3", &delivered).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_another_tenants_message_is_of_none() {
    let world = World::new().await;
    let sent = sent(&world).await;
    let other = world.tenant(&json!({"name": "Other"})).await;
    let path = format!("/admin/v1/tenants/{}/providers/EMAIL", other.tenant);
    assert_eq!(world.admin(Method::PUT, &path, Some(&json!([entry(OTHER)]))).await.status, StatusCode::OK);
    let forged = called(&world, &other.tenant, OTHER, "msg_1", &sent.body("email.bounced")).await;
    assert_eq!(forged.status, StatusCode::OK);
    assert_eq!(sent.receipt(&world).await, Value::Null);
}
