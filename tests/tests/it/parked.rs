//! `orqestra parked`: aggregates that a subscription has set aside are listed and tried again, with the engine running.

use std::process::Output;

use orqestra_tests::load::order;
use orqestra_tests::world::World;
use serde_json::Value;
use sqlx::Executor as _;

const INBOX: &str = "inbox-v1";

fn lines(output: &Output) -> Vec<Value> {
    let out = String::from_utf8_lossy(&output.stdout);
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Sets the first two notifications aside as the inbox would, each from its first event. Returns their streams.
async fn set_aside(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "insert into parked_events (subscription, aggregate_type, aggregate_id, position, reason, program)
         select $1, aggregate_type, aggregate_id, position, 'it could not be read', 'orqestra/of the test'
           from events where event_type = 'NotificationAccepted' order by position limit 2
         returning aggregate_id",
    )
    .bind(INBOX)
    .fetch_all(world.pool())
    .await
    .unwrap()
}

/// Runs statements on the events that the log otherwise refuses.
async fn damage(world: &World, statement: &str) {
    let damaged = format!(
        "alter table events disable trigger events_refuse_change; {statement};
         alter table events enable always trigger events_refuse_change"
    );
    world.pool().execute(damaged.as_str()).await.unwrap();
}

#[tokio::test]
async fn a_parked_aggregate_is_listed_and_retried_until_the_subscription_handles_it() {
    let world = World::start().await;
    let tenant = world.tenant();
    for number in 1..=2 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    drop(world.drain().await);
    // A process that has the events in memory reads nothing of what follows, and one that starts retries what others parked.
    world.sigterm().await;
    world.expect_errors();
    damage(
        &world,
        "create table kept as select position, payload from events where event_type = 'DeliveryRendered';
         update events set payload = '{}' where event_type = 'DeliveryRendered'",
    )
    .await;
    let streams = set_aside(&world).await;
    let [first, second] = streams.as_slice() else { panic!("two notifications: {streams:?}") };

    let cli = world.launch();
    let listed = cli.run(&["parked", "list"]);
    assert!(listed.status.success(), "{}", errors(&listed));
    let listed = lines(&listed);
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["subscription"], INBOX);
    assert_eq!(listed[0]["aggregateId"], first.as_str());
    assert_eq!(listed[0]["reason"], "it could not be read");
    assert_eq!(listed[0]["retryRequested"], false);
    assert!(lines(&cli.run(&["parked", "list", "--subscription", "usage-v1"])).is_empty());

    // No process runs the subscription.
    let waits = cli.run(&["parked", "retry", INBOX, first, "--wait", "1"]);
    assert_eq!(waits.status.code(), Some(1));
    assert_eq!(lines(&waits)[0]["outcome"], "not tried yet");
    assert!(errors(&waits).contains("1 were not tried within 1 s"), "{}", errors(&waits));

    world.begin().await;
    let fails = cli.run(&["parked", "retry", INBOX, second]);
    assert_eq!(fails.status.code(), Some(1), "{}", errors(&fails));
    let told = &lines(&fails)[0];
    assert_eq!(told["outcome"], "failed again");
    assert_ne!(told["reason"], "it could not be read", "the reason is the new one");

    world.sigterm().await;
    damage(&world, "update events e set payload = k.payload from kept k where k.position = e.position").await;
    world.begin().await;
    let retried = cli.run(&["parked", "retry", INBOX, "--all"]);
    assert!(retried.status.success(), "{}", errors(&retried));
    assert!(lines(&retried).iter().all(|line| line["outcome"] == "handled"));
    assert!(lines(&cli.run(&["parked", "list"])).is_empty());

    let nothing = cli.run(&["parked", "retry", INBOX, first]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        errors(&nothing).contains(&format!("inbox-v1 has not set {first} aside")),
        "{}",
        errors(&nothing)
    );
    world.pool().execute("drop table kept").await.unwrap();
}
