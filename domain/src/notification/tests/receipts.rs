//! Given/when/then for receipts: out of order, repeated, and before the outcome is known.

use super::*;

const EMAIL: Channel = Channel::Email;
/// The kind that carries the attempts of these tests.
const KIND: &str = "smtp";

fn reference(number: u8) -> ReceiptRef {
    ReceiptRef::from_bytes([number; 32])
}

fn receipt(says: ReceiptSays, number: u8, second: i64) -> RecordReceipt {
    RecordReceipt {
        channel: EMAIL,
        provider: KIND.to_owned(),
        instances: vec![SMTP],
        says,
        event_ref: reference(number),
        cause: (says == ReceiptSays::Bounced).then(|| "resend_bounce".to_owned()),
        provider_message_id: None,
        answer: None,
        occurred_at: at(second),
        at: at(second),
    }
}

fn record(receipt: &RecordReceipt) -> Command {
    Command::RecordReceipt(receipt.clone())
}

fn recorded(receipt: &RecordReceipt, attempt: u32, proves: bool, still_open: Option<OpenAttempt>) -> Event {
    Event::ReceiptRecorded(ReceiptRecorded {
        channel: receipt.channel,
        delivery_id: delivery_id(receipt.channel),
        attempt,
        provider: receipt.provider.clone(),
        instance: receipt.instances[0],
        receipt: receipt.says,
        event_ref: receipt.event_ref,
        cause: receipt.cause.clone(),
        provider_message_id: receipt.provider_message_id.clone(),
        answer: None,
        proves,
        still_open,
        occurred_at: receipt.occurred_at,
        at: receipt.at,
    })
}

fn sent(attempt: u32, second: i64) -> DeliveryState {
    DeliveryState::Sent { attempt, at: at(second) }
}

/// Every state of a delivery whose first attempt has no outcome, and what led to it.
fn without_an_outcome() -> Vec<Vec<Event>> {
    let begun = vec![accepted(), attempts::started(1, 1)];
    let with = |more: Vec<Event>| [begun.clone(), more].concat();
    vec![
        begun.clone(),
        with(vec![unknown::outcome_unknown(1, 40, Some(40))]),
        with(vec![unknown::outcome_unknown(1, 40, None)]),
    ]
}

#[test]
fn a_receipt_settles_an_attempt_without_an_outcome_whatever_the_delivery_waits_for() {
    for says in ReceiptSays::ALL {
        for events in without_an_outcome() {
            let receipt = receipt(says, 1, 50);
            let proof = recorded(&receipt, 1, true, None);
            given(events.clone()).when(record(&receipt)).then_expect_events(vec![proof.clone()]);
            let after = [events, vec![proof]].concat();
            assert_eq!(state_of(&after, EMAIL), sent(1, 50));
            given(after.clone()).when(attempts::start(2, 60)).then_expect_error(Refusal::AttemptTaken);
            given(after.clone())
                .when(unknown::mark(1, UnknownPolicy::ResendOnce, 90))
                .then_expect_error(Refusal::OutcomeKnown);
            given(after.clone())
                .when(unknown::resolve(Resolution::Resend, 90))
                .then_expect_error(Refusal::NothingToResolve);
            given(after)
                .when(attempts::fail(1, FailureClass::Retryable, 90))
                .then_expect_error(Refusal::OutcomeKnown);
        }
    }
}

#[test]
fn a_success_after_its_receipt_is_recorded_once_and_keeps_the_receipt() {
    let receipt = receipt(ReceiptSays::Delivered, 1, 5);
    let events = vec![accepted(), attempts::started(1, 1), recorded(&receipt, 1, true, None)];
    given(events.clone()).when(attempts::succeed(1, 6)).then_expect_events(vec![attempts::succeeded(1, 6)]);
    let after = [events, vec![attempts::succeeded(1, 6)]].concat();
    assert_eq!(state_of(&after, EMAIL), sent(1, 6));
    assert_eq!(folded(&after).delivery(EMAIL).unwrap().receipt().unwrap().says, ReceiptSays::Delivered);
    given(after).when(attempts::succeed(1, 7)).then_expect_error(Refusal::OutcomeKnown);
}

