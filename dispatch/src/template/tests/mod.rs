//! The laws of the template engine; hostile templates have a binary of their own, `tests/template_hostile.rs`.

mod dates;
mod email;
mod errors;
mod filters;
mod fuzz;
mod hidden;
mod kinds;
mod kinds_of_tags;
mod language;
mod mails;
mod missing;
mod mjml;
mod names;
mod numbers;
mod plain;
mod shopify;

use serde_json::Value;

use super::{CompiledTemplate, Escape, RenderError, RenderLimits, RenderedText, Variables, plain_text};

#[expect(clippy::needless_pass_by_value, reason = "callers make it for this alone")]
fn variables(json: Value) -> Variables {
    sent(&json.to_string())
}

/// Variables as a caller writes them.
fn sent(json: &str) -> Variables {
    Variables::read(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn try_render(source: &str, escape: Escape, json: Value) -> Result<RenderedText, RenderError> {
    let template =
        CompiledTemplate::parse(source, escape).unwrap_or_else(|error| panic!("{source}: {error}"));
    template.render(&variables(json), &RenderLimits::default())
}

fn render(source: &str, json: Value) -> String {
    try_render(source, Escape::None, json).unwrap_or_else(|error| panic!("{source}: {error}")).text
}

fn render_html(source: &str, json: Value) -> String {
    try_render(source, Escape::Html, json).unwrap_or_else(|error| panic!("{source}: {error}")).text
}

/// The text, or the error, of variables as a caller writes them.
fn with(source: &str, json: &str) -> String {
    let template =
        CompiledTemplate::parse(source, Escape::None).unwrap_or_else(|error| panic!("{source}: {error}"));
    match template.render(&sent(json), &RenderLimits::default()) {
        Ok(rendered) => rendered.text,
        Err(error) => error.to_string(),
    }
}

/// Holds the plain text of each HTML to what it should read.
fn reads(table: &[(&str, &str)]) {
    for (html, expected) in table {
        assert_eq!(plain_text(html), *expected, "{html}");
    }
}
