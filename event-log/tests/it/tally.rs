//! Counting the log, and finding where in it a moment lies.

use std::time::Duration;

use orqestra_domain::Timestamp;
use orqestra_event_log::{Clock, Position, Tally};

use crate::support::{World, events, recorded, tenant};

#[tokio::test]
async fn events_are_counted_by_tenant_and_second_after_a_position() {
    let world = World::new().await;
    for (stream, count) in [(1, 2), (2, 3)] {
        recorded(world.log.append(events(stream, 0, count)).await);
        world.clock.advance(Duration::from_millis(1_500));
    }
    let second = |seconds: u64| {
        let start: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        start.plus(Duration::from_secs(seconds))
    };
    let tally = |seconds, count| Tally { tenant: tenant(1), second: second(seconds), count };
    let counted = async |kind, after| {
        let mut tallies = world.log.tally(kind, Position::new(after)).await.unwrap();
        tallies.sort_by_key(|tally| tally.second);
        tallies
    };
    assert_eq!(counted("Counted", 0).await, [tally(0, 2), tally(1, 3)]);
    assert_eq!(counted("Counted", 3).await, [tally(1, 2)]);
    assert!(counted("Counted", 5).await.is_empty() && counted("Other", 0).await.is_empty());
}

#[tokio::test]
async fn everything_up_to_the_position_before_a_moment_was_recorded_before_it() {
    let world = World::new().await;
    let start = world.clock.now();
    assert_eq!(world.log.position_before(start).await.unwrap(), Position::ZERO);
    for stream in 1..=20 {
        recorded(world.log.append(events(stream, 0, 1)).await);
        world.clock.advance(Duration::from_secs(10));
    }
    // Event n was recorded at (n - 1) * 10 seconds, and clocks may be 10 seconds apart.
    for (seconds, position) in [(0, 0), (10, 0), (11, 1), (100, 9), (101, 10), (200, 19), (1_000, 20)] {
        let moment = start.plus(Duration::from_secs(seconds));
        assert_eq!(world.log.position_before(moment).await.unwrap(), Position::new(position), "{seconds}");
    }
}
