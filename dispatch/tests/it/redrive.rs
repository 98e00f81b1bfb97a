//! Redrives: what ended without being sent goes out once more, by request, once, and under a key of its own.

use std::time::Duration;

use orqestra_commands::{Reason, RequestRedrive, Suppress};
use orqestra_dispatch::DispatchSettings;
use orqestra_dispatch::redrive::{RedriveReader, RedriveState, RedriveStatus};
use orqestra_domain::notification::{
    AfterFailure, Delivery, DeliveryState, FailureClass, FailureScope, RecordFailure, Resolution, Resolve,
    StartAttempt,
};
use orqestra_domain::provider::Dedup;
use orqestra_domain::redrive::DeadLetterFilter;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::tenant::Standing;
use orqestra_domain::{
    Channel, DeliveryId, EventTypeName, NotificationId, ProviderInstanceId, RedriveId, StreamId, TenantId,
    UserId,
};
use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::wait;
use uuid::Uuid;

use crate::http::{at, listed, resend, shop};
use crate::recorded::Recorded;
use crate::script::{Answer, Script};
use crate::world::{DEADLINE, EVENT_TYPE, World, ctx, settings, text};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;

fn request(deliveries: Option<Vec<DeliveryId>>, filter: DeadLetterFilter, dry_run: bool) -> RequestRedrive {
    let reason = Reason::parse("the provider was down").unwrap();
    RequestRedrive { deliveries, filter, dry_run, reason }
}

async fn redrive(world: &World, tenant: TenantId, request: RequestRedrive) -> RedriveId {
    // What ends at the very moment of the request is not part of it.
    world.clock.advance(Duration::from_millis(1));
    world.commands.request_redrive(tenant, request, &ctx()).await.unwrap().0
}

fn reader(world: &World) -> RedriveReader {
    RedriveReader::new(world.pool().clone())
}

/// Waits until a redrive has ended, and says what came of it.
async fn ended(world: &World, tenant: TenantId, id: RedriveId) -> RedriveStatus {
    wait::until("the redrive ends", DEADLINE, async || {
        let found = reader(world).find(tenant, id).await.unwrap();
        found.filter(|found| found.state == RedriveState::Ended)
    })
    .await
}

fn is_sent(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Sent { .. })
}

