//! Outcomes that nobody knows: who sends again, who is held, and what a process leaves behind that ends in the middle.

use std::time::Duration;

use orqestra_domain::Channel;
use orqestra_domain::notification::{
    AttemptOutcome, Delivery, DeliveryState, RecordSuccess, Resolution, Resolve,
};
use orqestra_domain::provider::Dedup;

use crate::script::{Answer, Script};
use crate::world::{World, ctx, settings};

#[tokio::test(flavor = "multi_thread")]
async fn an_email_without_an_answer_is_sent_once_more_and_marked() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Silence]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(matches!(delivery.attempts[0].outcome, AttemptOutcome::Unknown { .. }));
    assert!(delivery.attempts[1].possible_duplicate);
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_without_an_answer_twice_is_held() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Silence);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 2 });
    world.read_up().await;
    assert_eq!(world.due().await, [("EMAIL".to_owned(), "held".to_owned(), 2)]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_sms_is_sent_again_when_somebody_says_so() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Silence]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
    assert_eq!(script.calls().len(), 1);
    let at = world.commands.now();
    let resend =
        Resolve { channel: Channel::Sms, resolution: Resolution::Resend, by: "admin".to_owned(), at };
    world.commands.resolve_outcome(tenant.id, id, resend, &[], &ctx()).await.unwrap();
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(delivery.attempts[1].possible_duplicate);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_deduplicates_gets_it_again_unmarked() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Taken).deduplicating(Dedup::FOR_EVER).first([Answer::Silence]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(!delivery.attempts[1].possible_duplicate);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_cut_off_in_the_middle_is_called_unknown_once_it_is_overdue_and_not_before() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Hang]);
    let first = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    script.called(1).await;
    world.read_up().await;
    first.stop().await;

    let second = world.play(&script, settings());
    // The claim (30 s) is over, the provider's timeout (60 s) and the grace (10 s) are not.
    world.clock.advance(Duration::from_secs(99));
    let early = world.waiting(&tenant, id);
    assert!(tokio::time::timeout(Duration::from_millis(300), early).await.is_err(), "it was swept too early");
    world.clock.advance(Duration::from_secs(2));
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(matches!(delivery.attempts[0].outcome, AttemptOutcome::Unknown { .. }));
    assert!(delivery.attempts[1].possible_duplicate);
    assert_eq!(script.calls().len(), 2);
    second.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_cut_off_after_the_first_trys_late_success_is_called_unknown_and_the_delivery_stays_sent() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Hang).first([Answer::Silence]);
    let first = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    script.called(2).await;
    let at = world.commands.now();
    let late =
        RecordSuccess { channel: Channel::Email, attempt: 1, provider_message_id: None, answer: None, at };
    world.commands.record_success(tenant.id, id, late, &[], &ctx()).await.unwrap();
    world.read_up().await;
    assert_eq!(world.due().await, [("EMAIL".to_owned(), "sweep".to_owned(), 2)]);
    first.stop().await;

    let second = world.play(&script, settings());
    world.clock.advance(Duration::from_secs(101));
    let is_swept =
        |delivery: &Delivery| matches!(delivery.attempts[1].outcome, AttemptOutcome::Unknown { .. });
    let delivery = world.delivery(&tenant, id, Channel::Email, is_swept).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
    world.read_up().await;
    assert!(world.due().await.is_empty());
    assert_eq!(script.calls().len(), 2);
    second.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlasts_the_provider_timeout_is_unknown() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Hang);
    let quick =
        orqestra_dispatch::DispatchSettings { provider_timeout: Duration::from_millis(50), ..settings() };
    let dispatch = world.play(&script, quick);
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
    dispatch.stop().await;
}
