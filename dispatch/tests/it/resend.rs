//! After an unknown outcome: the same instance or none, decided from what the claim recorded.

use std::time::Duration;

use orqestra_commands::{ProviderInput, TenantPatch};
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::{
    Delivery, DeliveryState, MarkOutcomeUnknown, Resolution, Resolve, UnknownPolicy,
};
use orqestra_domain::provider::{Dedup, Sender};
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Channel, ExpiresIn, NotificationId};

use crate::script::{Answer, Script};
use crate::smtp_server::{Manners, SmtpServer, Step::Cut};
use crate::world::{World, ctx, settings, smtp};

const EMAIL: Channel = Channel::Email;

async fn shop(world: &World, list: Vec<ProviderInput>) -> std::sync::Arc<orqestra_commands::TenantEntry> {
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    world.providers(tenant.id, EMAIL, list).await;
    world.entry(tenant.id)
}

/// With retries a minute apart.
fn patient() -> DispatchSettings {
    DispatchSettings { retry_delays: vec![Duration::from_mins(1); 6], ..settings() }
}

/// Which entries of the list were called for the email, by their ports.
fn ports(script: &Script) -> Vec<u16> {
    script.calls().iter().filter(|call| call.to.contains('@')).map(|call| call.provider).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_goes_to_the_same_server_and_never_to_the_next_one() {
    let world = World::new().await;
    let tenant = shop(&world, vec![smtp(1), smtp(2), smtp(3)]).await;
    let script = Script::always(Answer::Taken).first([Answer::Silence]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    let asked = ports(&script);
    assert_eq!((asked.len(), asked[0] == asked[1]), (2, true), "{asked:?}");
    assert!(delivery.attempts[1].possible_duplicate);
    assert_eq!(delivery.attempts[0].instance, delivery.attempts[1].instance);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_attempt_of_the_sandbox_never_becomes_a_real_mail() {
    let world = World::new().await;
    let server = SmtpServer::start([]).await;
    let tenant = shop(&world, vec![ProviderInput::Sandbox, smtp(server.port)]).await;
    // The sandbox was called, and the process ended before it could record what came of it.
    let cut_off = Script::always(Answer::Hang).deduplicating(Dedup::FOR_EVER);
    let first = world.play(&cut_off, settings());
    let id = world.trigger(&tenant, "e-1").await;
    cut_off.called(1).await;
    world.read_up().await;
    first.stop().await;
    world.clock.advance(Duration::from_secs(101));
    let second = world.dispatch(settings());
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }), "{:?}", delivery.state);
    assert!(!delivery.attempts[1].possible_duplicate, "the sandbox keeps a delivery once");
    assert!(server.taken().is_empty(), "a real mail went out");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_keeps_to_its_server_through_failures_until_the_schedule_ends() {
    let world = World::new().await;
    let tenant = shop(&world, vec![smtp(1), smtp(2)]).await;
    let script = Script::always(Answer::NotTaken).first([Answer::Silence]);
    let dispatch = world.play(&script, patient());
    let id = world.trigger(&tenant, "e-1").await;
    for attempts in 2..5 {
        let failed = |delivery: &Delivery| {
            delivery.attempts.len() == attempts && matches!(delivery.state, DeliveryState::Waiting { .. })
        };
        let delivery = world.delivery(&tenant, id, EMAIL, failed).await;
        assert!(delivery.attempts[attempts - 1].possible_duplicate);
        world.clock.advance(Duration::from_mins(2));
    }
    let asked = ports(&script);
    assert!(asked.len() >= 4 && asked.iter().all(|port| *port == asked[0]), "{asked:?}");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_waits_for_its_server_while_that_one_is_left_alone() {
    let world = World::new().await;
    let tenant = shop(&world, vec![smtp(1), smtp(2)]).await;
    let script = Script::always(Answer::Taken).first([Answer::Silence]);
    let quick = DispatchSettings { breaker_failures: 1, lease: Duration::from_secs(15), ..settings() };
    let dispatch = world.play(&script, quick);
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    world.read_up().await;
    // The unknown outcome has opened the breaker: nothing goes out before its pause is over.
    world.clock.advance(Duration::from_secs(16));
    let early = world.settled(&tenant, id, EMAIL);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), early).await.is_err(),
        "another server was asked"
    );
    assert_eq!(script.calls().iter().filter(|call| call.to.contains('@')).count(), 1);
    world.clock.advance(Duration::from_secs(31));
    world.settled(&tenant, id, EMAIL).await;
    let asked = ports(&script);
    assert_eq!((asked.len(), asked[0] == asked[1]), (2, true), "{asked:?}");
    dispatch.stop().await;
}

