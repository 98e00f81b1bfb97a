//! What tenants have used of their limits is told exactly, however far the projection has counted.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_domain::{Channel, TenantId, Timestamp};
use orqestra_projections::usage::TenantUsage;
use orqestra_projections::{Projection, RebuildMode, Usage, rebuild};
use proptest::prelude::*;

use crate::support::{World, tenant};

const DAY: i64 = 86_400 * 1_000_000;
const WINDOW: i64 = 120 * 1_000_000;

fn usage(world: &World) -> Usage {
    Usage::new(world.pool().clone(), world.log.clone())
}

/// What all days that are told have.
fn today(usage: &TenantUsage) -> u64 {
    usage.days.iter().map(|(_, count)| count).sum()
}

/// What the acceptances amount to, counted one by one.
fn expected(accepted: &[(TenantId, Timestamp)], now: Timestamp) -> BTreeMap<TenantId, TenantUsage> {
    let now = now.unix_micros();
    let mut all: BTreeMap<TenantId, TenantUsage> = BTreeMap::new();
    for (tenant, at) in accepted {
        let second = at.unix_micros() - at.unix_micros().rem_euclid(1_000_000);
        let today = second >= now - now.rem_euclid(DAY);
        let lately = second >= now - now.rem_euclid(1_000_000) - WINDOW;
        if !today && !lately {
            continue;
        }
        let one = all.entry(*tenant).or_default();
        if today {
            let midnight = Timestamp::from_unix_micros(second - second.rem_euclid(DAY));
            match one.days.last_mut() {
                Some((last, count)) if *last == midnight => *count += 1,
                _ => one.days.push((midnight, 1)),
            }
        }
        if lately {
            let second = Timestamp::from_unix_micros(second);
            match one.seconds.last_mut() {
                Some((last, count)) if *last == second => *count += 1,
                _ => one.seconds.push((second, 1)),
            }
        }
    }
    all
}

#[tokio::test]
async fn what_is_not_counted_yet_is_counted_from_the_log() {
    let world = World::new().await;
    let mut accepted = Vec::new();
    for (number, after) in [(1, 0), (2, 30), (1, 45), (1, 60)] {
        world.clock.advance(Duration::from_secs(after));
        world.pushed(tenant(number), "ann", "a").await;
        accepted.push((tenant(number), world.now()));
        assert_eq!(usage(&world).up_to_now(world.now()).await.unwrap(), expected(&accepted, world.now()));
        if after == 30 {
            world.project(Projection::Usage).await;
        }
    }
    world.project(Projection::Usage).await;
    let told = usage(&world).up_to_now(world.now()).await.unwrap();
    assert_eq!(told, expected(&accepted, world.now()));
    assert_eq!(today(&told[&tenant(1)]), 3);
    let lately: Vec<_> = told[&tenant(1)].seconds.iter().map(|(_, count)| *count).collect();
    assert_eq!(lately, [1, 1], "the first one was 135 seconds ago");
}

#[tokio::test]
async fn yesterday_is_in_the_window_and_not_in_the_day() {
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(12 * 3_600 - 20));
    world.pushed(tenant(1), "ann", "a").await;
    for project in [false, true] {
        world.clock.advance(Duration::from_secs(15));
        if project {
            world.project(Projection::Usage).await;
        }
        let told = usage(&world).up_to_now(world.now()).await.unwrap();
        assert_eq!((today(&told[&tenant(1)]), told[&tenant(1)].seconds.len()), (u64::from(!project), 1));
    }
    world.clock.advance(Duration::from_secs(130));
    assert!(usage(&world).up_to_now(world.now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_wrong_clock_stamped_for_tomorrow_is_told_as_tomorrows() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "a").await;
    let noon = world.now();
    world.clock.advance(Duration::from_hours(13));
    for _ in 0..2 {
        world.pushed(tenant(1), "ann", "a").await;
    }
    world.clock.set(noon);
    for _ in 0..2 {
        let told = usage(&world).up_to_now(world.now()).await.unwrap();
        let counts: Vec<_> = told[&tenant(1)].days.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1, 2]);
        world.project(Projection::Usage).await;
    }
}

#[tokio::test]
async fn a_rebuild_before_the_projection_has_caught_up_counts_nothing_twice() {
    let world = World::new().await;
    let mut accepted = Vec::new();
    let push = async |world: &World| {
        world.pushed(tenant(1), "ann", "a").await;
        (tenant(1), world.now())
    };
    accepted.push(push(&world).await);
    world.project(Projection::Usage).await;
    accepted.push(push(&world).await);
    sqlx::query("update usage_minutes set accepted = 7").execute(world.pool()).await.unwrap();
    let report = rebuild(&world.log, world.pool(), Projection::Usage, RebuildMode::Swap).await.unwrap();
    assert_eq!(report.differences(), 2);
    accepted.push(push(&world).await);
    for _ in 0..2 {
        assert_eq!(usage(&world).up_to_now(world.now()).await.unwrap(), expected(&accepted, world.now()));
        world.project(Projection::Usage).await;
    }
}

#[tokio::test]
async fn a_whole_day_of_many_tenants_is_told_in_seconds() {
    let world = World::new().await;
    sqlx::query(
        "insert into usage_minutes
         select '2026-11-24T00:00:00Z'::timestamptz + minute * interval '1 minute',
                ('00000000-0000-0000-0000-' || lpad(tenant::text, 12, '0'))::uuid, 60, array_fill(1, array[60]), 1
           from generate_series(0, 719) minute, generate_series(1, 500) tenant",
    )
    .execute(world.pool())
    .await
    .unwrap();
    let asked = std::time::Instant::now();
    let told = usage(&world).up_to_now(world.now()).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert!(told.len() == 500 && told.values().all(|one| today(one) == 43_200 && one.seconds.len() == 120));
}

#[derive(Clone, Debug)]
enum Step {
    Trigger(u128),
    Wait(u64),
    Project(usize),
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..4_u128).prop_map(Step::Trigger),
        3 => prop_oneof![0..2_500_u64, 30_000..130_000_u64, Just(20_000_000)].prop_map(Step::Wait),
        2 => (1..7_usize).prop_map(Step::Project),
        1 => Just(Step::Rebuild),
    ]
}

async fn holds(steps: Vec<Step>) {
    let world = World::new().await;
    let mut accepted = Vec::new();
    for step in steps {
        match step {
            Step::Trigger(number) => {
                world.trigger(tenant(number), "ann", &[Channel::Push]).await;
                accepted.push((tenant(number), world.now()));
            }
            Step::Wait(millis) => world.clock.advance(Duration::from_millis(millis)),
            Step::Project(batch) => world.project_by(Projection::Usage, batch).await,
            Step::Rebuild => {
                let report = rebuild(&world.log, world.pool(), Projection::Usage, RebuildMode::Swap).await;
                assert_eq!(report.unwrap().differences(), 0);
            }
        }
        assert_eq!(usage(&world).up_to_now(world.now()).await.unwrap(), expected(&accepted, world.now()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_usage_is_what_the_log_says_at_any_moment(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(holds(steps));
    }
}
