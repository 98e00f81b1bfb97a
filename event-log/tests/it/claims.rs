//! Keys claimed for events that are stored already: against each other and against appends.

use std::time::Duration;

use futures::future::join_all;
use orqestra_domain::NotificationId;
use orqestra_event_log::{EventLog, IdempotencyClaim, Outcome, Ticket};
use orqestra_tests::postgres::HeldAppends;
use uuid::Uuid;

use crate::support::{World, events, in_time, later, recorded, tenant, with_ticket};

const DAY: Duration = Duration::from_hours(24);

fn id(number: u128) -> NotificationId {
    NotificationId::from_uuid(Uuid::from_u128(number))
}

fn claim(world: &World, key: &str, notification: u128) -> IdempotencyClaim {
    IdempotencyClaim {
        tenant: tenant(1),
        key: key.to_owned(),
        plain: None,
        notification: id(notification),
        expires_at: later(&world.clock, DAY),
    }
}

fn with_claim(world: &World, key: &str, number: u128) -> orqestra_event_log::Append {
    let ticket = Ticket { idempotency_key: Some(claim(world, key, number)), ..Ticket::default() };
    with_ticket(number, 0, 1, ticket)
}

async fn holder(log: &EventLog, claim: IdempotencyClaim) -> NotificationId {
    log.claim(claim).await.unwrap().notification
}

#[tokio::test]
async fn a_free_key_is_claimed_for_a_stored_event_and_no_append_gets_it_then() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    let claimed = world.log.claim(claim(&world, "k", 1)).await.unwrap();
    assert_eq!(claimed, claim(&world, "k", 1));
    let taken = world.log.append(with_claim(&world, "k", 2)).await;
    assert!(matches!(taken, Outcome::KeyTaken { notification } if notification == id(1)), "{taken:?}");
    assert_eq!(world.log.idempotency_key(tenant(1), "k", None).await.unwrap(), Some(id(1)));
    assert_eq!(world.log.idempotency_key(tenant(2), "k", None).await.unwrap(), None);
}

#[tokio::test]
async fn whoever_holds_a_key_is_told_and_keeps_it_with_its_time() {
    let world = World::new().await;
    recorded(world.log.append(with_claim(&world, "k", 1)).await);
    let first = claim(&world, "k", 1);
    world.clock.advance(DAY / 2);
    for asker in [1, 2] {
        assert_eq!(world.log.claim(claim(&world, "k", asker)).await.unwrap(), first);
    }
}

#[tokio::test]
async fn an_expired_claim_can_be_claimed_anew() {
    let world = World::new().await;
    recorded(world.log.append(with_claim(&world, "k", 1)).await);
    world.clock.advance(DAY.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(holder(&world.log, claim(&world, "k", 2)).await, id(1));
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(world.log.claim(claim(&world, "k", 2)).await.unwrap(), claim(&world, "k", 2));
    world.clock.advance(DAY.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(holder(&world.log, claim(&world, "k", 3)).await, id(2));
}

#[tokio::test]
async fn of_claims_and_appends_at_once_one_holds_the_key_and_all_are_told_it() {
    let world = World::new().await;
    let other = world.another().await;
    for round in 0..10 {
        let key = format!("k-{round}");
        let first = round * 100;
        let claims = join_all((first..first + 20).map(|number| {
            let log = if number % 2 == 0 { &world.log } else { &other };
            holder(log, claim(&world, &key, number))
        }));
        let appends =
            join_all((first + 20..first + 40).map(|number| other.append(with_claim(&world, &key, number))));
        let (holders, outcomes) = in_time(async { futures::join!(claims, appends) }).await;
        let held = world.log.idempotency_key(tenant(1), &key, None).await.unwrap().unwrap();
        assert!(holders.iter().all(|holder| *holder == held));
        for (number, outcome) in (first + 20..).zip(outcomes) {
            match outcome {
                Outcome::Recorded(_) => assert_eq!(id(number), held, "an event has the key it claimed"),
                Outcome::KeyTaken { notification } => assert_eq!(notification, held),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_claim_waits_for_the_append_under_way_and_a_held_key_waits_for_nothing() {
    let world = World::new().await;
    recorded(world.log.append(with_claim(&world, "held", 1)).await);
    let mut appending = HeldAppends::on(world.pool()).await;
    assert_eq!(in_time(holder(&world.log, claim(&world, "held", 2))).await, id(1));
    let free = holder(&world.log, claim(&world, "free", 1));
    let mut free = std::pin::pin!(free);
    tokio::select! {
        biased;
        _ = &mut free => panic!("claimed while another appends"),
        () = appending.waited_for_by(1) => {}
    }
    appending.release().await;
    assert_eq!(in_time(free).await, id(1));
}
