//! Reads the numbers of stored limits, whatever they are.
//!
//! A version before stored a cap of more than 2^53 as the nearest double, which may be beyond 64 bits. Such a number is read
//! as the nearest one that an event can hold, so that a stored number neither keeps its tenant from being read nor from
//! being changed.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// The largest whole number up to which RFC 8785, whose numbers are doubles, writes every one unchanged.
const MOST: u64 = 1 << f64::MANTISSA_DIGITS;

/// The nearest whole number from 0 to [`MOST`].
struct Nearest;

impl Visitor<'_> for Nearest {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number.min(MOST))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        self.visit_u64(u64::try_from(number).unwrap_or(0))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        self.visit_u64(number as u64)
    }
}

/// The same where the number may be `null`.
struct NearestOrNone;

impl<'de> Visitor<'de> for NearestOrNone {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_none<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, number: D) -> Result<Option<u64>, D::Error> {
        number.deserialize_any(Nearest).map(Some)
    }
}

/// A rate per minute.
pub(super) fn rate<'de, D: Deserializer<'de>>(stored: D) -> Result<u32, D::Error> {
    stored.deserialize_any(Nearest).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// A daily cap.
pub(super) fn cap<'de, D: Deserializer<'de>>(stored: D) -> Result<Option<u64>, D::Error> {
    stored.deserialize_option(NearestOrNone)
}
