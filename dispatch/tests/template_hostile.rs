//! Hostile templates, each in a process of its own: refused on save, or stopped within 100 ms and 16 MB.
//!
//! A process a case, since what was allocated for one hides what the next one needs. Debug builds get two and a half times the time.
//! A binary of its own, since it starts itself once a case.

use std::process::{Command, Stdio};
use std::time::Duration;

use orqestra_dispatch::template::{
    CompiledTemplate, Escape, RenderLimits, Variables, check_email_body, plain_text,
};
use serde_json::{Value, json};

const CASE: &str = "ORQESTRA_HOSTILE_TEMPLATE";
const TEST: &str = "a_hostile_template_costs_at_most_100_ms_and_16_mb";
const MOST_TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 100 });
const MOST_KIB: u64 = 16 * 1024;

struct Case {
    name: &'static str,
    source: String,
    variables: Value,
}

fn case(name: &'static str, source: impl Into<String>) -> Case {
    Case { name, source: source.into(), variables: json!({}) }
}

fn with(name: &'static str, source: impl Into<String>, variables: Value) -> Case {
    Case { name, source: source.into(), variables }
}

fn nested(open: &str, inside: &str, close: &str, times: usize) -> String {
    format!("{}{inside}{}", open.repeat(times), close.repeat(times))
}

fn looped(body: &str) -> String {
    format!("{{% for i in (1..9999) %}}{body}{{% endfor %}}")
}

