//! What a client that was away is told: all of it, in order and once, or that it cannot be told.

use std::time::Duration;

use orqestra_domain::{Channel, TenantId};
use orqestra_event_log::Position;
use orqestra_projections::inbox::{InboxChannel, Missed, Standing};
use orqestra_projections::{Projection, RebuildMode, rebuild};

use crate::support::{World, tenant};

const FAR: Position = Position::new(i64::MAX);

/// How a user's channel stands at a position.
async fn standing(world: &World, tenant: TenantId, user: &str, at: Position) -> Option<Standing> {
    let recipient = world.recipient(tenant, user);
    let channel = InboxChannel { tenant, recipient: &recipient, category: "orders" };
    world.inbox.standing(&channel, at).await.unwrap()
}

async fn missed(world: &World, tenant: TenantId, user: &str, after: u64, standing: &Standing) -> Missed {
    let recipient = world.recipient(tenant, user);
    let channel = InboxChannel { tenant, recipient: &recipient, category: "orders" };
    world.inbox.missed(&channel, after, standing, world.now()).await.unwrap()
}

/// Where the log stands.
async fn head(world: &World) -> Position {
    world.whole_log().await.last().map_or(Position::ZERO, |event| event.position)
}

/// Where a channel stands once the read model holds all.
async fn now(world: &World, tenant: TenantId, user: &str) -> Standing {
    world.project(Projection::Inbox).await;
    standing(world, tenant, user, head(world).await).await.unwrap()
}

fn numbered(missed: Missed) -> Vec<(u64, String)> {
    let Missed::All(items) = missed else { panic!("{missed:?}") };
    items.into_iter().map(|(number, item)| (number, item.title)).collect()
}

fn told(items: &[(u64, &str)]) -> Vec<(u64, String)> {
    items.iter().map(|(number, title)| (*number, (*title).to_owned())).collect()
}

#[tokio::test]
async fn publications_are_numbered_by_channel_in_the_order_of_rendering() {
    let world = World::new().await;
    let mut early = world.trigger(tenant(1), "ann", &[Channel::Push]).await;
    world.pushed(tenant(1), "ann", "known").await;
    let known = head(&world).await;
    world.pushed(tenant(1), "ann", "1").await;
    for number in 0..5 {
        world.pushed(tenant(1), "bob", &format!("another's {number}")).await;
        world.pushed(tenant(2), "ann", &format!("another tenant's {number}")).await;
        world.trigger(tenant(1), "ann", &[Channel::Sms]).await;
    }
    world.push(&mut early, "2").await.unwrap();
    let between = head(&world).await;
    world.pushed(tenant(1), "ann", "after").await;
    let all = now(&world, tenant(1), "ann").await;

    assert_eq!((all.number, all.forgotten), (4, None));
    assert_eq!(standing(&world, tenant(1), "ann", known).await.unwrap().number, 1);
    assert_eq!(standing(&world, tenant(1), "ann", Position::ZERO).await.unwrap().number, 0);
    assert_eq!(now(&world, tenant(1), "bob").await.number, 5);
    assert_eq!(now(&world, tenant(2), "ann").await.number, 5);
    let part = standing(&world, tenant(1), "ann", between).await.unwrap();
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 1, &part).await), told(&[(2, "1"), (3, "2")]));
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 3, &all).await), told(&[(4, "after")]));
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 4, &all).await), told(&[]));
    let recipient = world.recipient(tenant(1), "ann");
    let other = InboxChannel { tenant: tenant(1), recipient: &recipient, category: "global_system" };
    assert_eq!(world.inbox.standing(&other, all.position).await.unwrap().unwrap().number, 0);

    // A rebuild changes no number, whatever was in the table.
    sqlx::query("update inbox set rendered_position = rendered_position + 1000")
        .execute(world.pool())
        .await
        .unwrap();
    assert_ne!(now(&world, tenant(1), "ann").await, all);
    rebuild(&world.log, world.pool(), Projection::Inbox, RebuildMode::Swap).await.unwrap();
    assert_eq!(now(&world, tenant(1), "ann").await, all);
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 1, &part).await), told(&[(2, "1"), (3, "2")]));
}

#[tokio::test]
async fn a_recipient_that_was_forgotten_begins_anew_and_nothing_from_before_is_told() {
    let world = World::new().await;
    for title in ["1", "2"] {
        world.pushed(tenant(1), "ann", title).await;
    }
    let before = now(&world, tenant(1), "ann").await;
    world.forget(tenant(1), "ann").await;
    let forgotten = head(&world).await;
    let after = now(&world, tenant(1), "ann").await;
    assert_eq!((after.number, after.forgotten), (0, Some(forgotten)));
    // What was counted before is not there any more.
    assert_eq!(missed(&world, tenant(1), "ann", 1, &before).await, Missed::TooMuch);
    world.pushed(tenant(1), "ann", "new").await;
    let new = now(&world, tenant(1), "ann").await;
    assert_eq!((new.number, new.forgotten), (1, Some(forgotten)));
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 0, &new).await), told(&[(1, "new")]));
    assert_eq!(now(&world, tenant(2), "ann").await.forgotten, None);
}

#[tokio::test]
async fn what_is_older_than_a_day_or_too_much_is_not_told_in_part() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "first").await;
    world.clock.advance(Duration::from_hours(24));
    world.pushed(tenant(1), "ann", "second").await;
    let ann = now(&world, tenant(1), "ann").await;
    let both = told(&[(1, "first"), (2, "second")]);
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 0, &ann).await), both);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(missed(&world, tenant(1), "ann", 0, &ann).await, Missed::TooMuch);
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 1, &ann).await), told(&[(2, "second")]));
    // Others' traffic makes nothing too old.
    world.clock.advance(Duration::from_hours(48));
    world.pushed(tenant(2), "ann", "another tenant's").await;
    world.pushed(tenant(1), "ann", "third").await;
    let ann = now(&world, tenant(1), "ann").await;
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 2, &ann).await), told(&[(3, "third")]));

    for number in 0..1_000 {
        world.pushed(tenant(1), "bob", &number.to_string()).await;
    }
    let bob = now(&world, tenant(1), "bob").await;
    assert_eq!(numbered(missed(&world, tenant(1), "bob", 0, &bob).await).len(), 1_000);
    world.pushed(tenant(1), "bob", "one more").await;
    let bob = now(&world, tenant(1), "bob").await;
    assert_eq!(missed(&world, tenant(1), "bob", 0, &bob).await, Missed::TooMuch);
    assert_eq!(numbered(missed(&world, tenant(1), "bob", 1, &bob).await).last().unwrap().0, 1_001);

    for _ in 0..7 {
        world.pushed(tenant(1), "cid", &"x".repeat(300_000)).await;
    }
    let cid = now(&world, tenant(1), "cid").await;
    assert_eq!(missed(&world, tenant(1), "cid", 0, &cid).await, Missed::TooMuch);
}

#[tokio::test]
async fn a_read_model_that_is_behind_tells_nothing_yet() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "1").await;
    world.project(Projection::Inbox).await;
    world.pushed(tenant(1), "ann", "2").await;
    let up_to = head(&world).await;
    assert_eq!(standing(&world, tenant(1), "ann", up_to).await, None);
    assert_eq!(standing(&world, tenant(1), "ann", FAR).await, None);
    let ann = now(&world, tenant(1), "ann").await;
    assert_eq!(numbered(missed(&world, tenant(1), "ann", 0, &ann).await), told(&[(1, "1"), (2, "2")]));
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
