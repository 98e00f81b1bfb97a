//! A key for tests: the sandbox alone carries what comes with it, whatever the tenant's providers are.

use hyper::Method;
use orqestra_tests::http::Request;
use orqestra_tests::load::templates;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::{SETTLES_WITHIN, World};
use serde_json::{Value, json};

use crate::sending::email;

/// A tenant whose emails go to a mail server, and the same tenant by a key for tests.
async fn shop() -> (World, Smtp, Tenant, Tenant) {
    let (world, smtp) = (World::start().await, Smtp::start());
    let live = world.new_tenant(json!({})).await;
    templates(&world, &live).await;
    world.providers(&live, "EMAIL", &json!([smtp.provider()])).await;
    world.providers(&live, "SMS", &json!([])).await;
    world.retry_soon(&live).await;
    let test = world.test_key(&live).await;
    assert!(test.key.starts_with("orq_test_"), "a person tells the kinds apart");
    (world, smtp, live, test)
}

fn event(id: &str, to: &str) -> Value {
    let mut event = email(to);
    event["eventId"] = id.into();
    event["channels"] = json!(["EMAIL", "SMS", "PUSH"]);
    event["payload"]["recipientPhone"] = "+15005550001".into();
    event
}

#[tokio::test]
async fn what_comes_with_a_test_key_goes_to_the_sandbox_and_to_no_provider_also_after_a_restart() {
    let (world, smtp, live, test) = shop().await;
    for (number, restarted) in [false, true].into_iter().enumerate() {
        if restarted {
            world.restart().await;
        }
        let id = format!("test-{number}");
        world.accept(&test, &event(&id, "ann@example.org")).await;
        let told = world.settled(&test, &id).await;
        assert_eq!(told.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
        let path = format!("/admin/v1/tenants/{}/events/{id}", test.id);
        let why = json!({"reason": "a rehearsal"});
        for told in [
            world.call(Request::get(format!("/api/v1/events/{id}")).key(&live.key)).await,
            world.admin_get(&path).await,
            world.admin(Method::POST, &format!("{path}/explanation"), &why).await,
        ] {
            assert_eq!(told.expect(200).json()["data"]["testing"], true);
        }
    }
    assert_eq!(smtp.count(), 0);
    assert_eq!(world.sandbox(&live, "EMAIL").await.len(), 2);
    assert_eq!(world.sandbox(&live, "SMS").await.len(), 2);

    // The same by the live key: the mail server has the email, and the text message has no provider.
    world.accept(&live, &event("live", "ann@example.org")).await;
    let told = world.settled(&live, "live").await;
    assert_eq!(told.ends(), "EMAIL SENT, SMS SKIPPED (no_provider), PUSH SENT");
    assert_eq!((smtp.count(), world.sandbox(&live, "EMAIL").await.len()), (1, 2));
}

#[tokio::test]
async fn a_repeat_by_a_key_of_the_other_kind_is_refused_and_none_is_swallowed() {
    let (world, smtp, live, test) = shop().await;
    let body = event("once", "ann@example.org");
    world.accept(&test, &body).await;
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        drop(world.trigger(&test, &body).await.expect(200));
        let (status, refused) = world.trigger(&live, &body).await.error();
        assert_eq!((status, &refused["code"]), (422, &json!("event_id_reused")));
    }
    assert_eq!(world.settled(&test, "once").await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    assert_eq!(smtp.count(), 0);

    // The other way round, and by an idempotency key alone.
    let mut body = email("ann@example.org");
    let by_key = [("x-idempotency-key", "k-1")];
    drop(world.trigger_with(&live, &body, &by_key).await.expect(200));
    let (status, refused) = world.trigger_with(&test, &body, &by_key).await.error();
    assert_eq!((status, &refused["code"]), (422, &json!("idempotency_key_reused")));
    body["eventId"] = "twice".into();
    world.accept(&live, &body).await;
    let (status, refused) = world.trigger(&test, &body).await.error();
    assert_eq!((status, &refused["code"]), (422, &json!("event_id_reused")));
    drop(world.drain().await);
    assert_eq!(smtp.count(), 2);
}

#[tokio::test]
async fn a_simulated_failure_is_redriven_in_the_sandbox_and_a_revoked_test_key_opens_nothing() {
    let (world, smtp, live, test) = shop().await;
    let mut body = event("refused", "hard-bounce@sandbox.example");
    body["channels"] = json!(["EMAIL"]);
    world.accept(&test, &body).await;
    let told = world.settled(&test, "refused").await;
    assert_eq!(told.channel("EMAIL").attempts(), ["FAILED sandbox_hard_bounce"]);
    let asked = json!({"tenantId": live.id, "filter": {}, "reason": "a rehearsal"});
    let asked = world.admin(Method::POST, "/admin/v1/dead-letters/redrive", &asked).await.expect(202).json();
    assert!(asked["data"]["redriveId"].is_string(), "{asked}");
    wait::until("the redriven attempt", SETTLES_WITHIN, async || {
        let told = world.event(&test, "refused").await;
        let attempts = told.channel("EMAIL").attempts();
        (attempts == ["FAILED sandbox_hard_bounce"; 2]).then_some(())
    })
    .await;
    assert_eq!(smtp.count(), 0);

    let shown = world.admin_get(&format!("/admin/v1/tenants/{}", live.id)).await.expect(200).json();
    let [id] = shown["testKeyIds"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    drop(world.change(&live, &json!({"revokeApiKey": id})).await);
    let (status, refused) = world.trigger(&test, &event("late", "ann@example.org")).await.error();
    assert_eq!((status, &refused["code"]), (401, &json!("invalid_api_key")));
}
