//! One trace from a caller's request to the calls that providers get for it: in log lines and at a collector.

use std::collections::BTreeSet;
use std::time::Duration;

use orqestra_tests::collector::{Collector, text};
use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const WITHIN: Duration = Duration::from_secs(30);

/// The engine's log lines so far.
fn lines(world: &World) -> Vec<Value> {
    let log = world.engine().log();
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until that many lines of this message have this trace, and gives them.
async fn of_trace(world: &World, message: &str, trace: &str, count: usize) -> Vec<Value> {
    wait::until("lines of a trace", WITHIN, async || {
        let found = lines(world).into_iter().filter(|line| line["message"] == message);
        let found: Vec<_> = found.filter(|line| trace_of(line) == Some(trace)).collect();
        assert!(found.len() <= count, "{found:?}");
        (found.len() == count).then_some(found)
    })
    .await
}

/// A line's own trace, or that of the work around it.
fn trace_of(line: &Value) -> Option<&str> {
    line["trace.id"].as_str().or_else(|| line["span"]["trace.id"].as_str())
}

#[tokio::test]
async fn a_requests_line_and_those_of_its_deliveries_show_one_trace() {
    let world = World::start().await;
    let tenant = world.tenant();
    let invalid = format!("{PARENT}-more");
    for (number, headers, trace) in [
        (1, vec![("traceparent", PARENT), ("x-trace-id", "9f1c8e247ad14b6d8c5e52b45d0e9a51")], Some(TRACE)),
        (
            2,
            vec![("traceparent", invalid.as_str()), ("x-trace-id", "9f1c8e247ad14b6d8c5e52b45d0e9a52")],
            Some("9f1c8e247ad14b6d8c5e52b45d0e9a52"),
        ),
        (
            3,
            vec![("x-trace-id", "9f1c8e247ad14b6d8c5e52b45d0e9a53")],
            Some("9f1c8e247ad14b6d8c5e52b45d0e9a53"),
        ),
        (4, vec![], None),
    ] {
        let answer = world.trigger_with(tenant, &order(number), &headers).await.expect(200);
        let request = answer.header("x-request-id").unwrap().to_owned();
        let own = request.replace('-', "");
        let trace = trace.unwrap_or(&own);
        let line = of_trace(&world, "answered a request", trace, 1).await.remove(0);
        assert_eq!(line["request.id"], json!(request));
        assert_eq!(line["tenant.id"], json!(tenant.id.to_string()));
        let state = world.settled(tenant, &format!("order-{number}")).await;
        assert_eq!(
            line["notification.id"],
            json!(state.notification_id),
            "which the lines of its calls name too"
        );
        assert!(!line.to_string().contains("order-"), "not the caller's id: {line}");
        assert_eq!(line["http.method"], "POST");
        assert_eq!(line["http.route"], "/api/v1/events/trigger");
        assert_eq!(line["http.status"], 200);
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
        let calls = of_trace(&world, "called a provider", trace, 2).await;
        let mut channels: Vec<_> = calls.iter().map(|line| line["channel"].as_str().unwrap()).collect();
        channels.sort_unstable();
        assert_eq!(channels, ["EMAIL", "SMS"]);
        assert!(calls.iter().all(|line| line["outcome"] == "sent" && line["provider"] == "sandbox"));
        let own_alone = |line: &Value| line["trace.id"] == *trace && line["span"].is_null();
        assert!(calls.iter().all(own_alone), "a line has its trace once: {calls:?}");
    }
    let refused = world
        .call(
            Request::post("/api/v1/events/trigger").header("x-trace-id", "9f1c8e247ad14b6d8c5e52b45d0e9a55"),
        )
        .await;
    drop(refused.expect(401));
    let line = of_trace(&world, "refused a request", "9f1c8e247ad14b6d8c5e52b45d0e9a55", 1).await.remove(0);
    assert_eq!(line["code"], "missing_api_key");
    let routes: Vec<_> = lines(&world).iter().map(|line| line["http.route"].clone()).collect();
    assert!(!routes.contains(&json!("/readyz")), "probes have no line");
    drop(world.drain().await);
}

#[tokio::test]
async fn a_later_attempt_in_another_process_is_of_the_same_trace() {
    let world = World::start().await;
    let tenant = world.tenant();
    let nobody =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}]);
    world.providers(tenant, "EMAIL", &nobody).await;
    drop(world.trigger_with(tenant, &order(1), &[("traceparent", PARENT)]).await.expect(200));
    let failed = |line: &Value| line["message"] == "called a provider" && line["outcome"] == "not_taken";
    wait::until("a failed call", WITHIN, async || lines(&world).iter().any(failed).then_some(())).await;
    world.restart().await;
    world.providers(tenant, "EMAIL", &json!([{"kind": "sandbox"}])).await;
    wait::until("the email's second attempt", WITHIN, async || {
        let lines = lines(&world);
        let mut calls = lines.iter().filter(|line| line["channel"] == "EMAIL" && line["outcome"] == "sent");
        calls.next().map(|line| assert_eq!(trace_of(line), Some(TRACE)))
    })
    .await;
    drop(world.drain().await);
}

