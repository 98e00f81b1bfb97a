//! Random sources that look like templates: nothing panics out of the engine, and all of it stays within bounds.

use proptest::prelude::*;
use serde_json::json;

use super::variables;
use crate::template::{
    CompiledTemplate, Escape, RenderLimits, Variables, check_email_body, email_html, plain_text,
};

/// Scraps that templates are made of, whole and broken.
fn scrap() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{{-",
        "-}}",
        "{%-",
        "-%}",
        " ",
        "\n",
        "\t",
        "'",
        "\"",
        "|",
        ":",
        ",",
        ".",
        "..",
        "(",
        ")",
        "[",
        "]",
        "-",
        "==",
        "contains",
        "and",
        "or",
        "x",
        "s",
        "list",
        "o",
        "o.a",
        "list[0]",
        "forloop.index",
        "{% if x %}",
        "{% elsif s %}",
        "{% else %}",
        "{% endif %}",
        "{% unless s == x %}",
        "{% endunless %}",
        "{% for i in list %}",
        "{% for i in (1..x) %}",
        "{% for i in (x..99999999) limit:3 %}",
        "{% endfor %}",
        "{% break %}",
        "{% continue %}",
        "{% case x %}",
        "{% when 1 %}",
        "{% endcase %}",
        "{% capture s %}",
        "{% endcapture %}",
        "{% assign s = s | append: s %}",
        "{% assign list = list | concat: list %}",
        "{% assign x = x | times: x %}",
        "{% comment %}",
        "{% endcomment %}",
        "{% raw %}",
        "{% endraw %}",
        "{{ i }}",
        "{{ s }}",
        "{{ o }}",
        "{{ s | split: '' | sort | uniq | join: s }}",
        "{{ s | replace: '', s }}",
        "{{ x | date: s }}",
        "{{ list | map: 'a' | where: 'b' }}",
        "{{ s | slice: x, x }}",
        "{{ x | divided_by: x | modulo: x }}",
        "{{ x | times: 0.1 | round: x }}",
        "{{ list | sum | divided_by: 0.7 }}",
        "{{ [s] }}",
        "[\"s\"]",
        "{% if list contains x and o or s == blank %}",
        "emptyX",
        "blank",
        "{{ s | truncate: x }}",
        "{{ s | raw }}",
        "upcase",
        "raw",
        "99999999999999999",
        "-1",
        "1.5",
        "nil",
        "empty",
        "<mjml>",
        "</mjml>",
        "<mj-body>",
        "<mj-section>",
        "<mj-column>",
        "<mj-text>",
        "</mj-text>",
        "<mj-raw>",
        "<!--",
        "-->",
        "<a href=",
        "<img src='",
        "javascript:",
        "&#106;",
        "&colon;",
        "&",
        "<style>",
        "</style>",
        "<br>",
        "<",
        ">",
        "/>",
        "é",
        "\u{200b}",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[a-z0-9 .:|]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_looks_like_a_template_panics_or_outgrows_its_limits(
        scraps in prop::collection::vec(scrap(), 0..40),
        x in any::<i64>(),
        s in "[ -~é]{0,40}",
    ) {
        let source = scraps.concat();
        let json = json!({"x": x, "s": s, "list": [1, "b", null, {"a": 1.5}], "o": {"a": ["b", s]}});
        let limits = RenderLimits { steps: 50_000, output_bytes: 32 * 1024, ..RenderLimits::default() };
        for escape in [Escape::None, Escape::Html] {
            match CompiledTemplate::parse(&source, escape) {
                Ok(template) => {
                    let variables = variables(json.clone());
                    let once = template.render(&variables, &limits);
                    prop_assert_eq!(&once, &template.render(&variables, &limits));
                    if let Ok(rendered) = once {
                        prop_assert!(rendered.text.len() <= limits.output_bytes);
                        prop_assert!(rendered.missing.len() <= 32);
                        if let Ok(html) = rendered.email_html() {
                            let _ = plain_text(&html);
                        }
                    }
                }
                Err(error) => prop_assert!(!error.message.is_empty()),
            }
        }
        let _ = check_email_body(&source);
        let _ = email_html(&source);
        let _ = plain_text(&source);
    }

    #[test]
    fn text_without_tags_renders_as_itself(text in "[^{]{0,200}") {
        let template = CompiledTemplate::parse(&text, Escape::Html).unwrap();
        let rendered = template.render(&Variables::default(), &RenderLimits::default()).unwrap();
        prop_assert_eq!(rendered.text, text);
    }

    #[test]
    fn an_escaped_value_never_opens_a_tag_or_ends_a_quoted_attribute(value in any::<String>()) {
        let template = CompiledTemplate::parse("{{ v }}", Escape::Html).unwrap();
        let rendered = template.render(&variables(json!({"v": value})), &RenderLimits::default()).unwrap();
        prop_assert!(!rendered.text.contains(['<', '>', '"', '\'']));
    }
}
