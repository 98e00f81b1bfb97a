//! A subscription that is told to end while the network answers nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orqestra_event_log::{EventLog, SubscriptionOptions, run_subscription};
use orqestra_tests::postgres::TestCluster;
use orqestra_tests::proxy::Proxy;
use orqestra_tests::wait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::subscription::{Witness, quick, witness, world};
use crate::support::{DEADLINE, events, options, recorded};

/// How long a transaction may take. The server ends it then too, and the next one waits for that.
const LIMIT: Duration = Duration::from_secs(12);
/// Far below it.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_transaction_that_the_network_has_lost_is_given_up_at_the_end_and_done_once_by_the_next_process() {
    let world = world().await;
    for number in 1..4 {
        recorded(world.log.append(events(number, 0, 1)).await);
    }
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let pool = world.database.pool_over(proxy.port());
    let (gate, token) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
    let log = EventLog::open(pool.clone(), options(&world.clock), token.child_token()).await.unwrap();
    let held = Witness { gate: Some(Arc::clone(&gate)), ..witness() };
    let told = Arc::clone(&held.told);
    let options = SubscriptionOptions { limit: LIMIT, ..quick() };
    let running = tokio::spawn(run_subscription(log.clone(), pool.clone(), held, options, token.clone()));
    let open = "select count(*) from pg_stat_activity
                 where datname = current_database() and state = 'idle in transaction'";
    wait::until("an open transaction", DEADLINE, async || {
        let count: i64 = sqlx::query_scalar(open).fetch_one(world.pool()).await.unwrap();
        (count > 0).then_some(())
    })
    .await;
    proxy.lose();
    // Now it sends, and nothing is answered.
    gate.add_permits(1);
    let asked = Instant::now();
    token.cancel();
    let ended = tokio::time::timeout(DEADLINE, running).await.expect("an end in time").unwrap();
    ended.unwrap();
    assert!(asked.elapsed() < ENDS_WITHIN, "{:?}", asked.elapsed());
    tokio::time::timeout(ENDS_WITHIN, pool.close()).await.expect("no place of the pool is kept");
    assert!(told.lock().unwrap().is_empty());
    log.close().await;

    let next = witness();
    let told = Arc::clone(&next.told);
    let until = CancellationToken::new();
    let running =
        tokio::spawn(run_subscription(world.log.clone(), world.pool().clone(), next, quick(), until.clone()));
    wait::until_now("all events", DEADLINE, || (told.lock().unwrap().len() == 3).then_some(())).await;
    until.cancel();
    running.await.unwrap().unwrap();
    let rows: i64 =
        sqlx::query_scalar("select count(*) from witnessed").fetch_one(world.pool()).await.unwrap();
    assert_eq!(rows, 3);
}
