//! Given/when/then for unknown outcomes: who may say so, what is sent again, late answers, an operator's word.

use super::attempts::{
    abandoned, fail, failed, schedule, start, started, started_in_doubt, succeed, succeeded, succeeded_late,
};
use super::*;

fn mark_by(by_sender: bool, attempt: u32, policy: UnknownPolicy, second: i64) -> Command {
    let channel = Channel::Email;
    let (cause, at) = ("smtp_timeout".to_owned(), at(second));
    Command::MarkOutcomeUnknown(MarkOutcomeUnknown {
        channel,
        attempt,
        policy,
        receipt_within: None,
        asks_again: true,
        schedule: schedule(),
        jitter: Jitter::NONE,
        cause,
        by_sender,
        deadline: far(),
        at,
    })
}

/// The sender's own word that no answer came.
pub(super) fn mark(attempt: u32, policy: UnknownPolicy, second: i64) -> Command {
    mark_by(true, attempt, policy, second)
}

/// A sweeper's word.
fn sweep(attempt: u32, policy: UnknownPolicy, second: i64) -> Command {
    mark_by(false, attempt, policy, second)
}

/// Unknown, and either held or sent again at once as a possible duplicate.
pub(super) fn outcome_unknown(attempt: u32, second: i64, resend_due: Option<i64>) -> Event {
    unknown_as(attempt, second, resend_due, resend_due.is_some())
}

pub(super) fn unknown_as(
    attempt: u32,
    second: i64,
    resend_due: Option<i64>,
    possible_duplicate: bool,
) -> Event {
    Event::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
        channel: Channel::Email,
        delivery_id: Some(delivery_id(Channel::Email)),
        attempt,
        provider: Some("smtp".to_owned()),
        instance: Some(SMTP),
        cause: Some("smtp_timeout".to_owned()),
        resend_due: resend_due.map(at),
        receipt_until: None,
        possible_duplicate,
        settles: false,
        at: at(second),
    })
}

pub(super) fn resolve(resolution: Resolution, second: i64) -> Command {
    let by = "operator".to_owned();
    Command::Resolve(Resolve { channel: Channel::Email, resolution, by, at: at(second) })
}

pub(super) fn resolved(attempt: u32, resolution: Resolution, second: i64) -> Event {
    let (channel, by) = (Channel::Email, "operator".to_owned());
    Event::OutcomeResolved(OutcomeResolved { channel, attempt, resolution, by, at: at(second) })
}

fn claimed() -> Vec<Event> {
    vec![accepted(), rendered(Channel::Email), started(1, 1)]
}

/// For how long the provider of [`keyed`] deduplicates.
const WINDOW_SECONDS: i64 = 100;

/// An attempt whose provider deduplicates is under way.
pub(super) fn keyed() -> Vec<Event> {
    vec![accepted(), rendered(Channel::Email), keyed_claim(1, 1)]
}

/// The claim of an attempt whose provider deduplicates.
pub(super) fn keyed_claim(attempt: u32, second: i64) -> Event {
    let Event::AttemptStarted(claim) = started(attempt, second) else { unreachable!() };
    let dedup = Some(Dedup { seconds: Some(u32::try_from(WINDOW_SECONDS).unwrap()) });
    Event::AttemptStarted(AttemptStarted { dedup, ..claim })
}

/// A message that may have arrived is not sent again, and waits for an operator.
pub(super) fn held_after(attempt: u32, cause: &str, second: i64) -> Event {
    let (channel, cause) = (Channel::Email, cause.to_owned());
    let (delivery_id, at) = (delivery_id(channel), at(second));
    Event::DeliveryHeld(DeliveryHeld { channel, delivery_id, attempt, cause, at })
}

fn held() -> Vec<Event> {
    [claimed(), vec![outcome_unknown(1, 2, None)]].concat()
}

/// Attempt 1 is unknown and attempt 2, a possible duplicate, is under way.
pub(super) fn resent() -> Vec<Event> {
    [claimed(), vec![outcome_unknown(1, 2, Some(2)), started_in_doubt(2, 3)]].concat()
}

#[test]
fn an_unknown_outcome_is_held_where_the_policy_says_so() {
    given(claimed())
        .when(mark(1, UnknownPolicy::Hold, 2))
        .then_expect_events(vec![outcome_unknown(1, 2, None)]);
    assert_eq!(state_of(&held(), Channel::Email), DeliveryState::Held { attempt: 1 });
}

