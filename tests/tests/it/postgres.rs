//! The database goes away under load: requests fail meanwhile, the engine recovers by itself, no 200 is lost.

use std::time::Duration;

use orqestra_tests::audit::audit;
use orqestra_tests::http::Request;
use orqestra_tests::load::{Load, insist, order};
use orqestra_tests::server::Server;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;

const RECOVERS_WITHIN: Duration = Duration::from_mins(1);
const SHORT: [(&str, &str); 2] =
    [("ORQESTRA_CLAIM_SECONDS", "3"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "3")];

#[tokio::test]
async fn connections_that_are_cut_under_load_lose_nothing() {
    let (world, smtp) = (World::with(&SHORT).await, Smtp::start());
    world.expect_errors();
    let tenants = [world.tenant().clone()];
    world.providers(&tenants[0], "EMAIL", &json!([smtp.provider()])).await;
    let load = Load::default();
    let clients = load.run(&world, &tenants, 4, Duration::from_millis(50), 900);
    let cutter = async {
        for _ in 0..8 {
            let answered = load.answered();
            wait::until_now("more answers", RECOVERS_WITHIN, || {
                (load.answered() >= answered + 20).then_some(())
            })
            .await;
            let cut: i64 = sqlx::query_scalar(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity
                  where datname = current_database() and application_name = 'orqestra'",
            )
            .fetch_one(world.pool())
            .await
            .unwrap();
            assert!(cut > 0, "the engine had connections");
        }
        load.stop();
    };
    tokio::join!(clients, cutter);
    println!("{:#?}", audit(&world, &tenants, &smtp).await);
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_loses_nothing_and_meanwhile_the_answer_is_an_error() {
    let (server, smtp) = (Server::start().await, Smtp::start());
    let world = World::on(&server, &SHORT).await;
    world.expect_errors();
    let tenants = [world.tenant().clone()];
    world.providers(&tenants[0], "EMAIL", &json!([smtp.provider()])).await;
    let load = Load::default();
    let clients = load.run(&world, &tenants, 4, Duration::from_millis(50), 900);
    let breaker = async {
        for round in 0..3 {
            let answered = load.answered();
            wait::until_now("more answers", RECOVERS_WITHIN, || {
                (load.answered() >= answered + 20).then_some(())
            })
            .await;
            server.crash().await;
            // An answer is given once the engine has given the server up, which takes its time; so only in one round.
            let refused = match round {
                0 => Some(order(10_000)),
                _ => None,
            };
            if let Some(body) = &refused {
                let answer = world.try_trigger(&tenants[0], &body.to_string(), &[]).await.unwrap();
                assert_eq!(
                    answer.error(),
                    (
                        500,
                        json!({
                            "statusCode": 500,
                            "error": "Internal Server Error",
                            "message": "The request could not be completed. Try again",
                            "code": "internal_error",
                        })
                    )
                );
            }
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
            if let Some(body) = &refused {
                drop(insist(&world, &tenants[0], body).await);
            }
        }
        load.stop();
    };
    tokio::join!(clients, breaker);
    println!("{:#?}", audit(&world, &tenants, &smtp).await);
    drop(world);
}

#[tokio::test]
async fn what_a_crashed_server_takes_back_from_the_readers_is_done_again() {
    let (server, smtp) = (Server::start().await, Smtp::start());
    let world = World::on(&server, &SHORT).await;
    world.expect_errors();
    let tenants = [world.tenant().clone()];
    world.providers(&tenants[0], "EMAIL", &json!([smtp.provider()])).await;
    for number in 0..3 {
        drop(insist(&world, &tenants[0], &order(number)).await);
        drop(world.drain().await);
        server.crash().await;
        server.resume().await;
        // The events are kept, the readers' newest commits are not; nothing new comes that could wake them.
        let user = format!("user-{number}");
        wait::until("the row in the history", RECOVERS_WITHIN, async || {
            let path = format!("/api/v1/notifications/{}/{user}", tenants[0].id);
            let answer = world.send(Request::get(path).key(&tenants[0].key)).await.ok()?;
            (answer.status == 200 && answer.json()["data"].as_array()?.len() == 1).then_some(())
        })
        .await;
    }
    drop(audit(&world, &tenants, &smtp).await);
    wait::until("no due row of a settled delivery", RECOVERS_WITHIN, async || {
        let rows: i64 =
            sqlx::query_scalar("select count(*) from dispatch_due").fetch_one(world.pool()).await.ok()?;
        (rows == 0).then_some(())
    })
    .await;
}
