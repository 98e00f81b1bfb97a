//! What a client that was away is told: all of it, in order and once, or that it cannot be told.

use std::time::Duration;

use orqestra_domain::{Channel, TenantId};
use orqestra_event_log::Position;
use orqestra_projections::Projection;
use orqestra_projections::inbox::Missed;

use crate::support::{World, tenant};

const FAR: Position = Position::new(i64::MAX);

async fn missed(world: &World, tenant: TenantId, user: &str, after: Position, up_to: Position) -> Missed {
    let recipient = world.recipient(tenant, user);
    world.inbox.missed(tenant, &recipient, "orders", (after, up_to), world.now()).await.unwrap()
}

/// Where the log stands.
async fn head(world: &World) -> Position {
    world.whole_log().await.last().map_or(Position::ZERO, |event| event.position)
}

fn titles(missed: Missed) -> Vec<String> {
    let Missed::All(items) = missed else { panic!("{missed:?}") };
    assert!(items.is_sorted_by_key(|(position, _)| *position));
    items.into_iter().map(|(_, item)| item.title).collect()
}

#[tokio::test]
async fn what_was_rendered_after_a_position_is_told_in_the_order_of_rendering() {
    let world = World::new().await;
    let mut early = world.trigger(tenant(1), "ann", &[Channel::Push]).await;
    world.pushed(tenant(1), "ann", "known").await;
    let known = head(&world).await;
    world.pushed(tenant(1), "ann", "1").await;
    world.pushed(tenant(1), "bob", "another's").await;
    world.pushed(tenant(2), "ann", "another tenant's").await;
    world.push(&mut early, "2").await.unwrap();
    let head = head(&world).await;
    world.pushed(tenant(1), "ann", "after").await;
    world.project(Projection::Inbox).await;

    assert_eq!(titles(missed(&world, tenant(1), "ann", known, head).await), ["1", "2"]);
    assert_eq!(titles(missed(&world, tenant(1), "ann", head, head).await), [""; 0]);
    let recipient = world.recipient(tenant(1), "ann");
    let other = world.inbox.missed(tenant(1), &recipient, "global_system", (known, head), world.now()).await;
    assert_eq!(titles(other.unwrap()), [""; 0]);
    world.forget(tenant(1), "ann").await;
    world.project(Projection::Inbox).await;
    assert_eq!(titles(missed(&world, tenant(1), "ann", known, head).await), [""; 0]);
}

#[tokio::test]
async fn what_is_older_than_a_day_or_too_much_is_not_told_in_part() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "first").await;
    let first = head(&world).await;
    world.clock.advance(Duration::from_hours(24));
    world.pushed(tenant(1), "ann", "second").await;
    world.project(Projection::Inbox).await;
    let up_to = head(&world).await;
    assert_eq!(titles(missed(&world, tenant(1), "ann", Position::ZERO, up_to).await), ["first", "second"]);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(missed(&world, tenant(1), "ann", Position::ZERO, up_to).await, Missed::TooMuch);
    assert_eq!(titles(missed(&world, tenant(1), "ann", first, up_to).await), ["second"]);

    for number in 0..1_000 {
        world.pushed(tenant(1), "bob", &number.to_string()).await;
    }
    let up_to = head(&world).await;
    world.project(Projection::Inbox).await;
    assert_eq!(titles(missed(&world, tenant(1), "bob", first, up_to).await).len(), 1_000);
    world.pushed(tenant(1), "bob", "one more").await;
    let up_to = head(&world).await;
    world.project(Projection::Inbox).await;
    assert_eq!(missed(&world, tenant(1), "bob", first, up_to).await, Missed::TooMuch);

    for _ in 0..7 {
        world.pushed(tenant(1), "cid", &"x".repeat(300_000)).await;
    }
    let up_to = head(&world).await;
    world.project(Projection::Inbox).await;
    assert_eq!(missed(&world, tenant(1), "cid", first, up_to).await, Missed::TooMuch);
}

#[tokio::test]
async fn a_read_model_that_is_behind_tells_nothing_yet() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "1").await;
    world.project(Projection::Inbox).await;
    world.pushed(tenant(1), "ann", "2").await;
    let up_to = head(&world).await;
    assert_eq!(missed(&world, tenant(1), "ann", Position::ZERO, up_to).await, Missed::NotYet);
    assert_eq!(missed(&world, tenant(1), "ann", Position::ZERO, FAR).await, Missed::NotYet);
    world.project(Projection::Inbox).await;
    assert_eq!(titles(missed(&world, tenant(1), "ann", Position::ZERO, up_to).await), ["1", "2"]);
}

#[tokio::test]
async fn rows_of_before_the_column_get_their_position_from_the_log() {
    let world = World::new().await;
    let told = world.pushed(tenant(1), "ann", "1").await;
    world.trigger(tenant(1), "ann", &[Channel::Push]).await;
    world.project(Projection::Inbox).await;
    let before = world.rows(Projection::Inbox).await;
    let migration = include_str!("../../../migrations/0103_inbox_rendered_position.sql");
    let mut conn = world.pool().acquire().await.unwrap();
    let drop = "alter table inbox drop column rendered_position";
    sqlx::raw_sql(drop).execute(&mut *conn).await.unwrap();
    sqlx::raw_sql(migration).execute(&mut *conn).await.unwrap();
    assert_eq!(world.rows(Projection::Inbox).await, before, "{}", told.id);
}
