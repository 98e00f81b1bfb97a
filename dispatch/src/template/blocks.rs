//! The tags that liquid's own library cannot bound: `for`, `capture`, and the `text` that the scan puts in for text.
//!
//! Invariant: a range is never built, a loop is charged for every round, and captured text is limited while it grows.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use liquid_core::error::ResultLiquidReplaceExt;
use liquid_core::model::KString;
use liquid_core::parser::{BlockElement, TagToken, TryMatchToken};
use liquid_core::runtime::{Interrupt, InterruptRegister};
use liquid_core::{
    BlockReflection, Expression, Language, ParseBlock, ParseTag, Renderable, Result, Runtime, TagBlock,
    TagReflection, TagTokenIter, Template, Value, ValueCow, ValueView,
};

use super::RenderError;
use super::meter::{Meter, price};
use super::runtime::Round;

/// Most rounds of one loop.
const MOST_ROUNDS: usize = 10_000;

/// A writer that refuses what would pass a limit, and charges for what it takes.
pub(super) struct Sink<'m> {
    meter: &'m Meter,
    most: usize,
    taken: Vec<u8>,
}

impl<'m> Sink<'m> {
    pub(super) fn new(meter: &'m Meter, most: usize) -> Self {
        Self { meter, most, taken: Vec::new() }
    }

