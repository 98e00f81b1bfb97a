//! How answers are printed: columns for people, one JSON object a line for programs.
//!
//! What came from elsewhere cannot steer the terminal: control characters are shown escaped.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;
use serde_json::Value;

/// Prints a text as it is.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output is closed")
}

/// Prints a remark on standard error: a program that reads standard output must not take it for a result.
pub(super) fn note(text: &str) {
    // A closed standard error is not a failure of the command.
    drop(std::io::stderr().lock().write_all(format!("{text}\n").as_bytes()));
}

/// Prints one JSON object on a line of its own.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    print(&format!("{value}\n"))
}

/// Rows under a heading, each column as wide as its widest cell.
pub(super) fn columns(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(|name| (*name).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&heading).chain(rows).collect();
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut out = String::new();
    for row in all {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())
            .expect("writing to a String cannot fail");
    }
    out
}

/// Names and values, one pair a line.
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines =
        pairs.iter().map(|(name, value)| format!("{name:<width$}  {value}").trim_end().to_owned() + "\n");
    lines.collect()
}

/// A field of an answer as one cell; `-` where it is absent or null.
pub(super) fn cell(of: &Value, field: &str) -> String {
    match &of[field] {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text).replace(['\n', '\t'], " "),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(all) => all
            .iter()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), plain))
            .collect::<Vec<_>>()
            .join(","),
        other => other.to_string(),
    }
}

/// A text without what steers a terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        let rows = vec![vec!["a".to_owned(), "b".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(columns(&["X", "Y"], &rows), "X     Y\na     b\nlong\n");
        assert_eq!(pairs(&[("a", "1".to_owned()), ("long", "2".to_owned())]), "a     1\nlong  2\n");
    }

    #[test]
    fn a_cell_is_one_line_and_steers_no_terminal() {
        let of = json!({"text": "a\n\u{1b}[2Jb", "yes": true, "list": ["EMAIL", "SMS"], "number": 7, "none": null});
        let cells = ["text", "yes", "list", "number", "none", "absent"].map(|field| cell(&of, field));
        assert_eq!(cells, ["a \\u{1b}[2Jb", "yes", "EMAIL,SMS", "7", "-", "-"]);
    }
}
