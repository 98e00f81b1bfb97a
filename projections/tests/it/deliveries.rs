//! The delivery status follows each way that a delivery can go.

use std::time::Duration;

use orqestra_domain::notification::{
    FailureClass, MarkOutcomeUnknown, NotificationCommand, RecordFailure, RecordSuccess, Resolution, Resolve,
    SkipDelivery, SkipReason, UnknownPolicy,
};
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Channel, DeliveryId, ExpiresIn, TenantId};
use orqestra_projections::Projection;
use orqestra_projections::delivery_status::{AttemptOutcome, DeliveryCount, DeliveryOf, DeliveryRow, Status};

use crate::support::{Told, World, tenant};

const EMAIL: Channel = Channel::Email;

async fn email_of(world: &World, told: &Told) -> DeliveryRow {
    world.project(Projection::DeliveryStatus).await;
    let rows = world.deliveries.of_notification(told.tenant, told.id).await.unwrap();
    let domain = told.state.delivery(EMAIL).unwrap();
    let row = rows.into_iter().find(|row| row.channel == EMAIL).unwrap();
    assert_eq!(row.status.as_str(), domain.state.status(), "the row and the aggregate agree");
    assert_eq!(row.attempts.len(), domain.attempts.len());
    row
}

fn succeed(world: &World, attempt: u32) -> NotificationCommand {
    NotificationCommand::RecordSuccess(RecordSuccess {
        channel: EMAIL,
        attempt,
        provider_message_id: Some("m-1".to_owned()),
        answer: None,
        at: world.now(),
    })
}

fn fail(world: &World, attempt: u32, class: FailureClass, cause: &str) -> NotificationCommand {
    NotificationCommand::RecordFailure(RecordFailure {
        channel: EMAIL,
        attempt,
        class,
        scope: orqestra_domain::notification::FailureScope::Message,
        then: orqestra_domain::notification::AfterFailure::Schedule,
        cause: cause.to_owned(),
        answer: None,
        retry_after: None,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        deadline: world.now().plus(ExpiresIn::DEFAULT.duration()),
        at: world.now(),
    })
}

fn unknown(world: &World, attempt: u32, policy: UnknownPolicy) -> NotificationCommand {
    NotificationCommand::MarkOutcomeUnknown(MarkOutcomeUnknown {
        channel: EMAIL,
        attempt,
        policy,
        receipt_within: None,
        asks_again: true,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        cause: "smtp_timeout".to_owned(),
        by_sender: true,
        deadline: world.now().plus(ExpiresIn::DEFAULT.duration()),
        at: world.now(),
    })
}

fn resolve(world: &World, resolution: Resolution) -> NotificationCommand {
    let by = "admin".to_owned();
    NotificationCommand::Resolve(Resolve { channel: EMAIL, resolution, by, at: world.now() })
}

#[tokio::test]
async fn every_channel_has_a_row_from_acceptance_on() {
    let world = World::new().await;
    let told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    world.project(Projection::DeliveryStatus).await;
    let rows = world.deliveries.of_notification(tenant(1), told.id).await.unwrap();
    let states: Vec<_> = rows.iter().map(|row| (row.channel, row.status, row.reason.as_deref())).collect();
    let skipped = Some("not_requested");
    assert_eq!(
        states,
        [
            (Channel::Email, Status::Planned, None),
            (Channel::Sms, Status::Skipped, skipped),
            (Channel::Push, Status::Skipped, skipped),
        ]
    );
    assert!(world.deliveries.of_notification(tenant(2), told.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_is_retried_and_then_sent() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    let first = world.start(&mut told, EMAIL).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.provider.as_deref()), (Status::Sending, Some("smtp")));
    assert_eq!(row.attempts[0].outcome, AttemptOutcome::Open);
    assert_eq!(row.missing, ["order.total"]);

    world.act(&mut told, fail(&world, first, FailureClass::Retryable, "smtp_451")).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.last_cause.as_deref()), (Status::Retrying, Some("smtp_451")));
    assert_eq!(row.next_due, Some(world.now().plus(Duration::from_secs(5))));

    world.clock.advance(Duration::from_secs(6));
    let second = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, succeed(&world, second)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.next_due, row.sent_at), (Status::Sent, None, Some(world.now())));
    assert_eq!(row.provider_message_id.as_deref(), Some("m-1"));
    let outcomes: Vec<_> = row.attempts.iter().map(|attempt| (attempt.attempt, attempt.outcome)).collect();
    assert_eq!(outcomes, [(1, AttemptOutcome::Failed), (2, AttemptOutcome::Succeeded)]);
    assert_eq!(row.attempts[0].cause.as_deref(), Some("smtp_451"));
    assert!(!row.possible_duplicate);
}

