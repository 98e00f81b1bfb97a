//! An aggregate with an event of a newer program: nothing is decided on the half of it that can be read.

use orqestra_commands::{CommandError, Commands, TenantPatch};
use orqestra_domain::notification::{
    AfterFailure, FailureClass, FailureScope, NotificationRefusal, RecordFailure, RecordSuccess,
};
use orqestra_domain::recipient::Recipient;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::tenant::Standing;
use orqestra_domain::{Channel, ExpiresIn, NotificationId, StreamId, TenantId};
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Ticket};
use serde_json::{Value, json};

use crate::attempts::{accepted, start};
use crate::support::{World, ctx, tenant, trigger, user};

/// Appends an event whose shape has a version that no program of today knows.
async fn append(commands: &Commands, aggregate_type: &str, stream: &StreamId, event_type: &str) {
    append_with(commands, aggregate_type, stream, event_type, json!({"at": "2026-11-24T12:00:00.000000Z"}))
        .await;
}

async fn append_with(
    commands: &Commands,
    aggregate_type: &str,
    stream: &StreamId,
    event_type: &str,
    fields: Value,
) {
    let before = commands.log().load(aggregate_type, stream).await.unwrap().len();
    let append = Append {
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(before).unwrap(),
        events: vec![NewEvent {
            event_type: event_type.to_owned(),
            event_version: "9.0.0".to_owned(),
            payload: json!({event_type: fields}),
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

fn success(commands: &Commands) -> RecordSuccess {
    let (channel, at) = (Channel::Email, commands.now());
    RecordSuccess { channel, attempt: 1, provider_message_id: None, answer: None, at }
}

fn failure(commands: &Commands, attempt: u32) -> RecordFailure {
    RecordFailure {
        channel: Channel::Email,
        attempt,
        class: FailureClass::Retryable,
        scope: FailureScope::Message,
        then: AfterFailure::Schedule,
        cause: "smtp_451".to_owned(),
        answer: None,
        retry_after: None,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        deadline: commands.now().plus(ExpiresIn::DEFAULT.duration()),
        at: commands.now(),
    }
}

/// The types of a notification's events as they are stored.
async fn stored(commands: &Commands, tenant: TenantId, id: NotificationId) -> Vec<String> {
    let stream = StreamId::notification(tenant, id);
    let events = commands.log().load("Notification", &stream).await.unwrap();
    events.iter().map(|event| event.event_type.clone()).collect()
}

#[tokio::test]
async fn an_outcome_is_recorded_behind_a_newer_event_that_its_channel_does_not_rest_on() {
    let at = "2026-11-24T12:00:00.000000Z";
    let read = || ("NotificationRead", json!({"at": at}));
    let text = || ("AttemptStarted", json!({"channel": "SMS", "attempt": 1, "at": at}));
    let fax = || ("DeliveryFaxed", json!({"channel": "FAX", "at": at}));
    let archived = || ("NotificationArchived", json!({"at": at}));
    let own = || ("AttemptOutcomeUnknown", json!({"channel": "EMAIL", "attempt": 1, "at": at}));
    let shapeless = || ("NotificationArchived", json!("at once"));
    for (newer, succeeds, fails) in [
        (vec![read()], true, true),
        (vec![text()], true, true),
        (vec![fax(), read(), text()], true, true),
        (vec![archived()], true, false),
        (vec![own()], false, false),
        (vec![read(), own()], false, false),
        (vec![shapeless()], false, false),
    ] {
        let world = World::new().await;
        let (here, there) = (world.process().await, world.process().await);
        for (commands, other) in [(&here, &there), (&there, &here)] {
            for (succeeding, expected) in [(true, succeeds), (false, fails)] {
                let shop = tenant(commands).await;
                let id = accepted(commands, &shop).await;
                let key = commands.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
                commands.start_attempt(shop.id, id, start(commands, key), &[key], &ctx()).await.unwrap();
                for (event_type, fields) in newer.clone() {
                    let stream = StreamId::notification(shop.id, id);
                    append_with(other, "Notification", &stream, event_type, fields).await;
                }
                // The one remembers the claim, the other knows it from the log alone.
                let by = if expected { other } else { commands };
                let done = if succeeding {
                    by.record_success(shop.id, id, success(by), &[], &ctx()).await
                } else {
                    by.record_failure(shop.id, id, failure(by, 1), &[], &ctx()).await
                };
                assert_eq!(done.is_ok(), expected, "{newer:?} {succeeding}: {:?}", done.err());
                let last = if succeeding { "AttemptSucceeded" } else { "AttemptFailed" };
                let events = stored(commands, shop.id, id).await;
                assert_eq!(events.last().is_some_and(|event| event == last), expected, "{events:?}");
                if expected {
                    let again = commands.record_success(shop.id, id, success(commands), &[], &ctx()).await;
                    let again = again.unwrap_err();
                    let known = matches!(again, CommandError::Refused(NotificationRefusal::OutcomeKnown));
                    assert!(known, "{again}");
                }
                // Everything else rests on what cannot be read, also where the outcome was just decided.
                for commands in [commands, other] {
                    let refused = commands.mark_read(&shop, &user("u"), id, &ctx()).await.unwrap_err();
                    assert!(matches!(refused, CommandError::Newer(_)), "{refused}");
                    let refused =
                        commands.record_failure(shop.id, id, failure(commands, 0), &[], &ctx()).await;
                    assert!(matches!(refused, Err(CommandError::Newer(_))), "{refused:?}");
                }
            }
        }
    }
}
