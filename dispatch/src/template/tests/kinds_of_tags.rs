//! No condition, loop or other tag fails or takes another branch than in Shopify's Liquid over a value that is missing, null or of
//! another kind.

use super::kinds::{all, check};
use super::render;

#[test]
fn nothing_contains_nothing_and_no_condition_fails() {
    let holds =
        |condition: &str| render(&format!("{{% if {condition} %}}y{{% else %}}n{{% endif %}}"), all());
    for condition in [
        "gone contains 'x'",
        "nothing contains 'x'",
        "n contains 5",
        "d contains '2'",
        "yes contains 'true'",
        "t contains gone",
        "t contains nothing",
        "t contains no",
        "l contains gone",
        "l contains nothing",
        "o contains gone",
        "o contains 'v'",
        "gone contains gone",
        "gone.a.b contains 'x'",
        "l contains 'ab'",
        "no_items contains 'a'",
        "n contains gone",
        "gone > 5",
        "gone < 5",
        "gone >= 0",
        "gone <= 0",
        "5 > gone",
        "nothing < 1",
        "gone < gone",
        "gone <= gone",
        "t > 1",
        "t < 1",
        "n > '1'",
        "n < '9'",
        "num > 1",
        "l > 1",
        "l < l",
        "o > o",
        "yes > no",
        "n > yes",
        "empty_text > 0",
        "t >= n",
        "gone == ''",
        "gone == 0",
        "gone == false",
        "nothing == false",
        "no == nil",
        "n == '5'",
        "num == 7",
        "t == true",
        "yes == 'true'",
        "empty_text == nil",
        "gone == empty",
        "nothing == empty",
        "n == empty",
        "n == blank",
        "t == blank",
        "l == empty",
        "o == blank",
        "l == 'abc'",
        "o == l",
        "spaces == empty",
        "yes == blank",
        "gone != nil",
        "gone != nothing",
        "gone",
        "nothing",
        "no",
        "gone.size",
        "gone and yes",
        "yes and gone",
        "gone or nothing",
        "gone and yes or yes",
        "no and no or yes",
        "gone.first",
        "l[9]",
        "l[gone]",
        "l['x']",
        "t[0]",
        "n.x",
        "yes.x",
        "empty_text contains 'a'",
        "gone[gone]",
        "gone[gone][nothing]",
        "o[l]",
        "l[o]",
        "l[d]",
        "o.first.x",
        "l < 5",
    ] {
        assert_eq!(holds(condition), "n", "{condition}");
    }
    for condition in [
        "t contains 'b'",
        "t contains empty_text",
        "l contains 'b'",
        "o contains 'k'",
        "num contains 7",
        "t contains t",
        "gone == nil",
        "gone == nothing",
        "gone == null",
        "nothing == nil",
        "gone == blank",
        "nothing == blank",
        "no == blank",
        "gone != ''",
        "gone != 0",
        "gone != false",
        "empty_text == empty",
        "empty_text == blank",
        "spaces == blank",
        "no_items == empty",
        "no_items == blank",
        "no_members == empty",
        "empty == no_members",
        "blank == gone",
        "n == 5.0",
        "l == l",
        "o == o",
        "no_items",
        "no_members",
        "empty_text",
        "n",
        "0",
        "gone or yes",
        "yes or gone and gone",
        "yes and no or yes",
        "t < 'b'",
        "'Z' < 'a'",
        "n >= 5",
        "d < n",
        "l != o",
        "t != n",
        "gone != empty",
        "nothing != empty",
    ] {
        assert_eq!(holds(condition), "y", "{condition}");
        let unless = format!("{{% unless {condition} %}}n{{% else %}}y{{% endunless %}}");
        assert_eq!(render(&unless, all()), "y", "{unless}");
    }
}