    /// The text, and where outputs stand in it.
    pub(super) fn into_parts(self) -> (String, Vec<Output>) {
        let mut outputs = Vec::new();
        let mut text = Vec::with_capacity(self.taken.len());
        let mut open = None;
        for byte in self.taken {
            match byte {
                Mark::ESCAPED | Mark::RAW => open = Some((text.len(), byte == Mark::ESCAPED)),
                Mark::END => {
                    if let Some((start, escaped)) = open.take()
                        && start < text.len()
                    {
                        outputs.push(Output { start, end: text.len(), escaped });
                    }
                }
                _ => text.push(byte),
            }
        }
        (String::from_utf8(text).expect("every writer of the engine writes whole strings"), outputs)
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken.len() + bytes.len() > self.most {
            self.meter.stop(RenderError::TooLarge);
            return Err(io::Error::from(io::ErrorKind::WriteZero));
        }
        self.meter.tick(price(bytes.len()));
        self.taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What one `{{ }}` became in a text, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether HTML's special characters are escaped in it.
    pub(super) escaped: bool,
}

/// `{% mark .. %}`: that the scan puts in around an output of an HTML template. It writes a byte that no text has, so
/// that no variable can.
#[derive(Clone)]
pub(super) struct MarkTag;

impl TagReflection for MarkTag {
    fn tag(&self) -> &'static str {
        "mark"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl ParseTag for MarkTag {
    fn parse(&self, mut arguments: TagTokenIter<'_>, _language: &Language) -> Result<Box<dyn Renderable>> {
        let kind = arguments.expect_next("a kind expected")?;
        match kind.as_str() {
            "escaped" => Ok(Box::new(Mark(Mark::ESCAPED))),
            "raw" => Ok(Box::new(Mark(Mark::RAW))),
            "end" => Ok(Box::new(Mark(Mark::END))),
            _ => Err(kind.raise_error()),
        }
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

#[derive(Debug)]
struct Mark(u8);

impl Mark {
    const RAW: u8 = 0xfd;
    const ESCAPED: u8 = 0xfe;
    const END: u8 = 0xff;
}

impl Renderable for Mark {
    fn render_to(&self, writer: &mut dyn Write, _runtime: &dyn Runtime) -> Result<()> {
        writer.write_all(&[self.0]).replace("cannot write")
    }
}

/// `{% text N %}`: the Nth piece of text of the source.
#[derive(Clone)]
pub(super) struct TextTag(pub(super) Arc<[Arc<str>]>);

impl TagReflection for TextTag {
    fn tag(&self) -> &'static str {
        "text"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl ParseTag for TextTag {
    fn parse(&self, mut arguments: TagTokenIter<'_>, _language: &Language) -> Result<Box<dyn Renderable>> {
        let number = arguments.expect_next("a number expected")?;
        let text = number.as_str().parse::<usize>().ok().and_then(|number| self.0.get(number));
        match text {
            Some(text) => Ok(Box::new(Text(Arc::clone(text)))),
            None => Err(number.raise_error()),
        }
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

#[derive(Debug)]
struct Text(Arc<str>);

impl Renderable for Text {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        Meter::of(runtime)?.spend(1)?;
        writer.write_all(self.0.as_bytes()).replace("cannot write")
    }
}

/// `{% capture name %}`.
#[derive(Clone)]
pub(super) struct CaptureBlock;

impl BlockReflection for CaptureBlock {
    fn start_tag(&self) -> &'static str {
        "capture"
    }

    fn end_tag(&self) -> &'static str {
        "endcapture"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl ParseBlock for CaptureBlock {
    fn parse(
        &self,
        mut arguments: TagTokenIter<'_>,
        mut block: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        let name = identifier(&mut arguments)?;
        arguments.expect_nothing()?;
        let body = Template::new(block.parse_all(language)?);
        block.assert_empty();
        Ok(Box::new(Capture { name, body }))
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

#[derive(Debug)]
struct Capture {
    name: KString,
    body: Template,
}

impl Renderable for Capture {
    fn render_to(&self, _writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let meter = Meter::of(runtime)?;
        // A quarter of what may be held at once, so that captures in captures stay within it.
        let most = meter.limits().held_bytes / 4;
        let mut sink = Sink::new(&meter, most);
        self.body.render_to(&mut sink, runtime)?;
        let (text, _) = sink.into_parts();
        meter.spend(1)?;
        runtime.set_global(self.name.clone(), Value::scalar(text));
        meter.spend(0)
    }
}

/// `{% for item in list limit:n offset:n reversed %}`.
#[derive(Clone)]
pub(super) struct ForBlock;

impl BlockReflection for ForBlock {
    fn start_tag(&self) -> &'static str {
        "for"
    }

    fn end_tag(&self) -> &'static str {
        "endfor"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl ParseBlock for ForBlock {
    fn parse(
        &self,
        mut arguments: TagTokenIter<'_>,
        mut block: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        let name = identifier(&mut arguments)?;
        arguments.expect_next("`in` expected")?.expect_str("in").into_result_custom_msg("`in` expected")?;
        let list = match arguments.expect_next("a list or a range expected")?.expect_range() {
            TryMatchToken::Matches((from, to)) => List::Range(from, to),
            TryMatchToken::Fails(token) => List::Value(token.expect_value().into_result()?),
        };
        let (mut limit, mut offset, mut reversed) = (None, None, false);
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "limit" => limit = Some(setting(&mut arguments)?),
                "offset" => offset = Some(setting(&mut arguments)?),
                "reversed" => reversed = true,
                _ => return Err(token.raise_custom_error("`limit`, `offset` or `reversed` expected")),
            }
        }
        let (mut body, mut otherwise) = (Vec::new(), None);
        while let Some(element) = block.next()? {
            match element {
                BlockElement::Tag(mut tag) if tag.name() == "else" => {
                    tag.tokens().expect_nothing()?;
                    otherwise = Some(Template::new(block.parse_all(language)?));
                    break;
                }
                element => body.push(element.parse(&mut block, language)?),
            }
        }
        block.assert_empty();
        Ok(Box::new(For { name, list, limit, offset, reversed, body: Template::new(body), otherwise }))
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

fn identifier(arguments: &mut TagTokenIter<'_>) -> Result<KString> {
    let token: TagToken<'_> = arguments.expect_next("a name expected")?;
    Ok(KString::from_ref(token.expect_identifier().into_result()?))
}

/// The `: value` of a setting such as `limit`.
fn setting(arguments: &mut TagTokenIter<'_>) -> Result<Expression> {
    arguments.expect_next("`:` expected")?.expect_str(":").into_result_custom_msg("`:` expected")?;
    arguments.expect_next("a value expected")?.expect_value().into_result()
}

#[derive(Debug)]
enum List {
    Value(Expression),
    Range(Expression, Expression),
}

struct For {
    name: KString,
    list: List,
    limit: Option<Expression>,
    offset: Option<Expression>,
    reversed: bool,
    body: Template,
    otherwise: Option<Template>,
}

impl fmt::Debug for For {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "for {} in {:?}", self.name, self.list)
    }
}

/// The list of a loop, evaluated but for its items.
enum Items<'i> {
    Range { from: i64, length: usize },
    Array(Vec<&'i dyn ValueView>),
    Pairs(Vec<Value>),
}

impl Items<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Range { length, .. } => *length,
            Self::Array(items) => items.len(),
            Self::Pairs(pairs) => pairs.len(),
        }
    }
}

impl Renderable for For {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let meter = Meter::of(runtime)?;
        meter.spend(2)?;
        let value;
        let items = match &self.list {
            List::Range(from, to) => range(&meter, from, to, runtime)?,
            List::Value(expression) => {
                value = expression.evaluate(runtime)?;
                items_of(&meter, &value)?
            }
        };
        let offset = count(&meter, self.offset.as_ref(), runtime)?.unwrap_or(0).min(items.len());
        let length =
            count(&meter, self.limit.as_ref(), runtime)?.unwrap_or(usize::MAX).min(items.len() - offset);
        if length > MOST_ROUNDS {
            return Err(meter.stop(RenderError::TooManySteps));
        }
        if length == 0 {
            return self.otherwise.as_ref().map_or(Ok(()), |body| body.render_to(writer, runtime));
        }
        for index in 0..length {
            meter.spend(2)?;
            let place = offset + if self.reversed { length - 1 - index } else { index };
            let number;
            let item: &dyn ValueView = match &items {
                Items::Range { from, .. } => {
                    let step = i64::try_from(place).expect("a place within the range");
                    number = from.saturating_add(step);
                    &number
                }
                Items::Array(items) => items[place],
                Items::Pairs(pairs) => &pairs[place],
            };
            let round = Round { parent: runtime, meter: &meter, name: &self.name, item, index, length };
            self.body.render_to(writer, &round)?;
            let interrupt = runtime.registers().get_mut::<InterruptRegister>().reset();
            if matches!(interrupt, Some(Interrupt::Break)) {
                break;
            }
        }
        meter.spend(0)
    }
}

fn range<'i>(meter: &Meter, from: &Expression, to: &Expression, runtime: &dyn Runtime) -> Result<Items<'i>> {
    let (from, to) = (from.evaluate(runtime)?, to.evaluate(runtime)?);
    if from.is_nil() || to.is_nil() {
        return Ok(Items::Range { from: 0, length: 0 });
    }
    let bound = |value: &ValueCow<'_>| value.as_scalar().and_then(|scalar| scalar.to_integer());
    match (bound(&from), bound(&to)) {
        (Some(from), Some(to)) => {
            let length = (i128::from(to) - i128::from(from) + 1).max(0);
            Ok(Items::Range { from, length: usize::try_from(length).unwrap_or(usize::MAX) })
        }
        _ => Err(meter.refuse("tag `for` takes whole numbers as the ends of a range")),
    }
}

fn items_of<'i>(meter: &Meter, value: &'i ValueCow<'_>) -> Result<Items<'i>> {
    if let Some(array) = value.as_array() {
        Ok(Items::Array(array.values().collect()))
    } else if let Some(object) = value.as_object() {
        // Objects keep no order of their own: by key, so that a render can be repeated.
        let mut entries: Vec<_> = object.iter().collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let pair = |(key, value): (_, &dyn ValueView)| {
            Value::array([Value::scalar(KString::from(key)), value.to_value()])
        };
        Ok(Items::Pairs(entries.into_iter().map(pair).collect()))
    } else if value.is_nil() || value.is_state() {
        Ok(Items::Range { from: 0, length: 0 })
    } else {
        Err(meter.refuse("tag `for` takes a list"))
    }
}

fn count(meter: &Meter, setting: Option<&Expression>, runtime: &dyn Runtime) -> Result<Option<usize>> {
    let Some(setting) = setting else { return Ok(None) };
    let value = setting.evaluate(runtime)?;
    if value.is_nil() {
        return Ok(None);
    }
    match value.as_scalar().and_then(|scalar| scalar.to_integer()) {
        Some(number) => Ok(Some(usize::try_from(number).unwrap_or(0))),
        None => Err(meter.refuse("tag `for` takes whole numbers as `limit` and `offset`")),
    }
}
