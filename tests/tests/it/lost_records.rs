//! A topic that has lost records, holds some twice, was made anew, or says what a restored log holds no more: the log decides.

use std::time::Duration;

use orqestra_tests::kafka::TestKafka;
use orqestra_tests::load::{order, with_id};
use orqestra_tests::server::Server;
use orqestra_tests::stream::{Folded, Record, TOPIC, produce, records};
use orqestra_tests::wait;
use orqestra_tests::world::World;
use sqlx::PgPool;

use crate::consumers::{end_all, ends_right, shop};
use crate::inside;

const RELAYED_WITHIN: Duration = Duration::from_mins(1);
const STOPS_WITHIN: Duration = Duration::from_secs(30);
/// What is missing shows within this time, without further traffic.
const RIGHT_WITHIN: Duration = Duration::from_secs(5);
const PARTITIONS: i32 = 12;

async fn count(pool: &PgPool, select: &str) -> i64 {
    sqlx::query_scalar(select).fetch_one(pool).await.unwrap()
}

/// Waits until the topic holds the log's last event of a notification.
async fn relayed(kafka: &TestKafka, pool: &PgPool) {
    let last = "select max(position) from events where aggregate_type in ('Notification', 'Recipient')";
    wait::until("the last event in the topic", RELAYED_WITHIN, async || {
        let last = count(pool, last).await;
        let folded = Folded::of(records(kafka, TOPIC).await.ok()?).unwrap();
        folded.events.contains_key(&last).then_some(())
    })
    .await;
}

/// Waits until a subscription that runs has handled everything.
async fn follows(pool: &PgPool, subscription: &str) {
    let held = format!(
        "select count(*) from leases where until > clock_timestamp() and name like '{subscription}%'"
    );
    wait::until("a process that reads the topic", RELAYED_WITHIN, async || {
        (count(pool, &held).await == i64::from(PARTITIONS)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_topic_has_lost_is_read_from_the_log_without_further_traffic() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    shop.busy(4, Duration::from_millis(20), shop.more_answers(40)).await;
    relayed(&kafka, world.pool()).await;
    for partition in 0..PARTITIONS {
        kafka.delete_records_before(TOPIC, partition, -1).await.unwrap();
    }
    let project = world.beside("project").await;
    follows(world.pool(), "delivery-status-v1").await;
    let accepted =
        3 * count(world.pool(), "select count(*) from events where event_type = 'NotificationAccepted'")
            .await;
    wait::until("every delivery in the read model", RIGHT_WITHIN, async || {
        (count(world.pool(), "select count(*) from deliveries").await == accepted).then_some(())
    })
    .await;
    let dispatch = world.beside("dispatch").await;
    ends_right(&shop).await;
    // Retention passes a stopped consumer, whose offset is gone with its records.
    end_all([project, dispatch]).await;
    shop.busy(4, Duration::from_millis(20), shop.more_answers(40)).await;
    relayed(&kafka, world.pool()).await;
    for partition in 0..PARTITIONS {
        kafka.delete_records_before(TOPIC, partition, -1).await.unwrap();
    }
    let both = world.beside("project,dispatch").await;
    ends_right(&shop).await;
    end_all([both]).await;
}

#[tokio::test]
async fn holes_repeats_and_strangers_in_a_topic_have_no_effect() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    shop.busy(2, Duration::from_millis(20), shop.more_answers(16)).await;
    relayed(&kafka, world.pool()).await;
    let all = records(&kafka, TOPIC).await.unwrap();
    world.sigterm().await;
    let copy = TOPIC.replace("orqestra", "copied");
    let config = [("message.timestamp.type", "LogAppendTime"), ("max.message.bytes", "2097152")];
    kafka.topic(&copy, PARTITIONS, &config).await.unwrap();
    // Of three events one is missing, one comes twice, and one was changed on its way beside the true one.
    for (number, record) in all.iter().filter(|record| !record.is_tick()).enumerate() {
        let changed = Record {
            payload: record.payload.as_ref().map(|payload| payload.replace("SMS", "PUSH")),
            ..record.clone()
        };
        let copies = match number % 3 {
            0 => vec![],
            1 => vec![record, record],
            _ => vec![&changed, record],
        };
        for each in copies {
            produce(&kafka, &copy, each).await.unwrap();
        }
    }
    // As if the relay had sent all that there is to the copy.
    for statement in [
        "insert into checkpoints (subscription, after, position, epoch)
         select replace(subscription, 'orqestra', 'copied'), -1, max(position), 0 from checkpoints
          where subscription like 'relay:%' group by 1",
        "insert into topic_positions (topic, partition, position)
         select replace(topic, 'orqestra', 'copied'), partition, position from topic_positions",
        // No process relays there any more.
        "delete from checkpoints where subscription like 'relay:orqestra%'",
    ] {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    }
    world.set("ORQESTRA_KAFKA_TOPIC_PREFIX", Some("copied"));
    world.begin_as("api,relay,project,dispatch").await;
    ends_right(&shop).await;
    assert!(world.engine().log().contains("its leaf is not that of its content"));
}

#[tokio::test]
async fn a_topic_that_is_made_again_under_its_consumers_goes_on_from_the_log() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let both = world.beside("project,dispatch").await;
    let remaking = async {
        shop.more_answers(40).await;
        kafka.delete_topic(TOPIC).await.unwrap();
        shop.more_answers(80).await;
        shop.load.stop();
    };
    shop.busy(2, Duration::from_millis(100), remaking).await;
    ends_right(&shop).await;
    end_all([both]).await;
}

#[tokio::test]
async fn records_of_events_that_a_restore_took_back_are_not_applied() {
    let (kafka, server) = (TestKafka::start().await.unwrap(), Server::start().await);
    let brokers = kafka.brokers();
    let settings = [("ORQESTRA_KAFKA_BROKERS", brokers.as_str()), ("ORQESTRA_KAFKA_CONSUMERS", "on")];
    let world = World::on(&server, &settings).await;
    world.expect_errors();
    let tenant = world.tenant().clone();
    for event in 0..5 {
        world.accept(&tenant, &with_id(order(event), &format!("kept-{event}"))).await;
    }
    drop(world.drain().await);
    server.copy_files().await;
    for event in 100..130 {
        world.accept(&tenant, &with_id(order(event % 7), &format!("lost-{event}"))).await;
    }
    drop(world.drain().await);
    relayed(&kafka, world.pool()).await;
    server.put_back().await;
    assert!(!world.engine().end(STOPS_WITHIN).await.success());
    world.aborted(STOPS_WITHIN).await;
    let recovered = world.launch().run(&["recover", "--after-restore"]);
    assert!(recovered.status.success(), "{}", String::from_utf8_lossy(&recovered.stderr));
    world.begin().await;
    // Their positions are used anew, by other events of the same recipients.
    for event in 200..230 {
        world.accept(&tenant, &with_id(order(event % 7), &format!("new-{event}"))).await;
    }
    for event in 200..230 {
        world.settled(&tenant, &format!("new-{event}")).await;
    }
    inside::agrees(&world).await;
    let log = world.engine().log();
    assert!(log.contains("which was restored since"), "{log}");
}
