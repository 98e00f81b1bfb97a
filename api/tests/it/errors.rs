//! Every error's status with its exact body.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures::FutureExt;
use serde_json::json;

use crate::world::{Answer, Caller, World, order};

const TRIGGER: &str = "/api/v1/events/trigger";

async fn post(world: &World, caller: &Caller, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(TRIGGER)
        .header("x-request-id", "req-1")
        .header("x-api-key", &caller.key)
        .header("content-type", content_type)
        .body(body.into())
        .unwrap();
    world.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_400() {
    let world = World::new().await;
    let shop = world.shop().await;
    insta::assert_snapshot!(
        post(&world, &shop, "application/json", "{\"eventType\": }").await.shown(),
        @r#"400 {"statusCode":400,"error":"Bad Request","message":"The request body is not valid JSON: unexpected text at line 1, column 15","code":"malformed_json","requestId":"req-1"}"#
    );
    insta::assert_snapshot!(
        post(&world, &shop, "application/json", "").await.shown(),
        @r#"400 {"statusCode":400,"error":"Bad Request","message":"The request body is not valid JSON: it ends too early at line 1, column 0","code":"malformed_json","requestId":"req-1"}"#
    );
    insta::assert_snapshot!(
        post(&world, &shop, "application/json", "[".repeat(65)).await.shown(),
        @r#"400 {"statusCode":400,"error":"Bad Request","message":"The request body is not valid JSON: more than 64 levels deep","code":"malformed_json","requestId":"req-1"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_400() {
    let world = World::new().await;
    let shop = world.shop().await;
    let broken = futures::stream::iter([Ok("{"), Err(std::io::Error::other("the line was cut"))]);
    insta::assert_snapshot!(
        post(&world, &shop, "application/json", Body::from_stream(broken)).await.shown(),
        @r#"400 {"statusCode":400,"error":"Bad Request","message":"The request body ended early","code":"incomplete_body","requestId":"req-1"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_or_a_wrong_one_is_401() {
    let world = World::new().await;
    let shop = world.shop().await;
    insta::assert_snapshot!(
        world.call(Method::POST, TRIGGER, &[], Some(&order("evt-1"))).await.shown(),
        @r#"401 {"statusCode":401,"error":"Unauthorized","message":"The x-api-key header is missing","code":"missing_api_key","requestId":"req-1"}"#
    );
    let wrong = [("x-api-key", "orq_live_wrong")];
    insta::assert_snapshot!(
        world.call(Method::POST, TRIGGER, &wrong, Some(&order("evt-1"))).await.shown(),
        @r#"401 {"statusCode":401,"error":"Unauthorized","message":"The API key is not valid","code":"invalid_api_key","requestId":"req-1"}"#
    );
    let twice = [("x-api-key", shop.key.as_str()), ("x-api-key", shop.key.as_str())];
    let refused = world.call(Method::POST, TRIGGER, &twice, Some(&order("evt-1"))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_tenant_is_401_until_it_is_active_again() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}", shop.tenant);
    world.admin(Method::PATCH, &path, Some(&json!({"active": false}))).await;
    insta::assert_snapshot!(
        world.trigger(&shop, &[], &order("evt-1")).await.shown(),
        @r#"401 {"statusCode":401,"error":"Unauthorized","message":"The tenant is inactive","code":"tenant_inactive","requestId":"req-1"}"#
    );
    world.admin(Method::PATCH, &path, Some(&json!({"active": true}))).await;
    assert_eq!(world.trigger(&shop, &[], &order("evt-1")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_route_is_404_and_a_wrong_method_405_with_allow() {
    let world = World::new().await;
    insta::assert_snapshot!(
        world.call(Method::GET, "/api/v1/nothing", &[], None).await.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"There is no such route","code":"no_such_route","requestId":"req-1"}"#
    );
    let refused = world.call(Method::GET, "/api/v1/auth/realtime-token", &[], None).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"405 {"statusCode":405,"error":"Method Not Allowed","message":"The route does not take this method","code":"method_not_allowed","requestId":"req-1"}"#
    );
    assert_eq!(refused.header("allow"), Some("POST"));
    let refused = world.call(Method::DELETE, "/admin/v1/tenants/t", &[], None).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    let mut allowed: Vec<_> = refused.header("allow").unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "PATCH"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_408() {
    let world = World::new().await;
    let shop = world.shop().await;
    let endless = futures::stream::pending::<Result<&str, std::io::Error>>();
    let refused = post(&world, &shop, "application/json", Body::from_stream(endless)).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"408 {"statusCode":408,"error":"Request Timeout","message":"The request body did not arrive in time","code":"request_timeout","requestId":"req-1"}"#
    );
    assert_eq!(refused.header("connection"), Some("close"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_256_kb_is_413() {
    let world = World::new().await;
    let shop = world.shop().await;
    insta::assert_snapshot!(
        post(&world, &shop, "application/json", " ".repeat(256 * 1024 + 1)).await.shown(),
        @r#"413 {"statusCode":413,"error":"Payload Too Large","message":"The request body is larger than 256 KB","code":"payload_too_large","requestId":"req-1"}"#
    );
    let mut largest = order("evt-1");
    largest["variables"]["text"] = json!("");
    let room = 256 * 1024 - largest.to_string().len();
    largest["variables"]["text"] = json!("x".repeat(room));
    assert_eq!(post(&world, &shop, "application/json", largest.to_string()).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_is_415() {
    let world = World::new().await;
    let shop = world.shop().await;
    insta::assert_snapshot!(
        post(&world, &shop, "text/plain", order("evt-1").to_string()).await.shown(),
        @r#"415 {"statusCode":415,"error":"Unsupported Media Type","message":"The Content-Type must be application/json","code":"unsupported_media_type","requestId":"req-1"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_422_and_all_of_them_named() {
    let world = World::new().await;
    let shop = world.shop().await;
    insta::assert_snapshot!(
        world.trigger(&shop, &[], &json!({})).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"eventType is required; payload is required","code":"validation_failed","requestId":"req-1","details":[{"field":"eventType","message":"is required"},{"field":"payload","message":"is required"}]}"#
    );
    let body = json!({"eventType": "a", "channels": ["FAX"], "payload": {"recipientEmail": "nobody"}});
    insta::assert_snapshot!(
        world.trigger(&shop, &[], &body).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"channels must hold only EMAIL, SMS, PUSH; payload.userId is required; payload.recipientEmail must be one email address, as in user@example.com, of at most 254 bytes","code":"validation_failed","requestId":"req-1","details":[{"field":"channels","message":"must hold only EMAIL, SMS, PUSH"},{"field":"payload.userId","message":"is required"},{"field":"payload.recipientEmail","message":"must be one email address, as in user@example.com, of at most 254 bytes"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_append_is_500_and_says_nothing_of_the_inside() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.commands.log().clone().close().await;
    insta::assert_snapshot!(
        world.trigger(&shop, &[], &order("evt-1")).await.shown(),
        @r#"500 {"statusCode":500,"error":"Internal Server Error","message":"The request could not be completed now. Try again soon","code":"unavailable","requestId":"req-1","retryAfter":1}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_503_with_retry_after() {
    let world = Arc::new(World::with(|sizes| (sizes.max_batch, sizes.queue) = (1, 1)).await);
    let shop = world.tenant(&json!({"name": "Shop"})).await;
    let posts: Vec<_> = (0..100)
        .map(|number| {
            let (world, shop) = (Arc::clone(&world), shop.clone());
            tokio::spawn(async move { world.trigger(&shop, &[], &order(&format!("evt-{number}"))).await })
        })
        .collect();
    let mut refused = None;
    for post in posts {
        let answer = post.await.unwrap();
        if answer.status != StatusCode::OK {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("100 at once are more than a queue of one takes");
    insta::assert_snapshot!(
        refused.shown(),
        @r#"503 {"statusCode":503,"error":"Service Unavailable","message":"Too many requests at once. Try again soon","code":"overloaded","requestId":"req-1","retryAfter":1}"#
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_cancels_nothing() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut head = world.commands.log().head();
    let before = *head.borrow_and_update();
    let hung_up = world.trigger(&shop, &[], &order("evt-1")).now_or_never();
    assert!(hung_up.is_none(), "an append takes longer than one poll");
    let moved = head.wait_for(|head| *head > before);
    tokio::time::timeout(Duration::from_secs(30), moved).await.expect("the event is recorded").unwrap();
    assert_eq!(world.get(&shop, "/api/v1/events/evt-1").await.status, StatusCode::OK);
}
