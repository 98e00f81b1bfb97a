//! MJML to HTML within bounds: what would nest too deep or grow too large is refused before the MJML library sees it.
//!
//! Invariant: the bounds are taken from the same tokens that the library parses, so neither can be told another depth.
//! No include is ever loaded.

mod elements;
mod misplaced;
mod piece;
mod prepare;

use std::panic::{AssertUnwindSafe, catch_unwind};

use htmlparser::{ElementEnd, Token, Tokenizer};
use mrml::prelude::parser::noop_loader::NoopIncludeLoader;
use mrml::prelude::parser::{self, ParserOptions};
use mrml::prelude::render::RenderOptions;

use self::elements::{VOID, is_known, is_of_mjml};
pub(super) use self::misplaced::misplaced;
use super::RenderError;

/// Longest MJML, bytes.
const LONGEST: usize = 256 * 1024;
const DEEPEST: usize = 40;
const MOST_CAROUSEL_IMAGES: usize = 24;
/// What one element turns into at most, beside the attributes it has and inherits, bytes.
const ELEMENT: usize = 2_048;
/// Most bytes of HTML that the elements may be expected to turn into.
const MOST_EXPECTED: usize = 6 * 1024 * 1024;

/// Whether a body, or the source of one, is MJML: its first element is `mjml`, whatever a document may have before that.
pub(crate) fn is_mjml(body: &str) -> bool {
    names_element(&body[prologue(body)..]).is_some_and(|name| name.eq_ignore_ascii_case("mjml"))
}

/// How long what stands before the first element is: a byte order mark, blanks, comments, a declaration, a doctype.
fn prologue(body: &str) -> usize {
    let mut rest = body;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else if rest.starts_with("<?") {
            rest.find('>').map(|end| end + 1)
        } else if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
            // A doctype may declare entities in square brackets.
            let declared = rest.find('>').and_then(|end| rest[..end].find('['));
            let from =
                declared.and_then(|open| rest[open..].find(']').map(|close| open + close)).unwrap_or(0);
            rest[from..].find('>').map(|end| from + end + 1)
        } else {
            None
        };
        match end {
            Some(end) => rest = &rest[end..],
            None => return body.len() - rest.len(),
        }
    }
}

/// The name of the element that a text begins or ends at its beginning.
fn names_element(text: &str) -> Option<&str> {
    let name = text.strip_prefix('<')?;
    let name = name.strip_prefix('/').unwrap_or(name);
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<')).unwrap_or(name.len());
    Some(&name[..end])
}

