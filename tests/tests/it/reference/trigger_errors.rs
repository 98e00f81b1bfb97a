//! The table of errors: each status to the letter. 429 is in `limits`.

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::server::Server;
use orqestra_tests::tenant::sign;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

use super::{expected, global, post, unavailable};

fn push() -> Value {
    global("u")
}

#[tokio::test]
async fn error_401_api_key() {
    let world = World::start().await;
    let body = push().to_string();
    assert_eq!(
        post(&world, None, &body).await.error(),
        expected(401, "Unauthorized", "missing_api_key", "The x-api-key header is missing")
    );
    assert_eq!(
        post(&world, Some("orq_live_nothing"), &body).await.error(),
        expected(401, "Unauthorized", "invalid_api_key", "The API key is not valid")
    );
    let tenant = world.new_tenant(json!({})).await;
    drop(world.change(&tenant, &json!({"active": false})).await);
    assert_eq!(
        post(&world, Some(&tenant.key), &body).await.error(),
        expected(401, "Unauthorized", "tenant_inactive", "The tenant is inactive")
    );
    drop(world.change(&tenant, &json!({"active": true})).await);
    drop(world.trigger(&tenant, &push()).await.expect(200));
    drop(world.drain().await);
}

#[tokio::test]
async fn error_422_missing_fields() {
    let world = World::start().await;
    let key = world.tenant().key.clone();
    let (status, body) = post(&world, Some(&key), "{}").await.error();
    assert_eq!(status, 422);
    assert_eq!(
        body,
        json!({
            "statusCode": 422,
            "error": "Validation Error",
            "message": "eventType is required; payload is required",
            "code": "validation_failed",
            "details": [
                {"field": "eventType", "message": "is required"},
                {"field": "payload", "message": "is required"},
            ],
        })
    );
    let wrong = json!({
        "eventType": "e",
        "channels": ["FAX"],
        "payload": {"recipientEmail": "nobody", "recipientPhone": "0712"},
        "variables": "v",
    });
    let (status, body) = post(&world, Some(&key), &wrong.to_string()).await.error();
    let fields: Vec<_> =
        body["details"].as_array().unwrap().iter().map(|wrong| wrong["field"].as_str().unwrap()).collect();
    assert_eq!(status, 422);
    assert_eq!(
        fields,
        ["channels", "payload.userId", "payload.recipientEmail", "payload.recipientPhone", "variables"]
    );
    for empty in [
        json!({"eventType": "", "payload": {"userId": "u"}}),
        json!({"eventType": "e", "payload": {"userId": ""}}),
        json!({"eventType": "e", "channels": [], "payload": {"userId": "u"}}),
    ] {
        drop(post(&world, Some(&key), &empty.to_string()).await.expect(422));
    }
    assert!(world.accepted().is_empty());
}

#[tokio::test]
async fn trigger_header_content_type() {
    let world = World::start().await;
    let key = world.tenant().key.clone();
    let (status, body) = post(&world, Some(&key), "{").await.error();
    assert_eq!(
        (status, body),
        expected(
            400,
            "Bad Request",
            "malformed_json",
            "The request body is not valid JSON: it ends too early at line 1, column 1"
        )
    );
    let large = format!("{{\"eventType\":\"{}\"}}", "e".repeat(256 * 1024));
    assert_eq!(
        post(&world, Some(&key), &large).await.error(),
        expected(413, "Payload Too Large", "payload_too_large", "The request body is larger than 256 KB")
    );
    let bare = Request::post(TRIGGER).key(&key).bytes(push().to_string());
    for refused in [bare.clone(), bare.clone().header("content-type", "text/plain")] {
        assert_eq!(
            world.call(refused).await.error(),
            expected(
                415,
                "Unsupported Media Type",
                "unsupported_media_type",
                "The Content-Type must be application/json"
            )
        );
    }
    drop(world.call(bare.header("content-type", "application/json; charset=utf-8")).await.expect(200));
    drop(world.drain().await);
}

#[tokio::test]
async fn error_401_hmac_signature() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"webhookSecret": "s3cret"})).await;
    let body = push().to_string();
    let request = Request::post(TRIGGER).key(&tenant.key).text(&*body);
    let (right, wrong) = (sign("s3cret", body.as_bytes()), sign("other", body.as_bytes()));
    for signatures in [&[][..], &[&wrong], &[&right, &right]] {
        let signed = signatures
            .iter()
            .fold(request.clone(), |request, value| request.header("X-Orqestra-Signature", *value));
        let answer = world.call(signed).await;
        assert_eq!(answer.header("www-authenticate"), Some("HMAC-SHA256 header=\"X-Orqestra-Signature\""));
        assert_eq!(
            answer.error(),
            expected(
                401,
                "Unauthorized",
                "invalid_signature",
                "The X-Orqestra-Signature header is missing or wrong"
            )
        );
    }
    assert!(world.accepted().is_empty());
}

#[tokio::test]
async fn error_401_inactive_tenant() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    drop(world.change(&tenant, &json!({"active": false})).await);
    let refused = expected(401, "Unauthorized", "tenant_inactive", "The tenant is inactive");
    let history = format!("/api/v1/notifications/{}/u", tenant.id);
    for request in [
        Request::post(TRIGGER).json(&push()),
        Request::post("/api/v1/auth/realtime-token").json(&json!({"userId": "u"})),
        Request::put(format!("{history}/{}/read", tenant.id)),
        Request::get(history),
    ] {
        assert_eq!(world.call(request.key(&tenant.key)).await.error(), refused);
    }
}

#[tokio::test]
async fn error_500_database() {
    let server = Server::start().await;
    let world = World::on(&server, &[]).await;
    world.expect_errors();
    server.crash().await;
    let answer = world.trigger(world.tenant(), &order(1)).await;
    assert_eq!(answer.error(), unavailable());
    server.resume().await;
    drop(orqestra_tests::load::insist(&world, world.tenant(), &order(1)).await);
    drop(world.drain().await);
}
