//! The stock repository of postgres-es reads every aggregate as ours does, and old shapes are read as today's.

use std::collections::HashMap;
use std::time::Duration;

use cqrs_es::persist::{
    EventUpcaster, PersistedEventRepository, PersistedEventStore, PersistenceError, SerializedEvent,
};
use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventStore};
use orqestra_domain::event::AnyEvent;
use orqestra_domain::recipient::{Recipient, RecipientCommand, RecipientEvent, RecipientForgotten};
use orqestra_domain::tenant::{Limits, RegisterTenant, Standing, Tenant, TenantChange, TenantCommand};
use orqestra_domain::{RecipientRef, StreamId, TenantId, TenantName, Timestamp};
use orqestra_event_log::upcast::Upcasters;
use orqestra_event_log::{Append, EventLog, LogOptions, Metadata, NewEvent, Outcome, Position, Ticket};
use postgres_es::PostgresEventRepository;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{World, events, options, recorded, tenant};

fn at() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// Decides and commits as the commands room does.
async fn execute<A>(
    log: &EventLog,
    id: &str,
    ticket: Ticket,
    command: A::Command,
) -> Result<(), AggregateError<A::Error>>
where
    A: Aggregate<Event: Into<AnyEvent>, Services = ()>,
{
    let store = log.event_store::<A>(ticket);
    let mut context = store.load_aggregate(id).await?;
    let sink = cqrs_es::event_sink::EventSink::default();
    context.aggregate().handle(command, &(), &sink).await.map_err(AggregateError::UserError)?;
    let events = sink.collect().await;
    let metadata =
        HashMap::from([("requestId".to_owned(), "ü-1".to_owned()), ("a".to_owned(), String::new())]);
    store.commit(events, context, metadata).await?;
    Ok(())
}

fn register(name: &str) -> TenantCommand {
    TenantCommand::Register(Box::new(RegisterTenant {
        name: TenantName::parse(name).unwrap(),
        limits: Limits::default(),
        changes: Vec::new(),
        at: at(),
    }))
}

fn rename(name: &str) -> TenantCommand {
    let changes = vec![
        TenantChange::Rename(TenantName::parse(name).unwrap()),
        TenantChange::Activate(Standing::Inactive),
    ];
    TenantCommand::Change { changes, at: at() }
}

async fn fill(log: &EventLog) -> Vec<TenantId> {
    let tenants: Vec<_> = (1..=3).map(tenant).collect();
    for tenant in &tenants {
        let stream = StreamId::tenant(*tenant);
        execute::<Tenant>(log, stream.as_str(), Ticket::default(), register("Jörg \"& Söhne\" €😀"))
            .await
            .unwrap();
        execute::<Tenant>(log, stream.as_str(), Ticket::default(), rename("Shop")).await.unwrap();
        let recipient = RecipientRef::from_bytes([9; 32]);
        let stream = StreamId::recipient(*tenant, recipient);
        for _ in 0..2 {
            let forget = RecipientCommand::Forget { recipient, at: at() };
            execute::<Recipient>(log, stream.as_str(), Ticket::default(), forget).await.unwrap();
        }
    }
    tenants
}

/// As sorted texts: the two repositories order a replay of many streams differently.
async fn replayed<A: Aggregate, R: PersistedEventRepository>(repository: &R) -> Vec<String> {
    let mut stream = repository.stream_all_events::<A>().await.unwrap();
    let mut found = Vec::new();
    while let Some(envelope) = stream.next::<A>(&[]).await {
        let envelope = envelope.unwrap();
        found.push(format!("{} {:?}", envelope.aggregate_id, (envelope.sequence, envelope.payload)));
    }
    found.sort();
    found
}

