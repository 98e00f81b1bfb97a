//! Given/when/then for redrives and for deliveries that are stuck.

use std::time::Duration;

use super::attempts::{failed, start, started, started_in_doubt};
use super::unknown::{outcome_unknown, resolved};
use super::*;

fn redrive(number: u128) -> RedriveId {
    RedriveId::from_uuid(Uuid::from_u128(number))
}

fn requeue_by(number: u128, second: i64) -> Command {
    Command::Requeue(Requeue {
        channel: Channel::Email,
        template: Some(TemplateRef { version: 2, ..template() }),
        redrive: redrive(number),
        asked_at: at(second),
        by: "admin:primary".to_owned(),
        at: at(second),
    })
}

fn requeue(second: i64) -> Command {
    requeue_by(1, second)
}

fn requeued_as(
    (times, attempt): (u32, u32),
    template: Option<TemplateRef>,
    possible_duplicate: bool,
    second: i64,
) -> Event {
    let delivery_id = delivery_id(Channel::Email);
    Event::DeliveryRequeued(DeliveryRequeued {
        channel: Channel::Email,
        delivery_id,
        attempt,
        dedup_key: DedupKey::of(delivery_id, times),
        template,
        expires_at: None,
        possible_duplicate,
        redrive: redrive(u128::from(times)),
        by: "admin:primary".to_owned(),
        at: at(second),
    })
}

fn abandoned(cause: &str, attempts: u32, second: i64) -> Event {
    let (channel, cause) = (Channel::Email, cause.to_owned());
    Event::DeliveryAbandoned(DeliveryAbandoned { channel, cause, attempts, at: at(second) })
}

fn skipped(reason: SkipReason) -> Event {
    Event::DeliverySkipped(DeliverySkipped { channel: Channel::Email, reason, at: at(2) })
}

/// Two attempts failed, and the delivery was given up.
fn dead_letter() -> Vec<Event> {
    vec![
        accepted(),
        rendered(Channel::Email),
        started(1, 1),
        failed(1, 2, Some(12)),
        started(2, 12),
        failed(2, 13, None),
        abandoned("smtp_451", 2, 13),
    ]
}

#[test]
fn a_dead_letter_is_due_again_under_a_key_of_its_own() {
    let again = requeued_as((1, 3), None, false, 50);
    given(dead_letter()).when(requeue(50)).then_expect_events(vec![again.clone()]);
    given(dead_letter()).and(vec![again.clone()]).when(start(3, 50)).then_expect_events(vec![started(3, 50)]);
    let after = folded(&[dead_letter(), vec![again]].concat());
    let delivery = after.delivery(Channel::Email).unwrap();
    assert_eq!(delivery.round(), 1, "the schedule begins anew");
    assert!(delivery.tried_in_turn().is_empty(), "every provider may be asked again");
    assert_ne!(delivery.dedup_key, DedupKey::first(delivery.id));
    let default = Duration::from_secs(100);
    assert_eq!(after.story().unwrap().deadline(Channel::Email, default), at(150), "and so does its lifetime");
}

/// A dead letter that was requeued once and is one again.
fn requeued_and_dead() -> Vec<Event> {
    let again =
        [requeued_as((1, 3), None, false, 50), started(3, 50), failed(3, 51, None), abandoned("x", 3, 51)];
    [&dead_letter()[..], &again].concat()
}

#[test]
fn each_requeue_has_another_key() {
    given(requeued_and_dead()).when(requeue_by(2, 60)).then_expect_events(vec![requeued_as(
        (2, 4),
        None,
        false,
        60,
    )]);
    let delivery = delivery_id(Channel::Email);
    assert_ne!(DedupKey::of(delivery, 1), DedupKey::of(delivery, 2));
    assert_eq!(DedupKey::of(delivery, 0), DedupKey::first(delivery));
}

#[test]
fn a_redrive_requeues_a_delivery_once() {
    given(requeued_and_dead()).when(requeue(60)).then_expect_events(vec![]);
}

