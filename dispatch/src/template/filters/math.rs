//! Arithmetic, in decimals. Texts that are or begin with numbers count as them, all else as zero.
//!
//! Invariant: nothing overflows, wraps or divides by zero; what would is a failure with a reason. To divide by what is no
//! number gives nothing.

use super::super::meter::{Result, price, weigh};
use super::super::number::Number;
use super::super::value::Value;
use super::Arguments;
use super::list::{flat, property};

/// Steps of a calculation that the processor does not do alone.
const DECIMAL: u64 = 24;

fn charge(numbers: &[&Number], arguments: &Arguments<'_>) -> Result<()> {
    if numbers.iter().all(|number| number.is_small()) { Ok(()) } else { arguments.meter.spend(DECIMAL) }
}

/// The two numbers of a calculation; zero for a value that is not a number.
fn operands(input: &Value, arguments: &Arguments<'_>) -> Result<(Number, Number)> {
    let numbers = (input.to_number(), arguments.value(0).to_number());
    charge(&[&numbers.0, &numbers.1], arguments)?;
    Ok(numbers)
}

pub(super) fn plus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.plus(&other))
}

pub(super) fn minus(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.minus(&other))
}

pub(super) fn times(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.times(&other))
}

pub(super) fn divided_by(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).as_number().is_none() {
        return Ok(Value::Nil);
    }
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.divided_by(&other))
}

pub(super) fn modulo(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).as_number().is_none() {
        return Ok(Value::Nil);
    }
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.modulo(&other))
}

pub(super) fn abs(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let number = input.to_number();
    charge(&[&number], arguments)?;
    arguments.calculated(number.abs())
}

/// Rounds to the nearest whole number, or to so many places.
pub(super) fn round(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let number = input.to_number();
    charge(&[&number], arguments)?;
    arguments.calculated(number.round(arguments.whole(0).unwrap_or(0)))
}

pub(super) fn ceil(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let number = input.to_number();
    charge(&[&number], arguments)?;
    arguments.calculated(number.ceil())
}

pub(super) fn floor(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let number = input.to_number();
    charge(&[&number], arguments)?;
    arguments.calculated(number.floor())
}

pub(super) fn at_least(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.max(other).shortened())
}

pub(super) fn at_most(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let (one, other) = operands(input, arguments)?;
    arguments.calculated(one.min(other).shortened())
}

/// The sum of a list, or of one property of its objects; what is not there counts as zero.
pub(super) fn sum(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let name = arguments.text(0);
    let mut total = Number::ZERO;
    for item in flat(input) {
        let item = if arguments.value(0).is_nil() { item.clone() } else { property(item, &name) };
        arguments.meter.spend(1 + price(weigh(&item, arguments.meter.limits().value_bytes)))?;
        let number = item.to_number();
        charge(&[&total, &number], arguments)?;
        total = match arguments.calculated(total.plus(&number))? {
            Value::Number(sum) => sum,
            _ => Number::ZERO,
        };
    }
    Ok(Value::Number(total))
}
