//! Arithmetic, in decimals. Texts that are or begin with numbers count as them, all else as zero.
//!
//! Invariant: nothing overflows, wraps or divides by zero; what would is a failure with a reason. To divide by what is no
//! number gives nothing.

use super::super::meter::{Result, price, weigh};
use super::super::number::Number;
use super::super::value::Value;
use super::Arguments;
use super::list::{flat, property};

/// Steps of a division of decimals, whose quotient may have a hundred digits before it is rounded.
const DIVISION: u64 = 400;

pub(super) fn plus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().plus(&arguments.value(0).to_number()))
}

pub(super) fn minus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().minus(&arguments.value(0).to_number()))
}

pub(super) fn times(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().times(&arguments.value(0).to_number()))
}

pub(super) fn divided_by(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let Some(divisor) = arguments.value(0).as_number() else { return Ok(Value::Nil) };
    let number = input.to_number();
    if !(number.is_whole() && divisor.is_whole()) {
        arguments.meter.spend(DIVISION)?;
    }
    arguments.calculated(number.divided_by(&divisor))
}

pub(super) fn modulo(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let Some(divisor) = arguments.value(0).as_number() else { return Ok(Value::Nil) };
    arguments.calculated(input.to_number().modulo(&divisor))
}

pub(super) fn abs(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().abs())
}

/// Rounds to the nearest whole number, or to so many places.
pub(super) fn round(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().round(arguments.whole(0).unwrap_or(0)))
}

pub(super) fn ceil(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().ceil())
}

pub(super) fn floor(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().floor())
}

pub(super) fn at_least(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().max(arguments.value(0).to_number()).shortened())
}

pub(super) fn at_most(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    arguments.calculated(input.to_number().min(arguments.value(0).to_number()).shortened())
}

/// The sum of a list, or of one property of its objects; what is not there counts as zero.
pub(super) fn sum(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let name = arguments.text(0);
    let mut total = Number::ZERO;
    for item in flat(input) {
        let item = if arguments.value(0).is_nil() { item.clone() } else { property(item, &name) };
        arguments.meter.spend(1 + price(weigh(&item, arguments.meter.limits().value_bytes)))?;
        let sum = total.plus(&item.to_number());
        total = match arguments.calculated(sum)? {
            Value::Number(sum) => sum,
            _ => Number::ZERO,
        };
    }
    Ok(Value::Number(total))
}
