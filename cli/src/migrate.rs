//! Bringing the schema up to this program's, as its owner.
//!
//! Nothing that a role without rights can take holds a migration up: turns are taken by a lock of the table of migrations,
//! which needs a right to it, where advisory locks need none. What a role with rights holds is waited for within bounds,
//! and told while it is waited for.

use std::borrow::Cow;
use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use orqestra_event_log::MIGRATOR;
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::MissedTickBehavior;

use crate::database::{CONNECT_WITHIN, DatabaseUrls, ensure_app_role};

/// How long one migrator waits for another.
const TURN_WITHIN: Duration = Duration::from_mins(5);
/// How long a statement of a migration waits for a lock.
const LOCK_WITHIN: Duration = Duration::from_mins(1);
/// How often something is made that other processes make at the same moment.
const TRIES: usize = 10;
/// How often a wait is looked at.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// Migrations whose text has changed since a database could have run it, to the same effect: the version, and the checksum
/// of the earlier text.
///
/// 7 took an advisory lock, which any role could hold.
const REWRITTEN: [(i64, &str); 1] =
    [(7, "5b9022c8833f25e5b36cc170485875a03b417579e90f1050561d7f4850b1fed79409401175a7220576305360332d986a")];

/// The names of the migrations that ran, in order.
type Applied = Vec<String>;

/// Brings the schema up to this program's, and prints the migrations that ran.
pub(crate) async fn run(urls: &DatabaseUrls) -> anyhow::Result<()> {
    let applied = migrate(urls).await?;
    let known = MIGRATOR.iter().count();
    let mut lines: Vec<String> = applied.iter().map(|name| format!("applied {name}\n")).collect();
    lines.push(match applied.len() {
        0 => format!("nothing to do: all {known} migrations have run, the schema is this program's\n"),
        count => format!("{count} of {known} migrations applied, the schema is this program's\n"),
    });
    let text = lines.concat();
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output is closed")
}

/// Brings the schema up to this program's.
pub(crate) async fn migrate(urls: &DatabaseUrls) -> anyhow::Result<Applied> {
    migrate_within(urls, TURN_WITHIN, LOCK_WITHIN).await
}

/// The same within other times.
async fn migrate_within(
    urls: &DatabaseUrls,
    turn_within: Duration,
    lock_within: Duration,
) -> anyhow::Result<Applied> {
    let options = DatabaseUrls::parsed(&urls.owner)?
        .application_name("orqestra migrate")
        .options([("lock_timeout", millis(lock_within))]);
    let mut owner = connect(&options).await?;
    let mut turn = connect(&options).await?;
    let mut onlooker = connect(&options).await?;
    let app_user = DatabaseUrls::parsed(&urls.app)?.get_username().to_owned();
    if app_user != options.get_username() {
        made(async || ensure_app_role(&mut owner, &app_user).await).await?;
    }
    // No lock exists before it, and `if not exists` does not see a table that another process makes at the same moment.
    made(async || owner.ensure_migrations_table().await.context("the table of migrations cannot be made"))
        .await?;
    let waiting = pid(&mut turn).await?;
    looked_on(&mut onlooker, waiting, take_turn(&mut turn, turn_within))
        .await
        .context("another process migrates the database and does not end")?;
    accept_rewritten(&mut owner).await.context("the table of migrations cannot be written")?;
    // The lock of the migrator itself is an advisory one.
    let mut migrator = Migrator { migrations: Cow::Borrowed(&MIGRATOR.migrations), ..Migrator::DEFAULT };
    migrator.set_locking(false);
    let before: Vec<i64> = owner
        .list_applied_migrations()
        .await
        .context("the table of migrations cannot be read")?
        .iter()
        .map(|migration| migration.version)
        .collect();
    let waiting = pid(&mut owner).await?;
    looked_on(&mut onlooker, waiting, migrator.run_direct(&mut owner))
        .await
        .context("a migration failed; nothing of it was kept")?;
    let applied = MIGRATOR.iter().filter(|migration| !before.contains(&migration.version));
    let applied: Applied =
        applied.map(|migration| format!("{:04} {}", migration.version, migration.description)).collect();
    for connection in [onlooker, turn, owner] {
        connection.close().await.context("the owner's connection did not close")?;
    }
    Ok(applied)
}

async fn connect(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    tokio::time::timeout(CONNECT_WITHIN, PgConnection::connect_with(options))
        .await
        .context("the database did not answer in time")?
        .context("the database cannot be reached as its owner")
}

async fn pid(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await
}

