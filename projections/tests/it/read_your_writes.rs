//! What a caller has marked read shows in the next answer, and nothing takes it back.

use orqestra_domain::Channel;
use orqestra_projections::Projection;

use crate::support::{World, tenant};

fn read(title: &str) -> [(String, &'static str); 1] {
    [(title.to_owned(), "READ")]
}

#[tokio::test]
async fn a_push_marked_read_is_read_at_once_and_stays_so() {
    let world = World::new().await;
    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.project(Projection::Inbox).await;
    world.mark_read(&mut told).await.unwrap();
    world.apply_now(&told).await;
    assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
    world.project(Projection::Inbox).await;
    assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
}

#[tokio::test]
async fn a_push_marked_read_before_the_projection_knew_it_is_read_at_once_and_stays_so() {
    let world = World::new().await;
    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.mark_read(&mut told).await.unwrap();
    world.apply_now(&told).await;
    assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
    // One event at a time: no step in between shows it unread again.
    for event in world.whole_log().await {
        world.redeliver(Projection::Inbox, &[event]).await;
        assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
    }
}

#[tokio::test]
async fn the_projection_may_come_first() {
    let world = World::new().await;
    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.mark_read(&mut told).await.unwrap();
    world.project(Projection::Inbox).await;
    let before = world.rows(Projection::Inbox).await;
    world.apply_now(&told).await;
    assert_eq!(world.rows(Projection::Inbox).await, before);
}

#[tokio::test]
async fn a_gap_between_the_row_and_the_writes_is_read_from_the_log() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[Channel::Push, Channel::Email]).await;
    world.project(Projection::Inbox).await;
    world.push(&mut told, "a").await.unwrap();
    world.start(&mut told, Channel::Email).await.unwrap();
    world.mark_read(&mut told).await.unwrap();
    world.apply_now(&told).await;
    assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
    let rows = world.rows(Projection::Inbox).await;
    world.project(Projection::Inbox).await;
    assert_eq!(world.rows(Projection::Inbox).await, rows);
}

#[tokio::test]
async fn a_repeated_mark_read_makes_good_what_a_crash_left_undone() {
    let world = World::new().await;
    let mut told = world.pushed(tenant(1), "ann", "a").await;
    world.project(Projection::Inbox).await;
    world.mark_read(&mut told).await.unwrap();
    // The process died here. The caller asks again: there is nothing new to append.
    world.mark_read(&mut told).await.unwrap();
    assert!(told.last.is_empty());
    world.apply_now(&told).await;
    assert_eq!(world.shown(tenant(1), "ann").await, read("a"));
}

#[tokio::test]
async fn many_readers_and_the_projection_at_once_end_as_one_of_them_would() {
    let world = World::new().await;
    let mut all = Vec::new();
    for number in 0..40 {
        let mut told = world.pushed(tenant(1), "ann", &number.to_string()).await;
        world.mark_read(&mut told).await.unwrap();
        all.push(told);
    }
    world.forget(tenant(1), "ann").await;
    let reading = async {
        for told in &all {
            world.apply_now(told).await;
        }
    };
    tokio::join!(reading, world.project_by(Projection::Inbox, 7));
    assert!(world.shown(tenant(1), "ann").await.is_empty());
    let left: i64 = sqlx::query_scalar("select count(*) from inbox").fetch_one(world.pool()).await.unwrap();
    assert_eq!(left, 0, "a late reader brings no row of a forgotten person back");
}
