//! The last pass over an email's HTML: no address in it leads anywhere but to the web, a mailbox, a phone or an
//! attachment, and one that a variable began only to the web or a mailbox.
//!
//! Invariant: every `href=`, `src=` and the like is checked wherever it stands, comments included, so that no reader's
//! idea of where a tag begins matters. The check sees what a browser would see: references resolved, blanks dropped.

use super::entity::first_char;
use super::sink::Output;

/// Attributes whose value is an address.
const ATTRIBUTES: [&str; 13] = [
    "href",
    "src",
    "action",
    "formaction",
    "background",
    "data",
    "poster",
    "cite",
    "longdesc",
    "lowsrc",
    "dynsrc",
    "manifest",
    // Within `content` of a `meta` that refreshes; not in a query.
    "url",
];
/// Where an address may lead; one without a scheme stays within the message.
const SCHEMES: [&str; 5] = ["http", "https", "mailto", "tel", "cid"];
const LONGEST_NAME: usize = 24;
const LONGEST_SCHEME: usize = 64;

/// Where an address from a variable may lead.
const FROM_VARIABLES: [&str; 3] = ["http", "https", "mailto"];
/// What may stand for the beginning of an output while MJML becomes HTML, the first that the text does not have. The
/// library writes what cannot be printed as an escape.
const MARKS: [char; 4] = ['\u{fffc}', '\u{2e3b}', '\u{2a0c}', '\u{16a0}'];

/// Replaces the scheme of every address that may not stand with `#`, and the blanks of outputs in attributes without
/// quotes with references, as they would end the attribute.
pub(super) fn neutralise(html: String, outputs: &[Output]) -> String {
    let mut safe = String::new();
    let mut kept = 0;
    let mut edits = blanks_without_quotes(&html, outputs).into_iter().peekable();
    for value in addresses(&html) {
        while let Some(blank) = edits.next_if(|blank| *blank < value.start) {
            replace(&html, &mut safe, &mut kept, blank, 1, "&#32;");
        }
        if let Some(length) = forbidden(&html, &value, outputs) {
            replace(&html, &mut safe, &mut kept, value.start, length, "#");
        }
    }
    for blank in edits {
        replace(&html, &mut safe, &mut kept, blank, 1, "&#32;");
    }
    if kept == 0 {
        return html;
    }
    safe.push_str(&html[kept..]);
    safe
}

/// Puts something else in the place of some bytes, unless they were replaced before.
fn replace(html: &str, safe: &mut String, kept: &mut usize, at: usize, length: usize, with: &str) {
    if at >= *kept {
        safe.push_str(&html[*kept..at]);
        safe.push_str(with);
        *kept = at + length;
    }
}

/// MJML with a mark where an output begins within an address, and the mark.
pub(super) fn mark(mjml: &str, outputs: &[Output]) -> (String, char) {
    let mark = MARKS.into_iter().find(|mark| !mjml.contains(*mark)).unwrap_or(MARKS[0]);
    let mut marked = String::new();
    let (mut kept, mut end_without_quotes) = (0, 0);
    for value in addresses(mjml) {
        let end = match value.quote {
            Some(_) => value.end(mjml),
            None => {
                // One within another ends with it, and is not looked through again.
                if value.start >= end_without_quotes {
                    end_without_quotes = value.end(mjml);
                }
                end_without_quotes
            }
        };
        let first = outputs.partition_point(|output| output.end <= value.start);
        if let Some(output) = outputs.get(first).filter(|output| output.start < end) {
            let at = output.start.max(value.start);
            if at >= kept {
                marked.push_str(&mjml[kept..at]);
                marked.push(mark);
                kept = at;
            }
        }
    }
    marked.push_str(&mjml[kept..]);
    (marked, mark)
}

/// The HTML without its marks, and outputs in their places.
pub(super) fn unmark(html: &str, mark: char) -> (String, Vec<Output>) {
    let mut clean = String::new();
    let mut outputs = Vec::new();
    for (number, piece) in html.split(mark).enumerate() {
        if number > 0 {
            outputs.push(Output { start: clean.len(), end: clean.len() + 1, escaped: false });
        }
        clean.push_str(piece);
    }
    (clean, outputs)
}

