//! MJML as its library can take it, and where each part of it came from.
//!
//! The library drops blanks that begin with a line end and refuses others between elements, knows no capital letters, and
//! its tokenizer refuses comments with `--` in them and panics at a `>` two bytes after a letter that it would cut. Invariant:
//! what a reader sees stays the same.

use std::borrow::Cow;

use super::elements::{close, holds_elements, is_of_mjml};
use super::piece::{Kind, Piece, Pieces};

/// A document, and where its parts stood before.
pub(super) struct Prepared {
    pub(super) mjml: String,
    /// Where runs that were taken over begin, in this document and in the one before.
    runs: Vec<(usize, usize)>,
    /// Where a tag or a comment begins that does not end.
    pub(super) broken: Option<usize>,
}

impl Prepared {
    fn of(mjml: &str) -> Self {
        Self { mjml: String::with_capacity(mjml.len()), runs: Vec::new(), broken: None }
    }

    /// Where a byte stood in the document before.
    pub(super) fn before(&self, at: usize) -> usize {
        let next = self.runs.partition_point(|(here, _)| *here <= at);
        let (here, before) = next.checked_sub(1).map_or((0, 0), |run| self.runs[run]);
        before + (at - here)
    }

    fn take(&mut self, text: &str, before: usize) {
        if !text.is_empty() {
            self.runs.push((self.mjml.len(), before));
            self.mjml.push_str(text);
        }
    }
}

/// Without the characters that XML does not allow; a blank for those that HTML reads as one.
pub(super) fn allowed(mjml: &str) -> Prepared {
    let mut prepared = Prepared::of(mjml);
    let mut kept = 0;
    for (at, char) in mjml.match_indices(is_forbidden) {
        prepared.take(&mjml[kept..at], kept);
        if matches!(char, "\u{b}" | "\u{c}") {
            prepared.take(" ", at);
        }
        kept = at + char.len();
    }
    prepared.take(&mjml[kept..], kept);
    prepared
}

fn is_forbidden(char: char) -> bool {
    char < ' ' && !matches!(char, '\t' | '\n' | '\r') || matches!(char, '\u{fffe}' | '\u{ffff}')
}

/// Makes a document one that the library takes.
pub(super) fn prepare(mjml: &str) -> Prepared {
    let mut prepared = Prepared::of(mjml);
    // Elements of MJML that are open; text so far; the piece before it.
    let (mut open, mut run, mut last): (Vec<&str>, Vec<Piece<'_>>, Option<Piece<'_>>) = Default::default();
    for piece in Pieces::of_document(mjml) {
        let is_style = open.last() == Some(&"mj-style");
        match piece.kind {
            Kind::Text => run.push(piece),
            // What an author noted in comments is not for the recipient.
            Kind::Comment if !is_style => {}
            _ => {
                flush(&mut prepared, &mut run, last, Some(piece), open.last().copied());
                match piece.kind {
                    Kind::Open { name, is_empty: false } if is_of_mjml(name) => open.push(name),
                    Kind::Close { name } => close(&mut open, name),
                    Kind::Broken => prepared.broken = Some(prepared.mjml.len()),
                    _ => {}
                }
                prepared.take(&in_small_letters(piece), piece.at);
                last = Some(piece);
            }
        }
    }
    flush(&mut prepared, &mut run, last, None, open.last().copied());
    prepared
}

/// A tag of HTML with its name in small letters.
fn in_small_letters(piece: Piece<'_>) -> Cow<'_, str> {
    let (Kind::Open { name, .. } | Kind::Close { name }) = piece.kind else { return piece.text.into() };
    if is_of_mjml(name) || name.contains(':') || !name.contains(|c: char| c.is_ascii_uppercase()) {
        return piece.text.into();
    }
    let (before, rest) = piece.text.split_at(1 + usize::from(piece.text.starts_with("</")));
    format!("{before}{}{}", name.to_ascii_lowercase(), &rest[name.len()..]).into()
}

/// Takes over the text between two pieces, in an element of MJML.
fn flush(
    prepared: &mut Prepared,
    run: &mut Vec<Piece<'_>>,
    last: Option<Piece<'_>>,
    next: Option<Piece<'_>>,
    within: Option<&str>,
) {
    let Some(first) = run.first().copied() else { return };
    if run.iter().all(|piece| piece.text.trim().is_empty()) {
        let is_of_mjml = |piece: Option<Piece<'_>>| match piece.map(|piece| piece.kind) {
            Some(Kind::Open { name, .. } | Kind::Close { name }) => is_of_mjml(name),
            _ => false,
        };
        let begins = first.text.chars().next().map_or(0, char::len_utf8);
        let instead = if within.is_none_or(holds_elements) {
            "\n"
        } else if first.text.starts_with('\n') && !is_of_mjml(last) && !is_of_mjml(next) {
            // Blanks between words that elements of HTML mark are shown.
            " "
        } else {
            &first.text[..begins]
        };
        prepared.take(instead, first.at);
        prepared.take(&first.text[begins..], first.at + begins);
        run.remove(0);
    }
    let is_style = last.is_some_and(|last| {
        matches!(last.kind, Kind::Open { name, .. } if name == "mj-style" || name.eq_ignore_ascii_case("style"))
    });
    let arrow = if is_style { "  >" } else { "&gt;" };
    let is_cut = cuts_a_letter(run);
    for piece in run.drain(..) {
        if !is_cut {
            prepared.take(piece.text, piece.at);
            continue;
        }
        let mut kept = 0;
        for (at, _) in piece.text.match_indices('>') {
            prepared.take(&piece.text[kept..at], piece.at + kept);
            prepared.take(arrow, piece.at + at);
            kept = at + 1;
        }
        prepared.take(&piece.text[kept..], piece.at + kept);
    }
}

/// Whether the tokenizer would look into the middle of a letter two bytes before the first `>`, or take it for the end of a
/// section of characters.
fn cuts_a_letter(run: &[Piece<'_>]) -> bool {
    let text: String = run.iter().map(|piece| piece.text).collect();
    text.find('>').is_some_and(|at| {
        let two_before = at.saturating_sub(2);
        !text.is_char_boundary(two_before) || text[two_before..].starts_with("]]>")
    })
}
