//! Projections and dispatch that read the topic, in processes of their own: every accepted notification ends, whatever dies.

use std::time::Duration;

use orqestra_tests::engine::Engine;
use orqestra_tests::kafka::TestKafka;
use orqestra_tests::shop::Shop;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use sqlx::PgPool;

use crate::roles::end;

/// The subscriptions that read the topic.
const CONSUMERS: &[&str] = &["delivery-status-v1", "dispatch-v1", "event-lookup-v1", "inbox-v1", "usage-v1"];
/// A member that was killed is in the group for another 10 s.
const TAKEN_OVER_WITHIN: Duration = Duration::from_mins(1);
/// The load lasts for as long as members join and leave.
const PACE: Duration = Duration::from_millis(250);

/// A shop whose engine serves the API and relays, and leaves the rest to other processes.
async fn shop(kafka: &TestKafka) -> Shop {
    let brokers = kafka.brokers();
    let shop = Shop::open(World::with(&[("ORQESTRA_KAFKA_BROKERS", &brokers)]).await).await;
    shop.world.sigterm().await;
    shop.world.begin_as("api,relay").await;
    shop
}

/// Waits until every consumer reads the topic by its partitions.
async fn divided(pool: &PgPool) {
    let select = "select subscription from subscription_partitions where partitions = 12 order by subscription";
    wait::until("subscriptions in twelve partitions", TAKEN_OVER_WITHIN, async || {
        let found: Vec<String> = sqlx::query_scalar(select).fetch_all(pool).await.unwrap();
        (found == CONSUMERS).then_some(())
    })
    .await;
}

async fn end_all(processes: impl IntoIterator<Item = Engine>) {
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
    println!("{:#?}", shop.audit().await);
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
    println!("{:#?}", shop.audit().await);
    end_all(others).await;
}
