//! The limits of a tenant.

use orqestra_tests::http::Answer;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use super::global;

/// A 429 to the letter, but for its request id and the seconds to wait, which must be these.
fn assert_429(answer: &Answer, code: &str, message: &str, seconds: std::ops::RangeInclusive<u64>) {
    let (status, mut body) = answer.error();
    let retry_after = body.as_object_mut().unwrap().remove("retryAfter").unwrap().as_u64().unwrap();
    assert!(seconds.contains(&retry_after), "{retry_after}");
    assert_eq!(answer.header("retry-after"), Some(retry_after.to_string().as_str()));
    let body_as_told =
        json!({"statusCode": 429, "error": "Too Many Requests", "message": message, "code": code});
    assert_eq!((status, body), (429, body_as_told));
}

fn numbered(number: usize) -> Value {
    let mut body = global("u");
    body["eventId"] = json!(format!("e-{number}"));
    body
}

#[tokio::test]
async fn error_429() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"name": "YourApp", "ratePerMinute": 100})).await;
    for number in 0..100 {
        drop(world.trigger(&tenant, &numbered(number)).await.expect(200));
    }
    let refused = world.trigger(&tenant, &numbered(100)).await;
    assert_429(
        &refused,
        "rate_limit_exceeded",
        "Rate limit exceeded for tenant YourApp. Limit: 100/min",
        1..=61,
    );
    let mut fields: Vec<_> = refused.json().as_object().unwrap().keys().cloned().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["code", "error", "message", "requestId", "retryAfter", "statusCode"]);
    drop(world.drain().await);
    assert_eq!(world.accepted().len(), 100);
}

#[tokio::test]
async fn per_minute_limit() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"name": "A", "ratePerMinute": 3})).await;
    let other = world.new_tenant(json!({"name": "B", "ratePerMinute": 3})).await;
    for number in 0..3 {
        drop(world.trigger(&tenant, &numbered(number)).await.expect(200));
    }
    let message = "Rate limit exceeded for tenant A. Limit: 3/min";
    assert_429(&world.trigger(&tenant, &numbered(3)).await, "rate_limit_exceeded", message, 1..=61);
    // Another tenant's is its own, and what was set holds at once.
    drop(world.trigger(&other, &numbered(3)).await.expect(200));
    drop(world.change(&tenant, &json!({"ratePerMinute": 4})).await);
    drop(world.trigger(&tenant, &numbered(3)).await.expect(200));
    let message = "Rate limit exceeded for tenant A. Limit: 4/min";
    assert_429(&world.trigger(&tenant, &numbered(4)).await, "rate_limit_exceeded", message, 1..=61);
    drop(world.drain().await);
}

#[tokio::test]
async fn daily_cap() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"name": "YourApp", "dailyCap": 2})).await;
    for number in 0..2 {
        drop(world.trigger(&tenant, &numbered(number)).await.expect(200));
    }
    let message = "Daily cap exceeded for tenant YourApp. Limit: 2/day";
    let before = until_midnight();
    let refused = world.trigger(&tenant, &numbered(2)).await;
    let after = until_midnight();
    assert_429(&refused, "daily_cap_exceeded", message, after.min(before).saturating_sub(1)..=before + 1);
    drop(world.drain().await);
}

/// Seconds until the next midnight UTC.
fn until_midnight() -> u64 {
    86_400 - std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() % 86_400
}
