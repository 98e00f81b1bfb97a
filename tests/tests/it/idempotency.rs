//! The same request again: by key, by event id, at once, after a restart, after the key's time.

use futures::future::join_all;
use orqestra_tests::load::{sms, with_id};
use orqestra_tests::world::World;
use serde_json::json;

const KEY: &str = "x-idempotency-key";

#[tokio::test]
async fn of_100_posts_of_one_key_at_once_one_is_new_and_all_get_its_answer() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = sms("u-1");
    let headers = [(KEY, "one-key"), ("prefer", "return=representation")];
    let answers = join_all((0..100).map(|_| world.trigger_with(tenant, &body, &headers))).await;
    let new = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(new, 1);
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.header("location"), answers[0].header("location"));
    }
    assert_eq!(world.texted(tenant).await, 1);
    assert_eq!(world.accepted().len(), 1);
}

#[tokio::test]
async fn of_50_posts_of_one_event_id_at_once_one_is_new() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = with_id(sms("u-1"), "evt-1");
    let answers = join_all((0..50).map(|_| world.trigger(tenant, &body))).await;
    let new = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(new, 1);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(world.texted(tenant).await, 1);
}

#[tokio::test]
async fn another_body_under_a_known_key_or_event_id_is_refused_also_after_a_restart() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.trigger_with(tenant, &sms("u-1"), &[(KEY, "k")]).await.expect(200));
    drop(world.trigger(tenant, &with_id(sms("u-1"), "e")).await.expect(200));
    for _ in 0..2 {
        let by_key = world.trigger_with(tenant, &sms("u-2"), &[(KEY, "k")]).await;
        assert_eq!(
            by_key.error(),
            (
                422,
                json!({
                    "statusCode": 422,
                    "error": "Validation Error",
                    "message": "The idempotency key was used before with another request body or another kind of API key",
                    "code": "idempotency_key_reused",
                })
            )
        );
        let by_id = world.trigger(tenant, &with_id(sms("u-2"), "e")).await;
        assert_eq!(
            by_id.error(),
            (
                422,
                json!({
                    "statusCode": 422,
                    "error": "Validation Error",
                    "message": "The eventId was used before with another request body or another kind of API key",
                    "code": "event_id_reused",
                })
            )
        );
        world.restart().await;
    }
    assert_eq!(world.texted(tenant).await, 2);
}

#[tokio::test]
async fn a_repeat_by_event_id_claims_the_key_that_it_brings() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = with_id(sms("u-1"), "e");
    let first = world.trigger(tenant, &body).await.expect(200);
    let repeat = world.trigger_with(tenant, &body, &[(KEY, "k")]).await.expect(200);
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    for _ in 0..2 {
        let other = world.trigger_with(tenant, &with_id(sms("u-2"), "f"), &[(KEY, "k")]).await;
        assert_eq!(other.error().1["code"], "idempotency_key_reused");
        let again = world.trigger_with(tenant, &body, &[(KEY, "k")]).await.expect(200);
        assert_eq!(again.header("location"), first.header("location"));
        world.restart().await;
    }
    assert_eq!(world.texted(tenant).await, 1);
}

#[tokio::test]
async fn a_retry_may_be_written_differently_and_come_under_either_header() {
    let world = World::start().await;
    let tenant = world.tenant();
    let one = r#"{"eventType":"order.confirmed","channels":["SMS"],"payload":{"userId":"u","recipientPhone":"+254712345678"}}"#;
    let other = r#"{ "payload": {"recipientPhone":"+254712345678", "userId":"\u0075"}, "channels":["SMS"], "eventType":"order.confirmed" }"#;
    let first = world.try_trigger(tenant, one, &[(KEY, "k")]).await.unwrap().expect(200);
    let second = world.try_trigger(tenant, other, &[("idempotency-key", "k")]).await.unwrap().expect(200);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(world.texted(tenant).await, 1);
}

#[tokio::test]
async fn an_event_id_and_a_key_are_the_tenants_own() {
    let world = World::start().await;
    let (one, other) = (world.tenant(), world.new_tenant(json!({})).await);
    let push = json!({"eventType": "global.info", "eventId": "e", "channels": ["PUSH"], "payload": {"userId": "u"},
                      "variables": {"title": "t", "message": "m"}});
    for tenant in [one, &other] {
        let answer = world.trigger_with(tenant, &push, &[(KEY, "k")]).await.expect(200);
        assert_eq!(answer.header("idempotency-replayed"), None);
    }
    drop(world.drain().await);
    for tenant in [one, &other] {
        assert_eq!(world.history(tenant, "u").await.len(), 1);
    }
}

#[tokio::test]
async fn copies_at_once_of_as_many_events_as_the_limit_allows_are_all_answered() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 20})).await;
    let bodies: Vec<_> = (0..100).map(|n| with_id(sms("u-1"), &format!("e-{}", n % 20))).collect();
    let answers = join_all(bodies.iter().map(|body| world.trigger(&tenant, body))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200; 100]);
    let new = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(new, 20);
    drop(world.trigger(&tenant, &with_id(sms("u-1"), "e-20")).await.expect(429));
    drop(world.drain().await);
    assert_eq!(world.accepted().len(), 20);
}
