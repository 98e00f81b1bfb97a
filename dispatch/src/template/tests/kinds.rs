//! No path or filter fails over a value that is missing, null or of another kind: each gives what Shopify's Liquid gives.

use serde_json::{Value, json};

use super::{render, try_render};
use crate::template::Escape;

pub(super) fn all() -> Value {
    json!({
        "nothing": null, "yes": true, "no": false, "n": 5, "d": 2.5, "t": "abc", "empty_text": "", "spaces": "  ", "num": "7",
        "l": ["a", "b", "c"], "no_items": [], "o": {"k": "v", "n": 1}, "no_members": {}, "nested": [["a", ["b"]], "c"],
        "people": [{"name": "Bo", "age": 3}, {"name": "Al"}, "x", 5, null, [{"name": "Cy", "age": 1}]],
        "price": {"EUR": 1, "2024": "y"}, "k": "EUR", "year": 2024, "mixed": ["10", 9, null, true, "a", 1.5],
    })
}

pub(super) fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(source, wanted)| {
            let got = try_render(source, Escape::None, all())
                .map_or_else(|error| error.to_string(), |rendered| rendered.text);
            (source, wanted, got)
        })
        .filter(|(_, wanted, got)| **wanted != got)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_path_through_what_is_not_there_is_empty() {
    check(&[
        ("{{ l[gone].t }}{{ price[gone] }}{{ price[nothing] }}{{ gone[0].a['b'] }}e", "e"),
        (
            "{{ price[k] }}{{ price['EUR'] }}{{ price.EUR }}{{ price[year] }}{{ price['2024'] }}{{ price.2024 }}",
            "111yy",
        ),
        ("{{ l[-1] }}{{ l[-3] }}{{ l[-4] }}{{ l[3] }}{{ l[99999999999999999999] }}", "ca"),
        ("{{ l.first }}{{ l.last }}{{ l.size }}{{ l['first'] }}{{ l['size'] }}", "ac3"),
        ("{{ t.size }}{{ t.first }}{{ t.last }}{{ t[0] }}{{ t.x }}", "3ac"),
        ("{{ o.size }}{{ o.first }}{{ o.last }}{{ o.first[1] }}", "2kvv"),
        ("{{ no_items.first }}{{ no_items.last }}{{ no_items.size }}{{ gone.first }}{{ gone.size }}", "0"),
        (
            "{{ nothing.a }}{{ yes.a }}{{ n.a }}{{ d.a.b }}{{ l.a }}{{ l[yes] }}{{ l[l] }}{{ o[o] }}{{ l[d] }}e",
            "e",
        ),
        ("{{ nested[0][1][0] }}{{ nested[0].last[0] }}{{ nested.first.first }}", "bba"),
        ("{{ ['l'][1] }}{{ [gone] }}{{ [nothing].x }}{{ [n] }}", "b"),
    ]);
}