/// The word of a sender whose provider calls back within 10 seconds.
pub(super) fn mark_with_receipts(attempt: u32, policy: UnknownPolicy, second: i64) -> Command {
    let Command::MarkOutcomeUnknown(mark) = mark(attempt, policy, second) else { unreachable!() };
    let receipt_within = Some(std::time::Duration::from_secs(10));
    Command::MarkOutcomeUnknown(MarkOutcomeUnknown { receipt_within, ..mark })
}

#[test]
fn a_hold_and_a_resend_wait_for_a_receipt_first_where_one_comes() {
    let Event::AttemptOutcomeUnknown(plain) = outcome_unknown(1, 2, None) else { unreachable!() };
    let held = AttemptOutcomeUnknown { receipt_until: Some(at(12)), ..plain };
    let held = Event::AttemptOutcomeUnknown(held);
    given(claimed())
        .when(mark_with_receipts(1, UnknownPolicy::Hold, 2))
        .then_expect_events(vec![held.clone()]);
    let waiting = folded(&[claimed(), vec![held]].concat());
    assert_eq!(waiting.delivery(Channel::Email).unwrap().receipt_until, Some(at(12)));
    given(claimed())
        .when(mark_with_receipts(1, UnknownPolicy::ResendOnce, 2))
        .then_expect_events(vec![outcome_unknown(1, 2, Some(12))]);
}

#[test]
fn a_provider_that_knows_our_key_is_asked_again_without_waiting_for_a_receipt() {
    given(keyed()).when(mark_with_receipts(1, UnknownPolicy::Hold, 2)).then_expect_events(vec![unknown_as(
        1,
        2,
        Some(2),
        false,
    )]);
}

#[test]
fn an_unknown_outcome_is_sent_once_more_as_a_possible_duplicate() {
    given(claimed()).when(mark(1, UnknownPolicy::ResendOnce, 2)).then_expect_events(vec![outcome_unknown(
        1,
        2,
        Some(2),
    )]);
    let events = [claimed(), vec![outcome_unknown(1, 2, Some(2))]].concat();
    given(events).when(start(2, 2)).then_expect_events(vec![started_in_doubt(2, 2)]);
}

#[test]
fn a_second_unknown_outcome_is_held() {
    given(resent())
        .when(mark(2, UnknownPolicy::ResendOnce, 4))
        .then_expect_events(vec![outcome_unknown(2, 4, None)]);
}

#[test]
fn a_provider_that_knows_our_key_is_asked_again_without_a_mark() {
    let unknown = unknown_as(1, 2, Some(2), false);
    for policy in [UnknownPolicy::Hold, UnknownPolicy::ResendOnce] {
        given(keyed()).when(mark(1, policy, 2)).then_expect_events(vec![unknown.clone()]);
    }
    given(keyed()).and(vec![unknown]).when(start(2, 2)).then_expect_events(vec![started(2, 2)]);
}

#[test]
fn past_the_window_that_the_claim_recorded_nothing_deduplicates() {
    let end = 1 + WINDOW_SECONDS;
    let late = |policy| mark(1, policy, end);
    given(keyed()).when(late(UnknownPolicy::Hold)).then_expect_events(vec![outcome_unknown(1, end, None)]);
    given(keyed()).when(late(UnknownPolicy::ResendOnce)).then_expect_events(vec![outcome_unknown(
        1,
        end,
        Some(end),
    )]);
    let in_time = || [keyed(), vec![unknown_as(1, 2, Some(2), false)]].concat();
    given(in_time()).when(start(2, end - 1)).then_expect_events(vec![started(2, end - 1)]);
    given(in_time()).when(start(2, end)).then_expect_events(vec![started_in_doubt(2, end)]);
    assert!(folded(&in_time()).delivery(Channel::Email).unwrap().may_repeat_at(at(end)));
}

#[test]
fn what_follows_an_unknown_outcome_goes_to_the_same_instance_and_to_no_other() {
    let elsewhere = |attempt, second| {
        let Command::StartAttempt(claim) = start(attempt, second) else { unreachable!() };
        Command::StartAttempt(StartAttempt { instance: OTHER, dedup: Some(Dedup::FOR_EVER), ..claim })
    };
    let resend = || [claimed(), vec![outcome_unknown(1, 2, Some(2))]].concat();
    given(resend()).when(elsewhere(2, 2)).then_expect_error(Refusal::OtherProvider);
    let retry = || [resent(), vec![failed(2, 4, Some(14))]].concat();
    given(retry()).when(elsewhere(3, 14)).then_expect_error(Refusal::OtherProvider);
    let by_operator = || [held(), vec![resolved(1, Resolution::Resend, 3)]].concat();
    given(by_operator()).when(elsewhere(2, 3)).then_expect_error(Refusal::OtherProvider);
    let known = [retry(), vec![failed(1, 15, None)]].concat();
    let bound = folded(&known).delivery(Channel::Email).unwrap().bound_to().cloned();
    assert_eq!(bound, None, "once the outcome is known, any provider may follow");
}

