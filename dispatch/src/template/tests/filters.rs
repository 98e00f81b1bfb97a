//! Every filter, by example. A filter without a line here fails the last test.

use serde_json::json;
use time::macros::datetime;

use super::{render, variables};
use crate::template::{CompiledTemplate, Escape, RenderLimits, Variables};

const TABLE: [(&str, &str); 88] = [
    ("{{ -3 | abs }}{{ '-2.5' | abs }}", "32.5"),
    ("{{ 'a' | append: 'b' }}{{ nothing | append: 'b' }}", "abb"),
    ("{{ 3 | at_least: 5 }}{{ 3 | at_most: 2 }}", "52"),
    ("{{ 'title CASE' | capitalize }}", "Title case"),
    ("{{ 1.2 | ceil }}{{ 1.8 | floor }}", "21"),
    ("{{ gaps | compact | size }}", "2"),
    ("{{ words | concat: words | size }}", "6"),
    ("{{ words | concat: nothing | size }}", "3"),
    ("{{ '2026-04-22T12:05:09Z' | date: '%d.%m.%Y %H:%M' }}", "22.04.2026 12:05"),
    ("{{ '2026-04-22' | date: '%B %-d, %Y' }}", "April 22, 2026"),
    ("{{ '2026-04-22 12:00' | date: '%I %p' }}", "12 PM"),
    ("{{ '2026-04-22 12:00:30' | date: '%S' }}", "30"),
    ("{{ '2026-04-22 12:00:30.5' | date: '%S' }}", "30"),
    ("{{ '2026-04-22T12:00:30' | date: '%H' }}", "12"),
    ("{{ '2026-04-22 12:00:30 +0200' | date: '%H %z' }}", "12 +0200"),
    ("{{ '2026-04-22T12:00:30.123+02:00' | date: '%H:%M %z' }}", "12:00 +0200"),
    ("{{ 86400 | date: '%Y-%m-%d' }}{{ '86400' | date: '%e' }}", "1970-01-02 2"),
    ("{{ 'soon' | date: '%Y' }}{{ 'now' | date: '%Y' }}", "soonnow"),
    ("{{ '2026-04-22' | date: '' }}", "2026-04-22"),
    ("{{ missing | default: 'x' }}{{ '' | default: 'y' }}{{ 'z' | default: 'x' }}", "xyz"),
    ("{{ false | default: 'x' }}{{ 0 | default: 'x' }}{{ none | default: 'e' }}", "x0e"),
    ("{{ 10 | divided_by: 4 }} {{ 10 | divided_by: 4.0 }}{{ 10 | divided_by: missing }}", "2 2.5"),
    ("{{ 'ABC' | downcase }}{{ 'ß' | upcase }}", "abcSS"),
    ("{{ '<&' | escape }}", "&lt;&amp;"),
    ("{{ '&lt;<' | escape_once }}", "&lt;&lt;"),
    ("{{ words | first }} {{ words | last }}", "b C"),
    ("{{ words | join }} {{ words | join: ', ' }}", "b a C b, a, C"),
    ("{{ numbers | join: '-' }}", "3-1-2"),
    ("[{{ '  a ' | lstrip }}][{{ '  a ' | rstrip }}][{{ '  a ' | strip }}]", "[a ][  a][a]"),
    ("{{ people | map: 'name' | join }}", "Bo Al Cy"),
    ("{{ 5 | minus: 7 }}{{ '5' | minus: 1.5 }}", "-23.5"),
    ("{{ 7 | modulo: 3 }}{{ 7.5 | modulo: 2 }}", "11.5"),
    ("{{ lines | newline_to_br }}", "a<br />\nb"),
    ("{{ 1 | plus: 2 }}{{ 1 | plus: 2.5 }}{{ '4' | plus: '5' }}", "33.59"),
    ("{{ 1 | plus: missing }}", "1"),
    ("{{ 'b' | prepend: 'a' }}", "ab"),
    ("{{ 'a' | raw }}", "a"),
    ("{{ 'banana' | remove: 'an' }}{{ 'banana' | remove_first: 'an' }}", "babana"),
    ("{{ 'banana' | replace: 'a', 'o' }}{{ 'banana' | replace_first: 'a', 'o' }}", "bononobonana"),
    ("{{ 'ab' | replace: '', '-' }}", "-a-b-"),
    ("{{ 'ab' | replace: 'a' }}", "b"),
    ("{{ words | reverse | join }}", "C a b"),
    ("{{ 1.55 | round: 1 }} {{ 2.5 | round }} {{ '1.234' | round: 2 }}", "1.6 3 1.23"),
    ("{{ 'abc' | size }}{{ words | size }}{{ missing | size }}", "330"),
    ("{{ 'abcdef' | slice: 1, 3 }}{{ 'abcdef' | slice: -2, 2 }}{{ 'äbc' | slice: 0 }}", "bcdefä"),
    ("{{ 'abc' | slice: 9, 2 }}{{ 'abc' | slice: -9, 2 }}", ""),
    ("{{ words | slice: 1, 9 | join }}", "a C"),
    ("{{ words | sort | join }} {{ numbers | sort | join }}", "C a b 1 2 3"),
    ("{{ words | sort_natural | join }}", "a b C"),
    ("{{ people | sort: 'age' | map: 'name' | join }}", "Al Bo Cy"),
    ("{{ people | sort_natural: 'name' | map: 'name' | join }}", "Al Bo Cy"),
    ("{{ mixed | sort | join: '|' }}", "1|2|a|b|"),
    ("{{ 'a-b-c' | split: '-' | join: '+' }}{{ 'abc' | split: '' | join: '.' }}", "a+b+ca.b.c"),
    ("{{ '' | split: ',' | size }}", "0"),
    ("{{ '<p>a <b>b</b></p><script>x</script><!-- c -->d < e' | strip_html }}", "a bd < e"),
    ("{{ lines | strip_newlines }}", "ab"),
    ("{{ numbers | sum }} {{ people | sum: 'age' }} {{ gaps | sum }}", "6 71 3"),
    ("{{ 3 | times: 4 }} {{ 1.5 | times: 2 }}", "12 3.0"),
    ("{{ 'abcdefghij' | truncate: 5 }}{{ 'abc' | truncate: 5 }}", "ab...abc"),
    ("{{ 'a b c d' | truncatewords: 2 }}{{ 'a b c' | truncatewords: 1, '' }}", "a b...a"),
    ("{{ twice | uniq | join }}", "1 2 a"),
    ("{{ 'a%20b+c' | url_decode }}", "a b c"),
    ("{{ 'a b&c/d' | url_encode }}", "a+b%26c%2Fd"),
    ("{{ people | where: 'vip' | map: 'name' | join }}", "Cy"),
    ("{{ people | where: 'name', 'Al' | map: 'age' | join }}", "20"),
    ("{{ people | where: 'vip', true | size }}", "1"),
    ("{{ 9007199254740993 | times: 1.0 }}", "9007199254740993.0"),
    ("{{ nothing | upcase }}{{ nothing | split: ',' }}{{ nothing | sort }}{{ nothing | date: '%Y' }}", ""),
    ("{{ missing | round }}{{ missing | join }}{{ missing | map: 'x' }}{{ missing | truncate: 3 }}", "0"),
    ("{{ people | map: 'nope' | size }}{{ people | map: 'nope' | join: ',' }}", "3,,"),
    ("{{ words | first | upcase | append: '!' | prepend: '¡' }}", "¡B!"),
    ("{{ 'x' | append: 1 | append: 2.5 | append: true }}", "x12.5true"),
    ("{{ 4 | divided_by: 2 | plus: 1 | times: 3 | minus: 2 }}", "7"),
    ("{{ 'a,b' | split: ',' | reverse | first }}", "b"),
    ("{{ numbers | first | plus: 1 }}", "4"),
    ("{{ -7 | divided_by: 2 }} {{ -7 | modulo: 3 }}", "-4 2"),
    ("{{ 'abc' | first }}{{ 5 | size }}", "a8"),
    ("{{ 'ünï' | upcase }} {{ 'ÜNÏ' | downcase }} {{ 'ünï' | size }}", "ÜNÏ ünï 3"),
    ("{{ '日本語テキスト' | truncate: 20 }} {{ '日本語テキスト' | truncate: 5 }}", "日本語テキスト 日本..."),
    ("{{ 'a' | escape | escape_once }}", "a"),
    ("{{ 1 | at_least: 2.5 }}", "2.5"),
    ("{{ people[0].name | downcase }}", "bo"),
    ("{{ people | reverse | first | default: 1 | size }}", "3"),
    ("{{ '0x10' | default: 1 }}", "0x10"),
    ("{{ 'a b' | url_encode | url_decode }}", "a b"),
    ("{{ '2026-02-32' | date: '%Y' }}", "2026-02-32"),
    ("{{ 'a' | replace: 'a', 'aa' | replace: 'a', 'aa' }}", "aaaa"),
    ("{{ words | join: missing }}", "baC"),
];

