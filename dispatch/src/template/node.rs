//! The parts of a parsed template, and how each renders.
//!
//! Invariant: every part is charged before it does anything, a range is never built, and captured text is limited while it
//! grows.

use std::sync::Arc;

use super::RenderError;
use super::condition::Condition;
use super::expression::{Chain, Expression};
use super::meter::{Meter, Result, price, weigh};
use super::parser::{Parsed, Parser};
use super::scope::{Round, Scope};
use super::sink::Sink;
use super::token::Token;
use super::value::{Object, Value};

/// Most rounds of one loop.
const MOST_ROUNDS: usize = 10_000;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Node {
    Text(Arc<str>),
    Output {
        chain: Chain,
        writing: Writing,
    },
    Assign {
        name: Arc<str>,
        chain: Chain,
    },
    Capture {
        name: Arc<str>,
        body: Vec<Node>,
    },
    /// The first branch whose condition holds; one without a condition always does.
    If {
        branches: Vec<(Option<Test>, Vec<Node>)>,
    },
    Case {
        value: Expression,
        arms: Vec<Arm>,
    },
    For {
        head: ForHead,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Break,
    Continue,
}

/// An arm of a `case`: the values for which it is taken, or none if it is the `else`; and its parts.
pub(super) type Arm = (Option<Vec<Expression>>, Vec<Node>);

/// A condition of a branch.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) condition: Condition,
    /// The result for which the branch is taken: false in an `unless`.
    pub(super) wanted: bool,
}

/// How an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// As it is, in a text that is not HTML.
    Plain,
    /// Into HTML, as it is because its chain ends in `raw`.
    Raw,
    /// Into HTML, where the chain itself escaped it.
    Escaped,
    /// Into HTML, with its special characters escaped.
    Escape,
}

/// Whether a loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Break,
    Continue,
}

/// Renders parts in order, until one of them leaves the loop around.
pub(super) fn render(nodes: &[Node], sink: &mut Sink<'_>, scope: &mut Scope<'_>) -> Result<Flow> {
    for node in nodes {
        scope.meter.spend(1)?;
        let flow = node.render(sink, scope)?;
        if flow != Flow::On {
            return Ok(flow);
        }
    }
    Ok(Flow::On)
}

impl Node {
    /// Whether it writes nothing but blanks, whatever the variables are.
    fn is_blank(&self) -> bool {
        let all = |nodes: &[Self]| nodes.iter().all(Self::is_blank);
        match self {
            Self::Text(text) => text.chars().all(|char| char.is_ascii_whitespace() || char == '\u{b}'),
            Self::Assign { .. } | Self::Capture { .. } => true,
            Self::If { branches } => branches.iter().all(|(_, body)| all(body)),
            Self::Case { arms, .. } => arms.iter().all(|(_, body)| all(body)),
            Self::For { body, otherwise, .. } => all(body) && all(otherwise),
            Self::Output { .. } | Self::Break | Self::Continue => false,
        }
    }

    /// A block without the blanks in it, if it writes nothing else: as Shopify's Liquid takes `{% if a %} {% assign b = 1 %} {% endif %}`.
    pub(super) fn without_blanks(mut self) -> Self {
        if self.is_blank() {
            let clear = |nodes: &mut Vec<Self>| nodes.retain(|node| !matches!(node, Self::Text(_)));
            match &mut self {
                Self::If { branches } => branches.iter_mut().for_each(|(_, body)| clear(body)),
                Self::Case { arms, .. } => arms.iter_mut().for_each(|(_, body)| clear(body)),
                Self::For { body, otherwise, .. } => {
                    clear(body);
                    clear(otherwise);
                }
                Self::Text(_)
                | Self::Output { .. }
                | Self::Assign { .. }
                | Self::Capture { .. }
                | Self::Break
                | Self::Continue => {}
            }
        }
        self
    }

