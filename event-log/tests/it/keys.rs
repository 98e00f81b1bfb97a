//! What is claimed, brought, needed and destroyed in the transaction of the events.

use std::time::Duration;

use orqestra_domain::{KeyId, NotificationId, RecipientRef};
use orqestra_event_log::{IdempotencyClaim, KeyDestruction, Outcome, Ticket};
use orqestra_tests::postgres::HeldAppends;
use orqestra_vault::{KeyScope, NewKey};
use uuid::Uuid;

use crate::support::{World, events, later, recorded, tenant, with_ticket};

const DAY: Duration = Duration::from_hours(24);

fn claim(world: &World, key: &str, notification: u128) -> Ticket {
    let claim = IdempotencyClaim {
        tenant: tenant(1),
        key: key.to_owned(),
        plain: None,
        notification: NotificationId::from_uuid(Uuid::from_u128(notification)),
        expires_at: later(&world.clock, DAY),
    };
    Ticket { idempotency_key: Some(claim), ..Ticket::default() }
}

fn key_id(number: u128) -> KeyId {
    KeyId::from_uuid(Uuid::from_u128(number))
}

fn recipient_scope(byte: u8) -> KeyScope {
    KeyScope::Recipient { recipient: RecipientRef::from_bytes([byte; 32]), month: 202_611 }
}

fn new_key(number: u128, scope: KeyScope) -> NewKey {
    NewKey { id: key_id(number), tenant: tenant(1), scope, wrapped: vec![u8::try_from(number).unwrap(); 8] }
}

fn brings(keys: Vec<NewKey>) -> Ticket {
    Ticket { new_keys: keys, ..Ticket::default() }
}

fn uses(number: u128) -> Ticket {
    Ticket { used_keys: vec![key_id(number)], ..Ticket::default() }
}

async fn count(world: &World, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(world.pool()).await.unwrap()
}

#[tokio::test]
async fn a_taken_key_is_told_apart_from_a_conflict() {
    let world = World::new().await;
    recorded(world.log.append(with_ticket(1, 0, 1, claim(&world, "k", 1))).await);
    let taken = world.log.append(with_ticket(2, 0, 1, claim(&world, "k", 2))).await;
    assert!(
        matches!(taken, Outcome::KeyTaken { notification } if notification.as_uuid() == Uuid::from_u128(1)),
        "{taken:?}"
    );
    let conflict = world.log.append(with_ticket(1, 0, 1, claim(&world, "other", 1))).await;
    assert!(matches!(conflict, Outcome::Conflict { actual: 1 }), "{conflict:?}");
    assert_eq!((count(&world, "idempotency_keys").await, count(&world, "events").await), (1, 1));
    let found = world.log.idempotency_key(tenant(1), "k", None).await.unwrap();
    assert_eq!(found, Some(NotificationId::from_uuid(Uuid::from_u128(1))));
    assert_eq!(world.log.idempotency_key(tenant(2), "k", None).await.unwrap(), None);
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_wins_and_the_others_are_told_it() {
    let world = World::new().await;
    let outcomes = futures::future::join_all(
        (1..=50).map(|number| world.log.append(with_ticket(number, 0, 1, claim(&world, "k", number)))),
    )
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.recorded().is_some()).count(), 1);
    let winner = world.log.idempotency_key(tenant(1), "k", None).await.unwrap().unwrap();
    for outcome in outcomes {
        assert!(match outcome {
            Outcome::Recorded(_) => true,
            Outcome::KeyTaken { notification } => notification == winner,
            _ => false,
        });
    }
}

#[tokio::test]
async fn a_key_is_free_again_exactly_when_it_expires() {
    let world = World::new().await;
    recorded(world.log.append(with_ticket(1, 0, 1, claim(&world, "k", 1))).await);
    world.clock.advance(DAY.checked_sub(Duration::from_micros(1)).unwrap());
    assert!(world.log.idempotency_key(tenant(1), "k", None).await.unwrap().is_some());
    let refused = world.log.append(with_ticket(2, 0, 1, claim(&world, "k", 2))).await;
    assert!(matches!(refused, Outcome::KeyTaken { .. }), "{refused:?}");
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(world.log.idempotency_key(tenant(1), "k", None).await.unwrap(), None);
    recorded(world.log.append(with_ticket(2, 0, 1, claim(&world, "k", 2))).await);
    let found = world.log.idempotency_key(tenant(1), "k", None).await.unwrap();
    assert_eq!(found, Some(NotificationId::from_uuid(Uuid::from_u128(2))));
}

