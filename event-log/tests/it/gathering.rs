//! A subscription that gathers: it waits for more after a batch that was not full, and neglects nothing meanwhile.

use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::{OnPoison, SubscriptionOptions, request_retry};

use crate::subscription::{
    Poison, Witness, append, quick, reached, run_as, until, witness, witnessed, world,
};
use crate::support::stream;

#[tokio::test]
async fn one_that_gathers_handles_in_one_batch_what_comes_meanwhile_but_waits_after_no_full_one() {
    let world = world().await;
    append(&world, 0..25).await;
    // It ends where the lease has to be renewed, an hour after that here.
    let lease = Duration::from_hours(3);
    let gathers = SubscriptionOptions { gather: Duration::from_hours(1), lease, ..quick() };
    let running = run_as(&world, &world.log, witness(), gathers);
    reached(&world.log, 25).await;
    append(&world, 25..27).await;
    // It waits, and can be stopped.
    running.stop().await;
    assert_eq!(witnessed(&world).await.len(), 25);

    let gathers = SubscriptionOptions { gather: Duration::from_secs(2), lease, ..quick() };
    let running = run_as(&world, &world.log, witness(), gathers);
    reached(&world.log, 27).await;
    for at in 27..33 {
        append(&world, [at]).await;
    }
    reached(&world.log, 33).await;
    running.stop().await;
    let moves =
        "select position from checkpoints where subscription = 'witness' and position > 25 order by position";
    let moves: Vec<i64> = sqlx::query_scalar(moves).fetch_all(world.pool()).await.unwrap();
    assert_eq!(moves, [27, 33]);
    assert_eq!(witnessed(&world).await, (1..=33).collect::<Vec<i64>>());
}

#[tokio::test]
async fn while_events_keep_coming_one_that_gathers_retries_what_is_parked_too() {
    let world = world().await;
    let poison = Poison::default();
    poison.lock().unwrap().insert(stream(1, 1));
    let subscriber = Witness { poison: Arc::clone(&poison), on_poison: OnPoison::Park, ..witness() };
    let options = SubscriptionOptions { gather: Duration::from_millis(150), ..quick() };
    let running = run_as(&world, &world.log, subscriber, options);
    append(&world, 1..=2).await;
    until(&world, "select count(*) = 1 from parked_events").await;
    poison.lock().unwrap().clear();
    request_retry(world.pool(), "witness", Some(&stream(1, 1))).await.unwrap();
    let keep_coming = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for number in 3.. {
            pace.tick().await;
            append(&world, [number]).await;
        }
    };
    tokio::select! {
        () = keep_coming => unreachable!("they never end"),
        () = until(&world, "select count(*) = 0 from parked_events") => {}
    }
    running.stop().await;
}
