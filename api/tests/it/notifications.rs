//! The history, reading, and realtime tokens.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use orqestra_domain::TenantId;
use orqestra_event_log::Clock;
use orqestra_realtime::RealtimeTokens;
use serde_json::{Value, json};

use crate::world::{Caller, REALTIME_SECRET, World, order};

fn ids(history: &Value) -> Vec<String> {
    history["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn pushed(world: &World, shop: &Caller, count: usize) {
    let events: Vec<_> = (0..count).map(|number| format!("evt-{number}")).collect();
    for event in &events {
        let mut body = order(event);
        body["channels"] = json!(["PUSH"]);
        assert_eq!(world.trigger(shop, &[], &body).await.status, StatusCode::OK);
        world.clock.advance(Duration::from_secs(1));
    }
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    world.drain(shop, &events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_paged_by_offset_and_by_link() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    pushed(&world, &shop, 5).await;
    let path = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    let all = world.get(&shop, &path).await;
    assert_eq!(all.header("link"), None);
    let all = all.json();
    assert_eq!(all["data"][0]["created_at"], "2026-11-24T12:00:04Z");
    let all = ids(&all);
    assert_eq!(all.len(), 5);
    let skipped = world.get(&shop, &format!("{path}?limit=2&offset=3")).await;
    assert_eq!(ids(&skipped.json()), all[3..]);

    let mut walked = Vec::new();
    let mut next = Some(format!("{path}?limit=2"));
    while let Some(page) = next {
        let answer = world.get(&shop, &page).await;
        walked.extend(ids(&answer.json()));
        next = answer.header("link").map(|link| {
            let (target, rel) = link.split_once(">; ").unwrap();
            assert_eq!(rel, "rel=\"next\"");
            target.strip_prefix('<').unwrap().to_owned()
        });
    }
    assert_eq!(walked, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_offset_of_large_pushes_comes_whole_and_names_the_next_one() {
    const LARGE: usize = 200 * 1024;
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let events: Vec<_> = (0..8).map(|number| format!("evt-{number}")).collect();
    for event in &events {
        let mut body = order(event);
        body["channels"] = json!(["PUSH"]);
        body["variables"]["name"] = json!("x".repeat(LARGE));
        assert_eq!(world.trigger(&shop, &[], &body).await.status, StatusCode::OK);
        world.clock.advance(Duration::from_secs(1));
    }
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    world.drain(&shop, &events).await;
    let path = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    let whole = world.get(&shop, &format!("{path}?limit=100")).await;
    assert_eq!(whole.header("content-type"), Some("application/json"));
    assert_eq!((ids(&whole.json()).len(), whole.json()["success"].as_bool()), (8, Some(true)));
    assert_eq!(whole.header("link"), None);
    assert!(whole.json()["data"][7]["body"].as_str().unwrap().len() > LARGE);
    let part = world.get(&shop, &format!("{path}?limit=6&offset=1")).await;
    assert_eq!(ids(&part.json()), ids(&whole.json())[1..7]);
    let next = part.header("link").unwrap().split_once(">; ").unwrap().0[1..].to_owned();
    assert_eq!(ids(&world.get(&shop, &next).await.json()), ids(&whole.json())[7..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_told_to_be_sent_is_in_the_history() {
    let world = World::new().await;
    // No process projects: what the history holds is what the answers before brought there.
    world.dispatch();
    let shop = world.shop().await;
    let history = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    for (number, path) in [
        "/api/v1/events/evt-0".to_owned(),
        format!("/admin/v1/tenants/{}/events/evt-1", shop.tenant),
        "/api/v1/events/evt-2".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(world.trigger(&shop, &[], &order(&format!("evt-{number}"))).await.status, StatusCode::OK);
        world.sent(&shop, path, "PUSH").await;
        assert_eq!(ids(&world.get(&shop, &history).await.json()).len(), number + 1, "{path}");
    }
    let before = world.get(&shop, &history).await.json();
    world.project();
    world.projected().await;
    assert_eq!(world.get(&shop, &history).await.json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_a_forgotten_recipient_is_told_of_and_does_not_come_back() {
    let world = World::new().await;
    world.dispatch();
    let shop = world.shop().await;
    assert_eq!(world.trigger(&shop, &[], &order("evt-0")).await.status, StatusCode::OK);
    world.sent(&shop, "/api/v1/events/evt-0", "PUSH").await;
    world.project();
    let tenant = world.commands.directory().tenant(shop.tenant.parse().unwrap()).unwrap();
    let user = orqestra_domain::UserId::parse("u-1").unwrap();
    let context = orqestra_commands::Context::engine("test");
    world.commands.forget_recipient(&tenant, &user, &context).await.unwrap();
    world.projected().await;
    world.sent(&shop, "/api/v1/events/evt-0", "PUSH").await;
    let history = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    assert!(ids(&world.get(&shop, &history).await.json()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_of_the_history_is_422() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = format!("/api/v1/notifications/{}/u%0A1?limit=0&offset=x", shop.tenant);
    insta::assert_snapshot!(
        world.get(&shop, &path).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"userId must not contain control characters; limit must be a whole number from 1; offset must be a whole number from 0","code":"validation_failed","requestId":"req-1","details":[{"field":"userId","message":"must not contain control characters"},{"field":"limit","message":"must be a whole number from 1"},{"field":"offset","message":"must be a whole number from 0"}]}"#
    );
    let empty = world.get(&shop, &format!("/api/v1/notifications/{}/nobody", shop.tenant)).await;
    insta::assert_snapshot!(empty.shown(), @r#"200 {"success":true,"data":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_marked_read_is_read_in_the_very_next_request() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    pushed(&world, &shop, 2).await;
    let path = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    let newest = ids(&world.get(&shop, &path).await.json()).remove(0);
    for _ in 0..2 {
        let marked = world.put(&shop, &format!("{path}/{newest}/read")).await;
        assert_eq!(marked.shown(), r#"200 {"success":true}"#);
        let history = world.get(&shop, &path).await.json();
        assert_eq!(
            (&history["data"][0]["status"], &history["data"][1]["status"]),
            (&json!("READ"), &json!("UNREAD"))
        );
    }
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    assert!(state["data"]["readAt"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_users_inbox_cannot_be_read() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    pushed(&world, &shop, 1).await;
    let tenant = &shop.tenant;
    let id = ids(&world.get(&shop, &format!("/api/v1/notifications/{tenant}/u-1")).await.json()).remove(0);
    let other_user = world.put(&shop, &format!("/api/v1/notifications/{tenant}/u-2/{id}/read")).await;
    insta::assert_snapshot!(
        other_user.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such notification","code":"unknown_notification","requestId":"req-1"}"#
    );
    for id in ["nonsense", "de8a96bd-401d-53ee-b55c-8dcb92b2224a"] {
        let unknown = world.put(&shop, &format!("/api/v1/notifications/{tenant}/u-1/{id}/read")).await;
        assert_eq!(unknown.json()["code"], "unknown_notification", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_may_hold_whatever_a_path_can_escape() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let mut body = order("evt-1");
    body["payload"]["userId"] = json!("Jörg/#1 %");
    world.trigger(&shop, &[], &body).await;
    world.drain(&shop, &["evt-1"]).await;
    let path = format!("/api/v1/notifications/{}/J%C3%B6rg%2F%231%20%25", shop.tenant);
    let id = ids(&world.get(&shop, &path).await.json()).remove(0);
    assert_eq!(world.put(&shop, &format!("{path}/{id}/read")).await.status, StatusCode::OK);
    assert_eq!(world.get(&shop, &path).await.json()["data"][0]["status"], "READ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realtime_token_is_issued_as_the_reference_says() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = "/api/v1/auth/realtime-token";
    let key = [("x-api-key", shop.key.as_str())];
    let issued = world.call(Method::POST, path, &key, Some(&json!({"userId": "u-1"}))).await;
    assert_eq!(issued.status, StatusCode::OK);
    let body = issued.json();
    let token = body["token"].as_str().unwrap();
    assert_eq!(
        issued.body,
        format!(r#"{{"token":"{token}","channels":["global_system#u-1","orders#u-1"]}}"#)
    );
    let claims = RealtimeTokens::new(REALTIME_SECRET).unwrap().verify(token, world.clock.now()).unwrap();
    assert_eq!(claims.tenant, shop.tenant.parse::<TenantId>().unwrap());
    assert_eq!(claims.exp - claims.iat, 7_200);

    let missing = world.call(Method::POST, path, &key, Some(&json!({}))).await;
    insta::assert_snapshot!(
        missing.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"userId is required","code":"validation_failed","requestId":"req-1","details":[{"field":"userId","message":"is required"}]}"#
    );
    let nobody = world.call(Method::POST, path, &[], Some(&json!({"userId": "u-1"}))).await;
    assert_eq!(nobody.json()["code"], "missing_api_key");
    let no_json = world.call(Method::POST, path, &key, None).await;
    assert_eq!(no_json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
