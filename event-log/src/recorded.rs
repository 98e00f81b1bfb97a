//! An event as it stands in the log.
//!
//! The payload is kept as the stored text. Its decoded form comes with it where this process wrote it, and else is made
//! at most once, when the first reader asks. Nothing here changes what is stored.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use cqrs_es::persist::SerializedEvent;
use orqestra_domain::{AnyEvent, TenantId, Timestamp};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::canonical::canonical;
use crate::error::LogError;
use crate::position::Position;
use crate::unreadable::{Unreadable, classify, newer_version};
use crate::upcast::Upcasters;

/// What an event says beside its payload: request, trace, cause. Kept as the stored text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(String);

impl Metadata {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<String> {
        self.entries().remove(name)
    }

    /// All values by their names.
    pub fn entries(&self) -> BTreeMap<String, String> {
        serde_json::from_str(&self.0).expect("it is read and written as an object of texts")
    }

    /// The RFC 8785 text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Takes in a stored text, if it is an object of texts.
    pub(crate) fn stored(text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<HashMap<String, String>>(&text)?;
        Ok(Self(text))
    }

    pub(crate) fn of<E: Serialize>(entries: &E) -> Self {
        Self(canonical(entries))
    }
}

/// Metadata written member by member in the order of RFC 8785, so that no map is built for each event.
///
/// Invariant: members are added in ascending order of their names, each once.
#[derive(Debug)]
pub struct MetadataText(String);

impl MetadataText {
    /// Room for that many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Adds a member.
    pub fn member(&mut self, name: &str, value: &str) {
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        self.separate();
        self.0.extend(["\"", name, "\":"]);
        if value.bytes().all(plain) {
            self.0.extend(["\"", value, "\""]);
        } else {
            self.0.push_str(&canonical(&value));
        }
    }

    /// Adds members that were written before by [`Self::into_members`].
    pub fn members(&mut self, prepared: &str) {
        self.separate();
        self.0.push_str(prepared);
    }

    /// The members alone, to be added to other texts.
    pub fn into_members(self) -> String {
        self.0
    }

    /// The whole.
    pub fn finish(self) -> Metadata {
        let metadata = Metadata(format!("{{{}}}", self.0));
        debug_assert_eq!(metadata.0, Metadata::of(&metadata.entries()).0, "the members are in order");
        metadata
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl FromIterator<(String, String)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self::of(&entries.into_iter().collect::<BTreeMap<_, _>>())
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
    pub aggregate_type: Cow<'static, str>,
    /// Its stream, `<tenant>/<uuid>`.
    pub aggregate_id: String,
    /// Where it stands in its stream, from 1.
    pub sequence: i64,
    /// Its type, as stored.
    pub event_type: String,
    /// The version of its shape, as stored.
    pub event_version: String,
    /// The stored text: RFC 8785 JSON. Empty where its reader did not ask for payloads.
    pub payload: String,
    /// What was said beside it.
    pub metadata: Metadata,
    /// The writer's clock.
    pub recorded_at: Timestamp,
    /// See [`crate::seal::leaf`].
    pub leaf: [u8; 32],
    pub(crate) upcasters: Upcasters,
    pub(crate) decoded: OnceLock<Result<AnyEvent, Unreadable>>,
}

impl RecordedEvent {
    /// The event in the shape that the domain reads today.
    ///
    /// # Errors
    /// See [`Unreadable`]. An event whose shape has a higher version than this program knows is not read at all.
    pub fn event(&self) -> Result<&AnyEvent, &Unreadable> {
        self.decoded.get_or_init(|| self.decode()).as_ref()
    }

    fn decode(&self) -> Result<AnyEvent, Unreadable> {
        if let Some(newer) = self.newer() {
            return Err(newer);
        }
        let read = if self.upcasters.want(&self.event_type, &self.event_version) {
            self.serialized().map_err(Into::into).and_then(|event| {
                let event = self.upcasters.apply(event);
                AnyEvent::read(&event.aggregate_type, event.payload)
            })
        } else {
            AnyEvent::parse(&self.aggregate_type, &self.payload)
        };
        read.map_err(|error| classify(self, &error))
    }

    /// Says so where the version of the shape is above the one that this program knows.
    pub(crate) fn newer(&self) -> Option<Unreadable> {
        let upcast = self.upcasters.want(&self.event_type, &self.event_version);
        if upcast { None } else { newer_version(self) }
    }

    /// The event as cqrs-es knows it, as stored.
    pub(crate) fn serialized(&self) -> Result<SerializedEvent, serde_json::Error> {
        Ok(SerializedEvent::new(
            self.aggregate_id.clone(),
            usize::try_from(self.sequence).unwrap_or(0),
            self.aggregate_type.to_string(),
            self.event_type.clone(),
            self.event_version.clone(),
            serde_json::from_str(&self.payload)?,
            serde_json::from_str(self.metadata.text())?,
        ))
    }

    /// About how many bytes of memory it holds.
    pub(crate) fn weight(&self) -> usize {
        // The decoded form is about as large as the text.
        512 + 2 * self.payload.len() + self.metadata.text().len()
    }

    /// Reads a row of the columns that `columns!` names.
    pub(crate) fn from_row(row: &PgRow, upcasters: &Upcasters) -> Result<Self, LogError> {
        let position: i64 = row.try_get("position")?;
        let corrupt = |reason| LogError::Corrupt { position, reason };
        let metadata: String = row.try_get("metadata")?;
        let leaf: Vec<u8> = row.try_get("leaf")?;
        let recorded_at: OffsetDateTime = row.try_get("recorded_at")?;
        let payload: Option<String> = row.try_get("payload")?;
        let decoded = if payload.is_some() { OnceLock::new() } else { Err(Unreadable::NotRead).into() };
        Ok(Self {
            position: Position::new(position),
            event_id: row.try_get("event_id")?,
            tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
            aggregate_type: Cow::Owned(row.try_get("aggregate_type")?),
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: row.try_get("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: payload.unwrap_or_default(),
            metadata: Metadata::stored(metadata)
                .map_err(|_| corrupt("its metadata is no object of texts"))?,
            recorded_at: Timestamp::new(recorded_at),
            leaf: leaf.try_into().map_err(|_| corrupt("its leaf is not 32 bytes"))?,
            upcasters: upcasters.clone(),
            decoded,
        })
    }
}

/// The columns that [`RecordedEvent::from_row`] reads, of a table called `e`, with this payload.
macro_rules! columns {
    ($payload:literal) => {
        concat!(
            "e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, ",
            $payload,
            " as payload, e.metadata::text as metadata, e.position, e.event_id, e.tenant_id, e.recorded_at, e.leaf"
        )
    };
}

pub(crate) use columns;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_written_by_members_is_the_canonical_text() {
        let mut constant = MetadataText::with_capacity(64);
        constant.member("process", "p-1");
        constant.member("program", "orqestra/1");
        let constant = constant.into_members();
        for value in ["plain", "with \"quotes\" and \\", "\u{fc}mlaut", "tab\t", ""] {
            let mut text = MetadataText::with_capacity(256);
            text.member("actor", value);
            text.members(&constant);
            text.member("requestId", value);
            let entries =
                [("actor", value), ("process", "p-1"), ("program", "orqestra/1"), ("requestId", value)];
            let map = entries.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(text.finish(), map.into_iter().collect::<Metadata>());
        }
    }
}
