//! Limits as a caller meets them: messages to the letter, repeats for free.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{Caller, World, order};

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

/// Sends five copies of each event at once, and gives each event's statuses and how many were new.
async fn copies(world: &Arc<World>, tenant: &Caller, events: u32) -> (Vec<Vec<u16>>, usize) {
    let sends = (0..events * 5).map(|n| {
        let (world, tenant) = (Arc::clone(world), tenant.clone());
        tokio::spawn(async move { world.trigger(&tenant, &[], &order(&format!("evt-{}", n % events))).await })
    });
    let mut statuses = vec![Vec::new(); events as usize];
    let mut new = 0;
    for (n, sent) in sends.collect::<Vec<_>>().into_iter().enumerate() {
        let answer = sent.await.unwrap();
        let first = answer.status == StatusCode::OK && answer.header("idempotency-replayed").is_none();
        new += usize::from(first);
        statuses[n % events as usize].push(answer.status.as_u16());
    }
    (statuses, new)
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_at_once_of_as_many_events_as_are_allowed_are_all_answered() {
    let world = Arc::new(World::new().await);
    let tenant = world.tenant(&json!({"name": "Shop", "ratePerMinute": 20, "dailyCap": 20})).await;
    let (statuses, new) = copies(&world, &tenant, 20).await;
    assert_eq!(statuses, vec![vec![200; 5]; 20]);
    assert_eq!(new, 20);
    assert_eq!(world.trigger(&tenant, &[], &order("evt-20")).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_copies_of_more_events_exactly_the_limit_pass_and_all_copies_of_those() {
    let world = Arc::new(World::new().await);
    let tenant = world.tenant(&json!({"name": "Shop", "ratePerMinute": 10})).await;
    let (statuses, new) = copies(&world, &tenant, 15).await;
    assert_eq!(new, 10);
    let passed = statuses.iter().filter(|copies| copies.contains(&200)).count();
    assert_eq!(passed, 10);
    for refused in statuses.iter().filter(|copies| !copies.contains(&200)) {
        assert_eq!(*refused, vec![429; 5]);
    }
}
