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

#[test]
fn broken_mjml_is_found_on_save() {
    for (source, place) in [
        ("<mjml>\n  <mj-nope/></mjml>", Some((2, 3))),
        ("<mjml>{% if x %}{% else %}<mj-nope/>{% endif %}</mjml>", None),
        ("<mjml><mj-body><mj-section>", None),
        ("<mjml><mj-head><mj-include path=\"/etc/passwd\" /></mj-head></mjml>", None),
    ] {
        let error = check_email_body(source).expect_err(source);
        assert!(error.message.contains("MJML"), "{error}");
        if let Some((line, column)) = place {
            assert_eq!((error.line, error.column), (Some(line), Some(column)), "{error}");
        }
    }
    let error = email_html("<mjml><mj-nope/></mjml>").unwrap_err();
    assert_eq!(error.code(), "invalid_mjml");
}

#[test]
fn a_body_that_is_no_mjml_stays_as_it_is() {
    for body in
        ["<p>a</p>", "plain", "", "<mjmlx>", "text <mjml>", "<!-- c --><p>", "<!doctype html><html></html>"]
    {
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

#[test]
fn the_plain_alternative_reads_like_the_mail() {
    for (html, expected) in [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<h1>Title</h1>\n  <div>a</div>\n<div>b</div>", "Title\n\na\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("a  \n b &amp; c &lt;d&gt; &#8364; &nbsp; e", "a b & c <d> € e"),
        ("<ul><li>x</li><li>y</li></ul>z", "- x\n- y\n\nz"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        (r#"<a href="https://x.org/?a=1&amp;b=2">Go</a>!"#, "Go (https://x.org/?a=1&b=2)!"),
        (
            r#"<a href="https://x.org">https://x.org</a> <a href="mailto:a@b.c">a@b.c</a>"#,
            "https://x.org a@b.c",
        ),
        (
            r##"<a href="#top">Top</a><a href="https://x.org"><img src="y" alt="Logo"></a>"##,
            "TopLogo (https://x.org)",
        ),
        ("<style>p { }</style><head><title>t</title></head>a<script>b</script><!-- c -->d", "ad"),
        (r#"<div style="display: none">hidden</div>shown"#, "shown"),
        ("a < b and <3", "a < b and <3"),
        ("a <b", "a <b"),
        ("<!-- unclosed", "<!-- unclosed"),
        ("ein\u{ad}fach\u{200b}", "einfach"),
        ("", ""),
    ] {
        assert_eq!(plain_text(html), expected, "{html}");
    }
}
