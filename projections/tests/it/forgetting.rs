//! A forgotten person's rows are gone and do not come back; everybody else's stay.

use std::time::Duration;

use orqestra_domain::Channel;
use orqestra_projections::Projection;
use orqestra_projections::{RebuildMode, rebuild};

use crate::support::{World, tenant};

#[tokio::test]
async fn forgetting_deletes_the_persons_rows_and_nobody_elses() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "a").await;
    world.trigger(tenant(1), "ann", &[Channel::Push]).await;
    world.pushed(tenant(1), "bob", "b").await;
    world.pushed(tenant(2), "ann", "c").await;
    world.project(Projection::Inbox).await;
    world.forget(tenant(1), "ann").await;
    // The keys are gone with the append, before any projection has moved.
    assert!(world.shown(tenant(1), "ann").await.is_empty());
    world.project(Projection::Inbox).await;
    assert!(world.shown(tenant(1), "ann").await.is_empty());
    assert_eq!(world.shown(tenant(1), "bob").await, [("b".to_owned(), "UNREAD")]);
    assert_eq!(world.shown(tenant(2), "ann").await, [("c".to_owned(), "UNREAD")]);
    let left: i64 =
        sqlx::query_scalar("select count(*) from inbox where tenant_id = $1 and recipient_ref = $2")
            .bind(tenant(1).as_uuid())
            .bind(world.recipient(tenant(1), "ann").as_bytes().as_slice())
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!(left, 0, "rows that do not show yet go too");
}

#[tokio::test]
async fn a_forgotten_person_who_comes_back_starts_anew() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "old").await;
    world.forget(tenant(1), "ann").await;
    world.clock.advance(Duration::from_secs(1));
    world.pushed(tenant(1), "ann", "new").await;
    world.project(Projection::Inbox).await;
    assert_eq!(world.shown(tenant(1), "ann").await, [("new".to_owned(), "UNREAD")]);
}

#[tokio::test]
async fn a_late_reader_brings_nothing_back() {
    let world = World::new().await;
    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.mark_read(&mut told).await.unwrap();
    world.forget(tenant(1), "ann").await;
    world.project(Projection::Inbox).await;
    let rows = world.rows(Projection::Inbox).await;
    world.apply_now(&told).await;
    assert_eq!(world.rows(Projection::Inbox).await, rows);
}

#[tokio::test]
async fn events_handled_again_bring_nothing_back() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "a").await;
    world.forget(tenant(1), "ann").await;
    world.project(Projection::Inbox).await;
    let rows = world.rows(Projection::Inbox).await;
    let log = world.whole_log().await;
    world.redeliver(Projection::Inbox, &log[..3]).await;
    assert_eq!(world.rows(Projection::Inbox).await, rows);
}

#[tokio::test]
async fn delivery_rows_stay_and_count_the_same_after_forgetting() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "a").await;
    world.project(Projection::DeliveryStatus).await;
    let rows = world.rows(Projection::DeliveryStatus).await;
    let counts = world.deliveries.counts(tenant(1)).await.unwrap();
    world.forget(tenant(1), "ann").await;
    world.project(Projection::DeliveryStatus).await;
    assert_eq!(world.rows(Projection::DeliveryStatus).await, rows);
    assert_eq!(world.deliveries.counts(tenant(1)).await.unwrap(), counts);
}

#[tokio::test]
async fn a_rebuild_before_and_after_forgetting_gives_the_same_rows() {
    let world = World::new().await;
    for user in ["ann", "bob"] {
        world.pushed(tenant(1), user, user).await;
    }
    world.project_all().await;
    for projection in Projection::ALL {
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
    }
    world.forget(tenant(1), "ann").await;
    world.project_all().await;
    for projection in Projection::ALL {
        let live = world.rows(projection).await;
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
        assert_eq!(world.rows(projection).await, live);
    }
    assert_eq!(world.shown(tenant(1), "bob").await, [("bob".to_owned(), "UNREAD")]);
}