#[test]
fn an_attempt_that_names_no_instance_is_told_by_its_kind() {
    let Event::AttemptStarted(claim) = started(1, 1) else { unreachable!() };
    let old = Event::AttemptStarted(AttemptStarted { instance: None, ..claim });
    let Event::AttemptOutcomeUnknown(unknown) = outcome_unknown(1, 2, Some(2)) else { unreachable!() };
    let unknown = Event::AttemptOutcomeUnknown(AttemptOutcomeUnknown { instance: None, ..unknown });
    let events = || vec![accepted(), rendered(Channel::Email), old.clone(), unknown.clone()];
    given(events()).when(start(2, 2)).then_expect_events(vec![started_in_doubt(2, 2)]);
    let Command::StartAttempt(claim) = start(2, 2) else { unreachable!() };
    let sandbox = StartAttempt { provider: "sandbox".to_owned(), ..claim };
    given(events()).when(Command::StartAttempt(sandbox)).then_expect_error(Refusal::OtherProvider);
}

#[test]
fn a_resend_that_cannot_go_out_is_held_with_its_cause_for_an_operator() {
    let hold = |second| {
        let cause = "provider_removed".to_owned();
        Command::Hold(HoldDelivery { channel: Channel::Email, cause, at: at(second) })
    };
    let held_as = |attempt, second| held_after(attempt, "provider_removed", second);
    let retry = || [resent(), vec![failed(2, 4, Some(14))]].concat();
    given(retry()).when(hold(14)).then_expect_events(vec![held_as(2, 14)]);
    let stands = [retry(), vec![held_as(2, 14)]].concat();
    let delivery = folded(&stands).delivery(Channel::Email).unwrap().clone();
    assert_eq!(delivery.state, DeliveryState::Held { attempt: 2 });
    assert_eq!(delivery.hold_cause.as_deref(), Some("provider_removed"));
    given(stands.clone()).when(hold(15)).then_expect_error(Refusal::NothingToHold);
    let again = resolved(2, Resolution::Resend, 20);
    given(stands.clone()).when(resolve(Resolution::Resend, 20)).then_expect_events(vec![again.clone()]);
    given([stands, vec![again]].concat())
        .when(start(3, 20))
        .then_expect_events(vec![started_in_doubt(3, 20)]);
    for events in [vec![], vec![started(1, 1)], vec![started(1, 1), failed(1, 2, Some(12))]] {
        given(vec![accepted()]).and(events).when(hold(12)).then_expect_error(Refusal::NothingToHold);
    }
}

#[test]
fn the_mark_stays_while_the_outcome_that_caused_it_is_unknown() {
    let retry = [resent(), vec![failed(2, 4, Some(14))]].concat();
    given(retry).when(start(3, 14)).then_expect_events(vec![started_in_doubt(3, 14)]);
}

#[test]
fn the_mark_goes_once_the_outcome_that_caused_it_is_known() {
    let retry = [resent(), vec![failed(1, 4, None), failed(2, 5, Some(15))]].concat();
    given(retry).when(start(3, 15)).then_expect_events(vec![started(3, 15)]);
}

#[test]
fn a_sweeper_waits_until_the_claim_has_expired() {
    let expiry = 1 + CLAIM_SECONDS;
    given(claimed()).when(sweep(1, UnknownPolicy::Hold, expiry - 1)).then_expect_error(Refusal::StillRunning);
    given(claimed())
        .when(sweep(1, UnknownPolicy::Hold, expiry))
        .then_expect_events(vec![outcome_unknown(1, expiry, None)]);
}

#[test]
fn a_claim_from_before_the_clock_was_set_back_does_not_run_until_its_time_comes_again() {
    let claimed_at = |second| given(vec![accepted(), rendered(Channel::Email), started(1, second)]);
    let back = 10_000;
    claimed_at(back + 60).when(sweep(1, UnknownPolicy::Hold, back)).then_expect_error(Refusal::StillRunning);
    claimed_at(back + 61)
        .when(sweep(1, UnknownPolicy::Hold, back))
        .then_expect_events(vec![outcome_unknown(1, back, None)]);
}

