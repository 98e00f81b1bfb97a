//! The first statement after an outage works, whatever the outage has done to the sessions of a pool.

use std::time::{Duration, Instant};

use futures::future::join_all;
use orqestra_event_log::{EventLog, LogOptions, MIGRATOR, Sessions};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use orqestra_tests::wait;
use sqlx::PgPool;

use crate::support::{self, DEADLINE, events, options, recorded};

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
        wait::until_now("idle sessions", DEADLINE, || {
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
    let began = Instant::now();
    world.answers("a connection that the network has forgotten").await;
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(SESSIONS.into()), "not a second for each of them: {waited:?}");
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
        wait::until("statements under way", DEADLINE, async || {
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

#[tokio::test]
async fn the_first_append_after_the_network_has_forgotten_an_idle_writer_is_stored_within_seconds() {
    let world = support::World::new().await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let pool = world.database.pool_over(proxy.port());
    let log = EventLog::open(pool, options(&world.clock), world.token.child_token()).await.unwrap();
    recorded(log.append(events(1, 0, 1)).await);
    for number in 2..4 {
        let (since, idle) = (Instant::now(), Duration::from_millis(150));
        wait::until_now("an idle writer", DEADLINE, || (since.elapsed() > idle).then_some(())).await;
        proxy.lose();
        let asked = Instant::now();
        recorded(log.append(events(number, 0, 1)).await);
        assert!(asked.elapsed() < ANSWERED_WITHIN, "{:?}", asked.elapsed());
    }
    log.close().await;
}

/// The sessions by which logs listen, which hold their presence.
async fn listening(pool: &PgPool) -> Vec<i32> {
    let present = "select pid from pg_locks
                    where locktype = 'advisory'
                      and database = (select oid from pg_database where datname = current_database())";
    sqlx::query_scalar(present).fetch_all(pool).await.unwrap()
}

/// Waits until so many logs listen.
async fn until_listening(pool: &PgPool, count: usize) -> Vec<i32> {
    wait::until("logs that listen", DEADLINE, async || {
        Some(listening(pool).await).filter(|sessions| sessions.len() == count)
    })
    .await
}

#[tokio::test]
async fn after_an_outage_a_log_listens_by_a_session_of_after_it() {
    let world = support::World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let before = until_listening(world.pool(), 1).await;
    // The writer's session alone: the other may lead to a server that is none any more.
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
          where datname = current_database() and application_name = 'orqestra-writer-2'",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(ended, 1);
    recorded(world.log.append(events(1, 1, 1)).await);
    wait::until("another session that listens", DEADLINE, async || {
        let now = listening(world.pool()).await;
        (!now.is_empty() && now != before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_whose_listening_session_the_network_forgot_hears_of_news_again() {
    let world = support::World::new().await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let pool = world.database.pool_over(proxy.port());
    // It learns of another process's events by notices alone.
    let options = LogOptions { poll: Duration::from_hours(1), ..options(&world.clock) };
    let log = EventLog::open(pool, options, world.token.child_token()).await.unwrap();
    drop(until_listening(world.pool(), 2).await);
    proxy.lose();
    let mut appended = 0;
    wait::until("news", DEADLINE, async || {
        appended += 1;
        recorded(world.log.append(events(appended, 0, 1)).await);
        (log.head().borrow().get() > 0).then_some(())
    })
    .await;
}
