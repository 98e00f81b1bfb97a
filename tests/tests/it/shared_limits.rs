//! Several API processes hold a tenant to one limit through Redis, also where Redis forgets, freezes, refuses or is away.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use orqestra_tests::engine::Engine;
use orqestra_tests::http::{Answer, Http, Request};
use orqestra_tests::proxy::Proxy;
use orqestra_tests::redis::TestRedis;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, interval};

const TRIGGER: &str = "/api/v1/events/trigger";
const COMES_WITHIN: Duration = Duration::from_secs(20);

/// A world of several API processes on one Redis.
struct Shared {
    world: World,
    redis: TestRedis,
    others: Vec<Engine>,
    http: Http,
}

impl Shared {
    async fn start(processes: usize) -> Self {
        let redis = TestRedis::start().await.expect("a Redis");
        let url = redis.url();
        Self::start_at(processes, redis, &url).await
    }

    async fn start_at(processes: usize, redis: TestRedis, url: &str) -> Self {
        let world = World::with(&[("ORQESTRA_REDIS_URL", url)]).await;
        let mut others = Vec::new();
        for _ in 1..processes {
            others.push(world.beside("api").await);
        }
        let shared = Self { world, redis, others, http: Http::default() };
        shared.counts_together().await;
        shared
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        [self.world.engine().address()].into_iter().chain(self.others.iter().map(Engine::address)).collect()
    }

    /// What each process says of its limits; `None` where they are shared.
    async fn apart(&self) -> Vec<Option<String>> {
        join_all(self.addresses().into_iter().map(async |address| {
            let ready = self.http.send(address, Request::get("/readyz")).await.expect("an answer").json();
            let degraded = ready["degraded"].as_array().cloned().unwrap_or_default();
            let limits = degraded.iter().find(|one| one["part"] == "limits");
            limits.map(|one| one["reason"].as_str().unwrap_or_default().to_owned())
        }))
        .await
    }

    async fn counts_together(&self) {
        wait::until("shared limits", COMES_WITHIN, async || {
            self.apart().await.iter().all(Option::is_none).then_some(())
        })
        .await;
    }

    async fn counts_apart(&self, why: &str) {
        wait::until("limits of their own", COMES_WITHIN, async || {
            let all = self.apart().await;
            all.iter().all(|one| one.as_ref().is_some_and(|reason| reason.contains(why))).then_some(())
        })
        .await;
    }

    async fn trigger_at(&self, at: SocketAddr, tenant: &Tenant, id: &str) -> Answer {
        let event = json!({"eventType": "nothing.to.send", "eventId": id, "payload": {"userId": "u"}});
        let request = Request::post(TRIGGER).key(&tenant.key).json(&event);
        self.http.send(at, request).await.expect("an answer")
    }

    /// Sends so many new triggers to each process at once, and returns how many each let through. The rest was refused.
    async fn rush(&self, tenant: &Tenant, run: &str, each: usize) -> Vec<usize> {
        let all = self.addresses().into_iter().enumerate().map(async |(process, at)| {
            let ids = (0..each).map(|number| format!("{run}-{process}-{number}"));
            let answers = join_all(ids.map(async |id| self.trigger_at(at, tenant, &id).await.status)).await;
            assert!(answers.iter().all(|status| [200, 429].contains(&status.as_u16())), "{answers:?}");
            answers.into_iter().filter(|status| *status == 200).count()
        });
        join_all(all).await
    }

    async fn metric(&self, at: SocketAddr, name: &str) -> f64 {
        let shown = self.http.send(at, Request::get("/metrics")).await.expect("an answer").text();
        let of = |line: &str| line.strip_prefix(name).map(str::trim).and_then(|value| value.parse().ok());
        shown.lines().find_map(of).unwrap_or_default()
    }

    async fn end(self) {
        for other in self.others {
            other.signal(Signal::TERM);
            assert!(other.end(ENDS_WITHIN).await.success());
        }
    }
}

fn sum(passed: &[usize]) -> usize {
    passed.iter().sum()
}