/// An email whose outcome is unknown and whose resend is due, while no dispatcher runs.
async fn unknown(world: &World, tenant: &std::sync::Arc<orqestra_commands::TenantEntry>) -> NotificationId {
    let script = Script::always(Answer::Hang);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(tenant, "e-1").await;
    script.called(1).await;
    world.read_up().await;
    dispatch.stop().await;
    let (cause, at) = ("no_answer".to_owned(), world.commands.now());
    let policy = UnknownPolicy::ResendOnce;
    let deadline = at.plus(ExpiresIn::DEFAULT.duration());
    let mark = MarkOutcomeUnknown {
        channel: EMAIL,
        attempt: 1,
        policy,
        receipt_within: None,
        asks_again: true,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        cause,
        by_sender: true,
        deadline,
        at,
    };
    world.commands.mark_outcome_unknown(tenant.id, id, mark, &[], &ctx()).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_whose_server_was_removed_is_held_with_its_cause_until_an_operator_decides() {
    let world = World::new().await;
    let tenant = shop(&world, vec![smtp(1)]).await;
    let id = unknown(&world, &tenant).await;
    for list in [vec![], vec![smtp(2), ProviderInput::Sandbox]] {
        world.providers(tenant.id, EMAIL, list).await;
        let script = Script::always(Answer::Taken);
        let dispatch = world.play(&script, settings());
        let delivery = world.settled(&tenant, id, EMAIL).await;
        assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
        assert_eq!(delivery.hold_cause.as_deref(), Some("provider_removed"));
        world.read_up().await;
        assert!(world.due().await.contains(&("EMAIL".to_owned(), "held".to_owned(), 1)));
        assert!(ports(&script).is_empty());
        dispatch.stop().await;
        let (by, at) = ("admin".to_owned(), world.commands.now());
        let resend = Resolve { channel: EMAIL, resolution: Resolution::Resend, by, at };
        world.commands.resolve_outcome(tenant.id, id, resend, &[], &ctx()).await.unwrap();
    }
    // Put back, the entry is the same instance.
    world.providers(tenant.id, EMAIL, vec![smtp(2), smtp(1)]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(delivery.attempts[1].possible_duplicate);
    assert_eq!(ports(&script), [1]);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_recorded_window_a_text_message_is_held_and_an_email_marked() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (Channel::Sms, "hi")]).await;
    let window = Dedup { seconds: Some(60) };
    let script = Script::always(Answer::Hang).deduplicating(window);
    let first = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    script.called(2).await;
    world.read_up().await;
    first.stop().await;
    // The sweeper comes after 100 s, when the window of 60 s is over; today's provider says that it deduplicates for ever.
    world.clock.advance(Duration::from_secs(101));
    let script = Script::always(Answer::Taken).deduplicating(Dedup::FOR_EVER);
    let second = world.play(&script, settings());
    let email = world.settled(&tenant, id, EMAIL).await;
    let sms = world.settled(&tenant, id, Channel::Sms).await;
    assert!(matches!(email.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(email.attempts[1].possible_duplicate);
    assert_eq!(sms.state, DeliveryState::Held { attempt: 1 });
    second.stop().await;
}

/// An email and a text message whose resends, without a mark, were planned within the window, which is then over.
async fn past_the_window(own: &[(Channel, UnknownPolicy)]) -> [Delivery; 2] {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (Channel::Sms, "hi")]).await;
    let own = own.iter().map(|(channel, policy)| (*channel, Some(*policy))).collect();
    let patch = TenantPatch { unknown_policies: own, ..TenantPatch::default() };
    world.commands.change_tenant(tenant.id, patch, &ctx()).await.unwrap();
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::Taken).deduplicating(Dedup { seconds: Some(20) });
    let script = script.first([Answer::Silence, Answer::Silence]);
    // The first unknown outcome opens the breaker for 30 seconds.
    let dispatch = world.play(&script, DispatchSettings { breaker_failures: 1, ..settings() });
    let id = world.trigger(&tenant, "e-1").await;
    script.called(2).await;
    for channel in [EMAIL, Channel::Sms] {
        world.waiting_on(&tenant, id, channel).await;
    }
    world.read_up().await;
    world.clock.advance(Duration::from_secs(31));
    let ends = [world.settled(&tenant, id, EMAIL).await, world.settled(&tenant, id, Channel::Sms).await];
    dispatch.stop().await;
    ends
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_window_the_tenants_policy_decides_on_a_resend_that_was_planned_before() {
    let is_marked = |delivery: &Delivery| {
        matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. })
            && delivery.attempts[1].possible_duplicate
    };
    let is_held = |delivery: &Delivery| {
        delivery.state == DeliveryState::Held { attempt: 1 }
            && delivery.hold_cause.as_deref() == Some("dedup_window_over")
    };
    let [email, sms] = past_the_window(&[]).await;
    assert!(is_marked(&email) && is_held(&sms), "{email:?} {sms:?}");
    let inverted = [(EMAIL, UnknownPolicy::Hold), (Channel::Sms, UnknownPolicy::ResendOnce)];
    let [email, sms] = past_the_window(&inverted).await;
    assert!(is_held(&email) && is_marked(&sms), "{email:?} {sms:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_that_was_in_time_when_planned_is_held_once_the_window_is_over() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script =
        Script::always(Answer::NotTaken).deduplicating(Dedup { seconds: Some(30) }).first([Answer::Silence]);
    let dispatch = world.play(&script, patient());
    let id = world.trigger(&tenant, "e-1").await;
    let failed = |delivery: &Delivery| {
        delivery.attempts.len() == 2 && matches!(delivery.state, DeliveryState::Waiting { .. })
    };
    let delivery = world.delivery(&tenant, id, Channel::Sms, failed).await;
    assert!(!delivery.attempts[1].possible_duplicate);
    world.clock.advance(Duration::from_mins(2));
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    if let DeliveryState::Held { attempt } = delivery.state {
        assert_eq!((attempt, delivery.hold_cause.as_deref()), (2, Some("dedup_window_over")));
    } else {
        panic!("{:?}", delivery.state)
    }
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_id_stays_when_the_sender_changes_between_two_attempts() {
    let world = World::new().await;
    let server = SmtpServer::start([Manners { end: Cut, ..Manners::GOOD }]).await;
    let from = |mailbox: &str| {
        let ProviderInput::Smtp(input) = smtp(server.port) else { unreachable!() };
        ProviderInput::Smtp(orqestra_commands::SmtpInput {
            from: Some(Sender::parse(mailbox).unwrap()),
            ..input
        })
    };
    let tenant = shop(&world, vec![from("a@one.example")]).await;
    let pause = DispatchSettings { breaker_failures: 1, ..settings() };
    let first = world.dispatch(pause);
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    first.stop().await;
    world.providers(tenant.id, EMAIL, vec![from("b@two.example")]).await;
    world.clock.advance(Duration::from_secs(31));
    let second = world.dispatch(settings());
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    let ids: Vec<String> = server
        .taken()
        .iter()
        .map(|taken| taken.content.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    second.stop().await;
}
