//! The head is what the database says: a log that got shorter, was overtaken by other events or recovered is noticed, and
//! the process that knew another one stores and answers nothing any more.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{NotificationId, StreamId};
use orqestra_event_log::{
    EventLog, Frontier, LogChange, LogError, LogOptions, OnPoison, Outcome, Position, RecordedEvent,
    Subscriber, SubscriberError, SubscriptionError, checkpoint, checkpoints_beyond_head, end_recovery, fence,
    run_subscription, settle_checkpoint,
};
use orqestra_tests::postgres::HeldAppends;
use orqestra_tests::wait;
use sqlx::{Executor as _, PgTransaction};
use uuid::Uuid;

use crate::subscription::{quick, reached, run_as, witness, world};
use crate::support::{DEADLINE, World, events, in_time, options, recorded, tenant};

/// A log that learns of others' news only by notices and by its own appends.
pub(crate) async fn unpolled(world: &World) -> EventLog {
    let options = LogOptions { poll: Duration::from_hours(1), ..options(&world.clock) };
    EventLog::open(world.pool().clone(), options, world.token.child_token()).await.unwrap()
}

fn change(error: &LogError) -> LogChange {
    let LogError::Changed(change) = error else { panic!("{error}") };
    (**change).clone()
}

/// Puts other events in the place of those after a position, up to another, at once.
async fn overtake(world: &World, after: i64, up_to: i64) {
    let mut tx = world.pool().begin().await.unwrap();
    for statement in [
        "alter table events disable trigger events_refuse_change".to_owned(),
        format!("delete from events where position > {after}"),
        format!(
            "insert into events
             select 'Other', '00000000-0000-0000-0000-000000000001/' || gen_random_uuid(), 1, event_type, event_version,
                    payload, metadata, p, gen_random_uuid(), tenant_id, recorded_at, leaf
               from events, generate_series({after} + 1, {up_to}) as p where position = 1"
        ),
        "alter table events enable always trigger events_refuse_change".to_owned(),
    ] {
        tx.execute(statement.as_str()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn stored(world: &World) -> i64 {
    sqlx::query_scalar("select coalesce(max(position), 0) from events").fetch_one(world.pool()).await.unwrap()
}

async fn refuses_everything(log: &EventLog) {
    let refused = log.append(events(99, 0, 1)).await;
    assert!(matches!(refused, Outcome::Unavailable), "{refused:?}");
    // It was in memory a moment ago.
    assert!(matches!(log.read_after(Position::ZERO, 10).await, Err(LogError::Changed(_))));
    let stream = StreamId::notification(tenant(1), NotificationId::from_uuid(Uuid::from_u128(1)));
    assert!(matches!(log.load("Counter", &stream).await, Err(LogError::Changed(_))));
    assert!(matches!(log.fetch_head().await, Err(LogError::Changed(_))));
    assert!(matches!(log.intact(), Err(LogError::Changed(_))));
}

#[tokio::test]
async fn a_log_that_got_shorter_is_noticed_and_nothing_is_read_or_stored_any_more() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 5)).await);
    world.database.cut_log(2).await;
    let error = in_time(world.log.changed()).await;
    let (known, found) = (Position::new(5), Position::new(2));
    assert_eq!(change(&error), LogChange::Shortened { known, found });
    assert!(error.to_string().contains("orqestra recover --after-restore"), "{error}");
    refuses_everything(&world.log).await;
    assert_eq!(stored(&world).await, 2);
    // A process that starts anew works from what the database holds.
    recorded(world.another().await.append(events(2, 0, 1)).await);
    assert_eq!(stored(&world).await, 3);
}

#[tokio::test]
async fn a_log_that_was_overtaken_by_other_events_is_noticed_by_the_event_last_known() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 5)).await);
    overtake(&world, 2, 9).await;
    let error = in_time(world.log.changed()).await;
    assert_eq!(change(&error), LogChange::Replaced { position: Position::new(5) });
    refuses_everything(&world.log).await;
    assert_eq!(stored(&world).await, 9);
}

#[tokio::test]
async fn an_append_goes_into_no_log_but_the_one_known() {
    for (after, up_to) in [(2, 2), (2, 9), (0, 0), (4, 5)] {
        let world = World::new().await;
        let log = unpolled(&world).await;
        recorded(log.append(events(1, 0, 5)).await);
        overtake(&world, after, up_to).await;
        let refused = in_time(log.append(events(2, 0, 1))).await;
        assert!(matches!(refused, Outcome::Unavailable), "{after} {up_to}: {refused:?}");
        assert_eq!(stored(&world).await, up_to, "nothing was stored");
        in_time(log.changed()).await;
        refuses_everything(&log).await;
    }
}

#[tokio::test]
async fn an_append_that_waited_for_its_turn_while_the_epoch_was_counted_up_is_not_stored() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let mut held = HeldAppends::on(world.pool()).await;
    let appending = tokio::spawn({
        let log = world.log.clone();
        async move { log.append(events(2, 0, 1)).await }
    });
    held.waited_for_by(1).await;
    world.database.run("update log_identity set epoch = epoch + 1").await;
    held.release().await;
    let refused = in_time(appending).await.unwrap();
    assert!(matches!(refused, Outcome::Unavailable), "{refused:?}");
    assert_eq!(stored(&world).await, 1);
    in_time(world.log.changed()).await;
}