/// The first element of MJML in HTML, outside of comments that nothing reads.
fn left_over(html: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        at += found;
        let rest = &html[at..];
        let is_read = rest.starts_with("<!--[") || rest.starts_with("<!-->");
        if rest.starts_with("<!--") && !is_read {
            at += rest.find("-->")?;
        } else if names_element(rest).is_some_and(is_of_mjml) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The first element in a template's source whose name begins like one of MJML's and is not one. Names that liquid makes
/// and comments are passed over.
pub(super) fn unknown_element(source: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    while let Some(found) = source[at..].find(['<', '{']) {
        at += found;
        let rest = &source[at..];
        let comment = rest.strip_prefix("{%").map(|tag| tag.trim_start_matches('-').trim_start());
        if rest.starts_with("<!--") {
            at += rest.find("-->")?;
        } else if comment.is_some_and(|tag| tag.starts_with("comment")) {
            at += rest.find("endcomment")?;
        } else if let Some(name) = names_element(rest)
            && is_of_mjml(name)
            && !name.contains('{')
            && !is_known(name)
        {
            return Some((at, name));
        }
        at += 1;
    }
    None
}

/// Why a body is not taken, and at which byte.
pub(super) struct Fault {
    pub(super) error: RenderError,
    pub(super) at: Option<usize>,
}

impl Fault {
    pub(super) fn at(at: Option<usize>, reason: &str) -> Self {
        Self { error: invalid(reason), at }
    }
}

impl From<Fault> for RenderError {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

/// Checks that no element of MJML stands in a body that is HTML.
pub(super) fn check_html(html: &str) -> Result<(), Fault> {
    match left_over(html) {
        None => Ok(()),
        Some(at) => Err(Fault::at(Some(at), "the first element has to be mjml")),
    }
}

/// Turns MJML into HTML without an element of MJML in it, or says where it is wrong.
pub(super) fn convert(mjml: &str) -> Result<String, Fault> {
    if mjml.len() > LONGEST {
        return complex("it is longer than 256 KB");
    }
    let allowed = prepare::allowed(mjml);
    let begin = prologue(&allowed.mjml);
    let prepared = prepare::prepare(allowed.mjml[begin..].trim_end());
    rendered(&prepared.mjml).map_err(|Fault { error, at }| {
        let at = at.or(prepared.broken).map(|at| allowed.before(begin + prepared.before(at)));
        Fault { error, at }
    })
}

/// What the library makes of a document that was prepared for it.
fn rendered(mjml: &str) -> Result<String, Fault> {
    let rendered = catch_unwind(AssertUnwindSafe(|| {
        check(mjml)?;
        let parsed = mrml::parse_with_options(mjml, &options()).map_err(|error| Fault {
            error: describe(&error),
            at: place(mjml, &error).or_else(|| stumbles(mjml)),
        })?;
        let options = RenderOptions { disable_comments: true, ..RenderOptions::default() };
        let rendered = parsed.element.render(&options);
        let html = rendered.map_err(|_| Fault::at(None, "it cannot be rendered"))?;
        match left_over(&html) {
            None => Ok(html),
            Some(at) => {
                let name = names_element(&html[at..]).unwrap_or_default();
                let misplaced = mjml.rfind(&format!("<{name}"));
                Err(Fault::at(misplaced, "an element of MJML stands where only HTML may"))
            }
        }
    }));
    rendered.unwrap_or_else(|_| Err(Fault::at(None, "it cannot be rendered")))
}

/// Where what the library does not tell the place of goes wrong: a token that cannot be read, or an element that is not
/// closed before another one ends.
fn stumbles(mjml: &str) -> Option<usize> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut read = 0;
    for token in Tokenizer::from(mjml) {
        let Ok(token) = token else { return Some(read) };
        // An attribute that cannot be read is its element's.
        if !matches!(token, Token::ElementStart { .. } | Token::Attribute { .. }) {
            read = token.span().end();
        }
        match token {
            Token::ElementStart { local, span, .. } => {
                read = span.start();
                open.push((local.as_str(), span.start()));
            }
            Token::ElementEnd { end: ElementEnd::Empty, .. } => drop(open.pop()),
            Token::ElementEnd { end: ElementEnd::Open, .. } => {
                open.pop_if(|(name, _)| VOID.contains(name));
            }
            Token::ElementEnd { end: ElementEnd::Close(_, local), span } => match open.pop() {
                Some((name, _)) if name == local.as_str() => {}
                Some((_, at)) => return Some(at),
                None => return Some(span.start()),
            },
            _ => {}
        }
    }
    open.last().map(|(_, at)| *at)
}

fn options() -> ParserOptions {
    ParserOptions { include_loader: Box::new(NoopIncludeLoader) }
}

fn invalid(reason: &str) -> RenderError {
    RenderError::InvalidMjml { reason: reason.to_owned() }
}

/// In our words, since the library's may quote what it read.
fn describe(error: &parser::Error) -> RenderError {
    invalid(match error {
        parser::Error::UnexpectedElement { .. } => "an element stands where it may not",
        parser::Error::UnexpectedToken { .. } => "something stands where it may not",
        parser::Error::MissingAttribute { .. } => "an attribute is missing",
        parser::Error::InvalidAttribute { .. } => "an attribute is not valid",
        parser::Error::InvalidFormat { .. } => "a value has the wrong format",
        parser::Error::EndOfStream { .. } => "an element is never closed",
        parser::Error::SizeLimit { .. } => "it is too long",
        parser::Error::ParserError { .. } => "it is not well formed",
        parser::Error::NoRootNode => "there is no mjml element",
        parser::Error::IncludeLoaderError { .. } => "mj-include is not available",
    })
}

/// The byte that an error speaks of, as far as the library tells it.
fn place(mjml: &str, error: &parser::Error) -> Option<usize> {
    let at = match error {
        parser::Error::UnexpectedElement { position, .. }
        | parser::Error::UnexpectedToken { position, .. }
        | parser::Error::MissingAttribute { position, .. }
        | parser::Error::InvalidAttribute { position, .. }
        | parser::Error::InvalidFormat { position, .. }
        | parser::Error::IncludeLoaderError { position, .. } => position.start,
        parser::Error::EndOfStream { .. }
        | parser::Error::SizeLimit { .. }
        | parser::Error::ParserError { .. }
        | parser::Error::NoRootNode => return None,
    };
    // Some speak of the name in a tag.
    let before = mjml.get(..at)?;
    Some(before.strip_suffix('<').unwrap_or(before).len())
}

fn complex<T>(reason: &'static str) -> Result<T, Fault> {
    Err(Fault { error: RenderError::MjmlTooComplex { reason }, at: None })
}

/// Bounds depth and growth, and knows every element of MJML. An element can repeat its own attributes, those of its parent,
/// and the head's defaults.
fn check(mjml: &str) -> Result<(), Fault> {
    let (mut depth, mut elements, mut images, mut void) = (0_usize, 0_usize, 0_usize, false);
    let (mut element, mut largest, mut defaults, mut in_defaults) = (0_usize, 0_usize, 0_usize, false);
    for token in Tokenizer::from(mjml) {
        // What the tokenizer stumbles over, the library stumbles over too.
        let Ok(token) = token else { break };
        match token {
            Token::ElementStart { local, span, .. } => {
                let name = local.as_str();
                if is_of_mjml(name) && !is_known(name) {
                    let reason = if is_known(&name.to_ascii_lowercase()) {
                        "elements of MJML are written in small letters"
                    } else {
                        "there is no such element of MJML"
                    };
                    return Err(Fault::at(Some(span.start()), reason));
                }
                elements += 1;
                images += usize::from(name == "mj-carousel-image");
                void = VOID.contains(&name);
                in_defaults |= name == "mj-attributes";
                element = name.len();
            }
            Token::Attribute { span, .. } => {
                element += span.as_str().len();
                if in_defaults {
                    defaults += span.as_str().len();
                } else {
                    largest = largest.max(element);
                }
            }
            Token::ElementEnd { end: ElementEnd::Open, .. } if !void => depth += 1,
            Token::ElementEnd { end: ElementEnd::Close(_, local), .. } => {
                depth = depth.saturating_sub(1);
                in_defaults &= local.as_str() != "mj-attributes";
            }
            _ => {}
        }
        if depth > DEEPEST {
            return complex("it nests more than 40 elements");
        }
    }
    if images > MOST_CAROUSEL_IMAGES {
        return complex("it has more than 24 carousel images");
    }
    // A long address stands in one element only, so what an element passes on is taken to be at most a part of it.
    let each = ELEMENT + 3 * defaults + largest.min(512) + 3 * largest.saturating_sub(512);
    if elements.saturating_mul(each) > MOST_EXPECTED {
        return complex("it has too many elements with too many attributes");
    }
    Ok(())
}
