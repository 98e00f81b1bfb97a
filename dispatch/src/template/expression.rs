//! Expressions: literals and paths to variables, and chains of filters over them.
//!
//! Invariant: a literal is a whole word, every look-up is charged, and what is not there is nil and noted, never an error.

use std::sync::Arc;

use super::filters::{self, Filter};
use super::meter::{Result, price};
use super::number::Number;
use super::parser::{Parsed, Parser};
use super::scope::{Found, SELF, Scope};
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
        let goes_on = matches!(parser.peek(), Some(Token::Sign('.' | '[')));
        let mut path = match token {
            Token::Text(text) => return Ok(Self::Literal(Value::text(text))),
            Token::Number(digits) if !goes_on => {
                return Ok(Self::Literal(Value::Number(Number::read(digits))));
            }
            Token::Word(word) | Token::Number(word) => match literal(word).filter(|_| !goes_on) {
                Some(literal) => return Ok(Self::Literal(literal)),
                None => Path::of(word),
            },
            Token::Sign('[') => {
                let key = Self::parse_key(parser)?;
                if !matches!(key, Self::Literal(_)) {
                    parser.reach_all();
                }
                Path { root: Root::Key(Box::new(key)), parts: Vec::new() }
            }
            _ => return parser.unexpected(token, at),
        };
        let has_names = path.parse_parts(parser)?;
        Ok(match token {
            // As in Shopify's Liquid, `1.2.3` is 1.2, while `1.2.x` is a path.
            Token::Number(digits) if !has_names => Self::Literal(Value::Number(Number::read(digits))),
            _ => Self::Path(path),
        })
    }

    /// Reads the rest of a key in brackets.
    fn parse_key(parser: &mut Parser<'_>) -> Parsed<Self> {
        let key = Self::parse(parser)?;
        parser.expect(']')?;
        Ok(key)
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
    /// The path of a name; what was taken for a decimal is two names.
    fn of(name: &str) -> Self {
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        let mut path = Self { root: Root::Name(Arc::from(root)), parts: Vec::new() };
        path.add_names(rest);
        path
    }

    fn add_names(&mut self, names: &str) {
        let names = names.split('.').filter(|name| !name.is_empty());
        self.parts.extend(names.map(|name| Part::Name(Arc::from(name))));
    }

    /// Reads the names behind points and the keys in brackets that come next. As in Shopify's Liquid, a point may stand before a
    /// bracket. Tells whether there is more than digits behind points.
    fn parse_parts(&mut self, parser: &mut Parser<'_>) -> Parsed<bool> {
        let mut has_names = false;
        loop {
            let has_point = parser.take(Token::Sign('.'));
            if parser.take(Token::Sign('[')) {
                let key = Expression::parse_key(parser)?;
                if self.is_of_all() && !matches!(key, Expression::Literal(_)) {
                    parser.reach_all();
                }
                self.parts.push(Part::Key(key));
                has_names = true;
            } else if has_point {
                let (token, at) = parser.next("a name is expected")?;
                match token {
                    Token::Word(name) | Token::Number(name) => self.add_names(name),
                    _ => return parser.unexpected(token, at),
                }
                has_names |= !matches!(token, Token::Number(digits) if !digits.starts_with('-'));
            } else {
                return Ok(has_names);
            }
        }
    }

    /// Whether what comes next in it is the name of a variable: it is `self` alone so far.
    fn is_of_all(&self) -> bool {
        self.parts.is_empty() && matches!(&self.root, Root::Name(name) if **name == *SELF)
    }

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
                let found = match &key {
                    Value::Text(name) => {
                        meter.spend(price(name.len()))?;
                        scope.find(name)
                    }
                    _ => None,
                };
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
        if let Some(value) = found.and_then(Found::into_value) {
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
    fn into_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Loop([]) => Some(Value::Nil),
            // A loop is true, and writes nothing.
            Self::Loop(_) => Some(Value::text("")),
            Self::All(_) => None,
        }
    }
}
