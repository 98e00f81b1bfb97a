//! The caller's id of an event: sealed with the recipient, told to callers that may know it, gone with the recipient.

use orqestra_domain::StreamId;

use crate::support::{World, ctx, tenant, trigger, user};

const NAMING: &str = "welcome-user@example.com";

#[tokio::test]
async fn the_log_holds_an_event_id_sealed_alone() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let answer = commands.trigger(&shop, trigger(Some(NAMING), Some("k"), "u", ""), &ctx()).await.unwrap();
    assert_eq!(answer.event_id.unwrap().as_str(), NAMING);
    let stream = StreamId::notification(shop.id, answer.notification);
    for event in commands.log().load("Notification", &stream).await.unwrap() {
        assert!(!event.payload.contains(NAMING) && !event.metadata.text().contains(NAMING));
        assert_eq!(event.event_version, "2.2.0");
    }
    assert!(!format!("{:?}", trigger(Some(NAMING), None, "u", "").event_id).contains("example.com"));
}

#[tokio::test]
async fn a_repeat_by_key_is_told_the_event_id_until_the_recipient_is_forgotten() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let same = || trigger(None, Some("k"), "u", "");
    let first = commands.trigger(&shop, same(), &ctx()).await.unwrap();
    let made = first.event_id.unwrap();
    for process in [&commands, &world.process().await] {
        let repeat = process.trigger(&shop, same(), &ctx()).await.unwrap();
        assert!(repeat.replayed);
        assert_eq!(repeat.event_id.as_ref(), Some(&made));
    }
    commands.forget_recipient(&shop, &user("u"), &ctx()).await.unwrap();
    for process in [&commands, &world.process().await] {
        let repeat = process.trigger(&shop, same(), &ctx()).await.unwrap();
        assert_eq!((repeat.replayed, repeat.event_id), (true, None));
    }
}
