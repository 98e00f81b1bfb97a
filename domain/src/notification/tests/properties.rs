//! Laws that hold for any order of events and any order of commands, not just for the stories told elsewhere.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sample::stored;

fn channel() -> impl Strategy<Value = Channel> {
    proptest::sample::select(Channel::ALL.to_vec())
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0i64..300).prop_map(at)
}

fn resolution() -> impl Strategy<Value = Resolution> {
    prop_oneof![
        8 => Just(Resolution::Resend),
        1 => Just(Resolution::Delivered),
        1 => Just(Resolution::Drop),
    ]
}

fn class() -> impl Strategy<Value = FailureClass> {
    prop_oneof![9 => Just(FailureClass::Retryable), 1 => Just(FailureClass::Permanent)]
}

/// Any event, with any of a few attempts, whether or not a rule would ever yield it there.
fn event() -> impl Strategy<Value = Event> {
    let attempt = prop_oneof![9 => 0u32..4, 1 => Just(u32::MAX)];
    let parts = (channel(), attempt, moment(), proptest::option::of(moment()), any::<bool>());
    (0usize..15, parts, resolution(), class()).prop_map(
        |(kind, (channel, attempt, at, due, possible_duplicate), resolution, class)| {
            let (provider, cause) = ("smtp".to_owned(), "smtp_451".to_owned());
            match kind {
                0 => accepted(),
                1 => accepted_with(vec![planned(channel)]),
                2 => rendered(channel),
                3 => Event::AttemptStarted(AttemptStarted {
                    channel,
                    delivery_id: None,
                    attempt,
                    provider,
                    instance: possible_duplicate.then_some(SMTP),
                    dedup: None,
                    expires_at: due.unwrap_or(at),
                    possible_duplicate,
                    at,
                }),
                4 => Event::AttemptSucceeded(AttemptSucceeded {
                    channel,
                    delivery_id: None,
                    attempt,
                    provider,
                    instance: None,
                    provider_message_id: None,
                    answer: None,
                    still_open: None,
                    at,
                }),
                5 => Event::AttemptFailed(AttemptFailed {
                    channel,
                    delivery_id: None,
                    attempt,
                    provider: None,
                    instance: None,
                    class,
                    scope: None,
                    cause,
                    answer: None,
                    next_due: due,
                    settles: false,
                    at,
                }),
                6 => Event::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
                    channel,
                    delivery_id: None,
                    attempt,
                    provider: None,
                    instance: None,
                    cause: Some(cause),
                    resend_due: due,
                    receipt_until: None,
                    possible_duplicate,
                    settles: possible_duplicate && due.is_none(),
                    at,
                }),
                7 => Event::OutcomeResolved(OutcomeResolved {
                    channel,
                    attempt,
                    resolution,
                    by: "operator".to_owned(),
                    at,
                }),
                8 => Event::DeliveryAbandoned(DeliveryAbandoned { channel, cause, attempts: attempt, at }),
                9 => Event::DeliveryHeld(DeliveryHeld {
                    channel,
                    delivery_id: delivery_id(channel),
                    attempt,
                    cause,
                    at,
                }),
                10 => Event::DeliverySkipped(DeliverySkipped { channel, reason: SkipReason::Expired, at }),
                11 => Event::ReceiptRecorded(ReceiptRecorded {
                    channel,
                    delivery_id: delivery_id(channel),
                    attempt,
                    provider,
                    instance: SMTP,
                    receipt: ReceiptSays::Delivered,
                    event_ref: ReceiptRef::from_bytes([1; 32]),
                    cause: None,
                    provider_message_id: None,
                    answer: None,
                    proves: possible_duplicate,
                    still_open: None,
                    occurred_at: at,
                    at,
                }),
                12 => Event::DeliveryRequeued(DeliveryRequeued {
                    channel,
                    delivery_id: delivery_id(channel),
                    attempt,
                    dedup_key: DedupKey::of(delivery_id(channel), attempt),
                    template: None,
                    expires_at: due,
                    possible_duplicate,
                    redrive: RedriveId::from_uuid(Uuid::nil()),
                    by: "operator".to_owned(),
                    at,
                }),
                13 => Event::DeliveryUnstuck(DeliveryUnstuck {
                    channel,
                    delivery_id: delivery_id(channel),
                    stuck: StuckAt::Due,
                    since: at,
                    attempt,
                    expires_at: due,
                    at,
                }),
                _ => Event::NotificationRead(NotificationRead { at }),
            }
        },
    )
}