#[tokio::test]
async fn a_refused_delivery_is_failed_and_so_is_one_that_cannot_be_rendered() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    let first = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, fail(&world, first, FailureClass::Permanent, "smtp_550")).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.last_cause.as_deref()), (Status::Failed, Some("smtp_550")));

    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    world.act(&mut told, fail(&world, 0, FailureClass::Permanent, "render_timeout")).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.last_cause.as_deref()), (Status::Failed, Some("render_timeout")));
    assert!(row.attempts.is_empty());
}

#[tokio::test]
async fn a_skip_at_send_time_has_its_reason() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    let skip = SkipDelivery { channel: EMAIL, reason: SkipReason::RecipientForgotten, at: world.now() };
    world.act(&mut told, NotificationCommand::Skip(skip)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.reason.as_deref()), (Status::Skipped, Some("recipient_forgotten")));
}

#[tokio::test]
async fn an_unknown_outcome_that_is_sent_again_is_a_possible_duplicate() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    let first = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, unknown(&world, first, UnknownPolicy::ResendOnce)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.possible_duplicate), (Status::Retrying, false));
    assert_eq!(row.attempts[0].outcome, AttemptOutcome::Unknown);
    let causes = (row.last_cause.as_deref(), row.attempts[0].cause.as_deref());
    assert_eq!(causes, (Some("smtp_timeout"), Some("smtp_timeout")));

    let second = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, succeed(&world, second)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.possible_duplicate), (Status::Sent, true));
    assert!(row.attempts[1].possible_duplicate);

    // The first one's answer comes after all.
    world.act(&mut told, succeed(&world, first)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!(row.attempts[0].outcome, AttemptOutcome::Succeeded);
}

#[tokio::test]
async fn a_held_delivery_is_listed_until_somebody_resolves_it() {
    let world = World::new().await;
    let endings = [
        (Resolution::Delivered, Status::Sent),
        (Resolution::Resend, Status::Retrying),
        (Resolution::Drop, Status::Failed),
    ];
    for (resolution, ending) in endings {
        let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
        let delivery = DeliveryId::of(told.id, EMAIL);
        let first = world.start(&mut told, EMAIL).await.unwrap();
        world.act(&mut told, unknown(&world, first, UnknownPolicy::Hold)).await.unwrap();
        let row = email_of(&world, &told).await;
        assert_eq!((row.status, row.next_due), (Status::Unknown, None));

        let held = world.deliveries.held(Some(tenant(1)), None, 10).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!((held[0].delivery_id, held[0].held_at), (delivery, world.now()));
        assert!(world.deliveries.held(Some(tenant(2)), None, 10).await.unwrap().is_empty());
        assert_eq!(world.deliveries.oldest_unknown().await.unwrap(), Some(world.now()));
        let of = world.deliveries.find_delivery(delivery).await.unwrap().unwrap();
        assert_eq!((of.tenant, of.notification, of.channel), (tenant(1), told.id, EMAIL));

        world.act(&mut told, resolve(&world, resolution)).await.unwrap();
        assert_eq!(email_of(&world, &told).await.status, ending);
        assert!(world.deliveries.held(Some(tenant(1)), None, 10).await.unwrap().is_empty());
        assert_eq!(world.deliveries.oldest_unknown().await.unwrap(), None);
        assert!(world.deliveries.find_delivery(delivery).await.unwrap().is_some());
    }
}

/// An email that waits for an operator since now.
async fn hold(world: &World, of: TenantId) -> DeliveryOf {
    let mut told = world.trigger(of, "ann", &[EMAIL]).await;
    let first = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, unknown(world, first, UnknownPolicy::Hold)).await.unwrap();
    DeliveryOf { tenant: of, notification: told.id, channel: EMAIL }
}