    fn render(&self, sink: &mut Sink<'_>, scope: &mut Scope<'_>) -> Result<Flow> {
        match self {
            Self::Text(text) => sink.write(text)?,
            Self::Output { chain, writing } => output(chain, *writing, sink, scope)?,
            Self::Assign { name, chain } => {
                let value = chain.evaluate(scope)?;
                scope.assign(name, value)?;
            }
            Self::Capture { name, body } => return capture(name, body, scope),
            Self::If { branches } => {
                for (test, body) in branches {
                    let taken = match test {
                        Some(test) => test.condition.holds(scope)? == test.wanted,
                        None => true,
                    };
                    if taken {
                        return render(body, sink, scope);
                    }
                }
            }
            Self::Case { value, arms } => return case(value, arms, sink, scope),
            Self::For { head, body, otherwise } => return head.render(body, otherwise, sink, scope),
            Self::Break => return Ok(Flow::Break),
            Self::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }
}

fn output(chain: &Chain, writing: Writing, sink: &mut Sink<'_>, scope: &Scope<'_>) -> Result<()> {
    let value = chain.evaluate(scope)?;
    let weight = weigh(&value, scope.meter.limits().variable_bytes);
    scope.meter.spend(1 + price(weight))?;
    let start = sink.at();
    if writing == Writing::Escape {
        scope.meter.spend(3 * price(weight))?;
        value.each_text(&mut |text| sink.write_escaped(text))?;
    } else {
        value.each_text(&mut |text| sink.write(text))?;
    }
    match writing {
        Writing::Plain => {}
        Writing::Raw => sink.note_output(start, false),
        Writing::Escaped | Writing::Escape => sink.note_output(start, true),
    }
    Ok(())
}

/// Renders an arm once for each of its values that fits, as Shopify's Liquid does, and the `else` if none did.
fn case(value: &Expression, arms: &[Arm], sink: &mut Sink<'_>, scope: &mut Scope<'_>) -> Result<Flow> {
    let mut is_taken = false;
    for (wanted, body) in arms {
        let Some(wanted) = wanted else {
            if is_taken {
                continue;
            }
            return render(body, sink, scope);
        };
        for one in wanted {
            scope.meter.spend(1)?;
            // Once more for each, since an arm before may have assigned it.
            let value = value.evaluate(scope)?.settled();
            if one.evaluate(scope)?.equals(&value) {
                is_taken = true;
                let flow = render(body, sink, scope)?;
                if flow != Flow::On {
                    return Ok(flow);
                }
            }
        }
    }
    Ok(Flow::On)
}

/// Renders into a variable. A loop around may be left from within; what was written by then is kept.
fn capture(name: &Arc<str>, body: &[Node], scope: &mut Scope<'_>) -> Result<Flow> {
    // A quarter of what may be held at once, so that captures in captures stay within it.
    let mut sink = Sink::new(scope.meter, scope.meter.limits().held_bytes / 4);
    let flow = render(body, &mut sink, scope)?;
    let (text, _) = sink.into_parts();
    scope.assign(name, Value::text(text))?;
    Ok(flow)
}

/// `for item in list limit:n offset:n reversed`.
#[derive(Debug)]
pub(super) struct ForHead {
    name: Arc<str>,
    /// The name and the list as they are written, by which `offset: continue` finds the loop before.
    title: Arc<str>,
    list: List,
    limit: Option<Expression>,
    offset: Option<Offset>,
    is_reversed: bool,
}

#[derive(Debug)]
enum Offset {
    At(Expression),
    /// Where the last loop of this title ended.
    Continue,
}

#[derive(Debug)]
enum List {
    Value(Expression),
    Range(Expression, Expression),
}

/// The list of a loop, evaluated but for its items.
enum Items {
    Range {
        from: i64,
        length: usize,
    },
    List(Arc<[Value]>),
    Pairs(Arc<Object>),
    /// A text goes round once, whole, whatever `limit` and `offset` say.
    One(Value),
}

impl ForHead {
    pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let (name, _) = parser.word("a name is expected")?;
        let (word, at) = parser.word("`in` is expected")?;
        if word != "in" {
            return parser.error(at, "`in` is expected");
        }
        let place = parser.place();
        let list = if parser.take(Token::Sign('(')) {
            let from = Expression::parse(parser)?;
            if !parser.take(Token::Range) {
                let (_, at) = parser.next("`..` is expected")?;
                return parser.error(at, "`..` is expected");
            }
            let to = Expression::parse(parser)?;
            parser.expect(')')?;
            List::Range(from, to)
        } else {
            List::Value(Expression::parse(parser)?)
        };
        let title = Arc::from(format!("{name}-{}", parser.spelled_from(place)));
        let mut head =
            Self { name: Arc::from(name), title, list, limit: None, offset: None, is_reversed: false };
        while parser.peek().is_some() {
            parser.take(Token::Sign(','));
            let expected = "`limit`, `offset` or `reversed` is expected";
            let (word, at) = parser.word(expected)?;
            match word {
                "reversed" => head.is_reversed = true,
                "limit" => {
                    parser.expect(':')?;
                    head.limit = Some(Expression::parse(parser)?);
                }
                "offset" => {
                    parser.expect(':')?;
                    head.offset = Some(if parser.take(Token::Word("continue")) {
                        Offset::Continue
                    } else {
                        Offset::At(Expression::parse(parser)?)
                    });
                }
                _ => return parser.error(at, expected),
            }
        }
        Ok(head)
    }