async fn same<A: Aggregate + PartialEq + std::fmt::Debug>(world: &World, id: &str) {
    let ours = || world.log.repository(Ticket::default());
    let stock = || PostgresEventRepository::new(world.pool().clone());
    let events = ours().get_events::<A>(id).await.unwrap();
    assert!(!events.is_empty());
    assert_eq!(events, stock().get_events::<A>(id).await.unwrap());
    assert_eq!(
        ours().get_last_events::<A>(id, 1).await.unwrap(),
        stock().get_last_events::<A>(id, 1).await.unwrap()
    );
    let mut left = PersistedEventStore::<_, A>::new_event_store(ours()).load_aggregate(id).await.unwrap();
    let mut right = PersistedEventStore::<_, A>::new_event_store(stock()).load_aggregate(id).await.unwrap();
    assert_eq!(left.current_sequence, right.current_sequence);
    assert_eq!(left.aggregate(), right.aggregate());
    assert_eq!(replayed::<A, _>(&ours()).await, replayed::<A, _>(&stock()).await);
    let mut one = ours().stream_events::<A>(id).await.unwrap();
    for event in events {
        assert_eq!(one.next::<A>(&[]).await.unwrap().unwrap().sequence, event.sequence);
    }
    assert!(one.next::<A>(&[]).await.is_none());
}

#[tokio::test]
async fn the_stock_repository_reads_every_aggregate_the_same() {
    let world = World::new().await;
    for tenant in fill(&world.log).await {
        same::<Tenant>(&world, StreamId::tenant(tenant).as_str()).await;
        let recipient = StreamId::recipient(tenant, RecipientRef::from_bytes([9; 32]));
        same::<Recipient>(&world, recipient.as_str()).await;
    }
}

#[tokio::test]
async fn the_stock_repository_cannot_write_past_the_log() {
    let world = World::new().await;
    let stock = PostgresEventRepository::new(world.pool().clone());
    let event = SerializedEvent::new(
        StreamId::tenant(tenant(1)).as_str().to_owned(),
        1,
        Tenant::TYPE.to_owned(),
        "TenantRegistered".to_owned(),
        "1.0.0".to_owned(),
        json!({}),
        json!({}),
    );
    assert!(stock.persist::<Tenant>(&[event], None).await.is_err());
    assert_eq!(world.log.fetch_head().await.unwrap(), Position::ZERO);
}

#[tokio::test]
async fn a_slot_tells_what_the_frameworks_error_cannot() {
    let world = World::new().await;
    let stream = StreamId::tenant(tenant(1));
    let ticket = Ticket::default();
    let slot = ticket.slot.clone();
    execute::<Tenant>(&world.log, stream.as_str(), ticket, register("Shop")).await.unwrap();
    let outcome = recorded(slot.take().unwrap());
    assert_eq!((outcome.first, outcome.events.len()), (Position::new(1), 1));
    assert!(slot.take().is_none());

    // Without a load, as a trigger does: the stream is there after all.
    let ticket = Ticket { fresh: true, ..Ticket::default() };
    let slot = ticket.slot.clone();
    let refused = execute::<Tenant>(&world.log, stream.as_str(), ticket, register("Shop")).await;
    assert!(matches!(refused, Err(AggregateError::AggregateConflict)));
    assert!(matches!(slot.take(), Some(Outcome::Conflict { actual: 1 })));
}

#[tokio::test]
async fn a_replay_whose_read_fails_ends_with_an_error() {
    let world = World::new().await;
    fill(&world.log).await;
    let repository = world.log.repository(Ticket::default());
    sqlx::query("alter table events rename to elsewhere").execute(world.pool()).await.unwrap();
    let mut stream = repository.stream_all_events::<Tenant>().await.unwrap();
    let first = stream.next::<Tenant>(&[]).await.unwrap();
    assert!(matches!(first, Err(PersistenceError::ConnectionError(_))), "{first:?}");
}

/// Before version 1.0.0 the reference was called `who`.
struct WhoIsARecipient;

impl EventUpcaster for WhoIsARecipient {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        (event_type, event_version) == ("RecipientForgotten", "0.9.0")
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        let body = event.payload["RecipientForgotten"].as_object_mut().unwrap();
        let who = body.remove("who").unwrap();
        body.insert("recipientRef".to_owned(), who);
        "1.0.0".clone_into(&mut event.event_version);
        event
    }
}