/// Where the value of an address begins, after its quote if it has one.
struct Address {
    start: usize,
    quote: Option<char>,
}

impl Address {
    fn end(&self, html: &str) -> usize {
        let ends = |char: char| match self.quote {
            Some(quote) => char == quote,
            None => is_blank(char) || char == '>',
        };
        html[self.start..].find(ends).map_or(html.len(), |length| self.start + length)
    }
}

/// Every address of a text, one after the other.
fn addresses(html: &str) -> impl Iterator<Item = Address> {
    html.match_indices('=').filter(|(at, _)| is_address(&html[..*at])).map(|(at, _)| {
        let rest = html[at + 1..].trim_start_matches(is_blank);
        let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''));
        Address { start: html.len() - rest.len() + usize::from(quote.is_some()), quote }
    })
}

/// The blanks that escaped outputs bring into values without quotes. One within quotes may be among them, where its
/// reference says the same.
fn blanks_without_quotes(html: &str, outputs: &[Output]) -> Vec<usize> {
    let is_end = |char| is_blank(char) || char == '>';
    let mut blanks = Vec::new();
    let mut seen = 0;
    for output in outputs.iter().filter(|output| output.escaped) {
        if output.start < seen {
            continue;
        }
        let before = &html[seen..output.start];
        let value = before.trim_end_matches(|char| char != '=' && !is_end(char));
        let is_quoted = before[value.len()..].starts_with(['"', '\'']);
        seen = output.end;
        if is_quoted || !value.trim_end_matches(is_blank).ends_with('=') {
            continue;
        }
        for (at, _) in html[output.start..].match_indices(is_end) {
            seen = output.start + at;
            let next = outputs.partition_point(|output| output.end <= seen);
            if !outputs.get(next).is_some_and(|within| within.escaped && within.start <= seen) {
                break;
            }
            blanks.push(seen);
        }
    }
    blanks
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// Whether a text ends in the name of an attribute whose value is an address.
fn is_address(before: &str) -> bool {
    let before = before.trim_end_matches(is_blank).as_bytes();
    let length = before
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    let (before, name) = before.split_at(before.len() - length);
    if name.eq_ignore_ascii_case(b"url")
        && [&b"?"[..], b"&", b"&amp;"].iter().any(|query| before.ends_with(query))
    {
        return false;
    }
    ATTRIBUTES.iter().any(|attribute| name.eq_ignore_ascii_case(attribute.as_bytes()))
}

/// How many bytes the scheme of an address takes, colon included, if it may not stand; or the slashes before a host,
/// where a variable brings them.
fn forbidden(html: &str, address: &Address, outputs: &[Output]) -> Option<usize> {
    let value = &html[address.start..];
    let first = outputs.partition_point(|output| output.end <= address.start);
    let variable = outputs.get(first).map_or(usize::MAX, |output| output.start);
    let (mut scheme, mut slashes) = (String::new(), 0);
    let mut rest = value;
    while let Some((char, length)) = first_char(rest) {
        // Only a bare character ends a value; a reference to one is part of it.
        let bare = length == char.len_utf8() && rest.starts_with(char);
        let ends = match address.quote {
            Some(quote) => char == quote,
            None => is_blank(char) || char == '>',
        };
        if bare && ends {
            return None;
        }
        rest = &rest[length..];
        let taken = value.len() - rest.len();
        let from_variable = variable < address.start + taken;
        match char {
            '/' | '\\' if scheme.is_empty() => {
                slashes += 1;
                if slashes == 2 {
                    return from_variable.then_some(taken);
                }
            }
            ':' if scheme.is_empty() => return None,
            ':' if from_variable && !FROM_VARIABLES.contains(&scheme.as_str()) => return Some(taken),
            ':' if SCHEMES.contains(&scheme.as_str()) => return None,
            ':' => return Some(taken),
            _ if slashes > 0 && char > ' ' => return None,
            _ if char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.' | '_') => {
                scheme.push(char.to_ascii_lowercase());
                if scheme.len() > LONGEST_SCHEME {
                    return None;
                }
            }
            _ if char <= ' ' || char.is_control() || char.is_whitespace() => {}
            _ => return None,
        }
    }
    None
}
