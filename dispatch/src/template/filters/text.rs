//! Filters that make text out of text.
//!
//! Invariant: one that may make more than it was given watches the result's size while it grows.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::RenderError;
use super::super::meter::{Meter, Result};
use super::super::sink;
use super::super::strip::without_tags;
use super::super::token::is_blank;
use super::super::value::Value;
use super::Arguments;

/// Characters that `truncate` leaves where it is not told.
const TRUNCATED: i64 = 50;
/// Words that `truncatewords` leaves where it is not told.
const WORDS: i64 = 15;
/// The characters of an address that are encoded, as Ruby's `CGI.escape` does but for the blank, which becomes a `+`.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text under construction that may not pass the size of one value.
pub(super) struct Growing<'m> {
    meter: &'m Meter,
    text: String,
}

impl<'m> Growing<'m> {
    pub(super) fn new(meter: &'m Meter) -> Self {
        Self { meter, text: String::new() }
    }

    pub(super) fn push(&mut self, part: &str) -> Result<()> {
        if self.text.len() + part.len() > self.meter.limits().value_bytes {
            return Err(RenderError::TooLarge);
        }
        self.text.push_str(part);
        Ok(())
    }

    pub(super) fn done(self) -> Value {
        Value::text(self.text)
    }
}

pub(super) fn append(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let mut text = Growing::new(arguments.meter);
    text.push(&input.to_text())?;
    text.push(&arguments.text(0))?;
    Ok(text.done())
}

pub(super) fn prepend(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let mut text = Growing::new(arguments.meter);
    text.push(&arguments.text(0))?;
    text.push(&input.to_text())?;
    Ok(text.done())
}

pub(super) fn remove(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    exchange(input, arguments, "", usize::MAX)
}

pub(super) fn remove_first(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    exchange(input, arguments, "", 1)
}

pub(super) fn replace(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    exchange(input, arguments, &arguments.text(1), usize::MAX)
}

pub(super) fn replace_first(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    exchange(input, arguments, &arguments.text(1), 1)
}

fn exchange(input: &Value, arguments: &Arguments<'_>, new: &str, times: usize) -> Result<Value> {
    let (input, old) = (input.to_text(), arguments.text(0));
    let mut text = Growing::new(arguments.meter);
    let mut kept = 0;
    for (at, found) in input.match_indices(&*old).take(times) {
        text.push(&input[kept..at])?;
        let end = at + found.len();
        replaced(new, (&input[..at], found, &input[end..]), &mut text)?;
        kept = end;
    }
    text.push(&input[kept..])?;
    Ok(text.done())
}

/// Writes what stands for a part that was found, between the texts before and behind it. As in Ruby, `\0` and `\&` are the part
/// itself, and `\\` is one backslash.
fn replaced(new: &str, found: (&str, &str, &str), text: &mut Growing<'_>) -> Result<()> {
    let mut rest = new;
    while let Some(at) = rest.find('\\') {
        // It may stand for nothing, which the size of the result would not bound.
        text.meter.spend(1)?;
        text.push(&rest[..at])?;
        rest = &rest[at + 1..];
        let part = match rest.as_bytes().first() {
            Some(b'0' | b'&') => found.1,
            Some(b'`') => found.0,
            Some(b'\'') => found.2,
            Some(b'\\') => "\\",
            // There are no groups in a text.
            Some(b'1'..=b'9') => "",
            _ => {
                text.push("\\")?;
                continue;
            }
        };
        text.push(part)?;
        rest = &rest[1..];
    }
    text.push(rest)
}

