//! Given/when/then for attempts: who may claim one, and what its success or failure makes happen.

use super::*;

pub(super) fn start(attempt: u32, second: i64) -> Command {
    start_with(attempt, second, Some(content(Channel::Email)))
}

fn start_with(attempt: u32, second: i64, rendered: Option<DeliveryRendered>) -> Command {
    start_on(Channel::Email, attempt, second, rendered)
}

fn start_on(channel: Channel, attempt: u32, second: i64, rendered: Option<DeliveryRendered>) -> Command {
    let (provider, expires_at) = ("smtp".to_owned(), at(second + CLAIM_SECONDS));
    Command::StartAttempt(StartAttempt {
        channel,
        attempt,
        provider,
        instance: SMTP,
        dedup: None,
        expires_at,
        rendered,
        at: at(second),
    })
}

pub(super) fn started(attempt: u32, second: i64) -> Event {
    claim(attempt, second, false)
}

pub(super) fn started_in_doubt(attempt: u32, second: i64) -> Event {
    claim(attempt, second, true)
}

fn claim(attempt: u32, second: i64, possible_duplicate: bool) -> Event {
    Event::AttemptStarted(AttemptStarted {
        channel: Channel::Email,
        delivery_id: Some(delivery_id(Channel::Email)),
        attempt,
        provider: "smtp".to_owned(),
        instance: Some(SMTP),
        dedup: None,
        expires_at: at(second + CLAIM_SECONDS),
        possible_duplicate,
        at: at(second),
    })
}

pub(super) fn succeed(attempt: u32, second: i64) -> Command {
    Command::RecordSuccess(RecordSuccess {
        channel: Channel::Email,
        attempt,
        provider_message_id: Some("message-1".to_owned()),
        answer: Some(sealed("250 taken")),
        at: at(second),
    })
}

pub(super) fn succeeded(attempt: u32, second: i64) -> Event {
    succeeded_beside(attempt, second, None)
}

/// Taken, while a later attempt, claimed a second before, is under way.
pub(super) fn succeeded_late(attempt: u32, second: i64, later: u32) -> Event {
    let expires_at = at(second - 1 + CLAIM_SECONDS);
    succeeded_beside(attempt, second, Some(OpenAttempt { attempt: later, expires_at }))
}

fn succeeded_beside(attempt: u32, second: i64, still_open: Option<OpenAttempt>) -> Event {
    Event::AttemptSucceeded(AttemptSucceeded {
        channel: Channel::Email,
        delivery_id: Some(delivery_id(Channel::Email)),
        attempt,
        provider: "smtp".to_owned(),
        instance: Some(SMTP),
        provider_message_id: Some("message-1".to_owned()),
        answer: Some(sealed("250 taken")),
        still_open,
        at: at(second),
    })
}

/// The schedule of these tests: two retries, 10 s and 60 s after the failure.
pub(super) fn schedule() -> RetrySchedule {
    RetrySchedule::new([10, 60].map(std::time::Duration::from_secs).to_vec())
}

pub(super) fn fail(attempt: u32, class: FailureClass, second: i64) -> Command {
    fail_on(Channel::Email, attempt, class, second)
}

fn fail_on(channel: Channel, attempt: u32, class: FailureClass, second: i64) -> Command {
    Command::RecordFailure(RecordFailure {
        channel,
        attempt,
        class,
        scope: FailureScope::Message,
        then: AfterFailure::Schedule,
        cause: "smtp_451".to_owned(),
        answer: None,
        retry_after: None,
        schedule: schedule(),
        jitter: Jitter::NONE,
        deadline: far(),
        at: at(second),
    })
}

pub(super) fn failed(attempt: u32, second: i64, next_due: Option<i64>) -> Event {
    failed_as(FailureClass::Retryable, attempt, second, next_due)
}

fn failed_as(class: FailureClass, attempt: u32, second: i64, next_due: Option<i64>) -> Event {
    Event::AttemptFailed(AttemptFailed {
        channel: Channel::Email,
        delivery_id: Some(delivery_id(Channel::Email)),
        attempt,
        provider: Some("smtp".to_owned()),
        instance: Some(SMTP),
        class,
        scope: Some(FailureScope::Message),
        cause: "smtp_451".to_owned(),
        answer: None,
        next_due: next_due.map(at),
        settles: false,
        at: at(second),
    })
}

