//! Tenants' templates: liquid for every channel, HTML or MJML for email bodies.
//!
//! Invariant: a template is hostile until shown otherwise. Parsing or rendering one costs at most 100 ms and 16 MB,
//! cannot panic out of here, and reaches nothing but the variables it is given.
//! To add a filter: one line in `filters::KNOWN`, and a line in the table of `tests::filters`.

mod blocks;
mod compile;
mod email;
mod entity;
mod error;
mod filters;
mod meter;
mod mjml;
mod plain;
mod runtime;
mod scan;
mod urls;
mod variables;

#[cfg(test)]
mod tests;

pub use self::compile::{CompiledTemplate, RenderedText};
pub use self::email::{check_email_body, email_html};
pub use self::error::{RenderError, TemplateError};
pub use self::meter::RenderLimits;
pub use self::plain::plain_text;

/// How the output of `{{ }}` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is: subjects, SMS, push.
    None,
    /// With HTML's special characters escaped, unless the chain ends in `| raw`: bodies of emails.
    Html,
}
