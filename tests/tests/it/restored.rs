//! The database is put back to an earlier state under a running engine: the engine stops and says what to do, invents
//! nothing, and the next start and `recover` work from what the database holds.

use std::time::Duration;

use orqestra_tests::http::Request;
use orqestra_tests::load::{order, templates, with_id};
use orqestra_tests::server::Server;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use sqlx::PgPool;

use crate::inside;

/// Detection, then an orderly end.
const STOPS_WITHIN: Duration = Duration::from_secs(30);
const REMEDY: &str = "orqestra recover --after-restore";

async fn number(pool: &PgPool, statement: &str) -> i64 {
    wait::until("an answer of the database", STOPS_WITHIN, async || {
        sqlx::query_scalar(statement).fetch_one(pool).await.ok()
    })
    .await
}

async fn head(pool: &PgPool) -> i64 {
    number(pool, "select coalesce(max(position), 0) from events").await
}

async fn beyond_the_head(pool: &PgPool) -> i64 {
    number(pool, "select count(*) from checkpoints where position > (select max(position) from events)").await
}

#[tokio::test]
async fn an_engine_whose_log_got_shorter_stops_and_the_next_one_works_from_what_the_database_holds() {
    let server = Server::start().await;
    let world = World::on(&server, &[]).await;
    world.expect_errors();
    let tenant = world.tenant().clone();
    templates(&world, &tenant).await;
    for event in 0..5 {
        world.accept(&tenant, &with_id(order(event), &format!("kept-{event}"))).await;
    }
    drop(world.drain().await);
    server.copy_files().await;
    wait::until("an engine that is ready again", STOPS_WITHIN, async || {
        (world.send(Request::get("/readyz")).await.ok()?.status == 200).then_some(())
    })
    .await;
    let kept = head(world.pool()).await;
    let lost = with_id(order(100), "lost");
    world.accept(&tenant, &lost).await;
    for event in 101..130 {
        world.accept(&tenant, &order(event)).await;
    }
    drop(world.drain().await);
    assert!(head(world.pool()).await > kept + 60);

    server.put_back().await;
    let engine = world.engine();
    let status = engine.end(STOPS_WITHIN).await;
    assert!(!status.success(), "it ended with {status}");
    let log = engine.log();
    assert!(log.contains("the log ends at position") && log.contains(REMEDY), "{}", engine.log_tail());
    assert_eq!(head(world.pool()).await, kept, "it stored nothing more");
    assert_eq!(beyond_the_head(world.pool()).await, 0);
    world.aborted(STOPS_WITHIN).await;

    world.begin().await;
    let answer = world.trigger(&tenant, &lost).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("idempotency-replayed"), None, "the event is a new one");
    world.settled(&tenant, "lost").await;
    assert!(head(world.pool()).await > kept);
    assert_eq!(beyond_the_head(world.pool()).await, 0);
    inside::agrees(&world).await;
}

#[tokio::test]
async fn a_recovery_puts_right_what_stands_beyond_the_log_and_is_needed_once() {
    let world = World::start().await;
    world.expect_errors();
    let tenant = world.tenant().clone();
    templates(&world, &tenant).await;
    for event in 0..3 {
        world.accept(&tenant, &order(event)).await;
    }
    drop(world.drain().await);
    world.sigterm().await;
    // As an engine left it that went on from memory: rows of events that are gone, and checkpoints beyond the end.
    for statement in [
        "insert into checkpoints (subscription, after, position, epoch)
         values ('relay:orqestra.notifications.v1', -1, 0, 1)",
        "insert into topic_positions (topic, partition, position) values ('orqestra.notifications.v1', 3, 9000)",
        "insert into checkpoints (subscription, after, position, epoch)
         select subscription, max(position), max(position) + 5000, 1 from checkpoints group by subscription",
        "insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
         select tenant_id, gen_random_uuid(), 'EMAIL', 'send', now(), 1 from events limit 1",
        "update deliveries set status = 'PLANNED', settled_at = null where status = 'SENT'",
    ] {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    }
    let launch = world.launch();
    let doctor = launch.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("stand beyond it: delivery-status-v1 at") && said.contains(REMEDY), "{said}");
    // An API alone has no subscription that would end it later.
    for arguments in [&["up"][..], &["serve", "--role", "api"]] {
        let refused = launch.run(arguments);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(REMEDY), "{said}");
    }

    let recovered = launch.run(&["recover", "--after-restore"]);
    let [said, failed] =
        [&recovered.stdout, &recovered.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(recovered.status.success(), "{said}{failed}");
    for line in [
        "the log is of epoch 2 now",
        "inbox-v1 is as the log has it",
        "dispatch-v1 is as the log has it: 1 rows",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(beyond_the_head(world.pool()).await, 0);
    let sent = number(world.pool(), "select position from topic_positions").await;
    assert_eq!(sent, head(world.pool()).await, "what a relay says that it has sent");
    // No process relays here.
    sqlx::query("delete from checkpoints where subscription like 'relay:%'")
        .execute(world.pool())
        .await
        .unwrap();
    let again = launch.run(&["recover", "--after-restore"]);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success(), "{said}");
    assert!(
        !said.contains("its checkpoint was at") && said.contains("dispatch-v1 is as the log has it: 0 rows"),
        "{said}"
    );
    world.begin().await;
    world.accept(&tenant, &order(9)).await;
    drop(world.drain().await);
    inside::agrees(&world).await;
}
