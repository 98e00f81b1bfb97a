//! An event as something other than the log brings it: believed only where its leaf is that of its content.
//!
//! That the log holds an event of that leaf at that position is verified when the checkpoint moves.

use std::borrow::Cow;
use std::sync::OnceLock;

use orqestra_domain::{TenantId, Timestamp};
use uuid::Uuid;

use crate::log::EventLog;
use crate::position::Position;
use crate::recorded::{Metadata, RecordedEvent};
use crate::seal::{LeafInput, leaf};

/// The parts of an event that was brought by another way than the log.
#[derive(Clone, Debug)]
pub struct EventParts {
    /// Where it stands in the log.
    pub position: Position,
    /// Its own id.
    pub event_id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// The type of its aggregate.
    pub aggregate_type: String,
    /// Its stream, `<tenant>/<uuid>`.
    pub aggregate_id: String,
    /// Where it stands in its stream, from 1.
    pub sequence: i64,
    /// Its type.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// RFC 8785 text.
    pub payload: String,
    /// RFC 8785 text of an object of texts.
    pub metadata: String,
    /// The writer's clock.
    pub recorded_at: Timestamp,
    /// See [`crate::seal::leaf`].
    pub leaf: [u8; 32],
}

/// The reason for which an event that was brought is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEvent {
    /// Its metadata cannot be read.
    #[error("its metadata is not an object of texts")]
    Metadata,
    /// It was changed on its way.
    #[error("its leaf is not that of its content")]
    Leaf,
}

impl EventLog {
    /// Makes an event of its parts.
    ///
    /// # Errors
    /// If they are not those of one event of any log.
    pub fn event_of(&self, parts: EventParts) -> Result<RecordedEvent, NotAnEvent> {
        let metadata = Metadata::stored(parts.metadata).map_err(|_| NotAnEvent::Metadata)?;
        let computed = leaf(&LeafInput {
            aggregate_id: &parts.aggregate_id,
            aggregate_type: &parts.aggregate_type,
            event_id: &parts.event_id.to_string(),
            event_type: &parts.event_type,
            event_version: &parts.event_version,
            metadata: metadata.text(),
            payload: &parts.payload,
            recorded_at: &parts.recorded_at.to_string(),
            sequence: parts.sequence,
            tenant_id: &parts.tenant.to_string(),
        });
        if computed != parts.leaf {
            return Err(NotAnEvent::Leaf);
        }
        Ok(RecordedEvent {
            position: parts.position,
            event_id: parts.event_id,
            tenant: parts.tenant,
            aggregate_type: Cow::Owned(parts.aggregate_type),
            aggregate_id: parts.aggregate_id,
            sequence: parts.sequence,
            event_type: parts.event_type,
            event_version: parts.event_version,
            payload: parts.payload,
            metadata,
            recorded_at: parts.recorded_at,
            leaf: parts.leaf,
            upcasters: self.shared().upcasters.clone(),
            decoded: OnceLock::new(),
        })
    }
}
