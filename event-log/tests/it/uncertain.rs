//! Commits whose answer is lost: a subscription goes on from what the tables say, not from what it remembers.

use std::sync::{Arc, Mutex};

use orqestra_event_log::{
    Frontier, OnPoison, Position, SubscriptionOptions, checkpoint, parked, request_retry,
};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use sqlx::{Executor, PgPool};

use crate::subscription::{
    Poison, Running, Witness, append, quick, reached, run_through, until, witness, witnessed, world_on,
};
use crate::support::{World, events, in_time, recorded, stream};

/// A world whose subscription reaches the database through a proxy; the world itself does not.
struct Apart {
    world: World,
    proxy: Proxy,
    pool: PgPool,
    poison: Poison,
    told: Arc<Mutex<Vec<i64>>>,
}

impl Apart {
    async fn new() -> Self {
        let database = TestDatabase::migrated(&orqestra_event_log::MIGRATOR).await;
        let proxy = Proxy::before(TestCluster::shared().socket()).await;
        let pool = database.pool_over(proxy.port());
        let (poison, told) = (Poison::default(), Arc::default());
        Self { world: world_on(database).await, proxy, pool, poison, told }
    }

    fn run(&self) -> Running {
        let (poison, told) = (Arc::clone(&self.poison), Arc::clone(&self.told));
        let subscriber = Witness { poison, told, on_poison: OnPoison::Park, ..witness() };
        let options = SubscriptionOptions { tries: 1, ..quick() };
        run_through(&self.world, &self.world.log, &self.pool, subscriber, options)
    }

    fn poisoned(&self, number: u128) {
        self.poison.lock().unwrap().insert(stream(1, number));
    }

    fn cure(&self) {
        self.poison.lock().unwrap().clear();
    }

    async fn retry(&self, number: u128) {
        let asked = request_retry(self.world.pool(), "witness", Some(&stream(1, number))).await.unwrap();
        assert_eq!(asked, 1, "it is parked");
    }

    async fn lost(&self) {
        orqestra_tests::wait::until_now("a lost commit", crate::support::DEADLINE, || {
            (self.proxy.lost() > 0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn after_a_lost_commit_of_parking_the_aggregate_is_withheld_and_nothing_of_it_is_lost() {
    let apart = Apart::new().await;
    let world = &apart.world;
    let running = apart.run();
    append(world, [1]).await;
    reached(&world.log, 1).await;
    apart.poisoned(3);
    apart.proxy.lose_next_commit();
    append(world, [3]).await;
    apart.lost().await;
    reached(&world.log, 2).await;
    apart.cure();
    recorded(world.log.append(events(3, 1, 1)).await);
    append(world, [4]).await;
    reached(&world.log, 4).await;
    assert_eq!(
        witnessed(world).await,
        [1, 4],
        "the second event of the parked aggregate waits for the first"
    );
    apart.retry(3).await;
    until(world, "select count(*) = 0 from parked_events").await;
    running.stop().await;
    assert_eq!(witnessed(world).await, [1, 4, 2, 3]);
}

#[tokio::test]
async fn after_a_lost_commit_of_a_retry_later_events_of_the_aggregate_are_handled() {
    let apart = Apart::new().await;
    let world = &apart.world;
    let running = apart.run();
    apart.poisoned(3);
    append(world, [3, 4]).await;
    reached(&world.log, 2).await;
    apart.cure();
    apart.proxy.lose_next_commit();
    apart.retry(3).await;
    apart.lost().await;
    until(world, "select count(*) = 0 from parked_events").await;
    recorded(world.log.append(events(3, 1, 1)).await);
    append(world, [5]).await;
    reached(&world.log, 4).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, [2, 1, 3, 4], "each once, whatever answer was lost");
    assert!(parked(world.pool(), "witness").await.unwrap().is_empty());
}

#[tokio::test]
async fn after_a_lost_commit_of_a_move_each_event_is_handled_once() {
    let apart = Apart::new().await;
    let world = &apart.world;
    let running = apart.run();
    append(world, [1]).await;
    reached(&world.log, 1).await;
    for number in 2..6 {
        apart.proxy.lose_next_commit();
        append(world, [number]).await;
        reached(&world.log, i64::try_from(number).unwrap()).await;
    }
    assert_eq!(apart.proxy.lost(), 4);
    running.stop().await;
    assert_eq!(witnessed(world).await, [1, 2, 3, 4, 5]);
    assert_eq!(*apart.told.lock().unwrap(), [1, 2, 3, 4, 5], "what was stored after all is told too");
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap(), Some(Frontier::whole(Position::new(5))));
}

#[tokio::test]
async fn the_lease_is_not_taken_from_a_process_in_the_middle_of_a_retry() {
    let apart = Apart::new().await;
    let world = &apart.world;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    apart.poisoned(3);
    let subscriber = Witness {
        poison: Arc::clone(&apart.poison),
        on_poison: OnPoison::Park,
        gate: Some(Arc::clone(&gate)),
        ..witness()
    };
    let options = SubscriptionOptions { tries: 1, ..quick() };
    let running = run_through(world, &world.log, &apart.pool, subscriber, options);
    append(world, [3]).await;
    gate.add_permits(1);
    until(world, "select count(*) = 1 from parked_events").await;
    apart.cure();
    apart.retry(3).await;
    // It stands in the transaction that takes the aggregate back.
    let stands = "select exists (select from pg_stat_activity
                   where state = 'idle in transaction' and query like 'delete from parked_events%'
                     and datname = current_database())";
    until(world, stands).await;
    let pool = world.pool().clone();
    let taking = tokio::spawn(async move {
        pool.execute("update leases set epoch = epoch + 1, until = now() + interval '1 hour', presence = 0")
            .await
            .unwrap();
    });
    let waits = "select exists (select from pg_stat_activity where wait_event_type = 'Lock'
                   and query like 'update leases set epoch%' and datname = current_database())";
    until(world, waits).await;
    assert!(!taking.is_finished(), "the retry comes first");
    gate.add_permits(10);
    in_time(taking).await.unwrap();
    assert_eq!(witnessed(world).await, [1]);
    assert!(parked(world.pool(), "witness").await.unwrap().is_empty());
    running.stop().await;
}
