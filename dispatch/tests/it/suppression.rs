//! Suppressed addresses: asked before each attempt, told by a provider, held by every process.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{Suppress, TenantEntry};
use orqestra_domain::notification::{DeliveryState, SkipReason};
use orqestra_domain::suppression::{AddressSuppressed, SuppressionReason};
use orqestra_domain::{AddressRef, Channel};

use crate::retrying::Retrying;
use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, ctx, settings};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;
const SUPPRESSED: DeliveryState = DeliveryState::Skipped { reason: SkipReason::Suppressed };

/// The look-up form of the address that the world's triggers have.
fn address(tenant: &TenantEntry, channel: Channel) -> AddressRef {
    let address = if channel == SMS { "+254712345678" } else { "user@example.com" };
    tenant.index.address_ref(address)
}

async fn suppress(world: &World, tenant: &TenantEntry, channel: Channel) {
    let suppress = Suppress {
        channel,
        address_ref: address(tenant, channel),
        reason: SuppressionReason::Bounced,
        notification: None,
        cause: None,
        seen_at: None,
    };
    world.commands.suppress(tenant.id, suppress, &ctx()).await.unwrap();
}

/// Waits until an address is suppressed.
async fn suppressed(world: &World, tenant: &Arc<TenantEntry>, channel: Channel) -> AddressSuppressed {
    let mut head = world.commands.log().head();
    let found = tokio::time::timeout(DEADLINE, async {
        loop {
            head.borrow_and_update();
            let asked = world.commands.suppression(tenant.id, &address(tenant, channel)).await;
            if let Some(suppressed) = asked.unwrap() {
                return suppressed;
            }
            head.changed().await.unwrap();
        }
    });
    found.await.expect("the address is suppressed in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_address_gets_nothing_until_it_is_lifted_and_other_addresses_do() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let other = world.tenant("other", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    suppress(&world, &tenant, EMAIL).await;
    let id = world.trigger(&tenant, "e-1").await;
    assert_eq!(world.settled(&tenant, id, EMAIL).await.state, SUPPRESSED);
    assert!(matches!(world.settled(&tenant, id, SMS).await.state, DeliveryState::Sent { .. }));
    let id = world.trigger(&other, "e-1").await;
    assert!(matches!(world.settled(&other, id, EMAIL).await.state, DeliveryState::Sent { .. }));
    assert_eq!(script.calls().len(), 2);

    let by = ctx();
    world.commands.lift_suppression(tenant.id, &address(&tenant, EMAIL), &by).await.unwrap();
    let id = world.trigger(&tenant, "e-2").await;
    assert!(matches!(world.settled(&tenant, id, EMAIL).await.state, DeliveryState::Sent { .. }));
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_suppressed_between_two_attempts_is_not_tried_again() {
    let Retrying { world, tenant, script, dispatch, id } = Retrying::start().await;
    let other = world.another().await;
    suppress(&other, &tenant, EMAIL).await;
    // It knows within a second by itself.
    world.commands.log().fetch_head().await.unwrap();
    world.clock.advance(Duration::from_secs(73));
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, SUPPRESSED);
    assert_eq!((delivery.attempts.len(), script.calls().len()), (1, 1), "the attempt stays on record");
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_recipient_opted_out_suppresses_the_address_and_asks_no_other_provider() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let script = Script::always(Answer::Taken);
    script.answer(tenant.id, SMS, Answer::OptedOut);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, SMS).await;
    let DeliveryState::Abandoned { cause } = &delivery.state else { panic!("{:?}", delivery.state) };
    assert_eq!(delivery.attempts.len(), 1);
    let told = suppressed(&world, &tenant, SMS).await;
    assert_eq!((told.reason, told.notification), (SuppressionReason::OptedOut, Some(id)));
    assert_eq!((told.cause.as_ref(), told.channel), (Some(cause), SMS));
    assert_eq!(told.by, "engine:dispatch");

    let id = world.trigger(&tenant, "e-2").await;
    assert_eq!(world.settled(&tenant, id, SMS).await.state, SUPPRESSED);
    assert!(matches!(world.settled(&tenant, id, EMAIL).await.state, DeliveryState::Sent { .. }));
    let sms = script.calls().iter().filter(|call| call.to.starts_with('+')).count();
    assert_eq!(sms, 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_suppresses_nothing_by_itself() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    for event in ["e-1", "e-2"] {
        let id = world.trigger(&tenant, event).await;
        let state = world.settled(&tenant, id, EMAIL).await.state;
        assert!(matches!(state, DeliveryState::Abandoned { .. }), "{state:?}");
    }
    dispatch.stop().await;
    assert_eq!(world.commands.suppression(tenant.id, &address(&tenant, EMAIL)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppression_holds_after_a_restart() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    suppress(&world, &tenant, EMAIL).await;
    suppress(&world, &tenant, SMS).await;
    world.commands.lift_suppression(tenant.id, &address(&tenant, SMS), &ctx()).await.unwrap();
    let restarted = world.another().await;
    let script = Script::always(Answer::Taken);
    let dispatch = restarted.play(&script, settings());
    let id = restarted.trigger(&tenant, "e-1").await;
    assert_eq!(restarted.settled(&tenant, id, EMAIL).await.state, SUPPRESSED);
    assert!(matches!(restarted.settled(&tenant, id, SMS).await.state, DeliveryState::Sent { .. }));
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}
