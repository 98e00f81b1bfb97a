//! The roles in processes of their own on one database: together they are the engine, and each may die alone.

use std::time::Duration;

use futures::future::join_all;
use orqestra_tests::engine::Engine;
use orqestra_tests::http::{Http, Request};
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, TRIGGER, World};
use rustix::process::Signal;
use serde_json::json;

use crate::inside;

const SHORT: [(&str, &str); 2] =
    [("ORQESTRA_CLAIM_SECONDS", "3"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "3")];
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

/// A shop prepared by `up`, which has ended: its email goes to the server, its text messages to the sandbox.
async fn prepared() -> Shop {
    let shop = Shop::open(World::with(&SHORT).await).await;
    shop.world.providers(shop.tenant(), "SMS", &json!([{"kind": "sandbox"}])).await;
    shop.world.sigterm().await;
    shop
}

/// Ends a process in order.
pub(crate) async fn end(process: &Engine) {
    process.signal(Signal::TERM);
    let status = process.end(ENDS_WITHIN).await;
    assert!(status.success(), "{status}: {}", process.log_tail());
}

#[tokio::test]
async fn the_three_roles_apart_deliver_show_and_mark_as_read() {
    let shop = prepared().await;
    let (world, smtp, tenant) = (&shop.world, &shop.smtp, shop.tenant());
    world.begin_as("api").await;
    let (project, dispatch) = (world.beside("project").await, world.beside("dispatch").await);
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    let state = world.settled(tenant, "order-1").await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    assert_eq!(smtp.to("user-1@example.org").len(), 1);
    assert_eq!(smtp.messages()[0].delivery(), state.channel("EMAIL").delivery_id);
    assert_eq!(world.sandbox(tenant, "SMS").await.len(), 1);

    let rows = world.history(tenant, "user-1").await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!((&rows[0]["id"], &rows[0]["status"]), (&json!(state.notification_id), &json!("UNREAD")));
    let path = format!("/api/v1/notifications/{}/user-1/{}/read", tenant.id, state.notification_id);
    drop(world.call(Request::put(path).key(&tenant.key)).await.expect(200));
    assert_eq!(world.history(tenant, "user-1").await[0]["status"], "READ", "the very next request");
    for process in [&project, &dispatch] {
        end(process).await;
    }
}

#[tokio::test]
async fn a_process_of_any_role_has_its_probes_and_without_the_api_nothing_else() {
    let shop = prepared().await;
    let (world, http) = (&shop.world, Http::default());
    world.begin_as("api").await;
    let inbox = r#"orqestra_subscription_lag{subscription="inbox-v1"} "#;
    let dispatch = r#"orqestra_subscription_lag{subscription="dispatch-v1"} "#;
    for (roles, subscriptions, shown) in [
        (
            "project",
            json!(["inbox-v1", "delivery-status-v1", "usage-v1", "suppressions-v1", "event-lookup-v1"]),
            inbox,
        ),
        ("dispatch", json!(["dispatch-v1", "redrives-v1"]), dispatch),
    ] {
        let process = world.beside(roles).await;
        let ask = async |request| http.send(process.address(), request).await.expect("an answer");
        assert_eq!(ask(Request::get("/healthz")).await.expect(200).json(), json!({"status": "ok"}));
        wait::until("subscriptions that follow", ANSWERS_WITHIN, async || {
            let ready = ask(Request::get("/readyz")).await.expect(200).json();
            assert_eq!((&ready["status"], &ready["roles"]), (&json!("ready"), &json!([roles])));
            let found = ready["subscriptions"].as_array()?;
            let names: Vec<_> = found.iter().map(|one| &one["name"]).collect();
            assert_eq!(json!(names), subscriptions);
            found.iter().all(|one| one["state"] == "follows" && one["behind"] == 0).then_some(())
        })
        .await;
        let metrics = ask(Request::get("/metrics")).await.expect(200).text();
        assert!(metrics.lines().any(|line| line.starts_with(shown)), "{metrics}");
        for path in ["/", "/openapi.json", "/demo", TRIGGER, "/admin/v1/tenants", "/connection/websocket"] {
            let (status, body) = ask(Request::get(path)).await.error();
            assert_eq!((status, &body["code"]), (404, &json!("no_such_route")), "{path}");
        }
        // Another of the same role waits for its turn, and says so.
        let another = world.beside(roles).await;
        wait::until("subscriptions that stand by", ANSWERS_WITHIN, async || {
            let ready = http.send(another.address(), Request::get("/readyz")).await.ok()?.expect(200).json();
            assert_eq!(ready["status"], "ready");
            ready["subscriptions"].as_array()?.iter().all(|one| one["state"] == "stands_by").then_some(())
        })
        .await;
        end(&another).await;
        end(&process).await;
    }
}

#[tokio::test]
async fn a_process_on_an_address_that_is_taken_ends_and_says_which_and_by_what_to_change_it() {
    let world = World::start().await;
    let address = world.engine().address().to_string();
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_LISTEN".to_owned(), address.clone());
    for roles in ["api", "project", "dispatch"] {
        let refused = launch.run(&["serve", "--role", roles]);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(&format!("cannot listen on {address}; set ORQESTRA_LISTEN")), "{said}");
    }
}

