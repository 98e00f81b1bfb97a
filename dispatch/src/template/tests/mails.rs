//! The plain text of mails as people and their tools write them.

use super::reads;

#[test]
fn receipts_and_orders_keep_their_rows_and_amounts() {
    reads(&[
        (
            r#"<table role="presentation"><tr><td>Tea</td><td align="right">2&nbsp;&times;&nbsp;&euro;3.50</td></tr>
               <tr><td>Jam</td><td align="right">&euro;4</td></tr><tr><td><b>Total</b></td><td><b>&euro;11</b></td></tr></table>"#,
            "Tea 2 × €3.50\nJam €4\nTotal €11",
        ),
        ("<p>Only $19<sup>99</sup>, was $29<sup>99</sup></p>", "Only $19⁹⁹, was $29⁹⁹"),
        (
            "10<sup>-3</sup> m<sup>2</sup>, H<sub>2</sub>O, 1<sup>st</sup>, Acme<sup>&reg;</sup>",
            "10⁻³ m², H2O, 1st, Acme®",
        ),
        (
            "<table><tr><th>Qty</th><th>Item</th></tr><tr><td>1</td><td>Cup<br><small>blue</small></td></tr></table>",
            "Qty Item\n1 Cup\nblue",
        ),
        (
            "<dl><dt>Order</dt><dd>#1001</dd><dt>Placed</dt><dd>29&nbsp;Nov</dd></dl>",
            "Order\n#1001\nPlaced\n29 Nov",
        ),
        ("<s>&pound;20</s> <ins>&pound;15</ins> <del>x</del>", "£20 £15 x"),
        ("<td style='display:none'>sku</td><td>Mug</td>", "Mug"),
        ("Total:&ensp;1&thinsp;000&#8239;&#8364;", "Total: 1 000 €"),
    ]);
}

#[test]
fn lists_are_numbered_as_they_show() {
    reads(&[
        ("<ol type=i><li>x<li>y<li>z<li>w</ol>", "i. x\nii. y\niii. z\niv. w"),
        ("<ol type=I start=9><li>x<li>y</ol>", "IX. x\nX. y"),
        ("<ol type=a start=26><li>x<li>y</ol>", "z. x\naa. y"),
        ("<ol type=A reversed><li>x<li>y<li>z</ol>", "C. x\nB. y\nA. z"),
        ("<ol type=a start=0><li>x<li>y</ol>", "0. x\na. y"),
        ("<ol reversed><li>x<li value=10>y<li>z</ol>", "3. x\n10. y\n9. z"),
        ("<ol><li value=3>x<li>y<li value=1>z</ol>", "3. x\n4. y\n1. z"),
        ("<ol start='3 '><li>x</ol><ol start=x><li>y</ol><ol start=+2><li>z</ol>", "3. x\n\n1. y\n\n2. z"),
        ("<ol style='list-style-type:lower-alpha'><li>x<li>y</ol>", "a. x\nb. y"),
        ("<ol style='list-style:upper-roman inside'><li>x<li>y</ol>", "I. x\nII. y"),
        ("<style>ol{list-style-type:upper-latin}</style><ol><li>x<li>y</ol>", "A. x\nB. y"),
        ("<ol><li type=a>x<li>y</ol>", "a. x\n2. y"),
        ("<ul style='list-style-type:decimal'><li>x<li>y</ul>", "1. x\n2. y"),
        ("<ul style='list-style:none;padding:0'><li>x<li>y<br>z</ul>", "x\ny\nz"),
        ("<ul type=square><li>x</ul>", "- x"),
        ("<ol style='list-style-type:persian'><li>نان<li>چای</ol>", "۱. نان\n۲. چای"),
        ("<ol style='list-style-type:devanagari' start=10><li>चाय</ol>", "१०. चाय"),
        ("<ol><li>a<ol type=a><li>b<ol type=i><li>c</ol></ol></ol>", "1. a\n   a. b\n      i. c"),
        ("<ol type=1><li>One</li></ol><p>then</p><ol start=2><li>Two</li></ol>", "1. One\n\nthen\n\n2. Two"),
    ]);
}

#[test]
fn what_stands_for_scripts_players_and_pictures_is_told() {
    reads(&[
        ("<noscript>Turn on <b>nothing</b></noscript> now", "Turn on nothing now"),
        ("<head><noscript><style>.a{color:red}</style></noscript></head><p>text", "text"),
        ("<noscript><noscript>a</noscript>b</noscript>c", "abc"),
        ("<noscript><p>a<img alt=b></noscript><p>c", "ab\n\nc"),
        ("<details><summary>More</summary>All of it</details>", "More\nAll of it"),
        (
            "<video poster=x><source src=y><a href='https://x.org/v'><img alt='Watch'></a></video>",
            "Watch (https://x.org/v)",
        ),
        (
            "<map name=m><area href='https://x.org/a' alt=Shop><area href='https://x.org/b' alt=Help><area></map>",
            "Shop (https://x.org/a) Help (https://x.org/b)",
        ),
        ("<img src=x alt='A &amp; B'> <img src=y> <img src=z alt=''>c", "A & B c"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "漢(かん)"),
        ("a<wbr>b<hr>c<marquee>d</marquee>", "ab\n\ncd"),
        (
            "<button>Go</button> <input type=submit value=x> <select><option>y</select><label>z</label>",
            "Go z",
        ),
    ]);
}

