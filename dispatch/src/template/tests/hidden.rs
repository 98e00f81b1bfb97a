//! What is hidden is not told in the plain text, and what is shown again is: the cascade of style sheets and styles.

use std::time::{Duration, Instant};

use super::reads;
use crate::template::plain_text;

#[test]
fn the_last_declaration_of_a_style_counts() {
    for (style, is_shown) in [
        ("display:none;display:block", true),
        ("display:block;display:none", false),
        ("display:none!important;display:block", false),
        ("display:none ! important;display:block!important", true),
        ("DISPLAY:NONE;Display:Table-Cell", true),
        ("display:none;display:nonsense", false),
        ("display:none;*display:inline;_display:block", false),
        ("display:none;display:-webkit-box", true),
        ("max-height:0;max-height:none", true),
        ("max-height:0;overflow:hidden;max-height:12em", true),
        ("max-height:0;overflow:visible", true),
        ("height:0;overflow:hidden;height:auto", true),
        ("overflow:hidden;height:0px", false),
        ("height:0", true),
        ("opacity:0;opacity:1", true),
        ("opacity:0%", false),
        ("font-size:0;font-size:14px", true),
        ("font-size:14px;font:0/0 a", false),
        ("font:0/0 a;font:bold 14px/1.5 Arial", true),
        ("font:700 14px Arial", true),
        ("mso-hide:all;mso-hide:none", true),
        ("visibility:hidden;visibility:visible", true),
        ("visibility:hidden;visibility:nonsense", false),
        ("background:url(data:image/png;display:none)", true),
        ("content:';display:none'", true),
        ("font-family:'a;display:none", true),
        ("/* display:none */ color:red", true),
        ("display:/**/none", false),
        (";;:;display;display:none;", false),
    ] {
        let html = format!(r#"<div style="{style}">text</div>"#);
        assert_eq!(plain_text(&html), if is_shown { "text" } else { "" }, "{style}");
    }
}

#[test]
fn rules_win_by_importance_then_weight_then_order() {
    for (css, is_shown) in [
        (".a{display:none}", false),
        (".a{display:none} .a{display:block}", true),
        (".a{display:block} .a{display:none}", false),
        (".a{display:none} p{display:block}", false),
        ("p.a{display:none} .a{display:block}", false),
        (".a{display:none} #i{display:block}", true),
        (".a{display:none} .out .a{display:block}", true),
        (".out .a{display:none} .a{display:block}", false),
        (".a{display:none!important} #i{display:block}", false),
        (".a{display:none!important} #i{display:block!important}", true),
        ("[title]{display:none} p{display:block}", false),
        ("[title=x]{display:none}", false),
        ("[title=\"y\"]{display:none}", true),
        ("p[title^='x']{display:none}", false),
        ("[class~=\"b\"]{display:none}", false),
        ("[class*='a b']{display:none}", false),
        ("[title=X i]{display:none}", false),
        ("[data-ogsc] .a{display:none}", true),
        ("*{display:none} .a,div{display:block}", true),
        ("div>p.a{display:none}", false),
        ("body p{display:none}", false),
        ("html > body p{display:none}", false),
        ("table p{display:none}", true),
        (".out > .a{display:none}", false),
        (".a.b{display:none}", false),
        (".a.c{display:none}", true),
        (".x, .a, .y{display:none}", false),
        (".a:hover{display:none}", true),
        (".a::before{display:none}", true),
        ("div + .a, div ~ .a{display:none}", true),
        ("\\.a{display:none}", true),
        (".\\61 {display:none}", false),
        ("} .a{display:none}", true),
        (".a{color:red;&:hover{display:none}}", true),
        (".a{display:none", false),
        (".a{content:\"}\";display:none}", false),
        ("@import url(x.css); .a{display:none}", false),
        ("@charset \"utf-8\";.a{display:none}", false),
        ("@font-face{font-family:x;src:url(y)} .a{display:none}", false),
        ("@keyframes k{from{opacity:0}to{opacity:1}} .a{color:red}", true),
        ("<!-- .a{display:none} -->", false),
        ("/* .a{} */ .a{display:none /* no */}", false),
        ("/* .a{display:none}", true),
    ] {
        let html = format!("<style>{css}</style><div class=out><p class='a b' id=i title=x>text</p></div>");
        assert_eq!(plain_text(&html), if is_shown { "text" } else { "" }, "{css}");
    }
}

#[test]
fn a_rule_for_print_or_a_narrow_screen_hides_nothing() {
    for (css, is_shown) in [
        ("@media print{.a{display:none}}", true),
        ("@media only screen and (max-width:600px){.a{display:none!important}}", true),
        ("@media (max-device-width: 37.5em) { .a { display: none } }", true),
        ("@media (width<=600px){.a{display:none}}", true),
        ("@media screen{.a{display:none}}", false),
        ("@media all and (min-width:480px){.a{display:none}}", false),
        ("@media (prefers-color-scheme:dark){.a{display:none}}", true),
        ("@media not print{.a{display:none}}", false),
        ("@media yahoo{.a{display:none}}", true),
        ("@media screen and (-webkit-min-device-pixel-ratio:0){.a{display:none}}", true),
        ("@media print,screen{.a{display:none}}", false),
        (".a{display:none}@media (max-width:600px){.a{display:block!important}}", false),
        (".a{display:none}@media (min-width:600px){.a{display:block}}", true),
        ("@supports (display:grid){.a{display:none}}", false),
        ("@supports not (display:grid){.a{display:none}}", true),
        ("@media screen{@media print{.a{display:none}}}", true),
        ("@media print{.b{color:red}}.a{display:none}", false),
    ] {
        let html = format!("<style>{css}</style><p class=a>text</p>");
        assert_eq!(plain_text(&html), if is_shown { "text" } else { "" }, "{css}");
    }
    reads(&[
        ("<style media=print>.a{display:none}</style><p class=a>text", "text"),
        ("<style media='screen'>.a{display:none}</style><p class=a>no</p>", ""),
        ("<style type='text/css'>.a{display:none}</style><p class=a>no</p>", ""),
        ("<style type='text/x'>.a{display:none}</style><p class=a>text</p>", "text"),
    ]);
}

#[test]
fn styles_and_attributes_hide_as_in_a_browser() {
    reads(&[
        // An element's own style before rules, and what is important before that.
        ("<style>.a{display:none}</style><p class=a style='display:block'>text", "text"),
        ("<style>.a{display:none!important}</style><p class=a style='display:block'>no", ""),
        ("<style>.a{display:block!important}</style><p class=a style='display:none'>text", "text"),
        ("<style>.a{display:block!important}</style><p class=a style='display:none!important'>no", ""),
        // `hidden` is a rule of the least weight.
        ("<p hidden style='display:block'>text", "text"),
        ("<style>p{display:block}</style><p hidden>text", "text"),
        ("<p hidden style='color:red'>no", ""),
        // A sheet counts for what is before it, and in the body.
        ("<p class=a>no</p><style>.a{display:none}</style><p>text", "text"),
        // Visible within what is not; shown within what is not.
        ("<div style='visibility:hidden'>no<b style='visibility:visible'>text</b>no</div>", "text"),
        ("<div style='display:none'>no<b style='display:block'>no</b></div>text", "text"),
        ("<div style='opacity:0'>no<b style='opacity:1'>no</b></div>text", "text"),
        ("<div style='visibility:hidden'><img alt=no><q>no</q></div>text", "text"),
        ("<p aria-hidden=true>text</p>", "text"),
        // In a part for all but Outlook, what is hidden there is what is shown.
        ("<!--[if !mso]><!--><div style='mso-hide:all'>text</div><!--<![endif]-->", "text"),
        ("<!--[if !mso]><!--><p>a</p><!--<![endif]--><div style='mso-hide:all'>no</div>", "a"),
    ]);
}

/// Hidden texts for previews as the tools write them.
#[test]
fn a_preheader_leaves_nothing() {
    let fill = "&zwnj;&nbsp;".repeat(90);
    let other = "&#847; &zwnj; &nbsp; &#8199; &shy; &#65279;".repeat(40);
    for preheader in [
        r#"<span class="mcnPreviewText" style="display:none; font-size:0px; line-height:0px; max-height:0px; max-width:0px; opacity:0; overflow:hidden; visibility:hidden; mso-hide:all;">no</span>"#,
        r#"<div style="display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden;">no</div>"#,
        r#"<div style="display: none; max-height: 0px; overflow: hidden;">no</div><div style="display: none; max-height: 0px; overflow: hidden;">FILL</div>"#,
        r#"<div class="preheader" style="display:none !important;visibility:hidden;mso-hide:all;font-size:1px;line-height:1px;color:#fff;max-height:0;max-width:0;opacity:0;overflow:hidden">noOTHER</div>"#,
        r#"<table class="module preheader preheader-hide" role="module" data-type="preheader" border="0" cellpadding="0" cellspacing="0" width="100%" style="display: none !important; mso-hide: all; visibility: hidden; opacity: 0; color: transparent; height: 0; width: 0;"><tr><td role="module-content"><p>no</p></td></tr></table>"#,
        r#"<style>.preheader{display:none!important;visibility:hidden;opacity:0;height:0;width:0;color:transparent}</style><span class="preheader">no</span>"#,
        r#"<style type="text/css">#emailPreheader, #emailPreheader * { display:none !important }</style><div id="emailPreheader"><p>no</p></div>"#,
        r#"<span style="color:transparent;visibility:hidden;display:none;opacity:0;height:0;width:0;font-size:0">no</span>FILL"#,
        r#"<div style="overflow:hidden;max-height:0;mso-hide:all;font-size:0">noFILL</div>"#,
        r#"<div data-preheader style="font-size:0;line-height:0">no<span>FILL</span></div>"#,
        r#"<!--[if !mso]><!--><div style="display:none">noFILL</div><!--<![endif]-->"#,
        r#"<p style="font:1px/1px Arial;color:#fff">no</p>OTHER"#,
    ] {
        let preheader = preheader.replace("FILL", &fill).replace("OTHER", &other);
        for page in ["PRE<h1>Hello</h1>", "<html><head></head><body>PRE<div>Hello</div></body></html>"] {
            let html = page.replace("PRE", &preheader);
            assert_eq!(plain_text(&html), "Hello", "{html}");
        }
    }
    let shown = format!("<p>Soon{fill}{other}</p><p>نامه\u{200c}ای</p>");
    assert_eq!(plain_text(&shown).replace("Soon\u{200c}", "Soon"), "Soon\n\nنامه\u{200c}ای");
}

#[test]
fn many_rules_and_elements_cost_bounded_time() {
    const LENGTH: usize = 512 * 1024;
    let deep = "<b class=a>".repeat(250);
    let css = |rule: &str, times: usize| format!("<style>{}</style>{deep}", rule.repeat(times));
    for (head, unit) in [
        (css(".a{display:none}", 12_000), "<i class=a>x"),
        (css(".b .b .b .b .b .b .a{font-size:0}", 9_000), "<i class=a>x</i>"),
        (css(".a .a .a .a .a .a .b{font-size:0}", 9_000), "<i class=b>x</i>"),
        (css("[x*='y'] *{font-size:0}", 9_000), "<i x=yyyy>x</i>"),
        (css("*{font-size:0}", 9_000), "<i>x</i>"),
        (css(".z.y.x.a .b{font-size:0}", 9_000), &format!("<i class='{}b'>x", "zzzz ".repeat(2_000))),
        (css("@media screen{", 20_000), "<i>x</i>"),
        (css("{", 99_000), "<i>x</i>"),
        (css("a,", 99_000), "<i>x</i>"),
        (css("\"", 99_000), "<i>x</i>"),
        (css("/*", 99_000), "<i>x</i>"),
        ("<style>a{display:none}</style>".repeat(9_000), "<a>x</a>"),
        (String::new(), "<noscript>"),
        (String::new(), "<style>a{b:c}</style>"),
    ] {
        let html = format!("{head}{}", unit.repeat((LENGTH - head.len()) / unit.len()));
        let began = Instant::now();
        let text = plain_text(&html);
        assert!(text.len() <= LENGTH);
        assert!(began.elapsed() < Duration::from_secs(10), "{unit}: {:?}", began.elapsed());
    }
}
