//! A fault that an operator can mend ends no mail: it waits, until it is mended or its deadline has come.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{ProviderInput, TenantEntry, TenantPatch};
use orqestra_domain::notification::{DeliveryState, SkipReason};
use orqestra_domain::tenant::Standing;
use orqestra_domain::{Channel, EmailAddress, TenantId};

use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, ctx, settings, smtp};

const EMAIL: Channel = Channel::Email;
/// Longer than a delivery waits.
const TOO_LONG: Duration = Duration::from_hours(73);

async fn set_sender(world: &World, tenant: TenantId) {
    let sender = EmailAddress::parse("shop@example.org").unwrap();
    change_sender(world, tenant, Some(sender)).await;
}

async fn change_sender(world: &World, tenant: TenantId, sender: Option<EmailAddress>) {
    let patch = TenantPatch { sender_email: Some(sender), ..TenantPatch::default() };
    world.commands.change_tenant(tenant, patch, &ctx()).await.unwrap();
}

fn without_sender(port: u16) -> ProviderInput {
    let ProviderInput::Smtp(input) = smtp(port) else { unreachable!() };
    ProviderInput::Smtp(orqestra_commands::SmtpInput { from: None, ..input })
}

/// Waits until that many rows wait for that reason, and no row is due before its deadline.
async fn waits(world: &World, reason: &str, rows: i64) {
    let query = "select count(*) from dispatch_due
                  where waits_for = $1 and due_at > due_before + interval '71 hours' and lease_owner is null";
    let all_wait = async {
        loop {
            let waiting: i64 = sqlx::query_scalar(query).bind(reason).fetch_one(world.pool()).await.unwrap();
            if waiting == rows {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, all_wait).await.unwrap_or_else(|_| panic!("{rows} wait for {reason}"));
}

async fn tenant(world: &World, providers: Vec<ProviderInput>) -> Arc<TenantEntry> {
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (Channel::Push, "hi")]).await;
    // A list without any sender is not taken; the tenant's own is taken away after it.
    set_sender(world, tenant.id).await;
    world.providers(tenant.id, EMAIL, providers).await;
    change_sender(world, tenant.id, None).await;
    world.entry(tenant.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_tenant_that_was_switched_off_waits_and_goes_out_once_it_is_on_again() {
    let world = World::new().await;
    let tenant = tenant(&world, vec![smtp(1)]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.switch(tenant.id, Standing::Inactive).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    waits(&world, "tenant_inactive", 2).await;
    assert!(script.calls().is_empty());
    world.due_table_is_right().await;
    // By another process than the one that works: it learns of the change from the log.
    let other = world.another().await;
    other.switch(tenant.id, Standing::Active).await;
    for channel in [EMAIL, Channel::Push] {
        let delivery = world.settled(&tenant, id, channel).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    }
    world.read_up().await;
    assert_eq!(world.due().await, []);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_an_emptied_list_of_providers_waits_and_goes_out_once_there_is_one() {
    let world = World::new().await;
    let tenant = tenant(&world, vec![smtp(1)]).await;
    let script = Script::always(Answer::Taken).first([Answer::NotTaken]);
    let dispatch = world.play(&script, settings());
    let retried = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, retried).await;
    world.providers(tenant.id, EMAIL, Vec::<ProviderInput>::new()).await;
    world.clock.advance(Duration::from_secs(73));
    waits(&world, "no_provider", 1).await;
    world.due_table_is_right().await;
    world.providers(tenant.id, EMAIL, vec![smtp(2)]).await;
    let delivery = world.settled(&tenant, retried, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }), "{:?}", delivery.state);
    assert_eq!(script.ports(), [1, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_without_a_sender_waits_without_a_claim_and_goes_out_once_there_is_one() {
    let world = World::new().await;
    let tenant = tenant(&world, vec![without_sender(1)]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    waits(&world, "no_sender", 1).await;
    assert!(world.story(&tenant, id).await.deliveries[&EMAIL].attempts.is_empty());
    set_sender(&world, tenant.id).await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_with_a_sender_carries_what_one_without_cannot() {
    let world = World::new().await;
    let tenant = tenant(&world, vec![without_sender(1), smtp(2)]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    assert_eq!(script.ports(), [2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_mends_ends_at_its_deadline_with_its_reason() {
    let world = World::new().await;
    let (off, emptied, nameless) = (
        tenant(&world, vec![smtp(1)]).await,
        tenant(&world, vec![smtp(1)]).await,
        tenant(&world, vec![without_sender(1)]).await,
    );
    let mut ids = Vec::new();
    for tenant in [&off, &emptied, &nameless] {
        ids.push(world.trigger(tenant, "e-1").await);
    }
    world.switch(off.id, Standing::Inactive).await;
    world.providers(emptied.id, EMAIL, Vec::<ProviderInput>::new()).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    waits(&world, "tenant_inactive", 2).await;
    waits(&world, "no_provider", 1).await;
    waits(&world, "no_sender", 1).await;
    world.clock.advance(TOO_LONG);
    for (tenant, id, state) in [
        (&off, ids[0], DeliveryState::Skipped { reason: SkipReason::TenantInactive }),
        (&emptied, ids[1], DeliveryState::Skipped { reason: SkipReason::NoProvider }),
        (&nameless, ids[2], DeliveryState::Abandoned { cause: "no_sender".to_owned() }),
    ] {
        assert_eq!(world.settled(tenant, id, EMAIL).await.state, state);
    }
    assert!(script.calls().is_empty());
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_mends_another_reason_alone_leaves_what_waits() {
    let world = World::new().await;
    let tenant = tenant(&world, vec![without_sender(1)]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.switch(tenant.id, Standing::Inactive).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    waits(&world, "tenant_inactive", 2).await;
    world.switch(tenant.id, Standing::Active).await;
    world.settled(&tenant, id, Channel::Push).await;
    waits(&world, "no_sender", 1).await;
    set_sender(&world, tenant.id).await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    dispatch.stop().await;
}
