//! A template from source to text: scan, parse, render.
//!
//! Invariant: neither step takes longer or more memory than its limits say, whatever the source and the variables are,
//! and a panic below ends as an error here.

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::meter::{Meter, weigh};
use super::node::{self, Node};
use super::scan::scan;
use super::scope::Scope;
use super::sink::{Output, Sink};
use super::{Escape, RenderError, RenderLimits, TemplateError, Variables};

/// A template that parsed. Cheap to share in an `Arc` between threads.
pub struct CompiledTemplate {
    nodes: Vec<Node>,
    names: Arc<HashSet<String>>,
    reaches_all: bool,
}

/// The result of a render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// The text.
    pub text: String,
    /// Dotted names of the variables that were asked for and not there, as first met, each once, at most 32.
    pub missing: Vec<String>,
    /// The places of outputs, in HTML.
    pub(super) outputs: Vec<Output>,
}

impl CompiledTemplate {
    /// Parses a source of at most 64 KB.
    ///
    /// # Errors
    /// Has the place in the source, if one place is at fault.
    pub fn parse(source: &str, escape: Escape) -> Result<Self, TemplateError> {
        let scanned = catch_unwind(|| scan(source, escape))
            .unwrap_or_else(|_| Err(TemplateError::whole("the template cannot be parsed")))?;
        let names = Arc::new(scanned.names);
        Ok(Self { nodes: scanned.nodes, names, reaches_all: scanned.reaches_all })
    }

    /// Renders with these variables, the same each time.
    ///
    /// # Errors
    /// A limit is passed, or a number cannot be calculated; never a missing variable or one of another kind.
    pub fn render(&self, variables: &Variables, limits: &RenderLimits) -> Result<RenderedText, RenderError> {
        self.weigh(variables, limits.variable_bytes)?;
        let meter = Meter::new(limits.clone(), Arc::clone(&self.names));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut scope = Scope::new(variables.object(), &meter);
            let mut sink = Sink::new(&meter, limits.output_bytes);
            node::render(&self.nodes, &mut sink, &mut scope).map(|_| sink.into_parts())
        }));
        let (text, outputs) = outcome
            .unwrap_or_else(|_| Err(RenderError::Failed { reason: "it cannot be rendered".to_owned() }))?;
        Ok(RenderedText { text, missing: meter.take_missing(), outputs })
    }

    /// Bounds the variables that the template can reach.
    fn weigh(&self, variables: &Variables, most: usize) -> Result<(), RenderError> {
        let mut left = most;
        for (name, value) in variables.object().members() {
            if self.reaches_all || self.names.contains(&**name) {
                left = left.checked_sub(weigh(value, left)).ok_or(RenderError::TooLarge)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CompiledTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CompiledTemplate").finish_non_exhaustive()
    }
}
