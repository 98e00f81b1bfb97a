//! RFC 8785: the one text that a JSON value has.
//!
//! Written in one pass, the members of an object put in order when it ends. What this pass does not know how to write,
//! a fraction, a number that a double does not hold or a key beyond ASCII, goes through the canonicalizer; both give
//! the same text. RFC 8785 writes each number as a double, so an event is only written where that changes no number.

use std::cmp::Ordering;
use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// Largest whole number up to which a double holds every one.
const EXACT: u64 = 1 << 53;

/// The RFC 8785 text of a value.
pub fn canonical<T: Serialize>(value: &T) -> String {
    let mut text = Text::default();
    let written = value.serialize(&mut Serializer::with_formatter(io::sink(), Ordered(&mut text)));
    if written.is_ok() {
        return String::from_utf8(text.written).expect("JSON is made of texts");
    }
    serde_json_canonicalizer::to_string(value).expect("a JSON value has only finite numbers and text keys")
}

/// A number of an event that RFC 8785 might change: a fraction, or a whole number beyond 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected only whole numbers from -2^53 to 2^53 in an event; a larger one or a fraction belongs into a text"
)]
pub(crate) struct InexactNumber;

/// The RFC 8785 text of an event's value, which holds each number unchanged.
///
/// # Errors
/// [`InexactNumber`] where the text could hold another number than the value.
pub(crate) fn canonical_event<T: Serialize>(value: &T) -> Result<String, InexactNumber> {
    let mut text = Text::default();
    let written = value.serialize(&mut Serializer::with_formatter(io::sink(), Ordered(&mut text)));
    if written.is_ok() {
        return Ok(String::from_utf8(text.written).expect("JSON is made of texts"));
    }
    // Whatever the first pass did not write is looked at whole.
    let value = serde_json::to_value(value).map_err(|_| InexactNumber)?;
    if !is_exact(&value) {
        return Err(InexactNumber);
    }
    serde_json_canonicalizer::to_string(&value).map_err(|_| InexactNumber)
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            magnitude.is_some_and(|magnitude| magnitude <= EXACT)
        }
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
    }
}

/// What was written so far, and the members of the objects that are still open.
struct Text {
    written: Vec<u8>,
    members: Vec<Member>,
    /// For each open object, where its own members begin.
    open: Vec<usize>,
}

impl Default for Text {
    fn default() -> Self {
        Self { written: Vec::with_capacity(1_024), members: Vec::new(), open: Vec::new() }
    }
}

/// Where a member stands, its key with the quotes and all of it without a comma.
#[derive(Clone)]
struct Member {
    key: Range<usize>,
    end: usize,
}

impl Text {
    fn key(&self, member: &Member) -> &[u8] {
        // Without its quotes: the closing one would stand after a blank.
        &self.written[member.key.start + 1..member.key.end - 1]
    }

    /// Puts the members of the innermost object in order.
    fn close(&mut self) {
        let first = self.open.pop().expect("an object ends that began");
        let by_key = |one: &Member, other: &Member| self.key(one).cmp(self.key(other));
        if !self.members[first..].is_sorted_by(|one, other| by_key(one, other) != Ordering::Greater) {
            let mut members = self.members[first..].to_vec();
            let (begin, end) = (members[0].key.start, self.written.len());
            members.sort_by(by_key);
            let mut ordered = Vec::with_capacity(end - begin);
            for member in members {
                if !ordered.is_empty() {
                    ordered.push(b',');
                }
                ordered.extend_from_slice(&self.written[member.key.start..member.end]);
            }
            self.written.truncate(begin);
            self.written.extend_from_slice(&ordered);
        }
        self.members.truncate(first);
        self.written.push(b'}');
    }
}

/// Leaves a value to the canonicalizer.
fn elsewhere() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes into the text; the writer that `serde_json` passes stays empty.
struct Ordered<'a>(&'a mut Text);

impl Ordered<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.written.write_all(bytes)
    }

    fn whole(&mut self, magnitude: u64, negative: bool) -> io::Result<()> {
        if magnitude > EXACT {
            return elsewhere();
        }
        let sign = if negative { "-" } else { "" };
        write!(self.0.written, "{sign}{magnitude}")
    }
}

