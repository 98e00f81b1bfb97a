//! What can go wrong with a template, on save and on render.
//!
//! Invariant: neither error ever quotes a variable's value, since both are written into records that are not sealed.

/// Why a template cannot be saved, with the place in the source as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(*.line, *.column))]
pub struct TemplateError {
    /// Line of the fault, from 1; `None` where no single place is at fault.
    pub line: Option<u32>,
    /// Column of the fault in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong, for the template's author.
    pub message: String,
}

impl TemplateError {
    /// A fault of the template as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self { line: None, column: None, message: message.into() }
    }

    /// A fault at a byte of the source.
    pub(super) fn at(source: &str, byte: usize, message: impl Into<String>) -> Self {
        let byte = source.floor_char_boundary(byte);
        let before = &source[..byte];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line: u32::try_from(line).ok(), column: u32::try_from(column).ok(), message: message.into() }
    }
}

fn place(line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        (None, _) => String::new(),
    }
}

/// Why a template that parsed gave no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The render used up its steps: an endless or hugely nested loop, or filters over large values.
    #[error("the template takes more steps than one render may")]
    TooManySteps,
    /// The text, a value in between or the variables outgrew their limit.
    #[error("the text or a value of the template is larger than one render may make")]
    TooLarge,
    /// A filter cannot calculate a number, or the render failed inside.
    #[error("the template failed: {reason}")]
    Failed {
        /// Which filter, and why.
        reason: String,
    },
    /// The body is no valid MJML.
    #[error("the body is not valid MJML: {reason}")]
    InvalidMjml {
        /// The fault, in words of our own.
        reason: String,
    },
    /// The MJML nests too deep or would grow too large as HTML.
    #[error("the MJML of the body is too deep or too large: {reason}")]
    MjmlTooComplex {
        /// Which bound it passes.
        reason: &'static str,
    },
}

impl RenderError {
    /// The stable code that is recorded with the delivery.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooManySteps => "too_many_steps",
            Self::TooLarge => "too_large",
            Self::Failed { .. } => "render_failed",
            Self::InvalidMjml { .. } => "invalid_mjml",
            Self::MjmlTooComplex { .. } => "mjml_too_complex",
        }
    }
}
