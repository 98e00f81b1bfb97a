//! The claim: one attempt has one owner, whichever process asks, and what is recorded stands.

use futures::future::join_all;
use orqestra_commands::{CommandError, Commands, TenantEntry};
use orqestra_domain::notification::{
    DeliverPush, DeliveryRendered, NotificationRefusal, RecordSuccess, StartAttempt,
};
use orqestra_domain::provider::{Dedup, SANDBOX_INSTANCE};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::{Channel, EventTypeName, KeyId, NotificationId, Sealed};
use uuid::Uuid;

use crate::support::{World, ctx, tenant, trigger, user};

pub(crate) async fn accepted(commands: &Commands, shop: &std::sync::Arc<TenantEntry>) -> NotificationId {
    let event_type = EventTypeName::parse("order.confirmed").unwrap();
    for channel in [Channel::Email, Channel::Push] {
        let content = TemplateContent {
            subject: None,
            title: None,
            body: "{{ note }}".to_owned(),
            category: None,
            expires_in: None,
        };
        commands.put_template(shop.id, event_type.clone(), channel, content, true, &ctx()).await.unwrap();
    }
    commands.trigger(shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap().notification
}

fn rendered(commands: &Commands, channel: Channel, key: KeyId) -> DeliveryRendered {
    let content = Sealed { key_id: key, data: "AAAA".to_owned() };
    DeliveryRendered { channel, content, missing: Vec::new(), category: None, at: commands.now() }
}

pub(crate) fn start(commands: &Commands, key: KeyId) -> StartAttempt {
    StartAttempt {
        channel: Channel::Email,
        attempt: 1,
        provider: "sandbox".to_owned(),
        instance: SANDBOX_INSTANCE,
        dedup: Some(Dedup::FOR_EVER),
        expires_at: commands.now(),
        rendered: Some(rendered(commands, Channel::Email, key)),
        at: commands.now(),
    }
}

#[tokio::test]
async fn one_of_many_claims_wins_and_the_others_stop() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let id = accepted(&here, &shop).await;
    let key = here.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    let claims = (0..20).map(|n| {
        let commands = if n % 2 == 0 { &here } else { &there };
        let (shop, context) = (&shop, ctx());
        async move { commands.start_attempt(shop.id, id, start(commands, key), &[key], &context).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(claims).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 19));
    for error in lost {
        let error = error.unwrap_err();
        assert!(matches!(error, CommandError::Refused(NotificationRefusal::AttemptTaken)), "{error}");
    }
}

#[tokio::test]
async fn an_outcome_recorded_by_another_process_is_seen_by_the_next_command() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let id = accepted(&here, &shop).await;
    let key = here.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    here.start_attempt(shop.id, id, start(&here, key), &[key], &ctx()).await.unwrap();
    let success = RecordSuccess {
        channel: Channel::Email,
        attempt: 1,
        provider_message_id: None,
        answer: None,
        at: here.now(),
    };
    there.record_success(shop.id, id, success.clone(), &[], &ctx()).await.unwrap();
    let error = here.record_success(shop.id, id, success, &[], &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::Refused(NotificationRefusal::OutcomeKnown)), "{error}");
}

#[tokio::test]
async fn a_claim_with_a_key_that_is_gone_appends_nothing() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let id = accepted(&commands, &shop).await;
    let gone = KeyId::from_uuid(Uuid::from_u128(1));
    let error =
        commands.start_attempt(shop.id, id, start(&commands, gone), &[gone], &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::RecipientForgotten), "{error}");
    assert!(
        commands.story(shop.id, id).await.unwrap().unwrap().deliveries[&Channel::Email].attempts.is_empty()
    );
}

#[tokio::test]
async fn a_push_is_read_once_by_its_recipient_only() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let id = accepted(&commands, &shop).await;
    let unread = commands.mark_read(&shop, &user("u"), id, &ctx()).await.unwrap_err();
    assert!(matches!(unread, CommandError::Refused(NotificationRefusal::NotInInbox)), "{unread}");
    let key = commands.story(shop.id, id).await.unwrap().unwrap().accepted.recipient.key_id;
    let push = DeliverPush { rendered: rendered(&commands, Channel::Push, key), at: commands.now() };
    commands.deliver_push(shop.id, id, push, &[key], &ctx()).await.unwrap();
    let other = commands.mark_read(&shop, &user("somebody else"), id, &ctx()).await.unwrap_err();
    assert!(matches!(other, CommandError::Refused(NotificationRefusal::NotInInbox)), "{other}");
    let first = commands.mark_read(&shop, &user("u"), id, &ctx()).await.unwrap();
    let again = commands.mark_read(&shop, &user("u"), id, &ctx()).await.unwrap();
    assert!(first.position.is_some());
    assert!(again.position.is_none());
    assert_eq!(again.version, first.version);
}
