//! An event that a projection cannot read sets its own aggregate aside and nothing else.

use cqrs_es::Aggregate;
use orqestra_domain::StreamId;
use orqestra_domain::notification::Notification;
use orqestra_event_log::{Metadata, NewEvent, Ticket, parked};
use orqestra_projections::{Projection, RebuildError, RebuildMode, rebuild};
use serde_json::json;

use crate::support::{World, tenant};

fn poison() -> NewEvent {
    NewEvent {
        event_type: "NotificationVanished".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"NotificationVanished": {}}),
        metadata: Metadata::default(),
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
