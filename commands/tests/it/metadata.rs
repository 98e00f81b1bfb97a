//! The metadata of every event: actor, request, causing event, program and process.

use std::collections::BTreeMap;

use orqestra_commands::{CallerId, CallersIds, Commands, Context, Trace};
use orqestra_domain::notification::{
    DeliverPush, DeliveryRendered, FailureClass, MarkOutcomeUnknown, RecordFailure, RecordSuccess,
    Resolution, Resolve, StartAttempt, UnknownPolicy,
};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::{Channel, EventTypeName, ExpiresIn, KeyId, Sealed, StreamId};
use orqestra_event_log::{Position, RecordedEvent};
use uuid::Uuid;

use crate::support::{World, ctx, tenant, trigger, user};

fn rendered(commands: &Commands, channel: Channel, key_id: KeyId) -> DeliveryRendered {
    let content = Sealed { key_id, data: "AAAA".to_owned() };
    DeliveryRendered { channel, content, missing: Vec::new(), category: None, at: commands.now() }
}

/// An event's trace, as `docs/events.md` derives it from what is stored.
fn documented_trace(event: &RecordedEvent) -> [u8; 16] {
    let entries = event.metadata.entries();
    if let Some(parent) = entries.get("traceparent") {
        return u128::from_str_radix(&parent[3..35], 16).unwrap().to_be_bytes();
    }
    let own = event.event_id.to_string();
    let text = ["traceId", "requestId"].into_iter().find_map(|name| entries.get(name)).unwrap_or(&own);
    let namespace = Uuid::parse_str("6b1d0c5e-52b4-5d0e-9a57-3f1c8e247ad1").unwrap();
    let derived = || Uuid::new_v5(&namespace, text.as_bytes());
    Uuid::try_parse(text).unwrap_or_else(|_| derived()).into_bytes()
}

#[tokio::test]
async fn every_event_has_the_trace_of_its_request_also_where_no_caller_gave_one() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let world = World::new().await;
    let commands = world.process().await;
    let dispatch = Context::engine("dispatch");
    commands.seed_platform().await.unwrap();
    let shop = tenant(&commands).await;
    let content = TemplateContent {
        subject: None,
        title: None,
        body: "hi".to_owned(),
        category: None,
        expires_in: None,
    };
    let event_type = EventTypeName::parse("order.confirmed").unwrap();
    commands.put_template(shop.id, event_type, Channel::Push, content, true, &ctx()).await.unwrap();
    let own = "0190b5a0-0000-7000-8000-000000000001";
    let request = Some("0199f0a2-7c1e-7d40-9f0e-3f6b1c2d4e5f");
    for (number, (request, given, parent)) in [
        (request, None, None),
        (None, None, None),
        (Some("mine"), None, None),
        (request, Some("trace-7"), None),
        (request, Some("9f1c8e24-7ad1-4b6d-8c5e-52b45d0e9a57"), None),
        (request, Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"), None),
        (request, Some("trace-7"), Some(PARENT)),
        (request, None, Some(PARENT)),
    ]
    .into_iter()
    .enumerate()
    {
        let ids =
            CallersIds { request: request.and_then(CallerId::parse), trace: given.and_then(CallerId::parse) };
        let asked = Trace::of_request(&ids, parent, || own.to_owned()).referring(&ids, &shop.index);
        let ctx = Context { trace: Some(std::sync::Arc::new(asked.clone())), ..ctx() };
        let event = format!("e-{number}");
        let id =
            commands.trigger(&shop, trigger(Some(&event), None, "u", ""), &ctx).await.unwrap().notification;
        // What the engine does with it follows from the same request.
        let key = commands.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
        let push = DeliverPush { rendered: rendered(&commands, Channel::Push, key), at: commands.now() };
        commands.deliver_push(shop.id, id, push, &[key], &dispatch).await.unwrap();
        let told = commands.log().load("Notification", &StreamId::notification(shop.id, id)).await.unwrap();
        assert!(told.len() > 1, "the push is delivered");
        for event in &told {
            assert_eq!(documented_trace(event), asked.entry().trace(), "{number}: {}", event.event_type);
            let hidden = |id: Option<&str>, clear: &str| {
                let stands = event.metadata.get(clear).is_some_and(|text| Some(text.as_str()) == id);
                id.filter(|_| !stands).map(|id| shop.index.caller_id_ref(id).to_string())
            };
            assert_eq!(event.metadata.get("requestRef"), hidden(request, "requestId"), "{number}");
            assert_eq!(event.metadata.get("traceRef"), hidden(given, "traceId"), "{number}");
        }
    }
    for event in commands.log().read_after(Position::ZERO, 1_000).await.unwrap() {
        let trace = Trace::of_event(&event).entry().trace();
        assert_ne!(trace, [0; 16]);
        assert_eq!(trace, documented_trace(&event), "{}", event.event_type);
    }
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
        let content = TemplateContent {
            subject: None,
            title: None,
            body: "hi".to_owned(),
            category: None,
            expires_in: None,
        };
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
        deadline: commands.now().plus(ExpiresIn::DEFAULT.duration()),
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
        receipt_within: None,
        asks_again: true,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        cause: "smtp_timeout".to_owned(),
        by_sender: true,
        deadline: there.now().plus(ExpiresIn::DEFAULT.duration()),
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
