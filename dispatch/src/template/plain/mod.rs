//! The plain alternative of an email: what a reader of its HTML sees, as text.
//!
//! html5gum cuts the HTML into tokens as a browser does; no tree is built of them, so time and memory stay in proportion
//! to the HTML, however it nests ([ADR 23](../../../../docs/adr/0023-plain-text-from-tokens.md)). Invariant: no letter, joiner or
//! mark of direction that is shown is lost, and nothing that is hidden is told.

mod element;
mod page;
mod style;
mod tag;

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use self::element::{Attributes, Elements};
use self::page::Page;

/// The readable text of an HTML email: paragraphs, lists, the addresses that links lead to, what stands for images.
pub fn plain_text(html: &str) -> String {
    let mut page = Page::default();
    let mut elements = Elements::default();
    let mut name = Vec::new();
    let mut attribute = Vec::new();
    let mut attributes = Attributes::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        match event {
            CallbackEvent::OpenStartTag { name: opened } => {
                name.clear();
                name.extend_from_slice(opened);
                attribute.clear();
                attributes = Attributes::default();
            }
            CallbackEvent::AttributeName { name } => {
                attribute.clear();
                attribute.extend_from_slice(name);
                attributes.set(name, b"");
            }
            CallbackEvent::AttributeValue { value } => attributes.set(&attribute, value),
            CallbackEvent::CloseStartTag { .. } => {
                elements.open(&name, &std::mem::take(&mut attributes), &mut page);
            }
            CallbackEvent::EndTag { name } => elements.close(name, &mut page),
            CallbackEvent::String { value } => elements.text(&String::from_utf8_lossy(value), &mut page),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    match Tokenizer::new_with_emitter(html, emitter).finish() {
        Ok(()) => {}
        Err(never) => match never {},
    }
    elements.end(&mut page);
    page.into_text()
}
