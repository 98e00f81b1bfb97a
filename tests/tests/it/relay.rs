//! The relay to a real Kafka: every event once past a consumer's own comparison, in its recipient's order, whatever dies.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_tests::http::Request;
use orqestra_tests::kafka::{PASSWORD, TestKafka, USERNAME};
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::stream::{CONFIGURATION, Folded, Record, TOPIC, records};
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use sqlx::PgPool;

use crate::roles::end;

const RELAYED_WITHIN: Duration = Duration::from_mins(1);
/// The load lasts for as long as leases end and brokers start.
const PACE: Duration = Duration::from_millis(250);
/// The lease of a subscription.
const LEASE: Duration = Duration::from_secs(10);
/// A tick a second; the log is read as soon as one says that something is missing.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// An event as the log stores it: position, headers that say the same, payload.
type Stored = (i64, String, String, i64, String, String, String, String);

pub(crate) async fn stored(pool: &PgPool) -> Vec<Stored> {
    sqlx::query_as(
        "select position, event_id::text, aggregate_type, sequence, event_type, encode(leaf, 'hex'), payload::text,
                metadata::text
           from events where aggregate_type in ('Notification', 'Recipient') order by position",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Waits until a topic holds every event of the log, and folds it.
pub(crate) async fn relayed(kafka: &TestKafka, pool: &PgPool) -> (Folded, Vec<Stored>) {
    wait::until("every event in the topic", RELAYED_WITHIN, async || {
        let stored = stored(pool).await;
        let folded = Folded::of(records(kafka, TOPIC).await.ok()?).unwrap();
        (folded.events.len() == stored.len()).then_some((folded, stored))
    })
    .await
}

/// Verifies that the topic says what the log says.
pub(crate) fn agrees(folded: &Folded, stored: &[Stored]) {
    assert_eq!(folded.missing, [], "a process that takes over knows what was sent");
    let mut keys: BTreeMap<&str, u16> = BTreeMap::new();
    let mut sequences: BTreeMap<&str, i64> = BTreeMap::new();
    for (position, event_id, aggregate, sequence, event, leaf, payload, metadata) in stored {
        let record =
            folded.events.get(position).unwrap_or_else(|| panic!("no record of position {position}"));
        assert_eq!(record.payload.as_deref(), Some(payload.as_str()), "byte for byte");
        for (name, value) in [
            ("ce_id", event_id.as_str()),
            ("ce_aggregatetype", aggregate),
            ("ce_sequence", &sequence.to_string()),
            ("ce_type", &format!("orqestra.{event}")),
            ("ce_leaf", leaf),
            ("ce_metadata", metadata),
        ] {
            assert_eq!(record.header(name), value, "{name}");
        }
        let key = record.key.as_deref().unwrap();
        assert_eq!(*keys.entry(key).or_insert(record.partition), record.partition, "one partition a key");
        let last = sequences.insert(record.header("ce_subject"), *sequence).unwrap_or(0);
        assert_eq!(last + 1, *sequence, "a stream's events in their order");
    }
}

async fn world(kafka: &TestKafka) -> World {
    World::with(&[("ORQESTRA_KAFKA_BROKERS", &kafka.brokers())]).await
}

/// A shop whose engine leaves the relay to other processes.
async fn without_a_relay(kafka: &TestKafka) -> Shop {
    let shop = Shop::open(world(kafka).await).await;
    shop.world.sigterm().await;
    shop.world.begin_as("api,project,dispatch").await;
    shop
}

fn sample(folded: &Folded) -> &Record {
    folded.events.values().next().unwrap()
}

#[tokio::test]
async fn every_event_reaches_the_topic_as_the_log_stores_it_and_in_its_recipients_order() {
    let kafka = TestKafka::start().await.unwrap();
    let brokers = kafka.brokers();
    let settings =
        [("ORQESTRA_KAFKA_BROKERS", brokers.as_str()), ("ORQESTRA_KAFKA_CONFIGURATION_TOPIC", "on")];
    let shop = Shop::open(World::with(&settings).await).await;
    shop.busy(4, Duration::from_millis(5), shop.more_answers(200)).await;
    println!("{:#?}", shop.audit().await);
    let (folded, stored) = relayed(&kafka, shop.world.pool()).await;
    agrees(&folded, &stored);
    let partitions: Vec<u16> = folded.complete.keys().copied().collect();
    assert_eq!(partitions, (0..12).collect::<Vec<_>>(), "an idle partition has ticks");
    let record = sample(&folded);
    let text = record.payload.clone().unwrap() + &format!("{:?}", record.headers);
    assert!(!text.contains("@example.org"), "what is personal is sealed: {text}");
    // The document beside the contract says what each record looks like.
    let document = include_str!("../../../docs/stream.asyncapi.json");
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let schema = |name: &str| jsonschema::validator_for(&document["components"]["schemas"][name]).unwrap();
    let (events, ticks) = (schema("eventHeaders"), schema("tickHeaders"));
    let key =
        jsonschema::validator_for(&document["components"]["messages"]["event"]["bindings"]["kafka"]["key"]);
    let (key, mut seen) = (key.unwrap(), BTreeMap::new());
    let configuration = Folded::of(records(&kafka, CONFIGURATION).await.unwrap()).unwrap();
    let others: i64 = sqlx::query_scalar(
        "select count(*) from events where aggregate_type not in ('Notification', 'Recipient')",
    )
    .fetch_one(shop.world.pool())
    .await
    .unwrap();
    assert_eq!(
        (i64::try_from(configuration.events.len()).unwrap(), configuration.missing),
        (others, Vec::new())
    );
    let notifications = records(&kafka, TOPIC).await.unwrap();
    for record in notifications.into_iter().chain(records(&kafka, CONFIGURATION).await.unwrap()) {
        let headers = serde_json::to_value(&record.headers).unwrap();
        let schema = if record.is_tick() { &ticks } else { &events };
        let wrong = schema.iter_errors(&headers).map(|error| error.to_string()).collect::<Vec<_>>();
        assert!(wrong.is_empty(), "{wrong:?}: {record:#?}");
        assert_eq!(record.is_tick(), record.key.is_none() && record.payload.is_none());
        if let Some(text) = &record.key {
            key.validate(&text.as_str().into()).unwrap();
        }
        *seen.entry(record.is_tick()).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 2, "events and ticks: {seen:?}");
}

#[tokio::test]
async fn relays_and_a_broker_that_are_killed_in_turn_leave_nothing_out() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = without_a_relay(&kafka).await;
    let world = &shop.world;
    let kills = async {
        let mut relays = [world.beside("relay").await, world.beside("relay").await];
        for turn in 0..6 {
            shop.more_answers(40).await;
            if turn % 3 == 2 {
                kafka.kill().unwrap();
                shop.more_answers(40).await;
                kafka.restart().await.unwrap();
            } else {
                let killed = &mut relays[turn % 2];
                killed.signal(Signal::KILL);
                assert!(!killed.end(ENDS_WITHIN).await.success());
                *killed = world.beside("relay").await;
            }
        }
        shop.load.stop();
        relays
    };
    let relays = shop.busy(4, PACE, kills).await;
    let (folded, stored) = relayed(&kafka, world.pool()).await;
    agrees(&folded, &stored);
    println!("{} events, {} records dropped as repeats or late ticks", stored.len(), folded.dropped);
    println!("{:#?}", shop.audit().await);
    for relay in &relays {
        end(relay).await;
    }
}

#[tokio::test]
async fn a_relay_that_was_frozen_past_its_lease_adds_nothing_that_a_consumer_keeps() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = without_a_relay(&kafka).await;
    let world = &shop.world;
    let freezing = async {
        let leader = world.beside("relay").await;
        shop.more_answers(40).await;
        let other = world.beside("relay").await;
        leader.signal(Signal::STOP);
        let frozen = std::time::Instant::now();
        // The other one relays, once the lease has ended.
        wait::until("the other relay", 6 * LEASE, async || {
            let sent: Option<i64> = sqlx::query_scalar("select epoch from leases where name like 'relay:%'")
                .fetch_optional(world.pool())
                .await
                .unwrap();
            (frozen.elapsed() > LEASE && sent > Some(1)).then_some(())
        })
        .await;
        shop.more_answers(40).await;
        leader.signal(Signal::CONT);
        shop.more_answers(40).await;
        shop.load.stop();
        [leader, other]
    };
    let relays = shop.busy(4, PACE, freezing).await;
    let (folded, stored) = relayed(&kafka, world.pool()).await;
    agrees(&folded, &stored);
    println!("{:#?}", shop.audit().await);
    for relay in &relays {
        end(relay).await;
    }
}

