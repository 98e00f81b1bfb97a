//! A template's values, and how one compares with another: as in Shopify's Liquid.
//!
//! Invariant: cloning a value is cheap, whatever it holds, and nothing here fails on a value of another kind.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

use super::number::Number;
pub(super) use super::object::Object;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    List(Arc<[Value]>),
    Object(Arc<Object>),
    /// The word `empty`, which only a comparison tells from an empty text.
    Empty,
    /// The word `blank`, alike.
    Blank,
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(items.into())
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Number(count.into())
    }

    pub(super) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Everything but nil and false.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// As a value outside of a comparison: the words for nothing are empty texts.
    pub(super) fn settled(self) -> Self {
        match self {
            Self::Empty | Self::Blank => Self::text(""),
            value => value,
        }
    }

    /// Its text, as filters take it: a list or an object as it is written in Ruby.
    pub(super) fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Nil | Self::Empty | Self::Blank => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
            Self::List(_) | Self::Object(_) => {
                let mut text = String::new();
                self.inspect(&mut text);
                Cow::Owned(text)
            }
        }
    }

    fn inspect(&self, text: &mut String) {
        match self {
            Self::Nil => text.push_str("nil"),
            Self::Text(inner) => quote(inner, text),
            Self::List(items) => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    item.inspect(text);
                }
                text.push(']');
            }
            Self::Object(object) => {
                text.push('{');
                for (place, (name, value)) in object.members().iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    quote(name, text);
                    text.push_str("=>");
                    value.inspect(text);
                }
                text.push('}');
            }
            other => text.push_str(&other.to_text()),
        }
    }

    /// Hands on the texts that an output is made of: those of a list one after the other, nothing for nil.
    pub(super) fn each_text<E>(&self, each: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::List(items) => items.iter().try_for_each(|item| item.each_text(each)),
            Self::Nil => Ok(()),
            other => each(&other.to_text()),
        }
    }

    /// Its number, as calculations take it: zero for a value that is not a number.
    pub(super) fn to_number(&self) -> Number {
        self.as_number().unwrap_or(Number::ZERO)
    }

    /// Its number, if it is one or a text that is or begins with one.
    pub(super) fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number.clone()),
            Self::Text(text) => Number::in_text(text),
            _ => None,
        }
    }

    /// Its whole number, cut, if it has any.
    pub(super) fn as_whole(&self) -> Option<i64> {
        self.as_number().map(|number| number.to_whole())
    }

    /// Whether `empty` is equal to it.
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.members().is_empty(),
            Self::Empty | Self::Blank => true,
            Self::Nil | Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// Whether `blank` is equal to it.
    fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) => true,
            Self::Text(text) => text.trim().is_empty(),
            other => other.is_empty(),
        }
    }

    /// Whether `default` takes its place.
    pub(super) fn gives_way(&self) -> bool {
        !self.is_true() || self.is_empty()
    }

    /// Whether two values are equal; values of different kinds are not.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, value) | (value, Self::Empty) => value.is_empty(),
            (Self::Blank, value) | (value, Self::Blank) => value.is_blank(),
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| one.equals(other))
            }
            (Self::Object(one), Self::Object(other)) => {
                let of_other =
                    |name: &str, value: &Self| other.get(name).is_some_and(|same| value.equals(same));
                one.members().len() == other.members().len()
                    && one.members().iter().all(|(name, value)| of_other(name, value))
            }
            _ => false,
        }
    }

    /// The order of two numbers or of two texts; no others have one.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }

    /// Whether a text has another in it, a list an item, or an object a name. Nothing has nothing.
    pub(super) fn contains(&self, other: &Self) -> bool {
        if !other.is_true() {
            return false;
        }
        match self {
            Self::Text(text) => text.contains(&*other.to_text()),
            Self::List(items) => items.iter().any(|item| item.equals(other)),
            Self::Object(object) => matches!(other, Self::Text(name) if object.get(name).is_some()),
            _ => false,
        }
    }

    /// The member of a name, or the item of a place (from the end if negative). A key of another kind has neither.
    pub(super) fn at(&self, key: &Self) -> Option<Self> {
        match (self, key) {
            (Self::Object(object), Self::Text(name)) => object.get(name).cloned(),
            (Self::List(items), Self::Number(place)) => {
                let place = place.as_place()?;
                let from_end = usize::try_from(place.unsigned_abs()).ok();
                let place = if place < 0 {
                    items.len().checked_sub(from_end?)?
                } else {
                    usize::try_from(place).ok()?
                };
                items.get(place).cloned()
            }
            _ => None,
        }
    }

    /// The member behind a point: a member as in brackets, or `size`, `first`, `last`.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let found = match self {
            Self::Object(object) => object.get(name).cloned(),
            _ => None,
        };
        found.or_else(|| match name {
            "size" => self.size().map(Self::count),
            "first" => self.first(),
            "last" => self.last(),
            _ => None,
        })
    }

    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::List(items) => Some(items.len()),
            Self::Object(object) => Some(object.members().len()),
            Self::Text(text) => Some(text.chars().count()),
            Self::Number(number) => number.size(),
            Self::Nil | Self::Bool(_) | Self::Empty | Self::Blank => None,
        }
    }

    pub(super) fn first(&self) -> Option<Self> {
        match self {
            Self::List(items) => items.first().cloned(),
            Self::Object(object) => object.pair(0),
            Self::Text(text) => Some(text.chars().next().map_or_else(|| Self::text(""), letter)),
            _ => None,
        }
    }

    pub(super) fn last(&self) -> Option<Self> {
        match self {
            Self::List(items) => items.last().cloned(),
            Self::Text(text) => Some(text.chars().next_back().map_or_else(|| Self::text(""), letter)),
            _ => None,
        }
    }
}

/// A text of one character.
pub(super) fn letter(char: char) -> Value {
    Value::text(&*char.encode_utf8(&mut [0; 4]))
}

fn quote(inner: &str, text: &mut String) {
    text.push('"');
    let mut chars = inner.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            // Before these, Ruby would read it as code.
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => text.push_str("\\#"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{7}' => text.push_str("\\a"),
            '\u{8}' => text.push_str("\\b"),
            '\u{b}' => text.push_str("\\v"),
            '\u{c}' => text.push_str("\\f"),
            '\u{1b}' => text.push_str("\\e"),
            control if control.is_control() => {
                write!(text, "\\u{:04X}", u32::from(control)).expect("a string takes what is written");
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
