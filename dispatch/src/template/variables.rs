//! A caller's variables as a template's values, with every digit that was sent.
//!
//! Invariant: a number is taken from the text and never from what a parser made of it, which would be a double.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::number::Number;
use super::value::{Object, Value};

/// The variables of a template.
#[derive(Debug, Default)]
pub struct Variables(Object);

impl Variables {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// The text is not one JSON object.
    pub fn read(json: &[u8]) -> serde_json::Result<Self> {
        let digits = Digits { json, at: Cell::new(0) };
        let mut parser = serde_json::Deserializer::from_slice(json);
        let object = parser.deserialize_map(Members(&digits))?;
        parser.end()?;
        Ok(Self(object))
    }

    /// Adds a text where no variable has its name.
    pub fn add_text(&mut self, name: &str, text: &str) {
        self.0.add(name, Value::text(text));
    }

    pub(super) fn object(&self) -> &Object {
        &self.0
    }
}

/// The numbers of a JSON text, one after the other, in the order in which its parser meets them.
struct Digits<'j> {
    json: &'j [u8],
    at: Cell<usize>,
}

impl Digits<'_> {
    fn next(&self) -> Option<&str> {
        let mut at = self.at.get();
        while at < self.json.len() {
            match self.json[at] {
                b'"' => {
                    at += 1;
                    while at < self.json.len() && self.json[at] != b'"' {
                        at += if self.json[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                    let end = at + self.json[at..].iter().take_while(is_part).count();
                    self.at.set(end);
                    return std::str::from_utf8(&self.json[at..end]).ok();
                }
                _ => at += 1,
            }
        }
        self.at.set(at);
        None
    }

    fn number<E: serde::de::Error>(&self) -> Result<Value, E> {
        self.next()
            .map(|text| Value::Number(Number::read(text)))
            .ok_or_else(|| E::custom("a number without digits"))
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Item<'d, 'j>(&'d Digits<'j>);

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: serde::de::Error>(self, _number: i64) -> Result<Value, E> {
        self.0.number()
    }

    fn visit_u64<E: serde::de::Error>(self, _number: u64) -> Result<Value, E> {
        self.0.number()
    }

    fn visit_f64<E: serde::de::Error>(self, _number: f64) -> Result<Value, E> {
        self.0.number()
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        Members(self.0).visit_map(members).map(|object| Value::Object(Arc::new(object)))
    }
}

/// Reads the members of an object.
struct Members<'d, 'j>(&'d Digits<'j>);

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = members.next_key::<Arc<str>>()? {
            object.push((name, members.next_value_seed(Item(self.0))?));
        }
        Ok(Object::new(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(json: &str, name: &str) -> String {
        let variables = Variables::read(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
        variables.object().get(name).unwrap_or_else(|| panic!("{json}")).to_text().into_owned()
    }

    #[test]
    fn a_number_has_its_own_digits_wherever_it_stands() {
        let json = r#" {"1": "-2 \"3\\", "a" : [ 1.10, {"b\"5": 18446744073709551615 , "c": ["6", -7e1]}, null, true],
            "n": 123456789012345678901234567890, "z": 0.10} "#;
        assert_eq!(
            text_of(json, "a"),
            r#"[1.10, {"b\"5"=>18446744073709551615, "c"=>["6", -70]}, nil, true]"#
        );
        assert_eq!(text_of(json, "n"), "123456789012345678901234567890");
        assert_eq!(text_of(json, "z"), "0.10");
        assert_eq!(text_of(json, "1"), "-2 \"3\\");
    }

    #[test]
    fn of_a_name_given_twice_the_last_counts() {
        assert_eq!(text_of(r#"{"a": 1, "b": 2, "a": 3.50, "a": 4}"#, "a"), "4");
        assert_eq!(text_of(r#"{"a": 1, "b": 2, "a": 3.50, "a": 4}"#, "b"), "2");
    }

    #[test]
    fn only_an_object_is_variables() {
        for json in ["", "[]", "1", "null", "{", "{} {}", r#"{"a": 1e999}"#] {
            assert!(Variables::read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn a_routing_field_gives_way_to_a_variable() {
        let mut variables = Variables::read(br#"{"b": "mine"}"#).unwrap();
        for name in ["a", "b", "c"] {
            variables.add_text(name, "theirs");
        }
        let members =
            variables.object().members().iter().map(|(name, value)| format!("{name} {}", value.to_text()));
        assert_eq!(members.collect::<Vec<_>>(), ["b mine", "a theirs", "c theirs"]);
    }
}
