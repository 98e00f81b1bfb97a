//! Limits as a caller meets them: messages to the letter, repeats for free.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, order};

#[tokio::test(flavor = "multi_thread")]
async fn above_the_rate_it_is_429_until_the_window_has_moved() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "YourApp", "ratePerMinute": 2})).await;
    for event in ["evt-1", "evt-2"] {
        assert_eq!(world.trigger(&tenant, &[], &order(event)).await.status, StatusCode::OK);
    }
    world.clock.advance(Duration::from_secs(16));
    let refused = world.trigger(&tenant, &[], &order("evt-3")).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"429 {"statusCode":429,"error":"Too Many Requests","message":"Rate limit exceeded for tenant YourApp. Limit: 2/min","code":"rate_limit_exceeded","requestId":"req-1","retryAfter":45}"#
    );
    assert_eq!(refused.header("retry-after"), Some("45"));
    world.clock.advance(Duration::from_secs(45));
    assert_eq!(world.trigger(&tenant, &[], &order("evt-3")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_daily_cap_it_is_429_until_midnight() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "YourApp", "dailyCap": 1})).await;
    assert_eq!(world.trigger(&tenant, &[], &order("evt-1")).await.status, StatusCode::OK);
    let refused = world.trigger(&tenant, &[], &order("evt-2")).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"429 {"statusCode":429,"error":"Too Many Requests","message":"Daily cap exceeded for tenant YourApp. Limit: 1/day","code":"daily_cap_exceeded","requestId":"req-1","retryAfter":43200}"#
    );
    world.clock.advance(Duration::from_hours(12));
    assert_eq!(world.trigger(&tenant, &[], &order("evt-2")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_costs_no_quota_and_is_answered_at_the_limit() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop", "ratePerMinute": 2})).await;
    let key = [("x-idempotency-key", "k-1")];
    for _ in 0..3 {
        assert_eq!(world.trigger(&tenant, &key, &order("evt-1")).await.status, StatusCode::OK);
    }
    assert_eq!(world.trigger(&tenant, &[], &order("evt-2")).await.status, StatusCode::OK);
    let repeat = world.trigger(&tenant, &key, &order("evt-1")).await;
    assert_eq!((repeat.status, repeat.header("idempotency-replayed")), (StatusCode::OK, Some("true")));
    let mut other = order("evt-1");
    other["variables"] = json!({});
    let reused = world.trigger(&tenant, &[], &other).await;
    assert_eq!(reused.json()["code"], "event_id_reused");
    assert_eq!(world.trigger(&tenant, &[], &order("evt-3")).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_costs_no_quota() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop", "ratePerMinute": 1})).await;
    for _ in 0..3 {
        let refused = world.trigger(&tenant, &[], &json!({"eventType": "a"})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(world.trigger(&tenant, &[], &order("evt-1")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_limit_holds_at_once_and_one_tenant_does_not_touch_another() {
    let world = World::new().await;
    let small = world.tenant(&json!({"name": "Small", "ratePerMinute": 1})).await;
    let other = world.tenant(&json!({"name": "Other", "ratePerMinute": 1})).await;
    assert_eq!(world.trigger(&small, &[], &order("evt-1")).await.status, StatusCode::OK);
    assert_eq!(world.trigger(&small, &[], &order("evt-2")).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.trigger(&other, &[], &order("evt-1")).await.status, StatusCode::OK);
    let path = format!("/admin/v1/tenants/{}", small.tenant);
    world.admin(Method::PATCH, &path, Some(&json!({"ratePerMinute": 2}))).await;
    assert_eq!(world.trigger(&small, &[], &order("evt-2")).await.status, StatusCode::OK);
}
