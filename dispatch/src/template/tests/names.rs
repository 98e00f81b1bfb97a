//! A literal is a whole word, and every key of the variables can be reached.

use serde_json::json;

use super::{render, try_render};
use crate::template::{CompiledTemplate, Escape};

/// Names that begin like a literal, or end like one.
const NAMES: [&str; 24] = [
    "emptyCart",
    "empty_title",
    "empty-cart",
    "emptyDays",
    "trueName",
    "true_cost",
    "truename",
    "true1",
    "falsePositive",
    "false_flag",
    "nullable",
    "null_count",
    "nulls",
    "nilable",
    "nil_check",
    "nilly",
    "blankets",
    "blank_note",
    "blank-ets",
    "blank2",
    "isempty",
    "tru",
    "fals",
    "emp",
];

#[test]
fn a_name_that_begins_like_a_literal_is_a_name_wherever_an_expression_stands() {
    for name in NAMES {
        let json =
            json!({name: {"items": ["a", "b"], "n": 1, "t": "x", name: "deep"}, "o": {name: "in"}, "x": "x"});
        for (source, wanted) in [
            ("{{ N.t }}", "x"),
            ("{{ N.N }}{{ o.N }}{{ o['N'] }}", "deepinin"),
            ("{{N.t}}{{-N.t-}}", "xx"),
            ("{{ 'a' | append: N.t | append: N.N }}", "axdeep"),
            ("{{ gone | default: N.t }}", "x"),
            ("{% if N %}y{% else %}n{% endif %}", "y"),
            ("{% if N.t == x and x == N.t %}y{% else %}n{% endif %}", "y"),
            ("{% if N.items contains 'a' %}y{% endif %}", "y"),
            ("{% unless N %}y{% else %}n{% endunless %}", "n"),
            ("{% for i in N.items %}{{ i }}{% endfor %}", "ab"),
            ("{% for N in o %}{{ N[1] }}{% endfor %}", "in"),
            ("{% for i in (N.n..2) %}{{ i }}{% endfor %}{% for i in (1..N.n) %}{{ i }}{% endfor %}", "121"),
            ("{% for i in N.items limit: N.n offset:N.n %}{{ i }}{% endfor %}", "b"),
            ("{% case N.t %}{% when 'x' %}y{% else %}n{% endcase %}", "y"),
            ("{% case x %}{% when N.n, N.t %}y{% else %}n{% endcase %}", "y"),
            ("{% assign y = N.t %}{{ y }}{% assign N = 1 %}{{ N }}", "x1"),
            ("{% capture N %}c{% endcapture %}{{ N }}", "c"),
            ("{{ N.items[N.n] }}{{ ['N'].t }}", "bx"),
        ] {
            let source = source.replace('N', name);
            assert_eq!(render(&source, json.clone()), wanted, "{source}");
        }
    }
}

#[test]
fn a_literal_is_one_and_its_name_behind_a_point_is_not() {
    let json =
        json!({"x": {"empty": "e", "blank": "b", "nil": "n", "true": "t"}, "empty": {"a": 1}, "nil": "key"});
    for (source, wanted) in [
        ("[{{ nil }}{{ null }}{{ empty }}{{ blank }}]", "[]"),
        ("{{ true }}{{ false }}", "truefalse"),
        ("{{ x.empty }}{{ x.blank }}{{ x.nil }}{{ x.true }}", "ebnt"),
        ("{{ x['empty'] }}", "e"),
        ("{{ empty.a }}{{ ['nil'] }}{{ ['empty'].a }}", "1key1"),
        ("{% if gone == nil and nil == gone and gone == null %}y{% endif %}", "y"),
        ("{% assign e = empty %}[{{ e }}]{% if e == '' %}y{% endif %}", "[]y"),
    ] {
        assert_eq!(render(source, json.clone()), wanted, "{source}");
    }
}

#[test]
fn every_key_can_be_reached() {
    let keys = [
        "größe",
        "2fa",
        "first name",
        "नाम",
        "a.b",
        "x-y",
        "",
        " ",
        "a'b",
        "empty",
        "日本",
        "🎁",
        "a[0]",
        "size",
    ];
    for key in keys {
        let quote = if key.contains('\'') { '"' } else { '\'' };
        for source in
            [format!("{{{{ [{quote}{key}{quote}] }}}}"), format!("{{{{ o[ {quote}{key}{quote} ] }}}}")]
        {
            assert_eq!(render(&source, json!({key: "V", "o": {key: "V"}})), "V", "{source}");
        }
        let source =
            format!("{{% for i in [{quote}{key}{quote}].l %}}{{{{ i }}}}{{% endfor %}}{{{{ [k].l[0] }}}}");
        assert_eq!(render(&source, json!({key: {"l": [1, 2]}, "k": key})), "121", "{source}");
    }
    for name in ["größe", "2fa", "नाम", "日本", "_x", "x-y", "naïve", "e\u{301}t"] {
        let source = format!("{{{{ {name} }}}}{{{{ o.{name} }}}}");
        assert_eq!(render(&source, json!({name: "V", "o": {name: "W"}})), "VW", "{source}");
    }
}

#[test]
fn a_name_from_a_value_reaches_no_more_than_the_variables() {
    let rendered =
        try_render("{{ [k] }}{{ [k2] }}", Escape::None, json!({"k": "forloop", "k2": "k"})).unwrap();
    assert_eq!((&*rendered.text, &rendered.missing[..]), ("forloop", &["*".to_owned()][..]));
}

#[test]
fn a_tag_that_was_taken_before_is_taken() {
    for source in [
        "{{ -a }}",
        "{{ a.-b }}",
        "{{ +5 }}",
        "{{ a[ 0 ] }}",
        "{% if a <> b %}{% endif %}",
        "{% if a %}{% else if b %}{% endif %}",
        "{% case a %} x {% endcase %}",
        "{% case a %}{% when 1 or 2, 3 %}{% else %}{% endcase %}",
        "{% for a in b reversed limit:1 offset:2 %}{% else %}{% endfor %}",
        "{{ a\n|\nappend\n:\nb }}",
    ] {
        assert!(CompiledTemplate::parse(source, Escape::None).is_ok(), "{source}");
    }
}
