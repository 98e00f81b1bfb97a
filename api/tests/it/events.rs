//! An operator finds a tenant's events by what a customer is known by.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Caller, World, order};

fn asked(shop: &Caller, rest: &str) -> String {
    format!("/admin/v1/events?tenantId={}&{rest}", shop.tenant)
}

async fn found(world: &World, shop: &Caller, rest: &str) -> Vec<Value> {
    let answer = world.admin(Method::GET, &asked(shop, rest), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["data"].as_array().unwrap().clone()
}

async fn accepted(world: &World, shop: &Caller, event: &str) -> String {
    let answer = world.trigger(shop, &[], &order(event)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let state = world.get(shop, &format!("/api/v1/events/{event}")).await.json();
    state["data"]["notificationId"].as_str().unwrap().to_owned()
}

/// What finds the events of `order`.
const KEYS: [&str; 4] = ["userId=u-1", "email=user%40EXAMPLE.com", "phone=%2B254712345678", "eventId=evt-1"];

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_found_with_the_state_of_each_channel_and_nothing_is_opened() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let notification = accepted(&world, &shop, "evt-1").await;
    world.drain(&shop, &["evt-1"]).await;
    let before = world.commands.log().fetch_head().await.unwrap();
    for key in KEYS {
        let events = found(&world, &shop, key).await;
        let event = &events[0];
        assert_eq!((events.len(), &event["notificationId"]), (1, &json!(notification)), "{key}");
        assert_eq!(event["eventType"], "order.confirmed");
        let id = if key.starts_with("eventId") { json!("evt-1") } else { Value::Null };
        assert_eq!(event["eventId"], id, "the id is personal: told only to those who have it");
        let channels = event["channels"].as_array().unwrap();
        let told: Vec<_> = channels.iter().map(|one| (&one["channel"], &one["status"])).collect();
        let sent = json!("SENT");
        assert_eq!(told, [(&json!("EMAIL"), &sent), (&json!("SMS"), &sent), (&json!("PUSH"), &sent)]);
        assert_eq!(channels[0]["provider"], "sandbox");
        assert!(channels[0]["sentAt"].is_string() && channels[0]["cause"].is_null(), "{event}");
    }
    let after = world.commands.log().fetch_head().await.unwrap();
    assert_eq!(after, before, "nothing personal was read, so no reading is on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_addresses_and_ids_find_nothing() {
    let world = World::new().await;
    world.project();
    let (shop, stranger) = (world.shop().await, world.shop().await);
    accepted(&world, &shop, "evt-1").await;
    world.projected().await;
    for key in KEYS {
        assert_eq!(found(&world, &shop, key).await.len(), 1, "{key}");
        assert!(found(&world, &stranger, key).await.is_empty(), "{key}");
    }
    for tenant in ["x", "0190b5a0-0000-7000-8000-00000000ffff"] {
        let path = format!("/admin/v1/events?tenantId={tenant}&userId=u-1");
        let unknown = world.admin(Method::GET, &path, None).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                unknown.shown(),
                @r#"404 {"statusCode":404,"error":"Not Found","message":"No such tenant","code":"unknown_tenant","requestId":"req-1"}"#
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_channel_waits_or_is_skipped_is_told_by_its_code() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let sms = format!("/admin/v1/tenants/{}/templates/order.confirmed/SMS", shop.tenant);
    drop(world.admin(Method::PATCH, &sms, Some(&json!({"active": false}))).await);
    let nobody =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}]);
    let providers = format!("/admin/v1/tenants/{}/providers/EMAIL", shop.tenant);
    assert_eq!(world.admin(Method::PUT, &providers, Some(&nobody)).await.status, StatusCode::OK);
    accepted(&world, &shop, "evt-1").await;
    let path = format!("/admin/v1/tenants/{}/events/evt-1", shop.tenant);
    world.sent(&shop, &path, "PUSH").await;
    assert_eq!(world.admin(Method::PUT, &providers, Some(&json!([]))).await.status, StatusCode::OK);
    let mut head = world.commands.log().head();
    let email = tokio::time::timeout(crate::world::DEADLINE, async {
        loop {
            head.borrow_and_update();
            world.projected().await;
            let channels = found(&world, &shop, "userId=u-1").await[0]["channels"].clone();
            assert_eq!(channels[1]["reason"], "template_inactive");
            if channels[0]["status"] == "RETRYING" {
                return channels[0].clone();
            }
            head.changed().await.unwrap();
        }
    });
    let email = email.await.expect("an attempt that fails");
    assert_eq!(
        (&email["waitsFor"], &email["cause"]),
        (&json!("no_provider"), &json!("smtp_connect_refused"))
    );
    assert!(email["nextDue"].is_string(), "{email}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_goes_on_behind_its_link_newest_first() {
    let world = World::new().await;
    world.project();
    let shop = world.shop().await;
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.insert(0, accepted(&world, &shop, &format!("evt-{number}")).await);
    }
    world.projected().await;
    for key in &KEYS[..3] {
        let (mut next, mut seen) = (Some(asked(&shop, &format!("{key}&limit=2"))), Vec::new());
        while let Some(path) = next {
            let page = world.admin(Method::GET, &path, None).await;
            let data = page.json()["data"].as_array().unwrap().clone();
            assert!(!data.is_empty() && data.len() <= 2, "{page:?}");
            seen.extend(data.iter().map(|one| one["notificationId"].as_str().unwrap().to_owned()));
            let link = page.header("link").and_then(|link| link.strip_prefix('<')?.split_once('>'));
            next = link.map(|(path, _)| path.to_owned());
        }
        assert_eq!(seen, expected, "{key}");
    }
    let future = asked(&shop, "userId=u-1&since=2999-01-01T00:00:00Z");
    assert_eq!(world.admin(Method::GET, &future, None).await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_no_address_is_repeated() {
    let world = World::new().await;
    let shop = world.shop().await;
    let none = world.admin(Method::GET, "/admin/v1/events", None).await;
    insta::assert_snapshot!(
        none.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"tenantId is required; userId or one of email, phone, eventId is required","code":"validation_failed","requestId":"req-1","details":[{"field":"tenantId","message":"is required"},{"field":"userId","message":"or one of email, phone, eventId is required"}]}"#
    );
    for (rest, field) in [
        ("email=ann-at-example", "email"),
        ("phone=0712345678", "phone"),
        ("userId=", "userId"),
        ("eventId=%00", "eventId"),
        ("userId=u&email=a%40example.org", "email"),
        ("userId=u&since=yesterday", "since"),
        ("userId=u&limit=0", "limit"),
        ("userId=u&cursor=x", "cursor"),
    ] {
        let wrong = world.admin(Method::GET, &asked(&shop, rest), None).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{rest}");
        assert_eq!(wrong.json()["details"][0]["field"], field, "{rest}");
        assert!(!wrong.body.contains("ann-at") && !wrong.body.contains("0712345678"), "{wrong:?}");
    }
}
