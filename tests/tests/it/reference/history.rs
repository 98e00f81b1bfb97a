//! Fetching the history.

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;

use super::{global, refuses_other_keys};

#[tokio::test]
async fn history_parameter_limit() {
    let world = World::start().await;
    let tenant = world.tenant();
    for _ in 0..105 {
        drop(world.accept(tenant, &global("u")).await);
    }
    drop(world.drain().await);
    wait::until("all rows", std::time::Duration::from_secs(10), async || {
        (world.history(tenant, "u").await.len() == 105).then_some(())
    })
    .await;
    for (query, rows) in [
        ("", 50),
        ("?limit=1", 1),
        ("?limit=100", 100),
        ("?limit=1000", 100),
        ("?limit=100&offset=100", 5),
        ("?offset=200", 0),
    ] {
        let path = format!("/api/v1/notifications/{}/u{query}", tenant.id);
        let answer = world.call(Request::get(path).key(&tenant.key)).await.expect(200).json();
        assert_eq!(answer["data"].as_array().unwrap().len(), rows, "{query}");
        assert_eq!(answer["success"], true);
    }
    for query in ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=x"] {
        let path = format!("/api/v1/notifications/{}/u?{query}", tenant.id);
        let (status, error) = world.call(Request::get(path).key(&tenant.key)).await.error();
        assert_eq!((status, &error["code"]), (422, &json!("validation_failed")), "{query}");
    }
}

#[tokio::test]
async fn history_response() {
    let (world, _smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    drop(world.accept(tenant, &order(1)).await);
    drop(world.drain().await);
    let state = world.event(tenant, "order-1").await;
    let answer = world
        .call(Request::get(format!("/api/v1/notifications/{}/user-1", tenant.id)).key(&tenant.key))
        .await;
    let mut body = answer.expect(200).json();
    let created = body["data"][0]["created_at"].take();
    let created = created.as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z') && created.starts_with("20"), "{created}");
    assert_eq!(
        body,
        json!({
            "success": true,
            "data": [{
                "id": state.notification_id,
                "type": "order.confirmed",
                "title": "Order Confirmed",
                "body": "Your order ORD-1 has been confirmed.",
                "status": "UNREAD",
                "created_at": null,
            }],
        })
    );
}

#[tokio::test]
async fn history_push_channel_only() {
    let world = World::start().await;
    let tenant = world.tenant();
    let all = json!({"eventType": "global.info", "payload": {"userId": "u", "recipientEmail": "a@example.org"},
                     "variables": {"title": "t", "message": "m"}});
    let mail = json!({"eventType": "global.info", "channels": ["EMAIL"], "payload": {"userId": "u", "recipientEmail": "a@example.org"},
                      "variables": {"title": "t", "message": "m"}});
    drop(world.accept(tenant, &all).await);
    drop(world.accept(tenant, &mail).await);
    drop(world.drain().await);
    orqestra_tests::wait::until("the row", std::time::Duration::from_secs(10), async || {
        (!world.history(tenant, "u").await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(world.history(tenant, "u").await.len(), 1);
}

#[tokio::test]
async fn history_header_x_api_key() {
    let world = World::start().await;
    let path = format!("/api/v1/notifications/{}/u", world.tenant().id);
    refuses_other_keys(&world, Request::get(&path)).await;
    let answer = world.call(Request::get(path).key(&world.tenant().key)).await.expect(200);
    assert_eq!(answer.text(), r#"{"success":true,"data":[]}"#);
}

#[tokio::test]
async fn history_parameter_offset() {
    let world = World::start().await;
    let tenant = world.tenant();
    for number in 0..5 {
        let mut body = global("u");
        body["variables"]["title"] = json!(number.to_string());
        drop(world.accept(tenant, &body).await);
    }
    drop(world.drain().await);
    let get = async |query: &str| {
        let path = format!("/api/v1/notifications/{}/u{query}", tenant.id);
        world.call(Request::get(path).key(&tenant.key)).await
    };
    for (query, titles) in [
        ("", "4 3 2 1 0"),
        ("?offset=0", "4 3 2 1 0"),
        ("?offset=2", "2 1 0"),
        ("?offset=1&limit=2", "3 2"),
        ("?offset=0&offset=3", "1 0"),
        ("?offset=5", ""),
        ("?offset=18446744073709551616", ""),
    ] {
        let body = get(query).await.expect(200).json();
        let found: Vec<_> =
            body["data"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), titles, "{query}");
    }
    for query in ["?offset=-1", "?offset=", "?offset=1.5", "?offset=x"] {
        let (status, body) = get(query).await.error();
        assert_eq!(
            (status, &body["message"]),
            (422, &json!("offset must be a whole number from 0")),
            "{query}"
        );
    }
}
