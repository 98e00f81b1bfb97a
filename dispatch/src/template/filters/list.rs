//! Filters over lists, and those that pass on values of every kind.
//!
//! Invariant: none takes more than n log n, sorting is by a total order, and a list is bounded while it grows. A value that is not a
//! list counts as a list of one item, nil as a list of none.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::super::RenderError;
use super::super::meter::{Meter, NODE, Result, price, weigh};
use super::super::number::Number;
use super::super::value::{Value, letter};
use super::Arguments;
use super::text::{Growing, words};

/// The items of a list, those of lists within it among them.
pub(super) fn flat(input: &Value) -> Vec<&Value> {
    let mut items = Vec::new();
    match input {
        Value::Nil => {}
        Value::List(_) => flatten(input, &mut items),
        other => items.push(other),
    }
    items
}

fn flatten<'v>(value: &'v Value, items: &mut Vec<&'v Value>) {
    match value {
        Value::List(inner) => inner.iter().for_each(|item| flatten(item, items)),
        other => items.push(other),
    }
}

/// An item, or its property where a key is given.
pub(super) fn item_or_property(item: &Value, key: Option<&Value>) -> Value {
    key.map_or_else(|| item.clone(), |key| property(item, key))
}

/// The property of an item; nil for a value without properties. Of a text, as in Ruby, a part or the letter of a place.
fn property(item: &Value, key: &Value) -> Value {
    let found = match (item, key) {
        (Value::Object(object), Value::Text(name)) => object.get(name).cloned(),
        (Value::Text(text), Value::Text(part)) => text.contains(&**part).then(|| key.clone()),
        (Value::Text(text), Value::Number(place)) => letter_at(text, place),
        _ => None,
    };
    found.unwrap_or(Value::Nil)
}

/// The letter of a place in a text, from the end if negative.
fn letter_at(text: &str, place: &Number) -> Option<Value> {
    let place = place.as_place()?;
    let distance = usize::try_from(place.unsigned_abs()).ok()?;
    let mut letters = text.chars();
    let found = if place < 0 { letters.nth_back(distance - 1) } else { letters.nth(distance) };
    found.map(letter)
}

/// A list under construction that may not pass the size of one value.
struct Growth<'m> {
    meter: &'m Meter,
    bytes: usize,
    items: Vec<Value>,
}

impl<'m> Growth<'m> {
    fn new(meter: &'m Meter) -> Self {
        Self { meter, bytes: NODE, items: Vec::new() }
    }

    fn push(&mut self, item: Value) -> Result<()> {
        let most = self.meter.limits().value_bytes;
        self.bytes += weigh(&item, most);
        if self.bytes > most {
            return Err(RenderError::TooLarge);
        }
        self.items.push(item);
        Ok(())
    }

    fn done(self) -> Value {
        Value::list(self.items)
    }
}

fn list_of(items: impl Iterator<Item = Value>, meter: &Meter) -> Result<Value> {
    let mut list = Growth::new(meter);
    for item in items {
        list.push(item)?;
    }
    Ok(list.done())
}

pub(super) fn concat(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let more = match arguments.value(0) {
        Value::List(items) => &items[..],
        Value::Nil => &[],
        other => std::slice::from_ref(other),
    };
    list_of(flat(input).into_iter().chain(more).cloned(), arguments.meter)
}

pub(super) fn join(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let between = if arguments.is_given(0) { arguments.text(0) } else { " ".into() };
    let mut text = Growing::new(arguments.meter);
    for (index, item) in flat(input).into_iter().enumerate() {
        if index > 0 {
            text.push(&between)?;
        }
        text.push(&item.to_text())?;
    }
    Ok(text.done())
}

/// Splits a text; an empty pattern gives its characters, one space its words.
pub(super) fn split(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (text, pattern) = (input.to_text(), arguments.text(0));
    let mut list = Growth::new(arguments.meter);
    match &*pattern {
        "" => text.chars().try_for_each(|char| list.push(letter(char)))?,
        " " => words(&text).try_for_each(|word| list.push(Value::text(word)))?,
        pattern => {
            // As in Ruby, nothing comes of what is empty at the end.
            let mut empty = 0;
            for part in text.split(pattern) {
                if part.is_empty() {
                    empty += 1;
                    continue;
                }
                (0..std::mem::take(&mut empty)).try_for_each(|_| list.push(Value::text("")))?;
                list.push(Value::text(part))?;
            }
        }
    }
    Ok(list.done())
}

pub(super) fn uniq(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let key = arguments.property(0);
    let mut seen = HashSet::new();
    let mut list = Growth::new(arguments.meter);
    for item in flat(input) {
        let key = match item_or_property(item, key) {
            Value::Text(text) => (true, text),
            other => {
                let mut written = String::new();
                write_alike(&other, &mut written);
                (false, Arc::from(written))
            }
        };
        if seen.insert(key) {
            list.push(item.clone())?;
        }
    }
    Ok(list.done())
}

