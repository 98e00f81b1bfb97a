//! Appending: what is stored, what is refused, and that nobody pays for a neighbour.

use orqestra_event_log::{Outcome, Position, Ticket};
use serde_json::json;

use crate::support::{World, checked_log, events, in_time, recorded, stream};

#[tokio::test]
async fn an_append_is_stored_whole_and_in_order() {
    let world = World::new().await;
    let first = recorded(world.log.append(events(1, 0, 2)).await);
    let second = recorded(world.log.append(events(1, 2, 1)).await);
    assert_eq!((first.first, first.last), (Position::new(1), Position::new(2)));
    assert_eq!((second.first, second.last), (Position::new(3), Position::new(3)));
    assert_eq!(checked_log(world.pool()).await, [(stream(1, 1), 1), (stream(1, 1), 2), (stream(1, 1), 3)]);
    assert_eq!(first.events[0].payload, r#"{"a":"ä","b":0}"#);
    assert_eq!(*world.log.head().borrow(), Position::new(3));
}

#[tokio::test]
async fn what_was_appended_reads_back_the_same() {
    let world = World::new().await;
    let told = recorded(world.log.append(events(1, 0, 3)).await).events;
    let read = world.another().await.read_after(Position::ZERO, 10).await.unwrap();
    assert_eq!(told.len(), read.len());
    for (told, read) in told.iter().zip(&read) {
        assert_eq!((told.position, told.event_id, told.leaf), (read.position, read.event_id, read.leaf));
        assert_eq!((&told.payload, &told.metadata), (&read.payload, &read.metadata));
        assert_eq!((told.tenant, told.recorded_at), (read.tenant, read.recorded_at));
        assert_eq!((&told.aggregate_id, told.sequence), (&read.aggregate_id, read.sequence));
    }
}

#[tokio::test]
async fn a_stream_that_moved_on_is_a_conflict_that_tells_its_version() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 2)).await);
    for expected in [0, 1, 3] {
        let refused = world.log.append(events(1, expected, 1)).await;
        assert!(matches!(refused, Outcome::Conflict { actual: 2 }), "{refused:?}");
    }
    assert_eq!(checked_log(world.pool()).await.len(), 2);
}

#[tokio::test]
async fn a_refused_command_harms_no_neighbour_of_its_batch() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 1)).await);
    // Polled together, they gather while the first of them is stored.
    let outcomes = futures::future::join_all((0..40).map(|number| {
        let conflicting = number % 4 == 0;
        let append = if conflicting { events(1, 0, 1) } else { events(number + 100, 0, 2) };
        world.log.append(append)
    }))
    .await;
    for (number, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Conflict { actual } => assert!(number % 4 == 0 && *actual == 1),
            Outcome::Recorded(recorded) => assert!(number % 4 != 0 && recorded.events.len() == 2),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(checked_log(world.pool()).await.len(), 61);
}

#[tokio::test]
async fn of_many_at_once_on_one_version_one_wins() {
    let world = World::new().await;
    let outcomes = futures::future::join_all((0..50).map(|_| world.log.append(events(1, 0, 1)))).await;
    let won = outcomes.iter().filter(|outcome| outcome.recorded().is_some()).count();
    let lost = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Conflict { actual: 1 })).count();
    assert_eq!((won, lost), (1, 49));
}

#[tokio::test]
async fn a_command_the_database_refuses_fails_alone() {
    let world = World::new().await;
    // A zero byte cannot be stored as text; the check of shapes has no reason to look for it in an event's type.
    let mut bad = events(2, 0, 1);
    bad.events[0].event_type = "\0".to_owned();
    let (first, refused, second) = futures::join!(
        world.log.append(events(1, 0, 1)),
        world.log.append(bad),
        world.log.append(events(3, 0, 1))
    );
    recorded(first);
    recorded(second);
    assert!(matches!(refused, Outcome::Failed(_)), "{refused:?}");
    assert_eq!(checked_log(world.pool()).await.len(), 2);
}

#[tokio::test]
async fn an_event_over_the_limit_is_refused_before_it_is_sent() {
    let world = World::new().await;
    let mut large = events(1, 0, 1);
    large.events[0].payload = serde_json::json!({ "body": "x".repeat(900 * 1024) });
    assert!(matches!(world.log.append(large).await, Outcome::TooLarge { .. }));
    let mut unnamed = events(1, 0, 1);
    unnamed.aggregate_id = "nobody".to_owned();
    assert!(matches!(world.log.append(unnamed).await, Outcome::Malformed(_)));
    assert!(matches!(world.log.append(events(1, 0, 0)).await, Outcome::Malformed(_)));
}

