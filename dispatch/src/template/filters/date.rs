//! `date`: reads a moment and writes it by a strftime pattern.
//!
//! Invariant: no clock is read ("now" is the moment the render was given), and a pattern's widths stay small.
//! What is no date is written as it came.

use liquid_core::model::DateTime;
use liquid_core::{Result, Value, ValueCow, ValueView};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::template::meter::Meter;

const LONGEST_PATTERN: usize = 128;
const LONGEST_DATE: usize = 64;

pub(super) fn date(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let pattern = arguments[0].to_kstr();
    if pattern.is_empty() {
        return Ok(input.to_value());
    }
    if pattern.len() > LONGEST_PATTERN || !widths_are_small(&pattern) {
        return Err(meter.fault("takes a short pattern with widths of at most two digits"));
    }
    meter.spend(64)?;
    let text = input.to_kstr();
    let Some(moment) = parse(text.trim(), meter.limits().now) else {
        return Ok(input.to_value());
    };
    let mut written = DateTime::default();
    *written = moment;
    written.format(&pattern).map(Value::scalar).map_err(|_| meter.fault("does not know this pattern"))
}

/// Whether no directive asks for padding past 99.
fn widths_are_small(pattern: &str) -> bool {
    pattern.split('%').skip(1).all(|directive| {
        let width = directive.trim_start_matches(['-', '_', '0', '^', '#', ':']);
        width.bytes().take_while(u8::is_ascii_digit).count() <= 2
    })
}

/// Reads RFC 3339, `2026-04-22`, `2026-04-22 12:00[:00]`, the same with an offset, Unix seconds, or now.
fn parse(text: &str, now: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    if text.is_empty() || text.len() > LONGEST_DATE {
        return None;
    }
    if matches!(text, "now" | "today") {
        return now;
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(moment);
    }
    if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Some(date.midnight().assume_utc());
    }
    let text = text.replacen('T', " ", 1);
    let with_offset = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]] [offset_hour sign:mandatory][offset_minute]"
    );
    if let Ok(moment) = OffsetDateTime::parse(&text, with_offset) {
        return Some(moment);
    }
    let local = format_description!(
        "[year]-[month]-[day] [hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
    );
    PrimitiveDateTime::parse(&text, local).ok().map(PrimitiveDateTime::assume_utc)
}
