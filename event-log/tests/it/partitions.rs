//! A subscription that is read in partitions, by the log's tail or by a topic that is no better than topics are.

use std::collections::BTreeMap;
use std::sync::Arc;

use orqestra_event_log::{
    EventLog, Frontier, LogTail, OnPoison, Partition, Partitions, Position, Source, SubscriptionState,
    TopicContent, TopicRecord, checkpoint, parked, request_retry, run_partition,
};
use orqestra_tests::wait;

use crate::subscription::{
    Poison, Running, Witness, append, quick, reached, until, witness, witnessed, world,
};
use crate::support::{DEADLINE, World, events, recorded, stream};
use crate::topic::{Fate, Topic};

fn partitions(count: u16) -> Partitions {
    Partitions::new(count).unwrap()
}

/// Runs each partition by its own source, and its own subscriber.
fn run_each<F: Source + 'static>(
    world: &World,
    log: &EventLog,
    count: u16,
    witness: impl Fn() -> Witness,
    source: impl Fn(Partition) -> F,
) -> Vec<Running> {
    run_partitions(world, log, partitions(count).each(), witness, source)
}

/// The same for some of them.
fn run_partitions<F: Source + 'static>(
    world: &World,
    log: &EventLog,
    which: impl IntoIterator<Item = Partition>,
    witness: impl Fn() -> Witness,
    source: impl Fn(Partition) -> F,
) -> Vec<Running> {
    let each = which.into_iter().map(|partition| {
        let (log, pool, token) = (log.clone(), world.pool().clone(), world.token.child_token());
        let running = run_partition(log, pool, witness(), source(partition), quick(), token.clone());
        Running::of(token, running)
    });
    each.collect()
}

async fn stop(running: Vec<Running>) {
    for running in running {
        running.stop().await;
    }
}

/// Waits until every partition has handled the log up to a position.
async fn all_reached(world: &World, position: i64) {
    wait::until("every partition", DEADLINE, async || {
        let frontier = checkpoint(world.pool(), "witness").await.unwrap()?;
        (frontier.least() >= Position::new(position)).then_some(())
    })
    .await;
}

/// What was handled, by stream, in the order in which it was.
async fn by_stream(world: &World) -> BTreeMap<String, Vec<i64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as("select aggregate_id, position from witnessed order by id")
        .fetch_all(world.pool())
        .await
        .unwrap();
    let mut streams = BTreeMap::<String, Vec<i64>>::new();
    for (stream, position) in rows {
        streams.entry(stream).or_default().push(position);
    }
    streams
}

/// Every event was handled once, each stream's in order.
async fn handled_once(world: &World, count: i64) {
    for (stream, positions) in by_stream(world).await {
        assert!(positions.is_sorted(), "{stream}: {positions:?}");
    }
    let mut all = witnessed(world).await;
    all.sort_unstable();
    assert_eq!(all, (1..=count).collect::<Vec<_>>());
}

/// Two rounds of events of twenty streams.
async fn two_rounds(world: &World) {
    append(world, 0..20).await;
    for number in 0..20 {
        recorded(world.log.append(events(number, 1, 1)).await);
    }
}

#[tokio::test]
async fn each_event_is_handled_once_and_each_key_in_order_by_whichever_source() {
    let world = world().await;
    let tail = |partition| LogTail::of(world.log.clone(), partition);
    let running = run_each(&world, &world.log, 3, witness, tail);
    two_rounds(&world).await;
    all_reached(&world, 40).await;
    stop(running).await;
    handled_once(&world, 40).await;

    let topic = Topic::of(&world.log, partitions(3), &world.token);
    let running = run_each(&world, &world.log, 3, witness, |partition| topic.source(&world.log, partition));
    append(&world, 20..60).await;
    all_reached(&world, 80).await;
    stop(running).await;
    handled_once(&world, 80).await;
}

#[tokio::test]
async fn what_a_topic_lost_is_read_from_the_log_without_further_traffic() {
    let world = world().await;
    two_rounds(&world).await;
    // All records of one stream, the last one of another, and a stretch in the middle.
    let lost = |position: Position| {
        let at = position.get();
        at == 6 || at == 26 || at == 40 || (10..18).contains(&at)
    };
    let topic =
        Topic::with(
            &world.log,
            partitions(3),
            &world.token,
            move |at| if lost(at) { Fate::Lost } else { Fate::Sent },
        );
    let running = run_each(&world, &world.log, 3, witness, |partition| topic.source(&world.log, partition));
    all_reached(&world, 40).await;
    stop(running).await;
    handled_once(&world, 40).await;
}

#[tokio::test]
async fn what_a_topic_repeats_has_no_effect() {
    let world = world().await;
    let fate = |at: Position| if at.get() % 5 == 0 { Fate::Repeated } else { Fate::Sent };
    let topic = Topic::with(&world.log, partitions(2), &world.token, fate);
    let source = |partition| topic.source(&world.log, partition);
    let running = run_each(&world, &world.log, 2, witness, source);
    two_rounds(&world).await;
    all_reached(&world, 40).await;
    stop(running).await;
    // All of it comes again to those that start.
    let running = run_each(&world, &world.log, 2, witness, source);
    append(&world, 20..30).await;
    all_reached(&world, 50).await;
    stop(running).await;
    handled_once(&world, 50).await;
}

