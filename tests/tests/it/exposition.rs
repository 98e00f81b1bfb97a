//! `/metrics` is what Prometheus expects: its own checker finds nothing amiss, series begin at zero, every metric has words,
//! and a gauge says what is now or is not there.
//!
//! `scripts/setup-test.sh` puts `promtool` beside the project; without it the tests fail.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::future::join_all;
use orqestra_tests::engine::Engine;
use orqestra_tests::folder::Folder;
use orqestra_tests::http::{Http, Request};
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::json;

const SHOWN_WITHIN: Duration = Duration::from_mins(1);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn promtool() -> PathBuf {
    let beside = root().join(".cache/promtool/promtool");
    if beside.exists() { beside } else { PathBuf::from("promtool") }
}

/// What the checker says of metrics; nothing if all is well.
fn amiss(text: &str) -> String {
    let mut command = Command::new(promtool());
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("promtool: run scripts/setup-test.sh");
    running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    format!("{}{}", String::from_utf8_lossy(&said), if output.status.success() { "" } else { "refused" })
}

/// The metrics of a process, which its checker must take and which have words each.
async fn shown(engine: &Engine) -> String {
    let answer = Http::default().send(engine.address(), Request::get("/metrics")).await.unwrap().expect(200);
    let text = answer.text();
    assert_eq!(amiss(&text), "", "{text}");
    let of = |what: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(what));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(of("# HELP "), of("# TYPE "));
    assert!(!text.contains("NaN"), "{text}");
    text
}

/// Ends a process in order.
async fn end(process: &Engine) {
    process.signal(Signal::TERM);
    let status = process.end(ENDS_WITHIN).await;
    assert!(status.success(), "{status}: {}", process.log_tail());
}

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn the_checker_of_prometheus_finds_nothing_amiss_in_any_role_idle_busy_or_standing_by() {
    assert!(amiss("a 1\n").contains("no help text"), "the checker finds what is amiss");
    let world = World::start().await;
    let tenant = world.tenant();
    drop(shown(&world.engine()).await);
    for number in 0..5 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    drop(shown(&world.engine()).await);
    drop(world.drain().await);
    for role in ["api", "project", "dispatch"] {
        let process = world.beside(role).await;
        drop(shown(&process).await);
        end(&process).await;
    }
    drop(shown(&world.engine()).await);
}

#[tokio::test]
async fn series_whose_labels_are_known_begin_at_zero() {
    let world = World::start().await;
    for series in [
        r#"orqestra_http_requests_total{route="/api/v1/events/trigger",status="200"}"#,
        r#"orqestra_http_requests_total{route="/api/v1/events/trigger",status="429"}"#,
        r#"orqestra_http_requests_total{route="/admin/v1/tenants",status="429"}"#,
        r#"orqestra_http_requests_total{route="/api/v1/notifications/{tenantId}/{userId}",status="500"}"#,
        r#"orqestra_http_request_duration_seconds_count{route="/api/v1/events/trigger"}"#,
        r#"orqestra_triggers_total{outcome="accepted"}"#,
        r#"orqestra_triggers_total{outcome="repeated"}"#,
        r#"orqestra_limited_total{limit="daily"}"#,
        r#"orqestra_admin_refusals_total{reason="wrong_token"}"#,
        r#"orqestra_append_refusals_total{reason="lost"}"#,
        r#"orqestra_append_refusals_total{reason="full"}"#,
        r#"orqestra_attempts_total{channel="EMAIL",outcome="unknown"}"#,
        r#"orqestra_deliveries_total{channel="PUSH",outcome="dead_letter"}"#,
        r#"orqestra_deliveries_total{channel="SMS",outcome="held"}"#,
        r#"orqestra_breaker_opened_total{provider="smtp"}"#,
        r#"orqestra_provider_throttled_total{provider="smtp"}"#,
        r#"orqestra_swept_total{channel="EMAIL"}"#,
        r#"orqestra_stuck_deliveries_total{found="planned"}"#,
        r#"orqestra_stuck_deliveries_total{found="held"}"#,
        r#"orqestra_redriven_total{outcome="requeued"}"#,
        r#"orqestra_redriven_total{outcome="refused"}"#,
        r#"orqestra_suppressed_total{channel="SMS",reason="opted_out"}"#,
        r#"orqestra_subscription_parked_total{subscription="inbox-v1"}"#,
        r#"orqestra_subscription_halted{subscription="dispatch-v1"}"#,
        r#"orqestra_subscription_outdated{subscription="usage-v1"}"#,
        r#"orqestra_subscription_interrupted{subscription="usage-v1"}"#,
        r#"orqestra_realtime_disconnects_total{code="3008"}"#,
        r#"orqestra_realtime_recoveries_total{outcome="failed"}"#,
        "orqestra_realtime_connections",
        "orqestra_realtime_publications_total",
        "orqestra_command_retries_total",
        "orqestra_log_lines_dropped_total",
        "orqestra_idle_connections_closed_total",
        "orqestra_database_clock_steps_total",
        "orqestra_dispatch_postponed_total",
        "orqestra_outcome_retries_total",
        "orqestra_dispatch_queued",
        "orqestra_unknown_held",
        "orqestra_oldest_unknown_seconds",
        "orqestra_append_queue_depth",
    ] {
        // A part of the engine that is still starting has not begun its own.
        let first =
            wait::until(series, SHOWN_WITHIN, async || value(&shown(&world.engine()).await, series)).await;
        assert_eq!(Some(first), Some(0.0), "{series}");
    }
}