/// Makes something, again where another process has just made the same: PostgreSQL waits for that one and then refuses.
async fn made(mut make: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    for _ in 1..TRIES {
        match make().await {
            Err(error) if was_raced(&error) => {}
            done => return done,
        }
    }
    make().await
}

/// Whether a row of a catalog was written by another session at the same moment.
fn was_raced(error: &anyhow::Error) -> bool {
    let reported = error.chain().find_map(|cause| match cause.downcast_ref::<sqlx::Error>()? {
        sqlx::Error::Database(reported) => Some(reported),
        _ => None,
    });
    reported.is_some_and(|reported| match reported.code().as_deref() {
        // `unique_violation`, `duplicate_table`, `duplicate_object`
        Some("23505" | "42P07" | "42710") => true,
        Some("XX000") => reported.message().contains("concurrently"),
        _ => false,
    })
}

/// Takes the lock of migrations, which the connection holds until it closes.
async fn take_turn(turn: &mut PgConnection, within: Duration) -> Result<(), sqlx::Error> {
    let lock = format!(
        "begin; set local lock_timeout = '{}'; set local idle_in_transaction_session_timeout = 0;
         lock table _sqlx_migrations in share update exclusive mode",
        millis(within)
    );
    turn.execute(lock.as_str()).await.map(drop)
}

/// Notes today's checksum of what an earlier text of a migration has done.
async fn accept_rewritten(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    for (version, before) in REWRITTEN {
        let Some(today) = MIGRATOR.iter().find(|migration| migration.version == version) else { continue };
        sqlx::query(
            "update _sqlx_migrations set checksum = $1 where version = $2 and checksum = decode($3, 'hex')",
        )
        .bind(&*today.checksum)
        .bind(version)
        .bind(before)
        .execute(&mut *owner)
        .await?;
    }
    Ok(())
}

/// Works, and looks meanwhile whether the work waits for somebody's lock: tells for whose, at once and with the failure.
async fn looked_on<T, E>(
    onlooker: &mut PgConnection,
    worker: i32,
    work: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut work = pin!(work);
    let mut holders: Option<String> = None;
    let mut looks = tokio::time::interval(LOOKS_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once.
    looks.reset();
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                let failed = match done {
                    Ok(done) => return Ok(done),
                    Err(failed) => anyhow::Error::new(failed),
                };
                return Err(match holders {
                    Some(holders) => failed.context(format!("it waited for a lock of {holders}")),
                    None => failed,
                });
            }
            _ = looks.tick() => {
                let seen = holders_before(onlooker, worker).await.ok().flatten();
                if let Some(seen) = &seen && holders.as_ref() != Some(seen) {
                    tracing::warn!("migrating waits for a lock of {seen}");
                }
                // A wait that has just been given up shows no holder any more.
                holders = seen.or(holders.take());
            }
        }
    }
}

/// The processes of the server that a waiting one waits for, with their roles.
async fn holders_before(onlooker: &mut PgConnection, worker: i32) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select string_agg(format('process %s of role %s (%s)', a.pid, a.usename, a.application_name), ', '
                           order by a.pid)
           from pg_stat_activity a where a.pid = any (pg_blocking_pids($1))",
    )
    .bind(worker)
    .fetch_one(onlooker)
    .await
}

