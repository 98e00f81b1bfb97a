//! The operators' routes for unknown outcomes, dead letters and redrives.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::admin::held;
use crate::world::{Caller, DEADLINE, World, order};

/// A number at which nothing ever arrives.
const DEAD: &str = "+15005550003";
const OTHER: &str = "0190b5a0-0000-7000-8000-00000000ffff";

/// Accepts an event whose text message is refused for good.
async fn refused(world: &World, shop: &Caller, event: &str) {
    let mut body = order(event);
    body["payload"]["recipientPhone"] = json!(DEAD);
    assert_eq!(world.trigger(shop, &[], &body).await.status, StatusCode::OK);
    world.drain(shop, &[event]).await;
}

async fn dead_letters(world: &World, shop: &Caller, narrowed: &str) -> Vec<Value> {
    world.projected().await;
    let path = format!("/admin/v1/dead-letters?tenantId={}{narrowed}", shop.tenant);
    let answer = world.admin(Method::GET, &path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["data"].as_array().unwrap().clone()
}

/// Waits until a redrive has ended.
async fn ended(world: &World, shop: &Caller, id: &str) -> Value {
    let path = format!("/admin/v1/redrives/{id}?tenantId={}", shop.tenant);
    let mut head = world.commands.log().head();
    let ends = async {
        loop {
            head.borrow_and_update();
            let stands = world.admin(Method::GET, &path, None).await;
            assert_eq!(stands.status, StatusCode::OK, "{stands:?}");
            if stands.json()["data"]["state"] == "ended" {
                return stands.json()["data"].clone();
            }
            tokio::time::timeout(std::time::Duration::from_millis(100), head.changed()).await.ok();
        }
    };
    tokio::time::timeout(DEADLINE, ends).await.expect("the redrive ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_shown_and_redriven() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    for event in ["evt-1", "evt-2", "evt-3"] {
        refused(&world, &shop, event).await;
    }
    let all = dead_letters(&world, &shop, "").await;
    assert_eq!(all.len(), 3);
    let first = &all[0];
    assert_eq!((&first["channel"], &first["status"]), (&json!("SMS"), &json!("FAILED")));
    assert_eq!((&first["cause"], &first["provider"]), (&json!("sandbox_hard_bounce"), &json!("sandbox")));
    for (narrowed, found) in [
        ("&channel=EMAIL", 0),
        ("&channel=SMS&cause=sandbox_hard_bounce&provider=sandbox&eventType=order.confirmed", 3),
        ("&cause=smtp_550", 0),
        ("&since=2099-01-01T00:00:00Z", 0),
        ("&until=2000-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(dead_letters(&world, &shop, narrowed).await.len(), found, "{narrowed}");
    }
    let delivery = first["deliveryId"].as_str().unwrap();
    let path = format!("/admin/v1/dead-letters/{delivery}?tenantId={}", shop.tenant);
    let shown = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(&shown["data"], first);

    // What ends at the very moment of the request is not part of it.
    world.clock.advance(std::time::Duration::from_secs(1));
    let body =
        json!({"tenantId": shop.tenant, "ids": [delivery, OTHER], "reason": "ticket 311", "dryRun": true});
    let path = "/admin/v1/dead-letters/redrive";
    let answer = world.admin(Method::POST, path, Some(&body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let id = answer.json()["data"]["redriveId"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.header("location").unwrap(),
        format!("/admin/v1/redrives/{id}?tenantId={}", shop.tenant)
    );
    let dry = ended(&world, &shop, &id).await;
    assert_eq!((&dry["requeued"], &dry["refused"]), (&json!(1), &json!({"unknown_delivery": 1})));
    assert_eq!((&dry["ids"], &dry["dryRun"], &dry["by"]), (&json!(2), &json!(true), &json!("admin:primary")));

    let body = json!({"tenantId": shop.tenant, "filter": {"channel": "SMS"}, "reason": "ticket 311"});
    let answer = world.admin(Method::POST, path, Some(&body)).await;
    let id = answer.json()["data"]["redriveId"].as_str().unwrap().to_owned();
    let done = ended(&world, &shop, &id).await;
    assert_eq!((&done["requeued"], &done["refused"]), (&json!(3), &json!({})));
    assert_eq!(done["filter"], json!({"channel": "SMS"}));
    // The number is still refused: each is a dead letter once more, after one more attempt.
    let again = async {
        loop {
            let all = dead_letters(&world, &shop, "").await;
            if all.len() == 3 && all.iter().all(|dead| dead["attempts"] == 2) {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, again).await.expect("they are tried once more");
    let listed =
        world.admin(Method::GET, &format!("/admin/v1/redrives?tenantId={}", shop.tenant), None).await;
    let listed = listed.json();
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["redriveId"]), (2, &json!(id)));

    let path = format!("/admin/v1/redrives/{id}/stop?tenantId={}", shop.tenant);
    let stopped = world.admin(Method::POST, &path, None).await;
    assert_eq!((stopped.status, &stopped.json()["code"]), (StatusCode::CONFLICT, &json!("redrive_ended")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_since_a_time_selects_deliveries_that_ended_then_or_later() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    for event in ["evt-1", "evt-2", "evt-3"] {
        refused(&world, &shop, event).await;
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let all = dead_letters(&world, &shop, "").await;
    let filter = json!({"since": all[1]["endedAt"]});
    let body =
        json!({"tenantId": shop.tenant, "filter": filter, "reason": "the provider was down", "dryRun": true});
    let answer = world.admin(Method::POST, "/admin/v1/dead-letters/redrive", Some(&body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let id = answer.json()["data"]["redriveId"].as_str().unwrap().to_owned();
    let dry = ended(&world, &shop, &id).await;
    assert_eq!((&dry["requeued"], &dry["refused"]), (&json!(2), &json!({})), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_is_stopped_before_it_begins() {
    let world = World::new().await;
    world.project();
    let shop = world.shop().await;
    let body = json!({"tenantId": shop.tenant, "filter": {}, "reason": "too much"});
    let answer = world.admin(Method::POST, "/admin/v1/dead-letters/redrive", Some(&body)).await;
    let id = answer.json()["data"]["redriveId"].as_str().unwrap().to_owned();
    let path = format!("/admin/v1/redrives/{id}?tenantId={}", shop.tenant);
    // No dispatch has read of it: its own events tell.
    assert_eq!(world.admin(Method::GET, &path, None).await.json()["data"]["state"], "running");
    let stop = format!("/admin/v1/redrives/{id}/stop?tenantId={}", shop.tenant);
    assert_eq!(world.admin(Method::POST, &stop, None).await.shown(), r#"200 {"success":true}"#);
    let again = world.admin(Method::POST, &stop, None).await;
    assert_eq!(again.json()["code"], "redrive_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_go_on_behind_their_links_and_show_each_delivery_once() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    for number in 0..5 {
        refused(&world, &shop, &format!("evt-{number}")).await;
    }
    world.projected().await;
    let (mut next, mut seen) = (
        Some(format!("/admin/v1/dead-letters?tenantId={}&cause=sandbox_hard_bounce&limit=2", shop.tenant)),
        Vec::new(),
    );
    while let Some(path) = next {
        let answer = world.admin(Method::GET, &path, None).await;
        let page = answer.json()["data"].as_array().unwrap().clone();
        seen.extend(page.iter().map(|dead| dead["deliveryId"].as_str().unwrap().to_owned()));
        let link = answer.header("link").map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
        assert!(link.as_ref().is_none_or(|link| link.contains("cause=sandbox_hard_bounce")), "{link:?}");
        next = link;
    }
    let all: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), all.len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_listed_until_it_is_resolved() {
    let world = World::new().await;
    world.project();
    let shop = world.shop().await;
    let mut deliveries = Vec::new();
    for event in ["evt-1", "evt-2", "evt-3"] {
        deliveries.push(held(&world, &shop, event).await);
    }
    world.projected().await;
    let path = format!("/admin/v1/unknown?tenantId={}", shop.tenant);
    let listed = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    let first = &listed["data"][0];
    assert_eq!((&first["cause"], &first["provider"]), (&json!("smtp_timeout"), &json!("smtp")));
    assert_eq!((&first["attempts"], &first["waitsForReceipt"]), (&json!(1), &json!(false)));
    let page = world.admin(Method::GET, &format!("{path}&limit=2"), None).await;
    assert!(page.header("link").unwrap().contains(&format!("tenantId={}&limit=2&cursor=", shop.tenant)));

    let resolve = format!("/admin/v1/deliveries/{}/resolve", deliveries[0]);
    let resolved = world.admin(Method::POST, &resolve, Some(&json!({"resolution": "drop"}))).await;
    assert_eq!(resolved.status, StatusCode::OK);
    world.projected().await;
    let listed = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let dropped = dead_letters(&world, &shop, "").await;
    assert_eq!((dropped.len(), &dropped[0]["cause"]), (1, &json!("dropped")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_alone_lists_what_is_unknown_of_all_tenants_longest_first() {
    const PATH: &str = "/admin/v1/unknown";
    let world = World::new().await;
    world.project();
    let (shop, other) = (world.shop().await, world.shop().await);
    let mut expected = Vec::new();
    for (of, event) in [(&other, "evt-1"), (&shop, "evt-2"), (&other, "evt-3")] {
        expected.push((of.tenant.clone(), held(&world, of, event).await));
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    world.projected().await;
    let (mut next, mut seen) = (Some(format!("{PATH}?limit=2")), Vec::new());
    while let Some(path) = next {
        let answer = world.admin(Method::GET, &path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let page = answer.json();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = page["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| (text(row, "tenantId"), text(row, "deliveryId"))));
        next = answer.header("link").map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
    }
    assert_eq!(seen, expected);

    let of_one = world.admin(Method::GET, &format!("{PATH}?tenantId={}", shop.tenant), None).await.json();
    let of_one = of_one["data"].as_array().unwrap();
    assert_eq!((of_one.len(), &of_one[0]["tenantId"]), (1, &json!(shop.tenant)));
    for none in ["", OTHER, "nonsense"] {
        let answer = world.admin(Method::GET, &format!("{PATH}?tenantId={none}"), None).await;
        assert_eq!(answer.json()["code"], "unknown_tenant", "{none}");
    }
    let misspelt = world.admin(Method::GET, &format!("{PATH}?tenantid={}", shop.tenant), None).await;
    assert_eq!(misspelt.json()["details"][0]["field"], "tenantid", "{misspelt:?}");
    let bearer = format!("Bearer {}", shop.key);
    for header in [("x-api-key", shop.key.as_str()), ("authorization", bearer.as_str())] {
        for path in [PATH.to_owned(), format!("{PATH}?tenantId={}", shop.tenant)] {
            let refused = world.call(Method::GET, &path, &[header], None).await;
            assert_eq!(refused.json()["code"], "invalid_admin_token", "{path} {header:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_named_and_no_tenant_sees_another() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    refused(&world, &shop, "evt-1").await;
    let dead = dead_letters(&world, &shop, "").await.remove(0);
    let delivery = dead["deliveryId"].as_str().unwrap();
    let other = world.tenant(&json!({"name": "Other"})).await;
    assert_eq!(dead_letters(&world, &other, "").await, Vec::<Value>::new());
    for path in ["/admin/v1/dead-letters", "/admin/v1/unknown", "/admin/v1/redrives"] {
        if path != "/admin/v1/unknown" {
            let missing = world.admin(Method::GET, path, None).await;
            assert_eq!(missing.json()["details"][0]["field"], "tenantId", "{path}");
        }
        let unknown = world.admin(Method::GET, &format!("{path}?tenantId={OTHER}"), None).await;
        assert_eq!(unknown.json()["code"], "unknown_tenant", "{path}");
        let wrong = format!("{path}?tenantId={}&limit=0&cursor=x", shop.tenant);
        let status =
            if path.ends_with("redrives") { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        assert_eq!(world.admin(Method::GET, &wrong, None).await.status, status, "{path}");
    }
    let elsewhere = format!("/admin/v1/dead-letters/{delivery}?tenantId={}", other.tenant);
    assert_eq!(world.admin(Method::GET, &elsewhere, None).await.json()["code"], "unknown_delivery");
    let body = json!({"tenantId": other.tenant, "ids": [delivery], "reason": "not mine"});
    let answer = world.admin(Method::POST, "/admin/v1/dead-letters/redrive", Some(&body)).await;
    let id = answer.json()["data"]["redriveId"].as_str().unwrap().to_owned();
    let elsewhere = format!("/admin/v1/redrives/{id}?tenantId={}", shop.tenant);
    assert_eq!(world.admin(Method::GET, &elsewhere, None).await.json()["code"], "unknown_redrive");
    let done = ended(&world, &other, &id).await;
    assert_eq!((&done["requeued"], &done["refused"]), (&json!(0), &json!({"unknown_delivery": 1})));
    let wrong = world.admin(Method::POST, "/admin/v1/dead-letters/redrive", Some(&json!({}))).await;
    insta::assert_snapshot!(
        wrong.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"tenantId is required; filter is required where ids is not given, and only there; reason is required","code":"validation_failed","requestId":"req-1","details":[{"field":"tenantId","message":"is required"},{"field":"filter","message":"is required where ids is not given, and only there"},{"field":"reason","message":"is required"}]}"#
    );
}
