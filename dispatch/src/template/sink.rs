//! The text of a render, and the places of its outputs.
//!
//! Invariant: a text that would pass the limit is refused, and every byte is charged.

use super::RenderError;
use super::meter::{Meter, Result, price};

/// The place of the text of one `{{ }}`, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether HTML's special characters are escaped in it.
    pub(super) escaped: bool,
}

/// A text under construction.
pub(super) struct Sink<'m> {
    meter: &'m Meter,
    most: usize,
    text: String,
    outputs: Vec<Output>,
}

impl<'m> Sink<'m> {
    pub(super) fn new(meter: &'m Meter, most: usize) -> Self {
        Self { meter, most, text: String::new(), outputs: Vec::new() }
    }

    pub(super) fn write(&mut self, text: &str) -> Result<()> {
        if self.text.len() + text.len() > self.most {
            return Err(RenderError::TooLarge);
        }
        self.meter.spend(price(text.len()))?;
        self.text.push_str(text);
        Ok(())
    }

    /// Writes a text with HTML's special characters escaped.
    pub(super) fn write_escaped(&mut self, text: &str) -> Result<()> {
        escape(text, |_| false, |part| self.write(part))
    }

    /// The place of the next text.
    pub(super) fn at(&self) -> usize {
        self.text.len()
    }

    /// Notes that all from there on came out of one `{{ }}`.
    pub(super) fn note_output(&mut self, start: usize, escaped: bool) {
        if start < self.text.len() {
            self.outputs.push(Output { start, end: self.text.len(), escaped });
        }
    }

    /// The text, and where outputs stand in it.
    pub(super) fn into_parts(self) -> (String, Vec<Output>) {
        (self.text, self.outputs)
    }
}

/// Hands on a text piece by piece, with HTML's special characters escaped; `stays` tells by the text from an `&` on whether
/// that `&` is kept.
pub(super) fn escape(
    text: &str,
    stays: fn(&str) -> bool,
    mut write: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut kept = 0;
    for (at, special) in text.bytes().enumerate() {
        if let Some(reference) = reference(special)
            && !(special == b'&' && stays(&text[at..]))
        {
            write(&text[kept..at])?;
            write(reference)?;
            kept = at + 1;
        }
    }
    write(&text[kept..])
}

/// The reference that a special character of HTML is escaped as.
const fn reference(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        _ => None,
    }
}