pub(super) fn abandoned(attempts: u32, second: i64) -> Event {
    let (channel, cause) = (Channel::Email, "smtp_451".to_owned());
    Event::DeliveryAbandoned(DeliveryAbandoned { channel, cause, attempts, at: at(second) })
}

#[test]
fn the_first_claim_brings_the_content() {
    given(vec![accepted()])
        .when(start(1, 1))
        .then_expect_events(vec![rendered(Channel::Email), started(1, 1)]);
}

#[test]
fn a_claim_without_content_is_refused_until_it_is_rendered() {
    let claim = || start_with(1, 1, None);
    given(vec![accepted()]).when(claim()).then_expect_error(Refusal::NotRendered);
    given(vec![accepted(), rendered(Channel::Email)]).when(claim()).then_expect_events(vec![started(1, 1)]);
}

#[test]
fn a_claim_with_another_channels_content_is_refused() {
    let claim = start_with(1, 1, Some(content(Channel::Push)));
    given(vec![accepted()]).when(claim).then_expect_error(Refusal::NotRendered);
}

#[test]
fn a_channel_is_rendered_once() {
    let events = vec![accepted(), rendered(Channel::Email), started(1, 1), failed(1, 2, Some(12))];
    given(events).when(start(2, 12)).then_expect_events(vec![started(2, 12)]);
}