#[tokio::test]
async fn a_recovery_waits_for_the_append_under_way_and_no_later_one_is_stored() {
    let world = World::new().await;
    let log = unpolled(&world).await;
    recorded(log.append(events(1, 0, 1)).await);
    let mut held = HeldAppends::on(world.pool()).await;
    let fencing = tokio::spawn({
        let pool = world.pool().clone();
        async move { fence(&pool).await }
    });
    held.waited_for_by(1).await;
    let appending = tokio::spawn({
        let log = log.clone();
        async move { log.append(events(2, 0, 1)).await }
    });
    held.waited_for_by(2).await;
    assert!(!fencing.is_finished(), "an append is under way");
    held.release().await;
    assert_eq!(in_time(fencing).await.unwrap().unwrap(), 2);
    let refused = in_time(appending).await.unwrap();
    assert!(matches!(refused, Outcome::Unavailable), "{refused:?}");
    assert_eq!(stored(&world).await, 1);
}

#[tokio::test]
async fn a_recovery_fences_the_appends_of_every_process_that_still_runs() {
    let world = World::new().await;
    let log = unpolled(&world).await;
    recorded(log.append(events(1, 0, 2)).await);
    assert_eq!(fence(world.pool()).await.unwrap(), 2);
    let refused = in_time(log.append(events(2, 0, 1))).await;
    assert!(matches!(refused, Outcome::Unavailable), "{refused:?}");
    let error = in_time(log.changed()).await;
    assert!(matches!(change(&error), LogChange::Identity { known_epoch: 1, found_epoch: 2, .. }), "{error}");
    // The other one looks at the head now and then.
    in_time(world.log.changed()).await;
    assert_eq!(stored(&world).await, 2);
    recorded(world.another().await.append(events(2, 0, 1)).await);
}

/// Would never be asked.
struct Nothing;

impl Subscriber for Nothing {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn handle(
        &mut self,
        _: &mut PgTransaction<'_>,
        _: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        panic!("it does not run")
    }

    fn on_poison(&self) -> OnPoison {
        OnPoison::Halt
    }
}

#[tokio::test]
async fn a_subscription_beyond_the_logs_end_does_not_start_and_names_the_remedy() {
    let world = world().await;
    recorded(world.log.append(events(1, 0, 3)).await);
    world
        .pool()
        .execute(
            "insert into checkpoints (subscription, after, position, epoch) values ('witness', -1, 9, 1)",
        )
        .await
        .unwrap();
    assert_eq!(
        checkpoints_beyond_head(world.pool()).await.unwrap(),
        [("witness".to_owned(), Position::new(9))]
    );
    let token = world.token.child_token();
    let running = run_subscription(world.log.clone(), world.pool().clone(), Nothing, quick(), token.clone());
    let SubscriptionError::Log(error) = in_time(running).await.unwrap_err();
    assert!(matches!(error, LogError::CheckpointBeyondHead { .. }), "{error}");
    assert!(error.to_string().contains("orqestra recover --after-restore"), "{error}");

    let moved = settle_checkpoint(world.pool(), "witness", Position::new(3)).await.unwrap();
    assert_eq!(moved, Some(Position::new(9)));
    assert_eq!(settle_checkpoint(world.pool(), "witness", Position::new(3)).await.unwrap(), None);
    end_recovery(world.pool()).await.unwrap();
    assert!(checkpoints_beyond_head(world.pool()).await.unwrap().is_empty());
    let running = run_as(&world, &world.log, witness(), quick());
    recorded(world.log.append(events(1, 3, 1)).await);
    reached(&world.log, 4).await;
    running.stop().await;
}

#[tokio::test]
async fn no_checkpoint_moves_beyond_the_log_or_over_events_that_it_does_not_hold() {
    for (after, up_to) in [(5, 5), (5, 20)] {
        let world = world().await;
        let log = unpolled(&world).await;
        let token = world.token.child_token();
        let running = run_subscription(log.clone(), world.pool().clone(), witness(), quick(), token.clone());
        let running = tokio::spawn(running);
        recorded(log.append(events(1, 0, 5)).await);
        reached(&log, 5).await;
        // Until the log is another one, the subscription waits with what it has in memory.
        let mut held = world.pool().begin().await.unwrap();
        held.execute("lock table checkpoints in share mode").await.unwrap();
        recorded(log.append(events(2, 0, 3)).await);
        wait::until("a subscription that moves its checkpoint", DEADLINE, async || {
            let waiting = "select exists (select from pg_locks
                                where relation = 'checkpoints'::regclass and not granted)";
            let waits: bool = sqlx::query_scalar(waiting).fetch_one(world.pool()).await.unwrap();
            waits.then_some(())
        })
        .await;
        overtake(&world, after, up_to).await;
        held.rollback().await.unwrap();
        let SubscriptionError::Log(error) = in_time(running).await.unwrap().unwrap_err();
        assert!(matches!(error, LogError::Changed(_)), "{error}");
        assert_eq!(
            checkpoint(world.pool(), "witness").await.unwrap(),
            Some(Frontier::whole(Position::new(5)))
        );
        let seen: Vec<i64> = sqlx::query_scalar("select position from witnessed order by position")
            .fetch_all(world.pool())
            .await
            .unwrap();
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    }
}