#[test]
fn an_outcome_that_is_known_or_said_to_be_unknown_is_not_marked_again() {
    let late = || sweep(1, UnknownPolicy::Hold, 99);
    given(vec![accepted()]).when(late()).then_expect_error(Refusal::OutcomeKnown);
    given(held()).when(late()).then_expect_error(Refusal::OutcomeKnown);
    given(resent()).when(late()).then_expect_error(Refusal::OutcomeKnown);
    for end in [succeeded(1, 2), failed(1, 2, Some(12))] {
        given(claimed()).and(vec![end]).when(late()).then_expect_error(Refusal::OutcomeKnown);
    }
}

#[test]
fn a_channel_without_a_plan_has_no_outcome_to_mark_or_resolve() {
    let events = || vec![accepted_with(vec![])];
    given(events()).when(mark(1, UnknownPolicy::Hold, 2)).then_expect_error(Refusal::NotPlanned);
    given(events()).when(resolve(Resolution::Drop, 2)).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn a_late_success_wins_over_a_hold() {
    given(held()).when(succeed(1, 9)).then_expect_events(vec![succeeded(1, 9)]);
    let events = [held(), vec![succeeded(1, 9)]].concat();
    assert_eq!(state_of(&events, Channel::Email), DeliveryState::Sent { attempt: 1, at: at(9) });
    given(events).when(resolve(Resolution::Resend, 10)).then_expect_error(Refusal::NothingToResolve);
}

#[test]
fn a_late_success_before_the_resend_stops_it() {
    let events = [claimed(), vec![outcome_unknown(1, 2, Some(2)), succeeded(1, 3)]].concat();
    given(events).when(start(2, 4)).then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn a_late_failure_resumes_the_schedule() {
    given(held()).when(fail(1, FailureClass::Retryable, 9)).then_expect_events(vec![failed(1, 9, Some(19))]);
    given(held())
        .and(vec![failed(1, 9, Some(19))])
        .when(start(2, 19))
        .then_expect_events(vec![started(2, 19)]);
}

#[test]
fn a_late_success_after_a_resend_is_recorded_while_the_resend_goes_on() {
    given(resent()).when(succeed(1, 4)).then_expect_events(vec![succeeded_late(1, 4, 2)]);
    given(resent())
        .and(vec![succeeded_late(1, 4, 2)])
        .when(succeed(2, 5))
        .then_expect_events(vec![succeeded(2, 5)]);
}

/// Attempt 1 was taken after all, and attempt 2 is under way.
fn sent_late() -> Vec<Event> {
    [resent(), vec![succeeded_late(1, 4, 2)]].concat()
}

#[test]
fn a_resend_cut_off_after_the_late_success_is_marked_unknown_and_the_delivery_stays_sent() {
    let expiry = 3 + CLAIM_SECONDS;
    let unknown = Event::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
        channel: Channel::Email,
        delivery_id: Some(delivery_id(Channel::Email)),
        attempt: 2,
        provider: Some("smtp".to_owned()),
        instance: Some(SMTP),
        cause: Some("smtp_timeout".to_owned()),
        resend_due: None,
        receipt_until: None,
        possible_duplicate: false,
        settles: true,
        at: at(expiry),
    });
    for policy in [UnknownPolicy::Hold, UnknownPolicy::ResendOnce] {
        given(sent_late()).when(sweep(2, policy, expiry - 1)).then_expect_error(Refusal::StillRunning);
        given(sent_late()).when(sweep(2, policy, expiry)).then_expect_events(vec![unknown.clone()]);
    }
    let after = [sent_late(), vec![unknown]].concat();
    assert_eq!(state_of(&after, Channel::Email), DeliveryState::Sent { attempt: 1, at: at(4) });
    given(after.clone()).when(sweep(2, UnknownPolicy::Hold, 999)).then_expect_error(Refusal::OutcomeKnown);
    given(after).when(resolve(Resolution::Resend, 999)).then_expect_error(Refusal::NothingToResolve);
}