fn cases() -> Vec<Case> {
    let long = "ab ".repeat(80_000);
    let list = json!((0..40_000).map(|number| number % 97).collect::<Vec<_>>());
    let wide = "<mjml><mj-head><mj-attributes><mj-all font-family=\"FF\" /></mj-attributes></mj-head><mj-body>EE</mj-body></mjml>";
    vec![
        case("eight nested loops", nested("{% for i in (1..9999) %}", "", "{% endfor %}", 8)),
        case("loops with a body", nested("{% for i in (1..100) %}", "{{ i }}", "{% endfor %}", 6)),
        case("a range beyond memory", "{% for a in (1..99999999999) limit:1 %}{{ a }}{% endfor %}"),
        case("the widest range", "{% for a in (-999999999999999999..999999999999999999) %}x{% endfor %}"),
        with("append doubles", format!("{{% assign s = 'x' %}}{}", looped("{% assign s = s | append: s %}")), json!({})),
        with("append of a long text", looped("{% assign t = t | append: s %}"), json!({"s": long})),
        with("prepend of a long text", looped("{{ s | prepend: s | prepend: s }}"), json!({"s": long})),
        case("capture doubles", format!("{{% assign s = 'x' %}}{}", looped("{% capture s %}{{ s }}{{ s }}{% endcapture %}"))),
        case("captures in captures", nested("{% capture a %}", &looped(&"text ".repeat(100)), "{% endcapture %}", 15)),
        case("capture of plain text", format!("{{% capture a %}}{}{{% endcapture %}}", looped(&"text ".repeat(9_000)))),
        case("many captures", (0..400).map(|n| format!("{{% capture a{n} %}}{{% for i in (1..9000) %}}0123456789{{% endfor %}}{{% endcapture %}}")).collect::<Vec<_>>().concat()),
        with("concat doubles", looped("{% assign l = l | concat: l %}"), json!({"l": [1, 2]})),
        with("replace grows", format!("{{% assign s = 'aaaaaaaa' %}}{{{{ s{} }}}}", " | replace: 'a', 'aaaaaaaaaa'".repeat(9)), json!({})),
        with("replace of nothing", looped("{{ s | replace: '', s }}"), json!({"s": long})),
        with("replace by what stands for nothing", "{{ s | replace: 'a', n }}", json!({"s": "a".repeat(200_000), "n": "\\1".repeat(100_000)})),
        with("replace by all before and behind", looped("{{ s | replace: 'a', n | size }}"), json!({"s": "a".repeat(500), "n": "\\`\\'"})),
        with("replace of nearly everything", looped("{{ s | replace: ' ab ab', 'x' | size }}"), json!({"s": long})),
        with("split to letters", looped("{{ s | split: '' | size }}"), json!({"s": long})),
        with("split, sort, uniq, join", looped("{{ s | split: ' ' | sort | uniq | join: s }}"), json!({"s": "b a ".repeat(2_000)})),
        with("sort of a long list", looped("{{ l | sort | first }}"), json!({"l": list})),
        with("uniq of a long list", looped("{{ l | uniq | size }}"), json!({"l": list})),
        with("lists passed on", looped("{% assign a = l %}{% assign b = l %}"), json!({"l": list})),
        with("a long list as text", looped("{{ l }}"), json!({"l": list})),
        with("comparing long lists", looped("{% if l == l %}{% endif %}{% if l contains 98 %}{% endif %}"), json!({"l": list})),
        with("searching a long text", looped("{% if s contains 'ab ab b' %}{% endif %}"), json!({"s": long})),
        with("case over a long text", nested("{% case s %}{% when s %}", "{{ s | plus: 1 }}", "{% endcase %}", 16), json!({"s": long})),
        with("numbers with hundreds of digits", "{{ l }}{{ l | join: ' ' | size }}", json!({"l": vec![1e308; 30_000]})),
        with("escape of quotes", looped("{{ s }}"), json!({"s": "\"'<>&".repeat(50_000)})),
        with("escape, encode, upcase", looped("{{ s | escape | url_encode | upcase | downcase | strip }}"), json!({"s": "ŉ\"".repeat(20_000)})),
        with("strip_html of open tags", looped("{{ s | strip_html }}"), json!({"s": "<a '<!--<script".repeat(15_000)})),
        with("truncate", looped("{{ s | truncate: 200000 | truncatewords: 99999 }}"), json!({"s": long})),
        with("many small objects", "{{ o | size }}", json!({"o": vec![json!({"": 0}); 30_000]})),
        with("huge keys", "{% for p in o %}{{ p[0] }}{% endfor %}{{ o }}", json!({"o": {"k".repeat(200_000): "k".repeat(40_000)}})),
        with("a deep value as text", looped("{{ o }}"), json!({"o": deep(100)})),
        case("the widest date", "{{ '2026-01-01' | date: '%999999999d' }}"),
        with("the widest date from a variable", "{{ '2026-01-01' | date: f }}", json!({"f": "%-0999999999d"})),
        with("dates of many months", looped("{{ d | date: '%c' }}"), json!({"d": "jan.".repeat(32)})),
        with("dates of many signs", looped("{{ d | date: '%c' }}"), json!({"d": "1-".repeat(64)})),
        with("loops that go on", looped("{% for j in l limit: 1 offset: continue %}{% endfor %}"), json!({"l": list})),
        with("wide objects compared", looped("{% if o == p %}{% endif %}{{ l | uniq | size }}"), json!({"o": wide_object(3_000), "p": wide_object(3_000), "l": vec![wide_object(300); 10]})),
        with("many dates", looped("{{ d | date: '%Y-%m-%d %H:%M:%S' }}"), json!({"d": "2026-01-01T00:00:00Z"})),
        case("a number too long", format!("{{{{ {} }}}}", "9".repeat(4_000)).repeat(15)),
        with("decimals divided", looped("{{ a | divided_by: b | divided_by: b | modulo: b }}"), json!({"a": 1.1, "b": 0.7})),
        with("numbers that grow", format!("{{% assign n = 9 %}}{}", looped("{% assign n = n | times: n %}")), json!({})),
        with("numbers as long as may be", format!("{{% assign n = d %}}{}", looped("{% assign n = n | times: d | plus: n | round: 99 | divided_by: d %}")), json!({"d": 1.000_000_000_000_1})),
        with("a long sum", looped("{{ l | sum }}"), json!({"l": vec![0.1; 30_000]})),
        with("a sort of decimals", looped("{{ l | sort | first }}"), json!({"l": (0..20_000).map(|n| f64::from(n % 97) / 7.0).collect::<Vec<_>>()})),
        with("objects as texts", looped("{{ o | upcase | size }}"), json!({"o": vec![json!({"k\"": "\"\n"}); 5_000]})),
        with("keys from values", looped("{{ [s] }}{{ o[s] }}"), json!({"s": long, "o": {"a": 1}})),
        with("the least number", "{{ n | abs }}{{ n | divided_by: -1 }}{{ n | minus: 1 }}{{ n | times: n }}", json!({"n": i64::MIN})),
        case("64 KB of spaces", " ".repeat(64 * 1024)),
        case("64 KB of spaces with tags", format!("{}{{{{ x }}}}", " ".repeat(63)).repeat(900)),
        case("spaces inside of tags", format!("{{{{ {}x }}}}", " ".repeat(4_000)).repeat(16)),
        case("spaces before a mark", format!("{{% if {}", " ".repeat(4_090)).repeat(15)),
        case("brackets in brackets", format!("{{{{ a{}1{} }}}}", "[a".repeat(5_000), "]".repeat(5_000))),
        case("32 brackets, 500 times", format!("{{{{ a{}1{} }}}}", "[a".repeat(32), "]".repeat(32)).repeat(500)),
        case("20,000 open brackets", format!("{{{{ {} }}}}", "[".repeat(20_000))),
        case("open parentheses", format!("{{% for a in {} %}}", "(".repeat(4_000)).repeat(15)),
        case("3000 nested ifs", nested("{% if x %}", "", "{% endif %}", 3_000)),
        case("1900 elsifs", format!("{{% if x %}}{}{{% endif %}}", "{% elsif y %}".repeat(1_900))),
        case("as many elsifs as may be", nested(&format!("{{% if x %}}{}", "{% elsif y %}".repeat(6)), "", "{% endif %}", 16)),
        case("one long condition", format!("{{% if x{} %}}{{% endif %}}", " and x".repeat(670)).repeat(15)),
        with("a long condition in a loop", looped(&format!("{{% if x{} %}}{{% endif %}}", " or x".repeat(790))), json!({"x": false})),
        case("one long chain", format!("{{{{ 'x'{} }}}}", " | upcase".repeat(450)).repeat(15)),
        case("tags that never end", "{{ ".repeat(20_000)),
        case("quotes that never end", "{{ ' ".repeat(13_000)),
        case("2000 tags", "{{ x }}".repeat(2_000)),
        with("a loop over 1900 tags", looped(&"{{ 1 }}{{ x }}".repeat(950)), json!({"x": 1})),
        case("literals in a loop", looped(&format!("{{{{ '{}' }}}}", "x".repeat(4_000)))),
        case("comments in comments", nested("{% comment %}", "", "{% endcomment %}", 1_900)),
        case("unclosed comments", "{% comment %}".repeat(4_900)),
        case("MJML nested deep", format!("<mjml><mj-body>{}</mj-body></mjml>", nested("<div>", "", "</div>", 5_000))),
        case("MJML nested in sections", format!("<mjml><mj-body>{}</mj-body></mjml>", nested("<mj-wrapper>", "", "</mj-wrapper>", 2_500))),
        case("MJML as deep as may be", format!("<mjml><mj-body>{}</mj-body></mjml>", nested("<mj-section><mj-column>", "<mj-text>x</mj-text>", "</mj-column></mj-section>", 18))),
        case("MJML with depth hidden in attributes", format!("<mjml><mj-body>{}", "<div a='</div>'>".repeat(4_000))),
        case("MJML of many elements", wide.replace("FF", "x").replace("EE", &"<mj-text/>".repeat(6_000))),
        case("MJML of as many elements as may be", wide.replace("FF", "x").replace("EE", &"<mj-section><mj-column><mj-button/></mj-column></mj-section>".repeat(990))),
        case("MJML with wide defaults", wide.replace("FF", &"x,".repeat(10_000)).replace("EE", &"<mj-text/>".repeat(3_000))),
        case("MJML with a wide parent", format!("<mjml><mj-body><mj-section><mj-column><mj-social font-family=\"{}\">{}</mj-social></mj-column></mj-section></mj-body></mjml>", "x".repeat(20_000), "<mj-social-element name=\"facebook\"/>".repeat(1_000))),
        case("MJML with many images", format!("<mjml><mj-body><mj-section><mj-column><mj-carousel>{}</mj-carousel></mj-column></mj-section></mj-body></mjml>", "<mj-carousel-image src=\"x\"/>".repeat(1_500))),
        case("MJML of open tags", format!("<mjml>{}", "<mj-body".repeat(7_000))),
        case("MJML of a long loop", "<mjml><mj-body>{% for i in (1..9999) %}<mj-text>x</mj-text>{% endfor %}</mj-body></mjml>"),
        case("addresses without end", "<a href=\"&#106;".repeat(4_300)),
        case("equals signs", "href=".repeat(13_000)),
        with("equals signs and outputs", format!("{}{{{{ x }}}}", "href=".repeat(12_000)), json!({"x": "b c"})),
        with("equals signs and outputs in MJML", format!("<mjml>{}{{{{ x }}}}", "href=".repeat(12_000)), json!({"x": "b c"})),
        with("outputs without blanks", "a{{ x }}".repeat(1_900), json!({"x": "b c"})),
        with("outputs after equals signs", "a={{ x }}".repeat(1_900), json!({"x": "b c"})),
        case("plain text of broken tags", "<a '<div \"<!--<style>".repeat(3_000)),
    ]
}