#[test]
fn each_filter_gives_what_its_examples_say() {
    let json = json!({
        "nothing": null, "none": [], "words": ["b", "a", "C"], "numbers": [3, 1, 2], "gaps": [1, null, 2],
        "lines": "a\nb", "twice": [1, 2, 1, "a", "a"], "mixed": ["b", 2, null, "a", 1],
        "people": [{"name": "Bo", "age": 21}, {"name": "Al", "age": 20}, {"name": "Cy", "age": 30, "vip": true}],
    });
    let wrong: Vec<_> = TABLE
        .iter()
        .map(|(source, expected)| {
            let got = CompiledTemplate::parse(source, Escape::None)
                .map_err(|error| error.to_string())
                .and_then(|template| {
                    template
                        .render(&variables(json.clone()), &RenderLimits::default())
                        .map_err(|error| error.to_string())
                });
            (source, expected, got.map_or_else(|error| error, |rendered| rendered.text))
        })
        .filter(|(_, expected, got)| *expected != got)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_filter_has_an_example() {
    for name in crate::template::filters::names() {
        assert!(TABLE.iter().any(|(source, _)| source.contains(&format!("| {name}"))), "{name}");
    }
}

#[test]
fn now_is_the_moment_that_the_render_was_given() {
    let template = CompiledTemplate::parse("{{ 'now' | date: '%Y-%m-%d %H' }}", Escape::None).unwrap();
    let limits = RenderLimits::at(datetime!(2026-04-22 12:00 UTC));
    assert_eq!(template.render(&Variables::default(), &limits).unwrap().text, "2026-04-22 12");
}

#[test]
fn a_filter_takes_its_arguments_from_variables() {
    assert_eq!(render("{{ a | replace: from, to }}", json!({"a": "xyx", "from": "x", "to": "z"})), "zyz");
}
