//! Whether appends are stored is known without an append, in both directions, whatever keeps them from it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use orqestra_event_log::source::ManualClock;
use orqestra_event_log::{EventLog, Hindrance, LogOptions, MIGRATOR, Outcome, look_at_appends};
use orqestra_tests::postgres::{HeldAppends, TestDatabase};
use orqestra_tests::server::{Server, app_role};
use orqestra_tests::wait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _, PgPool};
use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, events, options, recorded};

/// As the engine has it.
const IDLE: Duration = Duration::from_millis(600);
const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and usename = 'orqestra_app'";

/// A log as the engine's role has it.
struct World {
    database: TestDatabase,
    app: PgConnectOptions,
    log: EventLog,
    token: CancellationToken,
}

impl World {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let app = app_role(database.options(), &database.url()).await;
        MIGRATOR.run(database.pool()).await.unwrap();
        let app: PgConnectOptions = app.parse().unwrap();
        let (log, token) = open(&app, IDLE).await;
        Self { database, app, log, token }
    }

    /// Waits until that is why nothing can be stored.
    async fn hindered(&self, by: Option<&Hindrance>) {
        wait::until_now(&format!("{by:?}"), DEADLINE, || (self.log.hindrance().as_ref() == by).then_some(()))
            .await;
    }

    async fn run(&self, sql: &str) {
        let name = self.database.name();
        self.database.run(&sql.replace("{database}", name)).await;
    }

    /// What a look from outside says, where it gets in.
    async fn looked_at(&self) -> Option<Result<(), Hindrance>> {
        let mut session = self.app.connect().await.ok()?;
        Some(look_at_appends(&mut session).await)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn open(app: &PgConnectOptions, look: Duration) -> (EventLog, CancellationToken) {
    let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
    let token = CancellationToken::new();
    let options = LogOptions { look: Some(look), ..options(&clock) };
    let pool = PgPool::connect_lazy_with(app.clone());
    (EventLog::open(pool, options, token.child_token()).await.unwrap(), token)
}

#[tokio::test]
async fn an_idle_process_knows_that_nothing_can_be_stored_and_that_it_can_be_again() {
    let world = World::new().await;
    // What keeps appends from being stored, how it passes, and what is told.
    let kinds = [
        (
            format!(
                "begin; alter database {{database}} set default_transaction_read_only = on; commit; {CUT}"
            ),
            "begin read write; alter database {database} reset default_transaction_read_only; commit"
                .to_owned(),
            Hindrance::ReadOnly,
        ),
        (
            "revoke execute on function append_commands from orqestra_app".to_owned(),
            "grant execute on function append_commands to orqestra_app".to_owned(),
            Hindrance::Forbidden,
        ),
        (
            "alter function append_commands rename to append_commands_gone".to_owned(),
            "alter function append_commands_gone rename to append_commands".to_owned(),
            Hindrance::Missing,
        ),
        (
            "revoke usage on schema public from public, orqestra_app".to_owned(),
            "grant usage on schema public to public, orqestra_app".to_owned(),
            Hindrance::Missing,
        ),
        (
            format!(
                "begin; revoke connect on database {{database}} from public, orqestra_app; commit; {CUT}"
            ),
            "grant connect on database {database} to public".to_owned(),
            Hindrance::Forbidden,
        ),
    ];
    world.hindered(None).await;
    for (begins, ends, why) in kinds {
        world.run(&begins).await;
        world.hindered(Some(&why)).await;
        let outcome = world.log.append(events(900, 0, 1)).await;
        assert!(!matches!(outcome, Outcome::Recorded(_)), "{why:?}: {outcome:?}");
        if let Some(looked) = world.looked_at().await {
            assert_eq!(looked, Err(why));
        }
        world.run(&ends).await;
        world.hindered(None).await;
        assert_eq!(world.looked_at().await, Some(Ok(())));
    }
    recorded(world.log.append(events(1, 0, 1)).await);
}

#[tokio::test]
async fn a_lock_that_another_holds_is_told_while_it_is_held() {
    let world = World::new().await;
    for _ in 0..2 {
        let held = HeldAppends::on(world.database.pool()).await;
        world.hindered(Some(&Hindrance::Locked)).await;
        assert_eq!(world.looked_at().await, Some(Err(Hindrance::Locked)));
        held.release().await;
        world.hindered(None).await;
    }
    // Also where it is a batch that waits.
    let held = HeldAppends::on(world.database.pool()).await;
    let append = tokio::spawn({
        let log = world.log.clone();
        async move { log.append(events(1, 0, 1)).await }
    });
    wait::until_now("a hindrance", DEADLINE, || world.log.hindrance()).await;
    held.release().await;
    recorded(append.await.unwrap());
    world.hindered(None).await;
}

#[tokio::test]
async fn what_only_an_append_meets_is_known_from_the_last_one_and_passes_without_another() {
    let world = World::new().await;
    for (state, why) in [
        ("53100", Hindrance::Full),
        ("58030", Hindrance::Other("58030".to_owned())),
        ("P0001", Hindrance::Other("P0001".to_owned())),
        ("53400", Hindrance::Refused("53400".to_owned())),
    ] {
        world
            .run(&format!(
                "create function fails() returns trigger language plpgsql as
                 $$ begin raise exception using errcode = '{state}', message = 'on purpose'; end $$;
                 create trigger fails before insert on events for each row execute function fails()"
            ))
            .await;
        assert_eq!(world.log.hindrance(), None, "{state}: nothing was appended");
        let outcome = world.log.append(events(1, 0, 1)).await;
        assert!(matches!(outcome, Outcome::Failed(_) | Outcome::Unavailable), "{state}: {outcome:?}");
        world.hindered(Some(&why)).await;
        world.run("drop function fails cascade").await;
        world.hindered(None).await;
    }
    recorded(world.log.append(events(1, 0, 1)).await);
    let stored: i64 =
        sqlx::query_scalar("select count(*) from events").fetch_one(world.database.pool()).await.unwrap();
    assert_eq!(stored, 1, "what was tried meanwhile was taken back");
}

#[tokio::test]
async fn a_command_whose_own_data_is_refused_hinders_no_other() {
    let world = World::new().await;
    world.run("alter table events add constraint odd check (sequence < 3)").await;
    // So many of them that no look comes in between: nothing else tells that others would be stored.
    let until = Instant::now() + 2 * IDLE;
    let refused = join_all((1..9).map(|number| {
        let log = world.log.clone();
        tokio::spawn(async move {
            while Instant::now() < until {
                let outcome = log.append(events(number, 0, 3)).await;
                assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
                assert_eq!(log.hindrance(), None);
            }
        })
    }));
    refused.await.into_iter().for_each(Result::unwrap);
    recorded(world.log.append(events(9, 0, 2)).await);
}

#[tokio::test]
async fn a_look_writes_nothing() {
    let server = Server::start().await;
    MIGRATOR.run(&server.pool()).await.unwrap();
    let (log, token) = open(&server.options(), Duration::from_millis(50)).await;
    recorded(log.append(events(1, 0, 1)).await);
    let pool = server.pool();
    let written = async || -> (i64, String) {
        let asked =
            "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_wal_insert_lsn()::text";
        sqlx::query_as(asked).fetch_one(&pool).await.unwrap()
    };
    pool.execute("checkpoint").await.unwrap();
    let looks = async || -> i64 {
        let asked = "select xact_rollback from pg_stat_database where datname = current_database()";
        sqlx::query_scalar(asked).fetch_one(&pool).await.unwrap()
    };
    // What the server itself writes now and then is over soon.
    wait::until("ten looks that write nothing", DEADLINE, async || {
        let (before, first) = (written().await, looks().await);
        wait::until("ten looks", DEADLINE, async || (looks().await >= first + 10).then_some(())).await;
        (written().await == before).then_some(())
    })
    .await;
    token.cancel();
    log.close().await;
}
