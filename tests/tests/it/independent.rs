//! A consumer in another language, with another client, that knows the stream by its pages alone: what it folds the topic into is the
//! delivery status that the projection has.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use orqestra_tests::apis::Apis;
use orqestra_tests::kafka::TestKafka;
use orqestra_tests::load::{Load, templates};
use orqestra_tests::stream::TOPIC;
use orqestra_tests::world::World;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::chaos::{resend, script, twilio};
use crate::relay::relayed;

const NOTIFICATIONS: usize = 600;
const FOLDS_WITHIN: Duration = Duration::from_mins(2);

/// A delivery's status, and what is told with it.
type Status = (String, Option<String>, i64, Option<String>, bool);
/// By tenant, notification and channel.
type Deliveries = BTreeMap<(String, String, String), Status>;

/// What the consumer makes of the topic, which it reads so many times.
async fn folded(kafka: &TestKafka, head: i64, times: u32) -> Deliveries {
    let (script, packages) = (Path::new("stream/fold.py"), Path::new("../.cache/stream"));
    assert!(packages.join("of").exists(), "the consumer's client is missing: run scripts/setup-test.sh");
    let mut fold = Command::new("/usr/bin/python3");
    fold.arg(script).args([&kafka.brokers(), TOPIC, &head.to_string(), &times.to_string()]);
    fold.env("PYTHONPATH", packages.join("python")).kill_on_drop(true);
    let ended = tokio::time::timeout(FOLDS_WITHIN, fold.output()).await.expect("an end in time").unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let lines = String::from_utf8(ended.stdout).unwrap();
    let text = |of: &Value, name: &str| of[name].as_str().map(str::to_owned);
    let delivery = |line: &str| {
        let of: Value = serde_json::from_str(line).unwrap();
        let key = ["tenant", "notification", "channel"].map(|name| text(&of, name).unwrap());
        let attempts = of["attempts"].as_i64().unwrap();
        let duplicate = of["possibleDuplicate"].as_bool().unwrap();
        let status =
            (text(&of, "status").unwrap(), text(&of, "reason"), attempts, text(&of, "cause"), duplicate);
        (key.into(), status)
    };
    lines.lines().map(delivery).collect()
}

async fn projected(world: &World) -> Deliveries {
    type Row = (String, String, String, String, Option<String>, i64, Option<String>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "select tenant_id::text, notification_id::text, channel, status, reason, attempts::bigint, last_cause,
                possible_duplicate
           from deliveries",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    rows.into_iter()
        .map(|(tenant, notification, channel, status, reason, attempts, cause, duplicate)| {
            ((tenant, notification, channel), (status, reason, attempts, cause, duplicate))
        })
        .collect()
}

/// Decides on some of the outcomes that nobody knows, in every way.
async fn decide(world: &World) {
    let held: Vec<(String,)> =
        sqlx::query_as("select delivery_id::text from deliveries where status = 'UNKNOWN' order by 1")
            .fetch_all(world.pool())
            .await
            .unwrap();
    for ((delivery,), how) in held.iter().zip(["delivered", "drop", "resend"].into_iter().cycle()).take(9) {
        let path = format!("/admin/v1/deliveries/{delivery}/resolve");
        drop(world.admin(Method::POST, &path, &json!({"resolution": how})).await.expect(200));
    }
}

#[tokio::test]
async fn an_independent_consumer_folds_the_topic_into_the_same_delivery_status_as_the_projection() {
    let kafka = TestKafka::start().await.unwrap();
    let brokers = kafka.brokers();
    let settings = [
        ("ORQESTRA_KAFKA_BROKERS", brokers.as_str()),
        ("ORQESTRA_RETRY_DELAYS", "1s,1s,2s"),
        ("ORQESTRA_CLAIM_SECONDS", "10"),
        ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "5"),
    ];
    let world = World::with(&settings).await;
    let apis = Apis::start(script(7)).await;
    let limits = json!({"ratePerMinute": 1_000_000});
    let tenants = [world.new_tenant(limits.clone()).await, world.new_tenant(limits).await];
    for tenant in &tenants {
        world.providers(tenant, "EMAIL", &json!([resend(&apis)])).await;
        world.providers(tenant, "SMS", &json!([twilio(&apis)])).await;
        templates(&world, tenant).await;
    }
    Load::default().run(&world, &tenants, 8, Duration::from_millis(5), NOTIFICATIONS).await;
    drop(world.drain().await);
    decide(&world).await;
    drop(world.drain().await);

    let (_, stored) = relayed(&kafka, world.pool()).await;
    let head = stored.last().unwrap().0;
    let projected = projected(&world).await;
    let mut ends = BTreeMap::<&str, usize>::new();
    for (status, ..) in projected.values() {
        *ends.entry(status).or_default() += 1;
    }
    println!("{ends:?}");
    for status in ["SENT", "FAILED", "UNKNOWN"] {
        assert!(ends.contains_key(status), "{ends:?}");
    }
    // The second time each record is one that it has had before.
    for times in [1, 2] {
        let folded = folded(&kafka, head, times).await;
        let differ: Vec<_> = projected
            .iter()
            .filter(|(key, status)| folded.get(*key) != Some(*status))
            .map(|(key, status)| format!("{key:?}: {status:?}, but folded {:?}", folded.get(key)))
            .take(5)
            .collect();
        assert!(differ.is_empty() && folded.len() == projected.len(), "{differ:#?}");
    }
}
