//! A moment in UTC with microseconds, the resolution that the store keeps.
//!
//! Written as RFC 3339 with exactly six digits of fraction, so that equal moments are equal texts and hash alike.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment in UTC, truncated to microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(OffsetDateTime);

/// `0000-01-01T00:00:00Z`, in seconds of the Unix epoch.
const FIRST_SECOND: i64 = -62_167_219_200;
/// `9999-12-31T23:59:59Z`.
const LAST_SECOND: i64 = 253_402_300_799;

/// A text that is no RFC 3339 moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an RFC 3339 time, as in 2026-04-22T12:00:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The start of the Unix epoch.
    pub const EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// Converts to UTC and drops what is finer than a microsecond. A moment that RFC 3339 cannot write, before the year 0 or
    /// after 9999, becomes the nearest that it can.
    pub fn new(moment: OffsetDateTime) -> Self {
        let utc = match moment.checked_to_offset(UtcOffset::UTC) {
            Some(utc) if utc.year() >= 0 => utc,
            None if moment.year() > 0 => Self::at_second(LAST_SECOND),
            Some(_) | None => Self::at_second(FIRST_SECOND),
        };
        let micros = utc.microsecond();
        Self(utc.replace_microsecond(micros).expect("a microsecond it already has"))
    }

    /// Microseconds since the Unix epoch.
    pub fn unix_micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000).expect("years up to 9999 fit")
    }

    /// The moment that many microseconds after the Unix epoch; the epoch itself where no date is that far.
    pub fn from_unix_micros(micros: i64) -> Self {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_or(Self::EPOCH, Self::new)
    }

    fn at_second(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The date and time inside, in UTC.
    pub fn as_datetime(self) -> OffsetDateTime {
        self.0
    }

    /// This moment and a span later; stays at the last second of the year 9999.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        Self::new(self.0.checked_add(span).unwrap_or_else(|| Self::at_second(LAST_SECOND)))
    }

    /// This moment and a span earlier; stays at the epoch.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        self.0.checked_sub(span).map_or(Self::EPOCH, Self::new).max(Self::EPOCH)
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or(Duration::ZERO)
    }

    /// The calendar month as `year * 100 + month`, as in 202611.
    pub fn month(self) -> i32 {
        self.0.year() * 100 + i32::from(u8::from(self.0.month()))
    }

    /// Whole seconds, as the public API writes times: `2026-04-22T12:00:00Z`.
    pub fn to_seconds_rfc3339(self) -> String {
        let (hour, minute, second) = self.0.to_hms();
        let (year, month, day) = self.0.to_calendar_date();
        format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, micro) = self.0.to_hms_micro();
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z", u8::from(month))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self::new).map_err(|_| InvalidTimestamp)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_six_digits_and_reads_back() {
        let moment = Timestamp::from_unix_micros(1_776_859_200_000_001);
        assert_eq!(moment.to_string(), "2026-04-22T12:00:00.000001Z");
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!(moment.to_seconds_rfc3339(), "2026-04-22T12:00:00Z");
    }

    #[test]
    fn every_moment_reads_back_what_it_wrote_however_far_it_is() {
        let far = Duration::from_secs(u64::MAX);
        for moment in [
            Timestamp::from_unix_micros(i64::MIN),
            Timestamp::from_unix_micros(i64::MAX),
            Timestamp::from_unix_micros((FIRST_SECOND - 1) * 1_000_000),
            Timestamp::from_unix_micros(LAST_SECOND * 1_000_000),
            Timestamp::EPOCH.plus(far),
            Timestamp::EPOCH.plus(far).plus(far),
        ] {
            assert_eq!(moment.to_string().parse(), Ok(moment), "{moment}");
        }
        assert_eq!(Timestamp::EPOCH.plus(far).to_seconds_rfc3339(), "9999-12-31T23:59:59Z");
        for text in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(moment.to_string().parse(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn other_offsets_become_utc() {
        let moment: Timestamp = "2026-04-22T15:00:00.5+03:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-04-22T12:00:00.500000Z");
        assert_eq!(moment.month(), 202_604);
    }
}
