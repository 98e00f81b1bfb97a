//! The filters of a template: those of liquid's own library that cannot grow or stall, and ours for the rest.
//!
//! Invariant: each goes through `Priced`, which charges for its input, bounds its result, lets nil through as nil, and
//! tells a failure without quoting a value. One that makes more than it is given also stops itself while it does.

mod date;
mod list;
mod math;
mod text;

use std::fmt;

use liquid_core::parser::{FilterArguments, ParameterReflection};
use liquid_core::{
    Error, Expression, Filter, FilterReflection, Language, ParseFilter, Result, Runtime, Value, ValueCow,
    ValueView,
};
use liquid_lib::stdlib;

use super::RenderError;
use super::meter::{Meter, price, weigh};

/// What the scan appends to an output that is to be escaped.
pub(super) const ESCAPE_SUFFIX: &str = " | html_escaped_output";

/// One of ours: name, fewest and most arguments, what it does.
type Own = (&'static str, usize, usize, Run);
type Run = fn(&dyn ValueView, &[ValueCow<'_>], &Meter) -> Result<Value>;

/// What a filter may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Texts and numbers; a list only if it is short enough to be written out.
    Scalar,
    /// Lists of any size.
    List,
}

/// How a filter treats nil.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnNil {
    /// Gives nil back.
    Pass,
    /// Looks at it.
    Run,
}

enum Source {
    Library(fn() -> Box<dyn ParseFilter>),
    Own(Own),
}

/// Names a filter of liquid's library.
macro_rules! library {
    ($name:literal, $takes:ident, $nil:ident, $filter:ident) => {
        ($name, Takes::$takes, OnNil::$nil, Source::Library(|| stdlib::$filter.into()))
    };
}

/// Names one of ours.
macro_rules! own {
    ($name:literal, $takes:ident, $nil:ident, $fewest:literal..=$most:literal, $run:path) => {
        ($name, Takes::$takes, OnNil::$nil, Source::Own(($name, $fewest, $most, $run)))
    };
}

static KNOWN: [(&str, Takes, OnNil, Source); 51] = [
    own!("abs", Scalar, Pass, 0..=0, math::abs),
    own!("append", Scalar, Run, 1..=1, text::append),
    library!("at_least", Scalar, Pass, AtLeast),
    library!("at_most", Scalar, Pass, AtMost),
    library!("capitalize", Scalar, Pass, Capitalize),
    library!("ceil", Scalar, Pass, Ceil),
    library!("compact", List, Pass, Compact),
    own!("concat", List, Pass, 1..=1, list::concat),
    own!("date", Scalar, Pass, 1..=1, date::date),
    library!("default", List, Run, Default),
    own!("divided_by", Scalar, Pass, 1..=1, math::divided_by),
    library!("downcase", Scalar, Pass, Downcase),
    library!("escape", Scalar, Pass, Escape),
    library!("escape_once", Scalar, Pass, EscapeOnce),
    library!("first", List, Pass, First),
    library!("floor", Scalar, Pass, Floor),
    library!("html_escaped_output", Scalar, Pass, Escape),
    own!("join", List, Pass, 0..=1, list::join),
    library!("last", List, Pass, Last),
    library!("lstrip", Scalar, Pass, Lstrip),
    library!("map", List, Pass, Map),
    own!("minus", Scalar, Pass, 1..=1, math::minus),
    own!("modulo", Scalar, Pass, 1..=1, math::modulo),
    library!("newline_to_br", Scalar, Pass, NewlineToBr),
    own!("plus", Scalar, Pass, 1..=1, math::plus),
    own!("prepend", Scalar, Run, 1..=1, text::prepend),
    own!("raw", List, Pass, 0..=0, text::raw),
    own!("remove", Scalar, Pass, 1..=1, text::remove),
    own!("remove_first", Scalar, Pass, 1..=1, text::remove_first),
    own!("replace", Scalar, Pass, 1..=2, text::replace),
    own!("replace_first", Scalar, Pass, 1..=2, text::replace_first),
    library!("reverse", List, Pass, Reverse),
    library!("round", Scalar, Pass, Round),
    library!("rstrip", Scalar, Pass, Rstrip),
    library!("size", List, Run, Size),
    own!("slice", List, Pass, 1..=2, text::slice),
    own!("sort", List, Pass, 0..=1, list::sort),
    own!("sort_natural", List, Pass, 0..=1, list::sort_natural),
    own!("split", Scalar, Pass, 1..=1, list::split),
    library!("strip", Scalar, Pass, Strip),
    own!("strip_html", Scalar, Pass, 0..=0, text::strip_html),
    library!("strip_newlines", Scalar, Pass, StripNewlines),
    own!("sum", List, Pass, 0..=1, math::sum),
    own!("times", Scalar, Pass, 1..=1, math::times),
    library!("truncate", Scalar, Pass, Truncate),
    library!("truncatewords", Scalar, Pass, TruncateWords),
    own!("uniq", List, Pass, 0..=0, list::uniq),
    library!("upcase", Scalar, Pass, Upcase),
    library!("url_decode", Scalar, Pass, UrlDecode),
    library!("url_encode", Scalar, Pass, UrlEncode),
    library!("where", List, Pass, Where),
];

/// Whether a template may name this filter.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.binary_search_by(|(known, ..)| (*known).cmp(name)).is_ok()
}

