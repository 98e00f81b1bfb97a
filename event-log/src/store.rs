//! The log as cqrs-es's event store: what commands drive.
//!
//! Reads as the framework does through the repository. A commit writes each event's text once and keeps the event beside
//! it, so that readers in this process need not decode what it wrote. One value serves one command.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventStore};
use cqrs_es::{Aggregate, AggregateError, DomainEvent as _, EventEnvelope, EventStore};
use orqestra_domain::AnyEvent;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::append::{Outcome, Ticket};
use crate::canonical::{InexactNumber, canonical_event};
use crate::log::EventLog;
use crate::recorded::Metadata;
use crate::repository::{LogRepository, recorded};
use crate::writer::{INEXACT, Unplaced, Written};

/// See the module.
pub struct LogStore<A: Aggregate> {
    log: EventLog,
    stored: PersistedEventStore<LogRepository, A>,
    /// Goes with the first commit.
    ticket: Mutex<Option<Ticket>>,
}

impl<A: Aggregate> LogStore<A> {
    pub(crate) fn new(log: EventLog, ticket: Ticket) -> Self {
        let reading = Ticket { fresh: ticket.fresh, ..Ticket::default() };
        Self {
            stored: PersistedEventStore::new_event_store(log.repository(reading)),
            log,
            ticket: Mutex::new(Some(ticket)),
        }
    }
}

impl<A> EventStore<A> for LogStore<A>
where
    A: Aggregate<Event: Into<AnyEvent>>,
{
    type AC = EventStoreAggregateContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.stored.load_events(aggregate_id).await
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        self.stored.load_aggregate(aggregate_id).await
    }

    /// Leaves the outcome in the ticket's slot too, since the framework's error has no room for it.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let mut ticket =
            self.ticket.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let slot = ticket.slot.clone();
        let told = std::mem::take(&mut ticket.told);
        let texts: Vec<(Option<Uuid>, Metadata)> = if told.len() == events.len() {
            told.into_iter().map(|told| (Some(told.event_id), told.metadata)).collect()
        } else {
            vec![(None, Metadata::of(&metadata)); events.len()]
        };
        let written = events.iter().zip(texts).map(|(event, (event_id, metadata))| {
            Ok::<_, InexactNumber>(Written {
                event_id,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload: canonical_event(event)?,
                metadata,
                decoded: Some(event.clone().into()),
            })
        });
        let append = written.collect::<Result<_, _>>().map(|events| Unplaced {
            aggregate_type: Cow::Borrowed(A::TYPE),
            aggregate_id: context.aggregate_id.clone(),
            expected: i64::try_from(context.current_sequence).unwrap_or(i64::MAX),
            events,
            ticket,
        });
        let span = tracing::trace_span!(
            target: "orqestra::span",
            "append",
            aggregate = A::TYPE,
            events = events.len(),
        );
        let outcome = match append {
            Ok(append) => self.log.store(append).instrument(span).await,
            Err(InexactNumber) => Outcome::Malformed(INEXACT),
        };
        slot.put(outcome.clone());
        recorded(outcome)?;
        let beside = std::iter::repeat_n((context.aggregate_id, metadata), events.len());
        let events = events.into_iter().zip(beside).zip(context.current_sequence + 1..);
        let envelope = |((payload, (aggregate_id, metadata)), sequence)| EventEnvelope {
            aggregate_id,
            sequence,
            payload,
            metadata,
        };
        Ok(events.map(envelope).collect())
    }
}
