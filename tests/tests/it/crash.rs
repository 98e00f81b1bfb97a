//! The process ends at each named point, under load: afterwards every 200 has come to exactly one end on each channel.

use std::time::Duration;

use futures::stream::{StreamExt as _, iter};
use orqestra_event_log::fail_point::{FailPoint, VARIABLE};
use orqestra_tests::audit::audit;
use orqestra_tests::http::Request;
use orqestra_tests::load::Load;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;

use crate::inside;

/// Worlds at one time.
const AT_ONCE: usize = 3;
const EVENTS: usize = 10;
const ABORTS_WITHIN: Duration = Duration::from_mins(1);

/// The hit at which each point ends the process, so that work is under way on both sides of it.
fn hit(point: FailPoint) -> u32 {
    match point {
        FailPoint::MarkReadAfterAppend => 1,
        FailPoint::SubscriptionBeforeCommit | FailPoint::SubscriptionAfterCommit => 4,
        _ => 3,
    }
}

/// How an email must have ended at least once, where the process ends beside a call to a provider. Only emails are
/// under way there, so that an email is what is cut off.
fn email_ends(point: FailPoint) -> Option<&'static str> {
    match point {
        FailPoint::ClaimAfterAppend | FailPoint::SendBefore => Some("EMAIL SENT, possible duplicate"),
        FailPoint::SendAfter => Some("EMAIL SENT, possible duplicate, arrived 2 times"),
        _ => None,
    }
}

async fn crash_at(point: FailPoint) {
    let short = [("ORQESTRA_CLAIM_SECONDS", "2"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "2")];
    let (world, smtp) = (World::with(&short).await, Smtp::start());
    let tenants = [world.tenant().clone()];
    world.providers(&tenants[0], "EMAIL", &json!([smtp.provider()])).await;
    world.retry_soon(&tenants[0]).await;
    let email = email_ends(point);
    let load = if email.is_some() { Load::only(&["EMAIL"]) } else { Load::default() };
    load.run(&world, &tenants, 2, Duration::from_millis(10), 2).await;
    drop(world.drain().await);
    world.sigterm().await;

    world.set(VARIABLE, Some(&format!("{}:{}", point.name(), hit(point))));
    world.begin().await;
    let clients = load.run(&world, &tenants, 4, Duration::from_millis(30), EVENTS);
    let readers = async {
        if point == FailPoint::MarkReadAfterAppend {
            read_until_gone(&world).await;
        }
    };
    let accident = async {
        world.aborted(ABORTS_WITHIN).await;
        world.set(VARIABLE, None);
        world.begin().await;
    };
    tokio::join!(clients, readers, accident);
    let ends = audit(&world, &tenants, &smtp).await;
    println!("{}: {ends:?}", point.name());
    inside::agrees(&world).await;
    if let Some(end) = email {
        assert!(ends.contains_key(end), "{}: no {end} in {ends:?}", point.name());
    }
    if point == FailPoint::MarkReadAfterAppend {
        let mut read = 0;
        for user in 0..EVENTS {
            let rows = world.history(&tenants[0], &format!("user-{user}")).await;
            read += rows.iter().filter(|row| row["status"] == "READ").count();
        }
        assert_eq!(read, 1, "the read mark was stored before the crash");
    }
}

/// Marks the first push read, which ends the process.
async fn read_until_gone(world: &World) {
    let tenant = world.tenant();
    let row = wait::until("a row to be read", ABORTS_WITHIN, async || {
        world.history(tenant, "user-0").await.first().cloned()
    })
    .await;
    let id = row["id"].as_str().expect("a text");
    let path = format!("/api/v1/notifications/{}/user-0/{id}/read", tenant.id);
    assert!(world.send(Request::put(path).key(&tenant.key)).await.is_err(), "the process did not end");
}

#[tokio::test]
async fn at_every_fail_point_each_accepted_event_comes_to_one_end_on_each_channel() {
    iter(FailPoint::ALL).map(|point| crash_at(*point)).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}