    fn render(
        &self,
        body: &[Node],
        otherwise: &[Node],
        sink: &mut Sink<'_>,
        scope: &mut Scope<'_>,
    ) -> Result<Flow> {
        let meter = scope.meter;
        meter.spend(2)?;
        let items = self.items(scope)?;
        let (first, length) = self.segment(&items, scope)?;
        if length > MOST_ROUNDS {
            return Err(RenderError::TooManySteps);
        }
        if length == 0 {
            return render(otherwise, sink, scope);
        }
        for index in 0..length {
            meter.spend(2)?;
            let place = first + if self.is_reversed { length - 1 - index } else { index };
            let item = items.at(place, meter)?;
            let (name, title) = (Arc::clone(&self.name), Arc::clone(&self.title));
            scope.enter(Round { name, item, title, index, length });
            let flow = render(body, sink, scope)?;
            scope.leave();
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn items(&self, scope: &Scope<'_>) -> Result<Items> {
        let value = match &self.list {
            List::Value(expression) => expression.evaluate(scope)?.settled(),
            List::Range(from, to) => {
                // As in Ruby, an end that is not a number is zero.
                let from = from.evaluate(scope)?.as_whole().unwrap_or(0);
                let to = to.evaluate(scope)?.as_whole().unwrap_or(0);
                let length = (i128::from(to) - i128::from(from) + 1).max(0);
                return Ok(Items::Range { from, length: usize::try_from(length).unwrap_or(usize::MAX) });
            }
        };
        Ok(match value {
            Value::List(items) => Items::List(items),
            Value::Object(object) => Items::Pairs(object),
            Value::Text(text) if !text.is_empty() => Items::One(Value::Text(text)),
            _ => Items::Range { from: 0, length: 0 },
        })
    }

    /// The part of the list that is gone over: its first place and its length. Keeps where it ends.
    fn segment(&self, items: &Items, scope: &mut Scope<'_>) -> Result<(usize, usize)> {
        scope.meter.spend(price(self.title.len()))?;
        let offset = match &self.offset {
            Some(Offset::At(offset)) => whole(Some(offset), scope)?.unwrap_or(0),
            Some(Offset::Continue) => scope.end_of(&self.title),
            None => 0,
        };
        let limit = whole(self.limit.as_ref(), scope)?;
        let (first, length) = items.segment(offset, limit);
        scope.note_end(&self.title, offset.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)));
        Ok((first, length))
    }
}

impl Items {
    /// The part from an offset on: its first place and its length.
    fn segment(&self, offset: i64, limit: Option<i64>) -> (usize, usize) {
        let length = match self {
            Self::Range { length, .. } => *length,
            Self::List(items) => items.len(),
            Self::Pairs(object) => object.members().len(),
            Self::One(_) => return (0, 1),
        };
        let within = |place: i128| usize::try_from(place.max(0)).unwrap_or(usize::MAX).min(length);
        let first = within(i128::from(offset));
        let end = limit.map_or(length, |limit| within(i128::from(offset) + i128::from(limit)));
        (first, end.saturating_sub(first))
    }

    fn at(&self, place: usize, meter: &Meter) -> Result<Value> {
        Ok(match self {
            Self::Range { from, .. } => {
                let step = i64::try_from(place).unwrap_or(i64::MAX);
                Value::Number(from.saturating_add(step).into())
            }
            Self::List(items) => items[place].clone(),
            Self::Pairs(object) => {
                meter.spend(1)?;
                object.pair(place).unwrap_or(Value::Nil)
            }
            Self::One(value) => value.clone(),
        })
    }
}

/// A setting of a loop; one that is not a number counts as not given.
fn whole(setting: Option<&Expression>, scope: &Scope<'_>) -> Result<Option<i64>> {
    let value = setting.map(|setting| setting.evaluate(scope)).transpose()?;
    Ok(value.and_then(|value| value.as_whole()))
}
