//! The filters of a template, as Shopify's Liquid has them.
//!
//! Invariant: each is charged for its input and arguments, its result is bounded, and one that makes more than it is given
//! stops itself while it does. None fails on a value that is missing or of another kind; a failure never quotes a value.

mod date;
mod list;
mod math;
mod moment;
mod text;

use super::RenderError;
use super::meter::{Meter, Result, price, weigh};
use super::number::{NoNumber, Number};
use super::value::Value;

/// One filter.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) name: &'static str,
    takes: Takes,
    fewest: usize,
    most: usize,
    run: Run,
}

type Run = fn(&Value, &Arguments<'_>) -> Result<Value>;

/// A number that was calculated, or why there is none.
type Calculated = std::result::Result<Number, NoNumber>;

/// The kinds of input of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Texts and numbers; a list only if it is short enough to be written out.
    Scalar,
    /// Lists of any size.
    List,
}

/// The arguments of one call.
struct Arguments<'c> {
    filter: &'static Filter,
    given: &'c [Value],
    meter: &'c Meter,
}

impl<'c> Arguments<'c> {
    /// An argument; nil where it is not given.
    fn value(&self, place: usize) -> &'c Value {
        self.given.get(place).unwrap_or(&Value::Nil)
    }

    fn text(&self, place: usize) -> std::borrow::Cow<'c, str> {
        self.value(place).to_text()
    }

    /// A whole number; nothing where the argument is not a number.
    fn whole(&self, place: usize) -> Option<i64> {
        self.value(place).as_whole()
    }

    /// The key of a property; nothing where the argument is nil.
    fn property(&self, place: usize) -> Option<&'c Value> {
        Some(self.value(place)).filter(|key| !key.is_nil())
    }

    fn is_given(&self, place: usize) -> bool {
        self.given.len() > place
    }

    /// The result of a calculation, or the end of the render.
    fn calculated(&self, number: Calculated) -> Result<Number> {
        number.map_err(|why| RenderError::Failed {
            reason: format!("filter `{}` {}", self.filter.name, why.reason()),
        })
    }
}

const fn filter(name: &'static str, takes: Takes, fewest: usize, most: usize, run: Run) -> Filter {
    Filter { name, takes, fewest, most, run }
}

/// All filters, by name.
static KNOWN: [Filter; 50] = {
    use Takes::{List, Scalar};
    [
        filter("abs", Scalar, 0, 0, math::abs),
        filter("append", Scalar, 1, 1, text::append),
        filter("at_least", Scalar, 1, 1, math::at_least),
        filter("at_most", Scalar, 1, 1, math::at_most),
        filter("capitalize", Scalar, 0, 0, text::capitalize),
        filter("ceil", Scalar, 0, 0, math::ceil),
        filter("compact", List, 0, 1, list::compact),
        filter("concat", List, 1, 1, list::concat),
        filter("date", Scalar, 1, 1, date::date),
        filter("default", List, 0, 1, list::default),
        filter("divided_by", Scalar, 1, 1, math::divided_by),
        filter("downcase", Scalar, 0, 0, text::downcase),
        filter("escape", Scalar, 0, 0, text::escape),
        filter("escape_once", Scalar, 0, 0, text::escape_once),
        filter("first", List, 0, 0, list::first),
        filter("floor", Scalar, 0, 0, math::floor),
        filter("join", List, 0, 1, list::join),
        filter("last", List, 0, 0, list::last),
        filter("lstrip", Scalar, 0, 0, text::lstrip),
        filter("map", List, 1, 1, list::map),
        filter("minus", Scalar, 1, 1, math::minus),
        filter("modulo", Scalar, 1, 1, math::modulo),
        filter("newline_to_br", Scalar, 0, 0, text::newline_to_br),
        filter("plus", Scalar, 1, 1, math::plus),
        filter("prepend", Scalar, 1, 1, text::prepend),
        filter("raw", List, 0, 0, list::raw),
        filter("remove", Scalar, 1, 1, text::remove),
        filter("remove_first", Scalar, 1, 1, text::remove_first),
        filter("replace", Scalar, 1, 2, text::replace),
        filter("replace_first", Scalar, 1, 2, text::replace_first),
        filter("reverse", List, 0, 0, list::reverse),
        filter("round", Scalar, 0, 1, math::round),
        filter("rstrip", Scalar, 0, 0, text::rstrip),
        filter("size", List, 0, 0, list::size),
        filter("slice", List, 1, 2, list::slice),
        filter("sort", List, 0, 1, list::sort),
        filter("sort_natural", List, 0, 1, list::sort_natural),
        filter("split", Scalar, 1, 1, list::split),
        filter("strip", Scalar, 0, 0, text::strip),
        filter("strip_html", Scalar, 0, 0, text::strip_html),
        filter("strip_newlines", Scalar, 0, 0, text::strip_newlines),
        filter("sum", List, 0, 1, math::sum),
        filter("times", Scalar, 1, 1, math::times),
        filter("truncate", Scalar, 0, 2, text::truncate),
        filter("truncatewords", Scalar, 0, 2, text::truncatewords),
        filter("uniq", List, 0, 1, list::uniq),
        filter("upcase", Scalar, 0, 0, text::upcase),
        filter("url_decode", Scalar, 0, 0, text::url_decode),
        filter("url_encode", Scalar, 0, 0, text::url_encode),
        filter("where", List, 1, 2, list::matching),
    ]
};

/// The filter of a name.
pub(super) fn find(name: &str) -> Option<&'static Filter> {
    let place = KNOWN.binary_search_by(|known| known.name.cmp(name)).ok()?;
    Some(&KNOWN[place])
}

/// The names of all filters.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|filter| filter.name)
}

impl Filter {
    /// Whether it may be called with so many arguments.
    pub(super) fn takes_arguments(&self, count: usize) -> bool {
        (self.fewest..=self.most).contains(&count)
    }

    pub(super) fn run(&'static self, input: &Value, given: &[Value], meter: &Meter) -> Result<Value> {
        let limits = meter.limits();
        let weight = weigh(input, limits.variable_bytes);
        let of_arguments: usize = given.iter().map(|value| weigh(value, limits.variable_bytes)).sum();
        meter.spend(8 + 4 * price(weight) + price(of_arguments))?;
        let is_list = matches!(input, Value::List(_) | Value::Object(_));
        if self.takes == Takes::Scalar && is_list && weight > limits.value_bytes {
            return Err(RenderError::TooLarge);
        }
        let value = (self.run)(input, &Arguments { filter: self, given, meter })?;
        meter.admit(&value)?;
        Ok(value)
    }
}
