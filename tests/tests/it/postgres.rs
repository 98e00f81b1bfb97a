//! The database goes away under load: requests fail meanwhile, the engine recovers by itself, no 200 is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use orqestra_tests::engine::Engine;
use orqestra_tests::http::{Http, Request};
use orqestra_tests::load::{insist, order};
use orqestra_tests::server::Server;
use orqestra_tests::shop::Shop;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::inside;
use crate::reference::unavailable;

const RECOVERS_WITHIN: Duration = Duration::from_mins(1);
/// The engine's own 3 s for what was never sent, on a busy machine.
const REFUSED_WITHIN: Duration = Duration::from_secs(6);
/// How soon `/readyz` answers, whatever hangs.
const SAYS_WITHIN: Duration = Duration::from_secs(2);
const SHORT: [(&str, &str); 2] =
    [("ORQESTRA_CLAIM_SECONDS", "3"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "3")];

/// How often each line of a level was logged.
fn logged(engine: &Engine, level: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let log = engine.log();
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if line["level"] == level {
            let part = line["subscription"].as_str().map(|name| format!("{name}: ")).unwrap_or_default();
            *found.entry(format!("{part}{}", line["message"].as_str().unwrap())).or_default() += 1;
        }
    }
    found
}

#[tokio::test]
async fn connections_that_are_cut_under_load_lose_nothing() {
    let shop = Shop::open(World::with(&SHORT).await).await;
    shop.world.expect_errors();
    let cutter = async {
        for _ in 0..8 {
            shop.more_answers(20).await;
            let cut: i64 = sqlx::query_scalar(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity
                  where datname = current_database() and application_name = 'orqestra-2'",
            )
            .fetch_one(shop.world.pool())
            .await
            .unwrap();
            assert!(cut > 0, "the engine had connections");
        }
    };
    shop.busy(4, Duration::from_millis(50), cutter).await;
    println!("{:#?}", shop.audit().await);
    inside::agrees(&shop.world).await;
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_loses_nothing_and_meanwhile_the_answer_is_an_error() {
    const OUTAGES: usize = 3;
    let server = Server::start().await;
    let shop = Shop::open(World::on(&server, &SHORT).await).await;
    let world = &shop.world;
    world.expect_errors();
    let breaker = async {
        for outage in 0..OUTAGES {
            shop.more_answers(20).await;
            server.crash().await;
            // Whose batch broke the connection waits longer, since it may be stored; nobody else does.
            wait::until_now("a batch that was interrupted", RECOVERS_WITHIN, || {
                let warned = logged(&world.engine(), "WARN");
                (warned.get("storing a batch was interrupted")? > &outage).then_some(())
            })
            .await;
            let began = Instant::now();
            let body = order(10_000 + outage);
            let answer = world.try_trigger(shop.tenant(), &body.to_string(), &[]).await.unwrap();
            assert!(began.elapsed() < REFUSED_WITHIN, "answered after {:?}", began.elapsed());
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.error(), unavailable());
            wait::until("an engine that says it is not ready", RECOVERS_WITHIN, async || {
                (world.call(Request::get("/readyz")).await.status == 503).then_some(())
            })
            .await;
            assert_eq!(world.call(Request::get("/healthz")).await.status, 200);
            server.resume().await;
            wait::until("an engine that is ready again", RECOVERS_WITHIN, async || {
                (world.call(Request::get("/readyz")).await.status == 200).then_some(())
            })
            .await;
            // What was refused may have been stored all the same; it is the same event then.
            drop(insist(world, shop.tenant(), &body).await);
        }
    };
    shop.busy(4, Duration::from_millis(50), breaker).await;
    println!("{:#?}", shop.audit().await);
    inside::agrees(&shop.world).await;

    let (mut warned, told) = (logged(&world.engine(), "WARN"), logged(&world.engine(), "INFO"));
    println!("{warned:#?}\n{told:#?}");
    // Told of each delivery that was cut off, whatever cut it.
    warned.remove("an attempt's outcome is unknown");
    // Twice where a server that is still starting takes a connection and ends it.
    assert!(warned.values().all(|times| *times <= 2 * OUTAGES), "{warned:#?}");
    for over in ["batches are stored again", "ready again"] {
        assert!(told.get(over).is_some_and(|times| *times >= OUTAGES), "{over}: {told:#?}");
    }
}

#[tokio::test]
async fn what_a_crashed_server_takes_back_from_the_readers_is_done_again() {
    let server = Server::start().await;
    let shop = Shop::open(World::on(&server, &SHORT).await).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    world.expect_errors();
    for number in 0..3 {
        drop(insist(world, tenant, &order(number)).await);
        drop(world.drain().await);
        server.crash().await;
        server.resume().await;
        // The events are kept, the readers' newest commits are not; nothing new comes that could wake them.
        let user = format!("user-{number}");
        wait::until("the row in the history", RECOVERS_WITHIN, async || {
            let path = format!("/api/v1/notifications/{}/{user}", tenant.id);
            let answer = world.send(Request::get(path).key(&tenant.key)).await.ok()?;
            (answer.status == 200 && answer.json()["data"].as_array()?.len() == 1).then_some(())
        })
        .await;
    }
    drop(shop.audit().await);
    inside::agrees(&shop.world).await;
    wait::until("no due row of a settled delivery", RECOVERS_WITHIN, async || {
        let rows: i64 =
            sqlx::query_scalar("select count(*) from dispatch_due").fetch_one(world.pool()).await.ok()?;
        (rows == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn while_a_server_takes_connections_and_answers_nobody_each_process_soon_says_it_is_not_ready() {
    let server = Server::start().await;
    let world = World::on(&server, &SHORT).await;
    world.expect_errors();
    let (project, http) = (world.beside("project").await, Http::default());
    let processes = [world.engine().address(), project.address()];
    let ready = async |address| {
        let asked = Instant::now();
        let answer = http.send(address, Request::get("/readyz")).await.unwrap();
        assert!(asked.elapsed() < SAYS_WITHIN, "{:?}", asked.elapsed());
        (answer.status.as_u16(), answer.json())
    };
    server.freeze();
    for address in processes {
        wait::until("a process that is not ready", RECOVERS_WITHIN, async || {
            let (status, said) = ready(address).await;
            (status == 503 && said["degraded"][0]["reason"] == "the database does not answer").then_some(())
        })
        .await;
        // Again and again, whatever hangs meanwhile.
        for _ in 0..5 {
            let (status, said) = ready(address).await;
            assert_eq!((status, &said["status"]), (503, &json!("unavailable")));
            assert_eq!(said["degraded"], json!([{"part": "log", "reason": "the database does not answer"}]));
        }
    }
    server.thaw();
    for address in processes {
        wait::until("a process that is ready again", RECOVERS_WITHIN, async || {
            (ready(address).await.0 == 200).then_some(())
        })
        .await;
    }
    project.signal(Signal::TERM);
    let status = project.end(ENDS_WITHIN).await;
    assert!(status.success(), "{status}: {}", project.log_tail());
}