fn millis(span: Duration) -> String {
    format!("{}ms", span.as_millis())
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use orqestra_tests::postgres::TestDatabase;
    use sqlx::ConnectOptions as _;

    use super::*;

    /// More than enough for all migrations, and less than either bound of waiting.
    const IN_TIME: Duration = Duration::from_secs(50);

    fn urls(database: &TestDatabase) -> DatabaseUrls {
        DatabaseUrls { owner: database.url(), app: database.url() }
    }

    /// A connection as a role that may connect and nothing else.
    async fn stranger(database: &TestDatabase) -> PgConnection {
        let role = format!("stranger_of_{}", database.name());
        database.run(&format!("create role {role} login")).await;
        database.options().clone().username(&role).connect().await.unwrap()
    }

    #[tokio::test]
    async fn no_lock_that_a_stranger_can_take_holds_a_migration_up() {
        let database = TestDatabase::empty().await;
        let mut stranger = stranger(&database).await;
        // What migrations and functions have taken at any time, and what sqlx's own migrator takes.
        stranger.execute("select pg_advisory_lock(7237117320415929455)").await.unwrap();
        stranger.lock().await.unwrap();
        tokio::time::timeout(IN_TIME, migrate(&urls(&database))).await.expect("an end in time").unwrap();
        let held: Vec<String> = sqlx::query_scalar(
            "select proname::text from pg_proc
              where prosrc like '%advisory%' and pronamespace = 'public'::regnamespace",
        )
        .fetch_all(database.pool())
        .await
        .unwrap();
        assert!(held.is_empty(), "advisory locks are taken in {held:?}");
        stranger.close().await.unwrap();
    }

    #[tokio::test]
    async fn of_many_that_migrate_an_empty_database_at_once_one_does_and_none_fails() {
        for _ in 0..3 {
            let database = TestDatabase::empty().await;
            let urls = urls(&database);
            let all = join_all((0..8).map(|_| migrate(&urls))).await;
            let applied: Vec<Applied> = all.into_iter().map(Result::unwrap).collect();
            let (did, rest): (Vec<_>, Vec<_>) = applied.iter().partition(|applied| !applied.is_empty());
            assert_eq!((did.len(), rest.len()), (1, 7), "{applied:?}");
            assert_eq!(did[0].len(), MIGRATOR.iter().count());
        }
    }

    #[tokio::test]
    async fn of_many_that_make_the_role_of_the_engine_at_once_none_fails() {
        let database = TestDatabase::empty().await;
        let app = format!("app_of_{}", database.name());
        database.run(&format!("create role {app} login")).await;
        let all = join_all((0..8).map(|_| async {
            let mut owner = database.options().connect().await.unwrap();
            made(async || ensure_app_role(&mut owner, &app).await).await
        }));
        for made in all.await {
            made.unwrap();
        }
    }

    #[tokio::test]
    async fn a_migration_says_what_it_did() {
        let database = TestDatabase::empty().await;
        let earlier =
            MIGRATOR.iter().filter(|migration| migration.version < 200).cloned().collect::<Vec<_>>();
        let count = MIGRATOR.iter().count() - earlier.len();
        let earlier = Migrator { migrations: Cow::Owned(earlier), ..Migrator::DEFAULT };
        earlier.run(database.pool()).await.unwrap();
        let applied = migrate(&urls(&database)).await.unwrap();
        assert_eq!(applied.len(), count);
        assert_eq!(applied[0].split_once(' ').unwrap().0, "0200", "{applied:?}");
        assert!(migrate(&urls(&database)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_database_that_ran_an_earlier_text_of_a_migration_opens_and_one_of_an_unknown_text_does_not() {
        let database = TestDatabase::empty().await;
        let urls = urls(&database);
        migrate(&urls).await.unwrap();
        let (version, before) = REWRITTEN[0];
        let set = async |checksum: &str| {
            let change = "update _sqlx_migrations set checksum = decode($1, 'hex') where version = $2";
            sqlx::query(change).bind(checksum).bind(version).execute(database.pool()).await.unwrap();
        };
        set(before).await;
        migrate(&urls).await.unwrap();
        let stands: Vec<u8> = sqlx::query_scalar("select checksum from _sqlx_migrations where version = $1")
            .bind(version)
            .fetch_one(database.pool())
            .await
            .unwrap();
        assert_ne!(hex::encode(stands), before, "once is enough");
        set(&before.replace("5b", "5c")).await;
        let refused = migrate(&urls).await.unwrap_err();
        assert!(format!("{refused:#}").contains("migration 7"), "{refused:#}");
    }

    #[tokio::test]
    async fn a_lock_that_is_held_by_right_is_waited_for_within_bounds_and_its_holder_is_named() {
        let database = TestDatabase::empty().await;
        let earlier = MIGRATOR.iter().filter(|migration| migration.version < 7).cloned().collect::<Vec<_>>();
        let earlier = Migrator { migrations: Cow::Owned(earlier), ..Migrator::DEFAULT };
        earlier.run(database.pool()).await.unwrap();
        let urls = urls(&database);
        let mut holder =
            database.options().clone().application_name("an old append").connect().await.unwrap();
        let pid = pid(&mut holder).await.unwrap();
        let (short, long) = (LOOKS_EVERY * 3, IN_TIME * 2);
        for (lock, turn_within, lock_within) in [
            ("_sqlx_migrations in share update exclusive", short, long),
            ("events in row exclusive", long, short),
        ] {
            holder.execute(format!("begin; lock table {lock} mode").as_str()).await.unwrap();
            let migrating = migrate_within(&urls, turn_within, lock_within);
            let refused =
                tokio::time::timeout(IN_TIME, migrating).await.expect("an end in time").unwrap_err();
            let named = format!("it waited for a lock of process {pid} of role postgres (an old append)");
            assert!(format!("{refused:#}").contains(&named), "{lock}: {refused:#}");
            holder.execute("rollback").await.unwrap();
        }
        migrate(&urls).await.unwrap();
        holder.close().await.unwrap();
    }
}
