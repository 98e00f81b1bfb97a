//! The plain alternative of an email: what a reader of its HTML sees, as text.
//!
//! html5gum cuts the HTML into tokens as a browser does; no tree is built of them, so time and memory stay in proportion
//! to the HTML, however it nests ([ADR 23](../../../../docs/adr/0023-plain-text-from-tokens.md)). Invariant: no letter, joiner or
//! mark of direction that is shown is lost, and nothing that is hidden is told.

mod attributes;
mod element;
mod list;
mod media;
mod page;
mod selector;
mod sheet;
mod style;
mod tag;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};

use self::attributes::Attributes;
use self::element::Elements;
use self::page::Page;
use self::sheet::Sheet;

/// The readable text of an HTML email: paragraphs, lists, the addresses that links lead to, what stands for images.
pub fn plain_text(html: &str) -> String {
    let mut page = Page::default();
    let mut elements = Elements::new(sheet_of(html));
    read(html, |token| match token {
        Token::AttributeOf(attributes, name, value) => attributes.set(name, value, elements.asked_for()),
        Token::Start(name, attributes) => elements.open(name, std::mem::take(attributes), &mut page),
        Token::End(name) => elements.close(name, &mut page),
        Token::Text(text) => elements.text(&String::from_utf8_lossy(text), &mut page),
        Token::Comment(comment) => elements.comment(comment),
    });
    elements.end(&mut page);
    page.into_text()
}

/// The rules of all style sheets, wherever they stand: they count for what is before them too.
fn sheet_of(html: &str) -> Sheet {
    let mut sheet = Sheet::default();
    let names_style = |at: usize| {
        html.as_bytes().get(at + 1..at + 6).is_some_and(|name| name.eq_ignore_ascii_case(b"style"))
    };
    if !html.match_indices('<').any(|(at, _)| names_style(at)) {
        return sheet;
    }
    let mut is_read = false;
    read(html, |token| match token {
        Token::AttributeOf(attributes, name, value) => attributes.set(name, value, &[]),
        Token::Start(name, attributes) => {
            let kind = attributes.get("type").trim();
            let is_css = kind.is_empty() || kind.eq_ignore_ascii_case("text/css");
            is_read = name == b"style" && is_css && media::holds(attributes.get("media"));
        }
        Token::Text(css) if is_read => sheet.read(&String::from_utf8_lossy(css)),
        Token::End(_) => is_read = false,
        Token::Text(_) | Token::Comment(_) => {}
    });
    sheet
}

/// A part of HTML.
enum Token<'t> {
    /// One of the attributes of the element that begins.
    AttributeOf(&'t mut Attributes, &'t [u8], &'t [u8]),
    Start(&'t [u8], &'t mut Attributes),
    End(&'t [u8]),
    Text(&'t [u8]),
    Comment(&'t [u8]),
}

/// Hands on the parts of HTML as a browser without scripts cuts them.
fn read(html: &str, mut take: impl FnMut(Token<'_>)) {
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
                take(Token::AttributeOf(&mut attributes, name, b""));
            }
            CallbackEvent::AttributeValue { value } => {
                take(Token::AttributeOf(&mut attributes, &attribute, value));
            }
            CallbackEvent::CloseStartTag { .. } => {
                take(Token::Start(&name, &mut attributes));
                return (name == b"noscript").then_some(());
            }
            CallbackEvent::EndTag { name } => take(Token::End(name)),
            CallbackEvent::String { value } => take(Token::Text(value)),
            CallbackEvent::Comment { value } => take(Token::Comment(value)),
            CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None
    });
    emitter.naively_switch_states(true);
    let mut tokens = Tokenizer::new_with_emitter(html, emitter);
    while let Some(Ok(())) = tokens.next() {
        // Where no scripts run, what stands for them is HTML.
        tokens.set_state(State::Data);
    }
}
