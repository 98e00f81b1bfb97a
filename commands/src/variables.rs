//! A trigger's variables: the JSON text that is sealed.
//!
//! Invariant: every number keeps the digits that were sent. A parsed value would hold doubles, and RFC 8785 writes doubles;
//! neither is asked.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object, as it was sent but for the blanks between its parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Variables(String);

impl Variables {
    /// Takes the member `variables` out of a body that is known to be a JSON object; nothing where it has none or it is not
    /// an object. Of a member given twice the last counts.
    pub fn of_body(body: &[u8]) -> Option<Self> {
        let raw = serde_json::Deserializer::from_slice(body).deserialize_map(Body).ok()??;
        raw.get().starts_with('{').then(|| Self(without_blanks(raw.get())))
    }

    /// The text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Variables(..)")
    }
}

/// Looks for the member.
struct Body;

impl<'de> Visitor<'de> for Body {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(member) = members.next_key::<Member>()? {
            match member {
                Member::Variables => found = Some(members.next_value()?),
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// The name of a member, however it is spelled.
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Variables,
    #[serde(other)]
    Other,
}

/// A JSON text without the blanks outside of its texts.
fn without_blanks(json: &str) -> String {
    let mut short = String::with_capacity(json.len());
    let (mut kept, mut is_text, mut is_escaped) = (0, false, false);
    for (at, byte) in json.bytes().enumerate() {
        if is_text {
            is_text = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else if byte == b'"' {
            is_text = true;
        } else if byte.is_ascii_whitespace() {
            short.push_str(&json[kept..at]);
            kept = at + 1;
        }
    }
    short.push_str(&json[kept..]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Option<String> {
        Variables::of_body(body.as_bytes()).map(|variables| variables.0)
    }

    #[test]
    fn variables_are_what_was_sent_but_for_blanks() {
        let body = r#" {"a": {"variables": 1}, "v\u0061riables" : {"n" : 18446744073709551617,
            "d": [ 49.90 , 1e3, 0.1000000000000000000001 ], "t": " a \" b\\", "u": " "} , "z": "variables"} "#;
        let kept =
            r#"{"n":18446744073709551617,"d":[49.90,1e3,0.1000000000000000000001],"t":" a \" b\\","u":" "}"#;
        assert_eq!(of(body).as_deref(), Some(kept));
    }

    #[test]
    fn of_variables_given_twice_the_last_count() {
        assert_eq!(of(r#"{"variables": {"a": 1}, "variables": {"a": 2}}"#).as_deref(), Some(r#"{"a":2}"#));
        assert_eq!(of(r#"{"variables": {"a": 1}, "variables": null}"#), None);
    }

    #[test]
    fn only_an_object_is_variables() {
        for body in [r#"{"variables": null}"#, r#"{"variables": [1]}"#, r#"{"variables": "{}"}"#, "{}", "[]"]
        {
            assert_eq!(of(body), None, "{body}");
        }
        assert_eq!(of(r#"{"variables": { } }"#).as_deref(), Some("{}"));
    }
}
