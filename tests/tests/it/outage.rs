//! After an outage the first request of each kind works; while nothing can be stored each process that appends says so.

use std::time::{Duration, Instant};

use futures::future::join_all;
use orqestra_tests::http::{Answer, Http, Request};
use orqestra_tests::load::order;
use orqestra_tests::postgres::{TestCluster, TestDatabase};
use orqestra_tests::proxy::Proxy;
use orqestra_tests::wait;
use orqestra_tests::world::{ADMIN_TOKEN, ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::json;
use sqlx::Executor as _;

const WITHIN: Duration = Duration::from_mins(1);
/// More than the engine has sessions.
const AT_ONCE: usize = 24;

/// What callers and operators read, by the pools that it goes through.
async fn reads(world: &World) -> Vec<Answer> {
    let tenant = world.tenant();
    let of_tenant = |path: String| Request::get(path).key(&tenant.key);
    let of_admin = |path: String| Request::get(path).bearer(ADMIN_TOKEN);
    let asked = [
        of_tenant(format!("/api/v1/notifications/{}/user-0", tenant.id)),
        of_tenant("/api/v1/events/order-0".to_owned()),
        of_admin(format!("/admin/v1/tenants/{}/events/order-0", tenant.id)),
        of_admin("/admin/v1/tenants".to_owned()),
        of_admin(format!("/admin/v1/sandbox/messages?tenantId={}&channel=SMS", tenant.id)),
    ];
    let mut answers = Vec::new();
    for request in asked {
        answers.push(world.call(request).await);
    }
    answers
}

/// Has every session of the engine in use at least once, so that many are idle afterwards.
async fn use_all(world: &World) {
    drop(join_all((0..AT_ONCE).map(|_| reads(world))).await);
}

// The proxy works while the world ends, which blocks a thread.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_after_an_outage_works_on_every_pool() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(TestCluster::shared().socket()).await;
    let world = World::through(proxy.port(), database).await;
    world.expect_errors();
    drop(world.trigger(world.tenant(), &order(0)).await.expect(200));
    drop(world.drain().await);
    for (number, outage) in (1..).zip(["closed", "terminated", "terminated one by one", "lost"]) {
        use_all(&world).await;
        let ended = "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
                      where datname = current_database() and application_name like 'orqestra%'";
        match outage {
            "closed" => proxy.cut(),
            "lost" => proxy.lose(),
            _ => drop(world.pool().execute(ended).await.unwrap()),
        }
        let asked = Instant::now();
        for answer in reads(&world).await {
            drop(answer.expect(200));
        }
        drop(world.trigger(world.tenant(), &order(number)).await.expect(200));
        for answer in reads(&world).await {
            drop(answer.expect(200));
        }
        println!("{outage}: {:?}", asked.elapsed());
        // The readers' and the sandbox's sessions too.
        drop(world.drain().await);
    }
    // A transaction that the lost network has met does not keep the engine from ending in order.
    world.restart().await;
}

#[tokio::test]
async fn each_process_that_appends_says_while_nothing_can_be_stored_that_it_is_not_ready() {
    let world = World::start().await;
    world.expect_errors();
    let (dispatch, project) = (world.beside("dispatch").await, world.beside("project").await);
    let http = Http::default();
    let ready = async |address| {
        let answer = http.send(address, Request::get("/readyz")).await.unwrap();
        (answer.status.as_u16(), answer.json())
    };
    let appending = [world.engine().address(), dispatch.address()];
    let database: String =
        sqlx::query_scalar("select current_database()").fetch_one(world.pool()).await.unwrap();
    let ended = "select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and application_name like 'orqestra%'";
    let reads =
        format!("begin; alter database {database} set default_transaction_read_only = on; commit; {ended}");
    let writes =
        format!("begin read write; alter database {database} reset default_transaction_read_only; commit");
    let kinds = [
        (reads.as_str(), writes.as_str(), "only reads"),
        (
            "alter function append_commands rename to append_commands_gone",
            "alter function append_commands_gone rename to append_commands",
            "is missing",
        ),
    ];
    for (number, (begins, ends, told)) in kinds.into_iter().enumerate() {
        sqlx::raw_sql(begins).execute(world.pool()).await.unwrap();
        for address in appending {
            let said = wait::until("a process that is not ready", WITHIN, async || {
                let (status, said) = ready(address).await;
                (status == 503 && said["degraded"][0]["reason"].as_str()?.contains(told)).then_some(said)
            })
            .await;
            assert_eq!(
                (&said["status"], &said["degraded"][0]["part"]),
                (&json!("unavailable"), &json!("log"))
            );
        }
        assert_eq!(ready(project.address()).await.0, 200, "what appends nothing has nothing to fail in");
        let body = order(number).to_string();
        let answer = world.try_trigger(world.tenant(), &body, &[]).await.unwrap();
        assert_eq!(answer.status.as_u16(), 500, "{told}");
        let metrics = world.call(Request::get("/metrics")).await.expect(200);
        assert!(metrics.text().contains("orqestra_append_works 0"), "{told}");
        let doctor = world.launch().run(&["doctor", "--json"]);
        let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let line = doctor.lines().find(|line| line.contains(r#""part":"appends""#)).unwrap();
        assert!(line.contains(told) && line.contains(r#""ok":false"#), "{line}");
        sqlx::raw_sql(ends).execute(world.pool()).await.unwrap();
        // No request is sent: a load balancer sends none to a process that is not ready.
        for address in appending {
            wait::until("a process that is ready again", WITHIN, async || {
                (ready(address).await.0 == 200).then_some(())
            })
            .await;
        }
        drop(world.trigger(world.tenant(), &order(number)).await.expect(200));
    }
    for process in [dispatch, project] {
        process.signal(Signal::TERM);
        let status = process.end(ENDS_WITHIN).await;
        assert!(status.success(), "{status}: {}", process.log_tail());
    }
    drop(world.drain().await);
}