/// A filter that makes a text of a text alone, no more than a few times as long.
macro_rules! simple {
    ($(#[$doc:meta])* $name:ident, $make:expr) => {
        $(#[$doc])*
        pub(super) fn $name(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
            let make: fn(&str) -> String = $make;
            Ok(Value::text(make(&input.to_text())))
        }
    };
}

simple!(downcase, |text| text.to_lowercase());
simple!(upcase, |text| text.to_uppercase());
simple!(lstrip, |text| text.trim_start_matches(is_blank).to_owned());
simple!(rstrip, |text| text.trim_end_matches(is_blank).to_owned());
simple!(strip, |text| text.trim_matches(is_blank).to_owned());
simple!(strip_newlines, |text| text.replace("\r\n", "").replace('\n', ""));
simple!(
    /// Drops tags, comments, and scripts and style sheets with what is in them.
    strip_html,
    without_tags
);
simple!(
    /// The first letter large, the others small.
    capitalize,
    |text| {
        let mut rest = text.chars();
        let Some(first) = rest.next() else { return String::new() };
        let mut capital = titled(first);
        capital.push_str(&rest.as_str().to_lowercase());
        capital
    }
);

/// A letter as the first one of a word: of letters that are written as two, the second one is small.
fn titled(letter: char) -> String {
    match letter {
        'Ǆ'..='ǆ' => "ǅ".to_owned(),
        'Ǉ'..='ǉ' => "ǈ".to_owned(),
        'Ǌ'..='ǌ' => "ǋ".to_owned(),
        'Ǳ'..='ǳ' => "ǲ".to_owned(),
        // Georgian has large letters, but no word begins with one.
        'ა'..='ჿ' => letter.to_string(),
        _ => {
            let mut large = letter.to_uppercase();
            large.next().into_iter().chain(large.flat_map(char::to_lowercase)).collect()
        }
    }
}

pub(super) fn newline_to_br(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    let text = input.to_text();
    let mut broken = Growing::new(arguments.meter);
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                broken.push(line.strip_suffix('\r').unwrap_or(line))?;
                broken.push("<br />\n")?;
            }
            None => broken.push(line)?,
        }
    }
    Ok(broken.done())
}

pub(super) fn escape(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    escaped(input, arguments, |_| false)
}

pub(super) fn escape_once(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    escaped(input, arguments, begins_with_reference)
}

fn escaped(input: &Value, arguments: &Arguments<'_>, stays: fn(&str) -> bool) -> Result<Value> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let mut text = Growing::new(arguments.meter);
    sink::escape(&input.to_text(), stays, |part| text.push(part))?;
    Ok(text.done())
}

/// Whether a text begins with a character reference that Shopify's Liquid knows as one: `&name;` or `&#1;`.
fn begins_with_reference(text: &str) -> bool {
    let name = text.get(1..).unwrap_or_default();
    let (name, is_part): (_, fn(char) -> bool) = match name.strip_prefix('#') {
        Some(digits) => (digits, |char| char.is_ascii_digit()),
        None => (name, |char| char.is_ascii_alphabetic()),
    };
    let rest = name.trim_start_matches(is_part);
    rest.len() < name.len() && rest.starts_with(';')
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn url_encode(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    Ok(Value::text(utf8_percent_encode(&input.to_text(), IN_ADDRESS).to_string().replace("%20", "+")))
}

/// Decodes; bytes that are not UTF-8 become replacement characters.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every filter")]
pub(super) fn url_decode(input: &Value, _arguments: &Arguments<'_>) -> Result<Value> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let spaced = input.to_text().replace('+', " ");
    Ok(Value::text(&*percent_decode_str(&spaced).decode_utf8_lossy()))
}

/// The first characters, with what stands for the rest counted in.
pub(super) fn truncate(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let length = usize::try_from(arguments.whole(0).unwrap_or(TRUNCATED)).unwrap_or(0);
    let text = input.to_text();
    if text.chars().nth(length).is_none() {
        return Ok(Value::text(&*text));
    }
    let mark = ellipsis(arguments);
    let kept = length.saturating_sub(mark.chars().count());
    let end = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
    let mut short = Growing::new(arguments.meter);
    short.push(&text[..end])?;
    short.push(&mark)?;
    Ok(short.done())
}

/// The first words, at least one.
pub(super) fn truncatewords(input: &Value, arguments: &Arguments<'_>) -> Result<Value> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let most = usize::try_from(arguments.whole(0).unwrap_or(WORDS)).unwrap_or(0).max(1);
    let text = input.to_text();
    let mut rest = text.trim_start_matches(is_between_words);
    let mut short = Growing::new(arguments.meter);
    for index in 0..most {
        // As in Ruby, blanks at the end count as one more word.
        let Some(end) = rest.find(is_between_words) else { return Ok(Value::text(&*text)) };
        short.push(if index > 0 { " " } else { "" })?;
        short.push(&rest[..end])?;
        rest = rest[end..].trim_start_matches(is_between_words);
    }
    short.push(&ellipsis(arguments))?;
    Ok(short.done())
}

const fn is_between_words(char: char) -> bool {
    matches!(char, '\t'..='\r' | ' ')
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_between_words).filter(|word| !word.is_empty())
}

fn ellipsis<'c>(arguments: &Arguments<'c>) -> std::borrow::Cow<'c, str> {
    if arguments.is_given(1) { arguments.text(1) } else { "...".into() }
}
