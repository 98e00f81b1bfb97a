//! Text and HTML where only elements of MJML may stand: the MJML library leaves them out, or writes them between the cells
//! of a table.
//!
//! Invariant: what a source has in branches that are not taken counts too; what it captures does not stand there.

use super::elements::{close, holds_elements, holds_text, is_of_mjml};
use super::piece::{Kind, Pieces};

/// The first text or element of HTML that stands directly in an element of MJML that holds only such elements, in a source
/// or in a document; and what is wrong with it.
pub(in crate::template) fn misplaced(source: &str) -> Option<(usize, &'static str)> {
    const TEXT: &str = "text stands where only elements of MJML may; mj-text holds it";
    const ELEMENT: &str = "HTML stands where only elements of MJML may; mj-text or mj-raw holds it";
    let mut open: Vec<&str> = Vec::new();
    let mut passed_over: Option<&str> = None;
    for piece in Pieces::of_source(source) {
        if let Some(end) = passed_over {
            if matches!(piece.kind, Kind::Tag(tag) if tag.starts_with(end)) {
                passed_over = None;
            }
            continue;
        }
        let is_among_elements = open.last().is_some_and(|name| holds_elements(name));
        match piece.kind {
            Kind::Text if is_among_elements => {
                let length = piece.text.len() - piece.text.trim_start_matches(is_unseen).len();
                if length < piece.text.len() {
                    return Some((piece.at + length, TEXT));
                }
            }
            // What liquid does not escape may be elements.
            Kind::Output(output) if is_among_elements && !is_raw(output) => return Some((piece.at, TEXT)),
            Kind::Open { name, is_empty } if is_of_mjml(name) => {
                if !is_empty && (holds_elements(name) || holds_text(name)) {
                    open.push(name);
                }
            }
            Kind::Open { .. } if is_among_elements => return Some((piece.at, ELEMENT)),
            Kind::Close { name } => close(&mut open, name),
            Kind::Tag(tag) => {
                passed_over = ["capture", "comment"]
                    .into_iter()
                    .find(|name| tag.starts_with(name))
                    .map(|name| if name == "capture" { "endcapture" } else { "endcomment" });
            }
            Kind::Text | Kind::Output(_) | Kind::Open { .. } | Kind::Comment | Kind::Other | Kind::Broken => {
            }
        }
    }
    None
}

/// Whether a character leaves no mark: blanks, and what documents of MJML go without.
fn is_unseen(char: char) -> bool {
    char.is_whitespace() || char.is_control() || matches!(char, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn is_raw(output: &str) -> bool {
    output.rsplit_once('|').is_some_and(|(_, filter)| filter.trim() == "raw")
}
