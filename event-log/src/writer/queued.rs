//! One command on its way into a batch: everything that can be computed before is.
//!
//! Preparing runs in the caller's task: ids, leaves and the checks of shape and size.

use std::borrow::Cow;
use std::sync::OnceLock;

use orqestra_domain::{AnyEvent, StreamId, TenantId, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::append::{Append, MAX_EVENT_BYTES, NewEvent, Outcome, Ticket};
use crate::canonical::{InexactNumber, canonical_event};
use crate::position::Position;
use crate::recorded::{Metadata, RecordedEvent};
use crate::seal::{LeafInput, leaf};
use crate::shared::Shared;
use crate::source::Ids;
use crate::upcast::Upcasters;

/// One command's events as they will be stored.
pub(crate) struct Unplaced {
    pub(crate) aggregate_type: Cow<'static, str>,
    pub(crate) aggregate_id: String,
    pub(crate) expected: i64,
    pub(crate) events: Vec<Written>,
    pub(crate) ticket: Ticket,
}

/// An event in its stored form, and in its domain's form where it is at hand.
pub(crate) struct Written {
    /// Made when the command is prepared where it is absent.
    pub(crate) event_id: Option<Uuid>,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    /// RFC 8785 text.
    pub(crate) payload: String,
    pub(crate) metadata: Metadata,
    pub(crate) decoded: Option<AnyEvent>,
}

/// Why an event with such a number is not stored.
pub(crate) const INEXACT: &str =
    "a number of an event is a fraction or beyond 2^53, and would be stored changed";

impl TryFrom<Append> for Unplaced {
    type Error = InexactNumber;

    fn try_from(append: Append) -> Result<Self, InexactNumber> {
        let written = |event: NewEvent| {
            Ok(Written {
                event_id: None,
                event_type: event.event_type,
                event_version: event.event_version,
                payload: canonical_event(&event.payload)?,
                metadata: event.metadata,
                decoded: None,
            })
        };
        Ok(Self {
            aggregate_type: Cow::Owned(append.aggregate_type),
            aggregate_id: append.aggregate_id,
            expected: append.expected,
            events: append.events.into_iter().map(written).collect::<Result<_, _>>()?,
            ticket: append.ticket,
        })
    }
}

/// What a command gets when it is prepared.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) now: Timestamp,
    pub(super) ids: &'a dyn Ids,
    pub(super) upcasters: &'a Upcasters,
}

/// A prepared command and who waits for it.
pub(crate) struct Queued {
    /// Not placed yet.
    pub(super) events: Vec<RecordedEvent>,
    pub(super) expected: i64,
    pub(super) ticket: Ticket,
    bytes: usize,
    answer: oneshot::Sender<Outcome>,
}

impl Queued {
    /// Checks and prepares a command.
    pub(crate) fn prepare(
        mut append: Unplaced,
        shared: &Shared,
        answer: oneshot::Sender<Outcome>,
    ) -> Result<Self, Outcome> {
        if let Some(claim) = &mut append.ticket.idempotency_key {
            shared.plain_keys.decide(claim, shared.clock.now());
        }
        let made = Made { now: shared.clock.now(), ids: &*shared.ids, upcasters: &shared.upcasters };
        Self::made(append, made, answer)
    }

    /// The same with what is made for it.
    pub(super) fn made(
        append: Unplaced,
        made: Made<'_>,
        answer: oneshot::Sender<Outcome>,
    ) -> Result<Self, Outcome> {
        let Some((tenant, _)) = StreamId::split(&append.aggregate_id) else {
            return Err(Outcome::Malformed("the stream is not named <tenant>/<uuid>"));
        };
        if append.events.is_empty() {
            return Err(Outcome::Malformed("there is no event"));
        }
        let now = made.now;
        let (tenant_text, recorded_text) = (tenant.to_string(), now.to_string());
        let mut events = Vec::with_capacity(append.events.len());
        let mut bytes = 0;
        for (event, sequence) in append.events.into_iter().zip(append.expected + 1..) {
            let size = event.payload.len() + event.metadata.text().len();
            if size > MAX_EVENT_BYTES {
                return Err(Outcome::TooLarge { bytes: size });
            }
            bytes += size + 512;
            let event_id = event.event_id.unwrap_or_else(|| made.ids.uuid_v7(now));
            let leaf = leaf(&LeafInput {
                aggregate_id: &append.aggregate_id,
                aggregate_type: &append.aggregate_type,
                event_id: &event_id.to_string(),
                event_type: &event.event_type,
                event_version: &event.event_version,
                metadata: event.metadata.text(),
                payload: &event.payload,
                recorded_at: &recorded_text,
                sequence,
                tenant_id: &tenant_text,
            });
            events.push(RecordedEvent {
                position: Position::ZERO,
                event_id,
                tenant,
                aggregate_type: append.aggregate_type.clone(),
                aggregate_id: append.aggregate_id.clone(),
                sequence,
                event_type: event.event_type,
                event_version: event.event_version,
                payload: event.payload,
                metadata: event.metadata,
                recorded_at: now,
                leaf,
                upcasters: made.upcasters.clone(),
                decoded: event.decoded.map_or_else(OnceLock::new, |event| OnceLock::from(Ok(event))),
            });
        }
        Ok(Self { events, expected: append.expected, ticket: append.ticket, bytes, answer })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The tenant whose stream it is.
    pub(crate) fn tenant(&self) -> TenantId {
        self.first().tenant
    }

    /// The first event stands for the command: its id says whose events stand in a stream.
    pub(super) fn first(&self) -> &RecordedEvent {
        self.events.first().expect("prepare refuses a command without events")
    }

    /// The stream's aggregate type and id.
    pub(super) fn stream(&self) -> (&str, &str) {
        let first = self.first();
        (&first.aggregate_type, &first.aggregate_id)
    }

    /// The stream's version once the command is stored.
    pub(super) fn version_after(&self) -> i64 {
        self.expected + i64::try_from(self.events.len()).expect("a command has few events")
    }

    pub(super) fn into_parts(self) -> (Vec<RecordedEvent>, oneshot::Sender<Outcome>) {
        (self.events, self.answer)
    }
}
