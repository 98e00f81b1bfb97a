//! Given/when/then for the notification: acceptance, pushes, skips and reading; attempts and unknown outcomes have
//! files of their own.
//!
//! The notification of these tests plans EMAIL and PUSH and skips SMS for want of a number.

mod attempts;
mod deadline;
mod plan;
mod properties;
mod receipts;
mod requeue;
mod still_unknown;
mod unknown;

use std::sync::Arc;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;
use crate::channel::Channel;
use crate::id::{
    AddressRef, DedupKey, DeliveryId, EventId, Fingerprint, NotificationId, ProviderInstanceId, ReceiptRef,
    RecipientRef, RedriveId, TemplateId,
};
use crate::provider::{Dedup, HUB, HUB_INSTANCE, SANDBOX, SANDBOX_INSTANCE};
use crate::retry::{Jitter, RetrySchedule};
use crate::sample::{at, sealed, tenant};
use crate::text::{EventTypeName, TenantName};
use crate::timestamp::Timestamp;

type Event = NotificationEvent;
type Command = NotificationCommand;
type Refusal = NotificationRefusal;

const RECIPIENT: RecipientRef = RecipientRef::from_bytes([1; 32]);
const ADDRESS: AddressRef = AddressRef::from_bytes([2; 32]);
/// The instance that carries the attempts of these tests, and another one.
const SMTP: ProviderInstanceId = ProviderInstanceId::from_uuid(Uuid::from_u128(25));
const OTHER: ProviderInstanceId = ProviderInstanceId::from_uuid(Uuid::from_u128(26));
/// How long after its claim an attempt of these tests may start its call.
const CLAIM_SECONDS: i64 = 30;

fn given(events: Vec<Event>) -> AggregateTestExecutor<Notification> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[Event]) -> Notification {
    events.iter().fold(Notification::default(), Notification::evolve)
}

fn state_of(events: &[Event], channel: Channel) -> DeliveryState {
    folded(events).delivery(channel).unwrap().state.clone()
}

fn template() -> TemplateRef {
    TemplateRef { tenant_id: tenant(), template_id: TemplateId::from_uuid(Uuid::from_u128(3)), version: 1 }
}

/// A deadline that no test comes to.
fn far() -> Timestamp {
    at(9_000_000_000)
}

fn planned(channel: Channel) -> PlannedChannel {
    line(channel, PlanOutcome::Planned { template: template() })
}

fn line(channel: Channel, outcome: PlanOutcome) -> PlannedChannel {
    PlannedChannel {
        channel,
        delivery_id: delivery_id(channel),
        outcome,
        address_ref: (channel == Channel::Email).then_some(ADDRESS),
        expires_at: None,
    }
}

fn delivery_id(channel: Channel) -> DeliveryId {
    let event = EventId::parse("evt-1").unwrap();
    DeliveryId::of(NotificationId::of_event(tenant(), &event), channel)
}

fn accepted_with(plan: Vec<PlannedChannel>) -> Event {
    Event::NotificationAccepted(Arc::new(Accepted {
        event_id: None,
        event_type: EventTypeName::parse("order.confirmed").unwrap(),
        tenant_name: TenantName::parse("Shop").unwrap(),
        recipient_ref: RECIPIENT,
        fingerprint: Fingerprint::from_bytes([4; 32]),
        accepted_at: at(0),
        testing: false,
        recipient: sealed("recipient"),
        variables: None,
        plan,
    }))
}

fn accepted() -> Event {
    accepted_with(vec![
        planned(Channel::Email),
        line(Channel::Sms, PlanOutcome::Skipped { reason: SkipReason::NoAddress }),
        planned(Channel::Push),
    ])
}

fn trigger() -> Command {
    let Event::NotificationAccepted(accepted) = accepted() else { unreachable!() };
    Command::Trigger(TriggerNotification { accepted })
}

fn content(channel: Channel) -> DeliveryRendered {
    let category = (channel == Channel::Push).then(|| "orders".to_owned());
    DeliveryRendered { channel, content: sealed("content"), missing: vec![], category, at: at(0) }
}

fn rendered(channel: Channel) -> Event {
    Event::DeliveryRendered(content(channel))
}

fn deliver_push(second: i64) -> Command {
    Command::DeliverPush(DeliverPush { rendered: content(Channel::Push), at: at(second) })
}

fn pushed(second: i64) -> Vec<Event> {
    vec![
        rendered(Channel::Push),
        Event::AttemptStarted(AttemptStarted {
            channel: Channel::Push,
            delivery_id: Some(delivery_id(Channel::Push)),
            attempt: 1,
            provider: HUB.to_owned(),
            instance: Some(HUB_INSTANCE),
            dedup: Some(Dedup::FOR_EVER),
            expires_at: at(second),
            possible_duplicate: false,
            at: at(second),
        }),
        Event::AttemptSucceeded(AttemptSucceeded {
            channel: Channel::Push,
            delivery_id: Some(delivery_id(Channel::Push)),
            attempt: 1,
            provider: HUB.to_owned(),
            instance: Some(HUB_INSTANCE),
            provider_message_id: None,
            answer: None,
            still_open: None,
            at: at(second),
        }),
    ]
}

fn skip(channel: Channel, second: i64) -> Command {
    Command::Skip(SkipDelivery { channel, reason: SkipReason::TenantInactive, at: at(second) })
}

fn skipped(channel: Channel, second: i64) -> Event {
    Event::DeliverySkipped(DeliverySkipped { channel, reason: SkipReason::TenantInactive, at: at(second) })
}

fn read_by(recipient: RecipientRef, second: i64) -> Command {
    Command::MarkRead(MarkRead { recipient, at: at(second) })
}

