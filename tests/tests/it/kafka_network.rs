//! Relay and consumers behind a network to Kafka that fails, and beside a provider that does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::http::{Http, Request};
use orqestra_tests::kafka::TestKafka;
use orqestra_tests::load::{order, templates};
use orqestra_tests::wait;
use serde_json::json;

use crate::consumers::{divided, end_all, ends_right, shop, shop_with};
use crate::relay::{agrees, relayed};

/// So slow that a fetch of a few records takes seconds.
const SLOW: u64 = 20_000;
const PACE: Duration = Duration::from_millis(100);
const GOES_ON_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_network_to_kafka_that_cuts_loses_or_slows_its_connections_leaves_nothing_out() {
    let (kafka, proxy) = TestKafka::start_proxied().await.unwrap();
    let shop = shop_with(&[("ORQESTRA_KAFKA_BROKERS", &kafka.proxied_brokers())]).await;
    let world = &shop.world;
    let faults = async {
        let others = [world.beside("project").await, world.beside("dispatch").await];
        shop.more_answers(40).await;
        divided(world.pool()).await;
        for _ in 0..3 {
            proxy.cut();
            shop.more_answers(20).await;
        }
        // The connections stay open on both sides, and nothing arrives.
        proxy.lose();
        shop.more_answers(40).await;
        proxy.slow_down(SLOW);
        shop.more_answers(40).await;
        proxy.slow_down(0);
        proxy.cut();
        shop.more_answers(20).await;
        kafka.freeze().unwrap();
        shop.more_answers(60).await;
        kafka.thaw().unwrap();
        shop.more_answers(20).await;
        shop.load.stop();
        others
    };
    let others = shop.busy(2, PACE, faults).await;
    ends_right(&shop).await;
    let (folded, stored) = relayed(&kafka, world.pool()).await;
    agrees(&folded, &stored);
    println!("{} events, {} records dropped as repeats or late ticks", stored.len(), folded.dropped);
    end_all(others).await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_pauses_no_partition() {
    const HANGING: usize = 120;
    let kafka = TestKafka::start().await.unwrap();
    let answers = Arc::new(AtomicBool::new(false));
    let script = Arc::clone(&answers);
    let provider =
        Apis::start(move |_, _| if script.load(Ordering::Relaxed) { Says::Taken } else { Says::Hung }).await;
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let others = [world.beside("project").await, world.beside("dispatch").await];
    let hangs = world.new_tenant(json!({"name": "Hangs"})).await;
    let entry = json!({"kind": "resend", "apiKey": "re_1", "from": "shop@example.org",
                       "baseUrl": provider.base_url(), "allowLoopback": true});
    world.providers(&hangs, "EMAIL", &json!([entry])).await;
    world.retry_soon(&hangs).await;
    templates(world, &hangs).await;
    for number in 0..HANGING {
        let mut event = order(number);
        event["channels"] = json!(["EMAIL"]);
        drop(world.trigger(&hangs, &event).await.expect(200));
    }
    wait::until_now("calls that get no answer", GOES_ON_WITHIN, || (provider.count() > 0).then_some(()))
        .await;
    // Its neighbour's events are in the same partitions, behind them.
    shop.busy(4, PACE, shop.more_answers(100)).await;
    wait::until_now("the neighbour's mail", GOES_ON_WITHIN, || (shop.smtp.count() >= 100).then_some(()))
        .await;
    assert!(provider.taken().is_empty(), "it still hangs");
    let waiting = "select count(*) from dispatch_due where tenant_id = $1";
    let waiting: i64 = sqlx::query_scalar(waiting).bind(hangs.id).fetch_one(world.pool()).await.unwrap();
    assert!(waiting > 0, "what hangs waits in the table of due work");
    wait::until("no lag", GOES_ON_WITHIN, async || {
        let shown = Http::default().send(others[1].address(), Request::get("/metrics")).await.ok()?.text();
        shown
            .lines()
            .any(|line| line == "orqestra_subscription_lag{subscription=\"dispatch-v1\"} 0")
            .then_some(())
    })
    .await;
    answers.store(true, Ordering::Relaxed);
    drop(world.drain().await);
    assert_eq!(provider.taken().len(), HANGING);
    assert!(provider.taken().values().all(|times| *times == 1));
    crate::inside::agrees(world).await;
    end_all(others).await;
}