#[tokio::test]
async fn a_dropped_caller_does_not_cancel_its_command() {
    let world = World::new().await;
    {
        let append = world.log.append(events(1, 0, 1));
        futures::pin_mut!(append);
        assert!(futures::poll!(append).is_pending());
    }
    let mut head = world.log.head();
    in_time(head.wait_for(|head| *head == Position::new(1))).await.unwrap();
    assert_eq!(checked_log(world.pool()).await.len(), 1);
}

#[tokio::test]
async fn closing_stores_what_was_accepted_and_takes_no_more() {
    let world = World::new().await;
    let mut waiting: Vec<_> =
        (0..300).map(|number| Box::pin(world.log.append(events(number, 0, 1)))).collect();
    for append in &mut waiting {
        assert!(futures::poll!(append).is_pending());
    }
    in_time(world.log.clone().close()).await;
    for outcome in futures::future::join_all(waiting).await {
        recorded(outcome);
    }
    assert!(matches!(world.log.append(events(999, 0, 1)).await, Outcome::Unavailable));
    assert_eq!(checked_log(world.pool()).await.len(), 300);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let world = World::new().await;
    let options = orqestra_event_log::LogOptions { queue: 2, ..crate::support::options(&world.clock) };
    let log =
        orqestra_event_log::EventLog::open(world.pool().clone(), options, world.token.clone()).await.unwrap();
    let outcomes = futures::future::join_all((0..20).map(|number| log.append(events(number, 0, 1)))).await;
    let full = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Full)).count();
    let stored = outcomes.iter().filter(|outcome| outcome.recorded().is_some()).count();
    assert!(full >= 1 && full + stored == 20, "{full} refused, {stored} stored");
    assert_eq!(checked_log(world.pool()).await.len(), stored);
}

#[tokio::test]
async fn a_ticket_without_wishes_changes_nothing() {
    let world = World::new().await;
    let ticket = Ticket { fresh: true, ..Ticket::default() };
    recorded(world.log.append(crate::support::with_ticket(1, 0, 1, ticket)).await);
    let keys: i64 = sqlx::query_scalar(
        "select (select count(*) from idempotency_keys) + (select count(*) from data_keys)",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn an_event_whose_number_would_be_stored_changed_is_refused() {
    let world = World::new().await;
    for number in [json!(u64::MAX), json!(9_007_199_254_740_993_u64), json!(i64::MIN), json!(0.5)] {
        let mut append = events(1, 0, 2);
        append.events[1].payload = json!({"limits": {"dailyCap": number}});
        let refused = world.log.append(append).await;
        assert!(matches!(refused, Outcome::Malformed(_)), "{number}: {refused:?}");
    }
    assert!(checked_log(world.pool()).await.is_empty(), "nothing of a refused command is stored");
    let mut append = events(1, 0, 1);
    append.events[0].payload = json!({"n": 9_007_199_254_740_992_u64});
    assert_eq!(recorded(world.log.append(append).await).events[0].payload, r#"{"n":9007199254740992}"#);
}

#[tokio::test]
async fn keys_that_were_issued_before_there_were_claims_belong_to_the_tenant_that_came_first() {
    let world = World::new().await;
    let issued = |number: u128, hash: &str| {
        let mut append = events(number, 0, 1);
        append.aggregate_type = "Tenant".to_owned();
        append.aggregate_id = stream(number, number);
        append.events[0].event_type = "ApiKeyIssued".to_owned();
        append.events[0].payload = json!({"ApiKeyIssued": {"hash": hash, "keyId": "k", "at": "t"}});
        append
    };
    for (number, hash) in [(7, "aa"), (3, "aa"), (4, "bb")] {
        recorded(world.log.append(issued(number, hash)).await);
    }
    let backfill = include_str!("../../../migrations/0011_api_key_claims.sql");
    for _ in 0..2 {
        sqlx::raw_sql(backfill).execute(world.pool()).await.unwrap();
    }
    let claims: Vec<(String, uuid::Uuid, bool)> = sqlx::query_as(
        "select key, notification_id, expires_at > now() + interval '1000 years' from idempotency_keys
          where tenant_id = $1 order by key",
    )
    .bind(orqestra_domain::TenantId::API_KEYS.as_uuid())
    .fetch_all(world.pool())
    .await
    .unwrap();
    let claim = |hash: &str, number| (format!("api-key:{hash}"), uuid::Uuid::from_u128(number), true);
    assert_eq!(claims, [claim("aa", 7), claim("bb", 4)]);
}