fn read(second: i64) -> Event {
    Event::NotificationRead(NotificationRead { at: at(second) })
}

#[test]
fn a_first_trigger_is_accepted() {
    given(vec![]).when(trigger()).then_expect_events(vec![accepted()]);
}

#[test]
fn the_same_event_is_not_accepted_twice() {
    given(vec![accepted()]).when(trigger()).then_expect_error(Refusal::AlreadyAccepted);
}

#[test]
fn nothing_can_be_asked_of_an_event_that_was_never_accepted() {
    for command in [
        attempts::start(1, 1),
        deliver_push(1),
        attempts::succeed(1, 1),
        attempts::fail(1, FailureClass::Retryable, 1),
        unknown::mark(1, UnknownPolicy::Hold, 1),
        unknown::resolve(Resolution::Drop, 1),
        skip(Channel::Email, 1),
        read_by(RECIPIENT, 1),
    ] {
        given(vec![]).when(command).then_expect_error(Refusal::NotAccepted);
    }
}

#[test]
fn every_channel_has_a_state_from_acceptance_on() {
    let events = [accepted()];
    assert_eq!(state_of(&events, Channel::Email), DeliveryState::Planned);
    assert_eq!(state_of(&events, Channel::Sms), DeliveryState::Skipped { reason: SkipReason::NoAddress });
    assert_eq!(state_of(&events, Channel::Push), DeliveryState::Planned);
}

#[test]
fn a_push_is_rendered_attempted_and_delivered_at_once() {
    given(vec![accepted()]).when(deliver_push(1)).then_expect_events(pushed(1));
}

#[test]
fn a_push_is_delivered_once() {
    let mut events = vec![accepted()];
    events.extend(pushed(1));
    given(events).when(deliver_push(2)).then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn a_push_that_is_not_planned_is_refused() {
    let plan = vec![line(Channel::Push, PlanOutcome::Skipped { reason: SkipReason::NoTemplate })];
    given(vec![accepted_with(plan)]).when(deliver_push(1)).then_expect_error(Refusal::NotPlanned);
    given(vec![accepted_with(vec![])]).when(deliver_push(1)).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn a_push_takes_no_other_channels_content() {
    let push = DeliverPush { rendered: content(Channel::Email), at: at(1) };
    given(vec![accepted()]).when(Command::DeliverPush(push)).then_expect_error(Refusal::NotRendered);
}

#[test]
fn a_planned_delivery_can_be_skipped_when_its_turn_comes() {
    let after = vec![skipped(Channel::Email, 1)];
    given(vec![accepted()]).when(skip(Channel::Email, 1)).then_expect_events(after);
}

#[test]
fn a_retry_can_be_skipped_once_it_is_due() {
    let events = vec![accepted(), attempts::started(1, 1), attempts::failed(1, 2, Some(10))];
    given(events.clone()).when(skip(Channel::Email, 9)).then_expect_error(Refusal::NotDue);
    given(events).when(skip(Channel::Email, 10)).then_expect_events(vec![skipped(Channel::Email, 10)]);
}

#[test]
fn a_claimed_or_ended_delivery_cannot_be_skipped() {
    let claimed = vec![accepted(), attempts::started(1, 1)];
    given(claimed.clone()).when(skip(Channel::Email, 2)).then_expect_error(Refusal::AttemptTaken);
    given(claimed)
        .and(vec![attempts::succeeded(1, 2)])
        .when(skip(Channel::Email, 3))
        .then_expect_error(Refusal::AttemptTaken);
    given(vec![accepted(), skipped(Channel::Email, 1)])
        .when(skip(Channel::Email, 2))
        .then_expect_error(Refusal::AttemptTaken);
}

#[test]
fn a_channel_skipped_by_the_plan_cannot_be_skipped_again() {
    given(vec![accepted()]).when(skip(Channel::Sms, 1)).then_expect_error(Refusal::NotPlanned);
}

#[test]
fn its_recipient_reads_it_in_the_inbox() {
    let mut events = vec![accepted()];
    events.extend(pushed(1));
    given(events).when(read_by(RECIPIENT, 2)).then_expect_events(vec![read(2)]);
}

#[test]
fn reading_twice_says_nothing_new() {
    let mut events = vec![accepted()];
    events.extend(pushed(1));
    events.push(read(2));
    given(events.clone()).when(read_by(RECIPIENT, 3)).then_expect_events(vec![]);
    events.push(read(3));
    assert_eq!(folded(&events).story().unwrap().read_at, Some(at(2)));
}

#[test]
fn nobody_else_reads_it() {
    let mut events = vec![accepted()];
    events.extend(pushed(1));
    let other = RecipientRef::from_bytes([9; 32]);
    given(events).when(read_by(other, 2)).then_expect_error(Refusal::NotInInbox);
}

#[test]
fn what_is_not_in_the_inbox_cannot_be_read() {
    given(vec![accepted()]).when(read_by(RECIPIENT, 1)).then_expect_error(Refusal::NotInInbox);
}

#[test]
fn it_is_in_the_inbox_once_the_push_is_rendered() {
    assert!(!folded(&[accepted()]).in_inbox());
    assert!(!folded(&[accepted(), rendered(Channel::Email)]).in_inbox());
    assert!(folded(&[accepted(), rendered(Channel::Push)]).in_inbox());
}

#[test]
fn one_channel_says_nothing_about_another() {
    let events = [accepted(), attempts::started(1, 1), attempts::succeeded(1, 2)];
    assert_eq!(state_of(&events, Channel::Push), DeliveryState::Planned);
}
