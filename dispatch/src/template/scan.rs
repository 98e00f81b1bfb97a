//! Takes a source apart: text from tags, and each tag's inside into tokens, within bounds that keep all of it linear.
//!
//! Invariant: no tag is longer, and there are no more of them, than the parser may be given. Text is never looked into.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::build::Builder;
use super::node::Node;
use super::parser::{Parsed, Parser};
use super::token::{Token, is_blank, name_of, tokens};
use super::{Escape, TemplateError};

/// Longest source, bytes.
pub(super) const LONGEST_SOURCE: usize = 64 * 1024;
const MOST_TAGS: usize = 2_000;
const LONGEST_TAG: usize = 4 * 1024;

/// A template that was read.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) nodes: Vec<Node>,
    /// Every word and text of the tags: the names that the template spells out.
    pub(super) names: HashSet<String>,
    /// Whether some name of a variable comes from a value, so that it may be any.
    pub(super) reaches_all: bool,
}

/// Reads a source.
pub(super) fn scan(source: &str, escape: Escape) -> Parsed<Scanned> {
    if source.len() > LONGEST_SOURCE {
        return Err(TemplateError::whole(format!("the source is longer than {LONGEST_SOURCE} bytes")));
    }
    let mut scanner = Scanner {
        source,
        escape,
        at: 0,
        tags: 0,
        trim: false,
        builder: Builder::new(source),
        names: HashSet::new(),
        reaches_all: false,
    };
    while let Some(start) = scanner.next_tag() {
        scanner.tag(start)?;
    }
    let Scanner { builder, names, reaches_all, .. } = scanner;
    Ok(Scanned { nodes: builder.finish()?, names, reaches_all })
}

struct Scanner<'s> {
    source: &'s str,
    escape: Escape,
    at: usize,
    tags: usize,
    trim: bool,
    builder: Builder<'s>,
    names: HashSet<String>,
    reaches_all: bool,
}

/// A tag taken apart: where its marks and its inside lie in the source.
struct Tag<'s> {
    is_output: bool,
    start: usize,
    inner: usize,
    body: &'s str,
    end: usize,
    trim_after: bool,
}

impl<'s> Scanner<'s> {
    fn error<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
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
            text = text.trim_start_matches(is_blank);
        }
        if trim_end {
            text = text.trim_end_matches(is_blank);
        }
        if !text.is_empty() {
            self.builder.text(Arc::from(text));
        }
    }

    fn tag(&mut self, start: usize) -> Parsed<()> {
        self.tags += 1;
        if self.tags > MOST_TAGS {
            return self.error(start, format!("there are more than {MOST_TAGS} tags"));
        }
        let tag = self.take_apart(start)?;
        self.at = tag.end;
        self.trim = tag.trim_after;
        if tag.is_output { self.output(&tag) } else { self.statement(&tag) }
    }

    /// Finds the end of a tag, quotes respected.
    fn take_apart(&self, start: usize) -> Parsed<Tag<'s>> {
        let bytes = self.source.as_bytes();
        let is_output = bytes[start + 1] == b'{';
        let close = if is_output { "}}" } else { "%}" };
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
        Ok(Tag { is_output, start, inner, body, end: at + 2, trim_after })
    }

    fn output(&mut self, tag: &Tag<'_>) -> Parsed<()> {
        if tag.body.trim().is_empty() {
            return self.error(tag.start, "this output tag is empty");
        }
        let escape = self.escape;
        self.parse(tag.inner, tag.body, |builder, parser| builder.output(parser, escape))
    }

    fn statement(&mut self, tag: &Tag<'_>) -> Parsed<()> {
        let body = tag.body.trim_start();
        let at = tag.inner + (tag.body.len() - body.len());
        let name = name_of(body);
        match name {
            "" => return self.error(tag.start, "this tag has no name"),
            "comment" => return self.skip(tag, "comment", "endcomment", true).map(|_| ()),
            "raw" => {
                // As in Shopify's Liquid, marks that trim do not reach into it.
                let inside = self.skip(tag, "raw", "endraw", false)?;
                if !inside.is_empty() {
                    self.builder.text(Arc::from(&self.source[inside]));
                }
                return Ok(());
            }
            _ => {}
        }
        self.parse(at + name.len(), &body[name.len()..], |builder, parser| builder.tag(name, at, parser))
    }

    /// Reads the inside of a tag, which begins at a byte of the source.
    fn parse(
        &mut self,
        start: usize,
        body: &str,
        read: impl FnOnce(&mut Builder<'s>, &mut Parser<'_>) -> Parsed<()>,
    ) -> Parsed<()> {
        let tokens = tokens(self.source, body, start)?;
        for (token, _) in &tokens {
            match token {
                Token::Word(text) | Token::Text(text) => {
                    self.names.insert((*text).to_owned());
                }
                // `2024.total` and `o.1.2` are paths.
                Token::Number(digits) => self.names.extend(digits.split('.').map(str::to_owned)),
                Token::Operator(_) | Token::Range | Token::Sign(_) => {}
            }
        }
        let mut parser = Parser::new(self.source, &tokens, start + body.trim_end().len());
        read(&mut self.builder, &mut parser)?;
        self.reaches_all |= parser.reaches_all();
        Ok(())
    }

    /// Moves past a block whose inside is not liquid. Returns where the inside lies.
    fn skip(
        &mut self,
        tag: &Tag<'_>,
        opener: &'static str,
        closer: &'static str,
        nests: bool,
    ) -> Parsed<Range<usize>> {
        let (from, mut at, mut depth) = (self.at, self.at, 1_usize);
        while let Some(found) = self.source[at..].find("{%") {
            let start = at + found;
            at = start + 2;
            let rest = &self.source[at..];
            let body = rest.strip_prefix('-').unwrap_or(rest).trim_start();
            let name = name_of(body);
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
                    return Ok(from..start);
                }
            }
        }
        self.error(tag.start, format!("`{opener}` is never closed"))
    }
}