#[test]
fn links_and_buttons_say_where_they_lead_once() {
    reads(&[
        (
            r#"<table><tr><td bgcolor="red"><a href="https://x.org/pay?a=1&amp;b=2" style="display:inline-block;mso-padding-alt:0">&nbsp;Pay&nbsp;now&nbsp;</a></td></tr></table>"#,
            "Pay now (https://x.org/pay?a=1&b=2)",
        ),
        (
            r#"<!--[if mso]><v:roundrect href="https://x.org"><center>Pay</center></v:roundrect><![endif]--><!--[if !mso]> <!--><a href="https://x.org">Pay</a><!-- <![endif]-->"#,
            "Pay (https://x.org)",
        ),
        (
            r#"Mail <a href="mailto:help@x.org?subject=Order%205">us</a> or <a href="tel:+49-30-1">call</a>."#,
            "Mail us (help@x.org) or call (+49-30-1).",
        ),
        (r#"<a href="https://x.org"><b>https://x.org</b></a>."#, "https://x.org."),
        (r#"<a href="https://x.org/a"><span>A</span><br><span>B</span></a>"#, "A\nB (https://x.org/a)"),
        (
            r#"<a href="https://x.org/unsub" style="display:none">no</a><a href="https://x.org/v">View</a>"#,
            "View (https://x.org/v)",
        ),
        (r##"<a href="#a">Up</a> <a href="">Here</a> <a>There</a>"##, "Up Here There"),
    ]);
}

#[test]
fn what_editors_of_mail_leave_behind_does_not_show() {
    reads(&[
        // Outlook, Word.
        (
            r#"<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]--><style><!-- p.MsoNormal {margin:0} --></style></head><body><p class="MsoNormal">Dear all,<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Bye<o:p></o:p></p></body></html>"#,
            "Dear all,\n\nBye",
        ),
        // Gmail.
        (
            "<div dir=\"ltr\">Hi,<div><br></div><div>Thanks</div><br clear=\"all\"><div>-- <br></div>A</div>",
            "Hi,\n\nThanks\n\n--\nA",
        ),
        // Apple Mail.
        (
            "<html><body style=\"word-wrap:break-word\">Hi<br class=\"Apple-interchange-newline\"><br>there</body></html>",
            "Hi\n\nthere",
        ),
        // A doctype, a head with what is read by machines.
        (
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"x\"><html><head><meta charset=utf-8><title>T</title><script type=\"application/ld+json\">{\"a\":\"</b>\"}</script><base href=x><link rel=x></head><body>Hi</body></html>",
            "Hi",
        ),
        (
            "<body><center><table><tbody><tr><td><!-- logo --><img src=l.png alt=Acme width=1></td></tr></tbody></table></center></body>",
            "Acme",
        ),
        ("<img src=open.gif width=1 height=1 alt=''><p>x", "x"),
        ("<p>a&#8203;b&#173;c&#65279;d</p>", "a\u{200b}bcd"),
        (
            "<table><tr><td>&nbsp;</td></tr><tr><td height=20 style='font-size:20px;line-height:20px'>&nbsp;</td></tr><tr><td>x</td></tr></table>",
            "x",
        ),
        ("<p>a</p>\r\n\r\n<p>b\r\nc</p>", "a\n\nb c"),
        ("<p>a<br>\r\n<br>\r\n<br>b</p>", "a\n\nb"),
        ("<blockquote>said</blockquote><p>re</p>", "said\n\nre"),
        (
            "<div class=mobile style='display:none;mso-hide:all'>m</div><style>@media (max-width:600px){.mobile{display:block!important}}</style><div>d</div>",
            "d",
        ),
        (
            "<div style=\"display:none;white-space:nowrap;font:15px courier;line-height:0;\">&nbsp; &nbsp; &nbsp;</div><p>x",
            "x",
        ),
        (
            "<style>u + .body .gmail{display:none} #outlook a{padding:0} .ExternalClass{width:100%} a[x-apple-data-detectors]{color:inherit}</style><u></u><div class=body><p class=gmail>x",
            "x",
        ),
    ]);
}

#[test]
fn text_of_any_script_reads_as_it_was_written() {
    reads(&[
        ("<p dir=rtl>سلام &zwnj;می&zwnj;خواهم&rlm;</p>", "سلام \u{200c}می\u{200c}خواهم\u{200f}"),
        ("<bdo dir=rtl>abc</bdo> <bdi>איתן</bdi>", "abc איתן"),
        (
            "&#128104;&#8205;&#128105;&#8205;&#128103;&#8205;&#128102; &#x1F1EE;&#x1F1F3;",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦 🇮🇳",
        ),
        ("नमस्ते &#2325;&#2381;&#8205;&#2359;", "नमस्ते क्\u{200d}ष"),
        ("<p>日本語<br>テスト</p>　全角", "日本語\nテスト\n\n\u{3000}全角"),
        ("&Aacute;&breve;&nvlt;&acE;&bne;", "Á˘<\u{20d2}∾\u{333}=\u{20e5}"),
    ]);
}
