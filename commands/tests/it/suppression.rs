//! Suppressing and lifting addresses: once each, whichever process asks, and known to all of them.

use orqestra_commands::{Address, CommandError, Commands, Suppress, TenantEntry};
use orqestra_domain::suppression::{SuppressionReason, SuppressionRefusal};
use orqestra_domain::{Channel, EmailAddress, PhoneNumber, StreamId, TenantId};
use uuid::Uuid;

use crate::support::{World, ctx, in_time, tenant};

fn of(tenant: &TenantEntry, number: u32, reason: SuppressionReason) -> Suppress {
    let address = Address::Email(EmailAddress::parse(&format!("user-{number}@example.com")).unwrap());
    Suppress {
        channel: address.channel(),
        address_ref: address.look_up(&tenant.index),
        reason,
        notification: None,
        cause: None,
        seen_at: None,
    }
}

async fn kinds(commands: &Commands, tenant: &TenantEntry, suppress: &Suppress) -> Vec<String> {
    let stream = StreamId::suppression(tenant.id, &suppress.address_ref);
    let events = commands.log().load("Suppression", &stream).await.unwrap();
    events.iter().map(|event| event.event_type.clone()).collect()
}

#[tokio::test]
async fn an_address_is_suppressed_once_for_its_first_reason_and_lifted_once() {
    let world = World::new().await;
    let here = world.process().await;
    let shop = tenant(&here).await;
    let suppress = of(&shop, 1, SuppressionReason::Complained);
    assert_eq!(here.suppression(shop.id, &suppress.address_ref).await.unwrap(), None);
    let first = here.suppress(shop.id, suppress.clone(), &ctx()).await.unwrap();
    assert_eq!((first.reason, first.by.as_str()), (SuppressionReason::Complained, "engine:test"));
    let again = here.suppress(shop.id, of(&shop, 1, SuppressionReason::Bounced), &ctx()).await.unwrap();
    assert_eq!(again, first, "it is told what stands");
    assert_eq!(here.suppression(shop.id, &suppress.address_ref).await.unwrap(), Some(first));
    here.lift_suppression(shop.id, &suppress.address_ref, &ctx()).await.unwrap();
    assert_eq!(here.suppression(shop.id, &suppress.address_ref).await.unwrap(), None);
    for refused in [1, 2] {
        let address = of(&shop, refused, SuppressionReason::Bounced).address_ref;
        let lifted = here.lift_suppression(shop.id, &address, &ctx()).await;
        let Err(CommandError::Refused(refusal)) = lifted else { panic!("{lifted:?}") };
        assert_eq!(refusal, SuppressionRefusal::NotSuppressed);
    }
    assert_eq!(kinds(&here, &shop, &suppress).await, ["AddressSuppressed", "SuppressionLifted"]);
}

#[tokio::test]
async fn a_suppression_is_of_a_tenant_that_there_is_and_never_of_a_push() {
    let world = World::new().await;
    let here = world.process().await;
    let shop = tenant(&here).await;
    let suppress = of(&shop, 1, SuppressionReason::Operator);
    let nobody = TenantId::from_uuid(Uuid::from_u128(9));
    let refused = here.suppress(nobody, suppress.clone(), &ctx()).await;
    assert!(matches!(refused, Err(CommandError::UnknownTenant)), "{refused:?}");
    let push = Suppress { channel: Channel::Push, ..suppress.clone() };
    let refused = here.suppress(shop.id, push, &ctx()).await;
    let expected = SuppressionRefusal::NoAddress(Channel::Push);
    assert!(matches!(&refused, Err(CommandError::Refused(refusal)) if *refusal == expected), "{refused:?}");
    let other = tenant(&here).await;
    here.suppress(shop.id, suppress, &ctx()).await.unwrap();
    let theirs = of(&other, 1, SuppressionReason::Operator).address_ref;
    assert_eq!(here.suppression(other.id, &theirs).await.unwrap(), None);
}

#[tokio::test]
async fn every_process_knows_within_a_second_and_one_that_starts_knows_all() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let all: Vec<_> = (0..40).map(|number| of(&shop, number, SuppressionReason::Bounced)).collect();
    for suppress in &all {
        here.suppress(shop.id, suppress.clone(), &ctx()).await.unwrap();
    }
    let last = all.last().unwrap();
    in_time(async {
        while there.suppression(shop.id, &last.address_ref).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    here.lift_suppression(shop.id, &last.address_ref, &ctx()).await.unwrap();
    assert_eq!(there.suppression(shop.id, &last.address_ref).await.unwrap(), None, "a lift holds at once");
    let started = world.process().await;
    for (number, suppress) in all.iter().enumerate() {
        let known = started.suppression(shop.id, &suppress.address_ref).await.unwrap();
        assert_eq!(known.is_some(), number != 39, "{number}");
    }
}

#[tokio::test]
async fn of_two_processes_that_suppress_at_once_one_is_on_record() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    there.directory().catch_up_now().await.unwrap();
    for number in 0..8 {
        let (one, other) =
            (of(&shop, number, SuppressionReason::Bounced), of(&shop, number, SuppressionReason::OptedOut));
        let context = ctx();
        let (first, second) = tokio::join!(
            here.suppress(shop.id, one.clone(), &context),
            there.suppress(shop.id, other, &context)
        );
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(kinds(&here, &shop, &one).await, ["AddressSuppressed"]);
    }
}

#[tokio::test]
async fn each_spelling_of_an_address_is_the_one_that_deliveries_are_looked_up_by() {
    let world = World::new().await;
    let shop = tenant(&world.process().await).await;
    let email = |text: &str| Address::Email(EmailAddress::parse(text).unwrap()).look_up(&shop.index);
    assert_eq!(email("user@EXAMPLE.com"), shop.index.address_ref("user@example.com"));
    let phone = Address::Sms(PhoneNumber::parse("+254712345678").unwrap());
    assert_eq!(phone.look_up(&shop.index), shop.index.address_ref("+254712345678"));
}
