//! Stuck work: what nothing takes up any more is found and goes on, and a row that the log does not call for goes.

use std::time::Duration;

use orqestra_domain::Channel;
use orqestra_domain::notification::{AttemptOutcome, DeliveryState};
use orqestra_domain::tenant::Standing;
use orqestra_tests::wait;

use crate::recorded::Recorded;
use crate::retrying::Retrying;
use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, settings};

const EMAIL: Channel = Channel::Email;

/// Deletes every due row, as a fault would.
async fn lose_the_due_table(world: &World) {
    world.read_up().await;
    sqlx::query("delete from dispatch_due").execute(world.pool()).await.unwrap();
}

async fn unstuck(world: &World) -> Vec<(String, String)> {
    sqlx::query_as(
        "select payload -> 'DeliveryUnstuck' ->> 'stuck', payload -> 'DeliveryUnstuck' ->> 'attempt' from events
          where event_type = 'DeliveryUnstuck' order by position",
    )
    .fetch_all(world.pool())
    .await
    .unwrap()
}

/// Waits until the sweeper has counted so many repairs of one kind, and fails if it counted one of another kind.
async fn only(recorded: &Recorded, found: &str, times: u64) {
    let series = |word: &str| format!("orqestra_stuck_deliveries_total{{found=\"{word}\"}}");
    recorded.counts(&series(found), times).await;
    for word in ["planned", "due", "started", "settled", "held"].into_iter().filter(|word| *word != found) {
        assert_eq!(recorded.counter(&series(word)), Some(0), "{word}");
    }
}

fn once(stuck: &str, attempt: &str) -> Vec<(String, String)> {
    vec![(stuck.to_owned(), attempt.to_owned())]
}

#[tokio::test]
async fn a_planned_delivery_without_a_row_is_found_and_sent() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.switch(tenant.id, Standing::Inactive).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let waits = "select count(*) from dispatch_due where waits_for is not null";
    wait::until("it waits", DEADLINE, async || {
        let waiting: i64 = sqlx::query_scalar(waits).fetch_one(world.pool()).await.unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    lose_the_due_table(&world).await;
    world.switch(tenant.id, Standing::Active).await;
    world.clock.advance(Duration::from_secs(299));
    assert!(world.story(&tenant, id).await.deliveries[&EMAIL].attempts.is_empty());
    world.clock.advance(Duration::from_secs(2));
    let sent = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 1, .. }), "{sent:?}");
    assert_eq!(unstuck(&world).await, once("planned", "1"));
    only(&recorded, "planned", 1).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn a_retry_without_a_row_is_found_and_made() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let Retrying { world, tenant, dispatch, id, .. } = Retrying::start().await;
    lose_the_due_table(&world).await;
    world.clock.advance(Duration::from_mins(10));
    let sent = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 2, .. }), "{sent:?}");
    assert_eq!(unstuck(&world).await, once("due", "2"));
    only(&recorded, "due", 1).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn an_attempt_without_an_outcome_and_without_a_row_is_found_and_called_unknown() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Hang]);
    let first = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    script.called(1).await;
    world.read_up().await;
    first.stop().await;
    sqlx::query("delete from dispatch_due").execute(world.pool()).await.unwrap();

    let second = world.play(&script, settings());
    world.clock.advance(Duration::from_mins(10));
    let sent = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 2, .. }), "{sent:?}");
    assert!(matches!(sent.attempts[0].outcome, AttemptOutcome::Unknown { .. }));
    assert_eq!(unstuck(&world).await, once("started", "1"));
    only(&recorded, "started", 1).await;
    second.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn a_row_of_a_delivery_that_has_ended_is_removed() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, EMAIL).await;
    world.settled(&tenant, id, Channel::Sms).await;
    world.read_up().await;
    for (channel, kind) in [("EMAIL", "send"), ("SMS", "held")] {
        sqlx::query(
            "insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
             values ($1, $2, $3, $4, $5, 1)",
        )
        .bind(tenant.id.as_uuid())
        .bind(id.as_uuid())
        .bind(channel)
        .bind(kind)
        .bind(world.now().as_datetime())
        .execute(world.pool())
        .await
        .unwrap();
    }
    wait::until("the rows are removed", DEADLINE, async || world.due().await.is_empty().then_some(())).await;
    assert_eq!(script.calls().len(), 2, "nothing is sent for them");
    assert_eq!(unstuck(&world).await, []);
    only(&recorded, "settled", 2).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}