#[tokio::test]
async fn an_operators_list_has_the_held_deliveries_of_a_tenant_or_of_all_page_by_page() {
    let world = World::new().await;
    let mut expected = Vec::new();
    // The last two are held since the same moment.
    for number in [2, 1, 2] {
        let of = hold(&world, tenant(number)).await;
        expected.push((world.now(), DeliveryId::of(of.notification, EMAIL), of));
        if expected.len() == 1 {
            world.clock.advance(Duration::from_secs(1));
        }
    }
    expected.sort_by_key(|(since, delivery, _)| (*since, *delivery));
    world.project_all().await;
    let listed = async |tenant| {
        let (mut seen, mut after) = (Vec::new(), None);
        while let Some(held) = world.deliveries.held(tenant, after, 1).await.unwrap().pop() {
            after = Some(held.place());
            seen.push((held.held_at, held.delivery_id, held.of));
        }
        seen
    };
    assert_eq!(listed(None).await, expected);
    for number in [1, 2] {
        let of = tenant(number);
        let own: Vec<_> = expected.iter().copied().filter(|(_, _, held)| held.tenant == of).collect();
        assert_eq!(listed(Some(of)).await, own);
    }
    assert_eq!(listed(Some(tenant(3))).await, []);
}

#[tokio::test]
async fn the_held_deliveries_of_all_tenants_are_paged_through_from_the_longest_held_on() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in [2, 1, 1] {
        expected.push((world.now(), hold(&world, tenant(number)).await));
    }
    expected.sort_by_key(|(since, of)| (*since, of.tenant, of.notification));
    world.project_all().await;
    let first = world.deliveries.all_held(None, 2).await.unwrap();
    let rest = world.deliveries.all_held(first.last().copied(), 2).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert_eq!([first, rest].concat(), expected);
}

#[tokio::test]
async fn a_delivery_sent_by_a_late_answer_stays_sent_when_its_resend_is_unknown() {
    let world = World::new().await;
    let mut told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    let first = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, unknown(&world, first, UnknownPolicy::ResendOnce)).await.unwrap();
    let second = world.start(&mut told, EMAIL).await.unwrap();
    world.act(&mut told, succeed(&world, first)).await.unwrap();
    world.act(&mut told, unknown(&world, second, UnknownPolicy::ResendOnce)).await.unwrap();
    let row = email_of(&world, &told).await;
    assert_eq!((row.status, row.attempts[1].outcome), (Status::Sent, AttemptOutcome::Unknown));
    assert!(world.deliveries.held(Some(tenant(1)), None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_delivery_that_is_none_is_not_found() {
    let world = World::new().await;
    let told = world.trigger(tenant(1), "ann", &[EMAIL]).await;
    world.project(Projection::DeliveryStatus).await;
    let skipped = DeliveryId::of(told.id, Channel::Sms);
    assert_eq!(world.deliveries.find_delivery(skipped).await.unwrap(), None);
}

#[tokio::test]
async fn counts_are_a_tenants_own() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "a").await;
    world.trigger(tenant(1), "ann", &[EMAIL]).await;
    world.pushed(tenant(2), "ann", "b").await;
    world.project(Projection::DeliveryStatus).await;
    let count = |channel, status, count| DeliveryCount { channel, status, count };
    assert_eq!(
        world.deliveries.counts(tenant(1)).await.unwrap(),
        [
            count(Channel::Email, Status::Planned, 1),
            count(Channel::Email, Status::Skipped, 1),
            count(Channel::Sms, Status::Skipped, 2),
            count(Channel::Push, Status::Skipped, 1),
            count(Channel::Push, Status::Sent, 1),
        ]
    );
}

#[tokio::test]
async fn an_event_id_that_a_process_of_an_earlier_version_writes_in_clear_is_not_kept() {
    let world = World::new().await;
    world.trigger(tenant(1), "ann", &[Channel::Email]).await;
    world.project(Projection::DeliveryStatus).await;
    sqlx::raw_sql(
        "create table earlier as select * from deliveries;
             update earlier set event_id = 'ann@example.com';
             delete from deliveries;
             insert into deliveries select * from earlier;
             drop table earlier",
    )
    .execute(world.pool())
    .await
    .unwrap();
    let kept: Vec<Option<String>> =
        sqlx::query_scalar("select event_id from deliveries").fetch_all(world.pool()).await.unwrap();
    assert!(!kept.is_empty() && kept.iter().all(Option::is_none), "{kept:?}");
}