#[test]
fn a_failed_render_is_rendered_with_the_template_of_today() {
    let failed = vec![accepted(), abandoned("render_failed", 0, 2)];
    let today = TemplateRef { version: 2, ..template() };
    let again = requeued_as((1, 1), Some(today), false, 50);
    given(failed.clone()).when(requeue(50)).then_expect_events(vec![again.clone()]);
    let after = folded(&[failed.clone(), vec![again]].concat());
    assert_eq!(after.delivery(Channel::Email).unwrap().template, Some(today));
    let Command::Requeue(without) = requeue(50) else { unreachable!() };
    let without = Command::Requeue(Requeue { template: None, ..without });
    given(failed).when(without).then_expect_error(Refusal::NoTemplate);
}

#[test]
fn a_skip_that_an_operator_caused_is_mended_and_no_other() {
    for reason in SkipReason::ALL {
        let events = vec![accepted(), skipped(reason)];
        let tried = given(events).when(requeue(50));
        let refusal = match reason {
            SkipReason::TenantInactive | SkipReason::NoProvider => {
                let today = TemplateRef { version: 2, ..template() };
                tried.then_expect_events(vec![requeued_as((1, 1), Some(today), false, 50)]);
                continue;
            }
            SkipReason::Expired => Refusal::Expired,
            SkipReason::Suppressed => Refusal::Suppressed,
            SkipReason::RecipientForgotten => Refusal::Forgotten,
            _ => Refusal::NotADeadLetter,
        };
        tried.then_expect_error(refusal);
    }
}

#[test]
fn what_ended_after_the_request_is_not_part_of_it() {
    let Command::Requeue(late) = requeue(50) else { unreachable!() };
    let late = Command::Requeue(Requeue { asked_at: at(12), ..late });
    given(dead_letter()).when(late).then_expect_error(Refusal::NotADeadLetter);
}

#[test]
fn a_late_word_of_an_attempt_from_before_a_requeue_ends_nothing() {
    let dropped = vec![
        accepted(),
        rendered(Channel::Email),
        started(1, 1),
        outcome_unknown(1, 2, None),
        resolved(1, Resolution::Drop, 3),
        requeued_as((1, 2), None, true, 50),
    ];
    for class in [FailureClass::Permanent, FailureClass::Retryable] {
        let late = super::attempts::fail(1, class, 51);
        let after = folded(&dropped);
        let events = after.decide(late).unwrap();
        assert_eq!(events.len(), 1, "the failure alone is recorded: {events:?}");
        let state = events.iter().fold(after, Notification::evolve);
        let state = &state.delivery(Channel::Email).unwrap().state;
        assert!(matches!(state, DeliveryState::Waiting { .. }), "{state:?}");
    }
}

