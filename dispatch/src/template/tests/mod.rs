//! The laws of the template engine; hostile templates have a binary of their own, `tests/template_hostile.rs`.

mod email;
mod errors;
mod filters;
mod fuzz;
mod language;
mod missing;

use serde_json::{Map, Value};

use super::{CompiledTemplate, Escape, RenderError, RenderLimits, RenderedText};

fn variables(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(variables) => variables,
        other => panic!("no object: {other}"),
    }
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
