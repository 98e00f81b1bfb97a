//! The words, numbers, texts and signs that the inside of a tag is made of.
//!
//! Invariant: a word is taken whole, so that no name is read as a literal that it only begins with.

use super::TemplateError;

/// Most brackets of a tag, which bounds how deep its expressions nest.
const MOST_BRACKETS: usize = 32;
/// Most digits of a number that a template spells out.
const MOST_DIGITS: usize = 100;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A name, a key, an operator in letters or a literal.
    Word(&'s str),
    /// Digits, with a sign and a fraction where it has them.
    Number(&'s str),
    /// The inside of quotes.
    Text(&'s str),
    /// `==`, `!=`, `<>`, `<`, `>`, `<=`, `>=`.
    Operator(&'s str),
    /// `..`
    Range,
    /// `.`, `|`, `:`, `,`, `=`, `[`, `]`, `(`, `)`.
    Sign(char),
}

/// A token and the byte of the source at which it begins.
pub(super) type Placed<'s> = (Token<'s>, usize);

/// Takes the inside of a tag apart, which begins at a byte of the source.
pub(super) fn tokens<'s>(
    source: &'s str,
    body: &'s str,
    start: usize,
) -> Result<Vec<Placed<'s>>, TemplateError> {
    let mut found = Vec::new();
    let (mut at, mut brackets) = (0, 0);
    while let Some(first) = body[at..].chars().next() {
        let rest = &body[at..];
        let (token, length) = match first {
            space if space.is_whitespace() => {
                at += space.len_utf8();
                continue;
            }
            '"' | '\'' => {
                let inside = &rest[1..];
                let length = inside.find(first).unwrap_or(inside.len());
                (Token::Text(&inside[..length]), length + 2)
            }
            '0'..='9' => number_or_word(rest),
            '-' | '+' if rest[1..].starts_with(|char: char| char.is_ascii_digit()) => number(rest),
            '.' if rest.starts_with("..") => (Token::Range, 2),
            '=' | '!' | '<' | '>' if is_operator(rest.get(..2)) => (Token::Operator(&rest[..2]), 2),
            '<' | '>' => (Token::Operator(&rest[..1]), 1),
            '.' | '|' | ':' | ',' | '=' | '[' | ']' | '(' | ')' => (Token::Sign(first), 1),
            _ if is_word(first) => (Token::Word(word(rest)), word(rest).len()),
            _ => {
                return Err(TemplateError::at(source, start + at, format!("`{first}` is not expected here")));
            }
        };
        if let Token::Number(digits) = token
            && digits.len() > MOST_DIGITS
        {
            let message = format!("a number may have at most {MOST_DIGITS} digits");
            return Err(TemplateError::at(source, start + at, message));
        }
        brackets += usize::from(token == Token::Sign('['));
        if brackets > MOST_BRACKETS {
            let message = format!("a tag may have at most {MOST_BRACKETS} brackets");
            return Err(TemplateError::at(source, start + at, message));
        }
        found.push((token, start + at));
        at = (at + length).min(body.len());
    }
    Ok(found)
}

fn is_operator(text: Option<&str>) -> bool {
    matches!(text, Some("==" | "!=" | "<>" | "<=" | ">="))
}

pub(super) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-') || is_mark(char)
}

/// Whether a character belongs to the letters around it without being one: accents, signs of Indic and other scripts, joiners.
fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{200c}' | '\u{200d}')
}

/// Whether Ruby's `strip` takes a character away at the ends of a text.
pub(super) const fn is_blank(char: char) -> bool {
    matches!(char, '\0' | '\t'..='\r' | ' ')
}

/// The word that a text begins with. A question mark may end it.
fn word(text: &str) -> &str {
    let length = text.find(|char| !is_word(char)).unwrap_or(text.len());
    &text[..length + usize::from(text[length..].starts_with('?'))]
}

/// A number, or a word if letters or a hyphen follow its digits.
fn number_or_word(rest: &str) -> (Token<'_>, usize) {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if rest[digits..].starts_with(|char| is_word(char) || char == '?') {
        let word = word(rest);
        return (Token::Word(word), word.len());
    }
    number(rest)
}

fn number(rest: &str) -> (Token<'_>, usize) {
    let sign = usize::from(rest.starts_with(['-', '+']));
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = sign + digits(sign);
    let fraction = if rest[whole..].starts_with('.') { digits(whole + 1) } else { 0 };
    let length = if fraction > 0 { whole + 1 + fraction } else { whole };
    (Token::Number(&rest[..length]), length)
}

/// The name that a tag begins with.
pub(super) fn name_of(body: &str) -> &str {
    let length =
        body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    if body.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') {
        &body[..length]
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_taken_apart() {
        use Token::{Number, Operator, Range, Sign, Text, Word};
        for (body, wanted) in [
            ("a.b", vec![Word("a"), Sign('.'), Word("b")]),
            ("emptyCart", vec![Word("emptyCart")]),
            ("blank-ets == nil", vec![Word("blank-ets"), Operator("=="), Word("nil")]),
            ("größe", vec![Word("größe")]),
            ("नाम", vec![Word("नाम")]),
            ("2fa 2", vec![Word("2fa"), Number("2")]),
            ("(1..n)", vec![Sign('('), Number("1"), Range, Word("n"), Sign(')')]),
            ("(a..b)", vec![Sign('('), Word("a"), Range, Word("b"), Sign(')')]),
            ("-1 -1.5 +2 1-2", vec![Number("-1"), Number("-1.5"), Number("+2"), Word("1-2")]),
            ("1_000 a? a.b?", vec![Word("1_000"), Word("a?"), Word("a"), Sign('.'), Word("b?")]),
            (
                "x<>1<=2<3",
                vec![
                    Word("x"),
                    Operator("<>"),
                    Number("1"),
                    Operator("<="),
                    Number("2"),
                    Operator("<"),
                    Number("3"),
                ],
            ),
            ("'a\"' | f: \"b\"", vec![Text("a\""), Sign('|'), Word("f"), Sign(':'), Text("b")]),
            ("[\"first name\"]", vec![Sign('['), Text("first name"), Sign(']')]),
            ("x=1", vec![Word("x"), Sign('='), Number("1")]),
        ] {
            let found: Vec<_> = tokens(body, body, 0).unwrap().into_iter().map(|(token, _)| token).collect();
            assert_eq!(found, wanted, "{body}");
        }
        for body in ["a & b", "a ! b", "$", "a\u{7}", "“a”"] {
            assert!(tokens(body, body, 0).is_err(), "{body}");
        }
    }
}
