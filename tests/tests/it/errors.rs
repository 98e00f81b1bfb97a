//! Each error status with its exact body, and which of two errors is told.

use hyper::Method;
use orqestra_tests::http::{Answer, Request};
use orqestra_tests::tenant::{Tenant, sign};
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

fn push() -> Value {
    json!({"eventType": "global.info", "payload": {"userId": "u"}, "variables": {"title": "t", "message": "m"}})
}

fn expected(status: u16, error: &str, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"statusCode": status, "error": error, "message": message, "code": code}))
}

async fn post(world: &World, key: Option<&str>, text: &str) -> Answer {
    let request = Request::post(TRIGGER).text(text);
    world.call(key.into_iter().fold(request, Request::key)).await
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_401_and_an_inactive_tenant_too() {
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
async fn with_a_webhook_secret_a_signature_over_the_raw_body_is_needed() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"webhookSecret": "s3cret"})).await;
    let body = push().to_string();
    let signed = async |signature: Option<&str>, body: &str| {
        let request = Request::post(TRIGGER).key(&tenant.key).text(body);
        let request = signature
            .into_iter()
            .fold(request, |request, signature| request.header("x-orqestra-signature", signature));
        world.call(request).await
    };
    let refused = expected(
        401,
        "Unauthorized",
        "invalid_signature",
        "The X-Orqestra-Signature header is missing or wrong",
    );
    let right = sign("s3cret", body.as_bytes());
    let other_secret = sign("secret", body.as_bytes());
    for wrong in [None, Some(""), Some("zz"), Some(&right[1..]), Some(&*other_secret)] {
        assert_eq!(signed(wrong, &body).await.error(), refused, "{wrong:?}");
    }
    assert_eq!(signed(Some(&right), &format!("{body} ")).await.error(), refused, "another byte");
    drop(signed(Some(&right), &body).await.expect(200));
    // Reading is not signed, and a tenant that gave its secret up needs no signature.
    assert!(world.history(&tenant, "nobody").await.is_empty());
    drop(world.change(&tenant, &json!({"webhookSecret": null})).await);
    drop(signed(None, &body).await.expect(200));
    // A signature is asked for before the body is understood.
    drop(world.change(&tenant, &json!({"webhookSecret": "s3cret"})).await);
    assert_eq!(signed(None, "{").await.error(), refused);
}

