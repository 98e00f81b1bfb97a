//! A walk over every route of the description with another tenant's key, with a tenant's key as the operator's, and
//! with none: never data.

use hyper::Method;
use orqestra_tests::http::Request;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::{ADMIN_TOKEN, World};
use serde_json::{Value, json};

/// What only the victim's data holds.
const MARKS: [&str; 4] = ["Victim's title", "victim@example.org", "+254700000001", "victims-event"];

/// A body that each writing route takes.
fn body(path: &str) -> Value {
    match path {
        "/api/v1/events/trigger" => json!({"eventType": "none", "payload": {"userId": "victim"}}),
        "/api/v1/auth/realtime-token" => json!({"userId": "victim"}),
        "/admin/v1/tenants" => json!({"name": "Another"}),
        "/admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}" => {
            json!({"body": "x", "subject": "x", "title": "x"})
        }
        "/admin/v1/tenants/{tenantId}/providers/{channel}" => json!([{"kind": "sandbox"}]),
        "/admin/v1/deliveries/{deliveryId}/resolve" => json!({"resolution": "drop"}),
        _ => json!({}),
    }
}

struct Route {
    method: Method,
    path: String,
    filled: String,
}

/// Every route, its parameters filled with the victim's.
async fn routes(world: &World, victim: &Tenant) -> Vec<Route> {
    let state = world.event(victim, "victims-event").await;
    let description = world.call(Request::get("/openapi.json")).await.expect(200).json();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let mut filled = path.clone();
        for (name, value) in [
            ("tenantId", victim.id.to_string().as_str()),
            ("userId", "victim"),
            ("notificationId", &state.notification_id),
            ("eventId", "victims-event"),
            ("deliveryId", &state.channel("EMAIL").delivery_id),
            ("eventType", "order.confirmed"),
            ("channel", "SMS"),
            ("addressRef", &"0".repeat(64)),
            ("provider", "resend"),
            ("secret", "0123456789abcdef"),
            ("redriveId", "0190b5a0-0000-7000-8000-00000000ffff"),
        ] {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        assert!(!filled.contains('{'), "{path} has a parameter that this test does not fill");
        if path == "/admin/v1/sandbox/messages" {
            filled = format!("{filled}?tenantId={}", victim.id);
        }
        if ["/admin/v1/unknown", "/admin/v1/dead-letters", "/admin/v1/redrives"]
            .iter()
            .any(|of| path.starts_with(of) && path != "/admin/v1/dead-letters/redrive")
        {
            filled = format!("{filled}?tenantId={}", victim.id);
        }
        if path == "/admin/v1/events" {
            filled = format!("{filled}?tenantId={}&userId=victim", victim.id);
        }
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            routes.push(Route { method, path: path.clone(), filled: filled.clone() });
        }
    }
    assert!(routes.len() >= 15, "{} routes", routes.len());
    routes
}

async fn victim(world: &World) -> Tenant {
    let victim = world.new_tenant(json!({"name": "Victim"})).await;
    let body = json!({
        "eventType": "global.info",
        "eventId": "victims-event",
        "payload": {"userId": "victim", "recipientEmail": "victim@example.org", "recipientPhone": "+254700000001"},
        "variables": {"title": "Victim's title", "message": "Victim's title"},
    });
    drop(world.trigger(&victim, &body).await.expect(200));
    drop(world.drain().await);
    victim
}

/// What the routes answer that ask for no key. A WebSocket asks for a token, see `realtime`; this is no request for one.
fn without_key(path: &str) -> Option<u16> {
    match path {
        "/healthz" | "/readyz" | "/metrics" | "/openapi.json" => Some(200),
        "/connection/websocket" => Some(426),
        _ => None,
    }
}

#[tokio::test]
async fn another_tenants_key_gets_404_or_its_own_and_never_data_on_any_route() {
    let world = World::start().await;
    let victim = victim(&world).await;
    let stranger = world.new_tenant(json!({"name": "Stranger"})).await;
    for Route { method, path, filled } in routes(&world, &victim).await {
        if without_key(&path).is_some() {
            continue;
        }
        let request = Request::new(method.clone(), &filled).key(&stranger.key).json(&body(&path));
        let answer = world.call(request).await;
        let text = answer.text();
        let status = answer.status.as_u16();
        // A callback is opened by its provider's signature, and by no key.
        if path.starts_with("/admin/") || path.starts_with("/callbacks/") {
            assert_eq!(status, 401, "{method} {path}: {text}");
        } else if path.contains('{') {
            assert_eq!(status, 404, "{method} {path}: {text}");
        } else {
            assert_eq!(status, 200, "{method} {path}: {text}");
            assert!(!text.contains("Victim"), "{method} {path}: {text}");
        }
        assert!(!MARKS.iter().any(|mark| text.contains(mark)), "{method} {path}: {text}");
    }
    let rows = world.history(&victim, "victim").await;
    assert!(rows.len() == 1 && rows[0]["status"] == "UNREAD", "the stranger changed nothing: {rows:#?}");
    // The stranger's own user of the same id sees only the stranger's.
    assert!(world.history(&stranger, "victim").await.is_empty());
}

