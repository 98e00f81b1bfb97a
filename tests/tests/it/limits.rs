//! What a tenant has used of its limits outlives the process that counted it, however that process ends.

use std::time::Duration;

use futures::future::join_all;
use orqestra_tests::http::Answer;
use orqestra_tests::load::order;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

const COUNTED_WITHIN: Duration = Duration::from_secs(30);

/// An event of no template: accepted, counted, and at its end at once.
fn event(id: &str) -> Value {
    json!({"eventType": "nothing.to.send", "eventId": id, "payload": {"userId": "u"}})
}

async fn trigger(world: &World, tenant: &Tenant, id: &str) -> Answer {
    world.trigger(tenant, &event(id)).await
}

async fn accepted(world: &World, tenant: &Tenant, ids: &[&str]) {
    for id in ids {
        drop(trigger(world, tenant, id).await.expect(200));
    }
}

/// That the tenant is at its limit, with this code and for at most so many seconds; and that a repeat still passes.
async fn at_the_limit(world: &World, tenant: &Tenant, code: &str, (least, most): (u64, u64), known: &str) {
    let answer = trigger(world, tenant, "one-too-many").await;
    let (status, body) = answer.error();
    assert_eq!((status, &body["code"]), (429, &json!(code)), "{body}");
    let retry_after = body["retryAfter"].as_u64().unwrap();
    assert!((least..=most).contains(&retry_after), "{retry_after}");
    assert_eq!(answer.header("retry-after"), Some(retry_after.to_string().as_str()));
    let repeat = trigger(world, tenant, known).await.expect(200);
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
}

async fn counted_in_the_read_model(world: &World, tenant: &Tenant, count: i64) {
    wait::until("the usage", COUNTED_WITHIN, async || {
        let counted: Option<i64> =
            sqlx::query_scalar("select sum(accepted)::bigint from usage_minutes where tenant_id = $1")
                .bind(tenant.id)
                .fetch_one(world.pool())
                .await
                .unwrap();
        (counted == Some(count)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_limit_of_a_minute_goes_on_where_it_stood_after_sigterm_and_after_kill_9() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 4})).await;
    accepted(&world, &tenant, &["a", "b"]).await;
    world.sigterm().await;
    world.begin().await;
    accepted(&world, &tenant, &["c", "a", "d"]).await;
    at_the_limit(&world, &tenant, "rate_limit_exceeded", (1, 61), "c").await;
    world.kill9().await;
    world.begin().await;
    at_the_limit(&world, &tenant, "rate_limit_exceeded", (1, 61), "d").await;
    drop(trigger(&world, world.tenant(), "of-another").await.expect(200));
}

#[tokio::test]
async fn what_left_the_window_before_a_restart_stays_out_of_it() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": 2})).await;
    accepted(&world, &tenant, &["a", "b"]).await;
    world.kill9().await;
    // As if it had been a while ago: the log's own time cannot be changed, so the read model's is.
    counted_or_moved(&world, &tenant).await;
    world.begin().await;
    accepted(&world, &tenant, &["c", "d"]).await;
    at_the_limit(&world, &tenant, "rate_limit_exceeded", (1, 61), "a").await;
}

/// Lets the stopped engine's acceptances be of ten minutes ago.
async fn counted_or_moved(world: &World, tenant: &Tenant) {
    let project = world.beside("project").await;
    counted_in_the_read_model(world, tenant, 2).await;
    project.signal(rustix::process::Signal::TERM);
    assert!(project.end(orqestra_tests::world::ENDS_WITHIN).await.success());
    let moved =
        sqlx::query("update usage_minutes set minute = minute - interval '10 minutes' where tenant_id = $1")
            .bind(tenant.id)
            .execute(world.pool())
            .await
            .unwrap();
    assert!(moved.rows_affected() > 0);
}

#[tokio::test]
async fn a_daily_cap_goes_on_after_kill_9_whether_or_not_a_process_projects() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"dailyCap": 3, "ratePerMinute": 1000})).await;
    accepted(&world, &tenant, &["a"]).await;
    counted_in_the_read_model(&world, &tenant, 1).await;
    world.kill9().await;

    // One is in the read model, the next ones in the log alone.
    world.begin_as("api").await;
    accepted(&world, &tenant, &["b"]).await;
    world.kill9().await;
    world.begin_as("api").await;
    accepted(&world, &tenant, &["c", "b"]).await;
    at_the_limit(&world, &tenant, "daily_cap_exceeded", (1, 86_400), "c").await;
    world.kill9().await;

    world.begin().await;
    at_the_limit(&world, &tenant, "daily_cap_exceeded", (1, 86_400), "a").await;
    counted_in_the_read_model(&world, &tenant, 3).await;
}

#[tokio::test]
async fn of_many_at_once_exactly_the_limit_passes_also_over_kill_9_in_the_middle() {
    const LIMIT: usize = 150;
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"ratePerMinute": LIMIT, "dailyCap": 1_000_000})).await;
    let burst = async |from: usize| {
        let calls = (from..from + 200).map(|number| {
            let (world, tenant) = (&world, &tenant);
            // Each one is sent twice at once: a repeat costs nothing.
            async move {
                let body = event(&format!("evt-{number}")).to_string();
                let twice = join_all((0..2).map(|_| world.try_trigger(tenant, &body, &[]))).await;
                twice.into_iter().flatten().map(|answer| answer.status.as_u16()).collect::<Vec<_>>()
            }
        });
        join_all(calls).await
    };
    let (first, ()) = tokio::join!(burst(0), async {
        wait::until("some that were accepted", COUNTED_WITHIN, async || {
            (world.accepted().len() >= 20).then_some(())
        })
        .await;
        world.kill9().await;
    });
    drop(first);
    world.begin().await;
    let second = burst(1_000).await;
    assert!(second.iter().flatten().all(|status| [200, 429].contains(status)), "{second:?}");
    assert!(second.iter().all(|twice| twice[0] == twice[1]), "a repeat is answered as the first: {second:?}");
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from events where tenant_id = $1 and event_type = 'NotificationAccepted'",
    )
    .bind(tenant.id)
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(usize::try_from(stored).unwrap(), LIMIT, "all of the limit and not one more");
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
}