#[test]
fn a_loop_goes_over_every_kind() {
    check(&[
        ("{% for c in t %}[{{ c }}]{% else %}none{% endfor %}", "[abc]"),
        ("{% for c in 'xy' limit: 0 offset: 5 %}[{{ c }}]{% endfor %}", "[xy]"),
        ("{% for c in empty_text %}x{% else %}none{% endfor %}{% for c in spaces %}x{% endfor %}", "nonex"),
        ("{% for c in gone %}x{% else %}a{% endfor %}{% for c in nothing %}x{% else %}b{% endfor %}", "ab"),
        (
            "{% for c in n %}x{% else %}a{% endfor %}{% for c in yes %}x{% else %}b{% endfor %}{% for c in d %}x{% else %}c{% endfor %}",
            "abc",
        ),
        ("{% for c in gone.a.b %}x{% else %}a{% endfor %}{% for c in empty %}x{% else %}b{% endfor %}", "ab"),
        ("{% for p in o %}{{ p[0] }}={{ p[1] }};{{ p.first }}{{ p.last }} {% endfor %}", "k=v;kv n=1;n1 "),
        (
            "{% for p in o limit:1 offset:1 reversed %}{{ p }}{% endfor %}{% for p in no_members %}x{% else %}e{% endfor %}",
            "n1e",
        ),
        ("{% for i in l limit: gone offset: nothing %}{{ i }}{% endfor %}", "abc"),
        ("{% for i in l limit: '2' offset: '1' %}{{ i }}{% endfor %}", "bc"),
        (
            "{% for i in l limit: t %}{{ i }}{% endfor %}{% for i in l offset: l %}{{ i }}{% endfor %}",
            "abcabc",
        ),
        (
            "{% for i in l limit: -1 %}x{% else %}e{% endfor %}{% for i in l offset: -1 limit: 2 %}{{ i }}{% endfor %}",
            "ea",
        ),
        (
            "{% for i in l limit: 1.9 %}{{ i }}{% endfor %}{% for i in l offset: 99 %}x{% else %}e{% endfor %}",
            "ae",
        ),
        (
            "{% for i in l limit: 9223372036854775807 offset: 9223372036854775807 %}x{% else %}e{% endfor %}",
            "e",
        ),
        (
            "{% for i in (1..gone) %}x{% else %}e{% endfor %}{% for i in (gone..2) %}{{ i }}{% endfor %}",
            "e012",
        ),
        (
            "{% for i in (gone..gone) %}{{ i }}{% endfor %}{% for i in (nothing..'2') %}{{ i }}{% endfor %}",
            "0012",
        ),
        (
            "{% for i in ('1'..num) %}{{ i }}{% endfor %}{% for i in (1..t) %}x{% else %}e{% endfor %}",
            "1234567e",
        ),
        (
            "{% for i in (1..2.9) %}{{ i }}{% endfor %}{% for i in (l..1) %}{{ i }}{% endfor %}{% for i in (1..yes) %}x{% endfor %}",
            "1201",
        ),
        ("{% for i in (1..n), limit: 2, reversed %}{{ i }}{% endfor %}", "21"),
        (
            "{% for i in l %}{% if forloop.parentloop %}x{% endif %}{% if forloop %}{{ forloop.gone }}{{ forloop.index }}{% endif %}{% endfor %}",
            "123",
        ),
    ]);
}

#[test]
fn the_other_tags_take_every_kind() {
    check(&[
        ("{% case gone %}{% when 'a' %}a{% when nil %}n{% else %}e{% endcase %}", "n"),
        ("{% case gone %}{% when '', 0, false %}a{% else %}e{% endcase %}", "e"),
        (
            "{% case n %}{% when '5' %}t{% when 5.0 %}n{% endcase %}{% case num %}{% when 7 %}n{% when '7' %}t{% endcase %}",
            "nt",
        ),
        (
            "{% case t %}{% when gone %}g{% when l or o, 'abc' %}y{% endcase %}{% case no_items %}{% when empty %}e{% endcase %}",
            "ye",
        ),
        ("{% case nothing %}{% when blank %}b{% endcase %}{% case l %}{% when l %}l{% endcase %}", "bl"),
        (
            "{% assign x = gone %}[{{ x }}]{% assign x = l[gone] %}[{{ x }}]{% assign x = gone | plus: 1 %}{{ x }}",
            "[][]1",
        ),
        (
            "{% capture x %}{{ gone }}{{ nothing.a }}{% endcapture %}[{{ x }}]{% if x == empty %}e{% endif %}",
            "[]e",
        ),
        ("{% if gone %}a{% elsif gone.b > 1 %}b{% elsif t contains gone %}c{% else %}d{% endif %}", "d"),
        (
            "{% unless gone > 1 %}a{% elsif yes %}b{% endunless %}{% unless yes %}a{% elsif yes %}b{% endunless %}",
            "ab",
        ),
        (
            "{{ yes }}{{ no }}{{ nothing }}{{ l }}{{ nested }}{{ no_items }}{{ mixed }}",
            "truefalseabcabc109truea1.5",
        ),
        ("{{ o }}{{ no_members }}", r#"{"k"=>"v", "n"=>1}{}"#),
    ]);
}
