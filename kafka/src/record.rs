//! A record: an event in CloudEvents 1.0's binary mode for Kafka, or a tick.
//!
//! The value is the event's payload as it is stored, with personal fields sealed; all else are headers. An event's record
//! does not depend on when or by which process it was sent, but for `ce_after`, of which several values are true.

use orqestra_domain::Timestamp;
use orqestra_event_log::{EventLog, Partition, Position, RecordedEvent};
use rdkafka::message::{Header, OwnedHeaders};

use crate::topic::TopicKind;

/// `content-type` of an event's value.
const JSON: &str = "application/json";
/// `ce_specversion`.
const SPEC: &str = "1.0";
/// `ce_type` of a tick; those of events are this program's prefix and the event's name.
pub(crate) const TICK: &str = "orqestra.tick";
pub(crate) const TYPE_PREFIX: &str = "orqestra.";
/// More headers than any record has.
const HEADERS: usize = 18;

/// What the records of one process have in common: the log that they are of.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `ce_source`: the log's id.
    source: String,
    /// `ce_logepoch`.
    epoch: String,
    /// `ce_epochposition`: the first position of the epoch.
    epoch_position: String,
    topic: &'static str,
}

impl Origin {
    pub(crate) fn of(log: &EventLog, kind: TopicKind) -> Self {
        Self {
            source: format!("urn:uuid:{}", log.log_id()),
            epoch: log.epoch().to_string(),
            epoch_position: log.epoch_position().get().to_string(),
            topic: kind.name(),
        }
    }

    /// The headers of an event that comes after a position of its partition.
    pub(crate) fn event(&self, event: &RecordedEvent, after: Position) -> OwnedHeaders {
        let (name, id, time) = (&event.event_type, event.event_id.to_string(), event.recorded_at.to_string());
        let headers = add(OwnedHeaders::new_with_capacity(HEADERS), "content-type", JSON);
        let headers = self.common(headers, &format!("{TYPE_PREFIX}{name}"), &id, &time);
        let headers = add(headers, "ce_subject", &event.aggregate_id);
        let headers = add(headers, "ce_position", &event.position.get().to_string());
        let headers = add(headers, "ce_after", &after.get().to_string());
        let headers = add(headers, "ce_sequence", &event.sequence.to_string());
        let headers = add(headers, "ce_leaf", &hex::encode(event.leaf));
        let headers = add(headers, "ce_tenantid", &event.tenant.to_string());
        let headers = add(headers, "ce_aggregatetype", &event.aggregate_type);
        let headers = add(headers, "ce_eventversion", &event.event_version);
        let headers = add(headers, "ce_metadata", event.metadata.text());
        match event.metadata.get("traceparent") {
            Some(parent) => add(headers, "ce_traceparent", &parent),
            None => headers,
        }
    }

    /// The headers of a tick: the partition is complete up to a position, and no event of it lies between `after` and there.
    pub(crate) fn tick(
        &self,
        partition: Partition,
        (after, position): (Position, Position),
        now: Timestamp,
    ) -> OwnedHeaders {
        let (number, micros) = (partition.number(), now.unix_micros());
        let id = format!("tick-{}-{number}-{micros}", self.topic);
        let headers = self.common(OwnedHeaders::new_with_capacity(HEADERS), TICK, &id, &now.to_string());
        let headers = add(headers, "ce_position", &position.get().to_string());
        add(headers, "ce_after", &after.get().to_string())
    }

    fn common(&self, headers: OwnedHeaders, kind: &str, id: &str, time: &str) -> OwnedHeaders {
        let headers = add(headers, "ce_specversion", SPEC);
        let headers = add(headers, "ce_id", id);
        let headers = add(headers, "ce_source", &self.source);
        let headers = add(headers, "ce_type", kind);
        let headers = add(headers, "ce_time", time);
        let headers = add(headers, "ce_logepoch", &self.epoch);
        add(headers, "ce_epochposition", &self.epoch_position)
    }
}

fn add(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(value.as_bytes()) })
}