fn wide_object(members: usize) -> Value {
    (0..members).map(|member| (format!("k{member}"), json!(member))).collect::<serde_json::Map<_, _>>().into()
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!("x"), |inner, _| json!([inner]))
}

/// All that a template can put the engine through, in a thread with the stack that callers give it.
fn run(source: &str, variables: &Value) -> Result<String, String> {
    check_email_body(source).map_err(|error| format!("refused: {error}"))?;
    let template = CompiledTemplate::parse(source, Escape::Html).map_err(|error| error.to_string())?;
    let variables = Variables::read(variables.to_string().as_bytes()).expect("an object");
    let rendered =
        template.render(&variables, &RenderLimits::default()).map_err(|error| error.code().to_owned())?;
    let html = rendered.email_html().map_err(|error| error.code().to_owned())?;
    Ok(format!("{} bytes of HTML, {} of text", html.len(), plain_text(&html).len()))
}

/// Time that this thread has been running, whatever else the machine does.
fn busy() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = schedule.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("a number"))
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

#[test]
fn a_hostile_template_costs_at_most_100_ms_and_16_mb() {
    if let Ok(name) = std::env::var(CASE) {
        let case: (String, Value) = serde_json::from_reader(std::io::stdin()).expect("a case");
        let before = peak_kib();
        let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
            let start = busy();
            let outcome = run(&case.0, &case.1);
            (busy().saturating_sub(start), outcome)
        });
        let (time, outcome) = worker.expect("a thread").join().expect("no panic comes out");
        let kib = peak_kib() - before;
        println!("{kib:>6} KiB {:>7.1} ms {name}: {outcome:?}", time.as_secs_f64() * 1_000.0);
        assert!(time <= MOST_TIME && kib <= MOST_KIB, "{name}: {time:?}, {kib} KiB, {outcome:?}");
        return;
    }
    let itself = std::env::current_exe().expect("a path");
    let mut wrong = Vec::new();
    for case in cases() {
        let mut child = Command::new(&itself)
            .args(["--exact", TEST, "--nocapture"])
            .env(CASE, case.name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts itself");
        let stdin = child.stdin.take().expect("piped");
        serde_json::to_writer(stdin, &(&case.source, &case.variables)).expect("it reads its case");
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{}", text.lines().find(|line| line.contains(" KiB ")).unwrap_or(case.name));
        if !output.status.success() {
            wrong.push(format!("{}\n{}", case.name, String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