/// Writes a value so that those that are one to `uniq` are written alike: `1.50` as `1.5`, an object in the order of its names.
fn write_alike(value: &Value, text: &mut String) {
    let mut part = |mark: char, inner: &str| {
        text.push(mark);
        text.push_str(&inner.len().to_string());
        text.push(mark);
        text.push_str(inner);
    };
    match value {
        Value::Number(number) => {
            part('n', &number.shortened().unwrap_or_else(|_| number.clone()).to_string());
        }
        Value::Text(inner) => part('t', inner),
        Value::List(items) => {
            part('l', &items.len().to_string());
            items.iter().for_each(|item| write_alike(item, text));
        }
        Value::Object(object) => {
            part('o', &object.members().len().to_string());
            for (name, value) in object.sorted() {
                write_alike(&Value::Text(Arc::clone(name)), text);
                write_alike(value, text);
            }
        }
        Value::Nil | Value::Bool(_) | Value::Empty | Value::Blank => part('v', &value.to_text()),
    }
}

pub(super) fn reverse(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    list_of(flat(input).into_iter().rev().cloned(), arguments.meter)
}

pub(super) fn compact(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let key = arguments.property(0);
    let is_there = |item: &&Value| !item_or_property(item, key).is_nil();
    list_of(flat(input).into_iter().filter(is_there).cloned(), arguments.meter)
}

pub(super) fn map(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let key = arguments.value(0);
    list_of(flat(input).into_iter().map(|item| property(item, key)), arguments.meter)
}

/// `where`: the items whose property is equal to a value, or true where there is none.
pub(super) fn matching(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (key, wanted) = (arguments.value(0), arguments.value(1));
    let is_wanted = |item: &&Value| {
        let value = property(item, key);
        if wanted.is_nil() { value.is_true() } else { value.equals(wanted) }
    };
    list_of(flat(input).into_iter().filter(is_wanted).cloned(), arguments.meter)
}

pub(super) fn sort(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    sorted(input, arguments, false)
}

pub(super) fn sort_natural(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    sorted(input, arguments, true)
}

fn sorted(input: &Value, arguments: &Arguments<'_>, is_natural: bool) -> Result<Value> {
    let meter = arguments.meter;
    let items = flat(input);
    let weight = weigh(input, meter.limits().variable_bytes);
    meter.spend(price(weight) * (1 + u64::from(items.len().max(1).ilog2()) / 2))?;
    let key = arguments.property(0);
    let key_of = |item: &Value| Key::of(&item_or_property(item, key), is_natural);
    let mut keyed: Vec<_> = items.into_iter().map(|item| (key_of(item), item)).collect();
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    list_of(keyed.into_iter().map(|(_, item)| item.clone()), meter)
}

/// The order of a value: numbers before texts, nil at the end.
enum Key {
    Number(Number),
    Text(String),
    Last,
}

impl Key {
    fn of(value: &Value, is_natural: bool) -> Self {
        match value {
            Value::Nil => Self::Last,
            Value::Number(number) if !is_natural => Self::Number(number.clone()),
            // As Ruby's `casecmp`, which knows no letters but these.
            other if is_natural => Self::Text(other.to_text().to_ascii_lowercase()),
            other => Self::Text(other.to_text().into_owned()),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), _) | (Self::Text(_), Self::Last) => Ordering::Less,
            (_, Self::Number(_)) | (Self::Last, Self::Text(_)) => Ordering::Greater,
            (Self::Last, Self::Last) => Ordering::Equal,
        }
    }
}

/// Part of a text, in characters, or of a list: from an offset (from the end if negative), of a length (1).
pub(super) fn slice(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let offset = arguments.whole(0).unwrap_or(0);
    let length = arguments.whole(1).unwrap_or(1);
    let text = input.to_text();
    let whole = match input {
        Value::List(items) => items.len(),
        _ => text.chars().count(),
    };
    let distance = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    // An offset before the start gives nothing, as one past the end does, and a length below zero.
    let from = if offset < 0 { whole.checked_sub(distance) } else { Some(distance) }.unwrap_or(whole);
    let length = usize::try_from(length).unwrap_or(0);
    match input {
        Value::List(items) => list_of(items.iter().skip(from).take(length).cloned(), arguments.meter),
        _ => Ok(Value::text(text.chars().skip(from).take(length).collect::<String>())),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn first(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    Ok(input.first().unwrap_or(Value::Nil))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn last(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    Ok(input.last().unwrap_or(Value::Nil))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn size(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    Ok(Value::count(input.size().unwrap_or(0)))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn raw(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    Ok(input.clone())
}

/// Another value for nil, false and what is empty; with `allow_false` not for false.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn default(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let keeps_false = matches!(input, Value::Bool(false)) && arguments.value(1).is_true();
    if keeps_false || !input.gives_way() {
        return Ok(input.clone());
    }
    Ok(if arguments.is_given(0) { arguments.value(0).clone() } else { Value::text("") })
}
