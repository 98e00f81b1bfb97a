//! `date`: reads a moment and writes it by a strftime pattern.
//!
//! Invariant: no clock is read ("now" is the moment the render was given), and a pattern's widths stay small.
//! An input that is not a date, and a pattern that cannot be used, leave the input as it came.

use strftime::string::strftime;
use time::{OffsetDateTime, UtcOffset};

use super::super::meter::Result;
use super::super::value::Value;
use super::{Arguments, moment};

const LONGEST_PATTERN: usize = 128;
const LONGEST_DATE: usize = 128;

pub(super) fn date(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let pattern = arguments.text(0);
    if pattern.is_empty() || pattern.len() > LONGEST_PATTERN || !widths_are_small(&pattern) {
        return Ok(input.clone());
    }
    let length = if let Value::Text(text) = input { text.len().min(LONGEST_DATE) } else { 0 };
    arguments.meter.spend(128 + 2 * length as u64)?;
    let moment = match input {
        Value::Text(text) => parse(text, arguments.meter.limits().now),
        Value::Number(number) => number.as_place().and_then(of_unix_seconds),
        _ => None,
    };
    let written = moment.and_then(|moment| strftime(&Moment(moment), &pattern).ok());
    Ok(written.map_or_else(|| input.clone(), Value::text))
}

/// Whether no directive asks for padding past 99.
fn widths_are_small(pattern: &str) -> bool {
    pattern.split('%').skip(1).all(|directive| {
        let width = directive.trim_start_matches(['-', '_', '0', '^', '#', ':']);
        width.bytes().take_while(u8::is_ascii_digit).count() <= 2
    })
}

fn of_unix_seconds(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Reads a moment as it is written, Unix seconds, or now.
fn parse(text: &str, now: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    if text.is_empty() || text.len() > LONGEST_DATE {
        return None;
    }
    if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today") {
        return now;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return of_unix_seconds(text.parse().ok()?);
    }
    moment::read(text, now)
}

/// A moment as strftime asks for it.
struct Moment(OffsetDateTime);

impl strftime::Time for Moment {
    fn year(&self) -> i32 {
        self.0.year()
    }

    fn month(&self) -> u8 {
        self.0.month().into()
    }

    fn day(&self) -> u8 {
        self.0.day()
    }

    fn hour(&self) -> u8 {
        self.0.hour()
    }

    fn minute(&self) -> u8 {
        self.0.minute()
    }

    fn second(&self) -> u8 {
        self.0.second()
    }

    fn nanoseconds(&self) -> u32 {
        self.0.nanosecond()
    }

    fn day_of_week(&self) -> u8 {
        self.0.weekday().number_days_from_sunday()
    }

    fn day_of_year(&self) -> u16 {
        self.0.ordinal()
    }

    fn to_int(&self) -> i64 {
        self.0.unix_timestamp()
    }

    fn is_utc(&self) -> bool {
        self.0.offset() == UtcOffset::UTC
    }

    fn utc_offset(&self) -> i32 {
        self.0.offset().whole_seconds()
    }

    fn time_zone(&self) -> &str {
        // Only UTC has a name here; an offset does not say which zone it is of.
        if self.is_utc() { "UTC" } else { "" }
    }
}
