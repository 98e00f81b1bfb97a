//! Plain text under construction: words run together with one blank, blocks with one or two line ends.
//!
//! Invariant: at most [`LONGEST`] bytes are written. A letter stands where it was put; only the numbers of lists that count
//! down are set in at the end, since they need to know how many items there are.

use std::ops::Range;

use super::list::{Counted, List, numeral};
use super::style::Marker;

/// Longest text, bytes; what is beyond is left out.
const LONGEST: usize = 512 * 1024;

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    /// Whether a blank is due before the next word.
    blank: bool,
    /// Line ends that are due before the next word.
    lines: usize,
    /// The mark that is due before the next word, and how far its line is moved in.
    mark: Option<(usize, String)>,
    /// How far further lines of an item are moved in, the innermost list last.
    indents: Vec<usize>,
    /// Characters that are not seen and may belong to the next word.
    unseen: String,
    /// Whether the first line end of a preformatted text, which does not count, may come.
    at_first_line: bool,
    /// Where numbers belong that are not known yet, and what they wait for.
    counted_down: Vec<(usize, Counted)>,
    /// How many items lists that count down have had.
    items: Vec<(usize, i64)>,
    /// What the mark that is due waits for.
    due_count: Option<Counted>,
    /// The last address that stands for an image.
    bare: Option<Bare>,
}

#[derive(Debug)]
struct Bare {
    link: Range<usize>,
    target: String,
}