#[test]
fn the_loser_of_a_claim_is_refused() {
    let claimed = vec![accepted(), started(1, 1)];
    given(claimed.clone()).when(start(1, 1)).then_expect_error(Refusal::AttemptTaken);
    given(claimed).when(start(2, 1)).then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn a_loser_that_comes_late_is_told_that_the_attempt_is_taken() {
    let events = vec![accepted(), started(1, 1), failed(1, 2, Some(12))];
    given(events.clone()).when(start(1, 3)).then_expect_error(Refusal::AttemptTaken);
    given(events).when(start(1, 13)).then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn attempts_are_claimed_in_order() {
    given(vec![accepted()]).when(start(2, 1)).then_expect_error(Refusal::AttemptTaken);
    given(vec![accepted()]).when(start(0, 1)).then_expect_error(Refusal::AttemptTaken);
    let waiting = vec![accepted(), started(1, 1), failed(1, 2, Some(12))];
    given(waiting).when(start(3, 12)).then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn a_retry_is_refused_before_it_is_due() {
    let events = vec![accepted(), rendered(Channel::Email), started(1, 1), failed(1, 2, Some(12))];
    given(events.clone()).when(start(2, 11)).then_expect_error(Refusal::NotDue);
    given(events).when(start(2, 12)).then_expect_events(vec![started(2, 12)]);
}

#[test]
fn an_ended_delivery_is_not_attempted_again() {
    let ends = [
        vec![started(1, 1), succeeded(1, 2)],
        vec![started(1, 1), failed(1, 2, None), abandoned(1, 2)],
        vec![started(1, 1), unknown::outcome_unknown(1, 2, None)],
        vec![skipped(Channel::Email, 1)],
    ];
    for end in ends {
        let next = u32::try_from(end.iter().filter(|e| e.name() == "AttemptStarted").count()).unwrap() + 1;
        given(vec![accepted()]).and(end).when(start(next, 9)).then_expect_error(Refusal::AttemptTaken);
    }
}

#[test]
fn a_channel_that_is_not_planned_is_not_attempted() {
    let claim = || start_on(Channel::Sms, 1, 1, Some(content(Channel::Sms)));
    given(vec![accepted()]).when(claim()).then_expect_error(Refusal::NotPlanned);
    given(vec![accepted_with(vec![])]).when(claim()).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn a_success_is_recorded_with_the_provider_that_claimed() {
    let events = vec![accepted(), started(1, 1)];
    given(events.clone()).when(succeed(1, 2)).then_expect_events(vec![succeeded(1, 2)]);
    let sent = [events, vec![succeeded(1, 2)]].concat();
    assert_eq!(state_of(&sent, Channel::Email), DeliveryState::Sent { attempt: 1, at: at(2) });
}

#[test]
fn an_answer_to_no_attempt_is_refused() {
    let events = || vec![accepted(), started(1, 1)];
    given(events()).when(succeed(2, 2)).then_expect_error(Refusal::NoSuchAttempt);
    given(events()).when(succeed(0, 2)).then_expect_error(Refusal::NoSuchAttempt);
    given(events()).when(fail(2, FailureClass::Retryable, 2)).then_expect_error(Refusal::NoSuchAttempt);
    given(events())
        .when(fail(u32::MAX, FailureClass::Retryable, 2))
        .then_expect_error(Refusal::NoSuchAttempt);
}

#[test]
fn an_attempt_ends_once() {
    let sent = || vec![accepted(), started(1, 1), succeeded(1, 2)];
    given(sent()).when(succeed(1, 3)).then_expect_error(Refusal::OutcomeKnown);
    given(sent()).when(fail(1, FailureClass::Permanent, 3)).then_expect_error(Refusal::OutcomeKnown);
    let waiting = || vec![accepted(), started(1, 1), failed(1, 2, Some(12))];
    given(waiting()).when(succeed(1, 3)).then_expect_error(Refusal::OutcomeKnown);
    given(waiting()).when(fail(1, FailureClass::Retryable, 3)).then_expect_error(Refusal::OutcomeKnown);
}

#[test]
fn an_answer_on_a_channel_without_a_plan_is_refused() {
    let events = || vec![accepted_with(vec![])];
    given(events()).when(succeed(1, 2)).then_expect_error(Refusal::NotPlanned);
    given(events()).when(fail(1, FailureClass::Retryable, 2)).then_expect_error(Refusal::NotPlanned);
    given(events()).when(fail(0, FailureClass::Permanent, 2)).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn a_retryable_failure_names_the_next_due_time() {
    given(vec![accepted(), started(1, 1)])
        .when(fail(1, FailureClass::Retryable, 2))
        .then_expect_events(vec![failed(1, 2, Some(12))]);
}

#[test]
fn what_the_provider_asks_moves_the_due_time() {
    let Command::RecordFailure(mut asked) = fail(1, FailureClass::Retryable, 2) else { unreachable!() };
    asked.retry_after = Some(std::time::Duration::from_secs(15));
    given(vec![accepted(), started(1, 1)])
        .when(Command::RecordFailure(asked))
        .then_expect_events(vec![failed(1, 2, Some(17))]);
}

#[test]
fn a_permanent_failure_abandons_the_delivery() {
    let events = vec![accepted(), started(1, 1)];
    let end = vec![failed_as(FailureClass::Permanent, 1, 2, None), abandoned(1, 2)];
    given(events.clone()).when(fail(1, FailureClass::Permanent, 2)).then_expect_events(end.clone());
    let cause = "smtp_451".to_owned();
    assert_eq!(state_of(&[events, end].concat(), Channel::Email), DeliveryState::Abandoned { cause });
}

#[test]
fn the_last_failure_of_the_schedule_abandons_the_delivery() {
    let mut events = vec![accepted()];
    for attempt in 1..=2 {
        events.extend([started(attempt, 1), failed(attempt, 2, Some(3))]);
    }
    events.push(started(3, 4));
    given(events)
        .when(fail(3, FailureClass::Retryable, 5))
        .then_expect_events(vec![failed(3, 5, None), abandoned(3, 5)]);
}

#[test]
fn a_failure_before_the_first_attempt_abandons_the_delivery() {
    given(vec![accepted()])
        .when(fail(0, FailureClass::Permanent, 1))
        .then_expect_events(vec![abandoned(0, 1)]);
}

#[test]
fn a_failure_between_two_attempts_abandons_the_delivery() {
    let waiting = || vec![accepted(), started(1, 1), failed(1, 2, Some(12))];
    given(waiting()).when(fail(0, FailureClass::Permanent, 3)).then_expect_error(Refusal::NotDue);
    given(waiting()).when(fail(0, FailureClass::Permanent, 12)).then_expect_events(vec![abandoned(1, 12)]);
}

#[test]
fn a_failure_without_an_attempt_is_refused_where_none_may_start() {
    let failure = || fail(0, FailureClass::Permanent, 3);
    given(vec![accepted(), started(1, 1)]).when(failure()).then_expect_error(Refusal::AttemptTaken);
    given(vec![accepted(), started(1, 1), succeeded(1, 2)])
        .when(failure())
        .then_expect_error(Refusal::AttemptTaken);
    given(vec![accepted()])
        .when(fail_on(Channel::Sms, 0, FailureClass::Permanent, 3))
        .then_expect_error(Refusal::NotPlanned);
}

/// A failure that speaks of this, with what follows it.
fn fail_as(attempt: u32, second: i64, scope: FailureScope, then: AfterFailure) -> Command {
    let Command::RecordFailure(failure) = fail(attempt, FailureClass::Retryable, second) else {
        unreachable!()
    };
    Command::RecordFailure(RecordFailure { scope, then, ..failure })
}

/// The delay until the next attempt after each of these failures in a row, in seconds; `None` for a dead letter.
fn delays(failures: &[(FailureScope, AfterFailure)]) -> Vec<Option<u64>> {
    let act = |state: Notification, command| {
        let events = state.decide(command).unwrap();
        events.iter().fold(state, Notification::evolve)
    };
    let mut state = folded(&[accepted()]);
    let (mut second, mut delays) = (0, Vec::new());
    for (attempt, (scope, then)) in (1..).zip(failures) {
        second += 1_000;
        state = act(state, start(attempt, second));
        state = act(state, fail_as(attempt, second, *scope, *then));
        delays.push(match state.delivery(Channel::Email).unwrap().state {
            DeliveryState::Waiting { due, .. } => Some(due.since(at(second)).as_secs()),
            _ => None,
        });
    }
    delays
}

#[test]
fn providers_asked_in_turn_use_up_one_round_of_the_schedule() {
    use AfterFailure::{OtherProvider, Schedule};
    use FailureScope::{Message, Pairing, Provider, Throttled};
    // The schedule waits 10 s and 60 s.
    assert_eq!(delays(&[(Message, Schedule); 3]), [Some(10), Some(60), None]);
    let (next, last) = ((Provider, OtherProvider), (Message, Schedule));
    assert_eq!(
        delays(&[next, next, next, last, next, next, last, (Pairing, OtherProvider), last]),
        [Some(0), Some(0), Some(0), Some(10), Some(0), Some(0), Some(60), Some(0), None]
    );
    let throttled = (Throttled, Schedule);
    assert_eq!(
        delays(&[throttled, throttled, last, throttled, last, throttled, last]),
        [Some(30), Some(30), Some(10), Some(30), Some(60), Some(30), None]
    );
}

#[test]
fn a_delivery_that_is_throttled_for_ever_ends() {
    use AfterFailure::{OtherProvider, Schedule};
    use FailureScope::{Provider, Throttled};
    let told = delays(&[(Throttled, Schedule); 512]);
    assert_eq!((told.len(), told[510], told[511]), (512, Some(30), None));
    // Whatever else it met meanwhile.
    for other in [(Throttled, OtherProvider), (Provider, OtherProvider)] {
        let both: Vec<_> = [(Throttled, Schedule), other].into_iter().cycle().take(512).collect();
        let told = delays(&both);
        assert_eq!((told[510], told[511]), (Some(30), None), "{other:?}");
    }
}

#[test]
fn of_an_event_of_a_test_key_the_sandbox_alone_may_carry_an_attempt() {
    let Event::NotificationAccepted(live) = accepted() else { unreachable!() };
    let test = Event::NotificationAccepted(Arc::new(Accepted { testing: true, ..(*live).clone() }));
    given(vec![test.clone()]).when(start(1, 1)).then_expect_error(Refusal::SandboxOnly);
    let Command::StartAttempt(by_smtp) = start(1, 1) else { unreachable!() };
    let (provider, instance) = (SANDBOX.to_owned(), SANDBOX_INSTANCE);
    let by_sandbox = Command::StartAttempt(StartAttempt { provider: provider.clone(), instance, ..by_smtp });
    let Event::AttemptStarted(carried) = started(1, 1) else { unreachable!() };
    let carried = Event::AttemptStarted(AttemptStarted { provider, instance: Some(instance), ..carried });
    given(vec![test]).when(by_sandbox).then_expect_events(vec![rendered(Channel::Email), carried]);
}
