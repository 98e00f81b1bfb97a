//! An event as it stands in the log.
//!
//! The payload is kept as the stored text; it is decoded at most once, when the first reader asks, and shared from
//! then on. Nothing here changes what is stored.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cqrs_es::persist::SerializedEvent;
use orqestra_domain::event::UnreadableEvent;
use orqestra_domain::{AnyEvent, TenantId, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::LogError;
use crate::position::Position;
use crate::seal::canonical;
use crate::upcast::Upcasters;

/// What an event says beside its payload: request, trace, cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The RFC 8785 text.
    pub(crate) fn canonical(&self) -> String {
        if self.0.keys().all(|name| name.is_ascii()) {
            return serde_json::to_string(&self.0).expect("texts are always JSON");
        }
        canonical(&self.to_value())
    }

    fn to_value(&self) -> Value {
        self.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    }
}

impl FromIterator<(String, String)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// An event as stored.
#[derive(Debug)]
pub struct RecordedEvent {
    /// Where it stands in the log.
    pub position: Position,
    /// Its own id, a version 7 UUID.
    pub event_id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// The type of its aggregate.
    pub aggregate_type: String,
    /// Its stream, `<tenant>/<uuid>`.
    pub aggregate_id: String,
    /// Where it stands in its stream, from 1.
    pub sequence: i64,
    /// Its type, as stored.
    pub event_type: String,
    /// The version of its shape, as stored.
    pub event_version: String,
    /// The stored text: RFC 8785 JSON.
    pub payload: String,
    /// What was said beside it.
    pub metadata: Metadata,
    /// The writer's clock.
    pub recorded_at: Timestamp,
    /// See [`crate::seal::leaf`].
    pub leaf: [u8; 32],
    pub(crate) upcasters: Upcasters,
    pub(crate) decoded: OnceLock<Result<AnyEvent, UnreadableEvent>>,
}

impl RecordedEvent {
    /// The event in the shape that the domain reads today.
    ///
    /// # Errors
    /// If no aggregate of this program has such an event.
    pub fn event(&self) -> Result<&AnyEvent, &UnreadableEvent> {
        self.decoded.get_or_init(|| self.decode()).as_ref()
    }

    fn decode(&self) -> Result<AnyEvent, UnreadableEvent> {
        let event = self.upcasters.apply(self.serialized()?);
        AnyEvent::read(&event.aggregate_type, event.payload)
    }

    /// The event as cqrs-es knows it, as stored.
    pub(crate) fn serialized(&self) -> Result<SerializedEvent, serde_json::Error> {
        Ok(SerializedEvent::new(
            self.aggregate_id.clone(),
            usize::try_from(self.sequence).unwrap_or(0),
            self.aggregate_type.clone(),
            self.event_type.clone(),
            self.event_version.clone(),
            serde_json::from_str(&self.payload)?,
            self.metadata.to_value(),
        ))
    }

    /// About how many bytes of memory it holds.
    pub(crate) fn weight(&self) -> usize {
        // The decoded form is about as large as the text.
        512 + 2 * self.payload.len()
    }

    /// Reads a row of the columns that `columns!` names.
    pub(crate) fn from_row(row: &PgRow, upcasters: &Upcasters) -> Result<Self, LogError> {
        let position: i64 = row.try_get("position")?;
        let corrupt = |reason| LogError::Corrupt { position, reason };
        let metadata: String = row.try_get("metadata")?;
        let leaf: Vec<u8> = row.try_get("leaf")?;
        let recorded_at: OffsetDateTime = row.try_get("recorded_at")?;
        Ok(Self {
            position: Position::new(position),
            event_id: row.try_get("event_id")?,
            tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: row.try_get("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            metadata: serde_json::from_str(&metadata)
                .map_err(|_| corrupt("its metadata is no object of texts"))?,
            recorded_at: Timestamp::new(recorded_at),
            leaf: leaf.try_into().map_err(|_| corrupt("its leaf is not 32 bytes"))?,
            upcasters: upcasters.clone(),
            decoded: OnceLock::new(),
        })
    }
}

/// The columns that [`RecordedEvent::from_row`] reads, of a table called `e`.
macro_rules! columns {
    () => {
        "e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload::text as payload, \
         e.metadata::text as metadata, e.position, e.event_id, e.tenant_id, e.recorded_at, e.leaf"
    };
}

pub(crate) use columns;
