//! The operators' routes of suppressed addresses.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Caller, World, order};

fn of(tenant: &str, rest: &str) -> String {
    format!("/admin/v1/tenants/{tenant}/suppressions{rest}")
}

fn email(address: &str) -> Value {
    json!({"channel": "EMAIL", "address": address})
}

async fn suppress(world: &World, shop: &Caller, body: &Value) -> Value {
    let answer = world.admin(Method::POST, &of(&shop.tenant, ""), Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

async fn look_up(world: &World, tenant: &str, address: &str) -> Value {
    world.admin(Method::POST, &of(tenant, "/lookup"), Some(&email(address))).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_suppressed_looked_up_listed_and_lifted() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let suppressed = suppress(&world, &shop, &email("user@example.com")).await;
    let address_ref = suppressed["addressRef"].as_str().unwrap().to_owned();
    assert_eq!((&suppressed["channel"], &suppressed["reason"]), (&json!("EMAIL"), &json!("operator")));
    let again = json!({"channel": "EMAIL", "address": "user@EXAMPLE.com", "reason": "complained"});
    assert_eq!(suppress(&world, &shop, &again).await, suppressed, "it is told what stands");
    let known = look_up(&world, &shop.tenant, "user@example.com").await;
    assert_eq!(known, json!({"addressRef": address_ref, "suppressed": true, "suppression": suppressed}));

    world.trigger(&shop, &[], &order("evt-1")).await;
    world.drain(&shop, &["evt-1"]).await;
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    let email = &state["data"]["channels"][0];
    assert_eq!((&email["status"], &email["reason"]), (&json!("SKIPPED"), &json!("suppressed")));
    assert_eq!(state["data"]["channels"][1]["status"], "SENT", "an SMS has another address");
    let listed = world.admin(Method::GET, &of(&shop.tenant, ""), None).await;
    assert_eq!(listed.json(), json!({"success": true, "data": [suppressed]}));
    assert!(!listed.body.contains("user@"), "no address is shown");

    let path = of(&shop.tenant, &format!("/{address_ref}"));
    let lifted = world.admin(Method::DELETE, &path, None).await;
    assert_eq!(lifted.shown(), r#"200 {"success":true}"#);
    let known = look_up(&world, &shop.tenant, "user@example.com").await;
    assert_eq!(known, json!({"addressRef": address_ref, "suppressed": false}));
    world.projected().await;
    let listed = world.admin(Method::GET, &of(&shop.tenant, ""), None).await.json();
    assert_eq!(listed["data"], json!([]));
    let again = world.admin(Method::DELETE, &path, None).await;
    insta::assert_snapshot!(
        again.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such suppression","code":"unknown_suppression","requestId":"req-1"}"#
    );
    world.trigger(&shop, &[], &order("evt-2")).await;
    world.drain(&shop, &["evt-2"]).await;
    let state = world.get(&shop, "/api/v1/events/evt-2").await.json();
    assert_eq!(state["data"]["channels"][0]["status"], "SENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_goes_on_behind_its_link_and_shows_each_address_once() {
    let world = World::new().await;
    world.project();
    let shop = world.shop().await;
    let mut refs = Vec::new();
    for number in 0..5 {
        let told = suppress(&world, &shop, &email(&format!("user-{number}@example.com"))).await;
        refs.insert(0, told["addressRef"].as_str().unwrap().to_owned());
    }
    world.projected().await;
    let (mut next, mut seen) = (Some(of(&shop.tenant, "?limit=2")), Vec::new());
    while let Some(path) = next {
        let page = world.admin(Method::GET, &path, None).await;
        let data = page.json()["data"].as_array().unwrap().clone();
        assert!(data.len() <= 2, "{page:?}");
        seen.extend(data.iter().map(|one| one["addressRef"].as_str().unwrap().to_owned()));
        let link = page.header("link").and_then(|link| link.strip_prefix('<')?.split_once('>'));
        next = link.map(|(path, _)| path.to_owned());
    }
    assert_eq!(seen, refs, "newest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_no_address_is_repeated() {
    let world = World::new().await;
    let shop = world.shop().await;
    for rest in ["", "/lookup"] {
        let empty = world.admin(Method::POST, &of(&shop.tenant, rest), Some(&json!({}))).await;
        assert_eq!(empty.json()["message"], "channel is required; address is required");
        let body = json!({"channel": "SMS", "address": "user@example.com"});
        let other = world.admin(Method::POST, &of(&shop.tenant, rest), Some(&body)).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!other.body.contains("user@"), "{other:?}");
        let push = json!({"channel": "PUSH", "address": "user@example.com"});
        let push = world.admin(Method::POST, &of(&shop.tenant, rest), Some(&push)).await;
        assert_eq!(push.json()["message"], "channel must be one of EMAIL, SMS");
    }
    let body = json!({"channel": "EMAIL", "address": "user@example.com", "reason": "blocked"});
    let wrong = world.admin(Method::POST, &of(&shop.tenant, ""), Some(&body)).await;
    insta::assert_snapshot!(
        wrong.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"reason must be one of bounced, complained, opted_out, operator","code":"validation_failed","requestId":"req-1","details":[{"field":"reason","message":"must be one of bounced, complained, opted_out, operator"}]}"#
    );
    for path in [of(&shop.tenant, "?cursor=x"), of(&shop.tenant, "?limit=0")] {
        let wrong = world.admin(Method::GET, &path, None).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    for address_ref in ["x".to_owned(), "A".repeat(64), "0".repeat(64)] {
        let path = of(&shop.tenant, &format!("/{address_ref}"));
        let unknown = world.admin(Method::DELETE, &path, None).await;
        assert_eq!(unknown.json()["code"], "unknown_suppression", "{address_ref}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_suppressions_are_neither_shown_nor_lifted() {
    let world = World::new().await;
    world.project();
    let (shop, stranger) = (world.shop().await, world.shop().await);
    let suppressed = suppress(&world, &shop, &email("user@example.com")).await;
    world.projected().await;
    let listed = world.admin(Method::GET, &of(&stranger.tenant, ""), None).await.json();
    assert_eq!(listed["data"], json!([]));
    assert_eq!(look_up(&world, &stranger.tenant, "user@example.com").await["suppressed"], false);
    let path = format!("/{}", suppressed["addressRef"].as_str().unwrap());
    let lifted = world.admin(Method::DELETE, &of(&stranger.tenant, &path), None).await;
    assert_eq!(lifted.json()["code"], "unknown_suppression");
    assert_eq!(look_up(&world, &shop.tenant, "user@example.com").await["suppressed"], true);
    for id in ["nonsense", "de8a96bd-401d-53ee-b55c-8dcb92b2224a"] {
        let body = email("user@example.com");
        for (method, rest, body) in [
            (Method::POST, "", Some(&body)),
            (Method::POST, "/lookup", Some(&body)),
            (Method::GET, "", None),
            (Method::DELETE, path.as_str(), None),
        ] {
            let answer = world.admin(method, &of(id, rest), body).await;
            assert_eq!(answer.json()["code"], "unknown_tenant", "{id}{rest}");
        }
    }
}
