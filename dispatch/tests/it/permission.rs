//! Permission at send, and what cannot be rendered: each ends with a coded reason and without a call.

use std::time::Duration;

use orqestra_domain::notification::{DeliveryState, SkipReason};
use orqestra_domain::{Channel, DeliveryId, StreamId, UserId};
use serde_json::json;

use crate::retrying::Retrying;
use crate::script::{Answer, Script};
use crate::world::{World, ctx, settings, smtp, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_recipient_gets_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Push, "hi")]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.commands.forget_recipient(&tenant, &UserId::parse("u-1").unwrap(), &ctx()).await.unwrap();
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    for channel in [Channel::Email, Channel::Push] {
        let delivery = world.settled(&tenant, id, channel).await;
        assert_eq!(delivery.state, DeliveryState::Skipped { reason: SkipReason::RecipientForgotten });
    }
    assert!(script.calls().is_empty());
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_forgotten_by_another_process_gets_nothing_either() {
    let Retrying { world, tenant, script, dispatch, id } = Retrying::start().await;
    // This process still has the key in memory; the append tells it that the key is gone.
    let other = world.another().await;
    let entry = other.entry(tenant.id);
    other.commands.forget_recipient(&entry, &UserId::parse("u-1").unwrap(), &ctx()).await.unwrap();
    world.clock.advance(Duration::from_secs(73));
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(delivery.state, DeliveryState::Skipped { reason: SkipReason::RecipientForgotten });
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_fails_is_a_dead_letter_with_a_coded_cause() {
    let world = World::new().await;
    let endless = "{% for a in (1..9999) %}{% for b in (1..9999) %}{{ a }}{% endfor %}{% endfor %}";
    let tenant = world.tenant("acme", &[(Channel::Email, endless)]).await;
    let neighbour = world.tenant("other", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let hostile = world.trigger(&tenant, "e-1").await;
    let fine = world.trigger(&neighbour, "e-1").await;
    let delivery = world.settled(&tenant, hostile, Channel::Email).await;
    let DeliveryState::Abandoned { cause } = &delivery.state else { panic!("{:?}", delivery.state) };
    assert_eq!(cause, "too_many_steps");
    assert!(delivery.attempts.is_empty());
    let delivery = world.settled(&neighbour, fine, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { .. }));
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_text_than_may_be_sent_is_skipped() {
    let world = World::new().await;
    let tenant =
        world.tenant("acme", &[(Channel::Sms, "{% for i in (1..9000) %}{{ long }}{% endfor %}")]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger_for(&tenant, "e-1", "u-1", json!({"long": "x".repeat(100)})).await;
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert_eq!(delivery.state, DeliveryState::Skipped { reason: SkipReason::TooLarge });
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_rendered_with_the_version_that_stood_at_acceptance() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "first")]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.template(tenant.id, Channel::Email, text(Channel::Email, "second")).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(script.calls()[0].body, "first");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_smtp_cannot_carry_is_skipped() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(1)]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    // Letters of two directions in one label: such a domain has no form in ASCII.
    let id = world.trigger_to(&world.entry(tenant.id), "e-1", "u@\u{5d0}a.example").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(delivery.state, DeliveryState::Skipped { reason: SkipReason::Unaddressable });
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_change_of_a_tenant_cannot_be_read_its_deliveries_wait_and_others_go() {
    let world = World::new().await;
    let halted = world.tenant("halted", &[(Channel::Email, "hi")]).await;
    let other = world.tenant("other", &[(Channel::Email, "hi")]).await;
    let waits = world.trigger(&halted, "e-1").await;
    let position = world.vanish("Tenant", &StreamId::tenant(halted.id)).await;
    world.commands.directory().wait_for(position).await.unwrap();
    let goes = world.trigger(&other, "e-1").await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    world.settled(&other, goes, Channel::Email).await;
    world.read_up().await;
    dispatch.stop().await;
    let sent: Vec<_> = script.calls().iter().map(|call| call.delivery).collect();
    assert_eq!(sent, [DeliveryId::of(goes, Channel::Email)]);
    let story = world.story(&halted, waits).await;
    assert_eq!(story.deliveries[&Channel::Email].state, DeliveryState::Planned);
    assert!(matches!(&world.due().await[..], [(_, kind, 1)] if kind == "send"));
}
