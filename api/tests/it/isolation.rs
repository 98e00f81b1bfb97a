//! Another tenant's id is as good as none, on every route that names one, and no route opens without its credentials.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{Caller, World, order};

fn routes(of: &Caller, notification: &str, delivery: &str) -> Vec<(Method, String, bool)> {
    let tenant = &of.tenant;
    [
        (Method::POST, "/api/v1/events/trigger".to_owned(), true),
        (Method::POST, "/api/v1/auth/realtime-token".to_owned(), true),
        (Method::GET, "/api/v1/events/evt-1".to_owned(), false),
        (Method::GET, format!("/api/v1/notifications/{tenant}/u-1"), false),
        (Method::PUT, format!("/api/v1/notifications/{tenant}/u-1/{notification}/read"), false),
        (Method::POST, "/admin/v1/tenants".to_owned(), true),
        (Method::GET, "/admin/v1/tenants".to_owned(), false),
        (Method::GET, format!("/admin/v1/tenants/{tenant}"), false),
        (Method::GET, format!("/admin/v1/tenants/{tenant}/templates"), false),
        (Method::GET, format!("/admin/v1/tenants/{tenant}/templates/order.confirmed/SMS"), false),
        (Method::PATCH, format!("/admin/v1/tenants/{tenant}/templates/order.confirmed/SMS"), true),
        (Method::PATCH, format!("/admin/v1/tenants/{tenant}"), true),
        (Method::PUT, format!("/admin/v1/tenants/{tenant}/templates/order.confirmed/SMS"), true),
        (Method::PUT, format!("/admin/v1/tenants/{tenant}/providers/SMS"), true),
        (Method::GET, format!("/admin/v1/tenants/{tenant}/providers/SMS"), false),
        (Method::POST, format!("/admin/v1/tenants/{tenant}/providers/SMS/test"), true),
        (Method::GET, format!("/admin/v1/events?tenantId={tenant}&eventId=evt-1"), false),
        (Method::GET, format!("/admin/v1/tenants/{tenant}/events/evt-1"), false),
        (Method::POST, format!("/admin/v1/tenants/{tenant}/events/evt-1/explanation"), true),
        (Method::POST, format!("/admin/v1/deliveries/{delivery}/resolve"), true),
        (Method::GET, format!("/admin/v1/sandbox/messages?tenantId={tenant}"), false),
        (Method::GET, "/admin/v1/unknown".to_owned(), false),
        (Method::POST, format!("/admin/v1/tenants/{tenant}/suppressions"), true),
        (Method::GET, format!("/admin/v1/tenants/{tenant}/suppressions"), false),
        (Method::POST, format!("/admin/v1/tenants/{tenant}/suppressions/lookup"), true),
        (Method::DELETE, format!("/admin/v1/tenants/{tenant}/suppressions/{}", "0".repeat(64)), false),
    ]
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_opens_without_its_credentials() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.trigger(&shop, &[], &order("evt-1")).await;
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    let notification = state["data"]["notificationId"].as_str().unwrap();
    let delivery = state["data"]["channels"][0]["deliveryId"].as_str().unwrap();
    let body = json!({});
    let bearer_of_a_tenant = format!("Bearer {}", shop.key);
    for (method, path, has_body) in routes(&shop, notification, delivery) {
        let body = has_body.then_some(&body);
        let admin = path.starts_with("/admin");
        let wrong = if admin {
            [
                None,
                Some(("authorization", "Bearer wrong")),
                Some(("x-api-key", shop.key.as_str())),
                Some(("authorization", bearer_of_a_tenant.as_str())),
            ]
        } else {
            [
                None,
                Some(("x-api-key", "wrong")),
                Some(("x-api-key", "")),
                Some(("authorization", "Bearer admin-token")),
            ]
        };
        for headers in wrong {
            let refused = world.call(method.clone(), &path, headers.as_slice(), body).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path} {headers:?}");
        }
    }
    let refused = world.call(Method::GET, "/admin/v1/tenants/x", &[], None).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"401 {"statusCode":401,"error":"Unauthorized","message":"The admin token is missing or wrong","code":"invalid_admin_token","requestId":"req-1"}"#
    );
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    let refused = world.call(Method::GET, "/api/v1/events/e", &[], None).await;
    assert_eq!(refused.header("www-authenticate"), Some("ApiKey header=\"x-api-key\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_ids_are_as_good_as_none() {
    let world = World::new().await;
    world.start();
    let (shop, stranger) = (world.shop().await, world.shop().await);
    world.trigger(&shop, &[], &order("evt-1")).await;
    world.drain(&shop, &["evt-1"]).await;
    let history = world.get(&shop, &format!("/api/v1/notifications/{}/u-1", shop.tenant)).await.json();
    let notification = history["data"][0]["id"].as_str().unwrap().to_owned();

    let event = world.get(&stranger, "/api/v1/events/evt-1").await;
    insta::assert_snapshot!(
        event.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such event","code":"unknown_event","requestId":"req-1"}"#
    );
    let theirs = world.get(&stranger, &format!("/api/v1/notifications/{}/u-1", shop.tenant)).await;
    insta::assert_snapshot!(
        theirs.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such tenant","code":"unknown_tenant","requestId":"req-1"}"#
    );
    let own = world.get(&stranger, &format!("/api/v1/notifications/{}/u-1", stranger.tenant)).await;
    assert_eq!(own.json()["data"], json!([]));
    for tenant in [&shop.tenant, &stranger.tenant, "nonsense"] {
        let path = format!("/api/v1/notifications/{tenant}/u-1/{notification}/read");
        assert_eq!(world.put(&stranger, &path).await.status, StatusCode::NOT_FOUND, "{tenant}");
    }
    let messages = world
        .admin(Method::GET, &format!("/admin/v1/sandbox/messages?tenantId={}", stranger.tenant), None)
        .await;
    assert_eq!(messages.json()["data"], json!([]));
    let details = format!("/admin/v1/tenants/{}/events/evt-1", stranger.tenant);
    assert_eq!(world.admin(Method::GET, &details, None).await.json()["code"], "unknown_event");
    let explained =
        world.admin(Method::POST, &format!("{details}/explanation"), Some(&json!({"reason": "r"}))).await;
    assert_eq!(explained.json()["code"], "unknown_event");
    let still = world.get(&shop, &format!("/api/v1/notifications/{}/u-1", shop.tenant)).await.json();
    assert_eq!(still["data"][0]["status"], "UNREAD");
}
