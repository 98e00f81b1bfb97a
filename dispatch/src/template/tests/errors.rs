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
        (&format!("{{{{ {} }}}}", "1".repeat(101)), 1, 4, "a number may have at most 100 digits"),
        (
            &format!("{{{{ a{}1{} }}}}", "[a".repeat(33), "]".repeat(33)),
            1,
            69,
            "a tag may have at most 32 brackets",
        ),
        ("{{ x | append }}", 1, 8, "filter `append` does not take these arguments"),
        ("{{ x | append: y: 1 }}", 1, 8, "filter `append` does not take these arguments"),
        ("ok {{ x }}\n {{ x | round: 1, 2, 3 }}", 2, 9, "filter `round` does not take these arguments"),
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
fn syntax_errors_point_at_the_source_too() {
    for (source, line, column, message) in [
        ("text {{ a }} more {{ a b }}", 1, 24, "`b` is not expected here"),
        ("      {{- a }}\n\n{{ | upcase }}", 3, 4, "`|` is not expected here"),
        ("{{ a | }}", 1, 7, "the name of a filter is expected"),
        ("{{ a | append: }}", 1, 15, "a value is expected"),
        ("{{ a. }}", 1, 6, "a name is expected"),
        ("{{ a['b' }}", 1, 9, "`]` is expected"),
        ("{{ “a” }}", 1, 4, "`“` is not expected here"),
        ("{{ a 'b' }}", 1, 6, "a text is not expected here"),
        ("{% if %}{% endif %}", 1, 6, "a value is expected"),
        ("ää\n  {% for a b %}{% endfor %}", 2, 12, "`in` is expected"),
        ("{% for a in b foo %}{% endfor %}", 1, 15, "`limit`, `offset` or `reversed` is expected"),
        ("{% for a in (1.5) %}{% endfor %}", 1, 17, "`..` is expected"),
        ("{% assign a b %}", 1, 13, "`=` is expected"),
        ("{% if a == %}{% endif %}", 1, 11, "a value is expected"),
        ("{% if a b %}{% endif %}", 1, 9, "`b` is not expected here"),
        ("{% case a %}{% when 1 2 %}{% endcase %}", 1, 23, "`2` is not expected here"),
        ("{% if a %}{% else %}{% else %}{% endif %}", 1, 24, "`else` belongs to no block here"),
    ] {
        let error = CompiledTemplate::parse(source, Escape::Html).expect_err(source);
        assert_eq!(
            (error.line, error.column, &*error.message),
            (Some(line), Some(column), message),
            "{source}"
        );
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = CompiledTemplate::parse("\n {{ x | nope }}", Escape::None).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 9: unknown filter `nope`");
}