#[test]
fn a_filter_of_text_takes_every_kind() {
    let of_nothing = [
        "append: ''",
        "capitalize",
        "downcase",
        "upcase",
        "lstrip",
        "rstrip",
        "strip",
        "strip_html",
        "strip_newlines",
        "newline_to_br",
        "escape",
        "escape_once",
        "url_encode",
        "url_decode",
        "truncate",
        "truncate: 2",
        "truncatewords",
        "truncatewords: 1",
        "replace: 'a', 'b'",
        "replace_first: 'a', 'b'",
        "remove: 'a'",
        "remove_first: 'a'",
        "prepend: ''",
        "split: ','",
        "join",
        "join: ','",
        "first",
        "last",
        "map: 'x'",
        "where: 'x'",
        "where: 'x', 1",
        "sort",
        "sort: 'x'",
        "sort_natural",
        "uniq",
        "compact",
        "reverse",
        "concat: gone",
        "slice: 0",
        "slice: 0, 5",
        "date: '%Y'",
        "default",
        "default: ''",
        "raw",
    ];
    for filter in of_nothing {
        for input in ["gone", "nothing", "gone.a.b", "l[gone]", "empty", "blank", "nil"] {
            let source = format!("[{{{{ {input} | {filter} }}}}]");
            assert_eq!(render(&source, all()), "[]", "{source}");
        }
    }
    check(&[
        (
            "{{ n | append: gone }}{{ n | append: n }}{{ t | append: yes }}{{ t | append: nothing }}",
            "555abctrueabc",
        ),
        ("{{ t | prepend: gone }}{{ t | prepend: d }}{{ gone | append: 'x' }}", "abc2.5abcx"),
        (
            "{{ t | append: l }} {{ o | upcase }} {{ nested | downcase }}",
            r#"abc["a", "b", "c"] {"K"=>"V", "N"=>1} [["a", ["b"]], "c"]"#,
        ),
        (
            "{{ n | upcase }}{{ yes | capitalize }}{{ d | strip }}{{ n | escape }}{{ n | url_encode }}",
            "5True2.555",
        ),
        (
            "{{ t | replace: gone, 'x' }} {{ t | replace: 'b', gone }} {{ t | replace: 'b', n }} {{ 151 | replace: 5, 6 }}",
            "xaxbxcx ac a5c 161",
        ),
        ("{{ t | remove: gone }}{{ t | remove: nothing }}{{ 151 | remove: 1 }}", "abcabc5"),
        (
            "{{ t | truncate: gone }} {{ t | truncate: t }} {{ t | truncate: nothing }} {{ t | truncate: l }}",
            "abc abc abc abc",
        ),
        (
            "{{ 'abcdef' | truncate: '4' }} {{ 'abcdef' | truncate: 4.9 }} {{ 'abcdef' | truncate: -1 }}",
            "a... a... ...",
        ),
        (
            "{{ 'abcdef' | truncate: 5, 1 }} {{ 'abcdef' | truncate: 3, gone }} {{ 12345 | truncate: 4 }}",
            "abcd1 abc 1...",
        ),
        (
            "{{ 'a b c' | truncatewords: gone }} {{ 'a b c' | truncatewords: '1' }} {{ 'a b c' | truncatewords: 0 }}",
            "a b c a... a...",
        ),
        (
            "{{ 'a  b c' | truncatewords: 2, gone }} {{ n | truncatewords: 1 }} {{ 'a b' | truncatewords: 99999999999 }}",
            "a b 5 a b",
        ),
        (
            "{{ t | slice: gone }}{{ t | slice: nothing, gone }}{{ t | slice: t }}{{ t | slice: '1' }}{{ t | slice: 1.9 }}",
            "aaabb",
        ),
        (
            "[{{ t | slice: 0, 0 }}{{ t | slice: 0, -1 }}{{ t | slice: 9 }}{{ t | slice: -9 }}{{ l | slice: 0, 0 }}]",
            "[]",
        ),
        (
            "{{ n | slice: 0 }}{{ 12345 | slice: -2, 2 }}{{ l | slice: gone }}{{ t | slice: 1, 99999999999999999999 }}",
            "545abc",
        ),
        (
            "{{ t | split: gone | join: '-' }} {{ n | split: '' | join }} {{ l | split: ', ' | size }}",
            "a-b-c 5 3",
        ),
        (
            "{{ 'a1b1' | split: 1 | join: '-' }} {{ ' a  b ' | split: ' ' | join: '-' }} {{ ',,' | split: ',' | size }}",
            "a-b a-b 0",
        ),
        ("{{ '%ff%41' | url_decode }}", "\u{fffd}A"),
    ]);
}

#[test]
fn a_filter_of_numbers_takes_every_kind() {
    for input in ["gone", "nothing", "t", "empty_text", "yes", "l", "o", "no_items", "gone.a.b", "blank"] {
        for (filter, wanted) in [
            ("plus: 1", "1"),
            ("minus: 1", "-1"),
            ("times: 3", "0"),
            ("divided_by: 2", "0"),
            ("modulo: 2", "0"),
            ("abs", "0"),
            ("ceil", "0"),
            ("floor", "0"),
            ("round", "0"),
            ("round: 2", "0"),
            ("at_least: 1", "1"),
            ("at_most: 1", "0"),
            ("sum", "0"),
        ] {
            let source = format!("{{{{ {input} | {filter} }}}}");
            assert_eq!(render(&source, all()), wanted, "{source}");
            // The same as an argument.
            if let Some((name, _)) = filter.split_once(": ") {
                let source = format!("{{{{ 5 | {name}: {input} }}}}");
                let wanted = match name {
                    "times" | "at_most" => "0",
                    "divided_by" | "modulo" => "",
                    _ => "5",
                };
                assert_eq!(render(&source, all()), wanted, "{source}");
            }
        }
    }
    check(&[
        ("{{ '' | plus: 1 }}{{ 'abc' | plus: 1 }}{{ num | plus: 1 }}{{ '12 apples' | plus: 1 }}", "11813"),
        (
            "{{ ' 1.5 ' | times: 2 }} {{ '1.5x' | times: 2 }} {{ '.5' | plus: 1 }} {{ '1e3' | plus: 1 }}",
            "3.0 2 1 2",
        ),
        (
            "{{ 1.567 | round: gone }} {{ 1.567 | round: '1' }} {{ 1.567 | round: 1.9 }} {{ 1.567 | round: l }}",
            "2 1.6 1.6 2",
        ),
        ("{{ num | at_least: '9' }} {{ num | at_most: gone }} {{ n | divided_by: num }}", "9 0 0"),
        (
            "{{ mixed | sum }} {{ people | sum: 'age' }} {{ people | sum: gone }} {{ people | sum: 'gone' }} {{ nested | sum }}",
            "20.5 4 5 0 0",
        ),
        ("{{ 5 | sum }} {{ '5' | sum }} {{ o | sum: 'n' }}", "5 5 1"),
        (
            "{{ gone | size }}{{ nothing | size }}{{ yes | size }}{{ l | size }}{{ o | size }}{{ t | size }}",
            "000323",
        ),
    ]);
}