#[tokio::test]
async fn without_the_access_log_only_refusals_and_failures_have_a_line() {
    let world = World::with(&[("ORQESTRA_ACCESS_LOG", "off")]).await;
    let tenant = world.tenant();
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    assert!(world.settled(tenant, "order-1").await.is_settled());
    drop(world.call(Request::post("/api/v1/events/trigger")).await.expect(401));
    wait::until("the refusal's line", WITHIN, async || {
        lines(&world).iter().any(|line| line["message"] == "refused a request").then_some(())
    })
    .await;
    let told = |message| lines(&world).iter().any(|line| line["message"] == message);
    assert!(!told("answered a request") && !told("called a provider"));
}

#[tokio::test]
async fn a_collector_gets_the_request_its_append_and_its_attempts_in_the_callers_trace() {
    let collector = Collector::start().await;
    let world = World::with(&[("ORQESTRA_OTLP_ENDPOINT", &collector.endpoint())]).await;
    let tenant = world.tenant();
    let unkept = format!("{}00", &PARENT.replace("4bf9", "4bfa")[..53]);
    drop(world.trigger_with(tenant, &order(2), &[("traceparent", &unkept)]).await.expect(200));
    drop(world.trigger_with(tenant, &order(1), &[("traceparent", PARENT)]).await.expect(200));
    drop(world.drain().await);
    let trace: Vec<u8> = TRACE.as_bytes().chunks(2).map(byte).collect();
    let spans = wait::until("the trace's spans", WITHIN, async || {
        let ours = collector.spans().into_iter().filter(|span| span.trace_id == trace);
        let ours: Vec<_> = ours.collect();
        let attempts = ours.iter().filter(|span| span.name.starts_with("attempt ")).count();
        (attempts == 2 && ours.iter().any(|span| span.name.starts_with("POST "))).then_some(ours)
    })
    .await;
    let request = spans.iter().find(|span| span.name == "POST /api/v1/events/trigger").unwrap();
    let process = processes(&world);
    assert_eq!(collector.instances(), process, "each span says of which process it is");
    world.restart().await;
    drop(world.trigger(tenant, &order(3)).await.expect(200));
    drop(world.drain().await);
    wait::until("spans of the second process", WITHIN, async || {
        (collector.instances().len() == 2).then_some(())
    })
    .await;
    assert_eq!(collector.instances(), processes(&world));
    assert!(process.is_subset(&collector.instances()));
    assert_eq!(request.parent_span_id, "00f067aa0ba902b7".as_bytes().chunks(2).map(byte).collect::<Vec<_>>());
    assert_eq!(text(request, "tenant.id"), Some(tenant.id.to_string().as_str()));
    let under = |parent: &[u8], name: &str| {
        spans.iter().filter(|span| span.parent_span_id == parent && span.name == name).count()
    };
    assert_eq!(under(&request.span_id, "append"), 1);
    for channel in ["EMAIL", "SMS"] {
        let delivery = format!("delivery {channel}");
        let delivery = spans.iter().find(|span| span.name == delivery).unwrap();
        assert_eq!(delivery.parent_span_id, request.span_id);
        assert_eq!(under(&delivery.span_id, &format!("attempt {channel}")), 1);
        assert_eq!(under(&delivery.span_id, "append"), 2, "the claim and the outcome");
    }
    let all = format!("{:?}", collector.spans());
    for personal in ["user-1", "example.org", "+254", "ORD-", "Order Confirmed", &tenant.key] {
        assert!(!all.contains(personal), "{personal}: {all}");
    }
    assert!(collector.spans().iter().all(|span| !span.name.contains("readyz")), "probes have no span");
    let kept = |span: &[u8]| span.first() != Some(&0x4b) || span.get(1) != Some(&0xfa);
    assert!(
        collector.spans().iter().all(|span| kept(&span.trace_id)),
        "a trace that nobody keeps is not sent"
    );
}

/// The processes that the metadata of events name.
fn processes(world: &World) -> BTreeSet<String> {
    let output = world.launch().run(&["log", "tail", "-n", "1000"]);
    let events = String::from_utf8(output.stdout).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter_map(|event| Some(event["metadata"]["process"].as_str()?.to_owned())).collect()
}

fn byte(pair: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_of_once_and_harms_nothing() {
    let world = World::with(&[("ORQESTRA_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
    let tenant = world.tenant();
    for number in 1..20 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    drop(world.drain().await);
    let lost = r#"orqestra_span_batches_total{outcome="lost"}"#;
    wait::until("several batches that are lost", WITHIN, async || {
        drop(world.call(Request::get("/openapi.json")).await.expect(200));
        let text = world.call(Request::get("/metrics")).await.expect(200).text();
        let count = text.lines().find_map(|line| line.strip_prefix(lost)?.trim().parse::<u32>().ok())?;
        (count >= 2).then_some(())
    })
    .await;
    let log = world.ctrl_c().await;
    let told = log.lines().filter(|line| line.contains("the collector does not take spans")).count();
    assert_eq!(told, 1, "{log}");
    world.begin().await;
}