#[test]
fn a_repeated_receipt_says_nothing_new() {
    let first = receipt(ReceiptSays::Delivered, 1, 5);
    let events = vec![accepted(), attempts::started(1, 1), recorded(&first, 1, true, None)];
    given(events).when(record(&receipt(ReceiptSays::Delivered, 1, 9))).then_expect_events(vec![]);
}

#[test]
fn receipts_in_any_order_tell_the_same() {
    let (bounced, delivered, complained) = (
        receipt(ReceiptSays::Bounced, 1, 30),
        receipt(ReceiptSays::Delivered, 2, 20),
        receipt(ReceiptSays::Complained, 3, 10),
    );
    let told = |receipts: &[&RecordReceipt]| {
        let mut events = vec![accepted(), attempts::started(1, 1), attempts::succeeded(1, 2)];
        events.extend(receipts.iter().map(|receipt| recorded(receipt, 1, false, None)));
        folded(&events).delivery(EMAIL).unwrap().receipt().unwrap().says
    };
    assert_eq!(told(&[&bounced, &delivered]), ReceiptSays::Bounced);
    assert_eq!(told(&[&delivered, &bounced]), ReceiptSays::Bounced);
    assert_eq!(told(&[&complained, &delivered, &bounced]), ReceiptSays::Complained);
    let earlier = receipt(ReceiptSays::Undelivered, 4, 15);
    assert_eq!(told(&[&delivered, &earlier]), ReceiptSays::Delivered, "the last by the provider's time");
}

#[test]
fn a_receipt_of_a_known_outcome_is_recorded_and_changes_no_state() {
    let success = vec![accepted(), attempts::started(1, 1), attempts::succeeded(1, 2)];
    let bounced = receipt(ReceiptSays::Bounced, 1, 9);
    let after = recorded(&bounced, 1, false, None);
    given(success.clone()).when(record(&bounced)).then_expect_events(vec![after.clone()]);
    assert_eq!(state_of(&[success.clone(), vec![after]].concat(), EMAIL), sent(1, 2));
    let deferred = receipt(ReceiptSays::Deferred, 1, 9);
    given(success).when(record(&deferred)).then_expect_events(vec![]);
    let retried = vec![accepted(), attempts::started(1, 1), attempts::failed(1, 2, Some(10))];
    let waits = state_of(&retried, EMAIL);
    given(retried.clone())
        .when(record(&bounced))
        .then_expect_events(vec![recorded(&bounced, 1, false, None)]);
    assert_eq!(state_of(&[retried, vec![recorded(&bounced, 1, false, None)]].concat(), EMAIL), waits);
}

#[test]
fn a_receipt_is_of_the_attempt_of_its_id_and_else_of_the_last_one_of_its_entry_without_an_outcome() {
    let resent = vec![
        accepted(),
        attempts::started(1, 1),
        unknown::outcome_unknown(1, 40, Some(40)),
        attempts::started(2, 41),
    ];
    let open = |attempt, second: i64| Some(OpenAttempt { attempt, expires_at: at(second + CLAIM_SECONDS) });
    let by_entry = receipt(ReceiptSays::Delivered, 1, 50);
    let proof = recorded(&by_entry, 2, true, None);
    given(resent.clone()).when(record(&by_entry)).then_expect_events(vec![proof.clone()]);
    // The first attempt's outcome is still unknown, and the delivery has ended.
    let second = receipt(ReceiptSays::Delivered, 2, 51);
    let after = [resent.clone(), vec![proof]].concat();
    given(after).when(record(&second)).then_expect_events(vec![recorded(&second, 1, true, None)]);
    let first = recorded(
        &RecordReceipt { provider_message_id: Some("m".to_owned()), ..by_entry },
        1,
        true,
        open(2, 41),
    );
    let known = [resent, vec![first]].concat();
    let by_id =
        RecordReceipt { provider_message_id: Some("m".to_owned()), ..receipt(ReceiptSays::Bounced, 2, 60) };
    given(known).when(record(&by_id)).then_expect_events(vec![recorded(&by_id, 1, false, None)]);
}

