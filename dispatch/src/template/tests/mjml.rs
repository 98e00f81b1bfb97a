//! MJML as people write it becomes HTML, or is refused on save with its place.

use serde_json::json;

use super::try_render;
use crate::template::{Escape, check_email_body, plain_text};

fn sent(source: &str, json: serde_json::Value) -> String {
    let rendered = try_render(source, Escape::Html, json).unwrap();
    rendered.email_html().unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// A source with something in a column.
fn column(inner: &str) -> String {
    format!("<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>")
}

fn reads(source: &str, expected: &str) {
    check_email_body(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let html = sent(source, json!({}));
    assert_eq!(plain_text(&html), expected, "{source}: {html}");
    assert!(!html.contains("<mj") && !html.contains("note"), "{source}: {html}");
}

#[test]
fn line_ends_blanks_and_comments_may_stand_between_elements() {
    let source = "<!-- note -->\n<mjml lang=\"en\">\n  <mj-head>\n    <!-- note -- of mine -->\n    <mj-title>T</mj-title>\n    \
        <mj-attributes>\n      <!-- note -->\n      <mj-all font-family=\"Arial\" /> <mj-text color=\"red\"></mj-text>\n    </mj-attributes>\n    \
        <mj-preview>Soon</mj-preview> <mj-style>.a { color: red }</mj-style>\n  </mj-head> <mj-body> <mj-section> <mj-column> \
        <mj-text>Hi</mj-text> <!-- note --> <mj-social> <mj-social-element name=\"facebook\" href=\"https://x.org\" /> \
        </mj-social> <mj-navbar> <mj-navbar-link href=\"https://x.org/n\">N</mj-navbar-link> </mj-navbar>\n <mj-accordion> \
        <mj-accordion-element> <mj-accordion-title>Q</mj-accordion-title> <mj-accordion-text>A</mj-accordion-text> \
        </mj-accordion-element> </mj-accordion> </mj-column> </mj-section> </mj-body> </mjml>";
    let line_ends = ["\n", "\r\n", "\r", " ", "\n\n\t"];
    for line_end in line_ends {
        let source = source.replace('\n', line_end);
        check_email_body(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        let text = plain_text(&sent(&source, json!({})));
        for part in ["Hi\n", "https://x.org", "N (https://x.org/n)", "Q", "A"] {
            assert!(text.contains(part), "{line_end:?}: {text}");
        }
        assert!(!text.contains("Soon"), "{text}");
    }
}

#[test]
fn blanks_between_words_are_kept() {
    reads(&column("<mj-text><b>One</b>\n<i>two</i>\r\n  <u>three</u></mj-text>"), "One two three");
    reads(&column("<mj-text>\n  <p>a</p>\n  <p>b</p>\n</mj-text>"), "a\n\nb");
    reads(&column("<mj-text>a<!-- note -->b <!-- note --> c</mj-text>"), "ab c");
    reads(&column("<mj-table>\n<tr>\n<td>a</td>\n<td>b</td>\n</tr>\n</mj-table>"), "a b");
    reads(&column("<mj-button href=\"https://x.org\">\n  Go\n</mj-button>"), "Go (https://x.org)");
}

#[test]
fn html_in_mjml_is_taken_as_people_write_it() {
    reads(&column("<mj-text>a<BR>b<Br/>c <B>d</B><P>e</P></mj-text>"), "a\nb\nc d\n\ne");
    reads(&column("<mj-text>R&D &nbsp;&copy; &eacute; &#8364; 5 > 3</mj-text>"), "R&D © é € 5 > 3");
    reads(&column("<mj-text>日本> x]]> é></mj-text>"), "日本> x]]> é>");
    reads(&column("<mj-image src=\"https://x.org/a.png\" alt=\"A\" />"), "A");
    reads(&column("<mj-image src='https://x.org/a.png' alt='A'></mj-image><mj-divider/><mj-spacer />"), "A");
    reads(
        &column("<mj-text><a href=\"https://x.org/?a=1&b=<2>\">x</a></mj-text>"),
        "x (https://x.org/?a=1&b=<2>)",
    );
    reads(
        &column(
            "<mj-raw><!--[if mso]><p>日本> no</p><![endif]--><p style='font-size:1em'>no</p><p style='font-size:14px'>yes</p><!--[if !mso]><!--><p style='font-size:14px'>too</p><!--<![endif]--></mj-raw>",
        ),
        "yes\n\ntoo",
    );
    reads(&column("<mj-text>a<!-->b</mj-text>"), "ab");
}

#[test]
fn a_document_may_begin_as_documents_do() {
    let inner = column("<mj-text>Hi</mj-text>");
    for before in [
        "\u{feff}",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<?xml-stylesheet href='x'?>",
        "<!DOCTYPE mjml SYSTEM \"x.dtd\">",
        "<!doctype html>\n<!-- note > note -->",
        "<!DOCTYPE mjml [\n<!ENTITY a \"b\">\n]>",
        "\u{feff}\r\n<!-- note --><?php note ?>",
        "<!-->",
    ] {
        reads(&format!("{before}{inner}"), "Hi");
    }
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_place() {
    // A bar stands where the fault is.
    for inner in [
        // Text and HTML between elements.
        "|text",
        "\n  |text <mj-text>x</mj-text>",
        "<mj-text>x</mj-text> |more",
        "|<p>x</p>",
        "<mj-text>x</mj-text>|<div>y</div>",
        "|<BR>",
        "|&nbsp;",
        "|{{ x }}",
        "{% if x %}|y{% endif %}",
        "{% for x in y %}|<b>{{ x }}</b>{% endfor %}",
        "{% if x %}<mj-text>{{ x }}</mj-text>{% else %}|none{% endif %}",
        "<mj-social>|x</mj-social>",
        "<mj-text color=\"{% if a > b %}red{% endif %}\">x</mj-text>|y",
        // What the library does not read.
        "|<mj-image src=x />",
        "<mj-text>a |< b</mj-text>",
        "<mj-text>|<p>x</mj-text>",
        "<mj-text>|<![CDATA[x]]></mj-text>",
        "<mj-text>x|<mj-spacer /></mj-text>",
        "|<mj-nope />",
        "|<MJ-TEXT>x</MJ-TEXT>",
        "|<mj-include path=\"x\" />",
        "<mj-raw>|<!--[if mso] x</mj-raw>",
        "<mj-text>日本> é>\u{1}<!-- c -->|<mj-spacer /></mj-text>",
        "|<!-- x <mj-text>x</mj-text>",
        "|<mj-text title='it's'>x</mj-text>",
    ] {
        let marked = column(inner);
        let at = marked.find('|').unwrap();
        let (source, line) = (marked.replacen('|', "", 1), marked[..at].rsplit('\n').next().unwrap());
        let error = check_email_body(&source).expect_err(&source);
        assert!(error.message.contains("MJML"), "{source}: {error}");
        assert_eq!(error.column, u32::try_from(line.chars().count() + 1).ok(), "{source}: {error}");
    }
    for head in ["<mj-head>x</mj-head>", "<mj-head><title>x</title></mj-head>", "x", "<p>x</p>"] {
        let error = check_email_body(&format!("<mjml>{head}<mj-body></mj-body></mjml>")).expect_err(head);
        assert!(error.column.is_some(), "{head}: {error}");
    }
}

#[test]
fn liquid_may_make_elements_between_elements() {
    for inner in [
        "{% for x in y %}\n<mj-text>{{ x }}</mj-text>\n{% endfor %}",
        "{% if x %}<mj-text>{% else %}<mj-text color=\"red\">{% endif %}Hi</mj-text>",
        "{% capture x %}Hi <b>you</b>{% endcapture %}<mj-text>{{ x }}</mj-text>",
        "{% capture x %}<mj-text>Hi</mj-text>{% endcapture %}{{ x | raw }}",
        "{%- assign x = 1 -%}{% comment %}text <p>{% endcomment %}<mj-text>Hi</mj-text>",
        "<mj-text>{{ \"<\" }} {% if 1 > 0 %}Hi{% endif %}</mj-text>",
        "<mj-image src=\"{{ x }}\" alt=\"{{ y | default: '>' }}\" />",
    ] {
        let source = column(inner);
        check_email_body(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
}

#[test]
fn no_value_fails_a_mail() {
    let source = "<mjml><mj-head><mj-title>{{ x }}</mj-title><mj-preview>{{ x }}</mj-preview></mj-head><mj-body><!-- {{ x }} -->\
        <mj-section><mj-column><mj-text css-class=\"{{ x }}\">Hi {{ x }}<!-- {{ x }} --></mj-text>\
        <mj-button href=\"https://x.org/{{ x }}\">{{ x }}</mj-button><mj-image src=\"{{ x }}\" alt=\"{{ x }}\" />\
        <mj-raw><p title='{{ x }}'>{{ x }}</p></mj-raw></mj-column></mj-section></mj-body></mjml>";
    check_email_body(source).unwrap();
    for x in [
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "a\u{1}b",
        "\u{0}",
        "a\u{fffe}b\u{ffff}",
        "\u{b}\u{c}\u{1f}\u{7f}\u{85}",
        "a--b",
        "-->",
        "--",
        "<!--",
        "]]>",
        "<![CDATA[",
        "日本> x",
        "é>",
        "<b>",
        "</mj-text>",
        "&",
        "&#1;",
        "&nosuch;",
        "{{ y }}",
        "\"'`",
        "<?php",
        "👨\u{200d}👩\u{200d}👧",
        "\u{202e}abc",
        "\u{feff}",
        "\u{fffc}",
        "<mj-text>",
    ] {
        let html = sent(source, json!({"x": x}));
        let text = plain_text(&html);
        assert!(text.contains("Hi"), "{x:?}: {text}");
        let shown: String =
            x.chars().filter(|c| !c.is_control() && !('\u{fffe}'..='\u{ffff}').contains(c)).collect();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(shown.trim_matches('\u{feff}')), "{x:?}: {text:?}");
    }
    let with_controls = column("<mj-text>a\u{1}b\u{fffe}c\u{c}d</mj-text>");
    reads(&with_controls, "abc d");
}