#[tokio::test]
async fn a_topic_that_was_made_anew_loses_nothing() {
    let world = world().await;
    let topic = Topic::of(&world.log, partitions(2), &world.token);
    let source = |partition| topic.source(&world.log, partition);
    let running = run_each(&world, &world.log, 2, witness, source);
    append(&world, 0..20).await;
    all_reached(&world, 20).await;
    stop(running).await;
    append(&world, 20..40).await;
    topic.relays(40).await;
    topic.forget();
    append(&world, 40..50).await;
    let running = run_each(&world, &world.log, 2, witness, source);
    all_reached(&world, 50).await;
    stop(running).await;
    handled_once(&world, 50).await;
}

#[tokio::test]
async fn another_process_goes_on_with_a_partition_where_its_owner_stood() {
    let world = world().await;
    let another = world.another().await;
    let topic = Topic::of(&world.log, partitions(2), &world.token);
    let source = |partition| topic.source(&world.log, partition);
    let mut ours = run_each(&world, &world.log, 2, witness, source);
    append(&world, 0..20).await;
    all_reached(&world, 20).await;
    let theirs = run_each(&world, &another, 2, witness, |partition| topic.source(&another, partition));
    // One partition changes its owner, the other stays.
    ours.remove(0).stop().await;
    append(&world, 20..40).await;
    all_reached(&world, 40).await;
    stop(ours).await;
    append(&world, 40..60).await;
    all_reached(&world, 60).await;
    stop(theirs).await;
    handled_once(&world, 60).await;
}

#[tokio::test]
async fn a_subscription_is_divided_and_joined_again_without_loss_or_double_effect() {
    let world = world().await;
    append(&world, 0..20).await;
    let whole = || {
        let (log, pool, token) = (world.log.clone(), world.pool().clone(), world.token.child_token());
        let tail = LogTail::whole(log.clone());
        Running::of(token.clone(), run_partition(log, pool, witness(), tail, quick(), token))
    };
    let running = whole();
    reached(&world.log, 20).await;
    running.stop().await;

    let tail = |partition| LogTail::of(world.log.clone(), partition);
    let mut running = run_each(&world, &world.log, 4, witness, tail);
    append(&world, 20..40).await;
    all_reached(&world, 40).await;
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap().unwrap().partitions(), partitions(4));
    // Three of them go on while one stands still: they are apart when the division changes.
    running.remove(2).stop().await;
    append(&world, 40..80).await;
    wait::until("partitions apart", DEADLINE, async || {
        let frontier = checkpoint(world.pool(), "witness").await.unwrap()?;
        (frontier.furthest() == Position::new(80)).then_some(())
    })
    .await;
    stop(running).await;

    let running = run_each(&world, &world.log, 3, witness, tail);
    append(&world, 80..90).await;
    all_reached(&world, 90).await;
    stop(running).await;
    let running = whole();
    append(&world, 90..100).await;
    reached(&world.log, 100).await;
    running.stop().await;
    handled_once(&world, 100).await;
    let stands = checkpoint(world.pool(), "witness").await.unwrap();
    assert_eq!(stands, Some(Frontier::whole(Position::new(100))));
}

#[tokio::test]
async fn processes_that_divide_it_anew_together_end_in_one_division() {
    let world = world().await;
    let another = world.another().await;
    let tail = |partition| LogTail::of(world.log.clone(), partition);
    let mut running = run_each(&world, &world.log, 4, witness, tail);
    append(&world, 0..20).await;
    all_reached(&world, 20).await;
    running.remove(3).stop().await;
    append(&world, 20..60).await;
    wait::until("partitions apart", DEADLINE, async || {
        let frontier = checkpoint(world.pool(), "witness").await.unwrap()?;
        (frontier.furthest() == Position::new(60) && !frontier.is_level()).then_some(())
    })
    .await;
    stop(running).await;

    let ours = run_each(&world, &world.log, 2, witness, tail);
    let theirs = run_each(&world, &another, 2, witness, |partition| LogTail::of(another.clone(), partition));
    append(&world, 60..80).await;
    all_reached(&world, 80).await;
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap().unwrap().partitions(), partitions(2));
    until(&world, "select max(partition) = 1 from checkpoints").await;
    stop(ours).await;
    stop(theirs).await;
    handled_once(&world, 80).await;
}