#[tokio::test]
async fn triggers_go_on_while_kafka_is_away_and_the_relay_catches_up_by_itself() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = Shop::open(world(&kafka).await).await;
    let outage = async {
        shop.more_answers(20).await;
        kafka.stop().await.unwrap();
        shop.more_answers(60).await;
        let readiness = shop.world.call(Request::get("/readyz")).await;
        assert_eq!(readiness.status, 200, "an API that can append is ready");
        wait::until("readiness to say so", RELAYED_WITHIN, async || {
            let said = shop.world.call(Request::get("/readyz")).await;
            said.body.windows(5).any(|part| part == b"relay").then_some(())?;
            (said.json()["degraded"].as_array()?.iter().any(|part| part["part"] == "relay")).then_some(())
        })
        .await;
        kafka.restart().await.unwrap();
        shop.load.stop();
    };
    shop.busy(2, Duration::from_millis(20), outage).await;
    let (folded, stored) = relayed(&kafka, shop.world.pool()).await;
    agrees(&folded, &stored);
    println!("{:#?}", shop.audit().await);
}

#[tokio::test]
async fn a_topic_that_was_deleted_is_made_again_and_says_that_a_consumer_has_to_read_the_log() {
    let kafka = TestKafka::start().await.unwrap();
    let world = world(&kafka).await;
    let tenant = world.tenant().clone();
    drop(world.trigger(&tenant, &order(1)).await.expect(200));
    drop(world.drain().await);
    let (_, stored) = relayed(&kafka, world.pool()).await;
    let last = stored.last().unwrap().0;
    kafka.delete_topic(TOPIC).await.unwrap();
    // No trigger comes: ticks alone tell.
    let folded = wait::until("ticks in the topic that was made again", RELAYED_WITHIN, async || {
        let folded = Folded::of(records(&kafka, TOPIC).await.ok()?).unwrap();
        (folded.complete.len() == 12 && folded.complete.values().all(|complete| *complete >= last))
            .then_some(folded)
    })
    .await;
    assert_eq!(folded.events.len(), 0);
    let told = |&(partition, after, up_to): &(u16, i64, i64)| {
        stored.iter().any(|event| event.0 > after && event.0 <= up_to).then_some(partition)
    };
    assert!(folded.missing.iter().find_map(told).is_some(), "{:?}", folded.missing);
    drop(world.trigger(&tenant, &order(2)).await.expect(200));
    drop(world.drain().await);
    wait::until("events behind the ticks", TOLD_WITHIN, async || {
        let folded = Folded::of(records(&kafka, TOPIC).await.ok()?).unwrap();
        (!folded.events.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_kafka_refuses_halts_the_relay_with_the_position_until_it_is_mended() {
    let kafka = TestKafka::start().await.unwrap();
    let world = world(&kafka).await;
    world.expect_errors();
    let tenant = world.tenant().clone();
    drop(world.trigger(&tenant, &order(1)).await.expect(200));
    drop(world.drain().await);
    relayed(&kafka, world.pool()).await;
    kafka.delete_topic(TOPIC).await.unwrap();
    unfit(&kafka).await;
    // What comes before the relay has seen the change may still be sent.
    let mut next = 2..;
    let halted = wait::until("a halt that readiness tells", RELAYED_WITHIN, async || {
        drop(world.trigger(&tenant, &order(next.next()?)).await.expect(200));
        let said = world.call(Request::get("/readyz")).await.json();
        let degraded = said["degraded"].as_array()?.clone();
        let reason = degraded.iter().find(|part| part["part"] == "relay")?["reason"].as_str()?.to_owned();
        reason.contains("stands still at event").then_some(reason)
    })
    .await;
    let log = world.engine().log();
    assert!(log.contains("expected 12 partitions, got 3"), "{halted}: {log}");
    let metrics = world.call(Request::get("/metrics")).await.text();
    for name in ["orqestra_relay_records_total", "orqestra_relay_failures_total"] {
        let is_zero = metrics.contains(&format!("{name}{{topic=\"notifications\"}} 0\n"));
        assert!(metrics.contains(name) && !is_zero, "{metrics}");
    }
    wait::until("deliveries that go on", RELAYED_WITHIN, async || {
        world.event(&tenant, "order-2").await.ends().contains("PUSH SENT").then_some(())
    })
    .await;
    kafka.delete_topic(TOPIC).await.unwrap();
    wait::until("events in a topic that is fit", RELAYED_WITHIN, async || {
        let folded = Folded::of(records(&kafka, TOPIC).await.ok()?).unwrap();
        let last = stored(world.pool()).await.last()?.0;
        folded.events.contains_key(&last).then_some(())
    })
    .await;
}

/// Puts a topic of three partitions in the place of the relay's, which it may have made again meanwhile.
async fn unfit(kafka: &TestKafka) {
    let config = [("message.timestamp.type", "LogAppendTime"), ("max.message.bytes", "2097152")];
    wait::until("a topic of three partitions", RELAYED_WITHIN, async || {
        if kafka.topic(TOPIC, 3, &config).await.is_ok() {
            return Some(());
        }
        kafka.delete_topic(TOPIC).await.ok()?;
        None
    })
    .await;
}

#[tokio::test]
async fn an_engine_does_not_relay_to_a_topic_that_consumers_cannot_rely_on() {
    let kafka = TestKafka::start().await.unwrap();
    let world = world(&kafka).await;
    let recorded = "select count(*) from topics";
    wait::until("a relay that has begun", RELAYED_WITHIN, async || {
        let topics: i64 = sqlx::query_scalar(recorded).fetch_one(world.pool()).await.ok()?;
        (topics == 1).then_some(())
    })
    .await;
    let fit = [("message.timestamp.type", "LogAppendTime"), ("max.message.bytes", "2097152")];
    let compacted = [&fit[..], &[("cleanup.policy", "compact")]].concat();
    for (prefix, partitions, config, words) in [
        ("few", 3, &fit[..], "expected 12 partitions, got 3"),
        ("compacted", 12, &compacted, "expected cleanup.policy=delete, got compact"),
        ("by-caller", 12, &fit[1..], "expected message.timestamp.type=LogAppendTime, got CreateTime"),
        ("small", 12, &fit[..1], "expected max.message.bytes of at least 2097152, got 1048588"),
    ] {
        kafka.topic(&format!("{prefix}.notifications.v1"), partitions, config).await.unwrap();
        world.set("ORQESTRA_KAFKA_TOPIC_PREFIX", Some(prefix));
        let said = refusal(&world);
        assert!(said.contains(words), "{said}");
        let doctor = world.launch().run(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains(words) && !doctor.status.success(), "{said}");
    }
    // The number that was relayed with stays, whatever the topic has.
    world.set("ORQESTRA_KAFKA_TOPIC_PREFIX", None);
    world.set("ORQESTRA_KAFKA_PARTITIONS", Some("3"));
    let said = refusal(&world);
    let words = "12 partitions, by which it was relayed so far";
    assert!(said.contains(words), "{said}");
    let doctor = world.launch().run(&["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains(words));
    let topics: i64 = sqlx::query_scalar(recorded).fetch_one(world.pool()).await.unwrap();
    assert_eq!(topics, 1, "a topic that is unfit binds no later setting");
}

#[tokio::test]
async fn a_cluster_that_asks_for_tls_and_who_the_client_is_is_reached() {
    let kafka = TestKafka::start_secured().await.unwrap();
    let secured = kafka.secured();
    let [certificate, key] = [&secured.certificate, &secured.key].map(|path| path.display().to_string());
    let by_password = [
        ("ORQESTRA_KAFKA_BROKERS", secured.by_password.as_str()),
        ("ORQESTRA_KAFKA_CA_FILE", &certificate),
        ("ORQESTRA_KAFKA_SASL_USERNAME", USERNAME),
        ("ORQESTRA_KAFKA_SASL_PASSWORD", PASSWORD),
    ];
    let world = World::with(&by_password).await;
    drop(world.trigger(&world.tenant().clone(), &order(1)).await.expect(200));
    drop(world.drain().await);
    let (folded, stored) = relayed(&kafka, world.pool()).await;
    agrees(&folded, &stored);
    let doctor = |changes: &[(&str, Option<&str>)]| {
        let mut launch = world.launch();
        for (name, value) in changes {
            match value {
                Some(value) => launch.settings.insert((*name).to_owned(), (*value).to_owned()),
                None => launch.settings.remove(*name),
            };
        }
        let ended = launch.run(&["doctor"]);
        let said = String::from_utf8(ended.stdout).unwrap();
        said.lines().find(|line| line.contains("kafka")).map(str::to_owned).unwrap_or(said)
    };
    let fit = "orqestra.notifications.v1 has 12 partitions";
    let said = doctor(&[("ORQESTRA_KAFKA_SASL_MECHANISM", Some("PLAIN"))]);
    assert!(said.contains(fit), "{said}");
    let without_a_name = [("ORQESTRA_KAFKA_SASL_USERNAME", None), ("ORQESTRA_KAFKA_SASL_PASSWORD", None)];
    let by_certificate = [
        ("ORQESTRA_KAFKA_BROKERS", Some(secured.by_certificate.as_str())),
        ("ORQESTRA_KAFKA_CERTIFICATE_FILE", Some(&certificate)),
        ("ORQESTRA_KAFKA_KEY_FILE", Some(&key)),
    ];
    let said = doctor(&[&without_a_name[..], &by_certificate].concat());
    assert!(said.contains(fit), "{said}");
    // What does not fit is amiss, and no secret is told.
    let wrong = "another-password-of-the-relay";
    for (changes, words) in [
        (&[("ORQESTRA_KAFKA_SASL_PASSWORD", Some(wrong))][..], "SASL authentication error"),
        (
            &[("ORQESTRA_KAFKA_CA_FILE", None), ("ORQESTRA_KAFKA_TLS", Some("on"))],
            "certificate could not be verified",
        ),
        (&[&without_a_name[..], &by_certificate[..1]].concat(), "bad certificate"),
    ] {
        let said = doctor(changes);
        assert!(said.contains(words) && !said.contains(wrong), "{said}");
    }
}

/// What a process says that does not start.
fn refusal(world: &World) -> String {
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
    let ended = launch.run(&["serve", "--role", "relay"]);
    assert!(!ended.status.success());
    String::from_utf8_lossy(&ended.stderr).into_owned()
}
