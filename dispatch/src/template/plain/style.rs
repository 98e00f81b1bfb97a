//! Declarations of a style, as far as they say whether, and how, text is shown.
//!
//! What is not valid is no declaration, as in a browser. Invariant: one pass over a style, bounded memory for what it says.

use std::borrow::Cow;

/// What becomes of blanks and line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blanks {
    /// One of many is shown, line ends as blanks.
    Run,
    /// Line ends are kept.
    Lines,
    /// All are kept.
    Kept,
}

/// What stands before an item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Nothing,
    Point,
    Digits {
        zero: char,
    },
    Letters {
        first: char,
        count: u8,
    },
    /// Roman numbers, in capital letters or small ones.
    Roman {
        capital: bool,
    },
}

impl Marker {
    pub(super) const DECIMAL: Self = Self::Digits { zero: '0' };
    const SMALL: Self = Self::Letters { first: 'a', count: 26 };
    const CAPITAL: Self = Self::Letters { first: 'A', count: 26 };

    /// Reads the attribute `type` of a list or an item.
    pub(super) fn of_type(kind: &str) -> Option<Self> {
        match kind {
            "1" => Some(Self::DECIMAL),
            "a" => Some(Self::SMALL),
            "A" => Some(Self::CAPITAL),
            "i" => Some(Self::Roman { capital: false }),
            "I" => Some(Self::Roman { capital: true }),
            kind => ["disc", "circle", "square"]
                .iter()
                .any(|point| kind.eq_ignore_ascii_case(point))
                .then_some(Self::Point),
        }
    }

    /// Reads one word of `list-style`.
    fn of_style(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::Nothing,
            "disc" | "circle" | "square" => Self::Point,
            "decimal" | "decimal-leading-zero" => Self::DECIMAL,
            "lower-alpha" | "lower-latin" => Self::SMALL,
            "upper-alpha" | "upper-latin" => Self::CAPITAL,
            "lower-roman" => Self::Roman { capital: false },
            "upper-roman" => Self::Roman { capital: true },
            "arabic-indic" => Self::Digits { zero: '\u{660}' },
            "persian" | "urdu" => Self::Digits { zero: '\u{6f0}' },
            "devanagari" => Self::Digits { zero: '\u{966}' },
            "bengali" => Self::Digits { zero: '\u{9e6}' },
            "gurmukhi" => Self::Digits { zero: '\u{a66}' },
            "gujarati" => Self::Digits { zero: '\u{ae6}' },
            "tamil" => Self::Digits { zero: '\u{be6}' },
            "telugu" => Self::Digits { zero: '\u{c66}' },
            "kannada" => Self::Digits { zero: '\u{ce6}' },
            "malayalam" => Self::Digits { zero: '\u{d66}' },
            "thai" => Self::Digits { zero: '\u{e50}' },
            "khmer" | "cambodian" => Self::Digits { zero: '\u{17e0}' },
            _ => return None,
        })
    }
}

/// What a declaration is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Display,
    Visibility,
    Opacity,
    MaxHeight,
    Height,
    Overflow,
    MsoHide,
    FontSize,
    WhiteSpace,
    ListStyle,
}

impl Property {
    pub(super) const COUNT: usize = 10;
}

/// What a declaration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// It hides, or helps to.
    Hides,
    /// It does not.
    Shows,
    /// As the parent has it.
    Inherits,
    Blanks(Blanks),
    Marker(Marker),
}

/// One declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) property: Property,
    pub(super) value: Value,
    pub(super) is_important: bool,
}

/// A style or a sheet without its comments.
pub(super) fn without_comments(css: &str) -> Cow<'_, str> {
    if !css.contains("/*") {
        return css.into();
    }
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    (plain + rest).into()
}

/// The declarations of a style that matter here, as in `display: none; font-size: 0`, in their order. Blocks within it are
/// passed over.
pub(super) fn declarations(style: &str) -> impl Iterator<Item = Declaration> {
    pieces(style).filter_map(|(name, value)| {
        let value = value.trim().to_ascii_lowercase();
        let (value, is_important) = match value.rsplit_once('!') {
            Some((value, word)) if word.trim() == "important" => (value.trim_end(), true),
            _ => (value.as_str(), false),
        };
        let (property, value) = read(&name.trim().to_ascii_lowercase(), value)?;
        Some(Declaration { property, value, is_important })
    })
}

/// Names and values, cut at the `;` that stand outside of quotes and brackets.
fn pieces(style: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = style;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let length = end_of_piece(rest);
            let piece = &rest[..length];
            rest = rest.get(length + 1..).unwrap_or_default();
            if let Some(named) = piece.split_once(':') {
                return Some(named);
            }
        }
        None
    })
}

fn end_of_piece(style: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in outside_of_quotes(style) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            // A block that nests ends what it belongs to.
            b'}' if depth == 1 => return at,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return at,
            _ => {}
        }
    }
    style.len()
}

