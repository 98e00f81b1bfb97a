//! Tenants' templates: liquid for every channel, HTML or MJML for email bodies. Shopify's Liquid says what a template means.
//!
//! Invariant: a template is hostile until shown otherwise. Parsing or rendering one costs at most 100 ms and 16 MB,
//! cannot panic out of here, and reaches nothing but the variables it is given.
//! To add a filter: one line in `filters::KNOWN`, and a line in the table of `tests::filters`.

mod build;
mod compile;
mod condition;
mod email;
mod entity;
mod error;
mod expression;
mod filters;
mod meter;
mod mjml;
mod node;
mod number;
mod object;
mod parser;
mod plain;
mod scan;
mod scope;
mod sink;
mod strip;
mod token;
mod urls;
mod value;
mod variables;

#[cfg(test)]
mod tests;

pub use self::compile::{CompiledTemplate, RenderedText};
pub use self::email::{check_email_body, email_html};
pub use self::error::{RenderError, TemplateError};
pub use self::meter::RenderLimits;
pub(crate) use self::mjml::is_mjml;
pub use self::plain::plain_text;
pub use self::variables::Variables;

/// How the output of `{{ }}` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is: subjects, SMS, push.
    None,
    /// With HTML's special characters escaped, unless the chain ends in `| raw`: bodies of emails.
    Html,
}
