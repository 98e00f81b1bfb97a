//! Two processes of each role, killed by `kill -9` over and over under load, at moments that a seed chooses; then the reckoning.
//!
//! `ORQESTRA_SOAK=1` makes it long, `ORQESTRA_SEED=n` repeats the choices of a run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::audit::audit_with_resend;
use orqestra_tests::engine::Engine;
use orqestra_tests::kafka::TestKafka;
use orqestra_tests::load::{Load, templates};
use orqestra_tests::smtp::Smtp;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rustix::process::Signal;
use serde_json::json;

use crate::inside;
use crate::roles::end;

const CLIENTS: usize = 6;
/// Besides the first process of the API, which is the world's own.
const OTHERS: [&str; 7] = ["api", "relay", "relay", "project", "project", "dispatch", "dispatch"];
/// The sandbox shows 1,000 messages a tenant.
const MOST_EVENTS: usize = 2 * 990;
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

/// A world whose own engine is the first process of the API.
async fn world(kafka: &TestKafka) -> World {
    let brokers = kafka.brokers();
    let settings = [
        ("ORQESTRA_KAFKA_BROKERS", brokers.as_str()),
        ("ORQESTRA_CLAIM_SECONDS", "2"),
        ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "5"),
    ];
    let world = World::with(&settings).await;
    world.sigterm().await;
    world.begin_as("api").await;
    world
}

/// All processes but the world's own engine, and the load that goes on while they are killed.
struct Processes<'a> {
    world: &'a World,
    load: &'a Load,
    others: Vec<Engine>,
}

impl<'a> Processes<'a> {
    async fn start(world: &'a World, load: &'a Load) -> Self {
        let mut others = Vec::new();
        for role in OTHERS {
            others.push(world.beside(role).await);
        }
        world.trigger_also_at(Some(others[0].address()));
        Self { world, load, others }
    }

    /// Kills one process, and starts another in its place after some more answers. Returns its role.
    async fn kill(&mut self, process: usize, answers: usize) -> &'static str {
        let Some(other) = process.checked_sub(1) else {
            self.world.kill9().await;
            self.more_answers(answers).await;
            self.world.begin_as("api").await;
            return "api";
        };
        let (role, killed) = (OTHERS[other], &self.others[other]);
        killed.signal(Signal::KILL);
        assert!(!killed.end(ENDS_WITHIN).await.success());
        self.more_answers(answers).await;
        self.others[other] = self.world.beside(role).await;
        if role == "api" {
            self.world.trigger_also_at(Some(self.others[other].address()));
        }
        role
    }

    async fn more_answers(&self, count: usize) {
        let wanted = self.load.answered() + count;
        let answered = || (self.load.answered() >= wanted).then_some(());
        wait::until_now("more answers", ANSWERS_WITHIN, answered).await;
    }
}

/// A tenant whose email goes to a server that takes a message as often as it comes, and one whose provider deduplicates.
async fn tenants(world: &World, smtp: &Smtp, resend: &Apis) -> [Tenant; 2] {
    let repeats = world.tenant().clone();
    let deduplicates = world.new_tenant(json!({"name": "Deduplicates"})).await;
    world.providers(&repeats, "EMAIL", &json!([smtp.provider()])).await;
    let entry = json!({"kind": "resend", "apiKey": "re_1", "from": "shop@example.org",
                       "baseUrl": resend.base_url(), "allowLoopback": true});
    world.providers(&deduplicates, "EMAIL", &json!([entry])).await;
    for tenant in [&repeats, &deduplicates] {
        world.providers(tenant, "SMS", &json!([{"kind": "sandbox"}])).await;
        world.retry_soon(tenant).await;
        templates(world, tenant).await;
    }
    [repeats, deduplicates]
}

#[tokio::test]
async fn processes_of_every_role_that_are_killed_over_and_over_lose_nothing_and_repeat_nothing_unmarked() {
    let soak = std::env::var_os("ORQESTRA_SOAK").is_some();
    let lasts = if soak { Duration::from_mins(15) } else { Duration::from_mins(1) };
    let pace = Duration::from_millis(if soak { 3_000 } else { 300 });
    let seed = std::env::var("ORQESTRA_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("ORQESTRA_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);

    let kafka = TestKafka::start().await.unwrap();
    let (smtp, resend) = (Smtp::start(), Apis::start(|_, _| Says::Taken).await);
    let (world, load) = (world(&kafka).await, Load::default());
    let tenants = tenants(&world, &smtp, &resend).await;
    let mut processes = Processes::start(&world, &load).await;
    let clients = load.run(&world, &tenants, CLIENTS, pace, MOST_EVENTS);
    let killer = async {
        let (began, mut kills) = (Instant::now(), BTreeMap::<&str, usize>::new());
        // Each once, then any.
        let mut each = 0..=OTHERS.len();
        while began.elapsed() < lasts || !each.is_empty() {
            let process = each.next().unwrap_or_else(|| random.random_range(0..=OTHERS.len()));
            processes.more_answers(random.random_range(0..30)).await;
            let role = processes.kill(process, random.random_range(0..30)).await;
            *kills.entry(role).or_default() += 1;
        }
        load.stop();
        kills
    };
    let (kills, ()) = tokio::join!(killer, clients);
    let ends = audit_with_resend(&world, &tenants, &smtp, &resend).await;
    inside::agrees(&world).await;
    println!("kills: {kills:?}, {} events: {ends:#?}", load.answered());
    assert!(resend.taken().values().all(|times| *times == 1), "a provider that deduplicates sent twice");
    assert!(kills.values().all(|kills| *kills >= 2) && kills.len() == 4, "{kills:?}");
    for other in &processes.others {
        end(other).await;
    }
}
