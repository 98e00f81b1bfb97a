//! MJML to HTML within bounds: what would nest too deep or grow too large is refused before the MJML library sees it.
//!
//! Invariant: the bounds are taken from the same tokens that the library parses, so neither can be told another depth.
//! No include is ever loaded.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use htmlparser::{ElementEnd, Token, Tokenizer};
use mrml::prelude::parser::noop_loader::NoopIncludeLoader;
use mrml::prelude::parser::{self, ParserOptions};
use mrml::prelude::render::RenderOptions;

use super::RenderError;
use super::plain::tag_length;

/// Longest MJML, bytes.
const LONGEST: usize = 256 * 1024;
const DEEPEST: usize = 40;
const MOST_CAROUSEL_IMAGES: usize = 24;
/// What one element turns into at most, beside the attributes it has and inherits, bytes.
const ELEMENT: usize = 2_048;
/// Most bytes of HTML that the elements may be expected to turn into.
const MOST_EXPECTED: usize = 6 * 1024 * 1024;

/// Whether a body is MJML: its first element is `mjml`.
pub(super) fn is_mjml(body: &str) -> bool {
    let mut rest = body.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        match comment.split_once("-->") {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<mjml"))
        && rest[5..].starts_with(|char: char| char.is_whitespace() || matches!(char, '>' | '/'))
}

/// Turns MJML into HTML.
pub(super) fn to_html(mjml: &str) -> Result<String, RenderError> {
    let mjml = &shield(mjml);
    let rendered = catch_unwind(AssertUnwindSafe(|| {
        check(mjml)?;
        let parsed = parse(mjml)?;
        parsed.render(&RenderOptions::default()).map_err(|_| invalid("it cannot be rendered"))
    }));
    rendered.unwrap_or_else(|_| Err(invalid("it cannot be rendered")))
}

/// Whether MJML parses, without rendering it. The byte is where, if the library says so.
pub(super) fn check_syntax(mjml: &str) -> Result<(), (RenderError, Option<usize>)> {
    let mjml = &shield(mjml);
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        check(mjml).map_err(|error| (error, None))?;
        mrml::parse_with_options(mjml, &options())
            .map(|_| ())
            .map_err(|error| (describe(&error), place(&error)))
    }));
    parsed.unwrap_or_else(|_| Err((invalid("it cannot be parsed"), None)))
}

/// Moves bare `>` in text away from letters beyond ASCII: the library's tokenizer looks two bytes back
/// from it and panics where that is inside a letter. It becomes a reference, in style sheets a `>` with more blanks.
fn shield(mjml: &str) -> Cow<'_, str> {
    let (mut safe, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(found) = mjml[at..].find('<') {
        let tag = at + found;
        let rest = &mjml[tag..];
        let length = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else {
            tag_length(&rest[1..]).map(|end| end + 2)
        };
        let Some(length) = length else { break };
        let text = tag + length;
        at = mjml[text..].find('<').map_or(mjml.len(), |next| text + next);
        let cuts = mjml[text..at]
            .find('>')
            .is_some_and(|arrow| !mjml.is_char_boundary(text + arrow.saturating_sub(2)));
        if cuts {
            let style = rest.starts_with("<mj-style") || rest.starts_with("<style");
            safe.push_str(&mjml[kept..text]);
            safe.push_str(&mjml[text..at].replace('>', if style { "  >" } else { "&gt;" }));
            kept = at;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(mjml);
    }
    safe.push_str(&mjml[kept..]);
    Cow::Owned(safe)
}

fn parse(mjml: &str) -> Result<mrml::mjml::Mjml, RenderError> {
    mrml::parse_with_options(mjml, &options()).map(|parsed| parsed.element).map_err(|error| describe(&error))
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

fn place(error: &parser::Error) -> Option<usize> {
    match error {
        parser::Error::UnexpectedElement { position, .. }
        | parser::Error::UnexpectedToken { position, .. }
        | parser::Error::MissingAttribute { position, .. }
        | parser::Error::InvalidAttribute { position, .. }
        | parser::Error::InvalidFormat { position, .. }
        | parser::Error::IncludeLoaderError { position, .. } => Some(position.start),
        parser::Error::EndOfStream { .. }
        | parser::Error::SizeLimit { .. }
        | parser::Error::ParserError { .. }
        | parser::Error::NoRootNode => None,
    }
}

/// Bounds depth and growth. An element can repeat its own attributes, those of its parent, and the head's defaults.
fn check(mjml: &str) -> Result<(), RenderError> {
    let complex = |reason| Err(RenderError::MjmlTooComplex { reason });
    if mjml.len() > LONGEST {
        return complex("it is longer than 256 KB");
    }
    let (mut depth, mut elements, mut images, mut void) = (0_usize, 0_usize, 0_usize, false);
    let (mut element, mut largest, mut defaults, mut in_defaults) = (0_usize, 0_usize, 0_usize, false);
    for token in Tokenizer::from(mjml) {
        // What the tokenizer stumbles over, the library stumbles over too.
        let Ok(token) = token else { break };
        match token {
            Token::ElementStart { local, .. } => {
                let name = local.as_str();
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

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];
