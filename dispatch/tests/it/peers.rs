//! Several processes that send: together they make no more calls than an entry allows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orqestra_commands::ListedProvider;
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::Channel::Email;
use orqestra_domain::provider::ProviderLimits;

use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, settings, smtp};

/// Calls that an entry allows in a second.
const RATE: usize = 20;

/// Notes when each call of a script begins.
fn noted(script: &Arc<Script>) -> Arc<Mutex<Vec<Instant>>> {
    let noted = Arc::<Mutex<Vec<Instant>>>::default();
    let (notes, mut calls) = (Arc::clone(&noted), script.subscribe());
    tokio::spawn(async move {
        while calls.changed().await.is_ok() {
            let made = calls.borrow_and_update().len();
            notes.lock().unwrap().resize(made, Instant::now());
        }
    });
    noted
}

/// Waits until so many processes were seen within the last five looks of 40 ms.
async fn seen(world: &World, wanted: i64) {
    let look = async || {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        loop {
            looks.tick().await;
            let seen = "select count(*) from dispatch_processes
                         where seen_at > clock_timestamp() - interval '200 ms'";
            let seen: i64 = sqlx::query_scalar(seen).fetch_one(world.pool()).await.unwrap();
            if seen == wanted {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, look()).await.expect("they are seen in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_together_start_no_more_calls_in_a_second_than_an_entry_allows() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Email, "hi")]).await;
    let limits = ProviderLimits::new(Some(u32::try_from(RATE).unwrap()), None).unwrap();
    world.providers(tenant.id, Email, vec![ListedProvider { provider: smtp(1), limits }]).await;
    let tenant = world.entry(tenant.id);
    let scripts = [Script::always(Answer::Taken), Script::always(Answer::Taken)];
    let notes = scripts.each_ref().map(noted);
    // Neither takes all of it.
    let few = DispatchSettings { lane_queue: 4, ..settings() };
    let [first, second] = scripts.each_ref().map(|script| world.play(script, few.clone()));
    seen(&world, 2).await;
    let mut ids = Vec::new();
    for number in 0..3 * RATE {
        ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
    }
    for id in ids {
        world.settled(&tenant, id, Email).await;
    }
    let [one, other] = notes.each_ref().map(|notes| notes.lock().unwrap().clone());
    assert!(!one.is_empty() && !other.is_empty(), "both send: {} and {}", one.len(), other.len());
    let mut all = [one, other].concat();
    all.sort();
    for window in all.windows(RATE + 1) {
        // Each process keeps its distances by its own first call.
        assert!(window[RATE] - window[0] > Duration::from_millis(950), "{:?}", window[RATE] - window[0]);
    }
    for running in [second, first] {
        running.stop().await;
    }
    let left: i64 =
        sqlx::query_scalar("select count(*) from dispatch_processes").fetch_one(world.pool()).await.unwrap();
    assert_eq!(left, 0, "one that ends in order is not counted any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_crashed_is_counted_no_longer_than_five_looks() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Email, "hi")]).await;
    let limits = ProviderLimits::new(Some(u32::try_from(RATE).unwrap()), None).unwrap();
    world.providers(tenant.id, Email, vec![ListedProvider { provider: smtp(1), limits }]).await;
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::Taken);
    let first = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-0").await;
    world.settled(&tenant, id, Email).await;
    first.die().await;
    let second = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, Email).await;
    // The dead process is forgotten, and the whole rate is this one's.
    seen(&world, 1).await;
    let notes = noted(&script);
    let before = script.calls().len();
    let mut ids = Vec::new();
    for number in 0..RATE {
        ids.push(world.trigger(&tenant, &format!("e-more-{number}")).await);
    }
    for id in ids {
        world.settled(&tenant, id, Email).await;
    }
    let made = notes.lock().unwrap()[before..].to_vec();
    // By half of the rate it would be nearly two seconds.
    let took = made[made.len() - 1] - made[0];
    assert!(took < Duration::from_millis(1_600), "{took:?}");
    second.stop().await;
}
