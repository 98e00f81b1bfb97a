//! Large events, many at once: bounded memory, and a link that is slow carries them all the same.

use std::fmt::Write as _;
use std::time::Duration;

use futures::stream::{StreamExt as _, iter};
use orqestra_tests::http::{Http, Request};
use orqestra_tests::load::{insist, order};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

/// The body of one trigger; a caller may send 256 KB.
const LARGE: usize = 240 * 1024;
const CLIENTS: usize = 16;
/// The most memory of one process, in megabytes; the payloads have 281.
const MOST_MEMORY: u64 = 200;
const WITHIN: Duration = Duration::from_mins(6);

/// An order with so much beside it that nothing compresses.
fn large(number: usize) -> Value {
    let mut state = u64::try_from(number).unwrap() * 2 + 0x9e37_79b9_7f4a_7c15;
    let mut noise = String::with_capacity(LARGE);
    while noise.len() < LARGE - 1_024 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(noise, "{state:016x}").expect("a text takes all");
    }
    let mut body = order(number);
    body["variables"]["beside"] = json!(noise);
    body
}

async fn trigger(world: &World, numbers: std::ops::Range<usize>) {
    let sending = numbers.map(|number| async move {
        drop(insist(world, world.tenant(), &large(number)).await);
    });
    iter(sending).buffer_unordered(CLIENTS).collect::<Vec<()>>().await;
}

/// Waits until nothing is due any more and every reader of the log is at its head.
async fn settled(world: &World) {
    wait::until("deliveries that end", WITHIN, async || {
        let done = sqlx::query_scalar::<_, bool>(
            "select (select count(*) from dispatch_due) = 0
                and (select min(position) from (select max(position) as position from checkpoints
                                                 group by subscription, partition) readers)
                    = (select max(position) from events)",
        );
        done.fetch_one(world.pool()).await.ok()?.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_large_events_is_accepted_and_sent_in_bounded_memory() {
    let world = World::start().await;
    trigger(&world, 0..1_200).await;
    println!("accepted at a peak of {} MB", world.engine().peak_memory());
    settled(&world).await;
    let peak = world.engine().peak_memory();
    println!("delivered at a peak of {peak} MB");
    assert!(peak < MOST_MEMORY, "{peak} MB");
    let state = world.settled(world.tenant(), "order-1199").await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    world.restart().await;
    assert!(world.engine().peak_memory() < 100, "a start reads no notifications");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_slow_link_large_events_are_sent_and_a_process_that_is_behind_answers() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::through(proxy.port(), database).await;
    world.sigterm().await;
    world.begin_as("api").await;
    let tenant = world.tenant();
    trigger(&world, 0..300).await;
    // Whatever is read of the log from now on, all of it is behind: 100 MB at 4 MB a second.
    let behind = world.beside("api").await;
    proxy.slow_down(4 * 1024 * 1024);
    let working = world.beside("project,dispatch").await;
    trigger(&world, 300..305).await;
    let http = Http::default();
    for _ in 0..20 {
        let path = format!("/api/v1/notifications/{}/user-1?limit=1", tenant.id);
        let asked = http.send(behind.address(), Request::get(path).key(&tenant.key));
        let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.expect("an answer in time");
        drop(answer.expect("an answer").expect(200));
    }
    drop(world.trigger(tenant, &order(1_000)).await.expect(200));
    settled(&world).await;
    let state = world.settled(tenant, "order-1000").await;
    assert!(state.is_settled(), "{}", state.ends());
    for process in [&working, &behind] {
        assert!(process.peak_memory() < 150, "{} MB", process.peak_memory());
        process.signal(rustix::process::Signal::TERM);
        let status = process.end(orqestra_tests::world::ENDS_WITHIN).await;
        assert!(status.success(), "{status}: {}", process.log_tail());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_all_roles_that_catches_up_over_a_slow_link_takes_every_trigger() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::through(proxy.port(), database).await;
    world.sigterm().await;
    world.begin_as("api").await;
    let tenant = world.tenant();
    trigger(&world, 0..160).await;
    world.sigterm().await;
    // Each connection is busy for a second with a page, and some forty pages are behind for each reader.
    proxy.slow_down(1024 * 1024);
    world.begin_as("api,project,dispatch").await;
    let behind = async || {
        let asked = sqlx::query_scalar::<_, i64>(
            "select (select max(position) from events)
                    - (select min(position) from (select max(position) as position from checkpoints
                                                   group by subscription, partition) readers)",
        );
        asked.fetch_one(world.pool()).await.unwrap()
    };
    let mut taken = 0;
    while behind().await > 40 || taken < 20 {
        drop(world.trigger(tenant, &order(1_000 + taken)).await.expect(200));
        taken += 1;
    }
    println!("{taken} triggers were taken while it was behind");
    settled(&world).await;
}
