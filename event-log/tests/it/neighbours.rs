//! One tenant's large commands and another's small ones in the writer's queue.
//!
//! The append lock is held from outside until all wait, so that what the next batches take is the writer's choice alone.

use orqestra_event_log::{Append, Outcome};
use orqestra_tests::postgres::HeldAppends;
use serde_json::json;

use crate::support::{World, checked_log, events, in_time, recorded, stream};

const LARGE: usize = 24;
const BODY: usize = 340 * 1024;
const SMALL: usize = 8;

/// A large command of tenant 1.
fn large(number: usize) -> Append {
    of_size(number, BODY)
}

fn of_size(number: usize, bytes: usize) -> Append {
    let mut append = events(u128::try_from(number).unwrap() + 1_000, 0, 1);
    append.events[0].payload = json!({"sealed": "x".repeat(bytes)});
    append
}

/// A small command of tenant 2.
fn small(number: usize) -> Append {
    let number = u128::try_from(number).unwrap() + 1;
    let mut append = events(number, 0, 1);
    append.aggregate_id = stream(2, number);
    append
}

#[tokio::test]
async fn small_commands_of_one_tenant_wait_for_one_batch_of_anothers_large_ones_and_not_for_all() {
    let world = World::new().await;
    let mut held = HeldAppends::on(world.pool()).await;
    let append = |append: Append| {
        let log = world.log.clone();
        tokio::spawn(async move { recorded(log.append(append).await).first.get() })
    };
    // The first batch, which waits for the lock; the others queue behind it, all large ones in front.
    let first = append(large(0));
    held.waited_for_by(1).await;
    let mut others: Vec<_> = (1..LARGE).map(|number| append(large(number))).collect();
    let smalls: Vec<_> = (0..SMALL).map(|number| append(small(number))).collect();
    for _ in 0..LARGE + SMALL {
        tokio::task::yield_now().await;
    }
    held.release().await;
    assert_eq!(in_time(first).await.unwrap(), 1);
    let last = i64::try_from(2 + SMALL).unwrap();
    for small in smalls {
        let position = in_time(small).await.unwrap();
        assert!(position <= last, "all small ones go with the first large one that waits: {position}");
    }
    let mut positions = Vec::new();
    for other in others.drain(..) {
        positions.push(in_time(other).await.unwrap());
    }
    assert!(positions.is_sorted(), "one tenant's commands keep their order: {positions:?}");
    assert_eq!(checked_log(world.pool()).await.len(), LARGE + SMALL);
}

#[tokio::test]
async fn tenants_take_turns_by_bytes_where_no_command_is_large() {
    /// Two of them are a turn.
    const MIDDLING: usize = 15 * 1024;
    let world = World::new().await;
    let mut held = HeldAppends::on(world.pool()).await;
    let append = |append: Append| {
        let log = world.log.clone();
        tokio::spawn(async move { recorded(log.append(append).await).first.get() })
    };
    let first = append(of_size(0, MIDDLING));
    held.waited_for_by(1).await;
    let others: Vec<_> = (1..60).map(|number| append(of_size(number, MIDDLING))).collect();
    let smalls: Vec<_> = (0..SMALL).map(|number| append(small(number))).collect();
    for _ in 0..others.len() + SMALL {
        tokio::task::yield_now().await;
    }
    held.release().await;
    assert_eq!(in_time(first).await.unwrap(), 1);
    let last = i64::try_from(1 + 2 + SMALL).unwrap();
    for small in smalls {
        let position = in_time(small).await.unwrap();
        assert!(position <= last, "all small ones go behind one turn of the other tenant: {position}");
    }
    for other in others {
        in_time(other).await.unwrap();
    }
}

#[tokio::test]
async fn large_commands_of_one_tenant_fill_the_queue_for_itself_and_for_no_other() {
    let world = World::new().await;
    let held = HeldAppends::on(world.pool()).await;
    let append = |append: Append| {
        let log = world.log.clone();
        tokio::spawn(async move { log.append(append).await })
    };
    let running: Vec<_> = (0..120).map(|number| append(large(number))).collect();
    for _ in 0..running.len() {
        tokio::task::yield_now().await;
    }
    let full = running.iter().filter(|task| task.is_finished()).count();
    assert!((20..100).contains(&full), "half of the queue is the most for one tenant: {full} refused");
    let mut of_the_other = large(2_000);
    of_the_other.aggregate_id = stream(2, 2_000);
    let waits = [append(of_the_other), append(small(1))];
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    held.release().await;
    for task in waits {
        recorded(in_time(task).await.unwrap());
    }
    let mut stored = 0;
    for task in running {
        match in_time(task).await.unwrap() {
            Outcome::Recorded(_) => stored += 1,
            Outcome::Full => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stored, 120 - full);
}
