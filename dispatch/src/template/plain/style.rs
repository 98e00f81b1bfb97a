//! What a style says about whether, and how, text is shown.
//!
//! Only what hides preview texts in emails is known: inline declarations, and rules of a style sheet for one class, id or
//! element outside of `@` blocks. Invariant: one pass over the declarations.

use std::collections::HashMap;

/// Most rules that are kept of a mail's style sheets.
const MOST_RULES: usize = 256;
/// Longest selector that is kept, bytes.
const LONGEST_SELECTOR: usize = 64;
/// Most classes of an element that are looked up.
const MOST_CLASSES: usize = 16;

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

/// How an element shows its text. `None` is as its parent does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) is_hidden: bool,
    /// For Outlook alone.
    pub(super) is_hidden_in_outlook: bool,
    /// Letters too small to be read.
    pub(super) is_tiny: Option<bool>,
    pub(super) blanks: Option<Blanks>,
}

impl Shown {
    /// Reads declarations, as in `display: none; font-size: 0`.
    pub(super) fn of(style: &str) -> Self {
        let mut shown = Self::default();
        let (mut no_height, mut cuts) = (false, false);
        for declaration in style.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().to_ascii_lowercase();
            let value = value.strip_suffix("!important").unwrap_or(&value).trim_end();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" if value == "none" => shown.is_hidden = true,
                "visibility" if matches!(value, "hidden" | "collapse") => shown.is_hidden = true,
                "opacity" | "max-height" if is_at_most(value, 0.0) => shown.is_hidden = true,
                "height" => no_height = is_at_most(value, 0.0),
                "overflow" => cuts = matches!(value, "hidden" | "clip"),
                "mso-hide" if value == "all" => shown.is_hidden_in_outlook = true,
                "font-size" if is_at_most(value, 1.0) => shown.is_tiny = Some(true),
                "font-size" if !is_of_parent(value) => shown.is_tiny = Some(false),
                "white-space" => {
                    shown.blanks = match value {
                        "pre" | "pre-wrap" | "break-spaces" => Some(Blanks::Kept),
                        "pre-line" => Some(Blanks::Lines),
                        "normal" | "nowrap" => Some(Blanks::Run),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        shown.is_hidden |= no_height && cuts;
        shown
    }

    /// This one where it says something, else the other.
    fn or(self, other: Self) -> Self {
        Self {
            is_hidden: self.is_hidden || other.is_hidden,
            is_hidden_in_outlook: self.is_hidden_in_outlook || other.is_hidden_in_outlook,
            is_tiny: self.is_tiny.or(other.is_tiny),
            blanks: self.blanks.or(other.blanks),
        }
    }
}

/// Whether a length is at most that many pixels or points. One in a unit of the parent's counts as none only at zero.
fn is_at_most(value: &str, most: f32) -> bool {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let most = if matches!(&value[digits.len()..], "" | "px" | "pt") { most } else { 0.0 };
    digits.trim().parse::<f32>().is_ok_and(|number| number <= most)
}

/// Whether a size of letters is told in terms of the parent's.
fn is_of_parent(size: &str) -> bool {
    let is_part = size.ends_with('%') || (size.ends_with("em") && !size.ends_with("rem"));
    is_part || matches!(size, "inherit" | "unset" | "smaller" | "larger")
}

/// The rules of a mail's style sheets that hide something.
#[derive(Debug, Default)]
pub(super) struct Sheet(HashMap<String, Shown>);

impl Sheet {
    /// Takes the rules of a `style` element that stand outside of `@` blocks.
    pub(super) fn read(&mut self, css: &str) {
        let css = without_comments(css);
        let mut rest = css.as_str();
        while let Some(open) = rest.find(['{', ';']) {
            let (before, after) = (&rest[..open], &rest[open + 1..]);
            // What ends before its block, as `@import` does, selects nothing.
            if rest.as_bytes()[open] == b';' {
                rest = after;
                continue;
            }
            let selectors = before.trim();
            if selectors.starts_with('@') {
                rest = past_block(after);
                continue;
            }
            let (body, next) = after.split_once('}').unwrap_or((after, ""));
            rest = next;
            let shown = Shown::of(body);
            if shown.is_hidden || shown.is_tiny == Some(true) {
                self.keep(selectors, shown);
            }
        }
    }

    fn keep(&mut self, selectors: &str, shown: Shown) {
        for selector in selectors.split(',').map(str::trim) {
            let is_simple = selector.len() <= LONGEST_SELECTOR
                && !selector.contains(|c: char| c.is_whitespace() || "[]:>+~*".contains(c));
            if is_simple && self.0.len() < MOST_RULES {
                self.0.insert(selector.to_owned(), shown);
            }
        }
    }

    /// What holds for an element: its own declarations first.
    pub(super) fn shown(&self, name: &str, style: &str, class: &str, id: &str) -> Shown {
        let own = Shown::of(style);
        if self.0.is_empty() {
            return own;
        }
        let of = |selector: &str| self.0.get(selector).copied().unwrap_or_default();
        let mut all = own.or(of(&format!("#{id}"))).or(of(name));
        for class in class.split_ascii_whitespace().take(MOST_CLASSES) {
            all = all.or(of(&format!(".{class}"))).or(of(&format!("{name}.{class}")));
        }
        all
    }
}

fn without_comments(css: &str) -> String {
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    plain + rest
}

/// What follows a block whose `{` was read, blocks within it respected.
fn past_block(css: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in css.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &css[at + 1..];
        }
    }
    ""
}
