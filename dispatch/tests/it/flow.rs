//! From an accepted event to its outcome: sent once, tried again, given up, claimed by one.

use std::time::Duration;

use orqestra_domain::notification::{AttemptOutcome, DeliveryState, FailureClass};
use orqestra_domain::{Channel, DeliveryId};
use orqestra_tests::postgres::HeldAppends;
use serde_json::json;

use crate::retrying::Retrying;
use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, settings, smtp};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_is_sent_once_on_every_channel_and_recorded() {
    let world = World::new().await;
    let templates = [
        (Channel::Email, "<p>Hello {{ name }}, {{ amount }} for {{ userId }}</p>"),
        (Channel::Sms, "{{ amount }} to {{ recipientPhone }}"),
        (Channel::Push, "Paid {{ amount }}"),
    ];
    let tenant = world.tenant("acme", &templates).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&tenant, "e-1").await;
    for channel in Channel::ALL {
        let delivery = world.settled(&tenant, id, channel).await;
        assert!(
            matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }),
            "{channel}: {:?}",
            delivery.state
        );
        assert_eq!(delivery.attempts.len(), 1);
    }
    let story = world.story(&tenant, id).await;
    assert_eq!(story.deliveries[&Channel::Email].missing, ["name"]);
    assert_eq!(story.deliveries[&Channel::Push].category.as_deref(), Some("orders"));
    let kept = world.kept(&tenant, None, 10).await;
    let mut seen: Vec<_> = kept.iter().map(|m| (m.channel, m.to.as_str(), m.body.as_str())).collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            (Channel::Email, "user@example.com", "<p>Hello , 3 for u-1</p>"),
            (Channel::Sms, "+254712345678", "3 to +254712345678"),
        ]
    );
    assert!(kept.iter().all(|message| message.event_id.as_deref() == Some("e-1")));
    world.read_up().await;
    assert_eq!(world.due().await, []);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_tried_again_when_its_time_has_come() {
    let Retrying { world, tenant, script, dispatch, id } = Retrying::start().await;
    world.clock.advance(Duration::from_secs(73));
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    let failed = &delivery.attempts[0].outcome;
    assert!(
        matches!(failed, AttemptOutcome::Failed { class: FailureClass::Retryable, cause, .. } if cause == "busy")
    );
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_the_delivery_is_a_dead_letter() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::NotTaken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    world.clock.advance(Duration::from_secs(73));
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "busy".to_owned() });
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_a_dead_letter_at_once() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "no_such_user".to_owned() });
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_sends_what_was_rendered_first() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "{{ 'now' | date: '%s' }}")]).await;
    let script = Script::always(Answer::Taken).first([Answer::NotTaken]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    world.clock.advance(Duration::from_secs(73));
    world.settled(&tenant, id, Channel::Email).await;
    let calls = script.calls();
    assert_eq!(calls[0], calls[1]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_up_one_delivery_one_sends_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let mut ids = Vec::new();
    for number in 0..60 {
        ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
    }
    // A first process writes the due rows, claims one and dies.
    let dying = Script::named("script", 1, Answer::Hang);
    let first = world.play(&dying, settings());
    let hanging = dying.called(1).await[0].delivery;
    world.read_up().await;
    first.die().await;
    ids.retain(|id| DeliveryId::of(*id, Channel::Email) != hanging);
    // No subscription runs, so that nothing but the log tells that a row was taken up before; and the log takes
    // nothing until every process has come to its claims.
    let mut lock = world.pool().begin().await.unwrap();
    sqlx::query("lock table leases in exclusive mode").execute(&mut *lock).await.unwrap();
    let held = HeldAppends::on(world.pool()).await;
    let script = Script::always(Answer::Taken);
    let others = [world.another().await, world.another().await];
    let running: Vec<_> =
        [&world, &others[0], &others[1]].map(|world| world.play(&script, settings())).into();
    let waiting = "select count(*) from pg_locks where relation = 'append_turn'::regclass and not granted
                       and database = (select oid from pg_database where datname = current_database())";
    let all_wait = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(world.pool()).await.unwrap() < 3 {
            let free = "update dispatch_due set lease_until = null where kind = 'send'";
            sqlx::query(free).execute(world.pool()).await.unwrap();
        }
    };
    tokio::time::timeout(DEADLINE, all_wait).await.expect("three processes claim the same rows");
    held.release().await;
    for id in ids {
        let delivery = world.settled(&tenant, id, Channel::Email).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
    }
    let mut called: Vec<_> = script.calls().iter().map(|call| call.delivery).collect();
    assert_eq!(called.len(), 59);
    called.sort_unstable();
    called.dedup();
    assert_eq!(called.len(), 59, "a delivery was sent twice");
    lock.rollback().await.unwrap();
    for dispatch in running {
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_recorded_is_recorded_later_without_another_call() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Taken);
    script.close_gate();
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    script.called(1).await;
    world.read_up().await;
    let rename = "do $$ begin execute (select format('alter function %s rename to %I', oid::regprocedure, $1$) \
                  from pg_proc where proname = $2$); end $$";
    let statement =
        |from: &str, to: &str| rename.replace("$1$", &format!("'{to}'")).replace("$2$", &format!("'{from}'"));
    sqlx::raw_sql(&statement("append_commands", "append_commands_away")).execute(world.pool()).await.unwrap();
    script.open_gate();
    let sent = world.settled(&tenant, id, Channel::Email);
    assert!(
        tokio::time::timeout(Duration::from_millis(400), sent).await.is_err(),
        "it was recorded after all"
    );
    sqlx::raw_sql(&statement("append_commands_away", "append_commands")).execute(world.pool()).await.unwrap();
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_first_provider_does_not_take_it_the_next_one_gets_it_at_once() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(1), smtp(2)]).await;
    let script = Script::always(Answer::Taken).first([Answer::NotTaken]);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&world.entry(tenant.id), "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert_eq!(script.calls().iter().map(|call| call.provider).collect::<Vec<_>>(), [1, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_breaker_is_open_the_next_provider_gets_it_at_the_first_attempt() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(1), smtp(2)]).await;
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::Taken).first([Answer::Down]);
    let settings = orqestra_dispatch::DispatchSettings { breaker_failures: 1, ..settings() };
    let dispatch = world.play(&script, settings);
    let opens_it = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, opens_it, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    let meets_it = world.trigger(&tenant, "e-2").await;
    let delivery = world.settled(&tenant, meets_it, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    assert_eq!(delivery.attempts.len(), 1);
    assert_eq!(script.calls().iter().map(|call| call.provider).collect::<Vec<_>>(), [1, 2, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_provider_gets_a_message_that_may_have_been_taken() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Silence);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Sms).await;
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_left_alone_and_claims_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::named("script", 1, Answer::Down);
    let settings = orqestra_dispatch::DispatchSettings { breaker_failures: 3, ..settings() };
    let dispatch = world.play(&script, settings);
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(world.trigger_for(&tenant, &format!("e-{number}"), "u-1", json!({})).await);
    }
    script.called(3).await;
    world.read_up().await;
    script.then(Answer::Taken);
    assert_eq!(script.calls().len(), 3);
    world.clock.advance(Duration::from_secs(73));
    for id in ids {
        let delivery = world.settled(&tenant, id, Channel::Email).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { .. }));
    }
    assert_eq!(script.calls().len(), 9);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_starts_after_its_claims_expiry() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::always(Answer::Taken);
    // Over as soon as it is made.
    let none = orqestra_dispatch::DispatchSettings { claim: Duration::from_nanos(1), ..settings() };
    let dispatch = world.play(&script, none);
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.waiting(&tenant, id).await;
    let outcome = &delivery.attempts[0].outcome;
    assert!(matches!(outcome, AttemptOutcome::Failed { cause, .. } if cause == "claim_expired"));
    assert!(script.calls().is_empty());
    dispatch.stop().await;
}
