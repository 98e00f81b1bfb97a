//! Arithmetic. Whole numbers stay whole; texts that are numbers count as numbers.
//!
//! Invariant: nothing overflows, wraps or divides by zero; what would is a failure with a reason.

use liquid_core::{Result, Value, ValueCow, ValueView};

use crate::template::meter::Meter;

const NUMBERS: &str = "takes numbers";
const RANGE: &str = "passes the range of whole numbers";
const ZERO: &str = "cannot divide by zero";

#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    fn of(meter: &Meter, value: &dyn ValueView) -> Result<Self> {
        let scalar = value.as_scalar().ok_or_else(|| meter.fault(NUMBERS))?;
        match scalar.to_integer() {
            Some(whole) => Ok(Self::Whole(whole)),
            None => scalar.to_float().map(Self::Real).ok_or_else(|| meter.fault(NUMBERS)),
        }
    }

    fn real(self) -> f64 {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "what a float keeps of it is what the caller asked for"
            )]
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Whole(whole) => Value::scalar(whole),
            Self::Real(real) => Value::scalar(real),
        }
    }
}

fn calculate(
    meter: &Meter,
    input: &dyn ValueView,
    operand: &ValueCow<'_>,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Value> {
    if operand.is_nil() {
        // Empty, as everything that rests on a missing variable is.
        return Ok(Value::Nil);
    }
    let numbers = (Number::of(meter, input)?, Number::of(meter, operand.as_view())?);
    Ok(match numbers {
        (Number::Whole(one), Number::Whole(other)) => {
            Number::Whole(whole(one, other).ok_or_else(|| meter.fault(RANGE))?)
        }
        (one, other) => Number::Real(real(one.real(), other.real())),
    }
    .value())
}

fn not_zero(meter: &Meter, operand: &ValueCow<'_>) -> Result<()> {
    let zero = !operand.is_nil() && Number::of(meter, operand.as_view())?.real() == 0.0;
    if zero { Err(meter.fault(ZERO)) } else { Ok(()) }
}

pub(super) fn plus(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    calculate(meter, input, &arguments[0], i64::checked_add, |one, other| one + other)
}

pub(super) fn minus(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    calculate(meter, input, &arguments[0], i64::checked_sub, |one, other| one - other)
}

pub(super) fn times(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    calculate(meter, input, &arguments[0], i64::checked_mul, |one, other| one * other)
}

pub(super) fn divided_by(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    not_zero(meter, &arguments[0])?;
    calculate(meter, input, &arguments[0], i64::checked_div, |one, other| one / other)
}

pub(super) fn modulo(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    not_zero(meter, &arguments[0])?;
    calculate(meter, input, &arguments[0], i64::checked_rem, |one, other| one % other)
}

pub(super) fn abs(input: &dyn ValueView, _arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    Ok(match Number::of(meter, input)? {
        Number::Whole(whole) => Number::Whole(whole.checked_abs().ok_or_else(|| meter.fault(RANGE))?),
        Number::Real(real) => Number::Real(real.abs()),
    }
    .value())
}

/// The sum of a list, or of one property of its objects; what is not there counts as zero.
pub(super) fn sum(input: &dyn ValueView, arguments: &[ValueCow<'_>], meter: &Meter) -> Result<Value> {
    let Some(array) = input.as_array() else {
        return Err(meter.fault("takes a list"));
    };
    let mut total = Number::Whole(0);
    for item in array.values() {
        let item = match (arguments.first(), item.as_object()) {
            (None, _) => Some(item),
            (Some(property), Some(object)) => object.get(property.to_kstr().as_str()),
            (Some(_), None) => None,
        };
        let Some(item) = item.filter(|item| !item.is_nil()) else { continue };
        total = match (total, Number::of(meter, item)?) {
            (Number::Whole(one), Number::Whole(other)) => {
                Number::Whole(one.checked_add(other).ok_or_else(|| meter.fault(RANGE))?)
            }
            (one, other) => Number::Real(one.real() + other.real()),
        };
    }
    Ok(total.value())
}
