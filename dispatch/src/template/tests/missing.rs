//! A variable that is not there is empty and reported, wherever it is asked for.

use serde_json::json;

use super::try_render;
use crate::template::Escape;

#[test]
fn a_missing_variable_renders_empty_and_is_reported() {
    let json =
        json!({"there": {"a": 1}, "nil": null, "list": [{"name": "x"}, {}], "key": "secret@example.org"});
    let cases: [(&str, &str, &[&str]); 29] = [
        ("[{{ x }}]", "[]", &["x"]),
        ("[{{ x.y.z }}]", "[]", &["x.y.z"]),
        ("[{{ there.b }}{{ there.a }}]", "[1]", &["there.b"]),
        ("[{{ x | upcase }}{{ x | plus: 1 }}{{ x | date: '%Y' }}]", "[1]", &["x"]),
        ("{{ 'a' | append: x }}", "a", &["x"]),
        ("{% if x %}a{% else %}b{% endif %}", "b", &["x"]),
        ("{% unless x.y %}a{% endunless %}", "a", &["x.y"]),
        ("{% if x == 'a' %}a{% else %}b{% endif %}", "b", &["x"]),
        ("{% if x > 1 %}a{% else %}b{% endif %}", "b", &["x"]),
        ("{% if 1 < x %}a{% else %}b{% endif %}", "b", &["x"]),
        ("{% if x == y %}same{% endif %}", "same", &["x", "y"]),
        ("{% case x %}{% when 'a' %}a{% else %}b{% endcase %}", "b", &["x"]),
        ("{% for i in x %}a{% else %}b{% endfor %}", "b", &["x"]),
        ("{% for i in (1..x) %}a{% endfor %}", "", &["x"]),
        ("{% for i in list limit: x %}a{% endfor %}", "aa", &["x"]),
        ("{% for i in list %}{{ i.name }};{% endfor %}", "x;;", &["i.name"]),
        ("{% assign y = x %}[{{ y }}]", "[]", &["x"]),
        ("{{ nil }}{{ list[0].name }}", "x", &[]),
        ("{{ list[7] }}{{ list[7].name }}", "", &["list.7", "list.7.name"]),
        ("{{ x }}{{ z }}{{ x }}{{ y }}", "", &["x", "z", "y"]),
        ("{{ there[key] }}", "", &["there.*"]),
        ("{{ there[x] }}{{ list[x].name }}", "", &["x"]),
        ("{{ list[nil].name }}", "", &[]),
        ("{{ ['x y'] }}{{ there['x y'].z }}", "", &["x y", "there.x y.z"]),
        ("{{ [key] }}{{ [x] }}", "", &["*", "x"]),
        ("{% if x contains 'a' or there contains y %}a{% else %}b{% endif %}", "b", &["x", "y"]),
        ("{% for i in list %}{{ forloop.parentloop.index }}{% endfor %}", "", &[]),
        ("{{ 'abc' | truncate: x }}{{ 'abc' | slice: x, y }}", "abca", &["x", "y"]),
        ("{{ list[-3].name }}{{ there.a.b }}{{ there[7] }}", "", &["list.-3.name", "there.a.b", "there.7"]),
    ];
    for (source, text, missing) in cases {
        let rendered = try_render(source, Escape::None, json.clone())
            .unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(
            (rendered.text.as_str(), rendered.missing),
            (text, missing.iter().map(|name| (*name).to_owned()).collect()),
            "{source}"
        );
    }
}

#[test]
fn a_variable_with_a_default_is_not_missing() {
    let cases: [(&str, &str, &[&str]); 16] = [
        ("{{ x | default: 'y' }}", "y", &[]),
        ("{{ x.y[0] | default: 'y' }}", "y", &[]),
        ("{{ there[x] | default: 'y' }}", "y", &[]),
        ("{{ x | default: '' }}{{ x | default }}", "", &[]),
        ("{{ x | upcase | default: 'y' }}{{ x | default: 'y' | upcase }}", "yY", &[]),
        ("{% assign z = x | default: 'y' %}{{ z }}", "y", &[]),
        ("{% if there %}{{ x | default: 'y' }}{% endif %}", "y", &[]),
        ("{{ x | default: y | default: 'z' }}", "z", &["y"]),
        ("{{ x | default: y }}", "", &["y"]),
        ("{{ there | default: y }}", "a", &[]),
        ("{{ false | default: y, allow_false: true }}", "false", &[]),
        // It is not taken: something was made of the nothing before.
        ("{{ x | append: 'a' | default: 'y' }}", "a", &["x"]),
        ("{{ 'a' | append: x | default: 'y' }}", "a", &["x"]),
        // Asked for elsewhere without one.
        ("{{ x }}{{ x | default: 'y' }}", "y", &["x"]),
        ("{{ x | default: 'y' }}{{ x }}", "y", &["x"]),
        ("{{ z }}{{ x | default: 'y' }}{{ y }}", "y", &["z", "y"]),
    ];
    for (source, text, missing) in cases {
        let rendered = try_render(source, Escape::None, json!({"there": "a"})).unwrap();
        assert_eq!((rendered.text.as_str(), &rendered.missing[..]), (text, &names(missing)[..]), "{source}");
    }
}

#[test]
fn what_was_only_not_reached_is_not_missing() {
    let rendered = try_render("{% if a %}{{ b }}{% endif %}", Escape::None, json!({"a": false})).unwrap();
    assert_eq!(rendered.missing, Vec::<String>::new());
}

#[test]
fn reports_of_missing_variables_are_bounded() {
    let source = (0..100).map(|number| format!("{{{{ x{number} }}}}")).collect::<Vec<_>>().concat();
    let missing = try_render(&source, Escape::None, json!({})).unwrap().missing;
    assert_eq!(missing.len(), 32);
    assert_eq!(missing[31], "x31");
    let long = format!("{{{{ {} }}}}", "a".repeat(3_000));
    assert_eq!(try_render(&long, Escape::None, json!({})).unwrap().missing[0].len(), 128);
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
