//! Arithmetic, in decimals. Texts that are or begin with numbers count as them, all else as zero.
//!
//! Invariant: nothing overflows, wraps or divides by zero; what would is a failure with a reason. To divide by a value that
//! is not a number gives nothing.

use super::super::meter::{Result, price, weigh};
use super::super::number::Number;
use super::super::value::Value;
use super::list::{flat, item_or_property};
use super::{Arguments, Calculated};

/// Steps of a calculation that the processor does not do alone.
const DECIMAL: u64 = 24;

fn charge(numbers: &[&Number], arguments: &Arguments<'_>) -> Result<()> {
    if numbers.iter().all(|number| number.is_small()) { Ok(()) } else { arguments.meter.spend(DECIMAL) }
}

/// A calculation with the input; zero for a value that is not a number.
fn one(
    input: &Value,
    arguments: &Arguments<'_>,
    calculate: impl FnOnce(&Number) -> Calculated,
) -> Result<Value> {
    let number = input.to_number();
    charge(&[&number], arguments)?;
    arguments.calculated(calculate(&number)).map(Value::Number)
}

/// A calculation with the input and the argument; zero for a value that is not a number.
fn two(
    input: &Value,
    arguments: &Arguments<'_>,
    calculate: impl FnOnce(&Number, &Number) -> Calculated,
) -> Result<Value> {
    let (one, other) = (input.to_number(), arguments.value(0).to_number());
    charge(&[&one, &other], arguments)?;
    arguments.calculated(calculate(&one, &other)).map(Value::Number)
}

pub(super) fn plus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    two(input, arguments, Number::plus)
}

pub(super) fn minus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    two(input, arguments, Number::minus)
}

pub(super) fn times(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    two(input, arguments, Number::times)
}

pub(super) fn divided_by(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).as_number().is_none() {
        return Ok(Value::Nil);
    }
    two(input, arguments, Number::divided_by)
}

pub(super) fn modulo(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).as_number().is_none() {
        return Ok(Value::Nil);
    }
    two(input, arguments, Number::modulo)
}

pub(super) fn abs(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    one(input, arguments, Number::abs)
}

/// Rounds to the nearest whole number, or to so many places.
pub(super) fn round(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    one(input, arguments, |number| number.round(arguments.whole(0).unwrap_or(0)))
}

pub(super) fn ceil(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    one(input, arguments, Number::ceil)
}

pub(super) fn floor(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    one(input, arguments, Number::floor)
}

pub(super) fn at_least(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    two(input, arguments, |one, other| one.max(other).shortened())
}

pub(super) fn at_most(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    two(input, arguments, |one, other| one.min(other).shortened())
}

/// The sum of a list, or of one property of its objects; what is not there counts as zero.
pub(super) fn sum(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let key = arguments.property(0);
    let mut total = Number::ZERO;
    for item in flat(input) {
        let item = item_or_property(item, key);
        arguments.meter.spend(1 + price(weigh(&item, arguments.meter.limits().value_bytes)))?;
        let number = item.to_number();
        charge(&[&total, &number], arguments)?;
        total = arguments.calculated(total.plus(&number))?;
    }
    Ok(Value::Number(total))
}
