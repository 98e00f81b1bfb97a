//! Providers that fail by a seeded script: every delivery comes to one end, and the log, the projections and the providers agree.
//!
//! `ORQESTRA_SOAK=1` makes it 20,000 notifications, `ORQESTRA_SEED=n` repeats the choices of a run.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::load::{Load, templates};
use orqestra_tests::state::ChannelState;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::World;
use rand::Rng as _;
use serde_json::{Value, json};

use crate::inside;

const TENANTS: usize = 3;
/// More than what the engine may hold of deliveries: their rows and their calls are bounded.
const MOST_GROWTH_KB: u64 = 200 * 1024;

/// The answer to a message's call of that number: of forty messages one is refused, ten others meet a fault, and the
/// rest none. One of 160 is throttled, since each of those stops its carrier for a second, twice.
pub(crate) fn script(seed: u64) -> impl Fn(&str, usize) -> Says + Send + 'static {
    move |message, call| {
        let mut hasher = DefaultHasher::new();
        (seed, message).hash(&mut hasher);
        let (fate, rare) = (hasher.finish() % 40, (hasher.finish() / 40).is_multiple_of(4));
        match (fate, call) {
            (0, _) => Says::Refused,
            (1..=3, 0) => Says::TakenAndCut,
            (4..=5, 0) => Says::Cut,
            (6, 0..=1) if rare => Says::Throttled,
            (7..=9, 0..=1) => Says::Unavailable,
            (10, 0) => Says::Hung,
            (11, 0) => Says::TakenAndHung,
            _ => Says::Taken,
        }
    }
}

pub(crate) fn resend(apis: &Apis) -> Value {
    json!({"kind": "resend", "apiKey": "re_1", "from": "shop@example.org", "baseUrl": apis.base_url(), "allowLoopback": true})
}

fn sendgrid(apis: &Apis) -> Value {
    json!({"kind": "sendgrid", "apiKey": "SG.1", "from": "shop@example.org", "baseUrl": apis.base_url(), "allowLoopback": true})
}

pub(crate) fn twilio(apis: &Apis) -> Value {
    json!({"kind": "twilio", "accountSid": format!("AC{}", "0".repeat(32)), "authToken": "t", "from": "+15005550006",
        "baseUrl": apis.base_url(), "allowLoopback": true})
}

fn africastalking(apis: &Apis) -> Value {
    json!({"kind": "africastalking", "username": "shop", "apiKey": "k", "baseUrl": apis.base_url(), "allowLoopback": true})
}

/// The engine's memory in kilobytes.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.engine().pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How many deliveries of each channel came to which end, by the read model.
async fn ends_of_the_read_model(world: &World) -> BTreeMap<(String, String), i64> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select channel, status, count(*) from deliveries where channel <> 'PUSH' group by channel, status",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    rows.into_iter().map(|(channel, status, count)| ((channel, status), count)).collect()
}

/// Tells what is wrong with a delivery, by the messages that its provider took.
fn complaint(channel: &ChannelState, taken: usize, deduplicated: bool) -> Option<String> {
    let most = match channel.status.as_str() {
        // Once, or twice where it is marked.
        "SENT" if channel.possible_duplicate && !deduplicated => 2,
        "SENT" | "UNKNOWN" => 1,
        _ if channel.was_unknown() => 1,
        _ => 0,
    };
    let least = usize::from(channel.status == "SENT");
    let known = ["SENT", "FAILED", "UNKNOWN"].contains(&channel.status.as_str());
    (!known || taken < least || taken > most).then(|| {
        format!("{} {}: taken {taken} times; {:?}", channel.channel, channel.status, channel.attempts())
    })
}

