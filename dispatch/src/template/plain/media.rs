//! Which `@media` rules hold for a reader at a desk, in daylight.
//!
//! Invariant: what is not understood does not hold, so that nothing is hidden or shown by it.

/// Width of the reader's window, pixels.
const WIDTH: f32 = 1_280.0;

/// Whether one of the queries of a list holds.
pub(super) fn holds(queries: &str) -> bool {
    let queries = queries.to_ascii_lowercase();
    queries.trim().is_empty() || queries.split(',').any(|query| query_holds(query.trim()).unwrap_or(false))
}

/// Whether the condition of an `@supports` rule may hold.
pub(super) fn is_supported(condition: &str) -> bool {
    !condition.trim_start().to_ascii_lowercase().starts_with("not")
}

/// Nothing where the query is not understood.
fn query_holds(query: &str) -> Option<bool> {
    let (query, is_negated) = match query.strip_prefix("not ") {
        Some(query) => (query, true),
        None => (query.strip_prefix("only ").unwrap_or(query), false),
    };
    let mut holds = true;
    for part in query.split(" and") {
        holds &= match part.trim() {
            "screen" | "all" => true,
            "print" | "speech" | "tv" | "tty" | "handheld" | "projection" | "braille" | "embossed"
            | "aural" => false,
            part => feature(part.strip_prefix('(')?.strip_suffix(')')?.trim())?,
        };
    }
    Some(holds != is_negated)
}

fn feature(feature: &str) -> Option<bool> {
    if let Some((name, value)) = feature.split_once(':') {
        let value = value.trim();
        return match name.trim() {
            "min-width" | "min-device-width" => Some(pixels(value)? <= WIDTH),
            "max-width" | "max-device-width" => Some(pixels(value)? >= WIDTH),
            "prefers-color-scheme" => Some(value == "light"),
            "orientation" => Some(value == "landscape"),
            _ => None,
        };
    }
    let comparison = feature.strip_prefix("width")?.trim_start();
    let width = pixels(comparison.strip_prefix(['<', '>'])?.trim_start_matches('=').trim())?;
    Some(if comparison.starts_with('>') { WIDTH >= width } else { WIDTH <= width })
}

fn pixels(length: &str) -> Option<f32> {
    let digits = length.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f32 = digits.parse().ok()?;
    match &length[digits.len()..] {
        "px" | "" => Some(number),
        "em" | "rem" => Some(number * 16.0),
        "pt" => Some(number * 4.0 / 3.0),
        _ => None,
    }
}
