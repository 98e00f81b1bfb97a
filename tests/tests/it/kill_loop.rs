//! `kill -9` in a loop under load, at moments that a seed chooses; then the reckoning.
//!
//! `ORQESTRA_SOAK=1` makes it long, `ORQESTRA_SEED=n` repeats the choices of a run.

use std::time::{Duration, Instant};

use orqestra_tests::audit::audit;
use orqestra_tests::load::{Load, templates};
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

use crate::inside;

const CLIENTS: usize = 6;
const TENANTS: usize = 6;
/// The sandbox shows 1,000 messages a tenant.
const MOST_EVENTS: usize = TENANTS * 990;
const NOTHING_FOR: Duration = Duration::from_secs(20);

/// What the next kill waits for.
#[derive(Clone, Copy, Debug)]
enum After {
    /// So many more 200s.
    Answers(usize),
    /// So many more emails.
    Emails(usize),
}

#[tokio::test]
async fn whenever_it_is_killed_nothing_accepted_is_lost_or_repeated_without_a_mark() {
    let soak = std::env::var_os("ORQESTRA_SOAK").is_some();
    let lasts = if soak { Duration::from_mins(15) } else { Duration::from_secs(45) };
    let seed = std::env::var("ORQESTRA_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("ORQESTRA_SEED={seed}");
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);

    let short = [("ORQESTRA_CLAIM_SECONDS", "2"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "5")];
    let (world, smtp) = (World::with(&short).await, Smtp::start());
    let mut tenants = vec![world.tenant().clone()];
    for number in 1..TENANTS {
        tenants.push(world.new_tenant(json!({"name": format!("Tenant {number}")})).await);
    }
    for tenant in &tenants {
        world.providers(tenant, "EMAIL", &json!([smtp.provider()])).await;
        world.retry_soon(tenant).await;
        templates(&world, tenant).await;
    }

    let load = Load::default();
    let pace = Duration::from_millis(if soak { 1_500 } else { 150 });
    let clients = load.run(&world, &tenants, CLIENTS, pace, MOST_EVENTS);
    let killer = async {
        let (began, mut kills) = (Instant::now(), 0);
        while began.elapsed() < lasts {
            let more = random.random_range(0..150);
            let after = if random.random_bool(0.5) { After::Answers(more) } else { After::Emails(more) };
            let (answered, mailed, since) = (load.answered(), smtp.count(), Instant::now());
            wait::until_now("the moment to kill", NOTHING_FOR * 2, || {
                let reached = match after {
                    After::Answers(more) => load.answered() >= answered + more,
                    After::Emails(more) => smtp.count() >= mailed + more,
                };
                (reached || since.elapsed() > NOTHING_FOR).then_some(())
            })
            .await;
            world.kill9().await;
            kills += 1;
            world.begin().await;
        }
        load.stop();
        kills
    };
    let (kills, ()) = tokio::join!(killer, clients);
    let ends = audit(&world, &tenants, &smtp).await;
    inside::agrees(&world).await;
    println!("{kills} kills, {} events: {ends:#?}", load.answered());
    assert!(kills >= 3 && load.answered() > 0, "{kills} kills, {} events", load.answered());
}