#[test]
fn a_receipt_of_an_entry_that_carried_nothing_is_refused() {
    let events = vec![accepted(), attempts::started(1, 1)];
    let other = RecordReceipt {
        provider: "resend".to_owned(),
        instances: vec![OTHER],
        ..receipt(ReceiptSays::Delivered, 1, 9)
    };
    given(events.clone()).when(record(&other)).then_expect_error(Refusal::NoSuchAttempt);
    let of_the_kind = RecordReceipt { instances: vec![OTHER], ..receipt(ReceiptSays::Delivered, 1, 9) };
    given(events).when(record(&of_the_kind)).then_expect_error(Refusal::NoSuchAttempt);
}

#[test]
fn an_attempt_that_arrived_although_its_answer_said_otherwise_is_not_made_again() {
    let waits = vec![accepted(), attempts::started(1, 1), attempts::failed(1, 2, Some(12))];
    for says in [ReceiptSays::Deferred, ReceiptSays::Delivered] {
        let taken = receipt(says, 1, 9);
        given(waits.clone()).when(record(&taken)).then_expect_events(vec![recorded(&taken, 1, true, None)]);
    }
    let events =
        [waits.clone(), vec![recorded(&receipt(ReceiptSays::Delivered, 1, 9), 1, true, None)]].concat();
    assert_eq!(folded(&events).delivery(EMAIL).unwrap().state, sent(1, 9));
    let undelivered = receipt(ReceiptSays::Undelivered, 1, 9);
    given(waits).when(record(&undelivered)).then_expect_events(vec![recorded(&undelivered, 1, false, None)]);
    let again =
        [accepted(), attempts::started(1, 1), attempts::failed(1, 2, Some(12)), attempts::started(2, 12)];
    let late = receipt(ReceiptSays::Delivered, 1, 13);
    given(again.to_vec()).when(record(&late)).then_expect_events(vec![recorded(&late, 2, true, None)]);
}

#[test]
fn a_receipt_of_what_was_never_sent_is_refused() {
    let receipt = receipt(ReceiptSays::Delivered, 1, 9);
    given(vec![]).when(record(&receipt)).then_expect_error(Refusal::NotAccepted);
    given(vec![accepted()]).when(record(&receipt)).then_expect_error(Refusal::NoSuchAttempt);
    given(vec![accepted_with(vec![])]).when(record(&receipt)).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn receipts_of_a_delivery_are_bounded() {
    let mut events = vec![accepted(), attempts::started(1, 1), attempts::succeeded(1, 2)];
    events
        .extend((0..64).map(|number| recorded(&receipt(ReceiptSays::Complained, number, 9), 1, false, None)));
    given(events).when(record(&receipt(ReceiptSays::Complained, 64, 9))).then_expect_events(vec![]);
}

#[test]
fn a_message_that_an_operator_dropped_was_sent_where_its_receipt_says_so() {
    let events = vec![
        accepted(),
        attempts::started(1, 1),
        unknown::outcome_unknown(1, 40, None),
        unknown::resolved(1, Resolution::Drop, 50),
    ];
    let receipt = receipt(ReceiptSays::Delivered, 1, 60);
    given(events.clone()).when(record(&receipt)).then_expect_events(vec![recorded(&receipt, 1, true, None)]);
    assert_eq!(state_of(&[events, vec![recorded(&receipt, 1, true, None)]].concat(), EMAIL), sent(1, 60));
}

#[test]
fn of_entries_that_share_a_secret_the_attempt_tells_which_one_a_receipt_is_of() {
    let Event::AttemptStarted(second) = attempts::started(2, 12) else { unreachable!() };
    let second = Event::AttemptStarted(AttemptStarted { instance: Some(OTHER), ..second });
    let events = vec![accepted(), attempts::started(1, 1), attempts::failed(1, 2, Some(12)), second];
    let both = RecordReceipt { instances: vec![SMTP, OTHER], ..receipt(ReceiptSays::Delivered, 1, 20) };
    let Event::ReceiptRecorded(of_second) = recorded(&both, 2, true, None) else { unreachable!() };
    let of_second = Event::ReceiptRecorded(ReceiptRecorded { instance: OTHER, ..of_second });
    given(events).when(record(&both)).then_expect_events(vec![of_second]);
}
