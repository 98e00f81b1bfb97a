//! An aggregate with an event of a newer program: nothing is decided on the half of it that can be read.

use orqestra_commands::{CommandError, Commands, TenantPatch};
use orqestra_domain::StreamId;
use orqestra_domain::recipient::Recipient;
use orqestra_domain::tenant::Standing;
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Ticket};
use serde_json::json;

use crate::support::{World, ctx, tenant, trigger, user};

/// Appends an event whose shape has a version that no program of today knows.
async fn append(commands: &Commands, aggregate_type: &str, stream: &StreamId, event_type: &str) {
    let before = commands.log().load(aggregate_type, stream).await.unwrap().len();
    let append = Append {
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(before).unwrap(),
        events: vec![NewEvent {
            event_type: event_type.to_owned(),
            event_version: "9.0.0".to_owned(),
            payload: json!({event_type: {"at": "2026-11-24T12:00:00.000000Z"}}),
            metadata: Metadata::default(),
        }],
        ticket: Ticket::default(),
    };
    let Outcome::Recorded(_) = commands.log().append(append).await else { panic!("it is stored") };
}

#[tokio::test]
async fn a_command_on_an_aggregate_with_a_newer_event_is_not_decided() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let told = here.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    let stream = StreamId::notification(shop.id, told.notification);
    append(&here, "Notification", &stream, "NotificationRead").await;
    // The one remembers the notification from before, the other has to read it.
    for commands in [&here, &there] {
        let refused = commands.mark_read(&shop, &user("u"), told.notification, &ctx()).await.unwrap_err();
        assert!(matches!(refused, CommandError::Newer(_)), "{refused}");
    }
    let refused = there.story(shop.id, told.notification).await.unwrap_err();
    assert!(matches!(refused, CommandError::Newer(_)), "{refused}");

    append(&here, "Tenant", &StreamId::tenant(shop.id), "SenderSet").await;
    let patch = TenantPatch { standing: Some(Standing::Inactive), ..TenantPatch::default() };
    let refused = there.change_tenant(shop.id, patch, &ctx()).await.unwrap_err();
    assert!(matches!(refused, CommandError::Newer(_)), "{refused}");

    let recipient = shop.index.recipient_ref(&user("u"));
    let stream = StreamId::recipient(shop.id, recipient);
    append(&here, <Recipient as cqrs_es::Aggregate>::TYPE, &stream, "RecipientForgotten").await;
    let refused = there.forget_recipient(&shop, &user("u"), &ctx()).await.unwrap_err();
    assert!(matches!(refused, CommandError::Newer(_)), "{refused}");
}
