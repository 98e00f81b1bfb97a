//! Projections and dispatch that read the topic, in processes of their own: every accepted notification ends, whatever dies.

use std::time::{Duration, Instant};

use orqestra_tests::engine::Engine;
use orqestra_tests::http::{Http, Request};
use orqestra_tests::kafka::TestKafka;
use orqestra_tests::shop::Shop;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::json;
use sqlx::PgPool;

use crate::inside;
use crate::relay::{agrees, relayed};
use crate::roles::end;

/// The subscriptions that read the topic.
const CONSUMERS: &[&str] = &["delivery-status-v1", "dispatch-v1", "event-lookup-v1", "inbox-v1", "usage-v1"];
/// A member that was killed is in the group for another 10 s.
const TAKEN_OVER_WITHIN: Duration = Duration::from_mins(1);
/// How long Kafka is away.
const AWAY_FOR: Duration = Duration::from_mins(1);
/// The load lasts for as long as members join and leave.
const PACE: Duration = Duration::from_millis(250);

/// A shop whose engine serves the API and relays, and leaves the rest to other processes.
pub(crate) async fn shop(kafka: &TestKafka) -> Shop {
    shop_with(&[("ORQESTRA_KAFKA_BROKERS", &kafka.brokers())]).await
}

/// The same with these settings.
pub(crate) async fn shop_with(settings: &[(&str, &str)]) -> Shop {
    let shop = Shop::open(World::with(settings).await).await;
    shop.world.providers(shop.tenant(), "SMS", &json!([{"kind": "sandbox"}])).await;
    shop.world.sigterm().await;
    shop.world.begin_as("api,relay").await;
    shop
}

/// Waits until every consumer reads the topic by its partitions.
pub(crate) async fn divided(pool: &PgPool) {
    let select =
        "select subscription from subscription_partitions where partitions = 12 order by subscription";
    wait::until("subscriptions in twelve partitions", TAKEN_OVER_WITHIN, async || {
        let found: Vec<String> = sqlx::query_scalar(select).fetch_all(pool).await.unwrap();
        (found == CONSUMERS).then_some(())
    })
    .await;
}

/// Verifies that every 200 has come to one end, and that every table is what the log calls for.
pub(crate) async fn ends_right(shop: &Shop) {
    println!("{:#?}", shop.audit().await);
    inside::agrees(&shop.world).await;
}

pub(crate) async fn end_all(processes: impl IntoIterator<Item = Engine>) {
    for process in processes {
        end(&process).await;
    }
}

#[tokio::test]
async fn two_processes_of_each_role_share_the_topic_and_leave_nothing_out() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let mut others = Vec::new();
    for roles in ["project", "project", "dispatch", "dispatch"] {
        others.push(world.beside(roles).await);
    }
    shop.busy(4, Duration::from_millis(20), shop.more_answers(300)).await;
    divided(world.pool()).await;
    ends_right(&shop).await;
    let by_topic = "select count(*) from checkpoints where topic_offset is not null";
    let by_topic: i64 = sqlx::query_scalar(by_topic).fetch_one(world.pool()).await.unwrap();
    assert!(by_topic > 0);
    end_all(others).await;
}

#[tokio::test]
async fn processes_that_are_killed_in_turn_lose_nothing_and_send_nothing_twice() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let roles = ["project", "dispatch", "project", "dispatch", "relay"];
    let kills = async {
        let mut others = Vec::new();
        for role in roles {
            others.push(world.beside(role).await);
        }
        shop.more_answers(40).await;
        for (role, process) in roles.into_iter().zip(&mut others) {
            process.signal(Signal::KILL);
            assert!(!process.end(ENDS_WITHIN).await.success());
            shop.more_answers(40).await;
            *process = world.beside(role).await;
            shop.more_answers(20).await;
        }
        shop.load.stop();
        others
    };
    let others = shop.busy(4, PACE, kills).await;
    ends_right(&shop).await;
    end_all(others).await;
}

