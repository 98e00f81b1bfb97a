//! Receipts through the log: once each, and what an address is suppressed by.

use orqestra_domain::notification::{DeliveryState, ReceiptSays, RecordReceipt};
use orqestra_domain::provider::SANDBOX_INSTANCE;
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
        instance: SANDBOX_INSTANCE,
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
