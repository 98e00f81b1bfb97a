//! The engine's own role may write read models; only their owner may rebuild them.

use orqestra_event_log::MIGRATOR;
use orqestra_projections::{Projection, RebuildMode, rebuild};
use orqestra_tests::postgres::TestCluster;
use sqlx::{Executor, PgPool};

use crate::support::{World, tenant};

#[tokio::test]
async fn the_engines_role_runs_the_projections_and_the_owner_rebuilds_them() {
    // Its own server: roles are the server's, not the database's.
    let cluster = tokio::task::spawn_blocking(TestCluster::start).await.unwrap().unwrap();
    let database = cluster.database().await;
    database.pool().execute("create role orqestra_app login").await.unwrap();
    MIGRATOR.run(database.pool()).await.unwrap();
    let engine = PgPool::connect_lazy_with(database.options().clone().username("orqestra_app"));
    let world = World::over(engine).await;

    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.mark_read(&mut told).await.unwrap();
    world.apply_now(&told).await;
    world.project_all().await;
    assert_eq!(world.shown(tenant(1), "ann").await, [("a".to_owned(), "READ")]);
    world.forget(tenant(1), "ann").await;
    world.project_all().await;
    assert!(world.shown(tenant(1), "ann").await.is_empty());

    for projection in Projection::ALL {
        let refused = rebuild(&world.log, world.pool(), projection, RebuildMode::Verify).await;
        assert!(refused.is_err(), "{refused:?}");
        let report = rebuild(&world.log, database.pool(), projection, RebuildMode::Swap).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
    }
}
