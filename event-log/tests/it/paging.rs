//! Reads are bounded by bytes: whatever is asked for travels in statements that a slow link can carry.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{NotificationId, StreamId};
use orqestra_event_log::{Append, EventLog, Interest, Metadata, NewEvent, Position, RecordedEvent, Ticket};
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, in_time, open, recorded, tenant};

/// The bytes that one statement may bring, an event more than fits included.
const MOST: usize = 1024 * 1024;
const LARGE: usize = 240 * 1024;

/// Text that does not compress.
fn noise(bytes: usize, seed: usize) -> String {
    let mut state = u64::try_from(seed).unwrap() * 2 + 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        write!(text, "{:016x}", next()).unwrap();
    }
    text
}

fn event(event_type: &str, body: &str) -> NewEvent {
    NewEvent {
        event_type: event_type.to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({ "body": body }),
        metadata: Metadata::default(),
    }
}

async fn append(log: &EventLog, aggregate_type: &str, stream: usize, expected: i64, events: Vec<NewEvent>) {
    let append = Append {
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: format!("{}/{}", tenant(1), Uuid::from_u128(u128::try_from(stream).unwrap())),
        expected,
        events,
        ticket: Ticket::default(),
    };
    recorded(in_time(log.append(append)).await);
}

fn stream(number: usize) -> StreamId {
    StreamId::notification(
        tenant(1),
        NotificationId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap())),
    )
}

fn bytes(events: &[Arc<RecordedEvent>]) -> usize {
    events.iter().map(|event| event.payload.len()).sum()
}

#[tokio::test]
async fn a_page_has_as_many_events_as_fit_and_at_least_one_however_well_they_compress() {
    let world = World::new().await;
    for number in 0..12 {
        append(&world.log, "Large", number, 0, vec![event("Grown", &noise(LARGE, number))]).await;
    }
    for number in 12..20 {
        append(&world.log, "Large", number, 0, vec![event("Grown", &"x".repeat(800 * 1024))]).await;
    }
    let another = world.another().await;
    let (mut at, mut pages, mut seen) = (Position::ZERO, 0, 0);
    loop {
        let page = another.read_after(at, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(bytes(&page) <= MOST, "{} bytes in one page", bytes(&page));
        for event in &page {
            seen += 1;
            assert_eq!(event.position, Position::new(seen), "none is left out");
        }
        at = last.position;
        pages += 1;
    }
    assert_eq!(seen, 20);
    assert!(pages <= 12, "pages are filled: {pages}");
}

#[tokio::test]
async fn what_a_reader_does_not_ask_for_does_not_travel_and_its_positions_are_passed() {
    let database = TestDatabase::migrated(&orqestra_event_log::MIGRATOR).await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::new_on(database).await;
    for number in 0..20 {
        append(&world.log, "Large", number, 0, vec![event("Grown", &noise(LARGE, number))]).await;
    }
    append(&world.log, "Small", 100, 0, vec![event("Grown", "s"), event("Shrunk", "t")]).await;
    let log = open(&world.database.pool_over(proxy.port()), &world.clock, &world.token).await;
    let before = proxy.passed();
    let read = async |interest: Interest| log.read_page(Position::ZERO, 1_000, &interest).await.unwrap();
    let small = read(Interest::of(&["Small"])).await;
    let types: Vec<_> = small.events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!((types, small.reached), (vec!["Grown", "Shrunk"], Position::new(22)));
    let shrunk = read(Interest::of(&["Small", "Large"]).except(&["Grown"])).await;
    assert_eq!((shrunk.events.len(), shrunk.reached), (1, Position::new(22)));
    let none = read(Interest::of(&["Nothing"])).await;
    assert_eq!((none.events.len(), none.reached), (0, Position::new(22)));
    let counted = read(Interest::ALL.only(&["Grown"]).without_payloads()).await;
    assert_eq!((counted.events.len(), counted.reached), (21, Position::new(22)));
    assert!(counted.events[0].event().is_err() && counted.events[0].payload.is_empty());
    let passed = proxy.passed() - before;
    assert!(passed < 64 * 1024, "{passed} bytes of ignored payloads");
    log.close().await;
}

#[tokio::test]
async fn streams_that_are_loaded_together_come_whole_over_several_statements() {
    let world = World::new().await;
    for number in 0..24 {
        append(&world.log, "Large", number, 0, vec![event("Grown", &noise(LARGE, number))]).await;
    }
    for sequence in 0..20 {
        append(&world.log, "Large", 50, sequence, vec![event("Grown", &noise(LARGE, 50))]).await;
    }
    let another = world.another().await;
    let loads = (0..60).map(|number| {
        let log = another.clone();
        async move { log.load("Large", &stream(number)).await.unwrap() }
    });
    let loaded = in_time(futures::future::join_all(loads)).await;
    for (number, events) in loaded.iter().enumerate() {
        let expected = if number < 24 { 1 } else { 20 * usize::from(number == 50) };
        assert_eq!(events.len(), expected, "stream {number}");
        for (event, sequence) in events.iter().zip(1..) {
            assert_eq!((event.aggregate_id.as_str(), event.sequence), (stream(number).as_str(), sequence));
            assert!(event.payload.contains(&noise(LARGE, number)), "its own payload");
        }
    }
}

#[tokio::test]
async fn over_a_slow_link_a_page_that_is_late_is_halved_until_it_comes() {
    let database = TestDatabase::migrated(&orqestra_event_log::MIGRATOR).await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::new_on(database).await;
    for number in 0..16 {
        append(&world.log, "Large", number, 0, vec![event("Grown", &noise(LARGE, number))]).await;
    }
    let log = open(&world.database.pool_over(proxy.port()), &world.clock, &world.token).await;
    // Less than a page in the time that a read has, and more than an event.
    proxy.slow_down(100 * 1024);
    let mut late = 0;
    let page = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            match log.read_after(Position::ZERO, 1_000).await {
                Ok(page) => return page,
                Err(error) => {
                    assert!(error.to_string().contains("in time"), "{error}");
                    late += 1;
                }
            }
        }
    })
    .await
    .expect("a page in time");
    assert!(late > 0, "the whole page does not fit into the time");
    assert!(!page.is_empty() && bytes(&page) <= MOST / 2, "{} bytes", bytes(&page));
    log.close().await;
}

