//! Filters over lists.
//!
//! Invariant: none takes more than n log n, sorting is by a total order, and a list is bounded while it grows.

use std::cmp::Ordering;
use std::collections::HashSet;

use liquid_core::{Result, Value, ValueCow, ValueView};

use super::text::Growing;
use crate::template::RenderError;
use crate::template::meter::{Meter, NODE, price, weigh};

/// The items of a list; one item, if it is none.
fn items(input: &dyn ValueView) -> Vec<&dyn ValueView> {
    input.as_array().map_or_else(|| vec![input], |array| array.values().collect())
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

    fn reserve(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        if self.bytes > self.meter.limits().value_bytes {
            return Err(self.meter.stop(RenderError::TooLarge));
        }
        Ok(())
    }

    fn push(&mut self, item: &dyn ValueView) -> Result<()> {
        self.reserve(weigh(item, self.meter.limits().value_bytes))?;
        self.items.push(item.to_value());
        Ok(())
    }

    fn done(self) -> Value {
        Value::Array(self.items)
    }
}

pub(super) fn concat(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let mut list = Growth::new(meter);
    for item in items(input) {
        list.push(item)?;
    }
    if let Some(more) = arguments.first().filter(|more| !more.is_nil()) {
        for item in items(more.as_view()) {
            list.push(item)?;
        }
    }
    Ok(list.done())
}

pub(super) fn join(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let between = arguments.first().map_or_else(|| " ".into(), |value| value.to_kstr());
    let mut text = Growing::new(meter);
    for (index, item) in items(input).into_iter().enumerate() {
        if index > 0 {
            text.push(&between)?;
        }
        text.push(&item.to_kstr())?;
    }
    Ok(text.done())
}

/// Splits a text; an empty pattern gives its characters.
pub(super) fn split(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let text = input.to_kstr();
    let pattern = arguments[0].to_kstr();
    let mut list = Growth::new(meter);
    let mut push = |part: &str| {
        list.reserve(NODE + part.len())?;
        list.items.push(Value::scalar(part.to_owned()));
        Ok(())
    };
    if pattern.is_empty() {
        let mut buffer = [0; 4];
        text.chars().try_for_each(|char| push(char.encode_utf8(&mut buffer)))?;
    } else if !text.is_empty() {
        text.split(pattern.as_str()).try_for_each(push)?;
    }
    Ok(list.done())
}

pub(super) fn uniq(input: &dyn ValueView, _arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let mut seen = HashSet::new();
    let mut list = Growth::new(meter);
    for item in items(input) {
        if seen.insert((item.type_name(), item.to_kstr().into_owned())) {
            list.push(item)?;
        }
    }
    Ok(list.done())
}

pub(super) fn sort(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    sorted(input, arguments, meter, |value| Key::of(value, false))
}

pub(super) fn sort_natural(
    input: &dyn ValueView,
    arguments: &[ValueCow<'_>],
    meter: &Meter,
) -> Result<Value> {
    sorted(input, arguments, meter, |value| Key::of(value, true))
}

fn sorted(
    input: &dyn ValueView,
    arguments: &[ValueCow<'_>],
    meter: &Meter,
    key: impl Fn(&dyn ValueView) -> Key,
) -> Result<Value> {
    let items = items(input);
    let weight = weigh(input, meter.limits().variable_bytes);
    meter.spend(price(weight) * (1 + u64::from(items.len().max(1).ilog2()) / 2))?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = match arguments.first() {
            None => key(item),
            Some(property) => {
                let Some(object) = item.as_object() else {
                    return Err(meter.fault("takes a list of objects if it is given a property"));
                };
                object.get(property.to_kstr().as_str()).map_or(Key::Last, &key)
            }
        };
        keyed.push((key, item));
    }
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut list = Growth::new(meter);
    for (_, item) in keyed {
        list.push(item)?;
    }
    Ok(list.done())
}

/// What is compared: numbers before texts, nil at the end.
enum Key {
    Number(f64),
    Text(String),
    Last,
}

impl Key {
    fn of(value: &dyn ValueView, natural: bool) -> Self {
        if value.is_nil() {
            return Self::Last;
        }
        let number = value.as_scalar().filter(|_| !natural && value.type_name() != "string");
        match number.and_then(|scalar| scalar.to_float()) {
            Some(number) => Self::Number(number),
            None if natural => Self::Text(value.to_kstr().to_lowercase()),
            None => Self::Text(value.to_kstr().into_string()),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), _) | (Self::Text(_), Self::Last) => Ordering::Less,
            (_, Self::Number(_)) | (Self::Last, Self::Text(_)) => Ordering::Greater,
            (Self::Last, Self::Last) => Ordering::Equal,
        }
    }
}