#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_every_route_but_the_probes_answers_401() {
    let world = World::start().await;
    let victim = victim(&world).await;
    for Route { method, path, filled } in routes(&world, &victim).await {
        let bare = Request::new(method.clone(), &filled).json(&body(&path));
        if let Some(status) = without_key(&path) {
            assert_eq!(world.call(bare).await.status, status, "{path}");
            continue;
        }
        for request in [
            bare.clone(),
            bare.clone().key("orq_live_wrong").bearer("wrong"),
            // A tenant's key is no admin token, and no bearer token of the tenant routes.
            bare.clone().bearer(&victim.key),
            bare.bearer(ADMIN_TOKEN).key(ADMIN_TOKEN).header("authorization", "Basic x"),
        ] {
            let answer = world.call(request).await;
            let (status, error) = answer.error();
            assert_eq!((status, &error["error"]), (401, &json!("Unauthorized")), "{method} {path}: {error}");
            // A right token between wrong ones, or the peer would be told to wait.
            let right = Request::get("/admin/v1/tenants").bearer(ADMIN_TOKEN);
            assert_eq!(world.call(right).await.status, 200);
            assert!(!MARKS.iter().any(|mark| answer.text().contains(mark)), "{method} {path}");
        }
    }
}

/// Where a text stands in the database, as it is or as the bytes of a binary column.
async fn tables_with(world: &World, tables: &[String], text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables {
        let rows: i64 = sqlx::query_scalar(&format!(
            "select count(*) from \"{table}\" t
              where strpos(t::text, $1) > 0 or strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0"
        ))
        .bind(text)
        .fetch_one(world.pool())
        .await
        .unwrap();
        if rows > 0 {
            found.push(table.clone());
        }
    }
    found
}

#[tokio::test]
async fn a_personal_value_stands_in_clear_nowhere_in_the_database() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"name": "Shop", "webhookSecret": "the-webhooks-own-secret"})).await;
    let body = json!({
        "eventType": "global.info",
        "eventId": "the-events-own-id",
        "payload": {
            "userId": "the-users-own-id",
            "recipientEmail": "the-users-address@example.org",
            "recipientPhone": "+254700000001",
        },
        "variables": {"title": "The user's title", "message": "The user's message"},
    });
    drop(world.trigger(&tenant, &body).await.expect(200));
    assert_eq!(world.settled(&tenant, "the-events-own-id").await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    assert_eq!(world.sandbox(&tenant, "EMAIL").await[0]["recipient"], "the-users-address@example.org");
    let path = format!("/admin/v1/tenants/{}/suppressions", tenant.id);
    let suppressed = json!({"channel": "EMAIL", "address": "the-users-address@example.org"});
    drop(world.admin(Method::POST, &path, &suppressed).await.expect(200));
    let smtp = json!({"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "tls",
                      "from": "Shop <shop@example.net>", "username": "the-servers-user", "password": "the-servers-password"});
    world.providers(&tenant, "EMAIL", &json!([smtp])).await;

    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables
          where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    for text in [
        "the-events-own-id",
        "the-users-own-id",
        "the-users-address@example.org",
        "+254700000001",
        "The user's title",
        "The user's message",
        "the-webhooks-own-secret",
        "the-servers-user",
        "the-servers-password",
        &tenant.key,
        &world.tenant().key,
    ] {
        assert!(tables_with(&world, &tables, text).await.is_empty(), "{text}");
    }
    // What is no secret is found, also among bytes.
    let shown = tables_with(&world, &tables, "global.info").await;
    let named = |name: &str| shown.iter().any(|table| table == name);
    assert!(named("deliveries") && named("events"), "{shown:?}");
    sqlx::query("create table bytes as select convert_to('x The user''s title', 'UTF8') as bytes")
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(tables_with(&world, &["bytes".to_owned()], "The user's title").await, ["bytes"]);
}
