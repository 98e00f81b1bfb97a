//! The plain alternative of an email says what a reader of its HTML sees.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::reads;
use crate::template::plain_text;

#[test]
fn the_plain_alternative_reads_like_the_mail() {
    reads(&[
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<p>Two<div>Three</div>", "One\n\nTwo\n\nThree"),
        ("<h1>Title</h1>\n  <div>a</div>\n<div>b</div>", "Title\n\na\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("a<br><br><br><br>b</br>c", "a\n\nb\nc"),
        ("a  \n b &amp; c &lt;d&gt; &#8364; &nbsp; e", "a b & c <d> € e"),
        ("<b>bo</b>ld <i>it</i>alic", "bold italic"),
        ("<style>p { }</style><head><title>t</title></head>a<script>b</script><!-- c -->d", "ad"),
        ("<html><head><title>t</title><meta x><body>a</body></html>b", "ab"),
        ("<head>a<p>b", "a\n\nb"),
        ("<script>if (a < b) { '</p>' }</script>x<textarea>no</textarea><svg><text>no</text></svg>y", "xy"),
        ("a < b and <3", "a < b and <3"),
        ("<p>&lt;p&gt; &amp;amp;", "<p> &amp;"),
        ("<q>yes</q>", "“yes”"),
        ("<![CDATA[x]]>a<?php b ?>c<!doctype html>d", "acd"),
        ("", ""),
    ]);
}

#[test]
fn a_reference_is_read_as_a_browser_reads_it() {
    reads(&[
        ("&Eacute;t&eacute; &Uuml;ber &ntilde;", "Été Über ñ"),
        ("&euro;&hellip;&check;&star;&frac12;&sup2;&le;", "€…✓☆½²≤"),
        ("&NotEqualTilde;&fjlig;&Afr;&CounterClockwiseContourIntegral;", "≂̸fj𝔄∳"),
        ("&copy 2026 &notit; &not; &amp", "© 2026 ¬it; ¬ &"),
        ("&#241;&#xF1;&#XF1;&#128512;&#150;", "ñññ😀–"),
        ("&#0;&#xD800;&#x110000;", "\u{fffd}\u{fffd}\u{fffd}"),
        ("&nosuch; &; &# &#x; R&D", "&nosuch; &; &# &#x; R&D"),
        ("a&nbsp;b&ensp;c&emsp;d&thinsp;e", "a b c d e"),
        (
            r#"<a href="https://x.org/?a=1&copy=2&amp;b=3&lt;">Se&ntilde;or</a>"#,
            "Señor (https://x.org/?a=1&copy=2&b=3<)",
        ),
        (r#"<img alt="Caf&eacute;">"#, "Café"),
    ]);
}

#[test]
fn joiners_and_marks_of_direction_stay_where_they_are() {
    for text in [
        "می\u{200c}خواهم",
        "کتاب\u{200c}ها",
        "👨\u{200d}👩\u{200d}👧",
        "🏳\u{fe0f}\u{200d}🌈 !",
        "क्\u{200d}ष",
        "ශ්\u{200d}රී ලංකා",
        "അവന്\u{200d} അവന്\u{200d}",
        "abc\u{200f}(x)",
        "\u{200e}+49 30",
        "tel \u{200e}+49 30",
        "\u{2066}left\u{2069} \u{2067}right\u{2069} \u{2068} any \u{2069}",
        "\u{202b}embedded\u{202c}",
        "\u{61c}٪",
        "ភាសា\u{200b}ខ្មែរ",
        "東京\u{3000}大阪",
        "e\u{301} 🇩🇪 👍🏽 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "1\u{2060}2",
    ] {
        assert_eq!(plain_text(&format!("<p>{text}</p>")), text, "{}", text.escape_unicode());
        assert_eq!(plain_text(&format!("a <b>{text}</b> b")), format!("a {text} b"));
    }
    reads(&[
        ("می&zwnj;خواهم क्&zwj;ष &lrm;+49&rlm;", "می\u{200c}خواهم क्\u{200d}ष \u{200e}+49\u{200f}"),
        ("a\u{0}b\u{1}c<pre>d\u{0}\u{7f}e</pre>", "abc\n\nde"),
        // What only fills up the preview of a mail, and what only says where a word may be broken.
        ("Hi &zwnj;&nbsp;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8199;&#65279; there", "Hi there"),
        ("ein\u{ad}fach ein&shy;fach", "einfach einfach"),
    ]);
}

#[test]
fn lists_have_their_points_and_numbers() {
    reads(&[
        ("<ul><li>x</li><li>y</li></ul>z", "- x\n- y\n\nz"),
        ("<ol><li>x<li>y</ol>z", "1. x\n2. y\n\nz"),
        (r#"<ol start="9"><li>x</li><li>y</li></ol>"#, "9. x\n10. y"),
        (r#"<ol start="-1"><li>x<li>y<li>z</ol>"#, "-1. x\n0. y\n1. z"),
        (r#"<ol><li>x<li value="7">y<li>z</ol>"#, "1. x\n7. y\n8. z"),
        ("<ol reversed><li>x<li>y<li>z</ol>", "3. x\n2. y\n1. z"),
        ("<ol reversed start=9><li>x<li>y</ol>", "9. x\n8. y"),
        ("<ol reversed><li>x<li>y", "2. x\n1. y"),
        (r#"<ol type="a"><li>x<li>y</ol><ol type="A"><li>x</ol>"#, "a. x\nb. y\n\nA. x"),
        (
            "<ol><li>One<ul><li>a</li><li>b<ol><li>deep</ol></ul></li><li>Two</li></ol>end",
            "1. One\n   - a\n   - b\n     1. deep\n2. Two\n\nend",
        ),
        ("<ol><li><p>One</p><p>more</p></li><li><p>Two</p></li></ol>", "1. One\n   more\n2. Two"),
        ("<ul><li>a<br>b</li></ul>", "- a\n  b"),
        ("<ul><li></li><li> </li><li>x</li></ul>", "- x"),
        ("<ol reversed><li><ol reversed><li>a<li>b</ol><li>c</ol>", "2. 2. a\n   1. b\n1. c"),
        ("<li>alone</li>", "- alone"),
        ("<p>Before</p><ul><li>x</ul><p>After</p>", "Before\n\n- x\n\nAfter"),
        ("<dl><dt>Term<dd>Its meaning</dl>", "Term\nIts meaning"),
    ]);
}

#[test]
fn preformatted_text_stays_as_it_stands() {
    reads(&[
        ("<pre>  a\n\n\n    b\tc  d\n</pre>e", "  a\n\n\n    b\tc  d\n\ne"),
        ("<p>x</p><pre>\n  a\n  b</pre><p>y", "x\n\n  a\n  b\n\ny"),
        ("<pre>a <b>b</b>\n&lt;c&gt;</pre>", "a b\n<c>"),
        (r#"x <span style="white-space: pre">a  b</span>  c"#, "x a  b c"),
        (
            r#"<div style="white-space: pre-line">  a   b  
   c</div>d"#,
            "a b\nc\nd",
        ),
    ]);
}

#[test]
fn what_is_hidden_is_not_told() {
    for hidden in [
        r#"<div style="display: none">no</div>"#,
        r#"<DIV STYLE="DISPLAY:NONE !important; color: red">no<div>no</div>no</DIV>"#,
        r"<span style='color:#fff;visibility:hidden'>no</span>",
        r#"<div style="max-height:0px; overflow: hidden;">no</div>"#,
        r#"<td style="max-height:0">no</td>"#,
        r#"<div style="height:0;overflow:hidden">no</div>"#,
        r#"<div style="font-size:0">no<b>no</b></div>"#,
        r#"<div style="font-size:1px;line-height:1px"><b style="font-size:2em;font-size:100%">no</b></div>"#,
        r#"<div style="opacity: 0.0">no</div>"#,
        r#"<span style="mso-hide:all">no</span>"#,
        "<div hidden>no</div>",
        r#"<p hidden="">no<p style="display:none">no"#,
        r#"<table style="display:none"><tr><td>no</td></tr></table>"#,
        r#"<style>.pre, td.x { color: red; display:none !important }</style><span class="a pre">no</span>"#,
        "<style>/* { */ @media print { .b { color: red } } #p { font-size: 0 }</style><i id=p>no</i>",
        r#"<img alt="no" style="display:none">"#,
        "<!--[if mso]><p>no</p><![endif]--><!-- no -->",
    ] {
        assert_eq!(plain_text(&format!("{hidden}<div>shown</div>")), "shown", "{hidden}");
    }
    reads(&[
        ("<!--[if !mso]><!--><p>shown</p><!--<![endif]--><![if !mso]>too<![endif]>", "shown\n\ntoo"),
        // As MJML makes them: the cell without a size, its text with one.
        (r#"<td style="font-size:0px;padding:0"><div style="font-size:13px">shown</div></td>"#, "shown"),
        // A button for all but Outlook, which has another one in a comment.
        (
            r#"<a href="https://x.org" style="display:inline-block;mso-hide:all">Pay</a>"#,
            "Pay (https://x.org)",
        ),
        (r#"<style>@media (max-width: 9px) { .m { display: none } }</style><p class="m">shown"#, "shown"),
        (r#"<span aria-hidden="true">shown</span>"#, "shown"),
        (r#"<div style="line-height:0;font-size:0"><img alt="shown"></div>"#, "shown"),
    ]);
}

#[test]
fn a_link_says_where_it_leads() {
    reads(&[
        (r#"<a href="https://x.org/?a=1&amp;b=2">Go</a>!"#, "Go (https://x.org/?a=1&b=2)!"),
        (
            r#"<a href="https://x.org/">https://x.org</a> <a href="mailto:a@b.c?subject=x">a@b.c</a>"#,
            "https://x.org a@b.c",
        ),
        (r#"<a href=" HTTPS://x.org "> Go </a>on"#, "Go (HTTPS://x.org) on"),
        (r#"<a href="tel:+1">Call</a> <a href="mailto:a@b.c">Write</a>"#, "Call (+1) Write (a@b.c)"),
        (
            r##"<a href="#top">Top</a><a href="https://x.org"><img src="y" alt="Logo"></a>"##,
            "TopLogo (https://x.org)",
        ),
        (r#"<a href="https://x.org"><img src="y"></a>"#, "https://x.org"),
        (
            r#"<ol><li><a href="https://x.org">https://x.org</a><li><a href="https://x.org">x</a></ol>"#,
            "1. https://x.org\n2. x (https://x.org)",
        ),
        (
            r#"<p>a</p><a href="https://x.org"><img></a></td><td><a href="https://x.org">Icon</a><a href="https://x.org"><img></a>b"#,
            "a\n\nIcon (https://x.org)https://x.orgb",
        ),
        (r#"<a href="https://x.org"></a>a<a name="b">c</a><a href="javascript:x">d</a>"#, "acd"),
        (
            r#"<a href="https://x.org"><table><tr><td>Open</td></tr></table></a><p>after"#,
            "Open (https://x.org)\n\nafter",
        ),
        (r#"<a href="https://x.org">a<a href="https://y.org">b</a>"#, "a (https://x.org)b (https://y.org)"),
    ]);
}

#[test]
fn tables_read_row_by_row() {
    reads(&[
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<table><tr><th>Item<th>Qty<tr><td>Tea<td>2</table>x", "Item Qty\nTea 2\nx"),
        (
            "<table><thead><tr><td>a</thead><tbody><tr><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>",
            "a\nb c",
        ),
        (
            "<table><tr><td><p>One</p><p>Two</p></td><td><div>Three</div></td></tr></table>",
            "One\n\nTwo\n\nThree",
        ),
        ("<table><caption>Of\n things</caption><tr><td>a</table>", "Of things\na"),
        // An end in a cell does not end what is around the table.
        (r"<div><table><tr><td></div>a</td><td>b</table></div>c", "a b\nc"),
    ]);
}

/// What would cost a tree of elements more than its share: each is read in time that its length allows.
#[test]
fn the_time_of_a_hostile_body_grows_with_its_length_alone() {
    const LENGTH: usize = 512 * 1024;
    let distinct = (0..12_000).fold(String::new(), |mut all, number| {
        write!(all, "<b a={number}>").expect("a text takes all");
        all
    });
    for unit in [
        "<div>",
        "<p>",
        "<b>",
        "<a href=https://x.org>",
        "<table><tr><td>",
        "<ul><li>",
        "<ol reversed><li>a",
        "<td>",
        "</div>",
        "<p></div>",
        "<div></p>",
        "<li>",
        "<!--",
        "<",
        "&",
        "&#",
        "<a ",
        "<a b='",
        "<style>a{",
        "<style>{}</style>",
        "<title>",
        "<ol reversed><li>x</ol>",
        "<br>",
        "\u{200c} ",
        "<div style='",
        "<i class='a b c'>x",
        "<style>/*",
        "</title",
        "<script><!--<script>",
        "<pre>\n",
        "<q>",
        "<select>",
    ] {
        let html = format!("{distinct}{}", unit.repeat((LENGTH - distinct.len()) / unit.len()));
        let began = Instant::now();
        let text = plain_text(&html);
        assert!(text.len() <= LENGTH, "{unit}");
        // Some hundred times what it takes without optimisation; what is quadratic takes minutes.
        assert!(began.elapsed() < Duration::from_secs(10), "{unit}: {:?}", began.elapsed());
    }
}

proptest! {
    #[test]
    fn any_tag_soup_becomes_text(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<p>", "</p>", "<div>", "</div>", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<ul>", "<li>",
                "</li>", "</ul>", "<ol reversed>", "</ol>", "<a href='https://x.org'>", "</a>", "<pre>", "\n", "</pre>",
                "<b hidden>", "</b>", "word", " ", "&zwnj;", "<head>", "<body>", "<style>", "</style>", "é", "<br>", "<q>",
            ]),
            0..60,
        )
    ) {
        let text = plain_text(&pieces.concat());
        prop_assert!(!text.contains('<') && !text.ends_with(char::is_whitespace));
    }

    #[test]
    fn words_of_any_script_are_kept(text in "[^\\pC\\s<&\u{34f}\u{3164}]{1,40}( [^\\pC\\s<&\u{34f}]{1,20})?") {
        prop_assert_eq!(plain_text(&format!("<p>{text}</p>")), text.trim_end());
    }
}
