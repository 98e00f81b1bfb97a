//! Reading: nothing is skipped, nothing comes twice, whoever else has a transaction open.

use std::sync::Arc;

use orqestra_domain::StreamId;
use orqestra_event_log::{EventLog, Position, RecordedEvent};
use sqlx::Executor;

use crate::support::{World, checked_log, events, in_time, recorded, tenant};

fn positions(events: &[Arc<RecordedEvent>]) -> Vec<i64> {
    events.iter().map(|event| event.position.get()).collect()
}

/// Reads until a position, by its head.
async fn follow(log: &EventLog, until: i64) -> Vec<i64> {
    let mut head = log.head();
    let mut seen = Vec::new();
    let mut at = Position::ZERO;
    while at < Position::new(until) {
        in_time(head.wait_for(|head| *head > at)).await.unwrap();
        let page = log.read_after(at, 7).await.unwrap();
        at = page.last().map_or(at, |event| event.position);
        seen.extend(positions(&page));
    }
    seen
}

#[tokio::test]
async fn a_page_begins_after_its_position_and_ends_at_its_limit() {
    let world = World::new().await;
    for number in 1..=5 {
        recorded(world.log.append(events(number, 0, 2)).await);
    }
    let another = world.another().await;
    for log in [&world.log, &another] {
        assert_eq!(positions(&log.read_after(Position::ZERO, 3).await.unwrap()), [1, 2, 3]);
        assert_eq!(positions(&log.read_after(Position::new(8), 100).await.unwrap()), [9, 10]);
        assert!(log.read_after(Position::new(10), 100).await.unwrap().is_empty());
        assert!(log.read_after(Position::new(99), 100).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_stream_is_loaded_whole_and_alone() {
    let world = World::new().await;
    let first = recorded(world.log.append(events(1, 0, 2)).await).events;
    recorded(world.log.append(events(2, 0, 3)).await);
    let id = tenant(1);
    let stream = |number| {
        StreamId::notification(id, orqestra_domain::NotificationId::from_uuid(uuid::Uuid::from_u128(number)))
    };
    let loads = (0..40).map(|number| {
        let (log, stream) = (world.log.clone(), stream(number % 4));
        async move { log.load("Counter", &stream).await.unwrap().len() }
    });
    let lengths = futures::future::join_all(loads).await;
    assert_eq!(lengths, [0, 2, 3, 0].repeat(10));
    let loaded = world.log.load("Counter", &stream(1)).await.unwrap();
    assert_eq!(positions(&loaded), positions(&first));
    assert!(world.log.load("Other", &stream(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn readers_of_every_process_see_each_event_once_in_order() {
    let world = World::new().await;
    let another = world.another().await;
    let writing = async {
        for number in 0..60 {
            let log = if number % 3 == 0 { &another } else { &world.log };
            recorded(log.append(events(number, 0, 2)).await);
        }
    };
    let ((), ours, theirs) = futures::join!(writing, follow(&world.log, 120), follow(&another, 120));
    let all: Vec<i64> = (1..=120).collect();
    assert_eq!(ours, all);
    assert_eq!(theirs, all);
}

#[tokio::test]
async fn a_transaction_open_elsewhere_stalls_and_skips_nothing() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    // One that has read, and one that has written elsewhere, under every isolation.
    let mut reading = world.pool().begin().await.unwrap();
    reading.execute("set transaction isolation level repeatable read").await.unwrap();
    reading.execute("select count(*) from events").await.unwrap();
    let mut writing = world.pool().begin().await.unwrap();
    writing
        .execute("insert into leases (name, epoch, owner, until) values ('x', 1, gen_random_uuid(), now())")
        .await
        .unwrap();
    let another = world.another().await;
    let appending = async {
        for number in 2..=50 {
            recorded(world.log.append(events(number, 0, 1)).await);
        }
    };
    let ((), seen) = futures::join!(appending, follow(&another, 50));
    assert_eq!(seen, (1..=50).collect::<Vec<i64>>());
    writing.rollback().await.unwrap();
    reading.rollback().await.unwrap();
}

#[tokio::test]
async fn without_notices_the_head_is_found_by_asking() {
    let world = World::new().await;
    let another = world.another().await;
    // The listeners' connections go, and come back only after a while.
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%advisory%' and datname = current_database() and pid <> pg_backend_pid()")
        .execute(world.pool())
        .await
        .unwrap();
    recorded(world.log.append(events(1, 0, 1)).await);
    let mut head = another.head();
    in_time(head.wait_for(|head| *head == Position::new(1))).await.unwrap();
}

#[tokio::test]
async fn a_log_is_known_by_its_id() {
    let world = World::new().await;
    assert_eq!(world.log.log_id(), world.another().await.log_id());
    assert_ne!(world.log.log_id(), World::new().await.log.log_id());
    assert_eq!(world.log.epoch(), 1);
}

#[tokio::test]
async fn what_no_aggregate_has_is_an_error_of_its_reader_alone() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let read = world.log.read_after(Position::ZERO, 10).await.unwrap();
    assert!(read[0].event().is_err());
    assert_eq!(checked_log(world.pool()).await.len(), 1);
}