/// Any command about a few attempts; which of them are allowed is for the rules to say.
fn command() -> impl Strategy<Value = Command> {
    let policies = vec![UnknownPolicy::ResendOnce, UnknownPolicy::Hold];
    let dedup = vec![None, None, Some(Dedup::FOR_EVER), Some(Dedup { seconds: Some(6 * 3_600) })];
    let parts = (channel(), 0u32..5, moment(), any::<bool>());
    let instance = proptest::sample::select(vec![SMTP, SMTP, SMTP, OTHER]);
    let carrier = (instance, proptest::sample::select(dedup));
    let choices = (proptest::sample::select(policies), resolution(), class(), carrier);
    let kind = prop_oneof![20 => 0usize..9, 2 => Just(9usize), 1 => 10usize..17];
    (kind, parts, choices).prop_map(
        |(kind, (channel, attempt, at, by_sender), (policy, resolution, class, (instance, dedup)))| match kind
        {
            0..=2 => Command::StartAttempt(StartAttempt {
                channel,
                attempt,
                provider: "smtp".to_owned(),
                instance,
                dedup,
                expires_at: at,
                rendered: Some(content(channel)),
                at,
            }),
            3 => Command::RecordSuccess(RecordSuccess {
                channel,
                attempt,
                provider_message_id: None,
                answer: None,
                at,
            }),
            4..=6 => Command::RecordFailure(RecordFailure {
                channel,
                attempt,
                class,
                scope: FailureScope::Message,
                then: AfterFailure::Schedule,
                cause: "smtp_451".to_owned(),
                answer: None,
                retry_after: None,
                schedule: RetrySchedule::default(),
                jitter: Jitter::NONE,
                deadline: far(),
                at,
            }),
            7 | 8 => {
                let cause = "smtp_timeout".to_owned();
                Command::MarkOutcomeUnknown(MarkOutcomeUnknown {
                    channel,
                    attempt,
                    policy,
                    receipt_within: None,
                    asks_again: true,
                    schedule: RetrySchedule::default(),
                    jitter: Jitter::NONE,
                    cause,
                    by_sender,
                    deadline: far(),
                    at,
                })
            }
            9 => Command::Resolve(Resolve { channel, resolution, by: "operator".to_owned(), at }),
            10 => Command::DeliverPush(DeliverPush { rendered: content(Channel::Push), at }),
            11 => Command::Skip(SkipDelivery { channel, reason: SkipReason::Expired, at }),
            12 => Command::Hold(HoldDelivery { channel, cause: "provider_removed".to_owned(), at }),
            13 => Command::RecordReceipt(RecordReceipt {
                channel,
                provider: "smtp".to_owned(),
                instances: vec![instance],
                says: ReceiptSays::Delivered,
                event_ref: ReceiptRef::from_bytes([u8::from(by_sender); 32]),
                cause: None,
                provider_message_id: None,
                answer: None,
                occurred_at: at,
                at,
            }),
            14 => Command::Requeue(Requeue {
                channel,
                template: Some(template()),
                redrive: RedriveId::from_uuid(Uuid::from_u128(attempt.into())),
                asked_at: far(),
                by: "operator".to_owned(),
                at,
            }),
            15 => Command::Unstick(Unstick {
                channel,
                patience: std::time::Duration::from_mins(5),
                sweep_after: std::time::Duration::from_secs(70),
                at,
            }),
            _ => Command::MarkRead(MarkRead { recipient: RECIPIENT, at }),
        },
    )
}

/// The command at that moment, and mostly about the attempt that a command of its kind is about when all goes
/// well, so that stories come far.
fn timely(mut command: Command, notification: &Notification, now: Timestamp) -> Command {
    let next = |channel| notification.delivery(channel).map_or(1, Delivery::next_attempt);
    let fit = |attempt: &mut u32, expected: u32| {
        if *attempt > 1 {
            *attempt = expected;
        }
    };
    match &mut command {
        Command::StartAttempt(start) => {
            fit(&mut start.attempt, next(start.channel));
            (start.at, start.expires_at) = (now, now);
        }
        Command::RecordSuccess(success) => {
            fit(&mut success.attempt, next(success.channel) - 1);
            success.at = now;
        }
        Command::RecordFailure(failure) => {
            fit(&mut failure.attempt, next(failure.channel) - 1);
            failure.at = now;
        }
        Command::MarkOutcomeUnknown(mark) => {
            fit(&mut mark.attempt, next(mark.channel) - 1);
            mark.at = now;
        }
        Command::Resolve(resolve) => resolve.at = now,
        Command::Hold(hold) => hold.at = now,
        Command::Skip(skip) => skip.at = now,
        Command::DeliverPush(push) => push.at = now,
        Command::MarkRead(read) => read.at = now,
        Command::RecordReceipt(receipt) => receipt.at = now,
        Command::Requeue(requeue) => requeue.at = now,
        Command::Unstick(unstick) => unstick.at = now,
        Command::Trigger(_) => {}
    }
    command
}