/// The bytes of a style or a sheet with their places, but quotes and their insides, and what a backslash takes its meaning.
pub(super) fn outside_of_quotes(css: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut quote, mut is_escaped) = (None, false);
    css.bytes().enumerate().filter(move |(_, byte)| {
        match (quote, *byte) {
            _ if is_escaped => is_escaped = false,
            (_, b'\\') => is_escaped = true,
            // A quote that is not closed ends with its line.
            (Some(open), byte) => quote = Some(open).filter(|open| *open != byte && byte != b'\n'),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, _) => return true,
        }
        false
    })
}

/// A declaration in small letters, if it is valid and matters.
fn read(name: &str, value: &str) -> Option<(Property, Value)> {
    let hides = |hides: bool| if hides { Value::Hides } else { Value::Shows };
    let is_of_parent = matches!(value, "inherit" | "unset" | "revert" | "revert-layer");
    Some(match name {
        "display" => (Property::Display, hides(display(value)?)),
        "visibility" => {
            let value = match value {
                "hidden" | "collapse" => Value::Hides,
                "visible" | "initial" => Value::Shows,
                _ if is_of_parent => Value::Inherits,
                _ => return None,
            };
            (Property::Visibility, value)
        }
        "opacity" => (Property::Opacity, hides(is_none(value)?)),
        "max-height" => (Property::MaxHeight, hides(is_none(value)?)),
        "height" => (Property::Height, hides(is_none(value)?)),
        "overflow" | "overflow-y" => {
            let vertical = value.split_ascii_whitespace().last().unwrap_or_default();
            (Property::Overflow, hides(!matches!(vertical, "visible" | "initial" | "unset" | "revert")))
        }
        "mso-hide" => (Property::MsoHide, hides(value == "all")),
        "font-size" => (Property::FontSize, letters(value)?),
        "font" => (Property::FontSize, letters_of_font(value)?),
        "white-space" => {
            let value = match value {
                "pre" | "pre-wrap" | "break-spaces" => Value::Blanks(Blanks::Kept),
                "pre-line" => Value::Blanks(Blanks::Lines),
                "normal" | "nowrap" | "initial" => Value::Blanks(Blanks::Run),
                _ if is_of_parent => Value::Inherits,
                _ => return None,
            };
            (Property::WhiteSpace, value)
        }
        "list-style" | "list-style-type" => {
            let mut words = value.split_ascii_whitespace();
            let value = match words.find_map(Marker::of_style) {
                Some(marker) => Value::Marker(marker),
                None if is_of_parent => Value::Inherits,
                None => return None,
            };
            (Property::ListStyle, value)
        }
        _ => return None,
    })
}

/// Whether a value of `display` is `none`; nothing if there is no such value.
fn display(value: &str) -> Option<bool> {
    const FIRST_WORDS: [&str; 20] = [
        "block",
        "inline",
        "flow",
        "flow-root",
        "run-in",
        "table",
        "flex",
        "grid",
        "ruby",
        "math",
        "contents",
        "list-item",
        "inherit",
        "initial",
        "unset",
        "revert",
        "revert-layer",
        "-webkit-box",
        "-ms-flexbox",
        "-webkit-flex",
    ];
    let word = value.split_ascii_whitespace().next()?;
    let known = |word: &str| FIRST_WORDS.contains(&word);
    let is_known = known(word) || word.split_once('-').is_some_and(|(first, _)| known(first));
    if value == "none" { Some(true) } else { is_known.then_some(false) }
}

/// A number and its unit.
fn measure(value: &str) -> Option<(f32, &str)> {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    let number = value[..value.len() - unit.len()].parse().ok()?;
    (unit == "%" || unit.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some((number, unit))
}

/// Whether a length or a share is nothing; not told of what is neither and no word.
fn is_none(value: &str) -> Option<bool> {
    match measure(value) {
        Some((number, _)) => Some(number <= 0.0),
        None => value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-').then_some(false),
    }
}

/// What a size says of letters.
fn letters(size: &str) -> Option<Value> {
    if matches!(size, "inherit" | "unset" | "smaller" | "larger") {
        return Some(Value::Inherits);
    }
    Some(match measure(size) {
        Some((number, _)) if number < 0.0 => return None,
        // Letters of one pixel are not for reading.
        Some((number, "px" | "pt")) if number <= 1.0 => Value::Hides,
        Some((number, _)) if number <= 0.0 => Value::Hides,
        Some((_, "%" | "em" | "ex" | "ch")) => Value::Inherits,
        Some(_) => Value::Shows,
        None if size.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') => Value::Shows,
        None => return None,
    })
}

/// The size of letters in the shorthand `font`.
fn letters_of_font(font: &str) -> Option<Value> {
    if matches!(font, "inherit" | "unset") {
        return Some(Value::Inherits);
    }
    font.split_ascii_whitespace().find_map(|word| {
        let size = word.split('/').next()?;
        let (number, unit) = measure(size)?;
        // A number without a unit is a weight.
        (number == 0.0 || !unit.is_empty()).then(|| letters(size)).flatten()
    })
}
