//! Events of a newer program: told from broken ones, left to a newer process, and never parked.

use std::sync::Arc;

use orqestra_domain::notification::Notification;
use orqestra_event_log::{
    Append, Metadata, NewEvent, OnPoison, Position, RecordedEvent, SubscriptionOptions, SubscriptionState,
    Ticket, Unreadable, parked,
};
use sqlx::Executor;

use crate::subscription::{
    Poison, Witness, append, quick, reached, run_as, until, witness, witnessed, world,
};
use crate::support::{World, events, recorded, stream};

const READ: &str = r#"{"NotificationRead":{"at":"2026-04-22T12:00:00.000000Z"}}"#;
const BROKEN: &str = r#"{"NotificationRead":{"at":7}}"#;

/// The name of a build of this version that knows one more shape.
fn next_build() -> String {
    format!("orqestra/{}+shapes.{}", env!("CARGO_PKG_VERSION"), orqestra_domain::shapes::SHAPES + 1)
}

async fn stored(event_type: &str, version: &str, payload: &str, program: Option<&str>) -> Arc<RecordedEvent> {
    use cqrs_es::Aggregate as _;
    let world = World::new().await;
    let program = program.map(|program| ("program".to_owned(), program.to_owned()));
    let append = Append {
        aggregate_type: Notification::TYPE.to_owned(),
        aggregate_id: stream(1, 1),
        expected: 0,
        events: vec![NewEvent {
            event_type: event_type.to_owned(),
            event_version: version.to_owned(),
            payload: serde_json::from_str(payload).unwrap(),
            metadata: Metadata::from_iter(program),
        }],
        ticket: Ticket::default(),
    };
    recorded(world.log.append(append).await);
    let another = world.another().await;
    another.read_after(Position::ZERO, 1).await.unwrap().remove(0)
}

#[tokio::test]
async fn an_event_is_newer_by_its_type_its_version_or_its_program_and_else_broken() {
    for (event_type, version, payload, program) in [
        ("NotificationVanished", "1.0.0", r#"{"NotificationVanished":{}}"#, None),
        ("NotificationRead", "1.1.0", READ, None),
        ("NotificationRead", "2.0.0", READ, None),
        ("NotificationRead", "1.0.0", BROKEN, Some("orqestra/99.0.0")),
        // Another build of the same version.
        ("NotificationRead", "1.0.0", BROKEN, Some(next_build().as_str())),
    ] {
        let event = stored(event_type, version, payload, program).await;
        let read = event.event();
        assert!(matches!(read, Err(Unreadable::Newer(_))), "{event_type} {version} {program:?}: {read:?}");
    }
    let before = format!("orqestra/{}", env!("CARGO_PKG_VERSION"));
    for program in [
        None,
        Some("orqestra/0.0.1"),
        Some("another program"),
        Some("orqestra/one"),
        Some(before.as_str()),
        Some(orqestra_event_log::PROGRAM),
    ] {
        let event = stored("NotificationRead", "1.0.0", BROKEN, program).await;
        assert!(matches!(event.event(), Err(Unreadable::Broken(_))), "{program:?}: {:?}", event.event());
    }
    for (version, program) in [("1.0.0", None), ("1.0.7", None), ("1.0.0", Some("orqestra/99.0.0"))] {
        let event = stored("NotificationRead", version, READ, program).await;
        assert!(event.event().is_ok(), "{version} {program:?}: {:?}", event.event());
    }
}

#[tokio::test]
async fn an_older_process_hands_the_subscription_over_to_a_newer_one_and_parks_nothing() {
    let world = world().await;
    let newer = Poison::default();
    newer.lock().unwrap().insert(stream(1, 3));
    let old = Witness { newer: Arc::clone(&newer), on_poison: OnPoison::Park, ..witness() };
    let running = run_as(&world, &world.log, old, SubscriptionOptions { tries: 1, ..quick() });
    append(&world, 1..=5).await;
    let outdated = SubscriptionState::Outdated(Position::new(3));
    orqestra_tests::wait::until_now("an outdated subscription", crate::support::DEADLINE, || {
        (world.log.subscription("witness") == outdated).then_some(())
    })
    .await;
    assert_eq!(witnessed(&world).await, [1, 2], "what lies before is handled, what lies behind waits");
    assert!(parked(world.pool(), "witness").await.unwrap().is_empty());
    let another = world.another().await;
    let heir = run_as(&world, &another, witness(), quick());
    reached(&another, 5).await;
    assert_eq!(witnessed(&world).await, [1, 2, 3, 4, 5]);
    orqestra_tests::wait::until_now("an old process that stands by", crate::support::DEADLINE, || {
        (world.log.subscription("witness") == SubscriptionState::StandsBy).then_some(())
    })
    .await;
    heir.stop().await;
    running.stop().await;
    assert!(parked(world.pool(), "witness").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_another_build_parked_is_tried_again_when_this_one_starts() {
    let world = world().await;
    let poison = Poison::default();
    poison.lock().unwrap().extend([stream(1, 1), stream(1, 2)]);
    let parking = || Witness { poison: Arc::clone(&poison), on_poison: OnPoison::Park, ..witness() };
    let running = run_as(&world, &world.log, parking(), SubscriptionOptions { tries: 1, ..quick() });
    append(&world, 1..=3).await;
    reached(&world.log, 3).await;
    running.stop().await;
    let programs: Vec<_> =
        parked(world.pool(), "witness").await.unwrap().into_iter().map(|parked| parked.program).collect();
    assert_eq!(programs, [orqestra_event_log::PROGRAM; 2]);
    let other = format!(
        "update parked_events set program = 'orqestra/{}' where aggregate_id = '{}'",
        env!("CARGO_PKG_VERSION"),
        stream(1, 1)
    );
    world.pool().execute(other.as_str()).await.unwrap();
    recorded(world.log.append(events(1, 1, 1)).await);
    poison.lock().unwrap().clear();
    let running = run_as(&world, &world.log, parking(), quick());
    until(&world, "select count(*) = 1 from parked_events").await;
    reached(&world.log, 4).await;
    running.stop().await;
    let left = parked(world.pool(), "witness").await.unwrap();
    assert_eq!(left[0].aggregate_id, stream(1, 2), "this build's own waits until somebody asks");
    let mut handled = witnessed(&world).await;
    handled.sort_unstable();
    assert_eq!(handled, [1, 3, 4]);
}
