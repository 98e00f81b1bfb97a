//! Email bodies: MJML, addresses, and the plain alternative.

use serde_json::json;

use super::{render_html, try_render};
use crate::template::{Escape, check_email_body, email_html, plain_text};

#[test]
fn addresses_lead_only_where_they_may() {
    for (html, expected) in [
        (r#"<a href="https://x.org/a?b=c:d">"#, r#"<a href="https://x.org/a?b=c:d">"#),
        (r"<a href='HTTP://x.org'>", r"<a href='HTTP://x.org'>"),
        (r#"<a href="mailto:a@b.c">"#, r#"<a href="mailto:a@b.c">"#),
        (r#"<a href="tel:+1"><img src="cid:logo">"#, r#"<a href="tel:+1"><img src="cid:logo">"#),
        (
            r##"<a href="#top"><a href="/x:y"><a href="?a:b"><a href="a/b:c"><a href="">"##,
            r##"<a href="#top"><a href="/x:y"><a href="?a:b"><a href="a/b:c"><a href="">"##,
        ),
        (r#"<a href="//x.org:80/">"#, r#"<a href="//x.org:80/">"#),
        (r#"<a href="javascript:alert(1)">"#, r##"<a href="#alert(1)">"##),
        (r"<a href=javascript:alert(1)>", r"<a href=#alert(1)>"),
        (r#"<A HREF = "JaVaScRiPt:x">"#, r##"<A HREF = "#x">"##),
        ("<a href=\"\n java\tscript\n:x\">", "<a href=\"#x\">"),
        (r#"<a href="&#106;avascript&colon;x">"#, r##"<a href="#x">"##),
        (r#"<a href="&#x6A;&#97vascript&#0000058x">"#, r##"<a href="#x">"##),
        (r#"<a href="java&Tab;script&NewLine;:x">"#, r##"<a href="#x">"##),
        (r#"<a href="&#1;javascript:x">"#, r##"<a href="#x">"##),
        (r#"<img src="data:text/html,x">"#, r##"<img src="#text/html,x">"##),
        (r"<img src=vbscript:x onerror=y>", r"<img src=#x onerror=y>"),
        (
            r#"<form action="file:///etc"><button formaction='data:x'>"#,
            r##"<form action="#///etc"><button formaction='#x'>"##,
        ),
        (
            r#"<td background="javascript:x"><svg><a xlink:href="javascript:x">"#,
            r##"<td background="#x"><svg><a xlink:href="#x">"##,
        ),
        (
            r#"<a/href="javascript:x"><a title="a"href="javascript:y">"#,
            r##"<a/href="#x"><a title="a"href="#y">"##,
        ),
        (r#"<!-- <a title=" --><a href="javascript:x">"#, r##"<!-- <a title=" --><a href="#x">"##),
        (
            r#"<!--[if mso]><v:rect href="javascript:x"><![endif]-->"#,
            r##"<!--[if mso]><v:rect href="#x"><![endif]-->"##,
        ),
        (r#"<a href="javascript:a"><a href="javascript:b">"#, r##"<a href="#a"><a href="#b">"##),
        (r#"<a href="example.org:8080/x">"#, r##"<a href="#8080/x">"##),
        (r#"<p data-href="javascript:x">a=b: c"#, r#"<p data-href="javascript:x">a=b: c"#),
        ("<a href=", "<a href="),
        ("<a href=\"javascript", "<a href=\"javascript"),
    ] {
        assert_eq!(email_html(html).unwrap(), expected, "{html}");
    }
}

#[test]
fn a_variable_cannot_make_an_address_run_anything() {
    let source = r#"<a href="{{ a }}{{ b }}">x</a><img src='{{ c }}'><a href={{ d }}>y</a><a href="{{ raw | raw }}">z</a>"#;
    let json = json!({
        "a": "java", "b": "script:alert(1)", "c": " data:text/html;base64,xx", "d": "vbscript:x",
        "raw": "&#106;avascript:alert(2)",
    });
    let html = email_html(&render_html(source, json)).unwrap();
    for bad in ["javascript", "data:", "vbscript", "&#106;"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    let html =
        email_html(&render_html(source, json!({"a": "https://x.org/?q=", "b": "\"onclick=x"}))).unwrap();
    assert!(html.starts_with(r#"<a href="https://x.org/?q=&quot;onclick=x">"#), "{html}");
}

/// The HTML that a source becomes with these variables.
fn sent(source: &str, json: serde_json::Value) -> String {
    try_render(source, Escape::Html, json).unwrap().email_html().unwrap()
}

#[test]
fn an_address_from_a_variable_leads_to_the_web_or_a_mailbox_only() {
    for (source, x, expected) in [
        (r#"<a href="{{ x }}">"#, "tel:+1", r##"<a href="#+1">"##),
        (r#"<a href="{{ x }}">"#, "cid:logo", r##"<a href="#logo">"##),
        (r#"<a href="{{ x }}">"#, "//x.org/", r##"<a href="#x.org/">"##),
        (r#"<a href="{{ x }}">"#, "\\/x.org/", r##"<a href="#x.org/">"##),
        (r#"<a href="/{{ x }}">"#, "/x.org/", r##"<a href="#x.org/">"##),
        (r#"<a href="{{ x | raw }}">"#, "tel:1", r##"<a href="#1">"##),
        (r#"{% capture y %}{{ x }}{% endcapture %}<a href="{{ y }}">"#, "tel:1", r##"<a href="#1">"##),
        (r"<a href={{ x }}>", "tel:1", r"<a href=#1>"),
        (r"{{ x | raw }}", r#"<a href="tel:1">"#, r##"<a href="#1">"##),
        (r#"<meta content="0;url={{ x }}">"#, "tel:1", r#"<meta content="0;url=#1">"#),
        (r#"<meta content="0;{{ x }}">"#, "url=javascript:y", r#"<meta content="0;url=#y">"#),
        (r#"<a href="{{ x }}">"#, "https://x.org//a", r#"<a href="https://x.org//a">"#),
        (r#"<a href="{{ x }}">"#, "mailto:a@b.c", r#"<a href="mailto:a@b.c">"#),
        (r#"<a href="tel:{{ x }}">"#, "+1", r#"<a href="tel:+1">"#),
        (r#"<a href="//{{ x }}">"#, "x.org", r#"<a href="//x.org">"#),
        (r#"<a href="{{ nothing }}tel:+1">{{ x }}"#, "", r#"<a href="tel:+1">"#),
        (
            r#"<a href="https://x.org/?a=1&amp;url={{ x }}">"#,
            "app:y",
            r#"<a href="https://x.org/?a=1&amp;url=app:y">"#,
        ),
    ] {
        assert_eq!(sent(source, json!({"x": x})), expected, "{source} with {x}");
    }
    let letter = |url: &str| sent(LETTER, json!({"name": "x", "items": [], "url": url}));
    assert!(letter("tel:12345").contains(r##"href="#12345""##), "{}", letter("tel:12345"));
    assert!(letter("\u{fffc}tel:12345").contains("href=\"\u{fffc}tel:12345\""), "no scheme begins so");
    assert!(letter("https://x.org/o").contains(r#"href="https://x.org/o""#));
    let literal = LETTER.replace("{{ url }}", "tel:12345");
    assert!(sent(&literal, json!({})).contains(r#"href="tel:12345""#));
}

#[test]
fn a_variable_does_not_end_an_attribute_without_quotes() {
    for (source, expected) in [
        ("<p title={{ x }}>", "<p title=a&#32;onclick=b>"),
        ("<p title= c{{ x }}d>", "<p title= ca&#32;onclick=bd>"),
        (r#"<p title="{{ x }}">"#, r#"<p title="a onclick=b">"#),
        ("<p>{{ x }}</p>", "<p>a onclick=b</p>"),
        ("{{ x }} <p title=q>{{ x }}", "a onclick=b <p title=q>a onclick=b"),
    ] {
        assert_eq!(sent(source, json!({"x": "a onclick=b"})), expected, "{source}");
    }
}

const LETTER: &str = r#"<mjml>
  <mj-head><mj-attributes><mj-all font-family="Arial" /></mj-attributes><mj-preview>Soon</mj-preview></mj-head>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>Hi {{ name }}<br>thanks</mj-text>
      {% for item in items %}<mj-text>{{ item }}</mj-text>{% endfor %}
      <mj-button href="{{ url }}">Open</mj-button>
    </mj-column></mj-section>
  </mj-body>
</mjml>"#;

#[test]
fn mjml_becomes_html_after_liquid() {
    check_email_body(LETTER).unwrap();
    let mjml = render_html(
        LETTER,
        json!({"name": "<Ann>", "items": ["Tea", "Jam"], "url": "https://x.org/o?a=1&b=2"}),
    );
    let html = email_html(&mjml).unwrap();
    assert!(html.starts_with("<!doctype html>"), "{html}");
    for part in
        ["&lt;Ann&gt;", ">Tea<", ">Jam<", r#"href="https://x.org/o?a=1&amp;b=2""#, "font-family:Arial"]
    {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<mj-"), "{html}");
    let text = plain_text(&html);
    assert_eq!(text, "Hi <Ann>\nthanks\nTea\nJam\nOpen (https://x.org/o?a=1&b=2)");
}

#[test]
fn an_address_in_mjml_is_checked_too() {
    let mjml = render_html(LETTER, json!({"name": "x", "items": [], "url": "javascript:alert(1)"}));
    assert!(!email_html(&mjml).unwrap().contains("javascript"));
}

const INNER: &str =
    "<mj-body><mj-section><mj-column><mj-text>Hi {{ x }}</mj-text></mj-column></mj-section></mj-body>";

#[test]
fn mjml_is_known_whatever_a_document_has_before_it() {
    for before in [
        "",
        "\u{feff}",
        "\n\t ",
        "<!-- note -->",
        "\n <!-- a --> <!-- <mj-old> -->\n",
        "<!DOCTYPE html>",
        "<!doctype mjml>\n",
        "<!DOCTYPE mjml [ <!ENTITY nbsp \"&#160;\"> ]>",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE mjml><!-- c -->",
        "\u{feff}<?xml version='1.0'?>",
        "{% assign y = 1 %}\n",
        "{% comment %}<mj-old>{% endcomment %}",
        "{% if x %}{% endif %}",
        "{% unless z %}<!-- y -->{% endunless %}",
    ] {
        for after in ["", "\n", " <!-- end --> \n", "{% if z %}z{% endif %}"] {
            let source = format!("{before}<mjml>{INNER}</mjml>{after}");
            check_email_body(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
            let html = sent(&source, json!({"x": "Ann"}));
            assert!(html.starts_with("<!doctype html>") && html.contains("Hi Ann"), "{source}: {html}");
            assert!(
                !html.contains("<mj") && !html.contains("note") && !html.contains("<?"),
                "{source}: {html}"
            );
        }
    }
    let hidden = format!(
        "{{% if x %}}<?xml version=\"1.0\"?><mjml>{INNER}</mjml>{{% else %}}<p>none</p>{{% endif %}}"
    );
    check_email_body(&hidden).unwrap();
    assert!(sent(&hidden, json!({"x": "Ann"})).contains("Hi Ann"));
    assert_eq!(sent(&hidden, json!({})), "<p>none</p>");
}

#[test]
fn broken_mjml_is_found_on_save_with_its_place() {
    let column = |inner: &str| {
        format!(
            "<mjml><mj-body>\n<mj-section><mj-column>\n  {inner}\n</mj-column></mj-section></mj-body></mjml>"
        )
    };
    for (source, place) in [
        ("<mjml>\n  <mj-nope/></mjml>".to_owned(), (2, 3)),
        (column("<mj-txt>typo</mj-txt>"), (3, 3)),
        (column("<mj-buton href=\"https://e.example\">Pay</mj-buton>"), (3, 3)),
        (column("<MJ-TEXT>caps</MJ-TEXT>"), (3, 3)),
        (column("<mj-text>x"), (3, 3)),
        (column("<mj-container><mj-text>x</mj-text></mj-container>"), (3, 3)),
        (column("<mj-text><mj-button>x</mj-button></mj-text>"), (3, 12)),
        (column("<mj-raw><mj-spacer /></mj-raw>"), (3, 11)),
        (column("{% for item in items %}<mj-txt>{{ item }}</mj-txt>{% endfor %}"), (3, 26)),
        (
            column(
                "{% if x %}{% endif %}<mj-text>{{ y }}</mj-text>\n<mj-text>{{ y }}<mj-button>x</mj-button></mj-text>",
            ),
            (4, 17),
        ),
        (format!("<!DOCTYPE mjml>\n{}", column("<mj-text>{{ x }}</mj-text><mj-nope />")), (4, 29)),
        ("<mjml>{% if x %}{% else %}<mj-nope/>{% endif %}</mjml>".to_owned(), (1, 27)),
        ("<mjml><mj-body><mj-section>".to_owned(), (1, 16)),
        ("<MJML><mj-body></mj-body></MJML>".to_owned(), (1, 1)),
        ("<mjml><mj-head>\n<mj-include path=\"/etc/passwd\" /></mj-head></mjml>".to_owned(), (2, 1)),
        ("<mjml><mj-body></mj-body></mjml>\nbye".to_owned(), (1, 33)),
        ("<p>Dear {{ x }}</p>\n<mjml></mjml>".to_owned(), (2, 1)),
        ("<html><body><mj-text>x</mj-text>".to_owned(), (1, 13)),
        ("<p>{% if x %}<mj-txt>{% endif %}".to_owned(), (1, 14)),
    ] {
        let error = check_email_body(&source).expect_err(&source);
        assert!(error.message.contains("MJML"), "{error}");
        assert_eq!((error.line, error.column), (Some(place.0), Some(place.1)), "{source}: {error}");
    }
}

#[test]
fn no_element_of_mjml_reaches_a_person() {
    for (source, x) in [
        ("<mjml><mj-nope/></mjml>", ""),
        ("{{ x | raw }}", "<mjml><mj-body><mj-txt>a</mj-txt></mj-body></mjml>"),
        ("{{ x | raw }}", "text <mjml><mj-body></mj-body></mjml>"),
        ("<p>{{ x | raw }}", "<MJ-Text>a"),
        ("<p>{{ x | raw }}", "</mj-text>"),
        ("<!--[if mso]>{{ x | raw }}<![endif]-->", "<mj-text>"),
        ("<mjml><mj-body><mj-text>{{ x | raw }}</mj-text></mj-body></mjml>", "<mj-text>a</mj-text>"),
        ("<mjml><mj-body><mj-{{ x }}>a</mj-{{ x }}></mj-body></mjml>", "txt"),
        ("<mjml><mj-body><mj-raw>{{ x | raw }}</mj-raw></mj-body></mjml>", "<mjml>"),
    ] {
        let error = try_render(source, Escape::Html, json!({"x": x})).unwrap().email_html();
        assert_eq!(error.expect_err(source).code(), "invalid_mjml", "{source}");
    }
    let shown = sent("<p>{{ x }}</p>", json!({"x": "<mj-text>"}));
    assert_eq!(shown, "<p>&lt;mj-text&gt;</p>");
}

#[test]
fn a_body_that_is_no_mjml_stays_as_it_is() {
    for body in [
        "<p>a</p>",
        "plain",
        "",
        "<mjmlx>",
        "<!-- c --><p>",
        "<!doctype html><html></html>",
        "&lt;mjml&gt; <p>1 <mj x</p>",
        "<p>a</p><!-- <mj-text>was</mj-text> -->",
    ] {
        check_email_body(body).unwrap();
        assert_eq!(email_html(body).unwrap(), body);
    }
}

#[test]
fn mjml_after_a_comment_or_blank_lines_is_mjml() {
    let html = email_html("\n <!-- note -->\n<mjml><mj-body></mj-body></mjml>").unwrap();
    assert!(html.contains("<html"), "{html}");
}

#[test]
fn an_arrow_after_letters_of_any_script_is_text() {
    // The tokenizer of the MJML library cuts letters apart before a bare `>`.
    for text in ["日本> x", "é > x", "ⶸ>", "→>", "a > é> b"] {
        let mjml = format!("<mjml><mj-body><mj-raw><p title=\"é\">{text}</p></mj-raw></mj-body></mjml>");
        let html = email_html(&mjml).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(plain_text(&html), text, "{html}");
    }
    let style =
        "<mjml><mj-head><mj-style>.é > p { color: red }</mj-style></mj-head><mj-body></mj-body></mjml>";
    assert!(email_html(style).unwrap().contains(".é   > p {"));
}

#[test]
fn mjml_includes_nothing() {
    let mjml = r#"<mjml><mj-body><mj-include path="/etc/passwd" type="html" /></mj-body></mjml>"#;
    assert_eq!(email_html(mjml).unwrap_err().code(), "invalid_mjml");
}
