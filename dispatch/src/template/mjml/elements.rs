//! What MJML knows: its elements, which of them hold text, and elements of HTML without an end.

/// Elements of HTML that have no inside.
pub(super) const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements whose inside is text and HTML.
const OF_TEXT: [&str; 11] = [
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-button",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-social-element",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
];

/// Elements that hold elements of MJML alone, or nothing.
const OF_ELEMENTS: [&str; 23] = [
    "mjml",
    "mj-accordion",
    "mj-accordion-element",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-section",
    "mj-social",
    "mj-spacer",
    "mj-wrapper",
];

/// Whether MJML has such an element.
pub(super) fn is_known(name: &str) -> bool {
    holds_text(name) || holds_elements(name)
}

pub(super) fn holds_text(name: &str) -> bool {
    OF_TEXT.contains(&name)
}

pub(super) fn holds_elements(name: &str) -> bool {
    OF_ELEMENTS.contains(&name)
}

/// Whether a name is one of MJML's, however it is written.
pub(super) fn is_of_mjml(name: &str) -> bool {
    name.eq_ignore_ascii_case("mjml") || name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("mj-"))
}

/// Takes the innermost of the open elements of MJML with such a name from them, and what is open in it. Those that are
/// nested deeper than may be are not looked for.
pub(super) fn close(open: &mut Vec<&str>, name: &str) {
    const DEEPEST: usize = 64;
    let from = open.len().saturating_sub(DEEPEST);
    if is_of_mjml(name)
        && let Some(at) = open[from..].iter().rposition(|open| *open == name)
    {
        open.truncate(from + at);
    }
}
