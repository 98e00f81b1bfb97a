//! The sandbox keeps each delivery once, sealed, and shows what may still be read.

use orqestra_dispatch::sandbox;
use orqestra_domain::{Channel, UserId};
use serde_json::json;

use crate::world::{World, ctx, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_persons_messages_are_not_shown_any_more_and_others_are() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi {{ userId }}")]).await;
    let dispatch = world.dispatch(settings());
    for (event, user) in [("e-1", "u-1"), ("e-2", "u-2")] {
        let id = world.trigger_for(&tenant, event, user, json!({})).await;
        world.settled(&tenant, id, Channel::Email).await;
    }
    let vault = world.commands.vault();
    let both = sandbox::messages(world.pool(), vault, tenant.id, Some(Channel::Email), 10).await.unwrap();
    assert_eq!(both.len(), 2);
    world.commands.forget_recipient(&tenant, &UserId::parse("u-1").unwrap(), &ctx()).await.unwrap();
    let left = sandbox::messages(world.pool(), vault, tenant.id, None, 10).await.unwrap();
    assert_eq!(left.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["hi u-2"]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_newest_first_for_one_tenant_and_channel_and_no_more_than_asked() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Sms, "hi")]).await;
    let other = world.tenant("other", &[(Channel::Email, "hi")]).await;
    let dispatch = world.dispatch(settings());
    for number in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(1));
        let id = world.trigger(&tenant, &format!("e-{number}")).await;
        world.settled(&tenant, id, Channel::Email).await;
        world.settled(&tenant, id, Channel::Sms).await;
    }
    let id = world.trigger(&other, "x-1").await;
    world.settled(&other, id, Channel::Email).await;
    let vault = world.commands.vault();
    let emails = sandbox::messages(world.pool(), vault, tenant.id, Some(Channel::Email), 2).await.unwrap();
    assert_eq!(
        emails.iter().map(|message| message.event_id.as_deref().unwrap()).collect::<Vec<_>>(),
        ["e-2", "e-1"]
    );
    assert!(emails.iter().all(|message| message.channel == Channel::Email));
    assert_eq!(sandbox::messages(world.pool(), vault, tenant.id, None, 100).await.unwrap().len(), 6);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_stands_in_the_sandboxs_table_in_clear() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "secret-body")]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, Channel::Email).await;
    let rows: Vec<String> =
        sqlx::query_scalar("select m::text from sandbox_messages m").fetch_all(world.pool()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains("user@example.com") && !rows[0].contains("secret-body"));
    dispatch.stop().await;
}
