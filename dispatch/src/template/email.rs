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
/// Where a body whose first element is `mjml` is not valid MJML, where an element of MJML stands in one that is HTML, or
/// where the result is longer than 512 KB.
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
        let (html, outputs) = urls::unmark(&mjml::convert(&marked)?, mark);
        urls::neutralise(html, &outputs)
    } else {
        mjml::check_html(liquid_output)?;
        urls::neutralise(liquid_output.to_owned(), outputs)
    };
    if html.len() > LONGEST_HTML { Err(RenderError::TooLarge) } else { Ok(html) }
}

/// Checks an email body before it is saved: it parses as a template, it names no element that MJML does not have, and,
/// rendered without any variables, it is valid MJML if it is MJML, and has none of its elements if it is HTML.
///
/// # Errors
/// With line and column, where they can be told.
pub fn check_email_body(source: &str) -> Result<(), TemplateError> {
    let template = CompiledTemplate::parse(source, Escape::Html)?;
    if let Some((at, name)) = mjml::unknown_element(source) {
        let name: String = name.chars().take(40).collect();
        let message = format!("the body is not valid MJML: there is no element {name}");
        return Err(TemplateError::at(source, at, message));
    }
    // A filter may well refuse to run on nothing; that is no fault of the template.
    let limits = RenderLimits { steps: 100_000, ..RenderLimits::default() };
    let rendered = template.render(&Variables::default(), &limits).map(|rendered| rendered.text);
    let is_mjml = mjml::is_mjml(rendered.as_deref().unwrap_or(source));
    if let Some((at, reason)) = mjml::misplaced(source).filter(|_| is_mjml) {
        return Err(TemplateError::at(source, at, format!("the body is not valid MJML: {reason}")));
    }
    let Ok(rendered) = rendered else { return Ok(()) };
    let Err(mjml::Fault { error, at }) = checked(&rendered, is_mjml) else { return Ok(()) };
    Err(match at.and_then(|at| source_of(source, &rendered, at)) {
        Some(at) => TemplateError::at(source, at, error.to_string()),
        None => TemplateError::whole(error.to_string()),
    })
}

fn checked(rendered: &str, is_mjml: bool) -> Result<(), mjml::Fault> {
    if !is_mjml {
        return mjml::check_html(rendered);
    }
    mjml::convert(rendered)?;
    match mjml::misplaced(rendered) {
        Some((at, reason)) => Err(mjml::Fault::at(Some(at), reason)),
        None => Ok(()),
    }
}

/// Where in the source a byte of the rendered text comes from, as far as that can be told without doubt.
fn source_of(source: &str, rendered: &str, at: usize) -> Option<usize> {
    let (before, after) = (rendered.get(..at)?, rendered.get(at..)?);
    if source.starts_with(before) {
        return Some(at);
    }
    if source.ends_with(after) {
        return Some(source.len() - after.len());
    }
    // The same tag, if liquid neither made nor left out one like it.
    let tag = after.find('>').map_or(after, |end| &after[..=end]);
    let number = before.matches(tag).count();
    let same = source.matches(tag).count() == rendered.matches(tag).count();
    same.then(|| source.match_indices(tag).nth(number)).flatten().map(|(at, _)| at)
}
