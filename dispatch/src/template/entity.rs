//! HTML's character references, as far as they can change where an address leads.
//!
//! Invariant: whatever a browser reads as a letter, digit, colon or blank is read as that here, since the check of
//! addresses rests on it.

/// Named references to what may stand in the scheme of an address, before it, or right after it.
const NAMED: [(&str, char); 16] = [
    ("Tab;", '\t'),
    ("NewLine;", '\n'),
    ("colon;", ':'),
    ("sol;", '/'),
    ("bsol;", '\\'),
    ("num;", '#'),
    ("quest;", '?'),
    ("period;", '.'),
    ("plus;", '+'),
    ("lowbar;", '_'),
    ("nbsp;", '\u{a0}'),
    ("amp;", '&'),
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("apos;", '\''),
];

/// The character that a text starts with, references resolved, and how many bytes it takes.
pub(super) fn first_char(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let reference = if first == '&' { reference(&text[1..]) } else { None };
    Some(reference.map_or((first, first.len_utf8()), |(char, length)| (char, length + 1)))
}

fn reference(text: &str) -> Option<(char, usize)> {
    let Some(number) = text.strip_prefix('#') else {
        return NAMED.iter().find(|(name, _)| text.starts_with(name)).map(|(name, char)| (*char, name.len()));
    };
    let (digits, base) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let length = digits.bytes().take_while(|byte| char::from(*byte).is_digit(base)).count();
    if length == 0 {
        return None;
    }
    let significant = digits[..length].trim_start_matches('0');
    let code = if significant.is_empty() { Some(0) } else { u32::from_str_radix(significant, base).ok() };
    let char = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    let before = text.len() - digits.len();
    Some((char, before + length + usize::from(digits[length..].starts_with(';'))))
}