/// A story of all three channels: the events that the allowed ones of these commands yield, each as stored, and
/// the state they were decided on last. Five hours lie between two commands.
fn played(commands: Vec<Command>) -> (Vec<Event>, Notification) {
    let mut events = vec![accepted_with(Channel::ALL.map(planned).to_vec())];
    let mut notification = folded(&events);
    for (command, hours) in commands.into_iter().zip((0..).step_by(5)) {
        let command = timely(command, &notification, at(hours * 3_600));
        for event in notification.decide(command).unwrap_or_default() {
            notification = notification.evolve(&event);
            events.push(stored(&event));
        }
    }
    (events, notification)
}

fn about(event: &Event, wanted: Channel) -> bool {
    event.channel() == Some(wanted)
}

proptest! {
    #[test]
    fn any_order_of_events_has_a_state(events in vec(event(), 0..40)) {
        let notification = folded(&events);
        prop_assert_eq!(&stored(&notification), &notification);
        let begun = events.iter().any(|event| event.name() == "NotificationAccepted");
        prop_assert_eq!(notification.story().is_some(), begun);
    }

    #[test]
    fn events_before_acceptance_change_nothing(events in vec(event(), 0..20)) {
        let strays: Vec<_> = events.into_iter().filter(|e| e.name() != "NotificationAccepted").collect();
        prop_assert_eq!(folded(&strays), Notification::default());
        let late = [strays, vec![accepted()]].concat();
        prop_assert_eq!(folded(&late), folded(&[accepted()]));
    }

    #[test]
    fn no_event_takes_a_channel_away(events in vec(event(), 0..40)) {
        let rest = events.into_iter().filter(|e| e.name() != "NotificationAccepted");
        let notification = folded(&std::iter::once(accepted()).chain(rest).collect::<Vec<_>>());
        prop_assert_eq!(notification.story().unwrap().deliveries.len(), Channel::ALL.len());
    }

    #[test]
    fn a_command_never_panics_whatever_came_before(events in vec(event(), 0..20), command in command()) {
        let _ = folded(&events).decide(command);
    }

    #[test]
    fn replaying_its_own_events_gives_the_same_state(commands in vec(command(), 0..120)) {
        let (events, notification) = played(commands);
        prop_assert_eq!(folded(&events), notification);
    }

    #[test]
    fn a_story_has_one_acceptance_at_its_start(commands in vec(command(), 0..60)) {
        let (events, _) = played(commands);
        let accepted = |event: &Event| event.name() == "NotificationAccepted";
        prop_assert!(accepted(&events[0]) && !events[1..].iter().any(accepted));
    }

    #[test]
    fn attempts_count_from_one_without_a_gap(commands in vec(command(), 0..120)) {
        let (events, notification) = played(commands);
        for channel in Channel::ALL {
            let started: Vec<u32> = events.iter().filter(|event| about(event, channel)).filter_map(|event| {
                let Event::AttemptStarted(started) = event else { return None };
                Some(started.attempt)
            }).collect();
            let next = notification.delivery(channel).unwrap().next_attempt();
            prop_assert_eq!(started, (1..next).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_channel_is_rendered_at_most_once(commands in vec(command(), 0..120)) {
        let (events, _) = played(commands);
        for channel in Channel::ALL {
            let rendered = |event: &&Event| about(event, channel) && event.name() == "DeliveryRendered";
            prop_assert!(events.iter().filter(rendered).count() <= 1);
        }
    }

    #[test]
    fn nothing_starts_after_a_success_and_no_mark_is_missing(commands in vec(command(), 0..120)) {
        let (events, _) = played(commands);
        let mut notification = Notification::default();
        for event in &events {
            if let Event::AttemptStarted(started) = event {
                let delivery = notification.delivery(started.channel).unwrap();
                let earlier = &delivery.attempts;
                let any = |wanted: fn(&AttemptOutcome) -> bool| earlier.iter().any(|a| wanted(&a.outcome));
                let sent = any(|outcome| {
                    matches!(outcome, AttemptOutcome::Succeeded { .. } | AttemptOutcome::Proved { .. })
                });
                let open = any(|outcome| matches!(outcome, AttemptOutcome::Open));
                let unknown = || earlier.iter().filter(|attempt| attempt.is_unknown());
                let in_doubt = unknown().any(|attempt| !attempt.is_deduplicated_at(started.at));
                prop_assert!(!sent && !open);
                prop_assert!(started.possible_duplicate || !in_doubt);
                let mut bound = delivery.since_requeue().iter().filter(|attempt| attempt.is_unknown());
                prop_assert!(bound.all(|attempt| attempt.instance == started.instance));
            }
            notification = notification.evolve(event);
        }
    }
}
