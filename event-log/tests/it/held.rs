//! What a snapshot that is held open costs the checkpoint and the lease.

use orqestra_event_log::SubscriptionOptions;
use orqestra_tests::postgres::TestCluster;
use sqlx::{Executor, PgPool};

use crate::subscription::{quick, reached, run_as, run_through, until, witness, world};
use crate::support::{World, events, open, recorded};

/// Connections whose statements tell the server's log what they cost.
fn telling(world: &World) -> PgPool {
    let options = world.database.options().clone().options([
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
        ("log_min_messages", "log"),
    ]);
    PgPool::connect_lazy_with(options)
}

/// The statements of all connections that tell, with the pages that each one touched.
fn told() -> Vec<(String, u64)> {
    let log = std::fs::read_to_string(TestCluster::shared().socket_folder().join("log")).unwrap();
    let plans = log.split("  plan:\n").skip(1).map(|rest| {
        let mut json = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
        json.next().unwrap().unwrap()
    });
    let pages = |plan: &serde_json::Value| {
        ["Shared Hit Blocks", "Shared Read Blocks"]
            .map(|kind| plan["Plan"][kind].as_u64().unwrap())
            .iter()
            .sum()
    };
    plans.map(|plan| (plan["Query Text"].as_str().unwrap().to_owned(), pages(&plan))).collect()
}

#[tokio::test]
async fn a_held_snapshot_slows_neither_checkpoint_nor_lease() {
    let world = world().await;
    let mut holder = world.pool().begin_with("begin isolation level repeatable read").await.unwrap();
    holder.execute("select from events, checkpoints, leases").await.unwrap();
    let appends = (0..3_000).map(|number| world.log.append(events(number, 0, 1)));
    for outcome in futures::future::join_all(appends).await {
        recorded(outcome);
    }
    let one_by_one = SubscriptionOptions { batch: 1, ..quick() };
    let running = run_as(&world, &world.log, witness(), one_by_one);
    reached(&world.log, 3_000).await;
    running.stop().await;

    // Once more, with everything written down: from the checkpoint it takes one event more, and renews its lease.
    let pool = telling(&world);
    let log = open(&pool, &world.clock, &world.token).await;
    let running = run_through(&world, &log, &pool, witness(), one_by_one);
    recorded(world.log.append(events(3_001, 0, 1)).await);
    reached(&log, 3_001).await;
    let until_when: String =
        sqlx::query_scalar("select until::text from leases").fetch_one(world.pool()).await.unwrap();
    until(&world, &format!("select until > '{until_when}' from leases")).await;
    running.stop().await;
    log.close().await;
    let told = told();
    for (statement, most) in [
        ("insert into leases", 20),
        ("update leases", 20),
        ("select position, epoch from checkpoints", 20),
        ("insert into checkpoints", 50),
        ("select h.position", 10),
    ] {
        let pages: Vec<u64> =
            told.iter().filter(|(text, _)| text.starts_with(statement)).map(|(_, pages)| *pages).collect();
        assert!(!pages.is_empty(), "{statement} was told of, in {told:?}");
        assert!(pages.iter().all(|pages| *pages <= most), "{statement}: {pages:?} pages");
    }
    holder.rollback().await.unwrap();
}