impl Page {
    /// Takes running text.
    pub(super) fn words(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '\u{ad}' | '\u{feff}' => {}
                _ if char.is_control() && !char.is_whitespace() => {}
                // Joiners belong to the letters beside them. Alone, they fill up previews.
                '\u{200b}'..='\u{200d}' | '\u{34f}' | '\u{2060}' => {
                    if self.blank || self.lines > 0 || self.text.is_empty() {
                        self.unseen.push(char);
                    } else {
                        self.push(char);
                    }
                }
                // A blank of its own kind, which a browser shows each of.
                '\u{3000}' => self.letter(char),
                _ if char.is_whitespace() => self.blank(),
                _ => self.letter(char),
            }
        }
    }

    /// Takes running text whose line ends are kept.
    pub(super) fn lines_of_words(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.line_end();
            }
            self.words(line);
        }
    }

    /// Says that preformatted text begins, whose first line end does not count.
    pub(super) fn begin_preformatted(&mut self) {
        self.at_first_line = true;
        self.blank = false;
    }

    /// Takes preformatted text.
    pub(super) fn preformatted(&mut self, text: &str) {
        let first = std::mem::take(&mut self.at_first_line);
        let text = if first { text.strip_prefix('\n').unwrap_or(text) } else { text };
        if !text.is_empty() {
            self.settle();
        }
        for char in text.chars() {
            if char == '\u{ad}' || (char.is_control() && !matches!(char, '\n' | '\t')) {
                continue;
            }
            self.push(char);
        }
    }

    fn letter(&mut self, char: char) {
        self.settle();
        let unseen = std::mem::take(&mut self.unseen);
        for char in unseen.chars().chain([char]) {
            self.push(char);
        }
    }

    fn push(&mut self, char: char) {
        if self.text.len() < LONGEST {
            self.text.push(char);
        }
    }

    /// Writes the line ends, the mark or the blank that are due before the next word.
    fn settle(&mut self) {
        let lines = if self.text.is_empty() { 0 } else { std::mem::take(&mut self.lines) };
        let written = self.text.bytes().rev().take(lines).take_while(|byte| *byte == b'\n').count();
        // A number that is not known yet stands there too.
        let is_marked = self.counted_down.last().is_some_and(|(at, ..)| *at == self.text.len());
        let begins = !is_marked && (self.text.is_empty() || self.text.ends_with('\n') || lines > 0);
        for _ in written..lines {
            self.push('\n');
        }
        if let Some((indent, mark)) = self.mark.take() {
            self.spaces(if begins { indent } else { 0 });
            if let Some(counted) = self.due_count.take() {
                self.counted_down.push((self.text.len(), counted));
            }
            for char in mark.chars() {
                self.push(char);
            }
        } else if begins {
            self.spaces(self.indents.last().copied().unwrap_or(0));
        } else if self.blank && !self.text.ends_with([' ', '\n']) {
            self.push(' ');
        }
        self.blank = false;
        self.lines = 0;
    }

    fn spaces(&mut self, count: usize) {
        for _ in 0..count {
            self.push(' ');
        }
    }

    /// Puts a blank before the next word.
    pub(super) fn blank(&mut self) {
        self.blank = true;
        self.unseen.clear();
    }

    /// Begins another line.
    pub(super) fn line_end(&mut self) {
        self.unseen.clear();
        self.lines = (self.lines + 1).min(2);
    }

    /// Puts at least so many line ends before the next word.
    pub(super) fn end_lines(&mut self, count: usize) {
        if count > 0 {
            self.unseen.clear();
            // A mark and the first word of its item stand in one line.
            if self.mark.is_none() {
                self.lines = self.lines.max(count);
            }
        }
    }

    /// Begins an item of a list, with a number or a marker of its own.
    pub(super) fn item(&mut self, list: Option<&mut List>, value: Option<i64>, own: Option<Marker>) {
        let mut alone = List::alone();
        let list = list.unwrap_or(&mut alone);
        let (mark, due_count) = list.mark(value, own);
        // The first thing in an item is a list: both marks in one line.
        if self.mark.is_some() {
            self.settle();
        }
        self.mark = Some((list.indent(), mark));
        self.due_count = due_count;
        self.indents.push(list.inside());
    }

    /// Ends an item; one without a word leaves no mark.
    pub(super) fn end_item(&mut self) {
        self.mark = None;
        self.due_count = None;
        self.indents.pop();
    }

    /// Ends a list.
    pub(super) fn end_list(&mut self, list: &List) {
        self.items.extend(list.counted());
    }

    /// Where the next word will stand, or before it.
    pub(super) fn position(&self) -> usize {
        self.text.len()
    }

    /// Ends a link whose text began there: where it leads follows, unless the text says so.
    pub(super) fn link(&mut self, from: usize, target: &str, has_image: bool) {
        let shown = self.text.get(from..).unwrap_or_default().trim();
        // The mark of an item may have come with the first word.
        let says_it = shown.trim_end_matches('/').strip_suffix(target.trim_end_matches('/'));
        if shown.is_empty() {
            if has_image {
                self.words(target);
                let link = self.text.strip_suffix(target).map(|before| before.len()..self.text.len());
                self.bare = link.map(|link| Bare { link, target: target.to_owned() });
            }
        } else if says_it.is_none_or(|before| before.contains(char::is_alphabetic)) {
            let (lines, mark, blank) = (std::mem::take(&mut self.lines), self.mark.take(), self.blank);
            self.blank();
            self.words(&format!("({target})"));
            (self.lines, self.mark, self.blank) = (lines, mark, blank);
            self.unrepeat(from, target);
        }
    }

    /// Takes out the address of an image right before a link that leads to the same place, as those of an icon and its name.
    fn unrepeat(&mut self, from: usize, target: &str) {
        let Some(bare) = self.bare.take().filter(|bare| bare.target == target) else { return };
        let between = self.text.get(bare.link.end..from).unwrap_or("between");
        let is_counted = self.counted_down.last().is_some_and(|(at, ..)| *at > bare.link.start);
        if between.trim().is_empty() && !is_counted {
            let link = from + self.text[from..].len() - self.text[from..].trim_start().len();
            self.text.replace_range(bare.link.start..link, "");
        }
    }

    /// The text as it is sent.
    pub(super) fn into_text(mut self) -> String {
        self.items.sort_unstable();
        let text = std::mem::take(&mut self.text);
        let mut all = String::with_capacity(text.len());
        let mut kept = 0;
        for (at, Counted { list, before, marker }) in &self.counted_down {
            let found = self.items.binary_search_by_key(list, |(id, _)| *id);
            let items = found.map_or(*before + 1, |found| self.items[found].1);
            all.push_str(&text[kept..*at]);
            all.push_str(&numeral(*marker, items - before));
            all.push_str(". ");
            kept = *at;
        }
        all.push_str(&text[kept..]);
        all.truncate(all.floor_char_boundary(LONGEST));
        all.trim_start_matches('\n').trim_end().to_owned()
    }
}