fn counted(status: &RedriveStatus) -> (u64, Vec<(&str, u64)>) {
    (status.requeued, status.refused.iter().map(|(code, count)| (code.as_str(), *count)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_out_once_more_and_their_rounds_begin_anew() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused).deduplicating(Dedup::FOR_EVER);
    let dispatch = world.play(&script, settings());
    let mut ids = Vec::new();
    for event in ["e-1", "e-2", "e-3"] {
        let id = world.trigger(&tenant, event).await;
        world.settled(&tenant, id, EMAIL).await;
        ids.push(id);
    }
    script.then(Answer::NotTaken);
    let one = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, one).await), (3, vec![]));
    for id in &ids {
        let waiting = world.waiting(&tenant, *id).await;
        assert_eq!((waiting.attempts.len(), waiting.round()), (2, 2), "the first failure has not ended it");
    }
    script.then(Answer::Taken);
    world.clock.advance(Duration::from_secs(73));
    for id in &ids {
        let sent = world.settled(&tenant, *id, EMAIL).await;
        assert!(matches!(sent.state, DeliveryState::Sent { attempt: 3, .. }), "{sent:?}");
    }
    let keys: std::collections::BTreeSet<_> = script.keys().into_iter().collect();
    assert_eq!(keys.len(), 6, "the first send and the redrive have keys of their own: {keys:?}");
    let again = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, again).await), (0, vec![]), "none is left");
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_is_taken_by_an_api_that_deduplicates_and_its_retries_keep_its_key() {
    let world = World::new().await;
    let apis = Apis::start(|_, calls| if calls == 0 { Says::TakenAndDown } else { Says::TakenAndCut }).await;
    let tenant = shop(&world, EMAIL, vec![listed(resend(at(&apis.base_url())))]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&tenant, "e-1").await;
    // It was taken, which cannot be told, and is asked for again at once and until the schedule ends.
    let failed = |delivery: &Delivery| {
        delivery.attempts.len() == 2 && matches!(delivery.state, DeliveryState::Waiting { .. })
    };
    world.delivery(&tenant, id, EMAIL, failed).await;
    world.clock.advance(Duration::from_secs(73));
    let held = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(
        (&held.state, held.hold_cause.as_deref()),
        (&DeliveryState::Held { attempt: 3 }, Some("http_connect_refused"))
    );
    let (resolution, by, at) = (Resolution::Drop, "admin".to_owned(), world.now());
    let give_up = Resolve { channel: EMAIL, resolution, by, at };
    world.commands.resolve_outcome(tenant.id, id, give_up, &[], &ctx()).await.unwrap();
    apis.come_back().await;
    let one = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, one).await), (1, vec![]));
    let sent = world.delivery(&tenant, id, EMAIL, is_sent).await;
    let marked: Vec<_> = sent.attempts.iter().map(|attempt| attempt.possible_duplicate).collect();
    assert_eq!(marked, [false, false, false, true, true], "the recipient may have had it before: {sent:?}");
    // The redrive's first answer is lost too, and the attempt after it has the redrive's key.
    let delivery = held.id.to_string();
    assert_eq!((apis.count(), apis.keys()[&delivery], apis.taken()[&delivery]), (3, 2, 2), "{sent:?}");
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_be_requeued_and_changes_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, EMAIL).await;
    world.settled(&tenant, id, SMS).await;
    let filter = DeadLetterFilter { channel: Some(SMS), ..DeadLetterFilter::default() };
    let dry = redrive(&world, tenant.id, request(None, filter, true)).await;
    assert_eq!(counted(&ended(&world, tenant.id, dry).await), (1, vec![]));
    assert_eq!(script.calls().len(), 2);
    for channel in [EMAIL, SMS] {
        let delivery = world.settled(&tenant, id, channel).await;
        assert!(matches!(delivery.state, DeliveryState::Abandoned { .. }), "{delivery:?}");
    }
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_go_out_again_is_refused_with_a_code() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi"), (SMS, "hi")]).await;
    let other = world.tenant("other", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    let once = world.trigger_for_seconds(&tenant, "e-1", 60).await;
    let expired = world.settled(&tenant, once, EMAIL).await.id;
    world.settled(&tenant, once, SMS).await;
    let suppressed_id = world.trigger_to(&tenant, "e-2", "dead@example.com").await;
    let suppressed = world.settled(&tenant, suppressed_id, EMAIL).await;
    let forgotten_id = world.trigger_for(&tenant, "e-3", "u-9", serde_json::json!({})).await;
    let forgotten = world.settled(&tenant, forgotten_id, EMAIL).await.id;
    let others = world.trigger(&other, "e-4").await;
    let others = world.settled(&other, others, EMAIL).await.id;
    script.then(Answer::Taken);
    let sent_id = world.trigger(&tenant, "e-5").await;
    let sent = world.settled(&tenant, sent_id, EMAIL).await.id;

    world.clock.advance(Duration::from_mins(2));
    let suppress = Suppress {
        channel: EMAIL,
        address_ref: suppressed.address_ref.unwrap(),
        reason: SuppressionReason::Operator,
        notification: None,
        cause: None,
        seen_at: None,
    };
    world.commands.suppress(tenant.id, suppress, &ctx()).await.unwrap();
    world.commands.forget_recipient(&tenant, &UserId::parse("u-9").unwrap(), &ctx()).await.unwrap();
    let calls = script.calls().len();
    let deliveries = vec![expired, suppressed.id, forgotten, others, sent];
    let ids = redrive(&world, tenant.id, request(Some(deliveries), DeadLetterFilter::default(), false)).await;
    let refused = [
        ("expired", 1),
        ("not_a_dead_letter", 1),
        ("recipient_forgotten", 1),
        ("suppressed", 1),
        ("unknown_delivery", 1),
    ];
    assert_eq!(counted(&ended(&world, tenant.id, ids).await), (0, refused.to_vec()));
    assert_eq!(script.calls().len(), calls, "nothing is sent");
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_render_goes_out_with_the_template_of_today() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "{{ 'a' | divided_by: 0 }}")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    let dead = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(dead.state, DeliveryState::Abandoned { cause: "render_failed".to_owned() });
    world.template(tenant.id, EMAIL, text(EMAIL, "mended")).await;
    let mended = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, mended).await), (1, vec![]));
    world.delivery(&tenant, id, EMAIL, is_sent).await;
    assert_eq!(script.calls()[0].body, "mended");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_for_an_operators_change_goes_out_after_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let id = world.trigger(&tenant, "e-1").await;
    world.switch(tenant.id, Standing::Inactive).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    world.read_up().await;
    world.clock.advance(Duration::from_hours(73));
    let skipped = world.settled(&tenant, id, EMAIL).await;
    assert!(matches!(skipped.state, DeliveryState::Skipped { .. }), "{skipped:?}");
    world.switch(tenant.id, Standing::Active).await;
    let mended = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, mended).await), (1, vec![]));
    world.delivery(&tenant, id, EMAIL, is_sent).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_goes_on_after_its_process_has_ended_and_ends_where_it_is_stopped() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused);
    // A page of 50 takes 50 seconds: it does not come to the second one.
    let slow = DispatchSettings { redriven_per_second: 1, ..settings() };
    let dispatch = world.play(&script, slow.clone());
    for number in 0..60 {
        let id = world.trigger(&tenant, &format!("e-{number}")).await;
        world.settled(&tenant, id, EMAIL).await;
    }
    let id = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    let requeued = async || {
        let found = reader(&world).find(tenant.id, id).await.unwrap();
        found.filter(|found| found.requeued == 50)
    };
    wait::until("a page is requeued", DEADLINE, requeued).await;
    dispatch.stop().await;
    // The lease of the process that ended.
    world.clock.advance(Duration::from_secs(31));
    let dispatch = world.play(&script, settings());
    assert_eq!(counted(&ended(&world, tenant.id, id).await), (60, vec![]));
    wait::until("all were sent twice", DEADLINE, async || (script.calls().len() == 120).then_some(())).await;
    dispatch.stop().await;

    let stopped = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    world.commands.stop_redrive(tenant.id, stopped, &ctx()).await.unwrap();
    let dispatch = world.play(&script, slow);
    let stands = async || {
        let found = reader(&world).find(tenant.id, stopped).await.unwrap();
        found.filter(|found| found.state == RedriveState::Stopped)
    };
    let found = wait::until("the redrive's end in its table", DEADLINE, stands).await;
    assert_eq!(found.requeued, 0);
    assert_eq!(script.calls().len(), 120);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_since_a_time_requeues_only_deliveries_that_ended_then_or_later() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    let mut dead = Vec::new();
    for event in ["e-1", "e-2", "e-3"] {
        let id = world.trigger(&tenant, event).await;
        dead.push((id, world.settled(&tenant, id, EMAIL).await));
        world.clock.advance(Duration::from_secs(1));
    }
    script.then(Answer::Taken);
    let filter = DeadLetterFilter { since: dead[1].1.ended_at, ..DeadLetterFilter::default() };
    let since = redrive(&world, tenant.id, request(None, filter, false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, since).await), (2, vec![]));
    for (id, _) in &dead[1..] {
        world.delivery(&tenant, *id, EMAIL, is_sent).await;
    }
    let before = world.story(&tenant, dead[0].0).await.deliveries.remove(&EMAIL).unwrap();
    assert_eq!(before, dead[0].1, "a delivery that ended earlier is unchanged");
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn a_delivery_never_rendered_is_refused_while_its_template_is_switched_off() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "{{ 'a' | divided_by: 0 }}")]).await;
    let script = Script::always(Answer::Taken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, EMAIL).await;
    world.template(tenant.id, EMAIL, text(EMAIL, "mended")).await;
    let event_type = EventTypeName::parse(EVENT_TYPE).unwrap();
    let switch = async |active| {
        world.commands.switch_template(tenant.id, &event_type, EMAIL, active, &ctx()).await.unwrap();
    };
    switch(false).await;
    for dry_run in [true, false] {
        let off = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), dry_run)).await;
        assert_eq!(counted(&ended(&world, tenant.id, off).await), (0, vec![("no_template", 1)]));
    }
    assert!(script.calls().is_empty());
    assert_eq!(looked_at(&recorded), [Some(0), Some(1)], "a dry run is not counted");
    switch(true).await;
    let on = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, on).await), (1, vec![]));
    assert_eq!(looked_at(&recorded), [Some(1), Some(1)]);
    world.delivery(&tenant, id, EMAIL, is_sent).await;
    dispatch.stop().await;
    world.due_table_is_right().await;
}

