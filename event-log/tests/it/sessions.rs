//! The first statement after an outage works, whatever the outage has done to the sessions of a pool.

use std::time::{Duration, Instant};

use futures::future::join_all;
use orqestra_event_log::{MIGRATOR, Sessions};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use sqlx::PgPool;

const SESSIONS: u32 = 4;
/// A session that is lost costs its look, and its successor its start.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

struct World {
    database: TestDatabase,
    proxy: Proxy,
    pool: PgPool,
}

impl World {
    async fn new() -> Self {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let proxy = Proxy::before(TestCluster::shared().socket()).await;
        let options = database.pool_over(proxy.port()).connect_options().as_ref().clone();
        let options = options.application_name("sessions");
        let pool = Sessions::default().pool().max_connections(SESSIONS).connect_lazy_with(options);
        let world = Self { database, proxy, pool };
        world.use_all().await;
        world
    }

    /// Has each session in the pool, and used.
    async fn use_all(&self) {
        let held = join_all((0..SESSIONS).map(|_| self.pool.acquire())).await;
        drop(held.into_iter().map(Result::unwrap).collect::<Vec<_>>());
        orqestra_tests::wait::until_now("idle sessions", crate::support::DEADLINE, || {
            (self.pool.num_idle() == SESSIONS as usize).then_some(())
        })
        .await;
    }

    async fn answers(&self, after: &str) {
        for _ in 0..2 * SESSIONS {
            let asked = Instant::now();
            let one: i32 = sqlx::query_scalar("select 1").fetch_one(&self.pool).await.expect(after);
            assert!(one == 1 && asked.elapsed() < ANSWERED_WITHIN, "{after}: {:?}", asked.elapsed());
        }
    }
}

#[tokio::test]
async fn the_first_statement_after_each_kind_of_outage_works() {
    let world = World::new().await;
    world.proxy.cut();
    world.answers("a connection that was closed").await;
    world.use_all().await;
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
          where datname = current_database() and application_name = 'sessions'",
    )
    .fetch_one(world.database.pool())
    .await
    .unwrap();
    assert_eq!(ended, i64::from(SESSIONS));
    world.answers("a session that was terminated").await;
    world.use_all().await;
    world.proxy.lose();
    world.answers("a connection that the network has forgotten").await;
}

#[tokio::test]
async fn a_statement_that_was_given_up_on_a_lost_connection_keeps_no_place_of_the_pool() {
    let world = World::new().await;
    let waiting = join_all((0..SESSIONS).map(|_| {
        tokio::time::timeout(
            Duration::from_secs(1),
            sqlx::query("select pg_sleep_for('1 minute')").execute(&world.pool),
        )
    }));
    let losing = async {
        let asked = "select count(*) from pg_stat_activity
                      where application_name = 'sessions' and wait_event = 'PgSleep'
                        and datname = current_database()";
        orqestra_tests::wait::until("statements under way", crate::support::DEADLINE, async || {
            let count: i64 = sqlx::query_scalar(asked).fetch_one(world.database.pool()).await.unwrap();
            (count > 0).then_some(())
        })
        .await;
        world.proxy.lose();
    };
    let (given_up, ()) = futures::future::join(waiting, losing).await;
    assert!(given_up.iter().all(Result::is_err), "{given_up:?}");
    world.answers("statements that were given up").await;
}
