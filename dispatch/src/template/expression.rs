//! Expressions: literals and paths to variables, and chains of filters over them.
//!
//! Invariant: a literal is a whole word, every look-up is charged, and what is not there is nil and noted, never an error.

use std::sync::Arc;

use super::filters::{self, Filter};
use super::meter::{Result, price};
use super::number::Number;
use super::parser::{Parsed, Parser};
use super::scope::{Found, Scope};
use super::token::Token;
use super::value::Value;

/// A literal or a path.
#[derive(Debug)]
pub(super) enum Expression {
    Literal(Value),
    Path(Path),
}

/// A variable, and what stands in it.
#[derive(Debug)]
pub(super) struct Path {
    root: Root,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Root {
    Name(Arc<str>),
    /// In brackets.
    Key(Box<Expression>),
}

#[derive(Debug)]
enum Part {
    /// Behind a point.
    Name(Arc<str>),
    /// In brackets.
    Key(Expression),
}

impl Expression {
    /// Reads an expression.
    pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let (token, at) = parser.next("a value is expected")?;
        let root = match token {
            Token::Text(text) => return Ok(Self::Literal(Value::text(text))),
            Token::Number(digits) => return Ok(Self::Literal(Value::Number(Number::read(digits)))),
            Token::Sign('[') => {
                let key = Self::parse(parser)?;
                parser.expect(']')?;
                if !matches!(key, Self::Literal(_)) {
                    parser.reach_all();
                }
                Root::Key(Box::new(key))
            }
            Token::Word(word) => {
                let goes_on = matches!(parser.peek(), Some(Token::Sign('.' | '[')));
                match literal(word).filter(|_| !goes_on) {
                    Some(literal) => return Ok(Self::Literal(literal)),
                    None => Root::Name(Arc::from(word)),
                }
            }
            _ => return parser.unexpected(token, at),
        };
        let mut parts = Vec::new();
        loop {
            if parser.take(Token::Sign('.')) {
                let (token, at) = parser.next("a name is expected")?;
                match token {
                    Token::Word(name) | Token::Number(name) => parts.push(Part::Name(Arc::from(name))),
                    _ => return parser.unexpected(token, at),
                }
            } else if parser.take(Token::Sign('[')) {
                parts.push(Part::Key(Self::parse(parser)?));
                parser.expect(']')?;
            } else {
                return Ok(Self::Path(Path { root, parts }));
            }
        }
    }

    /// Its value; nil for what is not there.
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Path(path) => path.evaluate(scope),
        }
    }
}

/// The value of a word that stands for one.
fn literal(word: &str) -> Option<Value> {
    Some(match word {
        "nil" | "null" => Value::Nil,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "empty" => Value::Empty,
        "blank" => Value::Blank,
        _ => return None,
    })
}

impl Path {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        let meter = scope.meter;
        // The values of what stands in brackets, in order.
        let mut keys = Vec::new();
        let mut found = match &self.root {
            Root::Name(name) => scope.find(name),
            Root::Key(key) => {
                let key = key.evaluate(scope)?.settled();
                if key.is_nil() {
                    return Ok(Value::Nil);
                }
                let text = key.to_text();
                meter.spend(price(text.len()))?;
                let found = scope.find(&text);
                keys.push(key);
                found
            }
        };
        for part in &self.parts {
            let Some(value) = found else { break };
            meter.spend(1)?;
            found = match part {
                Part::Name(name) => value.member(name),
                Part::Key(key) => {
                    let key = key.evaluate(scope)?.settled();
                    if key.is_nil() {
                        return Ok(Value::Nil);
                    }
                    meter.spend(price(key.to_text().len()))?;
                    let item = value.at(&key);
                    keys.push(key);
                    item
                }
            };
        }
        if let Some(found) = found {
            let value = found.into_value();
            meter.read(&value)?;
            return Ok(value);
        }
        // Noting a name costs more than finding a value.
        meter.spend(8)?;
        self.note_missing(keys, scope)?;
        Ok(Value::Nil)
    }

    fn note_missing(&self, keys: Vec<Value>, scope: &Scope<'_>) -> Result<()> {
        let mut keys = keys.into_iter();
        let mut path = Vec::with_capacity(1 + self.parts.len());
        path.push(match &self.root {
            Root::Name(name) => Value::Text(Arc::clone(name)),
            Root::Key(_) => keys.next().unwrap_or(Value::Nil),
        });
        for part in &self.parts {
            path.push(match part {
                Part::Name(name) => Value::Text(Arc::clone(name)),
                // A key behind the part that was not found is not evaluated yet.
                Part::Key(key) => match keys.next() {
                    Some(key) => key,
                    None => key.evaluate(scope)?.settled(),
                },
            });
        }
        scope.meter.note_missing(path.iter());
        Ok(())
    }
}

