//! Receipts through the log: once each, and what an address is suppressed by.

use std::time::Duration;

use orqestra_commands::CommandError;
use orqestra_domain::notification::{
    AfterFailure, DeliveryState, FailureClass, FailureScope, NotificationRefusal, ReceiptSays, RecordFailure,
    RecordReceipt,
};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::{Channel, ReceiptRef};

use crate::attempts::{accepted, start};
use crate::support::{World, ctx, tenant};

#[tokio::test]
async fn a_receipt_is_recorded_once_and_names_the_address_to_suppress_each_time() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let id = accepted(&here, &shop).await;
    let key = here.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    here.start_attempt(shop.id, id, start(&here, key), &[key], &ctx()).await.unwrap();
    let receipt = |says, number| RecordReceipt {
        channel: Channel::Email,
        provider: "sandbox".to_owned(),
        instances: vec![SANDBOX_INSTANCE],
        says,
        event_ref: ReceiptRef::from_bytes([number; 32]),
        cause: None,
        provider_message_id: None,
        answer: None,
        occurred_at: here.now(),
        at: here.now(),
    };
    let delivered = receipt(ReceiptSays::Delivered, 1);
    let first = here.record_receipt(shop.id, id, delivered, &[], &ctx()).await.unwrap();
    assert_eq!((first.committed.events.len(), first.suppress.is_some()), (1, false));
    let bounced = receipt(ReceiptSays::Bounced, 2);
    for (commands, appended) in [(&here, 1), (&there, 0)] {
        let taken = commands.record_receipt(shop.id, id, bounced.clone(), &[], &ctx()).await.unwrap();
        assert_eq!(taken.committed.events.len(), appended);
        let delivery = taken.committed.aggregate.delivery(Channel::Email).unwrap().clone();
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{delivery:?}");
        let (channel, address) = (Channel::Email, delivery.address_ref.unwrap());
        let suppress = taken.suppress.unwrap();
        assert_eq!((suppress.channel, suppress.address_ref), (channel, address));
        assert_eq!((suppress.reason, suppress.notification), (SuppressionReason::Bounced, Some(id)));
    }
}

#[tokio::test]
async fn an_opt_out_that_is_answered_after_its_receipt_suppresses_the_address_and_other_failures_do_not() {
    let world = World::new().await;
    let here = world.process().await;
    let shop = tenant(&here).await;
    let id = accepted(&here, &shop).await;
    let key = here.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    here.start_attempt(shop.id, id, start(&here, key), &[key], &ctx()).await.unwrap();
    let receipt = RecordReceipt {
        channel: Channel::Email,
        provider: "sandbox".to_owned(),
        instances: vec![SANDBOX_INSTANCE],
        says: ReceiptSays::Deferred,
        event_ref: ReceiptRef::from_bytes([1; 32]),
        cause: None,
        provider_message_id: None,
        answer: None,
        occurred_at: here.now(),
        at: here.now(),
    };
    let proved = here.record_receipt(shop.id, id, receipt, &[], &ctx()).await.unwrap().committed.aggregate;
    let address = proved.delivery(Channel::Email).unwrap().address_ref.unwrap();
    let at = here.now();
    for (cause, at, suppressed) in [
        ("smtp_550", at, false),
        ("africastalking_406", at, true),
        ("twilio_21610", at, false),
        ("twilio_21610", at.plus(Duration::from_secs(2)), true),
    ] {
        let failure = RecordFailure {
            channel: Channel::Email,
            attempt: 1,
            class: FailureClass::Permanent,
            scope: FailureScope::Message,
            then: AfterFailure::Schedule,
            cause: cause.to_owned(),
            answer: None,
            retry_after: None,
            schedule: RetrySchedule::new(Vec::new()),
            jitter: Jitter::NONE,
            deadline: at,
            at,
        };
        let refused = here.record_failure(shop.id, id, failure, &[], &ctx()).await;
        assert!(
            matches!(refused, Err(CommandError::Refused(NotificationRefusal::OutcomeKnown))),
            "{refused:?}"
        );
        let told = here.suppression(shop.id, &address).await.unwrap();
        let told = told.map(|told| (told.reason, told.notification, told.cause));
        let expected = suppressed.then(|| (SuppressionReason::OptedOut, Some(id), Some(cause.to_owned())));
        assert_eq!(told, expected, "{cause}");
        if suppressed {
            // An answer from before the lift suppresses nothing again.
            world.clock.advance(Duration::from_secs(1));
            here.lift_suppression(shop.id, &address, &ctx()).await.unwrap();
        }
    }
}
