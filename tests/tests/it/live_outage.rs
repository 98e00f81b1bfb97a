//! Live pages while their engine's PostgreSQL crashes and comes back: each accepted push arrives once, without a reload.

use std::collections::BTreeSet;
use std::time::Duration;

use orqestra_tests::http::Request;
use orqestra_tests::load::{Load, insist, order};
use orqestra_tests::realtime::{Client, Kind};
use orqestra_tests::server::Server;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;

use crate::realtime::connected;

const OUTAGES: usize = 2;
const WITHIN: Duration = Duration::from_mins(1);
const SHORT: [(&str, &str); 2] =
    [("ORQESTRA_CLAIM_SECONDS", "3"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "3")];
/// How many users the load has, and what lies behind all of its events.
const USERS: usize = 40;
const LAST: usize = 100_000;

/// An open page of one of the load's users.
struct Page {
    user: usize,
    client: Client,
}

async fn is_ready(world: &World, status: u16) {
    wait::until("a change of readiness", WITHIN, async || {
        (world.call(Request::get("/readyz")).await.status == status).then_some(())
    })
    .await;
}

async fn more_answers(load: &Load, count: usize) {
    let wanted = load.answered() + count;
    wait::until_now("more answers", WITHIN, || (load.answered() >= wanted).then_some(())).await;
}

/// The number of an order, from an event's id or from what a push says.
fn number(text: &str) -> usize {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn open_pages_get_each_accepted_push_once_while_the_database_crashes_and_comes_back() {
    let server = Server::start().await;
    let world = World::on(&server, &SHORT).await;
    world.expect_errors();
    let (tenant, tenants) = (world.tenant(), [world.tenant().clone()]);
    let mut pages = Vec::new();
    // Two pages of one user, and one each of some others.
    for user in [0, 0, 1, 2, 3, 4] {
        let mut client = connected(&world, Kind::JavaScript, tenant, &format!("user-{user}")).await;
        client.subscribe(&format!("orders#user-{user}")).await;
        pages.push(Page { user, client });
    }
    let load = Load::only(&["PUSH"]);
    let breaker = async {
        for _ in 0..OUTAGES {
            more_answers(&load, 3 * USERS).await;
            server.crash().await;
            is_ready(&world, 503).await;
            server.resume().await;
            is_ready(&world, 200).await;
        }
        more_answers(&load, 3 * USERS).await;
        load.stop();
    };
    tokio::join!(breaker, load.run(&world, &tenants, 4, Duration::from_millis(20), LAST));
    drop(world.drain().await);
    // A page gets pushes in the log's order, so after this one nothing comes that came before.
    for user in pages.iter().map(|page| page.user).collect::<BTreeSet<_>>() {
        let mut last = order(LAST + user);
        last["channels"] = json!(["PUSH"]);
        drop(insist(&world, tenant, &last).await);
    }
    drop(world.drain().await);

    let accepted: Vec<usize> = world.accepted().iter().map(|(_, id)| number(id)).collect();
    for Page { user, client } in &mut pages {
        let (name, channel) = (format!("user-{user}"), format!("orders#user-{user}"));
        let (mut ids, mut numbers) = (Vec::new(), Vec::new());
        while !numbers.contains(&(LAST + *user)) {
            let data = client.of_channel("publication", &channel).await["data"].clone();
            ids.push(data["id"].as_str().unwrap().to_owned());
            numbers.push(number(data["body"].as_str().unwrap()));
        }
        assert!(client.left("publication").is_empty(), "{name}: {:?}", client.left("publication"));
        assert!(client.left("disconnected").is_empty(), "{name}: {:?}", client.left("disconnected"));
        println!("{name}: {} pushes, cut off {} times", ids.len(), client.left("connecting").len());
        numbers.sort_unstable();
        let mut expected: Vec<_> =
            accepted.iter().copied().filter(|number| number % USERS == *user).collect();
        expected.sort_unstable();
        assert!(expected.len() > 3 * OUTAGES, "{expected:?}");
        assert_eq!(numbers, expected, "{name}: each order once");
        let stored: BTreeSet<_> = world
            .history(tenant, &name)
            .await
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        assert_eq!(ids, stored.into_iter().collect::<Vec<_>>(), "{name}: each id of the history once");
    }
}
