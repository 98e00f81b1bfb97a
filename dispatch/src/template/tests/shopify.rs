//! What templates give that were once read otherwise than by Shopify's Liquid (Ruby, lax).

use serde_json::json;

use super::kinds::check;
use super::{render, try_render, with};
use crate::template::{CompiledTemplate, Escape};

#[test]
fn the_members_of_an_object_go_in_the_order_in_which_they_were_sent() {
    let json = r#"{"o": {"z": 1, "a": {"y": 2, "b": 3}, "m": [{"q": 1, "p": 2}]}, "r": {"b": 1, "a": 2, "b": 3},
        "w": {"k9": 1, "k8": 2, "k7": 3, "k6": 4, "k5": 5, "k4": 6, "k3": 7, "k2": 8, "k1": 9, "k9": 10, "k0": 11, "k8": 12}}"#;
    for (source, wanted) in [
        (
            "{% for p in o %}{{ p[0] }}{% endfor %}{% for p in o.a %}{{ p[0] }}{{ p[1] }}{% endfor %}",
            "zamy2b3",
        ),
        (
            "{% for p in o.m[0] %}{{ p | join: '=' }};{% endfor %}{% for p in o reversed %}{{ p[0] }}{% endfor %}",
            "q=1;p=2;maz",
        ),
        ("{{ o.first[0] }}{{ o | first | last }}{{ o.m | first }}", r#"z1{"q"=>1, "p"=>2}"#),
        ("{{ o.a }}{{ r }}", r#"{"y"=>2, "b"=>3}{"b"=>3, "a"=>2}"#),
        ("{{ w.k9 }} {{ w.k8 }} {{ w.k0 }} {{ w.size }} {{ w.first[0] }} {{ w.k }}", "10 12 11 10 k9 "),
        (
            "{% for p in w %}{{ p[0] }}={{ p[1] }} {% endfor %}",
            "k9=10 k8=12 k7=3 k6=4 k5=5 k4=6 k3=7 k2=8 k1=9 k0=11 ",
        ),
    ] {
        assert_eq!(with(source, json), wanted, "{source}");
    }
}

#[test]
fn objects_are_equal_in_any_order_of_their_members() {
    let json = r#"{"a": {"x": 1, "y": [{"p": 1.50, "q": 2}]}, "b": {"y": [{"q": 2, "p": 1.5}], "x": 1}, "c": {"x": 1}, "d": {"x": 1, "z": 1}}"#;
    let json = format!(
        "{}, \"l\": [{}, {}]}}",
        &json[..json.len() - 1],
        r#"{"x": 1, "y": 2}"#,
        r#"{"y": 2, "x": 1}"#
    );
    for (source, wanted) in [
        ("{% if a == b and b == a %}y{% endif %}{% if a != c and c != d %}y{% endif %}", "yy"),
        ("{{ l | uniq | size }}", "1"),
        ("{% if l contains l[1] %}y{% endif %}", "y"),
    ] {
        assert_eq!(with(source, &json), wanted, "{source}");
    }
}

#[test]
fn a_loop_goes_on_after_the_last_one_of_its_name_and_list() {
    check(&[
        (
            "{% for i in l limit: 1 %}{{ i }}{% endfor %}-{% for i in l offset: continue %}{{ i }}{% endfor %}-{% for i in l offset: continue %}x{% else %}e{% endfor %}",
            "a-bc-e",
        ),
        (
            "{% for i in l limit: 1 %}{% endfor %}{% for j in l offset:continue %}{{ j }}{% endfor %}{% for i in mixed offset: continue %}{{ i }}{% endfor %}",
            "abc109truea1.5",
        ),
        (
            "{% for i in (1..6) limit: 2 %}{{ i }}{% endfor %}-{% for i in (1..6) offset: continue limit: 2 %}{{ i }}{% endfor %}-{% for i in (1..6) limit: 3, offset: continue reversed %}{{ i }}{% endfor %}",
            "12-34-65",
        ),
        (
            "{% for i in l %}{{ i }}{% break %}{% endfor %}{% for i in l offset: continue %}x{% else %}e{% endfor %}",
            "ae",
        ),
        (
            "{% for i in l limit: 2 %}{% for i in l limit: 1 %}{% endfor %}{% endfor %}{% for i in l offset: continue %}{{ i }}{% endfor %}",
            "bc",
        ),
        (
            "{% for i in gone offset: continue %}x{% else %}e{% endfor %}{% for i in l offset: continue %}{{ i }}{% endfor %}",
            "eabc",
        ),
        ("{% for forloop in l %}{{ forloop }}{% endfor %}", "abc"),
        (
            "{% for i in l %}{{ forloop.name }} {% break %}{% endfor %}{% for p in o['k'] %}{{ forloop.name }}{% endfor %}",
            "i-l p-o['k']",
        ),
    ]);
}

#[test]
fn a_block_that_writes_nothing_but_blanks_writes_nothing() {
    check(&[
        ("a{% if yes %} {% assign x = 1 %}\n{% endif %}b{{ x }}", "ab1"),
        ("a{% for i in l %} \n{% endfor %}b{% unless yes %}{% else %} {% endunless %}c", "abc"),
        ("a{% case n %}{% when 5 %} {% if no %} {% endif %} {% endcase %}b", "ab"),
        ("a{% if yes %} x {% endif %}b{% if yes %} {{ gone }} {% endif %}c", "a x b  c"),
        ("a{% if yes %} {% else %}x{% endif %}b", "a b"),
        ("a{% capture x %} {% endcapture %}b[{{ x }}]", "ab[ ]"),
        ("{% raw -%}  a  {%- endraw %}|{% raw %} {% endraw %}", "  a  | "),
    ]);
}

#[test]
fn every_arm_of_a_case_that_fits_is_rendered() {
    check(&[
        ("{% case n %}{% when 5 %}a{% when 4 %}b{% when 5, 5 %}c{% else %}d{% endcase %}", "acc"),
        ("{% assign x = 1 %}{% case x %}{% when 1 %}a{% assign x = 2 %}{% when 2 %}b{% endcase %}", "ab"),
        (
            "{% for i in l %}{% case i %}{% when 'b' %}{% break %}{% else %}{{ i }}{% endcase %}{% endfor %}",
            "a",
        ),
    ]);
}

#[test]
fn a_name_may_begin_with_digits_and_end_with_a_question_mark() {
    let json = json!({"1-2": "a", "1_000": "b", "paid?": "c", "o": {"ok?": "d", "1": {"2": "e"}, "x-1": "f", "-1": "g"},
        "2024": {"total": 9, "q 1": "h"}, "my-name": "i", "7": "j", "l": ["k"]});
    for (source, wanted) in [
        ("{{ 1-2 }}{{ 1_000 }}{{ paid? }}{{ o.ok? }}{{ o.1.2 }}{{ o.x-1 }}{{ o.-1 }}", "abcdefg"),
        ("{{ 2024.total }}{{ 2024['q 1'] }}{{ my-name }}{{ 7 }}{{ ['7'] }}{{ 7.x }}", "9hi7j"),
        ("{% if paid? and 2024.total > 8 %}y{% endif %}{% assign 1-2 = 'z' %}{{ 1-2 }}", "yz"),
        ("{{ 1.2.3 }} {{ 1.2.3 | plus: 1 }}{{ 1.2.3.x }}{{ 1.-1 }}", "1.2 2.2"),
        ("{{ o.['ok?'] }}{{ o.[\"1\"].2 }}", "de"),
        (
            "{{ self['paid?'] }}{{ self.my-name }}{{ self[o['x-1']] }}{% assign self = l %}{{ self[0] }}",
            "cik",
        ),
    ] {
        assert_eq!(render(source, json.clone()), wanted, "{source}");
    }
    let rendered =
        try_render("{{ self }}{{ self.gone }}{{ self[k] }}", Escape::None, json!({"k": "secret"})).unwrap();
    assert_eq!((&*rendered.text, rendered.missing.join(" ")), ("", "self self.gone self.*".to_owned()));
}

#[test]
fn the_name_of_a_capture_may_stand_in_quotes() {
    for name in ["foo", "'foo'", "\"foo\"", "'foo bar'", "' foo'"] {
        let source = format!("{{% capture {name} %}}x{{% endcapture %}}{{{{ foo }}}}");
        assert_eq!(render(&source, json!({})), "x", "{source}");
    }
    let error = CompiledTemplate::parse("{% capture '' %}{% endcapture %}", Escape::None).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 12: a name is expected");
}

#[test]
fn a_key_of_another_kind_than_it_is_reaches_nothing() {
    let json =
        json!({"l": ["a", "b"], "o": {"1": "x", "true": "y"}, "one": 1, "t": "1", "yes": true, "1": "z"});
    for (source, wanted) in [
        (
            "[{{ l['0'] }}{{ l.0 }}{{ l[t] }}{{ o[one] }}{{ o[1] }}{{ o[yes] }}{{ [one] }}{{ l['first'] }}]",
            "[]",
        ),
        ("{{ l[one] }}{{ o['1'] }}{{ o.1 }}{{ o[t] }}{{ [t] }}{{ o['true'] }}", "bxxxzy"),
    ] {
        assert_eq!(render(source, json.clone()), wanted, "{source}");
    }
}

#[test]
fn a_text_counts_as_the_number_that_ruby_reads_in_it() {
    check(&[
        (
            "{{ '1_000' | plus: 1 }} {{ '1__0' | plus: 1 }} {{ '_1' | plus: 1 }} {{ '1_' | plus: 1 }} {{ '1_0.5' | plus: 1 }}",
            "1001 2 1 2 11",
        ),
        (
            "{{ '+5' | plus: 1 }} {{ '+1.5' | plus: 1 }} {{ '-1.5' | plus: 1 }} {{ '- 5' | plus: 1 }}",
            "6 2 -0.5 1",
        ),
    ]);
}

#[test]
fn the_size_of_a_number_is_that_of_ruby() {
    check(&[
        (
            "{{ n | size }} {{ n.size }} {{ d | size }}[{{ d.size }}] {{ 0 | size }} {{ -1 | size }}",
            "8 8 0[] 8 8",
        ),
        ("{{ 18446744073709551615 | size }} {{ 18446744073709551616 | size }}", "8 9"),
    ]);
}

#[test]
fn a_quotient_has_the_digits_of_a_double_or_where_they_are_too_few_its_own() {
    for (source, wanted) in [
        (
            "{{ 1 | divided_by: 3.0 }} {{ 10.0 | divided_by: 3 }} {{ 1.0 | divided_by: 7 }}",
            "0.3333333333333333 3.3333333333333335 0.14285714285714285",
        ),
        ("{{ 12345678901234567.89 | divided_by: 7 | round: 2 }}", "1763668414462081.13"),
        ("{{ 18446744073709551615 | divided_by: 7.0 | round: 4 }}", "2635249153387078802.1429"),
        ("{{ 18446744073709551615 | divided_by: 7.0 }}", "2635249153387078802.142857142857142857143"),
        (
            "{{ 999999999999.99 | divided_by: 7.0 | round: 2 }} {{ 1e300 | divided_by: 3.0 | size }}",
            "142857142857.14 0",
        ),
        ("{{ n | divided_by: 3.0 }} {{ 0.1 | divided_by: n | size }}", "0.0 0"),
    ] {
        let source = source.replace("{{ n", "{% assign n = v.n %}{{ n").replace("1e300", "v.big");
        let json = r#"{"v": {"n": 1e-300, "big": 1e300}}"#;
        let got = with(&source, json);
        assert_eq!(got, wanted, "{source}");
    }
}

#[test]
fn filters_of_text_do_what_ruby_does() {
    check(&[
        (
            "{{ 'MY gREAT tITLE' | capitalize }} {{ 'ÉCOLE' | capitalize }} {{ 'ßA' | capitalize }} {{ 'ǆEP' | capitalize }} {{ '' | capitalize }}",
            "My great title École Ssa ǅep ",
        ),
        (
            "{{ 'a b&c/d~e=ü*+%' | url_encode }} {{ 'a+b%20c%2B' | url_decode }}",
            "a+b%26c%2Fd~e%3D%C3%BC%2A%2B%25 a b c+",
        ),
        ("{{ 'a &+ü~' | url_encode | url_decode }}", "a &+ü~"),
        (
            "{{ '&lt; &#39; &#x27; &frac12; &amp & <' | escape_once }}",
            "&lt; &#39; &amp;#x27; &amp;frac12; &amp;amp &amp; &lt;",
        ),
        ("{{ '<a title=\"x>y\">b</a><STYLE>c</STYLE>< d > e < f' | strip_html }}", "y\">bc e < f"),
        (
            "{{ '<script>a</script>b<!-- > -->c<style>d' | strip_html }}{{ '<scr<script>x</script>ipt>y' | strip_html }}",
            "bcdy",
        ),
        (
            "{{ 'aaa' | split: 'aa' | join: '-' }} {{ ',a,,b,,' | split: ',' | join: '-' }} {{ ' a\u{b}b ' | split: ' ' | join: '-' }}",
            "-a -a--b a-b",
        ),
        (
            "{{ 'a b ' | truncatewords: 2 }} {{ 'a b' | truncatewords: 2 }} {{ ' a  b c' | truncatewords: 2 }} {{ 'a ' | truncatewords: 2 }}|",
            "a b... a b a b... a |",
        ),
        ("[{{ '\u{a0}a\u{a0}' | strip }}][{{ '\t a \n' | strip }}]", "[\u{a0}a\u{a0}][a]"),
        (
            r"{{ 'a.b' | replace: '.', '\\' }} {{ 'abc' | replace: 'b', '[\0\&]' }} {{ 'abc' | replace: 'b', '\1\x\' }} {{ 'abc' | replace_first: 'b', '\`' }}",
            r"a\b a[bb]c a\x\c aac",
        ),
        ("{{ 'b,C,_,a,Ä' | split: ',' | sort_natural | join: '' }}", "_abCÄ"),
    ]);
}

#[test]
fn a_property_of_a_text_is_a_part_or_a_letter_of_it() {
    check(&[
        (
            "{{ 'abc' | map: 'b' }}{{ 'abc' | map: 'x' }}{{ 'abc' | map: 1 }}{{ 'abc' | map: -1 }}{{ 'abc' | map: 9 }}",
            "bbc",
        ),
        (
            "{{ l | where: 'b' | join }} {{ '5 a,6 b' | split: ',' | sum: '6' }} {{ o | map: 1 | size }}",
            "b 6 1",
        ),
    ]);
}

#[test]
fn a_text_in_a_list_is_written_as_ruby_writes_it() {
    let json = json!({"l": ["\u{7}\u{8}\u{b}\u{c}\u{1b}\u{1}", "#{a} #$b #@c #d", "\"\\\n"]});
    assert_eq!(
        render("{{ l | append: '' }}", json),
        r#"["\a\b\v\f\e\u0001", "\#{a} \#$b \#@c #d", "\"\\\n"]"#
    );
}
