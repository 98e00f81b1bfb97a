//! Filters that make text out of text and may make more than they were given.
//!
//! Invariant: each watches the result's size while it grows.

use liquid_core::model::KStringCow;
use liquid_core::{Result, Value, ValueCow, ValueView};

use crate::template::RenderError;
use crate::template::meter::Meter;

/// A text under construction that may not pass the size of one value.
pub(super) struct Growing<'m> {
    meter: &'m Meter,
    text: String,
}

impl<'m> Growing<'m> {
    pub(super) fn new(meter: &'m Meter) -> Self {
        Self { meter, text: String::new() }
    }

    pub(super) fn push(&mut self, part: &str) -> Result<()> {
        if self.text.len() + part.len() > self.meter.limits().value_bytes {
            return Err(self.meter.stop(RenderError::TooLarge));
        }
        self.text.push_str(part);
        Ok(())
    }

    pub(super) fn done(self) -> Value {
        Value::scalar(self.text)
    }
}

fn argument<'a>(arguments: &'a [ValueCow<'_>], index: usize) -> KStringCow<'a> {
    arguments.get(index).map_or_else(|| KStringCow::from_static(""), |value| value.to_kstr())
}

pub(super) fn append(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let mut text = Growing::new(meter);
    text.push(&input.to_kstr())?;
    text.push(&argument(arguments, 0))?;
    Ok(text.done())
}

pub(super) fn prepend(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let mut text = Growing::new(meter);
    text.push(&argument(arguments, 0))?;
    text.push(&input.to_kstr())?;
    Ok(text.done())
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn raw(input: &dyn ValueView, _arguments: &[ValueCow<'_>], _meter: &Meter) -> Result<Value> {
    Ok(input.to_value())
}

pub(super) fn remove(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    exchange(meter, &input.to_kstr(), &argument(arguments, 0), "", usize::MAX)
}

pub(super) fn remove_first(
    input: &dyn ValueView,
    arguments: &[ValueCow<'_>],
    meter: &Meter,
) -> Result<Value> {
    exchange(meter, &input.to_kstr(), &argument(arguments, 0), "", 1)
}

pub(super) fn replace(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    exchange(meter, &input.to_kstr(), &argument(arguments, 0), &argument(arguments, 1), usize::MAX)
}

pub(super) fn replace_first(
    input: &dyn ValueView,
    arguments: &[ValueCow<'_>],
    meter: &Meter,
) -> Result<Value> {
    exchange(meter, &input.to_kstr(), &argument(arguments, 0), &argument(arguments, 1), 1)
}

fn exchange(meter: &Meter, input: &str, old: &str, new: &str, times: usize) -> Result<Value> {
    let mut text = Growing::new(meter);
    let mut kept = 0;
    for (at, found) in input.match_indices(old).take(times) {
        text.push(&input[kept..at])?;
        text.push(new)?;
        kept = at + found.len();
    }
    text.push(&input[kept..])?;
    Ok(text.done())
}

/// Part of a text, in characters, or of a list: from an offset (from the end if negative), of a length (1).
pub(super) fn slice(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let number = |index: usize| match arguments.get(index) {
        None => Ok(None),
        Some(value) => value
            .as_scalar()
            .and_then(|scalar| scalar.to_integer())
            .map(Some)
            .ok_or_else(|| meter.fault("takes whole numbers")),
    };
    let (offset, length) = (number(0)?.unwrap_or(0), number(1)?.unwrap_or(1));
    let length = usize::try_from(length).ok().filter(|length| *length > 0);
    let Some(length) = length else {
        return Err(meter.fault("takes a length of at least 1"));
    };
    let whole = match input.as_array() {
        Some(array) => array.values().count(),
        None => input.to_kstr().chars().count(),
    };
    let distance = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    let from = if offset < 0 { whole.checked_sub(distance) } else { Some(distance) };
    // An offset before the start gives nothing, as one past the end does.
    let from = from.unwrap_or(whole);
    Ok(match input.as_array() {
        Some(array) => Value::array(array.values().skip(from).take(length).map(ValueView::to_value)),
        None => Value::scalar(input.to_kstr().chars().skip(from).take(length).collect::<String>()),
    })
}

/// Drops tags, comments, and the inside of scripts and style sheets.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn strip_html(
    input: &dyn ValueView,
    _arguments: &[ValueCow<'_>],
    _meter: &Meter,
) -> Result<Value> {
    Ok(Value::scalar(crate::template::plain::without_tags(&input.to_kstr())))
}
