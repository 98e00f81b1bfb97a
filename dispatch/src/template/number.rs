//! Numbers as templates know them: whole ones and decimals, exact, as Shopify's Liquid has them.
//!
//! Invariant: a number has at most `MOST_DIGITS` digits written out, so that no exponent and no product costs more than a
//! few microseconds. A number that was sent keeps its digits; a calculated one drops the zeros at its end but the
//! first behind the point.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

use super::token::is_blank;

/// Most digits of a number that is calculated with. JSON's whole numbers have at most 309.
const MOST_DIGITS: usize = 400;
/// As many places behind the point, or zeros before it, may come with a number.
const MOST_PLACES_SENT: i64 = 400;
/// Most digits behind the point of a number that was calculated.
const MOST_PLACES: i64 = 100;
/// Digits to which a quotient is calculated. One that does not end within them is rounded to the nearest double, as in Ruby.
const DIGITS_OF_A_QUOTIENT: u32 = 40;
/// Most digits before the point of such a double, so that it has at least three behind it; a longer one keeps its digits.
const MOST_DIGITS_OF_A_DOUBLE: i128 = 12;

/// A number.
#[derive(Clone, Debug)]
pub(super) enum Number {
    /// The usual one.
    Whole(i64),
    /// Any other.
    Exact(Arc<Exact>),
}

/// A decimal, or a whole number beyond 64 bits.
#[derive(Debug)]
pub(super) struct Exact {
    value: BigDecimal,
    is_whole: bool,
    /// Its text as it was sent, if it has more digits than calculations use.
    sent: Option<Box<str>>,
}

/// The reason for which there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// Division by zero.
    ByZero,
    /// More digits than a number may have.
    TooLong,
}

impl NoNumber {
    /// The reason as the end of a sentence that begins with the filter's name.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::ByZero => "cannot divide by zero",
            Self::TooLong => "gives a number of too many digits",
        }
    }
}

type Result<T> = std::result::Result<T, NoNumber>;

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self::Whole(whole)
    }
}

