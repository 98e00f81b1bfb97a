//! A template from source to text: scan, parse, render.
//!
//! Invariant: neither step takes longer or more memory than its limits say, whatever the source and the variables are,
//! and a panic below ends as an error here.

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use liquid_core::{Language, Renderable, Template};
use liquid_lib::stdlib;
use serde_json::{Map, Value as Json};

use super::blocks::{CaptureBlock, ForBlock, MarkTag, Output, Sink, TextTag};
use super::meter::Meter;
use super::runtime::Root;
use super::scan::{Scanned, scan};
use super::{Escape, RenderError, RenderLimits, TemplateError, filters, variables};

/// A template that parsed. Cheap to share in an `Arc` between threads.
pub struct CompiledTemplate {
    template: Template,
    names: Arc<HashSet<String>>,
}

/// What a render gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// The text.
    pub text: String,
    /// Dotted names of the variables that were asked for and not there, as first met, each once, at most 32.
    pub missing: Vec<String>,
    /// What came out of variables, in HTML.
    pub(super) outputs: Vec<Output>,
}

impl CompiledTemplate {
    /// Parses a source of at most 64 KB.
    ///
    /// # Errors
    /// With the place in the source, where one place is at fault.
    pub fn parse(source: &str, escape: Escape) -> Result<Self, TemplateError> {
        let scanned = scan(source, escape)?;
        let language = language(&scanned);
        let parsed = catch_unwind(AssertUnwindSafe(|| liquid_core::parser::parse(&scanned.code, &language)));
        match parsed {
            Ok(Ok(elements)) => {
                Ok(Self { template: Template::new(elements), names: Arc::new(scanned.names) })
            }
            Ok(Err(error)) => Err(explain(source, &scanned, &language, &error)),
            Err(_) => Err(TemplateError::whole("the template cannot be parsed")),
        }
    }

    /// Renders with these variables. An object written out whole has its keys in no fixed order; all else repeats.
    ///
    /// # Errors
    /// Where a limit is passed or a filter or tag cannot take a value; never for a missing variable.
    pub fn render(
        &self,
        variables: &Map<String, Json>,
        limits: &RenderLimits,
    ) -> Result<RenderedText, RenderError> {
        let named = variables::named(variables, &self.names, limits.variable_bytes)?;
        let meter = Rc::new(Meter::new(limits.clone(), Arc::clone(&self.names)));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let root = Root::new(&named, &meter);
            let mut sink = Sink::new(&meter, limits.output_bytes);
            self.template.render_to(&mut sink, &root).map(|()| sink.into_parts())
        }));
        let unexplained = || RenderError::Failed { reason: "a tag cannot take one of its values".to_owned() };
        match (meter.verdict(), outcome) {
            (Some(stopped), _) => Err(stopped),
            (None, Ok(Ok((text, outputs)))) => {
                Ok(RenderedText { text, missing: meter.take_missing(), outputs })
            }
            (None, Ok(Err(_)) | Err(_)) => Err(unexplained()),
        }
    }
}

impl fmt::Debug for CompiledTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CompiledTemplate").finish_non_exhaustive()
    }
}

/// The tags, blocks and filters that a template has.
fn language(scanned: &Scanned) -> Language {
    let mut language = Language::empty();
    let texts: Arc<[Arc<str>]> = scanned.texts.iter().cloned().collect();
    language.tags.register("text".to_owned(), TextTag(texts).into());
    language.tags.register("mark".to_owned(), MarkTag.into());
    language.tags.register("assign".to_owned(), stdlib::AssignTag.into());
    language.tags.register("break".to_owned(), stdlib::BreakTag.into());
    language.tags.register("continue".to_owned(), stdlib::ContinueTag.into());
    language.blocks.register("if".to_owned(), stdlib::IfBlock.into());
    language.blocks.register("unless".to_owned(), stdlib::UnlessBlock.into());
    language.blocks.register("case".to_owned(), stdlib::CaseBlock.into());
    language.blocks.register("for".to_owned(), ForBlock.into());
    language.blocks.register("capture".to_owned(), CaptureBlock.into());
    filters::register(&mut language);
    language
}

/// Turns liquid's error text into a place of the source and a message.
fn explain(
    source: &str,
    scanned: &Scanned,
    language: &Language,
    error: &liquid_core::Error,
) -> TemplateError {
    let text = error.to_string();
    let place = text.lines().find_map(|line| {
        let (line, column) = line
            .trim_start()
            .trim_start_matches("liquid:")
            .trim_start()
            .strip_prefix("--> ")?
            .split_once(':')?;
        Some((line.parse::<usize>().ok()?, column.trim().parse::<usize>().ok()?))
    });
    if let Some((line, column)) = place {
        let detail = text.lines().find_map(|line| line.trim_start().strip_prefix("= "));
        let message = detail.map_or("this tag cannot be parsed", |detail| detail.trim_end_matches('.'));
        return TemplateError::at(source, scanned.source_of(line, column), message);
    }
    let message = text.lines().next().unwrap_or_default().trim_start_matches("liquid:").trim();
    // Faults of a filter's arguments carry no place: the first output tag that fails alone is the one.
    let culprit = scanned
        .outputs
        .iter()
        .find(|piece| liquid_core::parser::parse(&scanned.code[piece.code..piece.end], language).is_err());
    match culprit {
        Some(piece) => TemplateError::at(source, piece.source, message),
        None => TemplateError::whole(message),
    }
}
