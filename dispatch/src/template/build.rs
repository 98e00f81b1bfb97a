//! Builds the parts of a template from its tags: each block with its contents.
//!
//! Invariant: a finished template has every block closed, no deeper than `DEEPEST_BLOCK`, which bounds the stack of a render
//! and of a drop.

use std::sync::Arc;

use super::condition::Condition;
use super::expression::{Chain, Expression};
use super::node::{Arm, ForHead, Node, Test, Writing};
use super::parser::{Parsed, Parser};
use super::token::{Token, is_word};
use super::{Escape, TemplateError};

const DEEPEST_BLOCK: usize = 16;

/// Parts under construction.
pub(super) struct Builder<'s> {
    source: &'s str,
    /// The parts of the template itself, and those within each open block.
    bodies: Vec<Vec<Node>>,
    open: Vec<Open>,
}

/// A block that is open.
struct Open {
    name: &'static str,
    at: usize,
    block: Block,
    has_else: bool,
}

enum Block {
    If { test: Option<Test>, done: Vec<(Option<Test>, Vec<Node>)> },
    Case { value: Expression, wanted: Option<Wanted>, done: Vec<Arm> },
    For { head: ForHead, body: Option<Vec<Node>> },
    Capture { name: Arc<str> },
}

/// The values for which an arm of a `case` is taken; none before the first `when`.
enum Wanted {
    When(Vec<Expression>),
    Else,
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, bodies: vec![Vec::new()], open: Vec::new() }
    }

    pub(super) fn text(&mut self, text: Arc<str>) {
        self.push(Node::Text(text));
    }

    /// An output, which begins at a byte of the source.
    pub(super) fn output(&mut self, parser: &mut Parser<'_>, escape: Escape) -> Parsed<()> {
        let chain = Chain::parse(parser)?;
        parser.finish()?;
        let writing = match (escape, chain.last_filter()) {
            (Escape::None, _) => Writing::Plain,
            (Escape::Html, Some("raw")) => Writing::Raw,
            (Escape::Html, Some("escape" | "escape_once")) => Writing::Escaped,
            (Escape::Html, _) => Writing::Escape,
        };
        self.push(Node::Output { chain, writing });
        Ok(())
    }

    /// A tag, whose name stands at a byte of the source.
    pub(super) fn tag(&mut self, name: &str, at: usize, parser: &mut Parser<'_>) -> Parsed<()> {
        match name {
            "if" | "unless" => {
                let (name, wanted) = if name == "if" { ("if", true) } else { ("unless", false) };
                let test = Test { condition: Condition::parse(parser)?, wanted };
                self.open(name, at, Block::If { test: Some(test), done: Vec::new() })?;
            }
            "case" => {
                let value = Expression::parse(parser)?;
                self.open("case", at, Block::Case { value, wanted: None, done: Vec::new() })?;
            }
            "for" => {
                let head = ForHead::parse(parser)?;
                self.open("for", at, Block::For { head, body: None })?;
            }
            "capture" => {
                let name = captured(parser)?;
                self.open("capture", at, Block::Capture { name })?;
            }
            "elsif" | "when" | "else" => self.part(name, at, parser)?,
            "endif" => self.close("if", name, at)?,
            "endunless" => self.close("unless", name, at)?,
            "endcase" => self.close("case", name, at)?,
            "endfor" => self.close("for", name, at)?,
            "endcapture" => self.close("capture", name, at)?,
            "assign" => {
                let name = Arc::from(parser.word("a name is expected")?.0);
                parser.expect('=')?;
                let chain = Chain::parse(parser)?;
                self.push(Node::Assign { name, chain });
            }
            "break" | "continue" => {
                if !self.open.iter().any(|open| open.name == "for") {
                    return parser.error(at, format!("`{name}` stands outside of a `for`"));
                }
                self.push(if name == "break" { Node::Break } else { Node::Continue });
            }
            _ => return parser.error(at, format!("unknown tag `{name}`")),
        }
        parser.finish()
    }

    /// The parts of the whole template.
    pub(super) fn finish(mut self) -> Parsed<Vec<Node>> {
        match self.open.last() {
            Some(open) => {
                Err(TemplateError::at(self.source, open.at, format!("`{}` is never closed", open.name)))
            }
            None => Ok(self.bodies.pop().unwrap_or_default()),
        }
    }

    fn push(&mut self, node: Node) {
        self.bodies.last_mut().expect("the template's own parts").push(node);
    }

    /// Takes the parts that stand in the innermost block so far.
    fn taken(&mut self) -> Vec<Node> {
        std::mem::take(self.bodies.last_mut().expect("the template's own parts"))
    }

    fn open(&mut self, name: &'static str, at: usize, block: Block) -> Parsed<()> {
        if self.open.len() >= DEEPEST_BLOCK {
            let message = format!("blocks may nest at most {DEEPEST_BLOCK} deep");
            return Err(TemplateError::at(self.source, at, message));
        }
        self.open.push(Open { name, at, block, has_else: false });
        self.bodies.push(Vec::new());
        Ok(())
    }

    /// An `else`, `elsif` or `when`: only in the block that has one, and before its `else`.
    fn part(&mut self, name: &str, at: usize, parser: &mut Parser<'_>) -> Parsed<()> {
        let body = self.taken();
        let misplaced = format!("`{name}` belongs to no block here");
        let Some(open) = self.open.last_mut().filter(|open| !open.has_else) else {
            return parser.error(at, misplaced);
        };
        open.has_else = name == "else";
        match (name, &mut open.block) {
            ("elsif", Block::If { test, done }) => {
                let next = Test { condition: Condition::parse(parser)?, wanted: true };
                done.push((test.replace(next), body));
            }
            ("else", Block::If { test, done }) => {
                // Liquid has always let `else` go by with more behind it.
                parser.skip_rest();
                done.push((test.take(), body));
            }
            ("when" | "else", Block::Case { wanted, done, .. }) => {
                let next = if name == "when" { Wanted::When(alternatives(parser)?) } else { Wanted::Else };
                if let Some(Wanted::When(values)) = wanted.replace(next) {
                    done.push((Some(values), body));
                }
            }
            ("else", Block::For { body: rounds, .. }) => *rounds = Some(body),
            _ => return parser.error(at, misplaced),
        }
        Ok(())
    }

    fn close(&mut self, opener: &str, name: &str, at: usize) -> Parsed<()> {
        let message = match self.open.last() {
            Some(open) if open.name == opener => None,
            Some(open) => Some(format!("`{name}` cannot close `{}`", open.name)),
            None => Some(format!("`{name}` closes nothing")),
        };
        if let Some(message) = message {
            return Err(TemplateError::at(self.source, at, message));
        }
        let (body, open) = (self.bodies.pop().unwrap_or_default(), self.open.pop().expect("it is open"));
        let node = match open.block {
            Block::If { test, mut done } => {
                done.push((test, body));
                Node::If { branches: done }
            }
            Block::Case { value, wanted, mut done } => {
                match wanted {
                    Some(Wanted::When(values)) => done.push((Some(values), body)),
                    Some(Wanted::Else) => done.push((None, body)),
                    None => {}
                }
                Node::Case { value, arms: done }
            }
            Block::For { head, body: None } => Node::For { head, body, otherwise: Vec::new() },
            Block::For { head, body: Some(rounds) } => Node::For { head, body: rounds, otherwise: body },
            Block::Capture { name } => Node::Capture { name, body },
        };
        self.push(node.without_blanks());
        Ok(())
    }
}

/// The name of a `capture`, which may stand in quotes: what else is in them does not count.
fn captured(parser: &mut Parser<'_>) -> Parsed<Arc<str>> {
    const EXPECTED: &str = "a name is expected";
    let Some(Token::Text(text)) = parser.peek() else {
        return Ok(Arc::from(parser.word(EXPECTED)?.0));
    };
    let (_, at) = parser.next(EXPECTED)?;
    let in_name = |char: char| is_word(char) || matches!(char, '.' | '[' | ']');
    match text.split(|char| !in_name(char)).find(|name| !name.is_empty()) {
        Some(name) => Ok(Arc::from(name)),
        None => parser.error(at, EXPECTED),
    }
}

/// The values of a `when`.
fn alternatives(parser: &mut Parser<'_>) -> Parsed<Vec<Expression>> {
    let mut values = vec![Expression::parse(parser)?];
    while parser.take(Token::Sign(',')) || parser.take(Token::Word("or")) {
        values.push(Expression::parse(parser)?);
    }
    Ok(values)
}