impl From<usize> for Number {
    fn from(count: usize) -> Self {
        Self::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl Number {
    pub(super) const ZERO: Self = Self::Whole(0);

    /// A number as JSON and templates write it.
    pub(super) fn read(text: &str) -> Self {
        if let Ok(whole) = text.parse() {
            return Self::Whole(whole);
        }
        let (sign, magnitude) = match text.as_bytes().first() {
            Some(b'-') => (Sign::Minus, &text[1..]),
            Some(b'+') => (Sign::Plus, &text[1..]),
            _ => (Sign::Plus, text),
        };
        let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let shift =
            exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(shift);
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() && places <= 0 {
            return Self::ZERO;
        }
        let behind = usize::try_from(places).unwrap_or(0);
        if digits.len().max(behind) <= MOST_DIGITS && places >= -MOST_PLACES_SENT {
            return Self::sent(sign, digits, places, None);
        }
        // Calculations use the digits up to the bound; the text stays as it was sent.
        let kept = digits.len().saturating_sub(behind.saturating_sub(MOST_DIGITS)).min(MOST_DIGITS);
        let dropped = i64::try_from(digits.len() - kept).unwrap_or(i64::MAX);
        let places = places.saturating_sub(dropped).clamp(0, MOST_PLACES_SENT);
        Self::sent(sign, &digits[..kept], places, Some(text))
    }

    fn sent(sign: Sign, digits: &str, places: i64, sent: Option<&str>) -> Self {
        let magnitude: BigInt = digits.parse().unwrap_or_default();
        let signed = if sign == Sign::Minus { -magnitude } else { magnitude };
        let value = BigDecimal::new(signed, places);
        if places > 0 {
            return Self::Exact(Arc::new(Exact { value, is_whole: false, sent: sent.map(Box::from) }));
        }
        let value = value.with_scale(0);
        match value.to_i64() {
            Some(whole) if sent.is_none() => Self::Whole(whole),
            _ => Self::Exact(Arc::new(Exact { value, is_whole: true, sent: sent.map(Box::from) })),
        }
    }

    /// The number that a text counts as: a decimal, or the whole number that it begins with, as Ruby's `to_i` reads it.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        let text = text.trim_matches(is_blank);
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(unsigned);
        let fraction = unsigned[whole..].strip_prefix('.').unwrap_or_default();
        let is_decimal = !fraction.is_empty() && digits(fraction) == fraction.len() && !text.starts_with('+');
        if whole == 0 || whole > MOST_DIGITS || (is_decimal && text.len() > MOST_DIGITS) {
            return None;
        }
        if is_decimal {
            return Some(Self::read(text));
        }
        // One underscore may stand between two digits.
        let mut number = text[..text.len() - unsigned.len() + whole].to_owned();
        let mut rest = &unsigned[whole..];
        while let Some(more) =
            rest.strip_prefix('_').filter(|more| more.starts_with(|char: char| char.is_ascii_digit()))
        {
            let length = digits(more);
            number.push_str(&more[..length]);
            rest = &more[length..];
        }
        (number.len() <= MOST_DIGITS).then(|| Self::read(&number))
    }

    /// Whether it is calculated with by the processor alone.
    pub(super) fn is_small(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Exact(exact) => exact.is_whole,
        }
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Whole(whole) => *whole == 0,
            Self::Exact(exact) => exact.value.is_zero(),
        }
    }

    /// The whole number that it is, or is cut to; the nearest where it is beyond 64 bits.
    pub(super) fn to_whole(&self) -> i64 {
        match self {
            Self::Whole(whole) => *whole,
            Self::Exact(exact) => {
                let limit = if exact.value.sign() == Sign::Minus { i64::MIN } else { i64::MAX };
                exact.value.with_scale_round(0, RoundingMode::Down).to_i64().unwrap_or(limit)
            }
        }
    }

    /// Bytes of a whole number as Ruby counts them; a decimal has no size.
    pub(super) fn size(&self) -> Option<usize> {
        const WORD: usize = 8;
        match self {
            Self::Whole(_) => Some(WORD),
            Self::Exact(exact) if exact.is_whole => {
                let bits = exact.value.with_scale(0).into_bigint_and_scale().0.bits();
                Some(usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX).max(WORD))
            }
            Self::Exact(_) => None,
        }
    }

    /// The place in a list, if it is a whole number.
    pub(super) fn as_place(&self) -> Option<i64> {
        match self {
            Self::Whole(whole) => Some(*whole),
            Self::Exact(_) => None,
        }
    }

    fn decimal(&self) -> Cow<'_, BigDecimal> {
        match self {
            Self::Whole(whole) => Cow::Owned(BigDecimal::from(*whole)),
            Self::Exact(exact) => Cow::Borrowed(&exact.value),
        }
    }

    /// Bytes that it takes beside a value's own.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Whole(_) => 0,
            Self::Exact(exact) => {
                let digits = exact
                    .value
                    .decimal_digit_count()
                    .saturating_add(exact.value.fractional_digit_count().unsigned_abs());
                64 + usize::try_from(digits).unwrap_or(usize::MAX)
                    + exact.sent.as_ref().map_or(0, |sent| sent.len())
            }
        }
    }

    fn calculated(value: BigDecimal, is_whole: bool) -> Result<Self> {
        let value = if is_whole {
            if let Some(whole) = value.to_i64() {
                return Ok(Self::Whole(whole));
            }
            value.with_scale(0)
        } else {
            let rounded = if value.fractional_digit_count() > MOST_PLACES {
                value.with_scale_round(MOST_PLACES, RoundingMode::HalfEven)
            } else {
                value
            };
            let short = rounded.normalized();
            if short.fractional_digit_count() < 1 { short.with_scale(1) } else { short }
        };
        if value.decimal_digit_count() > MOST_DIGITS as u64 {
            return Err(NoNumber::TooLong);
        }
        Ok(Self::Exact(Arc::new(Exact { value, is_whole, sent: None })))
    }

    fn both_whole(&self, other: &Self) -> bool {
        self.is_whole() && other.is_whole()
    }

    pub(super) fn plus(&self, other: &Self) -> Result<Self> {
        if let (Self::Whole(one), Self::Whole(other)) = (self, other)
            && let Some(sum) = one.checked_add(*other)
        {
            return Ok(Self::Whole(sum));
        }
        Self::calculated(self.decimal().as_ref() + other.decimal().as_ref(), self.both_whole(other))
    }

    pub(super) fn minus(&self, other: &Self) -> Result<Self> {
        if let (Self::Whole(one), Self::Whole(other)) = (self, other)
            && let Some(difference) = one.checked_sub(*other)
        {
            return Ok(Self::Whole(difference));
        }
        Self::calculated(self.decimal().as_ref() - other.decimal().as_ref(), self.both_whole(other))
    }

    pub(super) fn times(&self, other: &Self) -> Result<Self> {
        if let (Self::Whole(one), Self::Whole(other)) = (self, other)
            && let Some(product) = one.checked_mul(*other)
        {
            return Ok(Self::Whole(product));
        }
        Self::calculated(self.decimal().as_ref() * other.decimal().as_ref(), self.both_whole(other))
    }

    /// The quotient: of whole numbers the whole one below, else the decimal, rounded as a double where it does not end.
    pub(super) fn divided_by(&self, other: &Self) -> Result<Self> {
        if other.is_zero() {
            return Err(NoNumber::ByZero);
        }
        if self.both_whole(other) {
            return Self::calculated(self.floored(other).0, true);
        }
        let (one, places) = self.decimal().into_owned().into_bigint_and_scale();
        let (other, other_places) = other.decimal().into_owned().into_bigint_and_scale();
        // One division, for digits enough to find the nearest double. A digit has more than three bits.
        let longer = other.bits().saturating_sub(one.bits()) / 3;
        let shift = u32::try_from(longer).unwrap_or(u32::MAX).saturating_add(DIGITS_OF_A_QUOTIENT);
        let shifted = one * BigInt::from(10).pow(shift);
        let places = places + i64::from(shift) - other_places;
        let quotient = BigDecimal::new(&shifted / &other, places);
        if (&shifted % &other).is_zero() {
            return Self::calculated(quotient, false);
        }
        let before_point =
            i128::from(quotient.decimal_digit_count()) - i128::from(quotient.fractional_digit_count());
        match quotient.to_plain_string().parse::<f64>() {
            Ok(double) if before_point <= MOST_DIGITS_OF_A_DOUBLE => {
                Self::read(&double.to_string()).shortened_to_decimal()
            }
            _ => Self::calculated(quotient.with_prec(u64::from(DIGITS_OF_A_QUOTIENT)), false),
        }
    }

    /// The remainder, with the sign of the divisor.
    pub(super) fn modulo(&self, other: &Self) -> Result<Self> {
        if other.is_zero() {
            return Err(NoNumber::ByZero);
        }
        Self::calculated(self.floored(other).1, self.both_whole(other))
    }

    /// The quotient rounded down, and the remainder.
    fn floored(&self, other: &Self) -> (BigDecimal, BigDecimal) {
        let (one, other) = (self.decimal(), other.decimal());
        let places = one.fractional_digit_count().max(other.fractional_digit_count());
        let (one, _) = one.with_scale(places).into_bigint_and_scale();
        let (other, _) = other.with_scale(places).into_bigint_and_scale();
        let (mut quotient, mut remainder) = (&one / &other, &one % &other);
        if !remainder.is_zero() && (remainder.sign() == Sign::Minus) != (other.sign() == Sign::Minus) {
            quotient -= 1;
            remainder += other;
        }
        (BigDecimal::new(quotient, 0), BigDecimal::new(remainder, places))
    }

    pub(super) fn abs(&self) -> Result<Self> {
        match self {
            Self::Whole(whole) if *whole >= 0 => Ok(self.clone()),
            _ => Self::calculated(self.decimal().abs(), self.is_whole()),
        }
    }

    /// Rounded to so many places, halves away from zero; a whole number without any.
    pub(super) fn round(&self, places: i64) -> Result<Self> {
        if self.is_whole() && places >= 0 {
            return Ok(self.clone());
        }
        let places = places.clamp(-MOST_PLACES_SENT, MOST_PLACES_SENT);
        let rounded = self.decimal().with_scale_round(places, RoundingMode::HalfUp);
        Self::calculated(rounded.with_scale(places.max(0)), self.is_whole() || places <= 0)
    }

    pub(super) fn ceil(&self) -> Result<Self> {
        self.to_whole_by(RoundingMode::Ceiling)
    }

    pub(super) fn floor(&self) -> Result<Self> {
        self.to_whole_by(RoundingMode::Floor)
    }

    fn to_whole_by(&self, mode: RoundingMode) -> Result<Self> {
        if self.is_whole() {
            return Ok(self.clone());
        }
        Self::calculated(self.decimal().with_scale_round(0, mode), true)
    }

    /// The same number as a calculation gives it: without the zeros that it was sent with.
    pub(super) fn shortened(&self) -> Result<Self> {
        if self.is_whole() { Ok(self.clone()) } else { self.shortened_to_decimal() }
    }

    fn shortened_to_decimal(&self) -> Result<Self> {
        Self::calculated(self.decimal().into_owned(), false)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(other),
            _ => self.decimal().as_ref().cmp(other.decimal().as_ref()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(formatter),
            Self::Exact(exact) => match &exact.sent {
                Some(sent) => formatter.write_str(sent),
                None => exact.value.write_plain_string(formatter),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_the_digits_that_it_was_sent_with() {
        let small = format!("0.{}1", "0".repeat(398));
        let long = format!("0.{}", "1234567890".repeat(1_000));
        for (sent, written) in [
            ("0", "0"),
            ("-0", "0"),
            ("-1", "-1"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9223372036854775808"),
            ("18446744073709551615", "18446744073709551615"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("49.95", "49.95"),
            ("49.90", "49.90"),
            ("10.00", "10.00"),
            ("-0.5", "-0.5"),
            ("0.1000000000000000000000000001", "0.1000000000000000000000000001"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("1.5e3", "1500"),
            ("1.2345e2", "123.45"),
            ("1e-3", "0.001"),
            ("-25e-1", "-2.5"),
            ("0e999999999", "0"),
            ("1e-999999999", "1e-999999999"),
            ("1e-99999999999999999999999", "1e-99999999999999999999999"),
            (&small, &small),
            (&long, &long),
        ] {
            assert_eq!(Number::read(sent).to_string(), written, "{sent}");
        }
        assert_eq!(Number::read("1e308").to_string().len(), 309);
    }

    #[test]
    fn a_number_beyond_all_bounds_is_calculated_with_as_far_as_its_digits_go() {
        assert_eq!(Number::read("1e-999999999").plus(&Number::Whole(1)).unwrap().to_string(), "1.0");
        let long = Number::read(&format!("1.{}", "3".repeat(200_000)));
        assert!(long.times(&Number::Whole(3)).unwrap() > Number::read("3.9"));
        assert!(long < Number::Whole(2) && long > Number::Whole(1));
        let mut number = Number::Whole(10);
        let end = loop {
            match number.times(&number) {
                Ok(product) => number = product,
                Err(why) => break why,
            }
        };
        assert_eq!(end, NoNumber::TooLong);
    }

    #[test]
    fn a_text_counts_as_the_number_that_it_is_or_begins_with() {
        for (text, number) in [
            ("", "0"),
            ("abc", "0"),
            ("12", "12"),
            (" 12 ", "12"),
            ("-1.50", "-1.50"),
            ("+3", "3"),
            ("12 apples", "12"),
            ("1.5.6", "1"),
            ("1.", "1"),
            (".5", "0"),
            ("1e3", "1"),
            ("१२", "0"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(Number::in_text(text).unwrap_or(Number::ZERO).to_string(), number, "{text}");
        }
        assert_eq!(Number::in_text(&"9".repeat(100_000)).unwrap_or(Number::ZERO), Number::ZERO);
    }
}
