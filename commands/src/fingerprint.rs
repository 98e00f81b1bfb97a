//! What a repeat's body is compared by: the HMAC of its RFC 8785 form under the tenant's key.
//!
//! Two bodies whose parsed values differ have different fingerprints. RFC 8785 writes every number as a double, so whole
//! numbers that no double holds are told beside it. Never changes for a body once accepted.

use std::fmt::Write;

use orqestra_domain::Fingerprint;
use orqestra_event_log::seal::canonical;
use serde_json::{Number, Value};

use crate::directory::TenantEntry;

/// The fingerprint of a parsed body.
pub(crate) fn fingerprint(tenant: &TenantEntry, body: &Value) -> Fingerprint {
    tenant.index.fingerprint(text(body).as_bytes())
}

/// The RFC 8785 form; behind it, on a line of its own for each, the place among all numbers and the digits of those
/// that the form has rounded.
fn text(body: &Value) -> String {
    let mut text = canonical(body);
    if has_rounded(body) {
        tell_rounded(body, &mut 0, &mut text);
    }
    text
}

fn has_rounded(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => false,
        Value::Number(number) => is_rounded(number),
        Value::Array(items) => items.iter().any(has_rounded),
        Value::Object(members) => members.values().any(has_rounded),
    }
}

fn tell_rounded(value: &Value, place: &mut u64, text: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {}
        Value::Number(number) => {
            if is_rounded(number) {
                write!(text, "\n{place}:{number}").expect("writing to a String cannot fail");
            }
            *place += 1;
        }
        Value::Array(items) => {
            for item in items {
                tell_rounded(item, place, text);
            }
        }
        Value::Object(members) => {
            // By name, whatever order the map keeps.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (_, member) in members {
                tell_rounded(member, place, text);
            }
        }
    }
}

/// Whether a whole number has more significant bits than a double.
fn is_rounded(number: &Number) -> bool {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)).unwrap_or(0);
    let bits = magnitude.checked_ilog2().map_or(0, |highest| highest + 1 - magnitude.trailing_zeros());
    bits > f64::MANTISSA_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> String {
        text(&serde_json::from_str(body).unwrap())
    }

    #[test]
    fn another_spelling_is_the_same_body() {
        assert_eq!(of(r#"{"b": [1, 2.50], "a": "\u0075"}"#), r#"{"a":"u","b":[1,2.5]}"#);
        assert_eq!(of("[9007199254740994]"), of("[9007199254740994.0]"));
        assert_eq!(of(r#"{"b": 9007199254740993, "a": 1}"#), of(r#"{"a": 1e0, "b": 9007199254740993}"#));
    }

    #[test]
    fn whole_numbers_that_round_to_one_double_are_different_bodies() {
        let same = ["9007199254740992", "9007199254740993", "9007199254740992.0"].map(of);
        assert_eq!(same[0], same[2]);
        assert_ne!(same[0], same[1]);
        assert_ne!(of("18446744073709551615"), of("18446744073709551614"));
        assert_ne!(of("-9223372036854775807"), of("-9223372036854775808"));
        assert_eq!(of("-9223372036854775808"), of("-9223372036854775808.0"));
        assert_ne!(of("[9007199254740993, 9007199254740992]"), of("[9007199254740992, 9007199254740993]"));
    }

    #[test]
    fn what_a_double_holds_is_the_rfc_8785_form_alone() {
        for body in ["[0,-1,9007199254740992,0.1,1e+300]", "{\"a\":{}}", "18446744073709552000"] {
            assert!(!of(body).contains('\n'), "{body}");
        }
    }
}
