//! Templates as tenants write them give what liquid's guide promises.

use serde_json::json;

use super::{render, render_html, try_render};
use crate::template::Escape;

#[test]
fn useful_templates_give_what_the_guide_of_liquid_promises() {
    let order = json!({
        "name": "Ann", "total": 12, "price": 9.5, "paid": true, "nothing": null, "empty": "",
        "items": [{"title": "Tea", "qty": 2, "price": 3}, {"title": "Jam", "qty": 1, "price": 6}],
        "tags": ["new", "sale"], "address": {"city": "Ulm", "lines": ["Street 1", "Floor 2"]}, "key": "city",
    });
    for (source, expected) in [
        ("Hi {{ name }}!", "Hi Ann!"),
        ("Hi {{name}}{{ name}}{{name }}", "Hi AnnAnnAnn"),
        ("plain text, no tags: 100 % { } {a}", "plain text, no tags: 100 % { } {a}"),
        ("", ""),
        ("{{ address.city }} {{ address['city'] }} {{ address[key] }}", "Ulm Ulm Ulm"),
        (
            "{{ address.lines[1] }} {{ address.lines.first }} {{ address.lines.last }}",
            "Floor 2 Street 1 Floor 2",
        ),
        ("{{ address.lines[-1] }} {{ items.size }} {{ name.size }}", "Floor 2 2 3"),
        ("{% if paid %}yes{% else %}no{% endif %}", "yes"),
        ("{% if total > 20 %}a{% elsif total > 10 %}b{% else %}c{% endif %}", "b"),
        ("{% if total > 20 or name == 'Ann' and paid %}a{% else %}c{% endif %}", "a"),
        ("{% if tags contains 'sale' %}sale{% endif %}{% if name contains 'nn' %}!{% endif %}", "sale!"),
        ("{% unless paid %}pay{% else %}thanks{% endunless %}", "thanks"),
        ("{% if nothing %}a{% else %}b{% endif %}{% if empty == empty %}c{% endif %}", "bc"),
        ("{% case name %} ignored {% when 'Bob' %}B{% when 'Ann', 'Eve' %}A{% else %}?{% endcase %}", "A"),
        ("{% case total %}{% when 1 or 2 %}low{% else %}high{% endcase %}", "high"),
        ("{% for item in items %}{{ item.qty }} {{ item.title }};{% endfor %}", "2 Tea;1 Jam;"),
        (
            "{% for item in items %}{{ forloop.index }}/{{ forloop.length }}{% unless forloop.last %}, {% endunless %}{% endfor %}",
            "1/2, 2/2",
        ),
        (
            "{% for t in tags %}{% if forloop.first %}[{% endif %}{{ forloop.index0 }}{{ forloop.rindex }}{{ forloop.rindex0 }}{% if forloop.last %}]{% endif %}{% endfor %}",
            "[021110]",
        ),
        (
            "{% for i in (1..3) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}{{ j }} {% endfor %}{% endfor %}",
            "11 12 21 22 31 32 ",
        ),
        ("{% for i in (1..10) limit:2 offset:3 %}{{ i }}{% endfor %}", "45"),
        ("{% for i in (1..4) reversed %}{{ i }}{% endfor %}", "4321"),
        (
            "{% for i in (1..total) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "134",
        ),
        ("{% for x in nothing %}a{% else %}none{% endfor %}", "none"),
        ("{% for i in (3..1) %}a{% else %}none{% endfor %}", "none"),
        ("{% for pair in address %}{{ pair[0] }};{% endfor %}", "city;lines;"),
        ("{% assign x = total | times: 2 %}{{ x }}", "24"),
        ("{% assign parts = 'a,b' | split: ',' %}{{ parts[1] }}{{ parts | size }}", "b2"),
        (
            "{% capture greeting %}Hi {{ name }}{% endcapture %}{{ greeting }}, {{ greeting | upcase }}",
            "Hi Ann, HI ANN",
        ),
        ("{% assign n = 0 %}{% for i in items %}{% assign n = n | plus: i.qty %}{% endfor %}{{ n }}", "3"),
        ("a {%- if paid -%} b {%- endif -%} c", "abc"),
        ("a  {{- name -}}  b", "aAnnb"),
        (
            "a{% comment %}{{ anything | goes }}{% comment %}nested{% endcomment %} {% if %}{% endcomment %}b",
            "ab",
        ),
        ("{% raw %}{{ name }} {% if %}{% endraw %}!", "{{ name }} {% if %}!"),
        ("{%\tif paid\t%}t{%\tendif %}{{\tname\t|\tupcase }}", "tANN"),
        (
            "{{ price }} {{ total }} {{ paid }} {{ nothing }} {{ \"lit'eral\" }} {{ 1.5 }}",
            "9.5 12 true  lit'eral 1.5",
        ),
        ("{{ tags }}", "newsale"),
        ("Größe: {{ name }} – ✓", "Größe: Ann – ✓"),
    ] {
        assert_eq!(render(source, order.clone()), expected, "{source}");
    }
}

