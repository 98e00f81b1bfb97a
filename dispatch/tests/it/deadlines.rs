//! A message that is not of use any more is not sent, whatever keeps it, and its end says so; retries keep to their tenant's
//! schedule and to their provider's budget.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{Suppress, TenantEntry, TenantPatch};
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::{AttemptOutcome, DeliveryState, Resolution, Resolve, SkipReason};
use orqestra_domain::retry::RetryDelays;
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::Standing;
use orqestra_domain::{Channel, ExpiresIn};

use crate::script::{Answer, Script};
use crate::world::{World, ctx, settings, smtp, text};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;
const EXPIRED: DeliveryState = DeliveryState::Skipped { reason: SkipReason::Expired };
/// As long as a message is of use where nothing says so.
const LIFETIME: Duration = Duration::from_hours(72);

fn dead_letter(cause: &str) -> DeliveryState {
    DeliveryState::Abandoned { cause: cause.to_owned() }
}

async fn shop(world: &World) -> Arc<TenantEntry> {
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    world.providers(tenant.id, EMAIL, vec![smtp(1)]).await;
    world.entry(tenant.id)
}

/// A provider that is left alone from its first failure on.
fn touchy() -> DispatchSettings {
    DispatchSettings { breaker_failures: 1, ..settings() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_time_is_over_before_its_turn_is_skipped_and_never_sent() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let brief = world.trigger_for_seconds(&tenant, "e-1", 60).await;
    let lasting = world.trigger_for_seconds(&tenant, "e-2", 61).await;
    let usual = world.trigger(&tenant, "e-3").await;
    world.clock.advance(Duration::from_mins(1));
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    assert_eq!(world.settled(&tenant, brief, EMAIL).await.state, EXPIRED);
    for id in [lasting, usual] {
        let delivery = world.settled(&tenant, id, EMAIL).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{:?}", delivery.state);
    }
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_attempt_the_end_is_a_dead_letter_that_keeps_the_failures_cause() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::NotTaken);
    let dispatch = world.play(&script, settings());
    // The next attempt would be due in a minute or so.
    let id = world.trigger_for_seconds(&tenant, "e-1", 40).await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, dead_letter("expired"));
    let [attempt] = &delivery.attempts[..] else { panic!("{:?}", delivery.attempts) };
    assert!(
        matches!(&attempt.outcome, AttemptOutcome::Failed { cause, next_due: None, .. } if cause == "busy"),
        "{:?}",
        attempt.outcome
    );
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_next_attempt_when_its_time_is_over_is_not_attempted_again() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::NotTaken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger_for_seconds(&tenant, "e-1", 80).await;
    world.waiting(&tenant, id).await;
    world.clock.advance(Duration::from_secs(80));
    assert_eq!(world.settled(&tenant, id, EMAIL).await.state, dead_letter("expired"));
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_stays_unknown_when_the_time_is_over() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::Silence);
    script.close_gate();
    let dispatch = world.play(&script, settings());
    let id = world.trigger_for_seconds(&tenant, "e-1", 20).await;
    script.called(1).await;
    world.clock.advance(Duration::from_secs(20));
    script.open_gate();
    // In time it would be sent once more.
    assert_eq!(world.settled(&tenant, id, EMAIL).await.state, DeliveryState::Held { attempt: 1 });
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_whose_time_is_over_is_left_to_an_operator() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::Silence);
    let settings = touchy();
    let dispatch = world.play(&script, settings);
    let id = world.trigger_for_seconds(&tenant, "e-1", 20).await;
    // The silence opened the breaker, so the resend waits.
    world.waiting(&tenant, id).await;
    world.clock.advance(Duration::from_secs(20));
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
    assert_eq!(delivery.hold_cause.as_deref(), Some("expired"));
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_resend_goes_out_after_the_deadline() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::Silence);
    let dispatch = world.play(&script, touchy());
    let id = world.trigger_for_seconds(&tenant, "e-1", 20).await;
    world.waiting(&tenant, id).await;
    world.clock.advance(Duration::from_secs(40));
    world.delivery(&tenant, id, EMAIL, |delivery| matches!(delivery.state, DeliveryState::Held { .. })).await;
    script.then(Answer::Taken);
    let (resolution, by) = (Resolution::Resend, "operator".to_owned());
    let resend = Resolve { channel: EMAIL, resolution, by, at: world.now() };
    world.commands.resolve_outcome(tenant.id, id, resend, &[], &ctx()).await.unwrap();
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }), "{:?}", delivery.state);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_neither_skipped_nor_given_up_where_it_may_not_be_sent_again() {
    let world = World::new().await;
    let (suppressed, off) = (shop(&world).await, shop(&world).await);
    let script = Script::always(Answer::Silence);
    let dispatch = world.play(&script, touchy());
    let mut ids = Vec::new();
    for tenant in [&suppressed, &off] {
        let id = world.trigger(tenant, "e-1").await;
        ids.push((tenant, id, world.waiting(tenant, id).await.address_ref.unwrap()));
    }
    let suppress = Suppress {
        channel: EMAIL,
        address_ref: ids[0].2,
        reason: SuppressionReason::Operator,
        notification: None,
        cause: None,
        seen_at: None,
    };
    world.commands.suppress(suppressed.id, suppress, &ctx()).await.unwrap();
    world.switch(off.id, Standing::Inactive).await;
    world.clock.advance(LIFETIME);
    for (tenant, id, _) in &ids {
        let delivery = world.settled(tenant, *id, EMAIL).await;
        assert_eq!(delivery.state, DeliveryState::Held { attempt: 1 });
        assert_eq!(delivery.hold_cause.as_deref(), Some("expired"));
    }
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_takes_up_ends_when_its_time_is_over() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::Down);
    let dispatch = world.play(&script, touchy());
    let first = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, first).await;
    // Nothing of the lane is taken up from here on: the pause of the breaker is longer than what follows.
    let own = world.trigger_for_seconds(&tenant, "e-2", 20).await;
    let usual = world.trigger(&tenant, "e-3").await;
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(world.settled(&tenant, own, EMAIL).await.state, EXPIRED);
    world.clock.advance(LIFETIME);
    assert_eq!(world.settled(&tenant, usual, EMAIL).await.state, EXPIRED);
    assert_eq!(world.settled(&tenant, first, EMAIL).await.state, dead_letter("expired"));
    assert_eq!(script.calls().len(), 1);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_says_how_long_and_the_trigger_says_it_better() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let code = TemplateContent { expires_in: ExpiresIn::from_seconds(60), ..text(EMAIL, "a code") };
    world.template(tenant.id, EMAIL, code).await;
    let by_template = world.trigger(&tenant, "e-1").await;
    let by_trigger = world.trigger_for_seconds(&tenant, "e-2", 90).await;
    world.clock.advance(Duration::from_mins(1));
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    assert_eq!(world.settled(&tenant, by_template, EMAIL).await.state, EXPIRED);
    let delivery = world.settled(&tenant, by_trigger, EMAIL).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{:?}", delivery.state);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_keeps_to_its_own_schedule_and_the_others_to_the_installations() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let own = RetryDelays::from_seconds(&[600, 600]);
    let patch = TenantPatch { retry_schedules: [(SMS, own)].into(), ..TenantPatch::default() };
    world.commands.change_tenant(tenant.id, patch, &ctx()).await.unwrap();
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::NotTaken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting_on(&tenant, id, SMS).await;
    world.waiting(&tenant, id).await;
    // A minute and a fifth: the installation's one delay is over.
    world.clock.advance(Duration::from_secs(73));
    assert_eq!(world.settled(&tenant, id, EMAIL).await.state, dead_letter("busy"));
    for round in 1..3 {
        let delivery = world.waiting_on(&tenant, id, SMS).await;
        assert_eq!(delivery.attempts.len(), round);
        world.clock.advance(Duration::from_secs(721));
        world.delivery(&tenant, id, SMS, |delivery| delivery.attempts.len() > round).await;
    }
    let delivery = world.settled(&tenant, id, SMS).await;
    assert_eq!((delivery.state, delivery.attempts.len()), (dead_letter("busy"), 3));
    let usual = TenantPatch { retry_schedules: [(SMS, None)].into(), ..TenantPatch::default() };
    world.commands.change_tenant(tenant.id, usual, &ctx()).await.unwrap();
    let id = world.trigger(&world.entry(tenant.id), "e-2").await;
    world.waiting_on(&tenant, id, SMS).await;
    world.clock.advance(Duration::from_secs(73));
    assert_eq!(world.settled(&tenant, id, SMS).await.attempts.len(), 2);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_given_few_retries_until_it_takes_them_again() {
    const MAILS: usize = 160;
    let world = World::new().await;
    let tenant = shop(&world).await;
    let script = Script::always(Answer::Down);
    // Such a failure now and then would open no breaker.
    let settings = DispatchSettings {
        breaker_failures: u32::MAX,
        retry_delays: vec![Duration::from_mins(1); 6],
        ..settings()
    };
    let dispatch = world.play(&script, settings);
    let mut ids = Vec::new();
    for number in 0..MAILS {
        ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
    }
    for id in &ids {
        world.waiting(&tenant, *id).await;
    }
    let first = script.calls().len();
    assert_eq!(first, MAILS);
    world.clock.advance(Duration::from_secs(73));
    put_off(&world, MAILS - 100).await;
    assert_eq!(script.calls().len() - first, 100);
    // The provider is well again: each retry gives back what it took.
    script.then(Answer::Taken);
    world.clock.advance(Duration::from_secs(100));
    for id in &ids {
        let delivery = world.settled(&tenant, *id, EMAIL).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{:?}", delivery.state);
    }
    assert_eq!(script.calls().len(), first + 100 + MAILS);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

/// Waits until that many rows are put off.
async fn put_off(world: &World, rows: usize) {
    let count = "select count(*) from dispatch_due where due_before is not null";
    let found = async {
        loop {
            let count: i64 = sqlx::query_scalar(count).fetch_one(world.pool()).await.unwrap();
            if usize::try_from(count).unwrap() == rows {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(crate::world::DEADLINE, found).await;
    waited.unwrap_or_else(|_| panic!("never {rows} rows were put off"));
}