#[test]
fn a_filter_of_lists_takes_every_kind() {
    check(&[
        (
            "{{ t | join: '-' }} {{ n | join }} {{ o | join }} {{ nested | join: '-' }} {{ l | join: gone }} {{ l | join: 1 }}",
            r#"abc 5 {"k"=>"v", "n"=>1} a-b-c abc a1b1c"#,
        ),
        ("{{ mixed | join: '-' }}", "10-9--true-a-1.5"),
        (
            "{{ t | first }}{{ t | last }}{{ empty_text | first }}{{ n | first }}{{ yes | last }}{{ o | first }}{{ o | last }}",
            "ackv",
        ),
        (
            "{{ t | reverse }}{{ n | reverse | first }}{{ t | sort }}{{ t | uniq }}{{ n | compact | size }}{{ t | concat: l }}",
            "abc5abcabc1abcabc",
        ),
        (
            "{{ l | concat: gone | size }}{{ l | concat: 'x' | size }}{{ gone | concat: l | size }}{{ l | concat: nothing | join }}",
            "343a b c",
        ),
        (
            "{{ people | map: 'name' | join: '-' }} {{ people | map: gone | join }} {{ t | map: 'x' }}{{ n | map: 'x' }} {{ o | map: 'k' }}",
            "Bo-Al----Cy        v",
        ),
        (
            "{{ people | where: 'name' | size }} {{ people | where: 'age', 1 | map: 'name' }} {{ people | where: gone | size }}",
            "3 Cy 0",
        ),
        (
            "{{ people | where: 'age', gone | size }} {{ t | where: 'x' | size }} {{ n | where: 'x', 1 | size }} {{ o | where: 'k', 'v' | size }}",
            "2 0 0 1",
        ),
        ("{{ people | sort: 'age' | map: 'name' | join }}", "Cy Bo Al   "),
        (
            "{{ people | sort: gone | size }} {{ mixed | sort | join: ' ' }} {{ mixed | sort_natural | join: ' ' }}",
            "6 1.5 9 10 a true  1.5 10 9 a true ",
        ),
        ("{{ people | sort_natural: 'name' | map: 'name' | join: '-' }}", "Al-Bo-Cy---"),
        (
            "{{ people | uniq: 'name' | size }} {{ people | compact | size }} {{ people | compact: 'age' | size }} {{ mixed | compact | size }}",
            "4 5 2 5",
        ),
        (
            "{{ no | default: 'd' }}{{ no | default: 'd', allow_false: true }}{{ no_items | default: 'd' }}{{ no_members | default: n }}",
            "dfalsed5",
        ),
        (
            "{{ 0 | default: 'd' }}{{ spaces | default: 'd' }}{{ gone | default: gone }}{{ gone | default: l | first }}{{ gone | default }}",
            "0  a",
        ),
    ]);
}

#[test]
fn a_date_of_another_kind_stays_as_it_came() {
    check(&[
        (
            "{{ t | date: '%Y' }}{{ d | date: '%Y' }}{{ yes | date: '%Y' }}{{ l | date: '%Y' }}e",
            "abc2.5trueabce",
        ),
        ("{{ '2026-04-22' | date: gone }} {{ '2026-04-22' | date: nothing }}", "2026-04-22 2026-04-22"),
        ("{{ '2026-04-22' | date: n }} {{ '2026-04-22' | date: l }}", r#"5 ["a", "b", "c"]"#),
        (
            "{{ 0 | date: '%Y' }}{{ '0' | date: '%Y' }}{{ 99999999999999999999 | date: '%Y' }}",
            "1970197099999999999999999999",
        ),
        ("{{ '2026-04-22' | date: '%999999d' }}{{ '2026-04-22' | date: '%' }}", "2026-04-222026-04-22"),
    ]);
}
