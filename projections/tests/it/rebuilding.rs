//! A rebuild finds what differs from the log, puts it right, and disturbs nothing else.

use std::time::Duration;

use orqestra_event_log::{SubscriptionOptions, run_subscription};
use orqestra_projections::{Projection, RebuildError, RebuildMode, rebuild};
use tokio_util::sync::CancellationToken;

use crate::support::{World, tenant};

async fn busy_world() -> World {
    let world = World::new().await;
    for user in ["ann", "bob", "cem"] {
        let mut told = world.pushed(tenant(1), user, user).await;
        world.pushed(tenant(2), user, user).await;
        world.mark_read(&mut told).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    world
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_put_right() {
    let world = busy_world().await;
    world.project(Projection::Inbox).await;
    let right = world.rows(Projection::Inbox).await;
    for statement in [
        "update inbox set category = 'other' where position = (select min(position) from inbox)",
        "delete from inbox where position = (select max(position) from inbox)",
        "insert into inbox_forgotten values (gen_random_uuid(), '\\x00', 1)",
    ] {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    }
    let wrong = world.rows(Projection::Inbox).await;

    let found = rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Verify).await.unwrap();
    let tables: Vec<_> = found.tables.iter().map(|table| (table.table, table.stale, table.missing)).collect();
    assert_eq!(tables, [("inbox_forgotten", 1, 0), ("inbox", 1, 2)]);
    assert_eq!(world.rows(Projection::Inbox).await, wrong, "verifying changes nothing");

    let put_right = rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Swap).await.unwrap();
    assert_eq!(put_right.tables, found.tables);
    assert_eq!(world.rows(Projection::Inbox).await, right);
    let again = rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Verify).await.unwrap();
    assert_eq!(again.differences(), 0);
    assert_eq!(again.position, world.log.fetch_head().await.unwrap());
}

#[tokio::test]
async fn a_live_table_that_lags_or_runs_ahead_does_not_differ() {
    let world = busy_world().await;
    world.project(Projection::Inbox).await;
    // One row ahead of the checkpoint, another behind the head.
    let mut ahead = world.pushed(tenant(1), "ann", "ahead").await;
    world.mark_read(&mut ahead).await.unwrap();
    world.apply_now(&ahead).await;
    world.pushed(tenant(1), "ann", "behind").await;
    for mode in [RebuildMode::Verify, RebuildMode::Swap] {
        let report = rebuild(&world.log, world.pool(), Projection::Inbox, mode).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
    }
    let rows = world.rows(Projection::Inbox).await;
    world.project(Projection::Inbox).await;
    assert_eq!(world.rows(Projection::Inbox).await, rows, "the subscription goes on where it stood");
}

#[tokio::test]
async fn a_rebuild_beside_the_running_projection_and_readers_finds_nothing() {
    let world = busy_world().await;
    let token = CancellationToken::new();
    let options = SubscriptionOptions { batch: 5, ..SubscriptionOptions::default() };
    let running = Projection::ALL.map(|projection| {
        let (log, pool) = (world.log.clone(), world.pool().clone());
        tokio::spawn(run_subscription(log, pool, projection, options, token.child_token()))
    });
    let writing = async {
        for number in 0..60 {
            let mut told = world.pushed(tenant(1), "ann", &number.to_string()).await;
            world.mark_read(&mut told).await.unwrap();
            world.apply_now(&told).await;
            if number % 20 == 7 {
                world.forget(tenant(1), "ann").await;
            }
        }
    };
    let rebuilding = async {
        for _ in 0..4 {
            for projection in Projection::ALL {
                let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
                assert_eq!(report.differences(), 0, "{report:?}");
            }
        }
    };
    tokio::join!(writing, rebuilding);
    token.cancel();
    for ended in running {
        ended.await.unwrap().unwrap();
    }
    world.project_all().await;
    for projection in Projection::ALL {
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Verify).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
    }
}

#[tokio::test]
async fn a_rebuild_writes_no_events_and_moves_no_checkpoint() {
    let world = busy_world().await;
    world.project_all().await;
    let state = async || -> (i64, i64) {
        sqlx::query_as(
            "select (select max(position) from events), (select sum(position)::bigint from checkpoints)",
        )
        .fetch_one(world.pool())
        .await
        .unwrap()
    };
    let before = state().await;
    for projection in Projection::ALL {
        rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn one_rebuild_of_a_projection_at_a_time() {
    let world = busy_world().await;
    let (pool, inbox) = (world.pool(), Projection::Inbox);
    let (one, other) = tokio::join!(
        rebuild(&world.log, pool, inbox, RebuildMode::Verify),
        rebuild(&world.log, pool, inbox, RebuildMode::Verify)
    );
    let refused = [&one, &other].iter().filter(|done| matches!(done, Err(RebuildError::UnderWay(_)))).count();
    let done = [&one, &other].iter().filter(|done| done.is_ok()).count();
    assert!(done >= 1 && done + refused == 2, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_rebuild_of_tables_that_are_held_too_long_ends_and_changes_nothing() {
    let world = busy_world().await;
    world.project(Projection::Inbox).await;
    sqlx::query("update inbox set category = 'other'").execute(world.pool()).await.unwrap();
    let wrong = world.rows(Projection::Inbox).await;
    let mut holder = world.pool().begin().await.unwrap();
    sqlx::query("update inbox set category = 'held'").execute(&mut *holder).await.unwrap();
    let ended = rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Swap).await;
    assert!(matches!(ended, Err(RebuildError::Database(_))), "{ended:?}");
    holder.rollback().await.unwrap();
    assert_eq!(world.rows(Projection::Inbox).await, wrong);
    let done = rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Swap).await.unwrap();
    assert_eq!(done.differences(), 12);
}
