//! The log as cqrs-es's event repository: loads are coalesced, `persist` goes through the group commit.
//!
//! One value serves one command and carries its ticket. Snapshots are not used: the framework's own apply events
//! twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayFeed, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use orqestra_domain::event::known_events;
use serde::Deserialize as _;
use serde_json::Value;

use crate::append::{Append, NewEvent, Outcome, Recorded, Slot, Ticket};
use crate::error::LogError;
use crate::interest::Interest;
use crate::log::EventLog;
use crate::position::Position;
use crate::read::Line;
use crate::recorded::RecordedEvent;
use crate::shared::Shared;
use crate::unreadable::Unreadable;
use crate::upcast::Upcasters;

/// Events a replay reads at once.
const PAGE: usize = 500;

/// See the module.
pub struct LogRepository {
    log: EventLog,
    fresh: bool,
    slot: Slot,
    /// Goes with the first `persist`.
    ticket: Mutex<Option<Ticket>>,
}

/// A refused append, as the framework's errors carry it; the outcome itself is in the ticket's slot.
#[derive(Debug, thiserror::Error)]
#[error("the append was refused: {0:?}")]
struct Refused(Outcome);

/// Snapshots were asked for.
#[derive(Debug, thiserror::Error)]
#[error("the log keeps no snapshots")]
struct NoSnapshots;

impl LogRepository {
    pub(crate) fn new(log: EventLog, ticket: Ticket) -> Self {
        Self { log, fresh: ticket.fresh, slot: ticket.slot.clone(), ticket: Mutex::new(Some(ticket)) }
    }

    async fn read<A: Aggregate>(&self, aggregate_id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        if self.fresh {
            return Ok(Vec::new());
        }
        let events = self.log.load_stored(A::TYPE, aggregate_id).await.map_err(unreadable)?;
        events.iter().map(|event| current(event, &self.log.shared().upcasters)).collect()
    }
}

impl PersistedEventRepository for LogRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.read::<A>(aggregate_id).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let mut events = self.read::<A>(aggregate_id).await?;
        events.retain(|event| event.sequence > last_sequence);
        Ok(events)
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(PersistenceError::UnknownError(Box::new(NoSnapshots)));
        }
        let Some(first) = events.first() else { return Ok(()) };
        let ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let append = Append {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: first.aggregate_id.clone(),
            expected: i64::try_from(first.sequence).unwrap_or(i64::MAX) - 1,
            events: events.iter().map(new_event).collect::<Result<_, _>>()?,
            ticket,
        };
        let outcome = self.log.append(append).await;
        self.slot.put(outcome.clone());
        recorded(outcome).map(drop)
    }

    /// In order of sequence. A failed read is an error in the stream, never its silent end.
    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        let (feed, stream) = ReplayStream::new(200);
        let source = Source::Stream(aggregate_id.to_owned());
        self.log.tasks().spawn(replay(Arc::clone(self.log.shared()), A::TYPE, source, feed));
        Ok(stream)
    }

    /// In order of position. A failed read is an error in the stream, never its silent end.
    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let (feed, stream) = ReplayStream::new(200);
        self.log.tasks().spawn(replay(Arc::clone(self.log.shared()), A::TYPE, Source::All, feed));
        Ok(stream)
    }
}

enum Source {
    Stream(String),
    All,
}

async fn replay(shared: Arc<Shared>, aggregate_type: &'static str, source: Source, mut feed: ReplayFeed) {
    let mut last = 0;
    loop {
        let page = match &source {
            Source::Stream(id) => {
                shared.reader.stream_after(&(aggregate_type.to_owned(), id.clone()), last).await
            }
            Source::All => shared
                .reader
                .page(Line::Pages, Position::new(last), PAGE, &Interest::ALL)
                .await
                .map(|page| page.events),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                feed.push(Err(unreadable(error))).await.ok();
                return;
            }
        };
        let Some(end) = page.last() else { return };
        last = match source {
            Source::Stream(_) => end.sequence,
            Source::All => end.position.get(),
        };
        for event in page.iter().filter(|event| event.aggregate_type == aggregate_type) {
            if feed.push(current(event, &shared.upcasters)).await.is_err() {
                return;
            }
        }
    }
}

fn current(event: &RecordedEvent, upcasters: &Upcasters) -> Result<SerializedEvent, PersistenceError> {
    // The framework tells nothing of why it cannot read an event, and reads one whose shape is newer.
    if known_events(&event.aggregate_type).is_some()
        && let Err(newer @ Unreadable::Newer(_)) = event.event()
    {
        return Err(PersistenceError::DeserializationError(Box::new(newer.clone())));
    }
    Ok(upcasters.apply(event.serialized()?))
}

/// What was stored, or the refusal as the framework knows it.
pub(crate) fn recorded(outcome: Outcome) -> Result<Recorded, PersistenceError> {
    match outcome {
        Outcome::Recorded(recorded) => Ok(recorded),
        Outcome::Conflict { .. } => Err(PersistenceError::OptimisticLockError),
        Outcome::Full | Outcome::Unavailable | Outcome::Lost => {
            Err(PersistenceError::ConnectionError(Box::new(Refused(outcome))))
        }
        Outcome::KeyTaken { .. }
        | Outcome::KeyRaced { .. }
        | Outcome::KeyDead { .. }
        | Outcome::Reconfigured
        | Outcome::TooLarge { .. }
        | Outcome::Malformed(_)
        | Outcome::Failed(_) => Err(PersistenceError::UnknownError(Box::new(Refused(outcome)))),
    }
}

fn new_event(event: &SerializedEvent) -> Result<NewEvent, PersistenceError> {
    let metadata = HashMap::<String, String>::deserialize(&event.metadata)?.into_iter().collect();
    Ok(NewEvent {
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: event.payload.clone(),
        metadata,
    })
}

fn unreadable(error: LogError) -> PersistenceError {
    match error {
        LogError::Corrupt { .. } => PersistenceError::DeserializationError(Box::new(error)),
        LogError::Database(_)
        | LogError::Timeout
        | LogError::Full
        | LogError::Closed
        | LogError::NotDurable { .. }
        | LogError::Changed(_)
        | LogError::CheckpointBeyondHead { .. } => PersistenceError::ConnectionError(Box::new(error)),
    }
}
