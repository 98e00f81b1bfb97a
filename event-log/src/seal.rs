//! What evidence is made of: the hash of one event, and a chain over the hashes of one tenant.
//!
//! Both formats are frozen (`vectors/`): an auditor recomputes them from an export without this program. A leaf does
//! not hold the position; the chain does.

use serde_json::Value;
use sha2::{Digest, Sha256};

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
    let text = |value: &str| canonical(&Value::from(value));
    format!(
        "{{\"aggregateId\":{},\"aggregateType\":{},\"eventId\":{},\"eventType\":{},\"eventVersion\":{},\
         \"metadata\":{},\"payload\":{},\"recordedAt\":{},\"sequence\":{},\"tenantId\":{}}}",
        text(input.aggregate_id),
        text(input.aggregate_type),
        text(input.event_id),
        text(input.event_type),
        text(input.event_version),
        input.metadata,
        input.payload,
        text(input.recorded_at),
        input.sequence,
        text(input.tenant_id),
    )
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

/// The RFC 8785 text of a value.
pub fn canonical(value: &Value) -> String {
    if is_canonical_as_written(value) {
        return serde_json::to_string(value).expect("a JSON value has only text keys");
    }
    serde_json_canonicalizer::to_string(value).expect("a JSON value has only finite numbers and text keys")
}

/// Whether `serde_json` writes a value as RFC 8785 wants it, so that nothing has to be sorted. Both escape the same;
/// ASCII keys sort by bytes as by UTF-16 code units, and a whole number that a double holds is written in full by both.
fn is_canonical_as_written(value: &Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() <= EXACT),
        Value::Array(items) => items.iter().all(is_canonical_as_written),
        Value::Object(members) => {
            members.keys().all(|key| key.is_ascii())
                && members.keys().is_sorted()
                && members.values().all(is_canonical_as_written)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

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

    #[test]
    fn the_order_of_members_is_not_the_order_of_a_map() {
        let value = json!({"b": 1, "a": [1.0, "\u{20ac}"], "\u{1f600}": 1, "\u{fb33}": 2});
        let sorted = "{\"a\":[1,\"\u{20ac}\"],\"b\":1,\"\u{1f600}\":1,\"\u{fb33}\":2}";
        assert_eq!(canonical(&value), sorted, "by UTF-16 code units, as RFC 8785 says");
    }

    #[test]
    fn what_is_written_as_it_stands_is_what_sorting_gives() {
        let escapes: String =
            (0..0x80).filter_map(char::from_u32).chain("é\u{2028}\u{1f600}\u{ffff}".chars()).collect();
        for value in [
            json!({"b": [1, {"z": null, "a": true}], "": escapes, "a\"\u{7}": -9_007_199_254_740_992_i64}),
            json!([0, -0.0, 1.0, 1e21, 0.1, 9_007_199_254_740_993_u64, u64::MAX, i64::MIN]),
            json!({"\u{e9}": {"b": 1, "a": 2}, "a": 1}),
            json!({}),
        ] {
            assert_eq!(canonical(&value), serde_json_canonicalizer::to_string(&value).unwrap());
        }
    }
}
