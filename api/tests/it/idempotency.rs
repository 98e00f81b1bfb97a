//! The same event twice is one event, whoever asks and however many at once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::world::{World, order};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_gets_the_same_answer_and_nothing_new() {
    let world = World::new().await;
    let shop = world.shop().await;
    let first = world.trigger(&shop, &[], &order("evt-1")).await;
    let head = world.commands.log().fetch_head().await.unwrap();
    let rename = json!({"name": "Another name"});
    let path = format!("/admin/v1/tenants/{}", shop.tenant);
    world.admin(axum::http::Method::PATCH, &path, Some(&rename)).await;
    let again = world.trigger(&shop, &[], &order("evt-1")).await;
    assert_eq!(again.shown(), first.shown());
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let renamed = 1;
    assert_eq!(world.commands.log().fetch_head().await.unwrap().get(), head.get() + renamed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_again_gets_the_same_answer_for_24_hours() {
    let world = World::new().await;
    let shop = world.shop().await;
    let body = json!({"eventType": "order.confirmed", "payload": {"userId": "u-1"}});
    let first = world.trigger(&shop, &[("x-idempotency-key", "k-1")], &body).await;
    let again = world.trigger(&shop, &[("idempotency-key", "k-1")], &body).await;
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    world.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    let later = world.trigger(&shop, &[("x-idempotency-key", "k-1")], &body).await;
    assert_eq!(later.status, StatusCode::OK);
    assert_eq!(later.header("idempotency-replayed"), None);
    assert_ne!(later.header("location"), first.header("location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_body_written_otherwise_is_the_same_request() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.trigger(&shop, &[], &order("evt-1")).await;
    let text = r#"{ "variables": {"name":"Ada", "number":"A-1"}, "payload": {"recipientPhone":"+254712345678",
        "userId":"u-1","recipientEmail":"user@example.com"}, "eventId":"evt-1", "eventType":"order.confirmed" }"#;
    let request = axum::http::Request::post("/api/v1/events/trigger")
        .header("x-api-key", &shop.key)
        .header("content-type", "application/json")
        .body(axum::body::Body::from(text))
        .unwrap();
    let again = world.send(request).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::OK, Some("true")));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_under_the_same_key_or_event_is_refused() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut other = order("evt-1");
    other["variables"]["number"] = json!("A-2");
    world.trigger(&shop, &[("x-idempotency-key", "k-1")], &order("evt-1")).await;
    let event = world.trigger(&shop, &[], &other).await;
    insta::assert_snapshot!(
        event.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"The eventId was used before with another request body or another kind of API key","code":"event_id_reused","requestId":"req-1"}"#
    );
    other["eventId"] = json!("evt-2");
    let key = world.trigger(&shop, &[("x-idempotency-key", "k-1")], &other).await;
    insta::assert_snapshot!(
        key.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"The idempotency key was used before with another request body or another kind of API key","code":"idempotency_key_reused","requestId":"req-1"}"#
    );
    let both = world.trigger(&shop, &[("x-idempotency-key", "a"), ("idempotency-key", "b")], &other).await;
    assert_eq!(both.json()["details"][0]["field"], "X-Idempotency-Key");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_100_posts_of_one_key_at_once_one_counts_and_all_get_its_answer() {
    let world = Arc::new(World::new().await);
    let shop = world.shop().await;
    let body = json!({"eventType": "order.confirmed", "payload": {"userId": "u-1"}});
    let before = world.commands.log().fetch_head().await.unwrap();
    let posts: Vec<_> = (0..100)
        .map(|_| {
            let (world, shop, body) = (Arc::clone(&world), shop.clone(), body.clone());
            tokio::spawn(async move { world.trigger(&shop, &[("x-idempotency-key", "k-1")], &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for post in posts {
        answers.push(post.await.unwrap());
    }
    let (first, rest) = answers.split_first().unwrap();
    assert_eq!(first.status, StatusCode::OK);
    for other in rest {
        assert_eq!(other.shown(), first.shown());
        assert_eq!(other.header("location"), first.header("location"));
    }
    let new = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(new, 1);
    assert_eq!(world.commands.log().fetch_head().await.unwrap().get(), before.get() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_may_use_the_same_event_id_and_key() {
    let world = World::new().await;
    let (one, other) = (world.shop().await, world.shop().await);
    for shop in [&one, &other] {
        let answer = world.trigger(shop, &[("x-idempotency-key", "k-1")], &order("evt-1")).await;
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (StatusCode::OK, None));
    }
}
