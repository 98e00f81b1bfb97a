//! Events do not change: not by the owner, not by the engine's role, not by accident.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::NotificationId;
use orqestra_event_log::source::{ManualClock, SystemClock, SystemIds};
use orqestra_event_log::{EventLog, IdempotencyClaim, LogError, LogOptions, MIGRATOR};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{World, checked_log, events, later, recorded, tenant};

const CHANGES: [&str; 6] = [
    "update events set payload = '{}'",
    "update events set leaf = '' where false",
    "delete from events",
    "delete from events where position = 1",
    "truncate events",
    "set session_replication_role = replica; delete from events",
];

async fn refused(connection: &mut PgConnection, statement: &str) -> String {
    let error = connection.execute(statement).await.expect_err(statement);
    error.as_database_error().expect("an error of the database").code().unwrap().into_owned()
}

#[tokio::test]
async fn the_owner_cannot_change_events() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 2)).await);
    for change in CHANGES {
        let mut connection = world.database.options().connect().await.unwrap();
        assert_eq!(refused(&mut connection, change).await, "23000", "{change}");
        connection.close().await.unwrap();
    }
    assert_eq!(checked_log(world.pool()).await.len(), 2);
}

#[tokio::test]
async fn the_engines_role_appends_and_claims_through_functions_and_may_nothing_else() {
    // Its own server: roles are the server's, not the database's.
    let cluster = tokio::task::spawn_blocking(TestCluster::start).await.unwrap().unwrap();
    let database = cluster.database().await;
    database.pool().execute("create role orqestra_app login").await.unwrap();
    MIGRATOR.run(database.pool()).await.unwrap();
    let options = database.options().clone().username("orqestra_app");
    let pool = sqlx::PgPool::connect_lazy_with(options.clone());
    let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
    let log = EventLog::open(pool, crate::support::options(&clock), CancellationToken::new()).await.unwrap();
    recorded(log.append(events(1, 0, 2)).await);
    let claim = IdempotencyClaim {
        tenant: tenant(1),
        key: "k".to_owned(),
        plain: None,
        notification: NotificationId::from_uuid(Uuid::from_u128(1)),
        expires_at: later(&clock, Duration::from_hours(24)),
    };
    assert_eq!(log.claim(claim.clone()).await.unwrap(), claim);
    log.close().await;
    for change in CHANGES.iter().take(5).chain(&[
        "insert into events select * from events",
        "insert into data_keys values (gen_random_uuid(), gen_random_uuid(), 0, null, null, '')",
        "insert into idempotency_keys values (gen_random_uuid(), 'k', gen_random_uuid(), now())",
        "alter table events disable trigger all",
        "set session_replication_role = replica",
    ]) {
        let mut connection = options.connect().await.unwrap();
        assert_eq!(refused(&mut connection, change).await, "42501", "{change}");
        connection.close().await.unwrap();
    }
    assert_eq!(checked_log(database.pool()).await.len(), 2);
    database.pool().close().await;
}

#[tokio::test]
async fn a_server_that_would_lose_acknowledged_events_is_refused() {
    let cluster = tokio::task::spawn_blocking(TestCluster::start).await.unwrap().unwrap();
    let database = cluster.database().await;
    MIGRATOR.run(database.pool()).await.unwrap();
    for setting in ["fsync", "full_page_writes"] {
        database.pool().execute(format!("alter system set {setting} = off").as_str()).await.unwrap();
        database.pool().execute("select pg_reload_conf()").await.unwrap();
        let refused = crate::support::in_time(async {
            // The server's processes take a reload one after the other.
            loop {
                let options = LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds));
                match EventLog::open(database.pool().clone(), options, CancellationToken::new()).await {
                    Ok(log) => log.close().await,
                    Err(error) => break error,
                }
            }
        })
        .await;
        assert!(matches!(refused, LogError::NotDurable { setting: named } if named == setting), "{refused}");
        database.pool().execute(format!("alter system set {setting} = on").as_str()).await.unwrap();
        database.pool().execute("select pg_reload_conf()").await.unwrap();
    }
    database.pool().close().await;
}

#[tokio::test]
async fn a_clock_off_the_databases_is_told() {
    let world = World::new().await;
    world.log.fetch_head().await.unwrap();
    assert!(world.log.clock_skew().is_some(), "the test's clock stands still, far from today");
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let options = LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds));
    let log = EventLog::open(database.pool().clone(), options, CancellationToken::new()).await.unwrap();
    assert_eq!(log.clock_skew(), None);
    log.close().await;
}
