//! What evidence is made of: the hash of one event, and a chain over the hashes of one tenant.
//!
//! Both formats are frozen (`vectors/`): an auditor recomputes them from an export without this program. A leaf does
//! not hold the position; the chain does.

use sha2::{Digest, Sha256};

pub use crate::canonical::canonical;

/// What [`leaf`] hashes; the texts must be in RFC 8785 form.
#[derive(Clone, Copy, Debug)]
pub struct LeafInput<'a> {
    /// `<tenant>/<uuid>`.
    pub aggregate_id: &'a str,
    /// The aggregate's type.
    pub aggregate_type: &'a str,
    /// The event's own id, hyphenated lowercase.
    pub event_id: &'a str,
    /// The event's type.
    pub event_type: &'a str,
    /// The version of its shape.
    pub event_version: &'a str,
    /// RFC 8785 text of the metadata.
    pub metadata: &'a str,
    /// RFC 8785 text of the payload.
    pub payload: &'a str,
    /// RFC 3339 in UTC with six digits of fraction.
    pub recorded_at: &'a str,
    /// From 1.
    pub sequence: i64,
    /// The tenant, hyphenated lowercase.
    pub tenant_id: &'a str,
}

/// Hashes one event: SHA-256 of the RFC 8785 form of an object with exactly these ten members.
pub fn leaf(input: &LeafInput<'_>) -> [u8; 32] {
    Sha256::digest(preimage(input).as_bytes()).into()
}

/// The text that [`leaf`] hashes. The members are written in RFC 8785 order.
pub fn preimage(input: &LeafInput<'_>) -> String {
    let mut text = String::with_capacity(512 + input.payload.len() + input.metadata.len());
    push_text(&mut text, "{\"aggregateId\":", input.aggregate_id);
    push_text(&mut text, ",\"aggregateType\":", input.aggregate_type);
    push_text(&mut text, ",\"eventId\":", input.event_id);
    push_text(&mut text, ",\"eventType\":", input.event_type);
    push_text(&mut text, ",\"eventVersion\":", input.event_version);
    text.push_str(",\"metadata\":");
    text.push_str(input.metadata);
    text.push_str(",\"payload\":");
    text.push_str(input.payload);
    push_text(&mut text, ",\"recordedAt\":", input.recorded_at);
    text.push_str(",\"sequence\":");
    text.push_str(&input.sequence.to_string());
    push_text(&mut text, ",\"tenantId\":", input.tenant_id);
    text.push('}');
    text
}

fn push_text(text: &mut String, before: &str, value: &str) {
    text.push_str(before);
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&canonical(&value));
    }
}

/// The chain's value before a tenant's first event.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// One step of a tenant's chain:
/// SHA-256(0x01, previous, tenant's counter as u64, position as u64, leaf), numbers big-endian.
///
/// `counter` is 1 for the tenant's first event.
pub fn chain(previous: &[u8; 32], counter: u64, position: u64, leaf: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(previous);
    hash.update(counter.to_be_bytes());
    hash.update(position.to_be_bytes());
    hash.update(leaf);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct LeafVector {
        event: Value,
        canonical: String,
        leaf: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ChainVector {
        previous: String,
        counter: u64,
        position: u64,
        leaf: String,
        chain: String,
    }

    #[derive(Deserialize)]
    struct Vectors {
        leaves: Vec<LeafVector>,
        chains: Vec<ChainVector>,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../vectors/seal.json")).unwrap()
    }

    fn digest(hex_text: &str) -> [u8; 32] {
        hex::decode(hex_text).unwrap().try_into().unwrap()
    }

    #[test]
    fn leaves_never_change() {
        for vector in vectors().leaves {
            let text = |name: &str| vector.event[name].as_str().unwrap().to_owned();
            let input = LeafInput {
                aggregate_id: &text("aggregateId"),
                aggregate_type: &text("aggregateType"),
                event_id: &text("eventId"),
                event_type: &text("eventType"),
                event_version: &text("eventVersion"),
                metadata: &canonical(&vector.event["metadata"]),
                payload: &canonical(&vector.event["payload"]),
                recorded_at: &text("recordedAt"),
                sequence: vector.event["sequence"].as_i64().unwrap(),
                tenant_id: &text("tenantId"),
            };
            assert_eq!(preimage(&input), vector.canonical);
            assert_eq!(
                canonical(&vector.event),
                vector.canonical,
                "the whole object has the same RFC 8785 form"
            );
            assert_eq!(hex::encode(leaf(&input)), vector.leaf);
        }
    }

    #[test]
    fn chains_never_change() {
        for vector in vectors().chains {
            let step =
                chain(&digest(&vector.previous), vector.counter, vector.position, &digest(&vector.leaf));
            assert_eq!(hex::encode(step), vector.chain);
        }
    }
}
