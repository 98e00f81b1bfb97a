//! Wrong clocks: due times, leases and claims go by the database's, whatever the machine shows; and where the database's
//! own clock jumps, no attempt that runs is called overdue.

use std::time::Duration;

use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::{AttemptOutcome, DeliveryState};
use orqestra_domain::{Channel, Timestamp};
use orqestra_event_log::Clock as _;
use orqestra_event_log::source::SystemClock;

use crate::script::{Answer, Script};
use crate::world::{World, settings};

const HOURS: Duration = Duration::from_hours(3);

fn shifted(forward: bool) -> Timestamp {
    let now = SystemClock.now();
    let hours = i64::try_from(HOURS.as_micros()).unwrap();
    if forward { now.plus(HOURS) } else { Timestamp::from_unix_micros(now.unix_micros() - hours) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatcher_whose_clock_jumps_neither_sweeps_nor_sends_early_nor_holds_up_others() {
    for forward in [true, false] {
        let world = World::by_the_databases_clock().await;
        let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
        let script = Script::always(Answer::Taken).first([Answer::Hang, Answer::NotTaken]);
        let dispatch = world.play(&script, settings());
        let running = world.trigger(&tenant, "e-1").await;
        script.called(1).await;
        let failed = world.trigger(&tenant, "e-2").await;
        world.waiting(&tenant, failed).await;
        world.clock.set(shifted(forward));
        // What comes later is sent all the same, by the same process.
        for number in 3..40 {
            let id = world.trigger(&tenant, &format!("e-{number}")).await;
            let delivery = world.settled(&tenant, id, Channel::Email).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
        }
        let attempt = |id| {
            let (world, tenant) = (&world, &tenant);
            async move { world.delivery(tenant, id, Channel::Email, |_| true).await }
        };
        let under_way = attempt(running).await;
        assert_eq!(under_way.attempts.len(), 1);
        assert_eq!(under_way.attempts[0].outcome, AttemptOutcome::Open, "forward: {forward}");
        let waits = attempt(failed).await;
        assert!(matches!(waits.state, DeliveryState::Waiting { .. }), "its minute is not over: {waits:?}");
        assert_eq!(script.calls().len(), 39, "nothing was sent twice or early");
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_clock_is_off_from_its_start_takes_nothing_from_the_others() {
    for forward in [true, false] {
        let world = World::by_the_databases_clock().await;
        let tenant = world.tenant("acme", &[(Channel::Email, "hi"), (Channel::Sms, "hi")]).await;
        let script = Script::always(Answer::Taken).first([Answer::Hang, Answer::Hang]);
        let settings = || DispatchSettings { lease: Duration::from_secs(1), ..settings() };
        let right = world.play(&script, settings());
        let id = world.trigger(&tenant, "e-1").await;
        script.called(2).await;
        world.read_up().await;
        let wrong = world.another_at(shifted(forward)).await;
        assert!(wrong.commands.log().clock_skew().is_some(), "such a process is not ready");
        let other = wrong.play(&script, settings());
        for number in 2..20 {
            let id = wrong.trigger(&tenant, &format!("e-{number}")).await;
            for channel in [Channel::Email, Channel::Sms] {
                let delivery = world.settled(&tenant, id, channel).await;
                assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{delivery:?}");
            }
        }
        for channel in [Channel::Email, Channel::Sms] {
            let delivery = world.delivery(&tenant, id, channel, |_| true).await;
            assert_eq!(delivery.attempts.len(), 1);
            assert_eq!(delivery.attempts[0].outcome, AttemptOutcome::Open, "forward: {forward}");
        }
        other.stop().await;
        right.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_of_the_databases_clock_sweeps_no_attempt_that_runs() {
    let hours = i64::try_from(HOURS.as_secs()).unwrap();
    for ahead in [hours, 101, -hours] {
        let world = World::by_a_databases_clock_that_moves().await;
        let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
        let script = Script::always(Answer::Taken).first([Answer::Hang]);
        let dispatch = world.play(&script, settings());
        let running = world.trigger(&tenant, "e-1").await;
        script.called(1).await;
        world.read_up().await;
        world.set_the_databases_clock(ahead).await;
        let step = world.commands.log().clock().last_step().expect("the jump is seen");
        assert!((step.by_millis - ahead * 1_000).abs() < 1_000, "{step:?}");
        // What comes later is sent all the same; a process that starts after the jump sweeps nothing either.
        let later = world.another_at(SystemClock.now()).await;
        let other = later.play(&script, settings());
        for number in 2..30 {
            let world = if number % 2 == 0 { &world } else { &later };
            let id = world.trigger(&tenant, &format!("e-{number}")).await;
            let delivery = world.settled(&tenant, id, Channel::Email).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{delivery:?}");
        }
        let under_way = world.delivery(&tenant, running, Channel::Email, |_| true).await;
        assert_eq!(under_way.attempts.len(), 1, "ahead: {ahead}");
        assert_eq!(under_way.attempts[0].outcome, AttemptOutcome::Open, "ahead: {ahead}");
        assert_eq!(script.calls().len(), 29, "nothing was sent twice");
        other.stop().await;
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_open_when_the_databases_clock_was_set_back_is_swept_once_the_time_ran_evenly_for_long_enough()
 {
    let world = World::by_a_databases_clock_that_moves().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let script = Script::always(Answer::Taken).first([Answer::Hang]);
    let settings = || DispatchSettings {
        claim: Duration::from_secs(1),
        provider_timeout: Duration::from_secs(5),
        ..settings()
    };
    world.set_the_databases_clock(3 * 3_600).await;
    let dispatch = world.play(&script, settings());
    let open = world.trigger(&tenant, "e-1").await;
    script.called(1).await;
    world.read_up().await;
    // Its call is cut off, so that its outcome is not recorded. A process that died held the row.
    dispatch.stop().await;
    let leased = "update dispatch_due set lease_owner = gen_random_uuid(),
                                          lease_until = clock_timestamp() + interval '15 s'";
    assert_eq!(sqlx::query(leased).execute(world.pool()).await.unwrap().rows_affected(), 1);
    let set_back = tokio::time::Instant::now();
    world.set_the_databases_clock(0).await;
    let dispatch = world.play(&script, settings());
    let delivery = world
        .delivery(&tenant, open, Channel::Sms, |delivery| {
            matches!(delivery.state, DeliveryState::Held { .. })
        })
        .await;
    assert_eq!(delivery.attempts.len(), 1);
    assert!(set_back.elapsed() >= settings().open_at_most(), "{:?}", set_back.elapsed());
    dispatch.stop().await;
}