#[tokio::test]
async fn an_old_shape_is_read_as_todays_and_stays_as_it_was_stored() {
    let world = World::new().await;
    let upcasters = Upcasters::new(vec![Box::new(WhoIsARecipient)]);
    let options = LogOptions { upcasters, ..options(&world.clock) };
    let log = EventLog::open(world.pool().clone(), options, CancellationToken::new()).await.unwrap();
    let recipient = RecipientRef::from_bytes([9; 32]);
    let stream = StreamId::recipient(tenant(1), recipient);
    let old = NewEvent {
        event_type: "RecipientForgotten".to_owned(),
        event_version: "0.9.0".to_owned(),
        payload: json!({"RecipientForgotten": {"who": recipient, "at": at()}}),
        metadata: Metadata::default(),
    };
    let append = Append {
        aggregate_type: Recipient::TYPE.to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: 0,
        events: vec![old],
        ticket: Ticket::default(),
    };
    let stored = recorded(log.append(append).await);
    let store = PersistedEventStore::<_, Recipient>::new_event_store(log.repository(Ticket::default()));
    let mut loaded = store.load_aggregate(stream.as_str()).await.unwrap();
    assert_eq!(loaded.aggregate().forgotten_at(), Some(at()));
    for read in [stored.events.clone(), log.load(Recipient::TYPE, &stream).await.unwrap()] {
        let AnyEvent::Recipient(RecipientEvent::RecipientForgotten(forgotten)) = read[0].event().unwrap()
        else {
            panic!("another event");
        };
        assert_eq!(forgotten.recipient_ref, recipient);
        assert!(read[0].payload.contains("who"));
        assert_eq!(read[0].leaf, stored.events[0].leaf);
    }
    log.close().await;
}

#[tokio::test]
async fn what_a_writers_own_readers_are_handed_is_what_the_table_says() {
    let world = World::new().await;
    let recipient = RecipientRef::from_bytes([9; 32]);
    let stream = StreamId::recipient(tenant(1), recipient);
    let ticket = Ticket::default();
    let slot = ticket.slot.clone();
    let store = world.log.event_store::<Recipient>(ticket);
    let context = EventStore::load_aggregate(&store, stream.as_str()).await.unwrap();
    let happened =
        RecipientEvent::RecipientForgotten(RecipientForgotten { recipient_ref: recipient, at: at() });
    let metadata = HashMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "\u{1}".to_owned())]);
    let committed = store.commit(vec![happened.clone()], context, metadata.clone()).await.unwrap();
    assert_eq!((committed[0].sequence, &committed[0].metadata), (1, &metadata));
    let handed = recorded(slot.take().unwrap()).events.remove(0);
    let other = world.another().await;
    let stored = other.load(Recipient::TYPE, &stream).await.unwrap().remove(0);
    assert_eq!(handed.event().unwrap(), &AnyEvent::Recipient(happened));
    assert_eq!(handed.event().unwrap(), stored.event().unwrap());
    assert_eq!(
        (&handed.payload, &handed.metadata, handed.leaf),
        (&stored.payload, &stored.metadata, stored.leaf)
    );
    assert_eq!(stored.metadata.text(), "{\"a\":\"\\u0001\",\"b\":\"2\"}");
}

type Row = (String, String, String, String, String, String, String, i64, String, Vec<u8>, String);

#[tokio::test]
async fn a_stored_leaf_is_the_hash_of_what_is_stored() {
    let world = World::new().await;
    recorded(world.log.append(events(1, 0, 3)).await);
    world.clock.advance(Duration::from_micros(1));
    recorded(world.log.append(events(1, 3, 1)).await);
    let rows: Vec<Row> = sqlx::query_as(
        "select aggregate_id, aggregate_type, event_id::text, event_type, event_version, metadata::text, payload::text,
                sequence, tenant_id::text, leaf,
                to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
           from events order by position",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let input = orqestra_event_log::seal::LeafInput {
            aggregate_id: &row.0,
            aggregate_type: &row.1,
            event_id: &row.2,
            event_type: &row.3,
            event_version: &row.4,
            metadata: &row.5,
            payload: &row.6,
            recorded_at: &row.10,
            sequence: row.7,
            tenant_id: &row.8,
        };
        assert_eq!(orqestra_event_log::seal::leaf(&input).as_slice(), row.9);
    }
}
