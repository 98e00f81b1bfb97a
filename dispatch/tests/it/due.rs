//! The due table: nothing but a fold of the log.

use std::time::Duration;

use orqestra_dispatch::{RebuildError, SUBSCRIPTION, rebuild_due};
use orqestra_domain::notification::{DeliveryState, NotificationEvent};
use orqestra_domain::{AnyEvent, Channel, DeliveryId, StreamId};
use orqestra_event_log::{Frontier, PartitionKey, Partitions, Position, checkpoint, parked};
use serde_json::json;

use crate::script::{Answer, Script};
use crate::world::{World, settings};

/// A world in which every kind of row stands, with dispatch stopped.
async fn mixed() -> World {
    let world = World::new().await;
    let tenant =
        world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Sms, "hi"), (Channel::Push, "hi")]).await;
    let answers = [Answer::Taken, Answer::NotTaken, Answer::Silence, Answer::Refused, Answer::Hang];
    let script = Script::always(Answer::Taken).first(answers.into_iter().cycle().take(40));
    let dispatch = world.play(&script, settings());
    for number in 0..20 {
        world.trigger(&tenant, &format!("e-{number}")).await;
    }
    script.called(40).await;
    world.read_up().await;
    dispatch.stop().await;
    // The stop itself may have recorded a little more; nobody reads that until the next start.
    world.trigger(&tenant, "e-after-the-stop").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_from_the_log_equals_the_live_table() {
    let world = mixed().await;
    let before = world.due().await;
    for kind in ["send", "sweep", "held"] {
        assert!(before.iter().any(|(_, row, _)| row == kind), "no {kind} in {before:?}");
    }
    let report = rebuild_due(world.commands.log(), world.pool(), &settings()).await.unwrap();
    assert_eq!((report.differences, report.rows), (0, before.len()));
    assert_eq!(world.due().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_is_put_right_from_the_log() {
    let world = mixed().await;
    let before = world.due().await;
    let damage = "delete from dispatch_due where kind = 'held';
                  update dispatch_due set kind = 'send', attempt = 7 where kind = 'sweep';
                  insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
                  values (gen_random_uuid(), gen_random_uuid(), 'SMS', 'send', now(), 1)";
    sqlx::raw_sql(damage).execute(world.pool()).await.unwrap();
    let report = rebuild_due(world.commands.log(), world.pool(), &settings()).await.unwrap();
    assert!(report.differences > 2);
    assert_eq!(world.due().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_while_dispatch_works_finds_nothing_wrong() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    for number in 0..100 {
        world.trigger(&tenant, &format!("e-{number}")).await;
        if number % 20 == 0 {
            world.due_table_is_right().await;
        }
    }
    script.called(200).await;
    world.due_table_is_right().await;
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_process_that_died_are_taken_up_when_their_lease_ends_and_not_before() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let dying = Script::named("script", 1, Answer::Hang);
    let dispatch = world.play(&dying, settings());
    let ids = [world.trigger(&tenant, "e-1").await, world.trigger(&tenant, "e-2").await];
    let hanging = dying.called(1).await[0].delivery;
    world.read_up().await;
    dispatch.die().await;
    let [waiting] =
        ids.into_iter().filter(|id| DeliveryId::of(*id, Channel::Email) != hanging).collect::<Vec<_>>()[..]
    else {
        panic!("one of two hangs")
    };

    let dispatch = world.play(&Script::always(Answer::Taken), settings());
    let early = world.settled(&tenant, waiting, Channel::Email);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), early).await.is_err(),
        "another's lease was broken"
    );
    world.clock.advance(Duration::from_secs(16));
    let delivery = world.settled(&tenant, waiting, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_parks_its_notification_and_others_are_sent() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let poisoned = world.trigger(&tenant, "e-1").await;
    let stream = StreamId::notification(tenant.id, poisoned);
    let poison = world.spoil(&stream).await;
    let behind = world.trigger(&tenant, "e-2").await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let delivery = world.settled(&tenant, behind, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
    world.read_up().await;
    let set_aside = parked(world.pool(), SUBSCRIPTION).await.unwrap();
    let set_aside: Vec<_> = set_aside.iter().map(|one| (one.aggregate_id.as_str(), one.position)).collect();
    assert_eq!(set_aside, [(stream.as_str(), poison)]);
    let sent: Vec<_> = script.calls().iter().map(|call| call.delivery).collect();
    assert_eq!(sent, [DeliveryId::of(behind, Channel::Email)]);
    dispatch.stop().await;
    // A rebuild skips nothing.
    let refused = rebuild_due(world.commands.log(), world.pool(), &settings()).await;
    assert!(matches!(refused, Err(RebuildError::Unreadable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_rebuild_with_partitions_apart_holds_what_each_has_handled() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Sms, "hi")]).await;
    for number in 0..24 {
        world.trigger_for(&tenant, &format!("e-{number}"), &format!("u-{number}"), json!({})).await;
    }
    let log = world.commands.log();
    let head = log.fetch_head().await.unwrap();
    let middle = Position::new(head.get() - 10);
    let three = Partitions::new(3).unwrap();
    let mut frontier = Frontier::level(three, head);
    frontier.set(three.numbered(1).unwrap(), Position::ZERO);
    frontier.set(three.numbered(2).unwrap(), middle);
    let stands = format!(
        "insert into subscription_partitions values ('{SUBSCRIPTION}', 3);
         insert into checkpoints (subscription, partition, after, position, epoch)
         values ('{SUBSCRIPTION}', 0, -1, {head}, 1), ('{SUBSCRIPTION}', 1, -1, 0, 1),
                ('{SUBSCRIPTION}', 2, -1, {middle}, 1)"
    );
    sqlx::raw_sql(&stands).execute(world.pool()).await.unwrap();
    assert_eq!(checkpoint(world.pool(), SUBSCRIPTION).await.unwrap(), Some(frontier.clone()));

    let all = log.read_after(Position::ZERO, 1_000).await.unwrap();
    let accepted = all.iter().filter_map(|event| match event.event() {
        Ok(AnyEvent::Notification(NotificationEvent::NotificationAccepted(accepted))) => {
            Some((event.position, PartitionKey::of_recipient(event.tenant, accepted.recipient_ref)))
        }
        Ok(_) | Err(_) => None,
    });
    let expected = accepted.filter(|(position, key)| match three.of(key).number() {
        0 => true,
        1 => false,
        _ => *position <= middle,
    });
    let expected = expected.count();
    assert!((1..24).contains(&expected), "{expected}");
    let report = rebuild_due(log, world.pool(), &settings()).await.unwrap();
    assert_eq!((report.rows, report.position), (2 * expected, head));
    let again = rebuild_due(log, world.pool(), &settings()).await.unwrap();
    assert_eq!(again.differences, 0);
}