/// Dead letters that redrives requeued, and those that were refused, as metrics count them.
fn looked_at(recorded: &Recorded) -> [Option<u64>; 2] {
    ["requeued", "refused"]
        .map(|outcome| recorded.counter(&format!("orqestra_redriven_total{{outcome=\"{outcome}\"}}")))
}

/// Claims and fails attempts of an email without dispatch, one failover after the other, until a claim is refused.
async fn exhaust(world: &World, tenant: TenantId, id: NotificationId) {
    let instance = ProviderInstanceId::from_uuid(Uuid::from_u128(1));
    for attempt in 2..=1_000 {
        let at = world.now();
        let start = StartAttempt {
            channel: EMAIL,
            attempt,
            provider: "script".to_owned(),
            instance,
            dedup: None,
            expires_at: at.plus(Duration::from_secs(30)),
            rendered: None,
            at,
        };
        if world.commands.start_attempt(tenant, id, start, &[], &ctx()).await.is_err() {
            return;
        }
        let failure = RecordFailure {
            channel: EMAIL,
            attempt,
            class: FailureClass::Retryable,
            scope: FailureScope::Provider,
            then: AfterFailure::OtherProvider,
            cause: "busy".to_owned(),
            answer: None,
            retry_after: None,
            schedule: RetrySchedule::new(Vec::new()),
            deadline: at.plus(Duration::from_hours(1)),
            jitter: Jitter::NONE,
            at,
        };
        world.commands.record_failure(tenant, id, failure, &[], &ctx()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_with_as_many_attempts_as_one_may_have_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::NotTaken);
    let dispatch = world.play(&script, settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    dispatch.stop().await;
    world.clock.advance(Duration::from_secs(73));
    exhaust(&world, tenant.id, id).await;
    let dead = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(dead.state, DeliveryState::Abandoned { cause: "busy".to_owned() });
    let dispatch = world.play(&script, settings());
    let full = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, full).await), (0, vec![("too_many_attempts", 1)]));
    assert_eq!((dead.attempts.len(), script.calls().len()), (512, 1));
    dispatch.stop().await;
    world.due_table_is_right().await;
}

#[tokio::test]
async fn an_unreadable_delivery_is_refused_and_the_others_of_the_redrive_are_sent() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Refused);
    let dispatch = world.play(&script, settings());
    let mut ids = Vec::new();
    for event in ["e-1", "e-2"] {
        let id = world.trigger(&tenant, event).await;
        world.settled(&tenant, id, EMAIL).await;
        ids.push(id);
    }
    world.spoil(&StreamId::notification(tenant.id, ids[0])).await;
    script.then(Answer::Taken);
    let one = redrive(&world, tenant.id, request(None, DeadLetterFilter::default(), false)).await;
    assert_eq!(counted(&ended(&world, tenant.id, one).await), (1, vec![("unreadable", 1)]));
    world.delivery(&tenant, ids[1], EMAIL, is_sent).await;
    assert_eq!(script.calls().len(), 3);
    assert_eq!(looked_at(&recorded), [Some(1), Some(1)]);
    dispatch.stop().await;
}
