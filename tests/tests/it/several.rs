//! Two engines on one log: each event is sent once, whichever of them sleeps or ends.

use std::time::Duration;

use orqestra_tests::http::{Http, Request};
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::json;

use crate::inside;

/// A call that gets no answer is still under way when the engine that made it is put to sleep.
const SHORT: [(&str, &str); 2] =
    [("ORQESTRA_CLAIM_SECONDS", "2"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "6")];
/// Longer than lease, claim, timeout and the sweeper's grace together.
const TAKES_OVER_WITHIN: Duration = Duration::from_mins(1);

const STALLS: &str = "order-5000";

#[tokio::test]
async fn an_engine_that_sleeps_past_its_claims_and_wakes_sends_nothing_twice_without_a_mark() {
    let shop = Shop::open(World::with(&SHORT).await).await;
    let world = &shop.world;
    let second = world.second().await;
    let mut stalls = order(5_000);
    stalls["channels"] = json!(["EMAIL"]);
    stalls["payload"]["recipientEmail"] = json!("stall-1@example.org");
    let sleeper = async {
        shop.more_answers(60).await;
        let mailed = shop.smtp.count();
        wait::until_now("more emails", TAKES_OVER_WITHIN, || (shop.smtp.count() > mailed).then_some(()))
            .await;
        shop.load.stop();
        drop(world.trigger(shop.tenant(), &stalls).await.expect(200));
        let taken = || (shop.smtp.to("stall-1@example.org").len() == 1).then_some(());
        wait::until_now("a mail that was taken", TAKES_OVER_WITHIN, taken).await;
        world.engine().signal(Signal::STOP);
        // The other one sends what is left, and calls unknown what the sleeper had begun.
        let sent = async || {
            let rows: i64 = sqlx::query_scalar("select count(*) from dispatch_due where kind <> 'held'")
                .fetch_one(world.pool())
                .await
                .ok()?;
            (rows == 0).then_some(())
        };
        wait::until("the other engine to take over", TAKES_OVER_WITHIN, sent).await;
        world.engine().signal(Signal::CONT);
    };
    shop.busy(6, Duration::from_millis(20), sleeper).await;
    println!("{:#?}", shop.audit().await);
    inside::agrees(&shop.world).await;
    // The sleeper, which learned on waking that its call was too late, has changed nothing.
    let state = world.event(shop.tenant(), STALLS).await;
    assert_eq!(state.channel("EMAIL").attempts(), ["UNKNOWN no_outcome", "SUCCEEDED"]);
    assert!(state.channel("EMAIL").possible_duplicate);
    assert_eq!(shop.smtp.to("stall-1@example.org").len(), 2);
    second.signal(Signal::TERM);
    assert!(second.end(ENDS_WITHIN).await.success());
}

#[tokio::test]
async fn what_one_engine_says_holds_in_the_other_within_a_second() {
    let world = World::start().await;
    let (second, http) = (world.second().await, Http::default());
    let push = json!({"eventType": "global.info", "eventId": "e", "channels": ["PUSH"], "payload": {"userId": "u"},
                      "variables": {"title": "t", "message": "m"}});
    let tenant = world.new_tenant(json!({})).await;
    let ask = async || {
        let request = Request::post(orqestra_tests::world::TRIGGER).key(&tenant.key).json(&push);
        http.send(second.address(), request).await.unwrap()
    };
    let soon = Duration::from_secs(2);
    wait::until("a new tenant in the other engine", soon, async || (ask().await.status == 200).then_some(()))
        .await;
    let repeat = world.trigger(&tenant, &push).await.expect(200);
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    // What a tenant that is switched off has not sent yet waits.
    assert_eq!(
        world.settled(&tenant, "e").await.ends(),
        "EMAIL SKIPPED (not_requested), SMS SKIPPED (not_requested), PUSH SENT"
    );
    drop(world.change(&tenant, &json!({"active": false})).await);
    wait::until("a tenant that is switched off", soon, async || (ask().await.status == 401).then_some(()))
        .await;
    drop(world.drain().await);
    second.signal(Signal::TERM);
    assert!(second.end(ENDS_WITHIN).await.success());
}