#[tokio::test]
async fn members_that_join_and_leave_every_two_seconds_leave_no_gap_and_repeat_nothing() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let rebalances = async {
        let stay = world.beside("project,dispatch").await;
        for turn in 0..6 {
            let guest = world.beside("project,dispatch").await;
            // Thirty answers take two seconds.
            shop.more_answers(30).await;
            if turn % 2 == 0 {
                end(&guest).await;
            } else {
                guest.signal(Signal::KILL);
                assert!(!guest.end(ENDS_WITHIN).await.success());
            }
        }
        shop.load.stop();
        stay
    };
    let stay = shop.busy(4, PACE, rebalances).await;
    ends_right(&shop).await;
    end(&stay).await;
}

#[tokio::test]
async fn a_consumer_that_was_frozen_past_its_session_and_lease_repeats_nothing() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let freezing = async {
        let first = world.beside("project,dispatch").await;
        shop.more_answers(40).await;
        let other = world.beside("project,dispatch").await;
        shop.more_answers(40).await;
        first.signal(Signal::STOP);
        let owners = "select count(distinct owner) from leases
                       where until > clock_timestamp() and (name like 'inbox-v1%' or name like 'dispatch-v1%')";
        wait::until("one process that holds every lease", TAKEN_OVER_WITHIN, async || {
            let owners: i64 = sqlx::query_scalar(owners).fetch_one(world.pool()).await.unwrap();
            (owners == 1).then_some(())
        })
        .await;
        first.signal(Signal::CONT);
        shop.more_answers(60).await;
        shop.load.stop();
        [first, other]
    };
    let both = shop.busy(2, PACE, freezing).await;
    ends_right(&shop).await;
    end_all(both).await;
}

#[tokio::test]
async fn an_outage_of_kafka_ends_by_itself_and_the_backlog_is_sent() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let outage = async {
        let others = [world.beside("project").await, world.beside("dispatch").await];
        shop.more_answers(20).await;
        divided(world.pool()).await;
        kafka.stop().await.unwrap();
        let stopped = Instant::now();
        shop.more_answers(60).await;
        for other in &others {
            wait::until("readiness that tells of the outage", TAKEN_OVER_WITHIN, async || {
                let said = Http::default().send(other.address(), Request::get("/readyz")).await.ok()?;
                let degraded = said.json()["degraded"].to_string();
                (said.status == 200 && degraded.contains("was interrupted")).then_some(())
            })
            .await;
        }
        wait::until_now("a minute without Kafka", 2 * AWAY_FOR, || {
            (stopped.elapsed() >= AWAY_FOR).then_some(())
        })
        .await;
        kafka.restart().await.unwrap();
        shop.load.stop();
        others
    };
    let others = shop.busy(2, PACE, outage).await;
    ends_right(&shop).await;
    let (folded, stored) = relayed(&kafka, world.pool()).await;
    agrees(&folded, &stored);
    for other in &others {
        let log = other.log();
        assert!(
            log.contains("the topic cannot be read") && log.contains("the topic can be read again"),
            "{log}"
        );
    }
    end_all(others).await;
}

#[tokio::test]
async fn an_installation_goes_to_several_processes_and_back_on_one_log() {
    let kafka = TestKafka::start().await.unwrap();
    let shop = shop(&kafka).await;
    let world = &shop.world;
    let others = [world.beside("project").await, world.beside("dispatch").await];
    shop.busy(4, Duration::from_millis(20), shop.more_answers(100)).await;
    divided(world.pool()).await;
    // What is still on its way is for the process that follows.
    end_all(others).await;
    world.sigterm().await;
    world.begin().await;
    shop.busy(4, Duration::from_millis(20), shop.more_answers(100)).await;
    world.sigterm().await;
    world.begin_as("api,relay,project,dispatch").await;
    shop.busy(4, Duration::from_millis(20), shop.more_answers(100)).await;
    ends_right(&shop).await;
}