/// An expression and the filters that it goes through.
#[derive(Debug)]
pub(super) struct Chain {
    entry: Expression,
    calls: Vec<Call>,
}

/// A filter with its arguments.
#[derive(Debug)]
struct Call {
    filter: &'static Filter,
    arguments: Vec<Expression>,
    allow_false: Option<Expression>,
}

impl Chain {
    /// Reads an expression and its filters.
    pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let entry = Expression::parse(parser)?;
        let mut calls = Vec::new();
        while parser.take(Token::Sign('|')) {
            calls.push(Call::parse(parser)?);
        }
        Ok(Self { entry, calls })
    }

    /// The name of the last filter.
    pub(super) fn last_filter(&self) -> Option<&'static str> {
        self.calls.last().map(|call| call.filter.name)
    }

    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        let meter = scope.meter;
        let before = meter.noted();
        let mut value = self.entry.evaluate(scope)?.settled();
        let mut asked_for = before..meter.noted();
        for call in &self.calls {
            if call.is_default() && value.gives_way() {
                // The default stands in its place, so its variables are not missing.
                meter.forget(std::mem::replace(&mut asked_for, before..before));
            }
            value = call.evaluate(&value, scope)?;
        }
        Ok(value)
    }
}

impl Call {
    fn is_default(&self) -> bool {
        self.filter.name == "default"
    }

    fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let (name, at) = parser.word("the name of a filter is expected")?;
        let Some(filter) = filters::find(name) else {
            return parser.error(at, format!("unknown filter `{name}`"));
        };
        let mut call = Self { filter, arguments: Vec::new(), allow_false: None };
        let refused = || format!("filter `{name}` does not take these arguments");
        if parser.take(Token::Sign(':')) {
            loop {
                if let Some(named) = parser.named() {
                    if named != "allow_false" || name != "default" {
                        return parser.error(at, refused());
                    }
                    call.allow_false = Some(Expression::parse(parser)?);
                } else {
                    call.arguments.push(Expression::parse(parser)?);
                }
                if !parser.take(Token::Sign(',')) {
                    break;
                }
            }
        }
        if filter.takes_arguments(call.arguments.len()) { Ok(call) } else { parser.error(at, refused()) }
    }

    fn evaluate(&self, input: &Value, scope: &Scope<'_>) -> Result<Value> {
        let mut arguments = Vec::with_capacity(self.arguments.len() + 1);
        let before = scope.meter.noted();
        for argument in &self.arguments {
            arguments.push(argument.evaluate(scope)?.settled());
        }
        let after = scope.meter.noted();
        let mut keeps_false = false;
        if let Some(allowed) = &self.allow_false {
            let allowed = allowed.evaluate(scope)?.settled();
            keeps_false = matches!(input, Value::Bool(false)) && allowed.is_true();
            arguments.push(allowed);
        }
        if self.is_default() && (keeps_false || !input.gives_way()) {
            // A variable of a default that is not used is not missing either.
            scope.meter.forget(before..after);
        }
        self.filter.run(input, &arguments, scope.meter)
    }
}

impl Found<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Loop([]) => Value::Nil,
            // A loop is true, and writes nothing.
            Self::Loop(_) => Value::text(""),
        }
    }
}
