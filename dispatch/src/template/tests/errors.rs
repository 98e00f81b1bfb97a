//! A template that cannot parse is refused with the place as its author sees it.

use crate::template::{CompiledTemplate, Escape};

#[test]
fn errors_point_at_the_source_as_it_was_written() {
    for (source, line, column, message) in [
        ("{{ x | nope }}", 1, 8, "unknown filter `nope`"),
        ("a\nb {{ x | upcase | nope: 1 }}", 2, 19, "unknown filter `nope`"),
        ("{% assign x = 1 | nope %}", 1, 19, "unknown filter `nope`"),
        ("ä{{ 'ü' | nope }}", 1, 11, "unknown filter `nope`"),
        ("\n\n  {% nope %}", 3, 6, "unknown tag `nope`"),
        ("{% include 'x' %}", 1, 4, "unknown tag `include`"),
        ("{% tablerow x in y %}{% endtablerow %}", 1, 4, "unknown tag `tablerow`"),
        ("text\n{% if a %}\nb", 2, 4, "`if` is never closed"),
        ("{% if a %}{% for b in c %}{% endif %}", 1, 30, "`endif` cannot close `for`"),
        ("a{% endif %}", 1, 5, "`endif` closes nothing"),
        ("{% else %}", 1, 4, "`else` belongs to no block here"),
        ("{% for a in b %}{% elsif c %}{% endfor %}", 1, 20, "`elsif` belongs to no block here"),
        ("{% break %}", 1, 4, "`break` stands outside of a `for`"),
        ("a {{ b", 1, 3, "this tag has no `}}`"),
        ("a {{ b {{ c }}", 1, 3, "this tag has no `}}`"),
        ("a {% if b", 1, 3, "this tag has no `%}`"),
        ("{{ 'a }}", 1, 4, "this quote is never closed"),
        ("{{ }}", 1, 1, "this output tag is empty"),
        ("{{-}}", 1, 1, "this output tag is empty"),
        ("{% %}", 1, 1, "this tag has no name"),
        ("{% comment %} a", 1, 1, "`comment` is never closed"),
        ("x{% raw %} a", 1, 2, "`raw` is never closed"),
        ("{{ 12345678901234567890 }}", 1, 4, "a number may have at most 18 digits"),
        ("{{ x | append }}", 1, 1, "filter `append` does not take these arguments"),
        ("ok {{ x }}\n {{ x | round: 1, 2, 3 }}", 2, 2, "filter `round` does not take these arguments"),
    ] {
        for escape in [Escape::None, Escape::Html] {
            let error = CompiledTemplate::parse(source, escape).expect_err(source);
            assert_eq!(
                (error.line, error.column, error.message.as_str()),
                (Some(line), Some(column), message),
                "{source}"
            );
        }
    }
}

#[test]
fn syntax_errors_found_by_liquid_point_at_the_source_too() {
    for (source, line, column) in [
        ("text {{ a }} more {{ a b }}", 1, 22),
        ("      {{- a }}\n\n{{ | upcase }}", 3, 4),
        ("{% if %}{% endif %}", 1, 6),
        ("ää\n  {% for a b %}{% endfor %}", 2, 12),
        ("{% for a in b foo %}{% endfor %}", 1, 15),
        ("{% assign a b %}", 1, 13),
        ("{% if a == %}{% endif %}", 1, 11),
    ] {
        let error = CompiledTemplate::parse(source, Escape::Html).expect_err(source);
        assert_eq!((error.line, error.column), (Some(line), Some(column)), "{source}: {error}");
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = CompiledTemplate::parse("\n {{ x | nope }}", Escape::None).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 9: unknown filter `nope`");
}
