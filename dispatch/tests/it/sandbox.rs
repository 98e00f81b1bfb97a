//! The sandbox keeps each delivery once, sealed, and shows what may still be read.

use std::time::Duration;

use orqestra_dispatch::sandbox::{self, Asked};
use orqestra_domain::notification::{AttemptOutcome, DeliveryState};
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
    let both = world.kept(&tenant, Some(Channel::Email), 10).await;
    assert_eq!(both.len(), 2);
    world.commands.forget_recipient(&tenant, &UserId::parse("u-1").unwrap(), &ctx()).await.unwrap();
    let left = world.kept(&tenant, None, 10).await;
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
        world.clock.advance(Duration::from_secs(1));
        let id = world.trigger(&tenant, &format!("e-{number}")).await;
        world.settled(&tenant, id, Channel::Email).await;
        world.settled(&tenant, id, Channel::Sms).await;
    }
    let id = world.trigger(&other, "x-1").await;
    world.settled(&other, id, Channel::Email).await;
    let emails = world.kept(&tenant, Some(Channel::Email), 2).await;
    assert_eq!(
        emails.iter().map(|message| message.event_id.as_deref().unwrap()).collect::<Vec<_>>(),
        ["e-2", "e-1"]
    );
    assert!(emails.iter().all(|message| message.channel == Channel::Email));
    assert_eq!(world.kept(&tenant, None, 100).await.len(), 6);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_messages_is_bounded_by_bytes_and_tells_that_there_is_more() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "{{ text }}"), (Channel::Sms, "hi")]).await;
    let dispatch = world.dispatch(settings());
    let (large, count) = (300 * 1024, 12);
    for number in 0..count {
        world.clock.advance(Duration::from_secs(1));
        let text = "x".repeat(if number == 3 { 10 } else { large });
        let id = world.trigger_for(&tenant, &format!("e-{number}"), "u-1", json!({"text": text})).await;
        world.settled(&tenant, id, Channel::Email).await;
        world.settled(&tenant, id, Channel::Sms).await;
    }
    for channel in [Some(Channel::Email), Some(Channel::Sms), None] {
        for limit in [1, 5, 1_000] {
            let (mut after, mut seen, mut pages) = (None, Vec::new(), 0);
            loop {
                let asked = Asked { channel, limit, after };
                let page = sandbox::messages(world.pool(), world.commands.vault(), tenant.id, asked);
                let page = page.await.unwrap().unwrap();
                let bytes: usize = page.messages.iter().map(|message| message.body.len()).sum();
                assert!(bytes <= 2 * 1024 * 1024 + large, "{bytes} bytes at once");
                assert!(page.messages.len() <= usize::try_from(limit).unwrap() && !page.messages.is_empty());
                pages += 1;
                seen.extend(page.messages.into_iter().map(|kept| (kept.channel, kept.event_id.unwrap())));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let of =
                |wanted| seen.iter().filter(move |(channel, _)| *channel == wanted).map(|(_, id)| id.clone());
            let all: Vec<_> = (0..count).rev().map(|number| format!("e-{number}")).collect();
            for wanted in channel.map_or(vec![Channel::Email, Channel::Sms], |one| vec![one]) {
                assert_eq!(of(wanted).collect::<Vec<_>>(), all, "{channel:?} {limit}");
            }
            assert_eq!(pages > 1, limit < 12 || channel != Some(Channel::Sms), "{channel:?} {limit}");
        }
    }
    let nothing = orqestra_domain::DeliveryId::from_uuid(uuid::Uuid::from_u128(1));
    let asked = Asked { channel: None, limit: 1, after: Some(nothing) };
    let page = sandbox::messages(world.pool(), world.commands.vault(), tenant.id, asked).await.unwrap();
    assert!(page.is_none(), "such a message is not the tenant's");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_id_that_a_process_of_an_earlier_version_writes_in_clear_is_not_kept() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, Channel::Email).await;
    world
        .database
        .run(
            "insert into sandbox_messages
                    (delivery_id, tenant_id, notification_id, channel, event_id, key_id, sealed, created_at)
             select gen_random_uuid(), tenant_id, notification_id, channel, 'ann@example.com', key_id, sealed,
                    created_at
               from sandbox_messages;
             update sandbox_messages set event_id = 'ann@example.com'",
        )
        .await;
    let kept: Vec<Option<String>> =
        sqlx::query_scalar("select event_id from sandbox_messages").fetch_all(world.pool()).await.unwrap();
    assert_eq!(kept, [None, None]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_stands_for_an_outcome_ends_so() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let dispatch = world.dispatch(settings());
    let to = async |name: &str| world.trigger_to(&tenant, name, &format!("{name}@sandbox.example")).await;
    for (name, cause, attempts) in [
        ("delivered", None, 1),
        ("slow", None, 1),
        ("timeout", Some("sandbox_timeout"), 2),
        ("hard-bounce", Some("sandbox_hard_bounce"), 1),
    ] {
        let id = to(name).await;
        let delivery = world.settled(&tenant, id, Channel::Email).await;
        let is_sent = matches!(delivery.state, DeliveryState::Sent { .. });
        assert_eq!(is_sent, name != "hard-bounce", "{name}: {delivery:?}");
        assert_eq!(delivery.attempts.len(), attempts, "{name}: {delivery:?}");
        let first = match &delivery.attempts[0].outcome {
            AttemptOutcome::Failed { cause, .. } | AttemptOutcome::Unknown { cause: Some(cause), .. } => {
                Some(cause)
            }
            _ => None,
        };
        assert_eq!(first.map(String::as_str), cause, "{name}");
        assert!(delivery.attempts.iter().all(|attempt| !attempt.possible_duplicate), "{name}");
    }
    for (name, cause, ends_sent) in
        [("soft-bounce", "sandbox_soft_bounce", false), ("rate-limited", "sandbox_rate_limited", true)]
    {
        let id = to(name).await;
        let waiting = world.waiting(&tenant, id).await;
        let AttemptOutcome::Failed { cause: told, .. } = &waiting.attempts[0].outcome else {
            panic!("{waiting:?}")
        };
        assert_eq!(told, cause);
        world.clock.advance(Duration::from_mins(2));
        let delivery = world.settled(&tenant, id, Channel::Email).await;
        assert_eq!(matches!(delivery.state, DeliveryState::Sent { .. }), ends_sent, "{name}: {delivery:?}");
    }
    // What was kept although no answer came is there once.
    assert_eq!(world.kept(&tenant, None, 10).await.len(), 4);
    dispatch.stop().await;
}
