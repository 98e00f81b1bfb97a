//! The metrics: the page for operators names those that the code has, and `/metrics` shows them once they have a value.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use orqestra_domain::{StreamId, TenantId};
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Ticket};
use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;
use sqlx::Executor as _;
use uuid::Uuid;

use crate::inside::Inside;

const SHOWN_WITHIN: Duration = Duration::from_mins(1);

/// Metrics that need a collector of spans, brokers of Kafka, or Redis.
const RARE: [&str; 7] = [
    "orqestra_span_batches_total",
    "orqestra_relay_records_total",
    "orqestra_relay_failures_total",
    "orqestra_limits_shared",
    "orqestra_limits_counted_anew_total",
    "orqestra_redis_failures_total",
    "orqestra_shared_answers_total",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every name that begins as a metric's does and stands between two of these marks.
fn names(text: &str, mark: char) -> BTreeSet<String> {
    let parts = text.split(mark).skip(1).step_by(2);
    let is_one = |part: &&str| part.starts_with("orqestra_") || part.starts_with("process_");
    parts.filter(is_one).map(str::to_owned).collect()
}

/// The first column of the page's table.
pub(crate) fn documented() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (_, section) = page.split_once("\n## Metrics\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    rows.flat_map(|cell| names(cell, '`')).collect()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

/// The name that each use of a macro of `metrics` begins with.
fn recorded() -> BTreeSet<String> {
    let mut texts = Vec::new();
    for room in
        ["event-log", "commands", "projections", "dispatch", "realtime", "kafka", "vault", "api", "cli"]
    {
        sources(&root().join(room).join("src"), &mut texts);
    }
    let uses = texts.iter().flat_map(|text| text.split("metrics::").skip(1));
    let uses =
        uses.filter(|rest| ["counter!", "gauge!", "histogram!"].iter().any(|kind| rest.starts_with(kind)));
    uses.map(|rest| rest.split('"').nth(1).unwrap().to_owned()).collect()
}

/// The names that a process shows, a summary's without its suffixes.
async fn shown(world: &World) -> BTreeSet<String> {
    let answer = world.call(Request::get("/metrics")).await.expect(200);
    let text = answer.text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    types.map(str::to_owned).collect()
}

#[test]
fn the_page_for_operators_names_every_metric_and_no_other() {
    let own = |names: BTreeSet<String>| -> BTreeSet<_> {
        names.into_iter().filter(|name| name.starts_with("orqestra_")).collect()
    };
    assert_eq!(own(documented()), recorded());
    // And each has words of its own in the program.
    let table = std::fs::read_to_string(root().join("cli/src/recorder.rs")).unwrap();
    assert_eq!(names(&table, '"'), recorded());
    assert!(RARE.iter().all(|name| documented().contains(*name)));
}

#[tokio::test]
async fn every_everyday_metric_of_the_page_is_shown() {
    let (world, smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    world.providers(tenant, "EMAIL", &json!([smtp.provider()])).await;
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    assert_eq!(world.settled(tenant, "order-1").await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    // An engine that has forgotten its answers learns of a repeat from the log, which refuses it.
    world.restart().await;
    let repeat = world.trigger(tenant, &order(1)).await.expect(200);
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    // A server that refuses connections, five times in a row.
    smtp.stop();
    for number in 2..12 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    let rare = RARE.into_iter().map(str::to_owned).collect();
    let wanted: BTreeSet<String> = documented().difference(&rare).cloned().collect();
    let missing = async || {
        let shown = shown(&world).await;
        wanted.difference(&shown).cloned().collect::<Vec<_>>()
    };
    wait::until("every metric", SHOWN_WITHIN, async || {
        let missing = missing().await;
        println!("missing: {missing:?}");
        missing.is_empty().then_some(())
    })
    .await;
    assert!(shown(&world).await.is_subset(&documented()), "a metric that the page does not name");
    let lines = [
        r#"orqestra_append_refusals_total{reason="conflict"} 1"#,
        r#"orqestra_breaker_opened_total{provider="smtp"} 1"#,
        r#"orqestra_http_requests_total{route="/api/v1/events/trigger",status="200"} 11"#,
        r#"orqestra_http_request_duration_seconds_bucket{route="/api/v1/events/trigger",le="+Inf"} 11"#,
        r#"orqestra_triggers_total{outcome="accepted"} 10"#,
        r#"orqestra_triggers_total{outcome="repeated"} 1"#,
        "orqestra_tenants_halted 0",
    ];
    // The series begin at zero, so they are shown before the fifth call has failed.
    wait::until("every count", SHOWN_WITHIN, async || {
        let text = world.call(Request::get("/metrics")).await.expect(200).text();
        let lacking = lines.into_iter().find(|line| !text.lines().any(|shown| shown == *line));
        println!("lacking: {lacking:?}");
        lacking.is_none().then_some(())
    })
    .await;
    world.providers(tenant, "EMAIL", &json!([{"kind": "sandbox"}])).await;
    drop(world.drain().await);
}

/// The value of a series as it is shown.
pub(crate) async fn value(world: &World, series: &str) -> Option<f64> {
    let text = world.call(Request::get("/metrics")).await.expect(200).text();
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn a_refusal_by_a_limit_is_counted_by_the_limit() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 1})).await;
    let event = |id: &str| json!({"eventType": "none", "eventId": id, "payload": {"userId": "u"}});
    drop(world.trigger(&tenant, &event("e-1")).await.expect(200));
    drop(world.trigger(&tenant, &event("e-2")).await.expect(429));
    assert_eq!(value(&world, r#"orqestra_limited_total{limit="per_minute"}"#).await, Some(1.0));
}

#[tokio::test]
async fn a_refused_admin_token_is_counted_and_so_is_one_that_is_not_looked_at() {
    let world = World::start().await;
    world.expect_errors();
    let wrong = || world.call(Request::get("/admin/v1/tenants").header("authorization", "Bearer wrong"));
    while wrong().await.status == 401 {}
    let refused = async |reason: &str| {
        value(&world, &format!(r#"orqestra_admin_refusals_total{{reason="{reason}"}}"#)).await
    };
    assert!(refused("wrong_token").await.is_some_and(|count| count > 1.0));
    assert!(refused("waits").await.is_some_and(|count| count >= 1.0));
}

#[tokio::test]
async fn what_waits_to_be_sent_again_is_counted_as_due_work() {
    let world = World::with(&[("ORQESTRA_RETRY_DELAYS", "8s,8s,8s")]).await;
    let tenant = world.tenant();
    let nobody =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}]);
    world.providers(tenant, "EMAIL", &nobody).await;
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    wait::until("a delivery that waits", SHOWN_WITHIN, async || {
        (value(&world, r#"orqestra_due_deliveries{kind="send"}"#).await == Some(1.0)).then_some(())
    })
    .await;
    world.providers(tenant, "EMAIL", &json!([{"kind": "sandbox"}])).await;
    drop(world.drain().await);
}

/// Appends a change of a tenant that no program can read.
async fn vanish(inside: &Inside, tenant: Uuid) {
    let stream = StreamId::tenant(TenantId::from_uuid(tenant));
    let before = inside.log.load("Tenant", &stream).await.unwrap().len();
    let event = NewEvent {
        event_type: "TenantVanished".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"TenantVanished": {}}),
        metadata: Metadata::default(),
    };
    let append = Append {
        aggregate_type: "Tenant".to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(before).unwrap(),
        events: vec![event],
        ticket: Ticket::default(),
    };
    let outcome = inside.log.append(append).await;
    assert!(matches!(outcome, Outcome::Recorded(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_tenant_with_a_change_that_cannot_be_read_counts_as_halted_for_as_long_as_it_is() {
    const HALTED: &str = "orqestra_tenants_halted";
    let world = World::start().await;
    let (tenant, other) = (world.new_tenant(json!({})).await, world.tenant());
    let asks = async |tenant: &orqestra_tests::tenant::Tenant| {
        let path = format!("/api/v1/notifications/{}/u", tenant.id);
        world.call(Request::get(path).key(&tenant.key)).await
    };
    world.sigterm().await;
    world.expect_errors();
    // The API alone: no reader moves its checkpoint past what is taken back in the end.
    world.begin_as("api").await;
    assert_eq!(value(&world, HALTED).await, Some(0.0));
    let inside = Inside::of(&world).await;
    for _ in 0..2 {
        vanish(&inside, tenant.id).await;
    }
    inside.close().await;
    wait::until("a halted tenant", SHOWN_WITHIN, async || {
        (value(&world, HALTED).await == Some(1.0)).then_some(())
    })
    .await;
    world.sigterm().await;
    // Also in a process that finds it in the log.
    world.begin_as("api").await;
    assert_eq!(value(&world, HALTED).await, Some(1.0), "one, however many of its changes");
    assert_eq!(asks(&tenant).await.error().1["code"], "unavailable");
    let ready = world.call(Request::get("/readyz")).await.expect(200).json();
    let told = ready["degraded"].as_array().and_then(|all| all.iter().find(|one| one["part"] == "directory"));
    let reason = told.and_then(|one| one["reason"].as_str()).expect("readiness tells of it");
    assert!(reason.contains("not served: 1,") && reason.contains(&tenant.id.to_string()), "{reason}");
    drop(asks(other).await.expect(200));
    world.sigterm().await;
    // As a backup of before brings the log back; what a program can read is all that is left.
    let restore = "alter table events disable trigger events_refuse_change; \
                   delete from events where event_type = 'TenantVanished'; \
                   alter table events enable always trigger events_refuse_change";
    world.pool().execute(restore).await.unwrap();
    world.begin().await;
    assert_eq!(value(&world, HALTED).await, Some(0.0));
    drop(asks(&tenant).await.expect(200));
}