#[tokio::test]
async fn one_limit_hit_at_three_processes_at_once_lets_not_one_too_many_through() {
    let shared = Shared::start(3).await;
    let a_minute = shared.world.new_tenant(json!({"ratePerMinute": 50})).await;
    assert_eq!(sum(&shared.rush(&a_minute, "minute", 60).await), 50);
    let a_day = shared.world.new_tenant(json!({"ratePerMinute": 1000, "dailyCap": 40})).await;
    assert_eq!(sum(&shared.rush(&a_day, "day", 60).await), 40);
    assert_eq!(sum(&shared.rush(&a_day, "later", 5).await), 0);
    let shown =
        shared.http.send(shared.addresses()[1], Request::get("/metrics")).await.expect("an answer").text();
    for series in [
        "orqestra_limits_shared 1",
        "orqestra_limits_counted_anew_total ",
        "orqestra_shared_answers_total ",
        "orqestra_redis_failures_total{reason=\"slow\"} ",
    ] {
        assert!(shown.lines().any(|line| line.starts_with(series)), "{series}");
    }
    shared.end().await;
}

#[tokio::test]
async fn a_repeat_at_another_process_is_one_event_before_and_after_a_flush_and_costs_no_quota() {
    let shared = Shared::start(2).await;
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 2})).await;
    let addresses = shared.addresses();
    drop(shared.trigger_at(addresses[0], &tenant, "once").await.expect(200));
    drop(shared.trigger_at(addresses[0], &tenant, "twice").await.expect(200));
    let told = "orqestra_shared_answers_total";
    // The answer is told after it was given.
    wait::until("an answer of the other process", COMES_WITHIN, async || {
        let repeat = shared.trigger_at(addresses[1], &tenant, "once").await.expect(200);
        assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
        (shared.metric(addresses[1], told).await > 0.0).then_some(())
    })
    .await;
    let other = json!({"eventType": "nothing.to.send", "eventId": "twice", "payload": {"userId": "another"}});
    let request = Request::post(TRIGGER).key(&tenant.key).json(&other);
    let mismatch = shared.http.send(addresses[1], request).await.expect("an answer");
    assert_eq!(mismatch.error().0, 422);

    drop(shared.redis.run(&["FLUSHALL"]).await.expect("a flush"));
    for at in addresses {
        for id in ["once", "twice"] {
            let repeat = shared.trigger_at(at, &tenant, id).await.expect(200);
            assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
        }
        assert_eq!(shared.trigger_at(at, &tenant, "one-too-many").await.status, 429);
    }
    let events: i64 = sqlx::query_scalar(
        "select count(*) from events where tenant_id = $1 and aggregate_type = 'Notification'",
    )
    .bind(tenant.id)
    .fetch_one(shared.world.pool())
    .await
    .unwrap();
    assert_eq!(events, 2);
    shared.end().await;
}

#[tokio::test]
async fn what_was_let_through_counts_after_a_flush_and_after_a_start_with_nothing() {
    let shared = Shared::start(3).await;
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 1000, "dailyCap": 90})).await;
    assert_eq!(sum(&shared.rush(&tenant, "before-the-flush", 10).await), 30);
    drop(shared.redis.run(&["FLUSHALL"]).await.expect("a flush"));
    assert_eq!(sum(&shared.rush(&tenant, "before-the-start", 10).await), 30);
    shared.world.expect_errors();
    shared.redis.kill().expect("a Redis");
    shared.counts_apart("Redis").await;
    shared.redis.restart().await.expect("a Redis");
    shared.counts_together().await;
    assert_eq!(sum(&shared.rush(&tenant, "after", 40).await), 30);
    shared.end().await;
}

