//! Accepting an event: once by event id and by key, with the first answer for each repeat.

use std::time::Duration;

use futures::future::join_all;
use orqestra_commands::{CommandError, MismatchOf};
use orqestra_domain::notification::{PlanOutcome, SkipReason};
use orqestra_domain::{Channel, StreamId};

use crate::support::{World, ctx, stored, tenant, trigger};

#[tokio::test]
async fn an_event_without_a_template_is_accepted_with_a_reason_for_every_channel() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let answer = commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    let skipped = PlanOutcome::Skipped { reason: SkipReason::NoTemplate };
    assert!(!answer.replayed);
    assert_eq!(answer.accepted.plan.iter().map(|line| line.channel).collect::<Vec<_>>(), Channel::ALL);
    assert!(answer.accepted.plan.iter().all(|line| line.outcome == skipped));
}

#[tokio::test]
async fn a_hundred_at_once_with_one_key_are_one_event_and_all_get_its_answer() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    there.directory().fresh().await.unwrap();
    let posts = (0..100).map(|n| {
        let commands = if n % 2 == 0 { &here } else { &there };
        let context = ctx();
        let shop = &shop;
        async move { commands.trigger(shop, trigger(None, Some("k"), "u", ""), &context).await.unwrap() }
    });
    let answers = join_all(posts).await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(answers.iter().all(|answer| answer.event_id == answers[0].event_id));
    assert!(answers.iter().all(|answer| answer.accepted.accepted_at == answers[0].accepted.accepted_at));
}

#[tokio::test]
async fn a_repeat_is_known_after_a_restart() {
    let world = World::new().await;
    let first = world.process().await;
    let shop = tenant(&first).await;
    let before = first.trigger(&shop, trigger(Some("e"), Some("k"), "u", ""), &ctx()).await.unwrap();
    let restarted = world.process().await;
    for repeat in [trigger(Some("e"), None, "u", ""), trigger(Some("e"), Some("k"), "u", "")] {
        let after = restarted.trigger(&shop, repeat.clone(), &ctx()).await.unwrap();
        assert!(after.replayed);
        assert_eq!((after.notification, &after.accepted.plan), (before.notification, &before.accepted.plan));
        assert!(restarted.known(&shop, &repeat).await.unwrap().is_some());
    }
    assert!(restarted.known(&shop, &trigger(Some("f"), Some("l"), "u", "")).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_is_answered_from_memory_once_the_log_is_another() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let event = trigger(Some("e"), Some("k"), "u", "");
    let accepted = commands.trigger(&shop, event.clone(), &ctx()).await.unwrap();
    assert!(commands.known(&shop, &event).await.unwrap().is_some());
    assert!(commands.recent_story(shop.id, accepted.notification).await.unwrap().is_some());
    let last = accepted.position.unwrap().get();
    world.database.cut_log(last - 1).await;
    commands.log().changed().await;
    for repeat in [trigger(Some("e"), None, "u", ""), event] {
        assert!(commands.known(&shop, &repeat).await.is_err(), "the event is gone");
        assert!(commands.trigger(&shop, repeat, &ctx()).await.is_err());
    }
    assert!(commands.recent_story(shop.id, accepted.notification).await.is_err());
}

#[tokio::test]
async fn an_event_that_another_process_accepts_after_it_was_asked_for_is_a_repeat_here() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    there.directory().fresh().await.unwrap();
    for same in [trigger(Some("e"), None, "u", ""), trigger(Some("f"), Some("k"), "u", "")] {
        assert!(there.known(&shop, &same).await.unwrap().is_none());
        let accepted = here.trigger(&shop, same.clone(), &ctx()).await.unwrap();
        let known = there.known(&shop, &same).await.unwrap().unwrap();
        let repeat = there.trigger(&shop, same, &ctx()).await.unwrap();
        assert!(repeat.replayed);
        assert_eq!((known.notification, repeat.notification), (accepted.notification, accepted.notification));
    }
}

#[tokio::test]
async fn another_body_under_the_same_event_id_or_key_is_refused_by_name() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    commands.trigger(&shop, trigger(None, Some("k"), "u", ""), &ctx()).await.unwrap();
    for process in [commands, world.process().await] {
        let error = process.trigger(&shop, trigger(Some("e"), None, "u", "other"), &ctx()).await.unwrap_err();
        assert!(matches!(error, CommandError::IdempotencyMismatch(MismatchOf::EventId)), "{error}");
        let error = process.trigger(&shop, trigger(None, Some("k"), "u", "other"), &ctx()).await.unwrap_err();
        assert!(matches!(error, CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey)), "{error}");
    }
}

#[tokio::test]
async fn a_known_event_under_the_key_of_another_one_is_refused() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    commands.trigger(&shop, trigger(Some("e"), Some("k"), "u", ""), &ctx()).await.unwrap();
    commands.trigger(&shop, trigger(Some("f"), None, "u", ""), &ctx()).await.unwrap();
    let mixed = trigger(Some("f"), Some("k"), "u", "");
    for process in [commands, world.process().await, world.process().await] {
        let refused = process.trigger(&shop, mixed.clone(), &ctx()).await.unwrap_err();
        assert!(
            matches!(refused, CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey)),
            "{refused}"
        );
        let refused = process.known(&shop, &mixed).await.unwrap_err();
        assert!(
            matches!(refused, CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey)),
            "{refused}"
        );
        assert!(
            process.trigger(&shop, trigger(Some("e"), Some("k"), "u", ""), &ctx()).await.unwrap().replayed
        );
    }
}