#[tokio::test]
async fn a_read_mark_shows_in_the_next_request_while_no_process_projects() {
    let shop = prepared().await;
    let (world, tenant) = (&shop.world, shop.tenant());
    world.begin_as("api,project,dispatch").await;
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    let state = world.settled(tenant, "order-1").await;
    world.sigterm().await;
    world.begin_as("api").await;
    let path = format!("/api/v1/notifications/{}/user-1/{}/read", tenant.id, state.notification_id);
    drop(world.call(Request::put(path).key(&tenant.key)).await.expect(200));
    assert_eq!(world.history(tenant, "user-1").await[0]["status"], "READ");
}

#[tokio::test]
async fn a_dispatching_process_killed_under_load_and_followed_by_another_loses_and_repeats_nothing() {
    let shop = prepared().await;
    let world = &shop.world;
    world.begin_as("api").await;
    let (project, first) = (world.beside("project").await, world.beside("dispatch").await);
    let mailed = async |more: usize| {
        let wanted = shop.smtp.count() + more;
        wait::until_now("more emails", ANSWERS_WITHIN, || (shop.smtp.count() >= wanted).then_some(())).await;
    };
    let killer = async {
        mailed(20).await;
        first.signal(Signal::KILL);
        first.end(ENDS_WITHIN).await;
        // What is accepted while nobody sends waits.
        shop.more_answers(20).await;
        let another = world.beside("dispatch").await;
        mailed(20).await;
        another
    };
    let another = shop.busy(4, Duration::from_millis(30), killer).await;
    println!("{:#?}", shop.audit().await);
    inside::agrees(&shop.world).await;
    for process in [&project, &another] {
        end(process).await;
    }
}

#[tokio::test]
async fn one_event_id_at_two_processes_at_once_is_accepted_once() {
    let shop = prepared().await;
    let (world, tenant) = (&shop.world, shop.tenant());
    world.begin_as("api,project,dispatch").await;
    let (other, http) = (world.beside("api").await, Http::default());
    for number in 0..20 {
        let body = order(number);
        let here = async || world.trigger(tenant, &body).await;
        let there = async || {
            let request = Request::post(TRIGGER).key(&tenant.key).json(&body);
            http.send(other.address(), request).await.expect("an answer")
        };
        // Four of each: also the repeats of one process meet those of the other.
        let (here, there) = tokio::join!(join_all((0..4).map(|_| here())), join_all((0..4).map(|_| there())));
        let answers: Vec<_> = here.into_iter().chain(there).map(|answer| answer.expect(200)).collect();
        let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
        assert_eq!(first, 1, "order-{number}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    }
    let accepted: i64 =
        sqlx::query_scalar("select count(*) from events where event_type = 'NotificationAccepted'")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!(accepted, 20);
    drop(shop.audit().await);
    inside::agrees(&shop.world).await;
    end(&other).await;
}

#[tokio::test]
async fn serve_skips_a_channel_without_providers_and_up_keeps_it_in_the_sandbox() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    assert_eq!(world.settled(tenant, "order-1").await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    let in_the_sandbox =
        async || world.sandbox(tenant, "EMAIL").await.len() + world.sandbox(tenant, "SMS").await.len();
    assert_eq!(in_the_sandbox().await, 2);
    world.sigterm().await;

    world.begin_as("api,project,dispatch").await;
    drop(world.trigger(tenant, &order(2)).await.expect(200));
    let ends = world.settled(tenant, "order-2").await.ends();
    assert_eq!(ends, "EMAIL SKIPPED (no_provider), SMS SKIPPED (no_provider), PUSH SENT");
    assert_eq!(in_the_sandbox().await, 2, "nothing vanishes into a sandbox that nobody asked for");

    world.providers(tenant, "SMS", &json!([{"kind": "sandbox"}])).await;
    drop(world.trigger(tenant, &order(3)).await.expect(200));
    let ends = world.settled(tenant, "order-3").await.ends();
    assert_eq!(ends, "EMAIL SKIPPED (no_provider), SMS SENT, PUSH SENT");
    assert_eq!(in_the_sandbox().await, 3);
}

#[tokio::test]
async fn readiness_and_metrics_listen_elsewhere_where_the_settings_say_so() {
    let world = World::with(&[("ORQESTRA_PROBES_LISTEN", "127.0.0.1:0")]).await;
    let (engine, http) = (world.engine(), Http::default());
    assert_ne!(engine.address(), engine.probes());
    for (path, main, apart) in
        [("/healthz", 200, 200), ("/readyz", 404, 200), ("/metrics", 404, 200), ("/openapi.json", 200, 404)]
    {
        for (at, status) in [(engine.address(), main), (engine.probes(), apart)] {
            drop(http.send(at, Request::get(path)).await.expect("an answer").expect(status));
        }
    }
}