#[tokio::test]
async fn while_redis_is_away_each_process_lets_its_part_through_and_all_of_it_counts_when_it_is_back() {
    let shared = Shared::start(3).await;
    shared.world.expect_errors();
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 1000, "dailyCap": 33})).await;
    assert_eq!(sum(&shared.rush(&tenant, "shared", 1).await), 3);
    shared.redis.kill().expect("a Redis");
    shared.counts_apart("each of 3 processes lets through its part").await;
    // A process that comes later counts in what the others have let through by then.
    let apart = shared.rush(&tenant, "apart", 20).await;
    assert!(apart.iter().all(|part| (4..=10).contains(part)) && sum(&apart) >= 20, "{apart:?}");
    shared.redis.restart().await.expect("a Redis");
    shared.counts_together().await;
    assert_eq!(sum(&shared.rush(&tenant, "back", 20).await), 30 - sum(&apart));
    shared.end().await;
}

#[tokio::test]
async fn a_redis_that_is_frozen_read_only_or_may_drop_counters_is_done_without_until_it_is_fit_again() {
    let shared = Shared::start(2).await;
    shared.world.expect_errors();
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 100_000})).await;
    let at = shared.addresses()[1];
    let answers_soon = async |id: &str| {
        let begun = Instant::now();
        drop(shared.trigger_at(at, &tenant, id).await.expect(200));
        assert!(begun.elapsed() < Duration::from_secs(2), "{id}: {:?}", begun.elapsed());
    };
    shared.redis.freeze().expect("a Redis");
    answers_soon("frozen").await;
    shared.counts_apart("does not answer").await;
    answers_soon("apart").await;
    shared.redis.thaw().expect("a Redis");
    shared.counts_together().await;

    for (unfit, fit, why) in [
        (&["REPLICAOF", "127.0.0.1", "1"][..], &["REPLICAOF", "NO", "ONE"][..], "is a replica"),
        (
            &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
            &["CONFIG", "SET", "maxmemory-policy", "noeviction"],
            "set noeviction",
        ),
    ] {
        drop(shared.redis.run(unfit).await.expect("an answer"));
        answers_soon(why).await;
        shared.counts_apart(why).await;
        drop(shared.redis.run(fit).await.expect("an answer"));
        shared.counts_together().await;
    }
    answers_soon("fit").await;
    let restarted = shared.metric(at, "orqestra_limits_counted_anew_total").await;
    assert!(restarted >= 1.0, "{restarted}");
    shared.end().await;
}

#[tokio::test]
async fn a_network_that_cuts_loses_or_slows_its_connections_costs_no_trigger_and_lets_none_too_many_through()
{
    let redis = TestRedis::start().await.expect("a Redis");
    let proxy = Proxy::before_port(redis.port()).await;
    let shared = Shared::start_at(2, redis, &format!("redis://127.0.0.1:{}", proxy.port())).await;
    shared.world.expect_errors();
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 1000, "dailyCap": 60})).await;
    for fault in ["cut", "lost", "slow", "cut-and-fast"] {
        match fault {
            "cut" => proxy.cut(),
            "lost" => proxy.lose(),
            // INFO alone takes longer than Redis is waited for.
            "slow" => proxy.slow_down(2_000),
            _ => {
                proxy.cut();
                proxy.slow_down(0);
            }
        }
        let passed = sum(&shared.rush(&tenant, fault, 3).await);
        assert_eq!(passed, 6, "{fault}");
        if fault == "slow" {
            shared.counts_apart("does not answer").await;
        } else {
            shared.counts_together().await;
        }
    }
    assert_eq!(sum(&shared.rush(&tenant, "back", 30).await), 60 - 4 * 6);
    shared.end().await;
}

/// Seconds of the log's record of each acceptance, by tenant.
async fn accepted(world: &World, tenant: &Tenant) -> Vec<f64> {
    sqlx::query_scalar(
        "select extract(epoch from recorded_at)::float8 from events
          where tenant_id = $1 and event_type = 'NotificationAccepted' order by recorded_at",
    )
    .bind(tenant.id)
    .fetch_all(world.pool())
    .await
    .unwrap()
}

