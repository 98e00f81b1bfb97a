//! Email bodies: from liquid's output to the HTML that is sent, and the check of one before it is saved.
//!
//! Invariant: no HTML leaves here without the check of its addresses.

use super::sink::Output;
use super::{
    CompiledTemplate, Escape, RenderError, RenderLimits, RenderedText, TemplateError, Variables, mjml, urls,
};

/// Longest HTML that is sent, bytes.
const LONGEST_HTML: usize = 512 * 1024;

/// The HTML of a rendered email body: MJML is turned into HTML, and addresses may only lead to `http`, `https`,
/// `mailto`, `tel`, `cid`, or stay within the message.
///
/// # Errors
/// Where a body that starts with `<mjml` is not valid MJML, or the result is longer than 512 KB.
pub fn email_html(liquid_output: &str) -> Result<String, RenderError> {
    html(liquid_output, &[])
}

impl RenderedText {
    /// As [`email_html`]; and what came out of a variable may only lead to `http`, `https` or `mailto`, and not end an
    /// attribute.
    ///
    /// # Errors
    /// As [`email_html`].
    pub fn email_html(&self) -> Result<String, RenderError> {
        html(&self.text, &self.outputs)
    }
}

fn html(liquid_output: &str, outputs: &[Output]) -> Result<String, RenderError> {
    if liquid_output.len() > LONGEST_HTML {
        return Err(RenderError::TooLarge);
    }
    let html = if mjml::is_mjml(liquid_output) {
        let (marked, mark) = urls::mark(liquid_output, outputs);
        let (html, outputs) = urls::unmark(&mjml::to_html(&marked)?, mark);
        urls::neutralise(html, &outputs)
    } else {
        urls::neutralise(liquid_output.to_owned(), outputs)
    };
    if html.len() > LONGEST_HTML { Err(RenderError::TooLarge) } else { Ok(html) }
}

/// Checks an email body before it is saved: it parses as a template, and, rendered without any variables, as MJML if it
/// is MJML.
///
/// # Errors
/// With line and column, where they can be told.
pub fn check_email_body(source: &str) -> Result<(), TemplateError> {
    let template = CompiledTemplate::parse(source, Escape::Html)?;
    // A filter may well refuse to run on nothing; that is no fault of the template.
    let limits = RenderLimits { steps: 100_000, ..RenderLimits::default() };
    let Ok(rendered) = template.render(&Variables::default(), &limits) else { return Ok(()) };
    if !mjml::is_mjml(&rendered.text) {
        return Ok(());
    }
    mjml::check_syntax(&rendered.text).map_err(|(error, place)| match place {
        // Without liquid in it, the rendered text is the source.
        Some(byte) if rendered.text == source => TemplateError::at(source, byte, error.to_string()),
        _ => TemplateError::whole(error.to_string()),
    })
}
