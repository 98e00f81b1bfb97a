//! Reading records: what a consumer of this program believes of a topic.
//!
//! A record of another log, of an epoch that a restore made void, or with content that its leaf does not prove is passed over.
//! The record behind it says after which position it comes, so that what was passed over is read from the log.

use std::str;
use std::sync::Arc;

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{
    EventLog, EventParts, Interest, NotAnEvent, Outage, Partition, Position, TopicContent, TopicRecord,
};
use rdkafka::Message;
use rdkafka::message::Headers;
use uuid::Uuid;

use crate::record::{TICK, TYPE_PREFIX};

/// Reads the records of one partition for one subscription.
pub(crate) struct Decoder {
    log: EventLog,
    source: String,
    partition: Partition,
    interest: Interest,
    /// Whether the last record was one to pass over, which is told once.
    strange: Outage,
}

/// The reason for which a record is passed over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Strange {
    #[error("it has no header {0} that can be read")]
    Header(&'static str),
    #[error("it is of another log: {0}")]
    Source(String),
    #[error("it is of epoch {0}, which was restored since, and of a position that the log has used anew")]
    Void(i64),
    #[error("it is of epoch {0}, which this process does not know yet")]
    Newer(i64),
    #[error("its key belongs to another partition")]
    Key,
    #[error("its value is not UTF-8 text")]
    Value,
    #[error(transparent)]
    Content(#[from] NotAnEvent),
}

impl Decoder {
    pub(crate) fn new(log: EventLog, partition: Partition, interest: Interest) -> Self {
        let source = format!("urn:uuid:{}", log.log_id());
        Self { log, source, partition, interest, strange: Outage::default() }
    }

    /// Reads a record; `None` where it is to be passed over.
    pub(crate) fn read(&self, message: &impl Message) -> Option<TopicRecord> {
        let headers = message.headers();
        match self.record(headers, message.key(), message.payload()) {
            Ok((after, content)) => {
                self.strange.ends();
                Some(TopicRecord { offset: message.offset(), after, content })
            }
            Err(strange) => {
                if self.strange.begins() {
                    let offset = message.offset();
                    tracing::warn!(topic = message.topic(), partition = %self.partition, offset, %strange, "a record is passed over");
                }
                None
            }
        }
    }

    fn record(
        &self,
        headers: Option<&impl Headers>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(Position, TopicContent), Strange> {
        let headers = Known::of(headers);
        let source = text("ce_source", headers.source)?;
        if source != self.source {
            return Err(Strange::Source(source.to_owned()));
        }
        let position = Position::new(number("ce_position", headers.position)?);
        let after = Position::new(number("ce_after", headers.after)?);
        self.verify_epoch(number("ce_logepoch", headers.epoch)?, position)?;
        let kind = text("ce_type", headers.kind)?;
        if kind == TICK {
            return Ok((after, TopicContent::Tick(position)));
        }
        if self.partition.of().of_bytes(key.unwrap_or_default()) != self.partition {
            return Err(Strange::Key);
        }
        let event_type = kind.strip_prefix(TYPE_PREFIX).ok_or(Strange::Header("ce_type"))?;
        let aggregate_type = text("ce_aggregatetype", headers.aggregate_type)?;
        if !self.interest.wants_type(aggregate_type, event_type) {
            return Ok((after, TopicContent::Tick(position)));
        }
        let payload = str::from_utf8(value.unwrap_or_default()).map_err(|_| Strange::Value)?;
        let uuid = |name, value| {
            text(name, value).and_then(|text| Uuid::try_parse(text).map_err(|_| Strange::Header(name)))
        };
        let time = text("ce_time", headers.time)?;
        let leaf = text("ce_leaf", headers.leaf)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(leaf, &mut bytes).map_err(|_| Strange::Header("ce_leaf"))?;
        let parts = EventParts {
            position,
            event_id: uuid("ce_id", headers.id)?,
            tenant: TenantId::from_uuid(uuid("ce_tenantid", headers.tenant)?),
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: text("ce_subject", headers.subject)?.to_owned(),
            sequence: number("ce_sequence", headers.sequence)?,
            event_type: event_type.to_owned(),
            event_version: text("ce_eventversion", headers.event_version)?.to_owned(),
            payload: payload.to_owned(),
            metadata: text("ce_metadata", headers.metadata)?.to_owned(),
            recorded_at: time.parse::<Timestamp>().map_err(|_| Strange::Header("ce_time"))?,
            leaf: bytes,
        };
        Ok((after, TopicContent::Event(Arc::new(self.log.event_of(parts)?))))
    }

    fn verify_epoch(&self, epoch: i64, position: Position) -> Result<(), Strange> {
        if epoch > self.log.epoch() {
            return Err(Strange::Newer(epoch));
        }
        match self.log.void_from(epoch) {
            Some(void) if position >= void => Err(Strange::Void(epoch)),
            Some(_) | None => Ok(()),
        }
    }
}

/// The headers of a record by their names: looked through once.
#[derive(Default)]
struct Known<'a> {
    source: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    epoch: Option<&'a [u8]>,
    subject: Option<&'a [u8]>,
    position: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
    sequence: Option<&'a [u8]>,
    leaf: Option<&'a [u8]>,
    tenant: Option<&'a [u8]>,
    aggregate_type: Option<&'a [u8]>,
    event_version: Option<&'a [u8]>,
    metadata: Option<&'a [u8]>,
}

impl<'a> Known<'a> {
    fn of(headers: Option<&'a impl Headers>) -> Self {
        let mut known = Self::default();
        for header in headers.into_iter().flat_map(|headers| headers.iter()) {
            let known = match header.key {
                "ce_source" => &mut known.source,
                "ce_type" => &mut known.kind,
                "ce_id" => &mut known.id,
                "ce_time" => &mut known.time,
                "ce_logepoch" => &mut known.epoch,
                "ce_subject" => &mut known.subject,
                "ce_position" => &mut known.position,
                "ce_after" => &mut known.after,
                "ce_sequence" => &mut known.sequence,
                "ce_leaf" => &mut known.leaf,
                "ce_tenantid" => &mut known.tenant,
                "ce_aggregatetype" => &mut known.aggregate_type,
                "ce_eventversion" => &mut known.event_version,
                "ce_metadata" => &mut known.metadata,
                _ => continue,
            };
            *known = header.value;
        }
        known
    }
}

fn text<'a>(name: &'static str, value: Option<&'a [u8]>) -> Result<&'a str, Strange> {
    value.and_then(|bytes| str::from_utf8(bytes).ok()).ok_or(Strange::Header(name))
}

fn number(name: &'static str, value: Option<&[u8]>) -> Result<i64, Strange> {
    let number = text(name, value)?.parse().ok();
    number.filter(|number: &i64| *number >= 0).ok_or(Strange::Header(name))
}