#[tokio::test]
async fn whatever_providers_do_each_delivery_comes_to_one_end_that_they_agree_with() {
    let soak = std::env::var_os("ORQESTRA_SOAK").is_some();
    let notifications = if soak { 20_000 } else { 1_200 };
    let seed = std::env::var("ORQESTRA_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("ORQESTRA_SEED={seed}");

    let settings = [
        ("ORQESTRA_RETRY_DELAYS", "1s,1s,2s"),
        ("ORQESTRA_CLAIM_SECONDS", "10"),
        ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "5"),
    ];
    let world = World::with(&settings).await;
    let (apis, others) = (Apis::start(script(seed)).await, Apis::start(script(!seed)).await);
    let mut tenants: Vec<Tenant> = vec![world.tenant().clone()];
    for number in 1..TENANTS {
        let settings = json!({"name": format!("Tenant {number}"), "ratePerMinute": 1_000_000});
        tenants.push(world.new_tenant(settings).await);
    }
    let lists = [
        (json!([resend(&apis)]), json!([twilio(&apis)])),
        (json!([sendgrid(&apis)]), json!([africastalking(&apis)])),
        (json!([resend(&others), sendgrid(&apis)]), json!([twilio(&others)])),
    ];
    for (tenant, (email, sms)) in tenants.iter().zip(&lists) {
        world.providers(tenant, "EMAIL", email).await;
        world.providers(tenant, "SMS", sms).await;
        templates(&world, tenant).await;
    }
    let quiet = memory(&world);

    // The second set of providers is down at first: what waits for it is bounded.
    others.go_down();
    let load = Load::only(&["EMAIL", "SMS"]);
    let half = async {
        orqestra_tests::wait::until_now("half of it", Duration::from_mins(20), || {
            (load.answered() >= notifications / 2).then_some(())
        })
        .await;
        let down = memory(&world);
        others.come_back().await;
        down
    };
    let (down, ()) =
        tokio::join!(half, load.run(&world, &tenants, 8, Duration::from_millis(5), notifications));
    assert!(down < quiet + MOST_GROWTH_KB, "{down} KB with a provider down, {quiet} KB before");
    let states = world.drain().await;
    assert_eq!(states.len(), notifications);

    let taken: BTreeMap<String, usize> =
        apis.taken().into_iter().fold(others.taken(), |mut all, (message, count)| {
            *all.entry(message).or_default() += count;
            all
        });
    let (mut wrong, mut ends) = (Vec::new(), BTreeMap::<(String, String), i64>::new());
    for ((tenant, event_id), state) in &states {
        let order = event_id.replace("order-", "order ORD-");
        for channel in state.channels.iter().filter(|channel| channel.channel != "PUSH") {
            *ends.entry((channel.channel.clone(), channel.status.clone())).or_default() += 1;
            let count = if channel.channel == "EMAIL" {
                taken.get(&channel.delivery_id).copied().unwrap_or_default()
            } else {
                let says = |message: &&String| message.contains(&format!("{order},"));
                taken.keys().find(says).map_or(0, |message| taken[message])
            };
            // The first tenant's email goes to a provider that deduplicates and to no other.
            let deduplicated = *tenant == tenants[0].id && channel.channel == "EMAIL";
            wrong.extend(complaint(channel, count, deduplicated).map(|why| format!("{event_id}: {why}")));
        }
    }
    let mut model = ends_of_the_read_model(&world).await;
    model.retain(|(_, status), _| status != "SKIPPED");
    println!("{notifications} notifications, {} calls: {ends:#?}", apis.count() + others.count());
    assert!(wrong.is_empty(), "{} of {notifications}: {wrong:#?}", wrong.len());
    assert_eq!(ends, model, "the answers and the read model");
    let keys = apis.keys().into_iter().chain(others.keys());
    let several: Vec<_> = keys.filter(|(_, keys)| *keys > 1).collect();
    assert!(several.is_empty(), "one key a delivery: {several:?}");
    let after = memory(&world);
    println!("{quiet} KB before, {down} KB with a provider down, {after} KB after");
    assert!(after < quiet + MOST_GROWTH_KB, "{after} KB, {quiet} KB before");
    inside::agrees(&world).await;
}
