//! The last pass over an email's HTML: no address in it leads anywhere but to the web, a mailbox, a phone or an attachment.
//!
//! Invariant: every `href=`, `src=` and the like is checked wherever it stands, comments included, so that no reader's
//! idea of where a tag begins matters. The check sees what a browser would see: references resolved, blanks dropped.

use super::entity::first_char;

/// Attributes whose value is an address.
const ATTRIBUTES: [&str; 12] = [
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
];
/// Where an address may lead; one without a scheme stays within the message.
const SCHEMES: [&str; 5] = ["http", "https", "mailto", "tel", "cid"];
const LONGEST_NAME: usize = 24;
const LONGEST_SCHEME: usize = 64;

/// Replaces the scheme of every address that may not stand with `#`.
pub(super) fn neutralise(html: String) -> String {
    let mut safe = String::new();
    let mut kept = 0;
    for (at, _) in html.match_indices('=') {
        if at < kept || !is_address(&html[..at]) {
            continue;
        }
        let rest = html[at + 1..].trim_start_matches(is_blank);
        let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''));
        let value = html.len() - rest.len() + usize::from(quote.is_some());
        if let Some(length) = forbidden_scheme(&html[value..], quote) {
            safe.push_str(&html[kept..value]);
            safe.push('#');
            kept = value + length;
        }
    }
    if kept == 0 {
        return html;
    }
    safe.push_str(&html[kept..]);
    safe
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
    let name = &before[before.len() - length..];
    ATTRIBUTES.iter().any(|attribute| name.eq_ignore_ascii_case(attribute.as_bytes()))
}

/// How many bytes the scheme of an address takes, colon included, if it may not stand.
fn forbidden_scheme(value: &str, quote: Option<char>) -> Option<usize> {
    let mut scheme = String::new();
    let mut rest = value;
    while let Some((char, length)) = first_char(rest) {
        // Only a bare character ends a value; a reference to one is part of it.
        let bare = length == char.len_utf8() && rest.starts_with(char);
        let ends = match quote {
            Some(quote) => char == quote,
            None => is_blank(char) || char == '>',
        };
        if bare && ends {
            return None;
        }
        rest = &rest[length..];
        match char {
            ':' if scheme.is_empty() || SCHEMES.contains(&scheme.as_str()) => return None,
            ':' => return Some(value.len() - rest.len()),
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