#[tokio::test]
async fn while_a_process_reads_it_otherwise_a_subscription_is_not_divided() {
    let world = world().await;
    let another = world.another().await;
    let ours =
        run_each(&world, &world.log, 1, witness, |partition| LogTail::of(world.log.clone(), partition));
    append(&world, 0..10).await;
    reached(&world.log, 10).await;
    let theirs = run_each(&world, &another, 2, witness, |partition| LogTail::of(another.clone(), partition));
    let stands_by = || (another.subscription("witness") == SubscriptionState::StandsBy).then_some(());
    wait::until_now("the other process, which tries in vain", DEADLINE, stands_by).await;
    append(&world, 10..30).await;
    reached(&world.log, 30).await;
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap().unwrap().partitions(), Partitions::ONE);
    stop(ours).await;
    append(&world, 30..40).await;
    all_reached(&world, 40).await;
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap().unwrap().partitions(), partitions(2));
    stop(theirs).await;
    handled_once(&world, 40).await;
}

#[tokio::test]
async fn a_parked_aggregate_is_retried_by_its_own_partition_alone() {
    let world = world().await;
    let poison = Poison::default();
    poison.lock().unwrap().insert(stream(1, 3));
    let parking = || Witness { poison: Arc::clone(&poison), on_poison: OnPoison::Park, ..witness() };
    let tail = |partition| LogTail::of(world.log.clone(), partition);
    let mut running = run_each(&world, &world.log, 3, parking, tail);
    two_rounds(&world).await;
    all_reached(&world, 40).await;
    assert_eq!(parked(world.pool(), "witness").await.unwrap().len(), 1);
    assert!(!by_stream(&world).await.contains_key(&stream(1, 3)));

    let all = world.log.read_after(Position::ZERO, 100).await.unwrap();
    let its: Vec<_> = all.into_iter().filter(|event| event.aggregate_id == stream(1, 3)).collect();
    let own = partitions(3).of(&world.log.partition_keys(&its).await.unwrap()[0]);
    running.remove(own.number().into()).stop().await;
    poison.lock().unwrap().clear();
    request_retry(world.pool(), "witness", Some(&stream(1, 3))).await.unwrap();
    // Where the leases are renewed it is looked what is to be retried: the other two have looked twice.
    for _ in 0..2 {
        let least = "select min(until)::text from leases where until > clock_timestamp()";
        let before: String = sqlx::query_scalar(least).fetch_one(world.pool()).await.unwrap();
        let renewed =
            format!("select count(*) = 2 from leases where until > greatest('{before}', clock_timestamp())");
        until(&world, &renewed).await;
    }
    assert_eq!(parked(world.pool(), "witness").await.unwrap().len(), 1, "its own partition is not read");
    running.extend(run_partitions(&world, &world.log, [own], parking, tail));
    until(&world, "select count(*) = 0 from parked_events").await;
    append(&world, 20..30).await;
    recorded(world.log.append(events(3, 2, 1)).await);
    all_reached(&world, 51).await;
    stop(running).await;
    handled_once(&world, 51).await;
}

#[tokio::test]
async fn a_zombie_of_the_division_before_stores_nothing() {
    let world = world().await;
    let another = world.another().await;
    append(&world, 0..10).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let gated = || Witness { gate: Some(Arc::clone(&gate)), ..witness() };
    let zombie =
        run_each(&world, &world.log, 1, gated, |partition| LogTail::of(world.log.clone(), partition));
    until(&world, "select exists (select from pg_stat_activity where state = 'idle in transaction' and datname = current_database())").await;
    sqlx::query("update leases set until = now(), presence = 0").execute(world.pool()).await.unwrap();
    // The change waits for the transaction that stands open, and its mover finds that it is of another division.
    let heirs = run_each(&world, &another, 2, witness, |partition| LogTail::of(another.clone(), partition));
    gate.add_permits(1_000);
    append(&world, 10..30).await;
    all_reached(&world, 30).await;
    until(&world, "select count(*) = 1 from subscription_partitions").await;
    stop(zombie).await;
    stop(heirs).await;
    handled_once(&world, 30).await;
}

#[tokio::test]
async fn records_of_a_log_that_was_restored_since_have_no_effect() {
    let world = world().await;
    let elsewhere = crate::subscription::world().await;
    append(&elsewhere, 100..150).await;
    let others = elsewhere.log.read_after(Position::ZERO, 100).await.unwrap();
    let topic = Topic::of(&world.log, partitions(1), &world.token);
    append(&world, 0..10).await;
    topic.relays(10).await;
    // Of positions that the log holds otherwise, and of some beyond its end.
    let foreign = others.into_iter().skip(5).map(|event| TopicRecord {
        offset: 0,
        after: Position::new(event.position.get() - 1),
        content: TopicContent::Event(event),
    });
    topic.forget();
    topic.bring(Partition::WHOLE, foreign.collect());
    let source = |partition| topic.source(&world.log, partition);
    let running = run_each(&world, &world.log, 1, witness, source);
    all_reached(&world, 10).await;
    append(&world, 10..30).await;
    all_reached(&world, 30).await;
    stop(running).await;
    handled_once(&world, 30).await;
    let foreign: i64 = sqlx::query_scalar("select count(*) from witnessed where aggregate_id >= $1")
        .bind(stream(1, 100))
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(foreign, 0);
}