#[tokio::test]
async fn the_process_and_the_build_are_told() {
    let world = World::start().await;
    let text = shown(&world.engine()).await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(value(&text, &format!("orqestra_build_info{{version=\"{version}\"}}")), Some(1.0));
    for name in [
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "process_threads",
    ] {
        assert!(value(&text, name).is_some_and(|value| value > 0.0), "{name}: {text}");
    }
    assert!(value(&text, "process_cpu_seconds_total").is_some(), "{text}");
}

#[tokio::test]
async fn nothing_waits_to_be_stored_once_all_is_answered() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 100_000})).await;
    let event = |number: usize| json!({"eventType": "none", "eventId": format!("e-{number}"), "payload": {"userId": "u"}});
    for round in 0..5 {
        let bodies: Vec<_> = (0..200).map(|number| event(round * 200 + number)).collect();
        for answer in join_all(bodies.iter().map(|body| world.trigger(&tenant, body))).await {
            drop(answer.expect(200));
        }
    }
    // Its readers append nothing of their own for such events.
    wait::until("an idle engine", SHOWN_WITHIN, async || {
        let text = shown(&world.engine()).await;
        let lags: Vec<f64> = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("orqestra_subscription_lag{")?.rsplit(' ').next()?.parse().ok()
            })
            .collect();
        let depth = value(&text, "orqestra_append_queue_depth");
        (depth == Some(0.0) && lags == [0.0; 8]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_process_that_stands_by_tells_no_lag_and_the_one_that_follows_tells_its_own() {
    const LAG: &str = r#"orqestra_subscription_lag{subscription="inbox-v1"}"#;
    let world = World::start().await;
    let tenant = world.tenant();
    world.sigterm().await;
    world.begin_as("api").await;
    let (first, http) = (world.beside("project").await, Http::default());
    let state = async |engine: &Engine| {
        let ready = http.send(engine.address(), Request::get("/readyz")).await.unwrap().json();
        ready["subscriptions"][0]["state"].as_str().unwrap().to_owned()
    };
    let is = async |engine: &Engine, wanted: &str| {
        wait::until(wanted, SHOWN_WITHIN, async || (state(engine).await == wanted).then_some(())).await;
    };
    is(&first, "follows").await;
    let second = world.beside("project").await;
    is(&second, "stands_by").await;
    assert_eq!(value(&shown(&second).await, LAG), None);
    for number in 0..20 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    let at_the_head = async |engine: &Engine| {
        wait::until("a reader at the head", SHOWN_WITHIN, async || {
            (value(&shown(engine).await, LAG) == Some(0.0)).then_some(())
        })
        .await;
    };
    at_the_head(&first).await;
    assert_eq!(value(&shown(&second).await, LAG), None);
    // While the first stands still its lease ends, and the second takes over; then the first stands by and knows nothing.
    first.signal(Signal::STOP);
    is(&second, "follows").await;
    at_the_head(&second).await;
    first.signal(Signal::CONT);
    is(&first, "stands_by").await;
    assert_eq!(value(&shown(&first).await, LAG), None, "what it once was is not what it is");
    let third = world.beside("dispatch").await;
    drop(world.drain().await);
    for process in [&first, &second, &third] {
        end(process).await;
    }
}

/// The expressions in the table of alerts.
fn alerts() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (_, section) = page.split_once("\n## Alerts\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let whens = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let spans = whens.flat_map(|when| when.split('`').skip(1).step_by(2));
    spans
        .filter(|span| span.starts_with("orqestra_") || span.starts_with("increase("))
        .map(|span| span.replace("\\|", "|"))
        .collect()
}

#[test]
fn the_expressions_of_the_page_of_alerts_are_ones_that_prometheus_reads() {
    let alerts = alerts();
    assert!(alerts.len() > 12, "{alerts:?}");
    let mut rules = "groups:\n  - name: orqestra\n    rules:\n".to_owned();
    for (number, expression) in alerts.iter().enumerate() {
        writeln!(rules, "      - alert: Alert{number}\n        expr: {}", json!(expression)).unwrap();
    }
    let folder = Folder::new("alerts");
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, rules).unwrap();
    let output = Command::new(promtool()).args(["check", "rules"]).arg(&file).output();
    let output = output.expect("promtool: run scripts/setup-test.sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let known = crate::metrics::documented();
    for expression in &alerts {
        let names = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let mut names = names.filter(|name| name.starts_with("orqestra_"));
        assert!(names.all(|name| known.contains(name)), "{expression}");
    }
}