async fn database_time(world: &World) -> f64 {
    let now = sqlx::query_scalar("select extract(epoch from clock_timestamp())::float8");
    now.fetch_one(world.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_comes_back_without_its_last_second_and_the_limit_holds_while_it_answers() {
    const LIMIT: usize = 60;
    const PROCESSES: usize = 3;
    let shared = Shared::start(PROCESSES).await;
    shared.world.expect_errors();
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": LIMIT})).await;
    let (all_send, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let load = async {
        let senders = shared.addresses().into_iter().enumerate().map(async |(process, at)| {
            let (mut pace, mut number, mut statuses) =
                (interval(Duration::from_millis(100)), 0, BTreeMap::new());
            while !stop.load(Ordering::Relaxed) {
                pace.tick().await;
                if process > 0 && !all_send.load(Ordering::Relaxed) {
                    continue;
                }
                number += 1;
                let id = format!("load-{process}-{number}");
                *statuses.entry(shared.trigger_at(at, &tenant, &id).await.status).or_insert(0) += 1;
            }
            statuses
        });
        join_all(senders).await
    };
    let breaks = async {
        // Two thirds of the limit are in the copy on the disk, and one process has taken them.
        wait_for(&shared.world, &tenant, LIMIT * 2 / 3).await;
        drop(shared.redis.run(&["SAVE"]).await.expect("a copy on the disk"));
        all_send.store(true, Ordering::Relaxed);
        wait_for(&shared.world, &tenant, LIMIT).await;
        let lost = database_time(&shared.world).await;
        shared.redis.kill().expect("a Redis");
        passes(&shared.world, lost + 20.0).await;
        shared.redis.restart().await.expect("a Redis");
        shared.counts_together().await;
        let again = database_time(&shared.world).await;
        passes(&shared.world, again + 70.0).await;
        stop.store(true, Ordering::Relaxed);
        (lost, again)
    };
    let (statuses, (lost, again)) = tokio::join!(load, breaks);
    assert!(
        statuses.iter().all(|of| of.keys().all(|status| [200, 429].contains(&status.as_u16()))),
        "{statuses:?}"
    );
    let all = accepted(&shared.world, &tenant).await;
    let (mut most_shared, mut most_apart) = (0, 0);
    for (at, moment) in all.iter().enumerate() {
        let within = all[..=at].iter().filter(|earlier| moment - **earlier < 60.0).count();
        if (lost..again).contains(moment) {
            most_apart = most_apart.max(within);
        } else {
            most_shared = most_shared.max(within);
        }
    }
    println!("most in 60 s: {most_shared} while Redis answered, {most_apart} while it was away");
    assert_eq!(most_shared, LIMIT, "the limit is used up, and held");
    let bound = LIMIT + LIMIT * (PROCESSES - 1) / PROCESSES;
    assert!((LIMIT + 1..=bound).contains(&most_apart), "{most_apart} of {bound}");
    shared.end().await;
}

async fn wait_for(world: &World, tenant: &Tenant, count: usize) {
    wait::until("a full window", COMES_WITHIN, async || {
        (accepted(world, tenant).await.len() >= count).then_some(())
    })
    .await;
}

/// Returns once the database's clock shows a time.
async fn passes(world: &World, time: f64) {
    wait::until("the time", Duration::from_mins(2), async || {
        (database_time(world).await >= time).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_killed_is_waited_for_no_longer_than_its_row_counts() {
    let shared = Shared::start(2).await;
    shared.world.expect_errors();
    let tenant = shared.world.new_tenant(json!({"ratePerMinute": 1000, "dailyCap": 20})).await;
    assert_eq!(sum(&shared.rush(&tenant, "both", 5).await), 10);
    let (at, anew) = (shared.addresses()[0], "orqestra_limits_counted_anew_total");
    let before = shared.metric(at, anew).await;
    shared.others[0].signal(Signal::KILL);
    shared.others[0].end(ENDS_WITHIN).await;
    drop(shared.redis.run(&["FLUSHALL"]).await.expect("a flush"));
    wait::until("a count without the dead one", COMES_WITHIN, async || {
        (shared.metric(at, anew).await > before).then_some(())
    })
    .await;
    let answers = join_all(
        (0..20).map(async |number| shared.trigger_at(at, &tenant, &format!("alone-{number}")).await.status),
    );
    assert_eq!(answers.await.into_iter().filter(|status| *status == 200).count(), 10);
}