impl Formatter for Ordered<'_> {
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.put(if value { b"true" } else { b"false" })
    }

    fn write_i8<W: ?Sized + Write>(&mut self, writer: &mut W, value: i8) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i16<W: ?Sized + Write>(&mut self, writer: &mut W, value: i16) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i32<W: ?Sized + Write>(&mut self, writer: &mut W, value: i32) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.whole(value.unsigned_abs(), value < 0)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, _: &mut W, _: i128) -> io::Result<()> {
        elsewhere()
    }

    fn write_u8<W: ?Sized + Write>(&mut self, writer: &mut W, value: u8) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u16<W: ?Sized + Write>(&mut self, writer: &mut W, value: u16) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u32<W: ?Sized + Write>(&mut self, writer: &mut W, value: u32) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.whole(value, false)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, _: &mut W, _: u128) -> io::Result<()> {
        elsewhere()
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, _: f32) -> io::Result<()> {
        elsewhere()
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        elsewhere()
    }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        elsewhere()
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.put(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::Quote => self.put(b"\\\""),
            CharEscape::ReverseSolidus => self.put(b"\\\\"),
            CharEscape::Solidus => self.put(b"/"),
            CharEscape::Backspace => self.put(b"\\b"),
            CharEscape::FormFeed => self.put(b"\\f"),
            CharEscape::LineFeed => self.put(b"\\n"),
            CharEscape::CarriageReturn => self.put(b"\\r"),
            CharEscape::Tab => self.put(b"\\t"),
            CharEscape::AsciiControl(byte) => write!(self.0.written, "\\u{byte:04x}"),
        }
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.put(if first { b"" } else { b"," })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.open.push(self.0.members.len());
        self.put(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.close();
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.put(if first { b"" } else { b"," })?;
        let start = self.0.written.len();
        self.0.members.push(Member { key: start..start, end: start });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.0.written.len();
        let member = self.0.members.last_mut().expect("a key ends that began");
        member.key.end = end;
        // Escaped or beyond ASCII, the order of bytes would not be the one of UTF-16.
        let key = &self.0.written[member.key.clone()];
        if key.iter().all(|byte| byte.is_ascii() && *byte != b'\\') { Ok(()) } else { elsewhere() }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b":")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.0.written.len();
        self.0.members.last_mut().expect("a value ends whose key was written").end = end;
        Ok(())
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        elsewhere()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_is_not_the_order_of_a_map() {
        let value = json!({"b": 1, "a": [1.0, "\u{20ac}"], "\u{1f600}": 1, "\u{fb33}": 2});
        let sorted = "{\"a\":[1,\"\u{20ac}\"],\"b\":1,\"\u{1f600}\":1,\"\u{fb33}\":2}";
        assert_eq!(canonical(&value), sorted, "by UTF-16 code units, as RFC 8785 says");
    }

    #[test]
    fn what_is_written_in_one_pass_is_what_the_canonicalizer_writes() {
        let escapes: String =
            (0..0x80).filter_map(char::from_u32).chain("é\u{2028}\u{1f600}\u{ffff}".chars()).collect();
        for value in [
            json!({"b": [1, {"z": null, "a": true}], "": escapes, "a\"\u{7}": -9_007_199_254_740_992_i64}),
            json!([0, -0.0, 1.0, 1e21, 0.1, 9_007_199_254_740_993_u64, u64::MAX, i64::MIN]),
            json!({"\u{e9}": {"b": 1, "a": 2}, "a": 1}),
            json!({"a": 1, "a b": 2, "a!": 3, "": 0, " ": 4}),
            json!({}),
            json!([[], {}, "", false]),
        ] {
            assert_eq!(canonical(&value), serde_json_canonicalizer::to_string(&value).unwrap());
        }
    }

    #[test]
    fn an_event_is_written_with_its_very_numbers_or_not_at_all() {
        for exact in [json!({"n": [0, -1, 1_u64 << 53, -(1_i64 << 53)]}), json!({"\u{e9}": 7, "a": -7})] {
            let written = canonical_event(&exact).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), exact);
            assert_eq!(written, canonical(&exact));
        }
        let just_above = (1_u64 << 53) + 1;
        for number in [
            json!(just_above),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1_u64 << 60),
            json!(0.5),
            json!(1e300),
        ] {
            assert_eq!(canonical_event(&json!({"a": [number]})), Err(InexactNumber), "{number}");
            assert_eq!(canonical_event(&json!({"\u{e9}": number})), Err(InexactNumber), "{number}");
        }
        assert_eq!(canonical_event(&u128::MAX), Err(InexactNumber));
    }

    #[test]
    fn the_fields_of_a_struct_are_put_in_order_at_every_depth() {
        #[derive(Serialize)]
        struct Outer {
            zebra: Vec<Inner>,
            ant: i8,
            ab: &'static str,
        }
        #[derive(Serialize)]
        #[serde(tag = "state")]
        enum Inner {
            Skipped { reason: &'static str, a: [u16; 2] },
        }
        let inner = || Inner::Skipped { reason: "x\n", a: [1, 2] };
        let value = Outer { zebra: vec![inner(), inner()], ant: -3, ab: "\u{1}" };
        let text = canonical(&value);
        assert_eq!(
            text,
            "{\"ab\":\"\\u0001\",\"ant\":-3,\"zebra\":[{\"a\":[1,2],\"reason\":\"x\\n\",\"state\":\"Skipped\"},\
             {\"a\":[1,2],\"reason\":\"x\\n\",\"state\":\"Skipped\"}]}"
        );
        assert_eq!(text, serde_json_canonicalizer::to_string(&value).unwrap());
    }

    mod any_value {
        use proptest::prelude::*;

        use super::*;

        fn values() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(|number| json!(number)),
                ".{0,8}".prop_map(Value::from),
            ];
            leaf.prop_recursive(4, 40, 6, |inner| {
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                    proptest::collection::btree_map(".{0,4}|[ !#a-c]{0,3}", inner, 0..6)
                        .prop_map(|members| members.into_iter().collect()),
                ]
            })
        }

        proptest! {
            #[test]
            fn has_the_canonicalizers_text(value in values()) {
                prop_assert_eq!(canonical(&value), serde_json_canonicalizer::to_string(&value).unwrap());
            }
        }
    }
}
