//! Who goes first where more waits than one batch takes.
//!
//! The append lock is held from outside until all wait, so that what the next batch takes is the writer's choice alone.

use orqestra_event_log::{Position, Priority, Ticket};
use orqestra_tests::postgres::HeldAppends;

use crate::support::{World, checked_log, in_time, recorded, stream, with_ticket};

const CALLERS: u128 = 512;
const OWN: u128 = 40;
const FIRST_OWN: u128 = 1_000;

fn ticket(priority: Priority) -> Ticket {
    Ticket { priority, ..Ticket::default() }
}

#[tokio::test]
async fn while_many_callers_wait_the_engines_own_work_gets_a_share_and_all_of_it_is_stored() {
    let world = World::new().await;
    let mut held = HeldAppends::on(world.pool()).await;

    let append = |number, priority| {
        let (log, append) = (world.log.clone(), with_ticket(number, 0, 1, ticket(priority)));
        tokio::spawn(async move {
            let _caller = (priority == Priority::Caller).then(|| log.caller());
            recorded(log.append(append).await).first
        })
    };
    // The first batch, which waits for the lock; then those that wait for it, the engine's own in front.
    let first = append(1, Priority::Background);
    held.waited_for_by(1).await;
    let own: Vec<_> = (0..OWN).map(|at| append(FIRST_OWN + at, Priority::Background)).collect();
    let callers: Vec<_> = (2..2 + CALLERS).map(|at| append(at, Priority::Caller)).collect();
    // On one thread they are all in the queue once they have been polled.
    for _ in 0..OWN + CALLERS {
        tokio::task::yield_now().await;
    }
    held.release().await;

    assert_eq!(in_time(first).await.unwrap(), Position::new(1));
    let share = i64::try_from(CALLERS / 64).unwrap();
    let last_of_callers = 1 + i64::try_from(CALLERS).unwrap() + share;
    for caller in callers {
        let position = in_time(caller).await.unwrap().get();
        assert!(position <= last_of_callers, "a caller waits for no more than the share: {position}");
    }
    let mut with_callers = 0;
    for one in own {
        with_callers += i64::from(in_time(one).await.unwrap().get() <= last_of_callers);
    }
    assert_eq!(with_callers, share);
    let stored = checked_log(world.pool()).await;
    let first_own: Vec<_> =
        stored.iter().map(|(name, _)| name.clone()).filter(|name| *name >= stream(1, FIRST_OWN)).collect();
    assert!(first_own.is_sorted(), "what waits keeps its order");
}
