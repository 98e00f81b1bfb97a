//! Due rows of deliveries that wait for an operator, or for a receipt first: the sweeper writes a missing or wrong one as the log
//! calls for it, with its time, and finds a retry whose row says `held`.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::Channel;
use orqestra_domain::notification::DeliveryState;
use orqestra_tests::wait;

use crate::recorded::Recorded;
use crate::retrying::Retrying;
use crate::script::{Answer, Script};
use crate::world::{DEADLINE, Running, World, settings};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;
const PUT_RIGHT: &str = r#"orqestra_stuck_deliveries_total{found="held"}"#;

/// An SMS whose outcome is unknown, held since a minute ago.
async fn held(script: &Arc<Script>) -> (World, Running) {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(SMS, "hi")]).await;
    let dispatch = world.play(script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let held = world.settled(&tenant, id, SMS).await;
    assert_eq!(held.state, DeliveryState::Held { attempt: 1 });
    world.read_up().await;
    world.clock.advance(Duration::from_mins(1));
    (world, dispatch)
}

fn silent() -> [Arc<Script>; 2] {
    let one = || Script::always(Answer::Silence);
    // The other one's deliveries wait for a receipt, 5 minutes.
    [one(), one().calling_back()]
}

/// Fails if a message was sent again, or if the due table differs from the log.
async fn is_held_as_before(script: &Script, world: &World, dispatch: Running) {
    assert_eq!(world.due().await, [("SMS".to_owned(), "held".to_owned(), 1)]);
    assert_eq!(script.calls().len(), 1);
    assert!(
        world
            .database
            .texts("select event_type from events where event_type = 'DeliveryUnstuck'")
            .await
            .is_empty()
    );
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn a_wrong_row_of_a_held_delivery_is_put_right() {
    for script in silent() {
        let recorded = Recorded::default();
        let _recording = metrics::set_default_local_recorder(&recorded);
        let (world, dispatch) = held(&script).await;
        let mut times = 0;
        for (kind, attempt) in [("send", 2), ("sweep", 1), ("held", 2), ("held", 1)] {
            let fault = "update dispatch_due set kind = $1, attempt = $2, due_at = $3";
            let fault = sqlx::query(fault).bind(kind).bind(attempt).bind(world.now().as_datetime());
            fault.execute(world.pool()).await.unwrap();
            times += 1;
            recorded.counts(PUT_RIGHT, times).await;
        }
        is_held_as_before(&script, &world, dispatch).await;
    }
}

#[tokio::test]
async fn a_held_delivery_without_a_row_has_it_again() {
    for script in silent() {
        let recorded = Recorded::default();
        let _recording = metrics::set_default_local_recorder(&recorded);
        let (world, dispatch) = held(&script).await;
        sqlx::query("delete from dispatch_due").execute(world.pool()).await.unwrap();
        recorded.counts(PUT_RIGHT, 1).await;
        is_held_as_before(&script, &world, dispatch).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_row_says_that_it_is_held_is_made() {
    let Retrying { world, tenant, dispatch, id, .. } = Retrying::start().await;
    world.read_up().await;
    sqlx::query("update dispatch_due set kind = 'held'").execute(world.pool()).await.unwrap();
    world.clock.advance(Duration::from_mins(10));
    let sent = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(sent.state, DeliveryState::Sent { attempt: 2, .. }), "{sent:?}");
    wait::until("no row", DEADLINE, async || world.due().await.is_empty().then_some(())).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn a_held_delivery_is_counted_once_its_wait_for_a_receipt_is_over() {
    for (script, first) in silent().into_iter().zip([1.0, 0.0]) {
        let recorded = Recorded::default();
        let _recording = metrics::set_default_local_recorder(&recorded);
        let (world, dispatch) = held(&script).await;
        recorded.shows(r#"orqestra_due_deliveries{kind="held"}"#, first).await;
        recorded.shows("orqestra_unknown_held", first).await;
        recorded.shows("orqestra_oldest_unknown_seconds", 60.0 * first).await;
        world.clock.advance(Duration::from_mins(5));
        recorded.shows("orqestra_unknown_held", 1.0).await;
        recorded.shows("orqestra_oldest_unknown_seconds", 60.0 + 300.0 * first).await;
        is_held_as_before(&script, &world, dispatch).await;
    }
}
