//! Reading the tokens of one tag.
//!
//! Invariant: every fault has the place in the source as its author wrote it.

use super::TemplateError;
use super::token::{Placed, Token};

/// The result of reading a part of a tag.
pub(super) type Parsed<T> = Result<T, TemplateError>;

/// The tokens of a tag, read from the front.
pub(super) struct Parser<'s> {
    source: &'s str,
    tokens: &'s [Placed<'s>],
    at: usize,
    /// The byte behind the last token.
    end: usize,
    reaches_all: bool,
}

impl<'s> Parser<'s> {
    pub(super) fn new(source: &'s str, tokens: &'s [Placed<'s>], end: usize) -> Self {
        Self { source, tokens, at: 0, end, reaches_all: false }
    }

    /// A fault at a byte of the source.
    pub(super) fn error<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        Err(TemplateError::at(self.source, at, message))
    }

    /// The fault of a token that may not stand here.
    pub(super) fn unexpected<T>(&self, token: Token<'_>, at: usize) -> Parsed<T> {
        let text = match token {
            Token::Word(text) | Token::Number(text) | Token::Operator(text) => text.to_owned(),
            Token::Text(_) => return self.error(at, "a text is not expected here"),
            Token::Range => "..".to_owned(),
            Token::Sign(sign) => sign.to_string(),
        };
        self.error(at, format!("`{text}` is not expected here"))
    }

    pub(super) fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).map(|(token, _)| *token)
    }

    /// The next token, or a fault with the expectation at the end of the tag.
    pub(super) fn next(&mut self, expected: &str) -> Parsed<(Token<'s>, usize)> {
        let Some(placed) = self.tokens.get(self.at) else { return self.error(self.end, expected) };
        self.at += 1;
        Ok(*placed)
    }

    /// Moves past a token, if it is the next one.
    pub(super) fn take(&mut self, token: Token<'_>) -> bool {
        let is_next = self.peek() == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    /// Moves past a sign that has to be the next token.
    pub(super) fn expect(&mut self, sign: char) -> Parsed<()> {
        let (token, at) = self.next(&format!("`{sign}` is expected"))?;
        if token == Token::Sign(sign) { Ok(()) } else { self.error(at, format!("`{sign}` is expected")) }
    }

    /// The next token, which has to be a word, and where it stands.
    pub(super) fn word(&mut self, expected: &str) -> Parsed<(&'s str, usize)> {
        match self.next(expected)? {
            (Token::Word(word), at) => Ok((word, at)),
            (_, at) => self.error(at, expected),
        }
    }

    /// Moves past `name:`, if it is what comes next.
    pub(super) fn named(&mut self) -> Option<&'s str> {
        let Some(Token::Word(name)) = self.peek() else { return None };
        let (colon, _) = self.tokens.get(self.at + 1)?;
        (*colon == Token::Sign(':')).then(|| {
            self.at += 2;
            name
        })
    }

    /// The place of the next token, for `spelled_from`.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The source of the tokens from a place up to the next one.
    pub(super) fn spelled_from(&self, place: usize) -> &'s str {
        let start = |place: usize| self.tokens.get(place).map_or(self.end, |(_, at)| *at);
        self.source.get(start(place)..start(self.at)).unwrap_or_default().trim_end()
    }

    /// Refuses whatever is left.
    pub(super) fn finish(&self) -> Parsed<()> {
        match self.tokens.get(self.at) {
            Some((token, at)) => self.unexpected(*token, *at),
            None => Ok(()),
        }
    }

    /// Moves past whatever is left.
    pub(super) fn skip_rest(&mut self) {
        self.at = self.tokens.len();
    }

    /// Notes that the name of a variable comes from a value, so that it may be any.
    pub(super) fn reach_all(&mut self) {
        self.reaches_all = true;
    }

    pub(super) fn reaches_all(&self) -> bool {
        self.reaches_all
    }
}