#[test]
fn what_was_skipped_at_acceptance_is_not_requeued() {
    let Command::Requeue(email) = requeue(50) else { unreachable!() };
    let sms = Command::Requeue(Requeue { channel: Channel::Sms, ..email });
    given(vec![accepted()]).when(sms).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn what_goes_on_or_was_sent_is_not_requeued() {
    let claimed = vec![accepted(), rendered(Channel::Email), started(1, 1)];
    for events in [
        vec![accepted()],
        claimed.clone(),
        [claimed.clone(), vec![failed(1, 2, Some(12))]].concat(),
        [claimed.clone(), vec![outcome_unknown(1, 2, None)]].concat(),
        [claimed, vec![super::attempts::succeeded(1, 2)]].concat(),
    ] {
        given(events).when(requeue(50)).then_expect_error(Refusal::NotADeadLetter);
    }
}

#[test]
fn what_has_expired_is_not_requeued() {
    let events = vec![accepted(), rendered(Channel::Email), started(1, 1), abandoned("expired", 1, 2)];
    given(events).when(requeue(50)).then_expect_error(Refusal::Expired);
    let once = PlannedChannel { expires_at: Some(at(50)), ..planned(Channel::Email) };
    let events = vec![accepted_with(vec![once]), rendered(Channel::Email), abandoned("smtp_550", 0, 2)];
    given(events.clone()).when(requeue(50)).then_expect_error(Refusal::Expired);
    let Event::DeliveryRequeued(again) = requeued_as((1, 1), None, false, 49) else { unreachable!() };
    let again = Event::DeliveryRequeued(DeliveryRequeued { expires_at: Some(at(50)), ..again });
    given(events).when(requeue(49)).then_expect_events(vec![again]);
}

#[test]
fn what_is_requeued_after_an_unknown_outcome_is_marked_and_bound_to_no_provider() {
    let dropped = vec![
        accepted(),
        rendered(Channel::Email),
        started(1, 1),
        outcome_unknown(1, 2, None),
        resolved(1, Resolution::Drop, 3),
    ];
    let again = requeued_as((1, 2), None, true, 50);
    given(dropped.clone()).when(requeue(50)).then_expect_events(vec![again.clone()]);
    let events = [dropped, vec![again]].concat();
    assert!(folded(&events).delivery(Channel::Email).unwrap().bound_to().is_none());
    given(events).when(start(2, 50)).then_expect_events(vec![started_in_doubt(2, 50)]);
}

/// A dead letter after so many attempts.
fn dead_after(attempts: u32) -> Vec<Event> {
    let mut events = vec![accepted(), rendered(Channel::Email)];
    events.extend((1..=attempts).flat_map(|attempt| [started(attempt, 1), failed(attempt, 1, Some(1))]));
    events.push(abandoned("smtp_451", attempts, 1));
    events
}

#[test]
fn a_delivery_with_as_many_attempts_as_one_may_have_is_not_requeued() {
    given(dead_after(511)).when(requeue(50)).then_expect_events(vec![requeued_as((1, 512), None, false, 50)]);
    given(dead_after(512)).when(requeue(50)).then_expect_error(Refusal::TooManyAttempts);
}

fn unstick(second: i64) -> Command {
    Command::Unstick(Unstick {
        channel: Channel::Email,
        patience: Duration::from_mins(5),
        sweep_after: Duration::from_secs(70),
        at: at(second),
    })
}

fn unstuck(stuck: StuckAt, since: i64, attempt: u32, second: i64) -> Event {
    Event::DeliveryUnstuck(DeliveryUnstuck {
        channel: Channel::Email,
        delivery_id: delivery_id(Channel::Email),
        stuck,
        since: at(since),
        attempt,
        expires_at: None,
        at: at(second),
    })
}

#[test]
fn a_delivery_is_stuck_once_what_is_due_has_waited_too_long() {
    let waiting = vec![accepted(), rendered(Channel::Email), started(1, 1), failed(1, 2, Some(12))];
    for (events, stuck, since, attempt) in [
        (vec![accepted()], StuckAt::Planned, 0, 1),
        (waiting.clone(), StuckAt::Due, 12, 2),
        (waiting[..3].to_vec(), StuckAt::Started, 1 + CLAIM_SECONDS + 70, 1),
    ] {
        given(events.clone()).when(unstick(since + 299)).then_expect_error(Refusal::NotStuck);
        let found = unstuck(stuck, since, attempt, since + 300);
        given(events.clone()).when(unstick(since + 300)).then_expect_events(vec![found.clone()]);
        let before = folded(&events).delivery(Channel::Email).unwrap().state.clone();
        let after = [events, vec![found]].concat();
        assert_eq!(state_of(&after, Channel::Email), before, "{stuck:?}: its state is the same");
        let hour = i64::try_from(PUT_RIGHT_EVERY.as_secs()).unwrap();
        given(after.clone()).when(unstick(since + 299 + hour)).then_expect_error(Refusal::NotStuck);
        let again = unstuck(stuck, since, attempt, since + 300 + hour);
        given(after).when(unstick(since + 300 + hour)).then_expect_events(vec![again]);
    }
}

#[test]
fn what_has_ended_or_is_held_is_not_stuck() {
    let claimed = vec![accepted(), rendered(Channel::Email), started(1, 1)];
    for end in [
        super::attempts::succeeded(1, 2),
        abandoned("x", 1, 2),
        outcome_unknown(1, 2, None),
        skipped(SkipReason::Expired),
    ] {
        let events = [claimed.clone(), vec![end]].concat();
        given(events).when(unstick(100_000)).then_expect_error(Refusal::NotStuck);
    }
}
