//! Unknown outcomes: a receipt is waited for first where one comes, and then the tenant's policy holds.

use std::time::Duration;

use orqestra_commands::{ClearSecret, ProviderInput, TenantPatch};
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::{
    AttemptOutcome, DeliveryState, ReceiptSays, RecordReceipt, Resolution, Resolve, UnknownPolicy,
};
use orqestra_domain::provider::{AfricasTalkingConfig, Dedup, HttpConfig};
use orqestra_domain::{Channel, NotificationId, ReceiptRef, TenantId};
use orqestra_event_log::Clock as _;

use crate::http::{africastalking, at, listed, shop};
use crate::script::{Answer, Script};
use crate::world::{World, ctx, settings};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;

/// How long a receipt is waited for.
const RECEIPT: Duration = Duration::from_mins(5);

/// The provider of the first attempt tells that it has the message.
async fn receipt(world: &World, tenant: TenantId, notification: NotificationId, channel: Channel) {
    let story = world.commands.story(tenant, notification).await.unwrap().unwrap();
    let first = &story.deliveries[&channel].attempts[0];
    let receipt = RecordReceipt {
        channel,
        provider: first.provider.clone(),
        instances: vec![first.instance.unwrap()],
        says: ReceiptSays::Delivered,
        event_ref: ReceiptRef::from_bytes([7; 32]),
        cause: None,
        provider_message_id: None,
        answer: None,
        occurred_at: world.now(),
        at: world.now(),
    };
    world.commands.record_receipt(tenant, notification, receipt, &[], &ctx()).await.unwrap();
}

async fn due(world: &World) -> Vec<(String, i64)> {
    world.read_up().await;
    let rows: Vec<(String, time::OffsetDateTime)> =
        sqlx::query_as("select kind, due_at from dispatch_due").fetch_all(world.pool()).await.unwrap();
    let from_now = |at: time::OffsetDateTime| (at - world.clock.now().as_datetime()).whole_seconds();
    rows.into_iter().map(|(kind, at)| (kind, from_now(at))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_sms_asks_an_operator_only_once_its_receipt_is_overdue() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(SMS, "hi")]).await;
    let script = Script::always(Answer::Silence).calling_back();
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let held = world.settled(&tenant, id, SMS).await;
    assert_eq!(held.state, DeliveryState::Held { attempt: 1 });
    assert_eq!(held.receipt_until, Some(world.now().plus(RECEIPT)));
    assert_eq!(due(&world).await, [("held".to_owned(), 300)], "an operator is waited for from then on");
    receipt(&world, tenant.id, id, SMS).await;
    let sent = world.settled(&tenant, id, SMS).await;
    assert!(matches!(sent.attempts[0].outcome, AttemptOutcome::Proved { .. }), "{sent:?}");
    assert_eq!(due(&world).await, []);
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_whose_receipt_comes_in_time_is_sent_once() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Silence).calling_back();
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    assert_eq!(due(&world).await, [("send".to_owned(), 300)]);
    world.clock.advance(Duration::from_secs(299));
    receipt(&world, tenant.id, id, EMAIL).await;
    world.settled(&tenant, id, EMAIL).await;
    world.clock.advance(RECEIPT);
    assert_eq!(due(&world).await, []);
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_whose_receipt_is_overdue_is_sent_once_more_and_marked() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Silence]).calling_back();
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    world.clock.advance(RECEIPT);
    let sent = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(sent.attempts[1].possible_duplicate);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_deduplicates_is_asked_again_at_once_although_it_calls_back() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(SMS, "hi")]).await;
    let script = Script::always(Answer::Taken).deduplicating(Dedup::FOR_EVER);
    let script = script.first([Answer::Silence]).calling_back();
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let sent = world.settled(&tenant, id, SMS).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 2, .. }));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_unknown_outcome_is_the_tenants_to_say() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let own = [(EMAIL, Some(UnknownPolicy::Hold)), (SMS, Some(UnknownPolicy::ResendOnce))];
    let patch = TenantPatch { unknown_policies: own.into(), ..TenantPatch::default() };
    world.commands.change_tenant(tenant.id, patch, &ctx()).await.unwrap();
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::Silence);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    assert_eq!(world.settled(&tenant, id, EMAIL).await.state, DeliveryState::Held { attempt: 1 });
    let sms = world.settled(&tenant, id, SMS).await;
    assert_eq!(sms.state, DeliveryState::Held { attempt: 2 }, "once more, and then an operator decides");
    assert!(sms.attempts[1].possible_duplicate);
    let (channel, resolution, by) = (SMS, Resolution::Delivered, "admin".to_owned());
    let resolve = Resolve { channel, resolution, by, at: world.now() };
    world.commands.resolve_outcome(tenant.id, id, resolve, &[], &ctx()).await.unwrap();
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_an_entry_that_was_removed_is_waited_for_too() {
    let world = World::new().await;
    let list = |secret: Option<&str>| {
        let HttpConfig::AfricasTalking(config) = africastalking(at("http://127.0.0.1:9")) else {
            unreachable!()
        };
        let webhook_secret = secret.map(|secret| ClearSecret(secret.to_owned()));
        vec![listed(HttpConfig::AfricasTalking(AfricasTalkingConfig { webhook_secret, ..config }))]
    };
    for (secret, waits) in [(Some("a-path-that-is-secret"), true), (None, false)] {
        let tenant = shop(&world, SMS, list(secret)).await;
        let hangs = Script::named("africastalking", 64, Answer::Hang);
        let first = world.play(&hangs, settings());
        let id = world.trigger(&tenant, "e-1").await;
        hangs.called(1).await;
        world.read_up().await;
        first.stop().await;
        world.providers(tenant.id, SMS, vec![ProviderInput::Sandbox]).await;
        world.clock.advance(Duration::from_secs(101));
        let second = world.play(&Script::always(Answer::Taken), settings());
        let held = world.settled(&tenant, id, SMS).await;
        assert_eq!(held.state, DeliveryState::Held { attempt: 1 });
        assert_eq!(held.receipt_until, waits.then(|| world.now().plus(RECEIPT)));
        second.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_says_that_it_cannot_tell_is_asked_once_and_is_not_left_alone() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let script = Script::always(Answer::CannotTell).deduplicating(Dedup::FOR_EVER);
    let dispatch = world.play(&script, DispatchSettings { breaker_failures: 1, ..settings() });
    let id = world.trigger(&tenant, "e-1").await;
    for channel in [EMAIL, SMS] {
        assert_eq!(world.settled(&tenant, id, channel).await.state, DeliveryState::Held { attempt: 1 });
    }
    assert_eq!(script.calls().len(), 2);
    script.then(Answer::Taken);
    let next = world.trigger(&tenant, "e-2").await;
    assert!(matches!(
        world.settled(&tenant, next, EMAIL).await.state,
        DeliveryState::Sent { attempt: 1, .. }
    ));
    dispatch.stop().await;
}