/// The names of all filters.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, ..)| *name)
}

/// Gives a language its filters.
pub(super) fn register(language: &mut Language) {
    for (name, takes, on_nil, source) in &KNOWN {
        let inner = match source {
            Source::Library(make) => make(),
            Source::Own(own) => Box::new(OwnParser(*own)) as Box<dyn ParseFilter>,
        };
        let priced = PricedParser { name, takes: *takes, on_nil: *on_nil, inner };
        language.filters.register((*name).to_owned(), Box::new(priced));
    }
}

#[derive(Clone)]
struct PricedParser {
    name: &'static str,
    takes: Takes,
    on_nil: OnNil,
    inner: Box<dyn ParseFilter>,
}

impl ParseFilter for PricedParser {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let inner = self
            .inner
            .parse(arguments)
            .map_err(|_| Error::with_msg(format!("filter `{}` does not take these arguments", self.name)))?;
        Ok(Box::new(Priced { name: self.name, takes: self.takes, on_nil: self.on_nil, inner }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self.inner.reflection()
    }
}

struct Priced {
    name: &'static str,
    takes: Takes,
    on_nil: OnNil,
    inner: Box<dyn Filter>,
}

impl Filter for Priced {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let meter = Meter::of(runtime)?;
        if input.is_nil() && self.on_nil == OnNil::Pass {
            meter.spend(1)?;
            return Ok(Value::Nil);
        }
        let weight = weigh(input, meter.limits().variable_bytes);
        meter.spend(8 + 4 * price(weight))?;
        if self.takes == Takes::Scalar && !input.is_scalar() && weight > meter.limits().value_bytes {
            return Err(meter.stop(RenderError::TooLarge));
        }
        let value = match self.inner.evaluate(input, runtime) {
            Ok(value) => value,
            Err(error) if meter.verdict().is_some() => return Err(error),
            Err(_) => return Err(meter.blame(self.name)),
        };
        meter.admit(&value)?;
        Ok(value)
    }
}

impl fmt::Debug for Priced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Display for Priced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

#[derive(Clone)]
struct OwnParser(Own);

impl FilterReflection for OwnParser {
    fn name(&self) -> &str {
        self.0.0
    }

    fn description(&self) -> &'static str {
        ""
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

impl ParseFilter for OwnParser {
    fn parse(&self, mut arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let (name, fewest, most, run) = self.0;
        let positional: Vec<_> = arguments.positional.collect();
        if arguments.keyword.next().is_some() || !(fewest..=most).contains(&positional.len()) {
            return Err(Error::with_msg("arguments"));
        }
        Ok(Box::new(OwnFilter { name, arguments: positional, run }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

struct OwnFilter {
    name: &'static str,
    arguments: Vec<Expression>,
    run: Run,
}

impl Filter for OwnFilter {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let meter = Meter::of(runtime)?;
        let arguments =
            self.arguments.iter().map(|argument| argument.evaluate(runtime)).collect::<Result<Vec<_>>>()?;
        (self.run)(input, &arguments, &meter)
    }
}

impl fmt::Debug for OwnFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Display for OwnFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
