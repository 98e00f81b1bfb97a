//! Reads a template before liquid does: splits text from tags, checks bounds, names and nesting, adds the escaping.
//!
//! Invariant: what goes on to liquid's parser is tags alone, within bounds that keep it linear and its stack shallow.
//! Text never reaches it (runs of spaces are quadratic there); a `text` tag stands for each piece.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use super::filters;
use super::{Escape, TemplateError};

/// Longest source, bytes.
pub(super) const LONGEST_SOURCE: usize = 64 * 1024;
const MOST_TAGS: usize = 2_000;
const LONGEST_TAG: usize = 4 * 1024;
const MOST_BRACKETS: usize = 32;
const MOST_DIGITS: usize = 18;
const DEEPEST_BLOCK: usize = 16;
/// `elsif` nests in liquid's parser like a block does.
const MOST_ELSIF: usize = 96;

/// A template as liquid's parser gets it, and the way back to what its author wrote.
#[derive(Debug)]
pub(super) struct Scanned {
    /// Tags only.
    pub(super) code: String,
    /// What the `text` tags of `code` stand for.
    pub(super) texts: Vec<Arc<str>>,
    /// Every word of the tags; no other variable can be asked for.
    pub(super) names: HashSet<String>,
    /// Output tags of `code`, one by one.
    pub(super) outputs: Vec<Piece>,
    pieces: Vec<Piece>,
}

/// Where a tag stands in the code and in the source, bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) code: usize,
    pub(super) end: usize,
    pub(super) source: usize,
}

impl Scanned {
    /// The byte of the source behind a line and column of the code, as liquid reports them.
    pub(super) fn source_of(&self, line: usize, column: usize) -> usize {
        let start: usize = self.code.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let within =
            self.code[start..].chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>();
        let code = start + within;
        let after = self.pieces.partition_point(|piece| piece.code <= code);
        match after.checked_sub(1).map(|index| self.pieces[index]) {
            Some(piece) => piece.source + (code - piece.code).min(piece.end - piece.code),
            None => 0,
        }
    }
}

/// A block that is open while scanning.
struct Open {
    tag: &'static str,
    at: usize,
    elsifs: usize,
}

/// What closes and continues each block.
const BLOCKS: [(&str, &str, &[&str]); 5] = [
    ("if", "endif", &["elsif", "else"]),
    ("unless", "endunless", &["else"]),
    ("case", "endcase", &["when", "else"]),
    ("for", "endfor", &["else"]),
    ("capture", "endcapture", &[]),
];
const TAGS: [&str; 3] = ["assign", "break", "continue"];

/// Splits and checks a source.
pub(super) fn scan(source: &str, escape: Escape) -> Result<Scanned, TemplateError> {
    if source.len() > LONGEST_SOURCE {
        return Err(TemplateError::whole(format!("the source is longer than {LONGEST_SOURCE} bytes")));
    }
    let mut scanner = Scanner {
        source,
        escape,
        at: 0,
        tags: 0,
        trim: false,
        open: Vec::new(),
        out: Scanned {
            code: String::new(),
            texts: Vec::new(),
            names: HashSet::new(),
            outputs: Vec::new(),
            pieces: Vec::new(),
        },
    };
    while let Some(start) = scanner.next_tag() {
        scanner.tag(start)?;
    }
    if let Some(open) = scanner.open.last() {
        return Err(TemplateError::at(source, open.at, format!("`{}` is never closed", open.tag)));
    }
    Ok(scanner.out)
}

struct Scanner<'s> {
    source: &'s str,
    escape: Escape,
    at: usize,
    tags: usize,
    trim: bool,
    open: Vec<Open>,
    out: Scanned,
}

/// A tag taken apart: where its marks and its inside lie in the source.
struct Tag<'s> {
    output: bool,
    start: usize,
    inner: usize,
    body: &'s str,
    end: usize,
    trim_after: bool,
}

