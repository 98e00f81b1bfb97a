//! The metadata of every event: actor, request, causing event, program and process.

use std::collections::BTreeMap;

use orqestra_commands::{Commands, Context};
use orqestra_domain::notification::{
    DeliverPush, DeliveryRendered, FailureClass, MarkOutcomeUnknown, RecordFailure, RecordSuccess,
    Resolution, Resolve, StartAttempt, UnknownPolicy,
};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::{Channel, EventTypeName, KeyId, Sealed, StreamId};
use orqestra_event_log::Position;

use crate::support::{World, ctx, tenant, trigger, user};

fn rendered(commands: &Commands, channel: Channel, key_id: KeyId) -> DeliveryRendered {
    let content = Sealed { key_id, data: "AAAA".to_owned() };
    DeliveryRendered { channel, content, missing: Vec::new(), category: None, at: commands.now() }
}

#[tokio::test]
async fn every_event_says_who_for_which_request_because_of_what_and_by_which_process() {
    let world = World::new().await;
    let commands = world.process().await;
    let dispatch = Context::engine("dispatch");
    commands.seed_platform().await.unwrap();
    let shop = tenant(&commands).await;
    let event_type = EventTypeName::parse("order.confirmed").unwrap();
    for channel in [Channel::Email, Channel::Push] {
        let content = TemplateContent { subject: None, title: None, body: "hi".to_owned(), category: None };
        commands.put_template(shop.id, event_type.clone(), channel, content, true, &ctx()).await.unwrap();
    }
    let id = commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap().notification;
    let key = commands.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    let channel = Channel::Email;
    let start = async |attempt, process: &Commands| {
        let claim = StartAttempt {
            channel,
            attempt,
            provider: "smtp".to_owned(),
            instance: SANDBOX_INSTANCE,
            dedup: None,
            expires_at: process.now(),
            rendered: Some(rendered(process, channel, key)),
            at: process.now(),
        };
        process.start_attempt(shop.id, id, claim, &[key], &dispatch).await.unwrap();
    };
    start(1, &commands).await;
    let failure = RecordFailure {
        channel,
        attempt: 1,
        class: FailureClass::Retryable,
        scope: orqestra_domain::notification::FailureScope::Message,
        then: orqestra_domain::notification::AfterFailure::OtherProvider,
        cause: "smtp_451".to_owned(),
        answer: None,
        retry_after: None,
        schedule: RetrySchedule::new(vec![std::time::Duration::ZERO; 3]),
        jitter: Jitter::NONE,
        at: commands.now(),
    };
    commands.record_failure(shop.id, id, failure, &[], &dispatch).await.unwrap();
    // A process that has to read the stream comes to the same causes.
    let there = world.process().await;
    start(2, &there).await;
    let unknown = MarkOutcomeUnknown {
        channel,
        attempt: 2,
        policy: UnknownPolicy::Hold,
        cause: "smtp_timeout".to_owned(),
        by_sender: true,
        at: there.now(),
    };
    there.mark_outcome_unknown(shop.id, id, unknown, &[], &dispatch).await.unwrap();
    let resend = Resolve { channel, resolution: Resolution::Resend, by: "admin".to_owned(), at: there.now() };
    commands.resolve_outcome(shop.id, id, resend, &[], &ctx()).await.unwrap();
    start(3, &commands).await;
    let success =
        RecordSuccess { channel, attempt: 3, provider_message_id: None, answer: None, at: there.now() };
    commands.record_success(shop.id, id, success, &[], &dispatch).await.unwrap();
    let push = DeliverPush { rendered: rendered(&commands, Channel::Push, key), at: commands.now() };
    commands.deliver_push(shop.id, id, push, &[key], &dispatch).await.unwrap();
    commands.mark_read(&shop, &user("u"), id, &ctx()).await.unwrap();
    commands.forget_recipient(&shop, &user("u"), &ctx()).await.unwrap();

    let all = commands.log().read_after(Position::ZERO, 1_000).await.unwrap();
    let mut causes = BTreeMap::new();
    for event in &all {
        let entries = event.metadata.entries();
        let has = |name: &str| entries.get(name).is_some_and(|value| !value.is_empty());
        for name in ["actor", "requestId", "program", "process"] {
            assert!(has(name), "{} at {} lacks {name}: {entries:?}", event.event_type, event.position);
        }
        assert!(entries["program"].starts_with("orqestra/"));
        let process =
            if [commands.process(), there.process()].map(|id| id.to_string()).contains(&entries["process"]) {
                "known"
            } else {
                "unknown"
            };
        assert_eq!(process, "known", "{}", entries["process"]);
        causes.insert(event.event_id.to_string(), event.event_type.clone());
        if let Some(cause) = entries.get("causation") {
            assert!(causes.contains_key(cause), "the cause of {} stands before it", event.event_type);
        }
    }
    let told = commands.log().load("Notification", &StreamId::notification(shop.id, id)).await.unwrap();
    let request = told[0].metadata.get("requestId");
    let mut chain = Vec::new();
    for event in &told {
        let cause = event.metadata.get("causation").map_or("-", |cause| causes[&cause].as_str());
        chain.push(format!("{} <- {cause}", event.event_type));
        if event.metadata.get("actor").unwrap() == "engine:dispatch" {
            assert_eq!(event.metadata.get("requestId"), request, "{}", event.event_type);
        }
    }
    assert_eq!(
        chain,
        [
            "NotificationAccepted <- -",
            "DeliveryRendered <- NotificationAccepted",
            "AttemptStarted <- NotificationAccepted",
            "AttemptFailed <- AttemptStarted",
            "AttemptStarted <- AttemptFailed",
            "AttemptOutcomeUnknown <- AttemptStarted",
            "OutcomeResolved <- -",
            "AttemptStarted <- OutcomeResolved",
            "AttemptSucceeded <- AttemptStarted",
            "DeliveryRendered <- NotificationAccepted",
            "AttemptStarted <- NotificationAccepted",
            "AttemptSucceeded <- AttemptStarted",
            "NotificationRead <- -",
        ]
    );
}
