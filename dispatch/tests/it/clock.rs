//! A machine's wrong clock: due times, leases and claims go by the database's, whatever the machine shows.

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
