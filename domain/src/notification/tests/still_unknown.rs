//! Given/when/then for what stays unknown: resends that bring no answer, or are not taken.

use super::attempts::{abandoned, fail, failed, started_in_doubt, succeed, succeeded};
use super::unknown::{
    held_after, keyed, keyed_claim, mark, mark_with_receipts, resent, resolve, resolved, unknown_as,
};
use super::*;

#[test]
fn a_provider_that_knows_our_key_and_goes_on_giving_no_answer_is_asked_by_the_schedule_and_then_an_operator()
{
    let hold = |attempt, second| mark(attempt, UnknownPolicy::Hold, second);
    let resent = [keyed(), vec![unknown_as(1, 2, Some(2), false), keyed_claim(2, 3)]].concat();
    // The schedule has two delays: 10 s and 60 s.
    let second = unknown_as(2, 4, Some(14), false);
    given(resent.clone()).when(hold(2, 4)).then_expect_events(vec![second.clone()]);
    let third = [resent, vec![second, keyed_claim(3, 14)]].concat();
    given(third.clone()).when(hold(3, 15)).then_expect_events(vec![unknown_as(3, 15, Some(75), false)]);
    let fourth = [third, vec![unknown_as(3, 15, Some(75), false), keyed_claim(4, 75)]].concat();
    given(fourth.clone()).when(hold(4, 76)).then_expect_events(vec![unknown_as(4, 76, None, false)]);
    // A receipt is waited for before an operator is asked.
    let Event::AttemptOutcomeUnknown(held) = unknown_as(4, 76, None, false) else { unreachable!() };
    let held = Event::AttemptOutcomeUnknown(AttemptOutcomeUnknown { receipt_until: Some(at(86)), ..held });
    given(fourth).when(mark_with_receipts(4, UnknownPolicy::Hold, 76)).then_expect_events(vec![held]);
}

#[test]
fn a_provider_that_has_said_that_it_cannot_tell_is_not_asked_again() {
    for policy in [UnknownPolicy::Hold, UnknownPolicy::ResendOnce] {
        let Command::MarkOutcomeUnknown(mark) = mark(1, policy, 2) else { unreachable!() };
        let said = Command::MarkOutcomeUnknown(MarkOutcomeUnknown { asks_again: false, ..mark });
        given(keyed()).when(said).then_expect_events(vec![unknown_as(1, 2, None, false)]);
    }
}

#[test]
fn a_resend_whose_schedule_ends_leaves_the_outcome_unknown() {
    let retries = [resent(), vec![failed(2, 4, Some(14)), started_in_doubt(3, 14), failed(3, 15, Some(75))]];
    let last = [retries.concat(), vec![started_in_doubt(4, 75)]].concat();
    let end = vec![failed(4, 76, None), held_after(4, "smtp_451", 76)];
    given(last.clone()).when(fail(4, FailureClass::Retryable, 76)).then_expect_events(end.clone());
    let held = [last, end].concat();
    assert_eq!(state_of(&held, Channel::Email), DeliveryState::Held { attempt: 4 });
    given(held.clone()).when(resolve(Resolution::Delivered, 80)).then_expect_events(vec![resolved(
        4,
        Resolution::Delivered,
        80,
    )]);
    // The late answer of the first attempt settles it all the same.
    given(held).when(succeed(1, 80)).then_expect_events(vec![succeeded(1, 80)]);
}

#[test]
fn a_resend_that_is_refused_leaves_the_outcome_unknown_too() {
    let refuse = fail(2, FailureClass::Permanent, 4);
    let events = given(resent()).when(refuse).inspect_result().unwrap();
    assert_eq!(events.last(), Some(&held_after(2, "smtp_451", 4)));
}

#[test]
fn a_hold_ends_once_the_attempt_that_it_was_for_is_known_to_have_failed() {
    let Event::AttemptFailed(refused) = failed(2, 4, None) else { unreachable!() };
    let refused = Event::AttemptFailed(AttemptFailed { class: FailureClass::Permanent, ..refused });
    let held = [resent(), vec![refused, held_after(2, "smtp_451", 4)]].concat();
    given(held)
        .when(fail(1, FailureClass::Retryable, 9))
        .then_expect_events(vec![failed(1, 9, None), abandoned(2, 9)]);
}

#[test]
fn throttled_attempts_leave_a_provider_that_knows_our_key_as_often_to_ask_as_before() {
    let mut events = vec![accepted(), rendered(Channel::Email)];
    for attempt in 1..=40 {
        let second = i64::from(attempt);
        let Event::AttemptFailed(throttled) = failed(attempt, second, Some(second + 1)) else {
            unreachable!()
        };
        events.push(keyed_claim(attempt, second));
        events
            .push(Event::AttemptFailed(AttemptFailed { scope: Some(FailureScope::Throttled), ..throttled }));
    }
    events.push(keyed_claim(41, 41));
    given(events).when(mark(41, UnknownPolicy::Hold, 42)).then_expect_events(vec![unknown_as(
        41,
        42,
        Some(42),
        false,
    )]);
}