#[tokio::test]
async fn a_body_that_is_missing_fields_is_422_and_names_each() {
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
async fn a_body_that_cannot_be_read_is_400_413_or_415() {
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
    let plain =
        Request::post(TRIGGER).key(&key).header("content-type", "text/plain").bytes(push().to_string());
    assert_eq!(
        world.call(plain).await.error(),
        expected(
            415,
            "Unsupported Media Type",
            "unsupported_media_type",
            "The Content-Type must be application/json"
        )
    );
}

#[tokio::test]
async fn an_unknown_route_or_event_is_404_and_a_wrong_method_405() {
    let world = World::start().await;
    let key = world.tenant().key.clone();
    let get = async |path: &str| world.call(Request::get(path).key(&key)).await;
    assert_eq!(
        get("/api/v1/nothing").await.error(),
        expected(404, "Not Found", "no_such_route", "There is no such route")
    );
    assert_eq!(
        get("/api/v1/events/unheard").await.error(),
        expected(404, "Not Found", "unknown_event", "No such event")
    );
    // `trigger` could be an event's id as well.
    assert_eq!(get(TRIGGER).await.error(), expected(404, "Not Found", "unknown_event", "No such event"));
    let wrong = world.call(Request::new(Method::DELETE, "/api/v1/auth/realtime-token").key(&key)).await;
    assert_eq!(wrong.header("allow"), Some("POST"));
    assert_eq!(
        wrong.error(),
        expected(405, "Method Not Allowed", "method_not_allowed", "The route does not take this method")
    );
}

#[tokio::test]
async fn above_the_limit_of_a_minute_or_a_day_the_answer_is_429_with_the_seconds_to_wait() {
    let world = World::start().await;
    let minute = world.new_tenant(json!({"name": "YourApp", "ratePerMinute": 3})).await;
    for _ in 0..3 {
        drop(world.trigger(&minute, &push()).await.expect(200));
    }
    let (status, mut body) = world.trigger(&minute, &push()).await.error();
    let retry_after = body.as_object_mut().unwrap().remove("retryAfter").unwrap().as_u64().unwrap();
    assert!((1..=61).contains(&retry_after), "{retry_after}");
    assert_eq!(
        (status, body),
        expected(
            429,
            "Too Many Requests",
            "rate_limit_exceeded",
            "Rate limit exceeded for tenant YourApp. Limit: 3/min"
        )
    );

    let day = world.new_tenant(json!({"name": "X", "dailyCap": 2})).await;
    for _ in 0..2 {
        drop(world.trigger(&day, &push()).await.expect(200));
    }
    let (status, mut body) = world.trigger(&day, &push()).await.error();
    let retry_after = body.as_object_mut().unwrap().remove("retryAfter").unwrap().as_u64().unwrap();
    assert!((1..=86_400).contains(&retry_after), "{retry_after}");
    assert_eq!(
        (status, body),
        expected(
            429,
            "Too Many Requests",
            "daily_cap_exceeded",
            "Daily cap exceeded for tenant X. Limit: 2/day"
        )
    );
    // A tenant at its limit is nobody else's.
    drop(world.trigger(world.tenant(), &push()).await.expect(200));
    drop(world.drain().await);
}

#[tokio::test]
async fn of_several_errors_the_first_in_the_order_of_checks_is_told() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"webhookSecret": "s3cret", "ratePerMinute": 1})).await;
    let large = "x".repeat(256 * 1024 + 1);
    let signed = |text: &str| {
        Request::post(TRIGGER)
            .key(&tenant.key)
            .header("x-orqestra-signature", sign("s3cret", text.as_bytes()))
    };
    let status = async |request: Request| world.call(request).await.status.as_u16();
    assert_eq!(status(Request::post(TRIGGER).bytes(large)).await, 413, "size before key");
    assert_eq!(status(Request::post(TRIGGER).key("wrong").bytes("{")).await, 401, "key before signature");
    assert_eq!(
        status(Request::post(TRIGGER).key(&tenant.key).bytes("{")).await,
        401,
        "signature before type"
    );
    assert_eq!(status(signed("{").bytes("{")).await, 415, "type before JSON");
    assert_eq!(status(signed("{").text("{")).await, 400, "JSON before fields");
    drop(world.trigger(&tenant, &push()).await.expect(200));
    assert_eq!(status(signed("{}").text("{}")).await, 422, "fields before limits");
    drop(world.trigger(&tenant, &push()).await.expect(429));
    drop(world.drain().await);
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_another_of_the_tenant_goes_on() {
    let world = World::start().await;
    let tenant: Tenant = world.new_tenant(json!({})).await;
    let path = format!("/admin/v1/tenants/{}", tenant.id);
    let first = world.admin_get(&path).await.expect(200).json()["apiKeyIds"][0].clone();
    let issued = world.change(&tenant, &json!({"issueApiKey": true})).await;
    let second = issued["apiKey"].as_str().expect("shown once").to_owned();
    let shown = world.admin_get(&path).await.expect(200);
    assert!(!shown.text().contains(&second) && !shown.text().contains(&tenant.key), "{}", shown.text());
    drop(post(&world, Some(&second), &push().to_string()).await.expect(200));
    drop(post(&world, Some(&tenant.key), &push().to_string()).await.expect(200));

    drop(world.change(&tenant, &json!({"revokeApiKey": first})).await);
    let refused = expected(401, "Unauthorized", "invalid_api_key", "The API key is not valid");
    let history = format!("/api/v1/notifications/{}/u", tenant.id);
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        assert_eq!(post(&world, Some(&tenant.key), &push().to_string()).await.error(), refused);
        assert_eq!(world.call(Request::get(&history).key(&tenant.key)).await.error(), refused);
        drop(post(&world, Some(&second), &push().to_string()).await.expect(200));
        drop(world.call(Request::get(&history).key(&second)).await.expect(200));
    }
}
