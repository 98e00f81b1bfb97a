//! An event that is broken sets its own aggregate aside and nothing else; one of a newer program stops the projection.

use cqrs_es::Aggregate;
use orqestra_domain::StreamId;
use orqestra_domain::notification::Notification;
use orqestra_event_log::{Metadata, NewEvent, Ticket, checkpoint, parked};
use orqestra_projections::{Projection, RebuildError, RebuildMode, rebuild};
use serde_json::json;

use crate::support::{World, tenant};

/// An event of a known type and version that holds something else.
fn poison() -> NewEvent {
    event("DeliveryRendered", "1.0.0", Metadata::default())
}

/// An event that is nothing but its name.
fn event(event_type: &str, version: &str, metadata: Metadata) -> NewEvent {
    NewEvent {
        event_type: event_type.to_owned(),
        event_version: version.to_owned(),
        payload: json!({event_type: {}}),
        metadata,
    }
}

#[tokio::test]
async fn a_poison_event_parks_only_its_aggregate() {
    let world = World::new().await;
    let mut before = world.pushed(tenant(1), "ann", "poisoned").await;
    world.mark_read(&mut before).await.unwrap();
    let stream = StreamId::notification(before.tenant, before.id);
    world.append_raw(Notification::TYPE, &stream, before.version, vec![poison()], Ticket::default()).await;
    world.pushed(tenant(1), "ann", "after").await;
    world.project_all().await;

    let shown = world.shown(tenant(1), "ann").await;
    assert_eq!(shown, [("after".to_owned(), "UNREAD"), ("poisoned".to_owned(), "READ")]);
    assert!(parked(world.pool(), Projection::Usage.name()).await.unwrap().is_empty(), "it decodes nothing");
    for projection in [Projection::Inbox, Projection::DeliveryStatus] {
        let set_aside = parked(world.pool(), projection.name()).await.unwrap();
        let streams: Vec<_> = set_aside.iter().map(|parked| parked.aggregate_id.as_str()).collect();
        assert_eq!(streams, [stream.as_str()]);
        // A rebuild skips nothing.
        let refused = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await;
        assert!(matches!(refused, Err(RebuildError::Unreadable(_))), "{refused:?}");
    }
    let shadows: i64 = sqlx::query_scalar("select count(*) from pg_class where relname like '%\\_rebuild%'")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(shadows, 0, "a rebuild that failed leaves no tables behind");
}

#[tokio::test]
async fn an_event_of_a_newer_program_is_left_to_it_and_never_parked() {
    let metadata = Metadata::from_iter([("program".to_owned(), "orqestra/99.0.0".to_owned())]);
    for newer in [
        // A type that no program of today has.
        event("DeliveryRecalled", "1.0.0", Metadata::default()),
        // A shape whose version is above the known one.
        event("DeliveryRendered", "1.1.0", Metadata::default()),
        event("DeliveryRendered", "2.0.0", Metadata::default()),
        // A shape of the known version with something in it that only its writer knows.
        event("DeliveryRendered", "1.0.0", metadata),
    ] {
        let world = World::new().await;
        let before = world.pushed(tenant(1), "ann", "before").await;
        world.project_all().await;
        let stream = StreamId::notification(before.tenant, before.id);
        let name = newer.event_type.clone();
        world.append_raw(Notification::TYPE, &stream, before.version, vec![newer], Ticket::default()).await;
        let at = world.log.fetch_head().await.unwrap();
        for projection in [Projection::Inbox, Projection::DeliveryStatus] {
            world.outdated(projection, at).await;
            assert!(parked(world.pool(), projection.name()).await.unwrap().is_empty(), "{name}");
            let stands = checkpoint(world.pool(), projection.name()).await.unwrap().unwrap();
            assert!(stands.least() < at, "{name}: it does not pass the event");
        }
    }
}

#[tokio::test]
async fn what_a_projection_ignores_is_passed_over_whatever_it_holds() {
    let world = World::new().await;
    let before = world.pushed(tenant(1), "ann", "before").await;
    let stream = StreamId::notification(before.tenant, before.id);
    let ignored = event("AttemptStarted", "1.0.0", Metadata::default());
    world.append_raw(Notification::TYPE, &stream, before.version, vec![ignored], Ticket::default()).await;
    world.pushed(tenant(1), "ann", "after").await;
    world.project(Projection::Inbox).await;
    world.project(Projection::Usage).await;
    assert!(parked(world.pool(), Projection::Inbox.name()).await.unwrap().is_empty());
    let shown = world.shown(tenant(1), "ann").await;
    assert_eq!(shown, [("after".to_owned(), "UNREAD"), ("before".to_owned(), "UNREAD")]);
}
