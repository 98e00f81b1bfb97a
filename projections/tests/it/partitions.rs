//! Projections that are read in partitions: what stands apart is counted once, rebuilt as it is, and told whole.

use std::time::Duration;

use orqestra_event_log::{
    Interest, LogTail, PartitionKey, Partitions, Position, SubscriptionOptions, checkpoint, run_partition,
};
use orqestra_projections::{Projection, RebuildMode, Usage, rebuild};
use orqestra_tests::wait;

use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, World, tenant};

const THREE: Option<Partitions> = Partitions::new(3);

/// Runs these partitions until each of them has handled the whole log.
async fn project_in(world: &World, projection: Projection, numbers: &[u16]) {
    let head = world.log.fetch_head().await.unwrap();
    let token = CancellationToken::new();
    let options =
        SubscriptionOptions { batch: 3, lease: Duration::from_secs(1), ..SubscriptionOptions::default() };
    let partitions: Vec<_> = THREE.unwrap().each().filter(|at| numbers.contains(&at.number())).collect();
    let running: Vec<_> = partitions
        .iter()
        .map(|partition| {
            let (log, pool) = (world.log.clone(), world.pool().clone());
            let tail = LogTail::of(log.clone(), *partition);
            tokio::spawn(run_partition(log, pool, projection, tail, options, token.clone()))
        })
        .collect();
    wait::until("the partitions", DEADLINE, async || {
        let frontier = checkpoint(world.pool(), projection.name()).await.unwrap()?;
        partitions.iter().all(|partition| frontier.at(*partition) >= head).then_some(())
    })
    .await;
    token.cancel();
    for ended in running {
        ended.await.unwrap().unwrap();
    }
}

async fn pushed_to_many(world: &World, what: &str) {
    for user in 0..12 {
        let mut told = world.pushed(tenant(1), &format!("user-{user}"), what).await;
        if user % 3 == 0 {
            world.mark_read(&mut told).await.unwrap();
        }
        world.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn projections_that_stand_apart_are_as_the_log_has_them() {
    let world = World::new().await;
    let usage = Usage::new(world.pool().clone(), world.log.clone());
    pushed_to_many(&world, "first").await;
    for projection in Projection::ALL {
        project_in(&world, projection, &[0, 1, 2]).await;
    }
    pushed_to_many(&world, "second").await;
    world.forget(tenant(1), "user-4").await;
    for projection in Projection::ALL {
        project_in(&world, projection, &[0, 2]).await;
        let frontier = checkpoint(world.pool(), projection.name()).await.unwrap().unwrap();
        assert!(!frontier.is_level() && frontier.least() > Position::ZERO, "{projection:?}: {frontier:?}");
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Verify).await.unwrap();
        assert_eq!(report.differences(), 0, "{projection:?}: {report:?}");
    }
    let told = usage.up_to_now(world.now()).await.unwrap();
    assert_eq!(told[&tenant(1)].days.iter().map(|(_, count)| count).sum::<u64>(), 24);
    assert_eq!(told[&tenant(1)].seconds.iter().map(|(_, count)| u64::from(*count)).sum::<u64>(), 24);

    for projection in Projection::ALL {
        let before = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
        assert_eq!(before.differences(), 0, "{projection:?}: {before:?}");
        // Joined again, the rest is handled once.
        world.project(projection).await;
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Verify).await.unwrap();
        assert_eq!(report.differences(), 0, "{projection:?}: {report:?}");
    }
    assert_eq!(usage.up_to_now(world.now()).await.unwrap(), told);
    assert_eq!(world.shown(tenant(1), "user-4").await, []);
    assert_eq!(world.shown(tenant(1), "user-3").await.len(), 2);
}

#[tokio::test]
async fn a_count_that_is_wrong_is_put_right_as_far_as_it_is_counted() {
    let world = World::new().await;
    pushed_to_many(&world, "first").await;
    project_in(&world, Projection::Usage, &[0, 1, 2]).await;
    pushed_to_many(&world, "second").await;
    project_in(&world, Projection::Usage, &[1]).await;
    let right = world.rows(Projection::Usage).await;
    sqlx::query("update usage_minutes set accepted = accepted + 1").execute(world.pool()).await.unwrap();
    let report = rebuild(&world.log, world.pool(), Projection::Usage, RebuildMode::Swap).await.unwrap();
    assert!(report.differences() > 0, "{report:?}");
    assert_eq!(world.rows(Projection::Usage).await, right);
}

#[tokio::test]
async fn a_process_that_has_just_begun_finds_the_keys_that_the_writing_one_knows() {
    let world = World::new().await;
    pushed_to_many(&world, "first").await;
    world.forget(tenant(1), "user-4").await;
    let fresh = world.another_log().await;
    // From the middle of each stream on: what names the recipients came before.
    let rest = Position::new(world.log.fetch_head().await.unwrap().get() / 2 + 1);
    let known = world.log.read_after(rest, 1_000).await.unwrap();
    let keys = world.log.partition_keys(&known).await.unwrap();
    for interest in [Interest::ALL, Interest::ALL.without_payloads()] {
        let page = fresh.read_page(rest, 1_000, &interest).await.unwrap();
        assert_eq!(fresh.partition_keys(&page.events).await.unwrap(), keys, "{interest:?}");
    }
    for (event, key) in known.iter().zip(&keys) {
        let own = (0..12).map(|user| {
            PartitionKey::of_recipient(tenant(1), world.recipient(tenant(1), &format!("user-{user}")))
        });
        assert!(own.into_iter().any(|own| own == *key), "{event:?}");
    }
}

#[tokio::test]
async fn what_a_rebuild_of_the_version_before_counted_is_not_counted_again() {
    for ran_before in [true, false] {
        let world = World::new().await;
        pushed_to_many(&world, "first").await;
        if ran_before {
            world.project(Projection::Usage).await;
        }
        pushed_to_many(&world, "second").await;
        // As that version's rebuild left it: rows up to the head, the checkpoint where it was before.
        let stood = checkpoint(world.pool(), Projection::Usage.name()).await.unwrap();
        world.project(Projection::Usage).await;
        let right = world.rows(Projection::Usage).await;
        sqlx::query("delete from checkpoints where subscription = 'usage-v1' and position > $1")
            .bind(stood.map_or(-1, |stood| stood.least().get()))
            .execute(world.pool())
            .await
            .unwrap();
        let migration = include_str!("../../../migrations/0115_usage_is_counted_by_checkpoint.sql");
        let mut tx = world.pool().begin().await.unwrap();
        sqlx::raw_sql(migration).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        world.project(Projection::Usage).await;
        assert_eq!(world.rows(Projection::Usage).await, right, "{ran_before}");
    }
}
