//! A role that may connect and nothing else: it can neither stop, nor stall, nor mislead the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orqestra_domain::Timestamp;
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_event_log::{Clock, EventLog, LogOptions, Position};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::intact::unpolled;
use crate::support::{World, events, in_time, recorded};

/// A connection as a role of this database's own without any right.
async fn stranger(world: &World) -> PgConnection {
    let role = format!("stranger_of_{}", world.database.name());
    world.pool().execute(format!("create role {role} login").as_str()).await.unwrap();
    world.database.options().clone().username(&role).connect().await.unwrap()
}

/// Counts how often it is asked: twice for each look at the head.
struct CountingClock {
    asked: AtomicUsize,
    clock: ManualClock,
}

impl Clock for CountingClock {
    fn now(&self) -> Timestamp {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }
}

async fn counted(world: &World) -> (EventLog, Arc<CountingClock>) {
    let clock = ManualClock::at(world.clock.now());
    let clock = Arc::new(CountingClock { asked: AtomicUsize::new(0), clock });
    let poll = Duration::from_hours(1);
    let options = LogOptions { poll, ..LogOptions::new(Arc::clone(&clock) as _, Arc::new(SystemIds)) };
    (EventLog::open(world.pool().clone(), options, world.token.child_token()).await.unwrap(), clock)
}

#[tokio::test]
async fn a_notice_of_a_stranger_only_wakes() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let mut stranger = stranger(&world).await;
    let another = unpolled(&world).await;
    for lie in ["9000000000000000000", "2", "-1", "", "9223372036854775808", "now"] {
        stranger.execute(format!("notify orqestra_log, '{lie}'").as_str()).await.unwrap();
    }
    // What comes after the lies is told after them.
    for number in 2..=20 {
        recorded(in_time(world.log.append(events(number, 0, 1))).await);
    }
    let mut head = another.head();
    in_time(head.wait_for(|head| *head >= Position::new(20))).await.unwrap();
    assert_eq!(*head.borrow(), Position::new(20));
    assert_eq!(world.log.fetch_head().await.unwrap(), Position::new(20));
    world.log.intact().unwrap();
    another.intact().unwrap();
}

#[tokio::test]
async fn a_flood_of_notices_is_no_flood_of_looks_at_the_head() {
    let world = World::new().await;
    let (log, clock) = counted(&world).await;
    let mut stranger = stranger(&world).await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let mut head = log.head();
    in_time(head.wait_for(|head| *head == Position::new(1))).await.unwrap();
    let (before, began) = (clock.asked.load(Ordering::SeqCst), Instant::now());
    for _ in 0..200 {
        let flood = "select count(pg_notify('orqestra_log', (9000000000000000000 - n)::text)) from generate_series(1, 50) n";
        stranger.execute(flood).await.unwrap();
    }
    recorded(world.log.append(events(2, 0, 1)).await);
    in_time(head.wait_for(|head| *head == Position::new(2))).await.unwrap();
    let looks = (clock.asked.load(Ordering::SeqCst) - before) / 2;
    let most = began.elapsed().as_millis() / 5 + 2;
    assert!(
        u128::try_from(looks).unwrap() <= most,
        "{looks} looks for 10,000 notices in {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_processs_own_batches_cost_no_look_at_the_head() {
    let world = World::new().await;
    let (log, clock) = counted(&world).await;
    recorded(log.append(events(1, 0, 1)).await);
    let before = clock.asked.load(Ordering::SeqCst);
    for number in 2..=101 {
        recorded(log.append(events(number, 0, 1)).await);
    }
    // Each append asks when it is and when its batch is.
    let looks = (clock.asked.load(Ordering::SeqCst) - before - 200) / 2;
    assert!(looks <= 5, "{looks} looks for 100 batches of its own");
}

#[tokio::test]
async fn no_lock_that_a_stranger_can_take_holds_up_an_append_or_a_claim() {
    let world = World::new().await;
    let mut stranger = stranger(&world).await;
    stranger.execute("select pg_advisory_lock(7237117320415929455)").await.unwrap();
    recorded(in_time(world.log.append(events(1, 0, 1))).await);
    for mode in ["access share", "row share", "share update exclusive", "access exclusive"] {
        for table in ["append_turn", "rebuild_turn", "events", "checkpoints", "leases", "expired_months"] {
            let lock = format!("begin; lock table {table} in {mode} mode");
            let refused = stranger.execute(lock.as_str()).await.unwrap_err();
            let code =
                refused.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
            assert_eq!(code.as_deref(), Some("42501"), "{table} {mode}: {refused}");
            stranger.execute("rollback").await.unwrap();
        }
    }
    for call in
        ["select destroy_expired_keys(1)", "update log_identity set epoch = 9", "delete from expired_months"]
    {
        assert!(stranger.execute(call).await.is_err(), "{call}");
    }
    stranger.close().await.unwrap();
}