#[test]
fn deep_indents_of_html_are_no_fault() {
    let row = format!("{}<tr><td>{{{{ name }}}}</td></tr>\n", " ".repeat(200));
    let text = render_html(&row.repeat(200), json!({"name": "A"}));
    assert_eq!(text.matches("<td>A</td>").count(), 200);
    assert!(text.starts_with(&" ".repeat(200)));
}

#[test]
fn a_rendered_template_is_the_same_every_time() {
    let json = json!({"o": {"b": 1, "a": 2, "d": 3, "c": 4, "f": 5, "e": 6}});
    let once = render("{% for p in o %}{{ p[0] }}{{ p[1] }}{% endfor %}", json.clone());
    assert_eq!(once, "a2b1c4d3e6f5");
    assert_eq!(once, render("{% for p in o %}{{ p[0] }}{{ p[1] }}{% endfor %}", json));
}

#[test]
fn html_is_escaped_unless_the_chain_ends_in_raw() {
    let json = json!({"x": "<b>\"&'</b>", "list": ["<i>"], "n": 5});
    let escaped = "&lt;b&gt;&quot;&amp;&#39;&lt;/b&gt;";
    for (source, expected) in [
        ("<p>{{ x }}</p>", format!("<p>{escaped}</p>")),
        ("{{ x | raw }}", "<b>\"&'</b>".to_owned()),
        ("{{ x | raw | downcase }}", escaped.to_owned()),
        ("{{ x | upcase | raw }}", "<B>\"&'</B>".to_owned()),
        ("{{ x | escape }}", escaped.to_owned()),
        ("{{ 'a | raw' }}{{ x | append: '| raw' }}", format!("a | raw{escaped}| raw")),
        ("{% assign y = x %}{{ y }}", escaped.to_owned()),
        ("{% assign y = x | raw %}{{ y }}", escaped.to_owned()),
        ("{{ list }}{% for l in list %}{{ l }}{% endfor %}", "&lt;i&gt;&lt;i&gt;".to_owned()),
        ("{% if x == \"<b>\" %}{% else %}{{ x.size }}{% endif %}", "10".to_owned()),
        ("{{ n }}", "5".to_owned()),
        ("{{- x -}}", escaped.to_owned()),
    ] {
        assert_eq!(render_html(source, json.clone()), expected, "{source}");
        assert!(!render(source, json.clone()).contains("&lt;") || source.contains("escape"), "{source}");
    }
}

#[test]
fn a_value_is_never_read_as_a_template() {
    assert_eq!(render("{{ x }}", json!({"x": "{{ y }}{% for %}", "y": "secret"})), "{{ y }}{% for %}");
}

#[test]
fn a_failure_names_the_filter_and_never_the_value() {
    for (source, reason) in [
        ("{{ secret | divided_by: 0 }}", "filter `divided_by` cannot divide by zero"),
        ("{{ secret | divided_by: zero }}", "filter `divided_by` cannot divide by zero"),
        ("{{ secret | divided_by: '0.0' }}", "filter `divided_by` cannot divide by zero"),
        ("{{ 1 | modulo: 0.0 }}", "filter `modulo` cannot divide by zero"),
        ("{{ large | times: large }}", "filter `times` gives a number of too many digits"),
    ] {
        let json = json!({"secret": "hush", "zero": 0, "large": 1e300});
        let error = try_render(source, Escape::None, json).expect_err(source);
        assert_eq!(error.code(), "render_failed", "{source}");
        assert_eq!(error.to_string(), format!("the template failed: {reason}"), "{source}");
    }
}
