//! Forgetting a person: what their keys sealed is unreadable, the log stays whole, and they may come again.

use orqestra_domain::StreamId;

use crate::support::{World, ctx, tenant, trigger, user};

#[tokio::test]
async fn a_forgotten_persons_keys_are_gone_everywhere_and_a_new_event_gets_a_new_one() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let key_of = async |event: &str, commands: &orqestra_commands::Commands| {
        let answer = commands.trigger(&shop, trigger(Some(event), None, "u", ""), &ctx()).await.unwrap();
        let story = commands.story(shop.id, answer.notification).await.unwrap().unwrap();
        (answer.notification, story.accepted.recipient.key_id)
    };
    let (notification, before) = key_of("e1", &here).await;
    let (_, same) = key_of("e2", &there).await;
    assert_eq!(before, same);
    let (_, others) = {
        let answer = here.trigger(&shop, trigger(Some("e3"), None, "v", ""), &ctx()).await.unwrap();
        let story = here.story(shop.id, answer.notification).await.unwrap().unwrap();
        (answer.notification, story.accepted.recipient.key_id)
    };

    here.forget_recipient(&shop, &user("u"), &ctx()).await.unwrap();
    assert!(here.vault().key(before).await.is_err());
    assert!(here.vault().key(others).await.is_ok(), "nobody else is touched");
    let stream = StreamId::notification(shop.id, notification);
    assert_eq!(here.log().load("Notification", &stream).await.unwrap().len(), 1, "the log stays whole");

    // The other process drops the key when it reads the log; until then its append is told that it is gone.
    let (_, after) = key_of("e4", &there).await;
    assert_ne!(after, before);
    assert!(there.vault().key(after).await.is_ok());
}