impl<'s> Scanner<'s> {
    fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::at(self.source, at, message))
    }

    /// Moves to the next tag and keeps the text before it; at the end keeps the rest.
    fn next_tag(&mut self) -> Option<usize> {
        let rest = &self.source[self.at..];
        let found = rest
            .match_indices('{')
            .map(|(at, _)| at)
            .find(|at| matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%')));
        let start = found.map_or(self.source.len(), |found| self.at + found);
        let trim_end = self.source[start..].chars().nth(2) == Some('-');
        self.text(self.at, start, trim_end);
        found.map(|_| start)
    }

    fn text(&mut self, from: usize, to: usize, trim_end: bool) {
        let mut text = &self.source[from..to];
        if std::mem::take(&mut self.trim) {
            text = text.trim_start();
        }
        if trim_end {
            text = text.trim_end();
        }
        if !text.is_empty() {
            let number = self.out.texts.len();
            self.out.texts.push(Arc::from(text));
            write!(self.out.code, "{{%text {number}%}}").expect("a string takes what is written");
        }
    }

    fn tag(&mut self, start: usize) -> Result<(), TemplateError> {
        self.tags += 1;
        if self.tags > MOST_TAGS {
            return self.error(start, format!("there are more than {MOST_TAGS} tags"));
        }
        let tag = self.take_apart(start)?;
        self.at = tag.end;
        self.trim = tag.trim_after;
        self.check_words(&tag)?;
        if tag.output { self.output(&tag) } else { self.statement(&tag) }
    }

    /// Finds the end of a tag, quotes respected.
    fn take_apart(&self, start: usize) -> Result<Tag<'s>, TemplateError> {
        let bytes = self.source.as_bytes();
        let output = bytes[start + 1] == b'{';
        let close = if output { "}}" } else { "%}" };
        let inner = start + 2 + usize::from(bytes.get(start + 2) == Some(&b'-'));
        let mut at = inner;
        loop {
            let rest = &self.source[at..];
            if rest.is_empty() || rest.starts_with("{{") || rest.starts_with("{%") {
                return self.error(start, format!("this tag has no `{close}`"));
            }
            if at - start > LONGEST_TAG {
                return self.error(start, format!("this tag is longer than {LONGEST_TAG} bytes"));
            }
            if rest.starts_with(close) {
                break;
            }
            match bytes[at] {
                quote @ (b'"' | b'\'') => match rest[1..].bytes().position(|byte| byte == quote) {
                    Some(length) => at += length + 2,
                    None => return self.error(at, "this quote is never closed"),
                },
                _ => at += 1,
            }
            at = self.source.ceil_char_boundary(at);
        }
        let trim_after = at > inner && bytes[at - 1] == b'-';
        let body = &self.source[inner..at - usize::from(trim_after)];
        Ok(Tag { output, start, inner, body, end: at + 2, trim_after })
    }

    /// Holds what stands outside quotes to its bounds; collects words and checks filters by name.
    fn check_words(&mut self, tag: &Tag<'_>) -> Result<(), TemplateError> {
        let bytes = tag.body.as_bytes();
        let (mut at, mut brackets, mut piped) = (0, 0, false);
        while at < bytes.len() {
            let from = at;
            match bytes[at] {
                quote @ (b'"' | b'\'') => {
                    at += 1;
                    at += bytes[at..].iter().position(|byte| *byte == quote).unwrap_or(0);
                    self.out.names.insert(tag.body[from + 1..at].to_owned());
                    at += 1;
                }
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    let word = word_of(&tag.body[at..]);
                    at += word.len();
                    self.out.names.insert(word.to_owned());
                    if piped && !filters::is_known(word) {
                        return self.error(tag.inner + from, format!("unknown filter `{word}`"));
                    }
                }
                byte if byte.is_ascii_digit() => {
                    at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    if at - from > MOST_DIGITS {
                        return self.error(
                            tag.inner + from,
                            format!("a number may have at most {MOST_DIGITS} digits"),
                        );
                    }
                }
                byte => {
                    at += 1;
                    brackets += usize::from(byte == b'[');
                    if brackets > MOST_BRACKETS {
                        return self.error(
                            tag.inner + from,
                            format!("a tag may have at most {MOST_BRACKETS} brackets"),
                        );
                    }
                }
            }
            if !bytes[from].is_ascii_whitespace() {
                piped = bytes[from] == b'|';
            }
        }
        Ok(())
    }

    fn output(&mut self, tag: &Tag<'_>) -> Result<(), TemplateError> {
        if tag.body.trim().is_empty() {
            return self.error(tag.start, "this output tag is empty");
        }
        let plain = self.escape == Escape::None
            || matches!(last_filter(tag.body), Some("raw" | "escape" | "escape_once"));
        let suffix = if plain { "" } else { filters::ESCAPE_SUFFIX };
        let is_raw = last_filter(tag.body) == Some("raw");
        if self.escape == Escape::Html {
            self.out.code.push_str(if is_raw { "{%mark raw%}" } else { "{%mark escaped%}" });
        }
        let code = self.out.code.len();
        self.emit(tag, "{{", suffix, "}}");
        let piece = Piece { code, end: self.out.code.len(), source: tag.start };
        self.out.outputs.push(piece);
        if self.escape == Escape::Html {
            self.out.code.push_str("{%mark end%}");
        }
        Ok(())
    }

    /// Copies a tag into the code, without its trim marks, and notes where it came from.
    fn emit(&mut self, tag: &Tag<'_>, open: &str, suffix: &str, close: &str) {
        let code = self.out.code.len();
        self.out.code.push_str(open);
        let inner = self.out.code.len();
        // Liquid's grammar knows no tab; outside quotes one is a space, byte for byte.
        let mut quote = None;
        self.out.code.extend(tag.body.chars().map(|char| {
            match (quote, char) {
                (None, '"' | '\'') => quote = Some(char),
                (Some(open), _) if open == char => quote = None,
                _ => {}
            }
            if quote.is_none() && char == '\t' { ' ' } else { char }
        }));
        let end = self.out.code.len();
        self.out.code.push_str(suffix);
        self.out.code.push_str(close);
        self.out.pieces.push(Piece { code, end: inner, source: tag.start });
        self.out.pieces.push(Piece { code: inner, end, source: tag.inner });
    }

    fn statement(&mut self, tag: &Tag<'_>) -> Result<(), TemplateError> {
        let body = tag.body.trim_start();
        let at = tag.inner + (tag.body.len() - body.len());
        let name = word_of(body);
        match name {
            "" => return self.error(tag.start, "this tag has no name"),
            "comment" => return self.skip(tag, "comment", "endcomment", true).map(|_| ()),
            "raw" => {
                let (from, to, trim) = self.skip(tag, "raw", "endraw", false)?;
                let after = std::mem::replace(&mut self.trim, tag.trim_after);
                self.text(from, to, trim);
                self.trim = after;
                return Ok(());
            }
            _ => {}
        }
        if let Some((tag_name, _, _)) = BLOCKS.iter().find(|(open, _, _)| *open == name) {
            if self.open.len() >= DEEPEST_BLOCK {
                return self.error(at, format!("blocks may nest at most {DEEPEST_BLOCK} deep"));
            }
            self.open.push(Open { tag: tag_name, at, elsifs: 0 });
        } else if let Some((opener, _, _)) = BLOCKS.iter().find(|(_, close, _)| *close == name) {
            match self.open.pop() {
                Some(open) if open.tag == *opener => {}
                Some(open) => {
                    return self.error(at, format!("`{name}` cannot close `{}`", open.tag));
                }
                None => return self.error(at, format!("`{name}` closes nothing")),
            }
        } else if BLOCKS.iter().any(|(_, _, parts)| parts.contains(&name)) {
            self.part(name, at)?;
        } else if !TAGS.contains(&name) {
            return self.error(at, format!("unknown tag `{name}`"));
        } else if name != "assign" && !self.open.iter().any(|open| open.tag == "for") {
            return self.error(at, format!("`{name}` stands outside of a `for`"));
        }
        self.emit(tag, "{%", "", "%}");
        Ok(())
    }

    /// An `else`, `elsif` or `when`: only in the block that has one.
    fn part(&mut self, name: &str, at: usize) -> Result<(), TemplateError> {
        let elsifs = self.open.iter().map(|open| open.elsifs).sum::<usize>();
        let fits = self.open.last_mut().filter(|open| {
            BLOCKS.iter().any(|(opener, _, parts)| *opener == open.tag && parts.contains(&name))
        });
        match fits {
            None => self.error(at, format!("`{name}` belongs to no block here")),
            Some(_) if name == "elsif" && elsifs >= MOST_ELSIF => {
                self.error(at, format!("there may be at most {MOST_ELSIF} `elsif` in one another"))
            }
            Some(open) => {
                open.elsifs += usize::from(name == "elsif");
                Ok(())
            }
        }
    }

    /// Moves past a block whose inside is not liquid. Gives where the inside lies and whether its end is trimmed.
    fn skip(
        &mut self,
        tag: &Tag<'_>,
        opener: &'static str,
        closer: &'static str,
        nests: bool,
    ) -> Result<(usize, usize, bool), TemplateError> {
        let (from, mut at, mut depth) = (self.at, self.at, 1_usize);
        while let Some(found) = self.source[at..].find("{%") {
            let start = at + found;
            at = start + 2;
            let rest = &self.source[at..];
            let body = rest.strip_prefix('-').unwrap_or(rest).trim_start();
            let name = word_of(body);
            let after = body[name.len()..].trim_start();
            let (after, trim) = after.strip_prefix('-').map_or((after, false), |after| (after, true));
            if !after.starts_with("%}") {
                continue;
            }
            at = self.source.len() - after.len() + 2;
            if name == opener && nests {
                depth += 1;
            } else if name == closer {
                depth -= 1;
                if depth == 0 {
                    self.at = at;
                    self.trim = trim;
                    return Ok((from, start, rest.starts_with('-')));
                }
            }
        }
        self.error(tag.start, format!("`{opener}` is never closed"))
    }
}

/// The identifier that a text starts with.
fn word_of(text: &str) -> &str {
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let length =
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    if starts { &text[..length] } else { "" }
}

/// The name of the last filter of a chain, if it stands without arguments.
fn last_filter(body: &str) -> Option<&str> {
    let mut quote = None;
    let mut pipe = None;
    for (at, byte) in body.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'|') => pipe = Some(at),
            _ => {}
        }
    }
    pipe.map(|at| body[at + 1..].trim())
}