#[test]
fn a_late_failure_does_not_undo_an_operators_delivered() {
    let delivered = [held(), vec![resolved(1, Resolution::Delivered, 4)]].concat();
    let before = state_of(&delivered, Channel::Email);
    for class in [FailureClass::Retryable, FailureClass::Permanent] {
        let Event::AttemptFailed(failure) = failed(1, 5, None) else { panic!("no failure") };
        let failure = Event::AttemptFailed(AttemptFailed { class, settles: true, ..failure });
        given(delivered.clone()).when(fail(1, class, 5)).then_expect_events(vec![failure.clone()]);
        let after = [delivered.clone(), vec![failure]].concat();
        assert_eq!(state_of(&after, Channel::Email), before);
        given(after).when(start(2, 99)).then_expect_error(Refusal::AttemptTaken);
    }
}

#[test]
fn a_late_failure_leaves_the_attempt_that_runs_alone() {
    given(resent()).when(fail(1, FailureClass::Permanent, 4)).then_expect_events(vec![Event::AttemptFailed(
        AttemptFailed {
            channel: Channel::Email,
            delivery_id: Some(delivery_id(Channel::Email)),
            attempt: 1,
            provider: Some("smtp".to_owned()),
            instance: Some(SMTP),
            class: FailureClass::Permanent,
            scope: Some(FailureScope::Message),
            cause: "smtp_451".to_owned(),
            answer: None,
            next_due: None,
            settles: false,
            at: at(4),
        },
    )]);
    let events = [resent(), vec![failed(1, 4, None)]].concat();
    let expires_at: Timestamp = at(3 + CLAIM_SECONDS);
    assert_eq!(state_of(&events, Channel::Email), DeliveryState::Attempting { attempt: 2, expires_at });
}

#[test]
fn a_failure_after_an_end_starts_nothing_new() {
    let sent = sent_late();
    let dropped = [held(), vec![resolved(1, Resolution::Drop, 4)]].concat();
    let skipped_then = [claimed(), vec![outcome_unknown(1, 2, Some(2)), skipped(Channel::Email, 3)]].concat();
    for (events, attempt, settles) in [(sent, 2, true), (dropped, 1, false), (skipped_then, 1, false)] {
        let Event::AttemptFailed(failure) = failed(attempt, 5, None) else { panic!("no failure") };
        let failure = Event::AttemptFailed(AttemptFailed { settles, ..failure });
        let before = state_of(&events, Channel::Email);
        given(events.clone())
            .when(fail(attempt, FailureClass::Retryable, 5))
            .then_expect_events(vec![failure.clone()]);
        let after = [events, vec![failure]].concat();
        assert_eq!(state_of(&after, Channel::Email), before);
    }
}

#[test]
fn an_operator_says_that_it_arrived() {
    let end = resolved(1, Resolution::Delivered, 5);
    given(held()).when(resolve(Resolution::Delivered, 5)).then_expect_events(vec![end.clone()]);
    let events = [held(), vec![end]].concat();
    assert_eq!(state_of(&events, Channel::Email), DeliveryState::Sent { attempt: 1, at: at(5) });
}

#[test]
fn an_operator_has_it_sent_again_as_a_possible_duplicate() {
    let again = resolved(1, Resolution::Resend, 5);
    given(held()).when(resolve(Resolution::Resend, 5)).then_expect_events(vec![again.clone()]);
    given(held()).and(vec![again]).when(start(2, 5)).then_expect_events(vec![started_in_doubt(2, 5)]);
}

#[test]
fn an_operator_gives_it_up() {
    let end = resolved(1, Resolution::Drop, 5);
    given(held()).when(resolve(Resolution::Drop, 5)).then_expect_events(vec![end.clone()]);
    let state = state_of(&[held(), vec![end]].concat(), Channel::Email);
    assert_eq!(state, DeliveryState::Abandoned { cause: "dropped".to_owned() });
}

#[test]
fn only_a_held_outcome_waits_for_an_operator() {
    let others = [
        vec![],
        vec![started(1, 1)],
        vec![started(1, 1), failed(1, 2, Some(12))],
        vec![started(1, 1), outcome_unknown(1, 2, Some(2))],
        vec![started(1, 1), succeeded(1, 2)],
        vec![started(1, 1), failed(1, 2, None), abandoned(1, 2)],
        vec![skipped(Channel::Email, 1)],
        vec![started(1, 1), outcome_unknown(1, 2, None), resolved(1, Resolution::Drop, 3)],
    ];
    for events in others {
        given(vec![accepted()])
            .and(events)
            .when(resolve(Resolution::Delivered, 9))
            .then_expect_error(Refusal::NothingToResolve);
    }
}