#[tokio::test]
async fn only_expired_keys_are_purged() {
    let world = World::new().await;
    recorded(world.log.append(with_ticket(1, 0, 1, claim(&world, "old", 1))).await);
    world.clock.advance(DAY / 2);
    recorded(world.log.append(with_ticket(2, 0, 1, claim(&world, "new", 2))).await);
    world.clock.advance(DAY / 2);
    assert_eq!(world.log.purge_idempotency_keys(100).await.unwrap(), 1);
    assert!(world.log.idempotency_key(tenant(1), "new", None).await.unwrap().is_some());
}

#[tokio::test]
async fn the_loser_of_a_key_race_is_told_the_winners_key() {
    let world = World::new().await;
    let scope = recipient_scope(7);
    recorded(world.log.append(with_ticket(1, 0, 1, brings(vec![new_key(1, scope)]))).await);
    let both = vec![new_key(2, scope), new_key(3, recipient_scope(8))];
    let raced = world.log.append(with_ticket(2, 0, 1, brings(both))).await;
    let Outcome::KeyRaced { winners } = raced else { panic!("{raced:?}") };
    assert_eq!(winners, [new_key(1, scope)]);
    assert_eq!((count(&world, "data_keys").await, count(&world, "events").await), (1, 1));
}

#[tokio::test]
async fn of_many_first_triggers_of_one_person_one_key_holds() {
    let world = World::new().await;
    let outcomes = futures::future::join_all((1..=30).map(|number| {
        let keys = vec![new_key(number, recipient_scope(7)), new_key(number + 100, KeyScope::Tenant)];
        world.log.append(with_ticket(number, 0, 1, brings(keys)))
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.recorded().is_some()).count(), 1);
    let held: Vec<Uuid> = sqlx::query_scalar("select key_id from data_keys order by kind")
        .fetch_all(world.pool())
        .await
        .unwrap();
    for outcome in outcomes {
        if let Outcome::KeyRaced { winners } = outcome {
            let mut ids: Vec<_> = winners.iter().map(|key| key.id.as_uuid()).collect();
            ids.sort_unstable_by_key(|id| *id != held[0]);
            assert_eq!(ids, held);
        }
    }
}

#[tokio::test]
async fn a_tenants_own_keys_race_too() {
    let world = World::new().await;
    let keys = vec![new_key(1, KeyScope::Tenant), new_key(2, KeyScope::Index)];
    recorded(world.log.append(with_ticket(1, 0, 1, brings(keys.clone()))).await);
    let again = vec![new_key(3, KeyScope::Tenant), new_key(4, KeyScope::Index)];
    let raced = world.log.append(with_ticket(2, 0, 1, brings(again))).await;
    let Outcome::KeyRaced { winners } = raced else { panic!("{raced:?}") };
    assert_eq!(winners, keys);
}

#[tokio::test]
async fn forgetting_destroys_all_keys_of_one_person_and_no_others() {
    let world = World::new().await;
    let forgotten = RecipientRef::from_bytes([7; 32]);
    let older = KeyScope::Recipient { recipient: forgotten, month: 202_610 };
    let keys = vec![
        new_key(1, recipient_scope(7)),
        new_key(2, older),
        new_key(3, recipient_scope(8)),
        new_key(4, KeyScope::Index),
    ];
    recorded(world.log.append(with_ticket(1, 0, 1, brings(keys))).await);
    recorded(world.log.append(with_ticket(1, 1, 1, uses(1))).await);
    let destroys = Some(KeyDestruction::Recipient { tenant: tenant(1), recipient: forgotten });
    recorded(world.log.append(with_ticket(2, 0, 1, Ticket { destroys, ..Ticket::default() })).await);
    let dead = world.log.append(with_ticket(1, 2, 1, uses(1))).await;
    assert!(matches!(dead, Outcome::KeyDead { key } if key == key_id(1)), "{dead:?}");
    recorded(world.log.append(with_ticket(1, 2, 1, uses(3))).await);
    assert_eq!(count(&world, "data_keys").await, 2);
}

#[tokio::test]
async fn retention_destroys_one_month_of_one_tenant() {
    let world = World::new().await;
    let older =
        |byte| KeyScope::Recipient { recipient: RecipientRef::from_bytes([byte; 32]), month: 202_501 };
    let mut others = new_key(4, older(9));
    others.tenant = tenant(2);
    let keys = vec![new_key(1, older(7)), new_key(2, older(8)), new_key(3, recipient_scope(7)), others];
    recorded(world.log.append(with_ticket(1, 0, 1, brings(keys))).await);
    let destroys = Some(KeyDestruction::Month { tenant: tenant(1), month: 202_501 });
    recorded(world.log.append(with_ticket(2, 0, 1, Ticket { destroys, ..Ticket::default() })).await);
    for (number, dead) in [(1, true), (2, true), (3, false), (4, false)] {
        let used = world.log.append(with_ticket(10 + number, 0, 1, uses(number))).await;
        assert_eq!(
            matches!(used, Outcome::KeyDead { key } if key == key_id(number)),
            dead,
            "{number}: {used:?}"
        );
    }
    let late = world.log.append(with_ticket(20, 0, 1, brings(vec![new_key(9, older(9))]))).await;
    assert!(
        matches!(late, Outcome::KeyDead { key } if key == key_id(9)),
        "no key of the month is made: {late:?}"
    );
    assert_eq!(world.log.destroy_expired_keys(100).await.unwrap(), 2);
    let left: Vec<Uuid> = sqlx::query_scalar("select key_id from data_keys order by key_id")
        .fetch_all(world.pool())
        .await
        .unwrap();
    assert_eq!(left, [Uuid::from_u128(3), Uuid::from_u128(4)]);
}

#[tokio::test]
async fn a_month_of_many_keys_expires_by_one_row_and_its_keys_go_in_batches() {
    const KEYS: i32 = 30_000;
    let world = World::new().await;
    sqlx::query(
        "insert into data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped)
         select gen_random_uuid(), $1, 2, sha256(n::text::bytea), 202501, 'x' from generate_series(1, $2) n",
    )
    .bind(tenant(1).as_uuid())
    .bind(KEYS)
    .execute(world.pool())
    .await
    .unwrap();
    let destroys = Some(KeyDestruction::Month { tenant: tenant(1), month: 202_501 });
    recorded(world.log.append(with_ticket(1, 0, 1, Ticket { destroys, ..Ticket::default() })).await);
    assert_eq!(count(&world, "data_keys").await, i64::from(KEYS), "the append deletes none of them");
    let emptied = "select count(*) from expired_months where emptied_at is not null";
    let mut batches = 0;
    loop {
        // Appends take their turns meanwhile.
        let held = HeldAppends::on(world.pool()).await;
        let deleted = world.log.destroy_expired_keys(10_000).await.unwrap();
        held.release().await;
        assert!(deleted <= 10_000);
        let over: i64 = sqlx::query_scalar(emptied).fetch_one(world.pool()).await.unwrap();
        if over == 1 {
            break;
        }
        batches += 1;
    }
    assert_eq!((batches, count(&world, "data_keys").await), (3, 0));
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select key_id from data_keys where tenant_id = gen_random_uuid() and kind = 2 and month = 202501",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert!(plan.iter().any(|line| line.contains("data_keys_month")), "{plan:#?}");
}

#[tokio::test]
async fn a_refused_command_leaves_no_claim_no_key_and_destroys_none() {
    let world = World::new().await;
    recorded(world.log.append(with_ticket(1, 0, 1, brings(vec![new_key(1, recipient_scope(7))]))).await);
    let ticket = Ticket {
        new_keys: vec![new_key(2, recipient_scope(8))],
        destroys: Some(KeyDestruction::Recipient {
            tenant: tenant(1),
            recipient: RecipientRef::from_bytes([7; 32]),
        }),
        ..claim(&world, "k", 9)
    };
    let (refused, neighbour) =
        futures::join!(world.log.append(with_ticket(1, 0, 1, ticket)), world.log.append(events(5, 0, 1)));
    assert!(matches!(refused, Outcome::Conflict { actual: 1 }), "{refused:?}");
    recorded(neighbour);
    assert_eq!((count(&world, "idempotency_keys").await, count(&world, "data_keys").await), (0, 1));
}