#[tokio::test]
async fn a_repeat_claims_the_new_key_it_brings() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    there.directory().fresh().await.unwrap();
    let first = here.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    let with_key = |key| trigger(Some("e"), Some(key), "u", "");
    assert!(here.trigger(&shop, with_key("hot"), &ctx()).await.unwrap().replayed);
    assert!(there.known(&shop, &with_key("known")).await.unwrap().is_some());
    assert!(there.trigger(&shop, with_key("cold"), &ctx()).await.unwrap().replayed);
    for key in ["hot", "known", "cold"] {
        let claimed = here.log().idempotency_key(shop.id, &stored(&shop, key), None).await.unwrap();
        assert_eq!(claimed, Some(first.notification), "{key}");
        for process in [&here, &there] {
            let other = trigger(Some("f"), Some(key), "u", "");
            let refused = process.trigger(&shop, other, &ctx()).await.unwrap_err();
            assert!(
                matches!(refused, CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey)),
                "{refused}"
            );
        }
    }
}

#[tokio::test]
async fn a_repeat_with_another_body_claims_nothing() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    let other = trigger(Some("e"), Some("k"), "u", "other");
    assert!(commands.trigger(&shop, other, &ctx()).await.is_err());
    assert_eq!(commands.log().idempotency_key(shop.id, &stored(&shop, "k"), None).await.unwrap(), None);
}

#[tokio::test]
async fn a_repeat_with_its_known_key_is_answered_without_the_database() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    there.directory().fresh().await.unwrap();
    let same = trigger(Some("e"), Some("k"), "u", "");
    here.trigger(&shop, same.clone(), &ctx()).await.unwrap();
    there.trigger(&shop, same.clone(), &ctx()).await.unwrap();
    for process in [&here, &there] {
        process.log().clone().close().await;
        assert!(process.trigger(&shop, same.clone(), &ctx()).await.unwrap().replayed);
        assert!(process.known(&shop, &same).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_key_stands_for_24_hours_and_an_event_id_for_ever() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let first = commands.trigger(&shop, trigger(None, Some("k"), "u", ""), &ctx()).await.unwrap();
    commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    let second = Duration::from_secs(1);
    world.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
    let within = commands.trigger(&shop, trigger(None, Some("k"), "u", ""), &ctx()).await.unwrap();
    world.clock.advance(second);
    let beyond = commands.trigger(&shop, trigger(None, Some("k"), "u", ""), &ctx()).await.unwrap();
    let event = commands.trigger(&shop, trigger(Some("e"), None, "u", ""), &ctx()).await.unwrap();
    assert_eq!((within.replayed, within.notification), (true, first.notification));
    assert!(!beyond.replayed);
    assert!(event.replayed);
}

#[tokio::test]
async fn the_same_key_of_two_tenants_is_two_events() {
    let world = World::new().await;
    let commands = world.process().await;
    let (one, two) = (tenant(&commands).await, tenant(&commands).await);
    let same = trigger(Some("e"), Some("k"), "u", "");
    let here = commands.trigger(&one, same.clone(), &ctx()).await.unwrap();
    let there = commands.trigger(&two, same, &ctx()).await.unwrap();
    assert!(!there.replayed);
    assert_ne!(here.notification, there.notification);
}

#[tokio::test]
async fn first_events_of_one_person_in_two_processes_are_sealed_with_one_key() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let shop = tenant(&here).await;
    let posts = (0..20).map(|n| {
        let commands = if n % 2 == 0 { &here } else { &there };
        let (shop, context, event) = (&shop, ctx(), format!("e{n}"));
        async move { commands.trigger(shop, trigger(Some(&event), None, "u", ""), &context).await.unwrap() }
    });
    let mut keys = Vec::new();
    for answer in join_all(posts).await {
        let story = here.story(shop.id, answer.notification).await.unwrap().unwrap();
        keys.push(story.accepted.recipient.key_id);
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
    assert!(here.vault().key(keys[0]).await.is_ok());
}

#[tokio::test]
async fn nothing_personal_stands_in_the_log_in_clear() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let mut personal = trigger(Some("e"), None, "someone-in-person", "a private note");
    personal.recipient.email = Some(orqestra_domain::EmailAddress::parse("someone@example.com").unwrap());
    let answer = commands.trigger(&shop, personal, &ctx()).await.unwrap();
    let stream = StreamId::notification(shop.id, answer.notification);
    for event in commands.log().load("Notification", &stream).await.unwrap() {
        for secret in ["someone-in-person", "a private note", "someone@example.com"] {
            assert!(!event.payload.contains(secret), "{} holds {secret}", event.event_type);
            assert!(!event.metadata.text().contains(secret));
        }
    }
}