#[tokio::test]
async fn one_event_that_takes_longer_than_a_page_may_comes_all_the_same() {
    let database = TestDatabase::migrated(&orqestra_event_log::MIGRATOR).await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::new_on(database).await;
    append(&world.log, "Small", 1, 0, vec![event("Grown", "s")]).await;
    append(&world.log, "Large", 2, 0, vec![event("Grown", &noise(900 * 1000, 2))]).await;
    append(&world.log, "Small", 3, 0, vec![event("Grown", "s")]).await;
    let log = open(&world.database.pool_over(proxy.port()), &world.clock, &world.token).await;
    // It needs about seven seconds, and a page has five.
    proxy.slow_down(128 * 1024);
    let by_page = tokio::spawn({
        let log = log.clone();
        async move {
            let (mut at, mut seen) = (Position::ZERO, Vec::new());
            while seen.len() < 3 {
                let Ok(page) = log.read_after(at, 1_000).await else { continue };
                seen.extend(page.iter().map(|event| (event.position.get(), event.payload.len())));
                at = page.last().expect("there are three").position;
            }
            seen
        }
    });
    let by_stream = tokio::spawn(async move {
        loop {
            if let Ok(events) = log.load("Large", &stream(2)).await {
                return events.len();
            }
        }
    });
    let patiently = Duration::from_mins(1);
    let seen = tokio::time::timeout(patiently, by_page).await.expect("in time").unwrap();
    assert_eq!(seen.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(seen[1].1 > 900 * 1000);
    assert_eq!(tokio::time::timeout(patiently, by_stream).await.expect("in time").unwrap(), 1);
}
