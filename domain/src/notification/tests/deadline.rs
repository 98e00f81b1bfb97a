//! Given/when/then for deadlines: nothing is due from the deadline on, and what ends by it says so.

use super::attempts::{failed, start, started};
use super::unknown::{held_after, mark, outcome_unknown, resent};
use super::*;

/// The deadline of a command.
fn until(command: Command, second: i64) -> Command {
    let deadline = at(second);
    match command {
        Command::RecordFailure(failure) => Command::RecordFailure(RecordFailure { deadline, ..failure }),
        Command::MarkOutcomeUnknown(mark) => {
            Command::MarkOutcomeUnknown(MarkOutcomeUnknown { deadline, ..mark })
        }
        other => panic!("{other:?} has no deadline"),
    }
}

fn claimed() -> Vec<Event> {
    vec![accepted(), rendered(Channel::Email), started(1, 1)]
}

fn abandoned(cause: &str, second: i64) -> Event {
    let (channel, cause) = (Channel::Email, cause.to_owned());
    Event::DeliveryAbandoned(DeliveryAbandoned { channel, cause, attempts: 1, at: at(second) })
}

fn fail(class: FailureClass) -> Command {
    super::attempts::fail(1, class, 2)
}

#[test]
fn a_retry_that_would_be_due_at_the_deadline_is_a_dead_letter_now() {
    // The schedule's first delay is 10 seconds.
    given(claimed())
        .when(until(fail(FailureClass::Retryable), 12))
        .then_expect_events(vec![failed(1, 2, None), abandoned("expired", 2)]);
    given(claimed()).when(until(fail(FailureClass::Retryable), 13)).then_expect_events(vec![failed(
        1,
        2,
        Some(12),
    )]);
}

#[test]
fn a_resend_that_comes_to_its_deadline_leaves_the_outcome_unknown() {
    let fail = until(super::attempts::fail(2, FailureClass::Retryable, 4), 14);
    given(resent()).when(fail).then_expect_events(vec![failed(2, 4, None), held_after(2, "expired", 4)]);
}

#[test]
fn a_failure_for_good_keeps_its_own_cause_at_the_deadline() {
    let events = given(claimed()).when(until(fail(FailureClass::Permanent), 2)).inspect_result().unwrap();
    assert_eq!(events.last(), Some(&abandoned("smtp_451", 2)));
}

#[test]
fn what_would_be_sent_again_is_held_from_the_deadline_on() {
    let resend = |deadline| until(mark(1, UnknownPolicy::ResendOnce, 2), deadline);
    given(claimed()).when(resend(3)).then_expect_events(vec![outcome_unknown(1, 2, Some(2))]);
    given(claimed()).when(resend(2)).then_expect_events(vec![outcome_unknown(1, 2, None)]);
}

#[test]
fn a_deadline_is_the_plans_or_so_long_after_the_acceptance() {
    let Event::NotificationAccepted(accepted) = accepted() else { panic!("not accepted") };
    let mut accepted = (*accepted).clone();
    accepted.plan[0].expires_at = Some(at(7));
    let state = Notification::default().evolve(&Event::NotificationAccepted(Arc::new(accepted.clone())));
    let story = state.story().unwrap();
    let lifetime = std::time::Duration::from_mins(1);
    assert_eq!(story.deadline(Channel::Email, lifetime), at(7));
    assert_eq!(story.deadline(Channel::Push, lifetime), accepted.accepted_at.plus(lifetime));
    given(vec![Event::NotificationAccepted(Arc::new(accepted))])
        .when(start(1, 1))
        .then_expect_events(vec![rendered(Channel::Email), started(1, 1)]);
}
