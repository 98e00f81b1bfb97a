//! Unknown outcomes and dead letters from a shell, with a kill in the middle.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::Duration;

use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::engine::Launch;
use orqestra_tests::load::{order, templates};
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use crate::cli_http::{bad, good, text};

const WITHIN: Duration = Duration::from_mins(1);
const EVENTS: usize = 5;

fn operator(world: &World) -> Launch {
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    launch
}

#[track_caller]
fn objects(output: &Output) -> Vec<Value> {
    good(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn twilio(apis: &Apis) -> Value {
    json!([{"kind": "twilio", "accountSid": format!("AC{}", "0".repeat(32)), "authToken": "t", "from": "+15005550006",
        "baseUrl": apis.base_url(), "allowLoopback": true}])
}

#[tokio::test]
async fn dead_letters_are_listed_shown_and_redriven_from_a_shell_also_after_a_kill() {
    let world = World::start().await;
    let tenant = world.tenant().clone();
    // The first call of each message is refused for good.
    let apis = Apis::start(|_, call| if call == 0 { Says::Refused } else { Says::Taken }).await;
    world.providers(&tenant, "SMS", &twilio(&apis)).await;
    templates(&world, &tenant).await;
    let mut events = Vec::new();
    for number in 0..EVENTS {
        let mut body = order(number);
        body["channels"] = json!(["SMS"]);
        events.push(world.accept(&tenant, &body).await);
    }
    drop(world.drain().await);
    let launch = operator(&world);
    let of = tenant.id.to_string();
    let run = |arguments: &[&str]| launch.run(&[&["dead-letter"], arguments, &["--tenant", &of]].concat());
    let dead = wait::until_now("the list", WITHIN, || {
        Some(objects(&run(&["list", "--json"]))).filter(|dead| dead.len() == EVENTS)
    })
    .await;
    let table = good(&run(&["list", "--cause", "twilio_21211"]));
    assert!(table.starts_with("DELIVERY ") && table.lines().count() == EVENTS + 1, "{table}");
    let delivery = dead[0]["deliveryId"].as_str().unwrap();
    let shown = good(&run(&["show", delivery, "--reveal", "--reason", "ticket 311"]));
    assert!(shown.contains("twilio_21211") && shown.contains("Invalid 'To' Phone Number"), "{shown}");

    let dry = objects(&run(&["redrive", "--all", "--dry-run", "--reason", "mended", "--json"])).remove(0);
    assert_eq!((&dry["requeued"], &dry["state"]), (&json!(EVENTS), &json!("ended")));
    assert_eq!(apis.count(), EVENTS, "nothing is sent");

    let asked = objects(&run(&["redrive", "--all", "--reason", "mended", "--no-wait", "--json"])).remove(0);
    world.kill9().await;
    world.begin().await;
    let launch = operator(&world);
    let run = |arguments: &[&str]| launch.run(&[&["dead-letter"], arguments, &["--tenant", &of]].concat());
    let done = wait::until_now("the redrive", WITHIN, || {
        let all = objects(&run(&["redrives", "--json"]));
        let one = all.into_iter().find(|one| one["redriveId"] == asked["redriveId"])?;
        (one["state"] == "ended").then_some(one)
    })
    .await;
    assert_eq!((&done["requeued"], &done["refused"]), (&json!(EVENTS), &json!({})), "{done}");
    for event in &events {
        let sent = wait::until("the message", WITHIN, async || {
            let state = world.event(&tenant, event).await.channel("SMS").clone();
            (state.status == "SENT").then_some(state)
        })
        .await;
        assert_eq!(sent.attempts.len(), 2, "{sent:?}");
    }
    let taken = apis.taken();
    assert!(taken.len() == EVENTS && taken.values().all(|times| *times == 1), "{taken:?}");
    // The read model follows within moments.
    wait::until_now("it is a dead letter no more", WITHIN, || {
        objects(&run(&["list", "--json"])).is_empty().then_some(())
    })
    .await;
    let nothing = run(&["list"]);
    assert_eq!(good(&nothing), "");
    let words = text(&nothing.stderr);
    assert!(words.starts_with(&format!("the tenant {of} has no dead letter; --tenant ")), "{words}");
    let redrives = good(&run(&["redrives"]));
    assert!(redrives.lines().next().unwrap().contains(" REQUEUED "), "{redrives}");
    let said = bad(&run(&["show", delivery]));
    assert!(said.contains("unknown_delivery"), "{said}");
    for wrong in [&["redrive"][..], &["redrive", "--all"], &["redrive", delivery, "--all", "--reason", "x"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_listed_and_resolved_from_a_shell() {
    let world = World::start().await;
    let tenant = world.tenant().clone();
    let apis = Apis::start(|_, call| if call == 0 { Says::Cut } else { Says::Taken }).await;
    world.providers(&tenant, "SMS", &twilio(&apis)).await;
    templates(&world, &tenant).await;
    let mut body = order(1);
    body["channels"] = json!(["SMS"]);
    let event = world.accept(&tenant, &body).await;
    let launch = operator(&world);
    let of = tenant.id.to_string();
    let list = || objects(&launch.run(&["unknown", "list", "--json", "--tenant", &of]));
    let held = wait::until_now("the list", WITHIN, || list().into_iter().next()).await;
    assert_eq!((&held["cause"], &held["waitsForReceipt"]), (&json!("http_connection_lost"), &json!(false)));
    let table = good(&launch.run(&["unknown", "list", "--tenant", &of]));
    assert!(table.starts_with("DELIVERY ") && table.contains("http_connection_lost"), "{table}");
    let delivery = held["deliveryId"].as_str().unwrap();
    let told = good(&launch.run(&["unknown", "resolve", delivery, "resend"]));
    assert!(told.contains("RETRYING") || told.contains("SENDING") || told.contains("SENT"), "{told}");
    let sent = wait::until("the message", WITHIN, async || {
        let state = world.event(&tenant, &event).await.channel("SMS").clone();
        (state.status == "SENT").then_some(state)
    })
    .await;
    assert!(sent.possible_duplicate && apis.count() == 2, "{sent:?}");
    let said = bad(&launch.run(&["unknown", "resolve", delivery, "drop"]));
    assert_eq!(said, "orqestra: nothing_to_resolve: The delivery waits for no decision\n");
    wait::until_now("an empty list", WITHIN, || list().is_empty().then_some(())).await;
}

#[tokio::test]
async fn the_unknown_outcomes_of_all_tenants_are_listed_and_resolved_from_one_list() {
    let world = World::start().await;
    let apis = Apis::start(|_, _| Says::Cut).await;
    let (first, second) = (world.tenant().clone(), world.new_tenant(json!({"name": "Second"})).await);
    for (number, tenant) in [&first, &second].into_iter().enumerate() {
        world.providers(tenant, "SMS", &twilio(&apis)).await;
        templates(&world, tenant).await;
        let mut body = order(number);
        body["channels"] = json!(["SMS"]);
        world.accept(tenant, &body).await;
    }
    let launch = operator(&world);
    let list = || objects(&launch.run(&["unknown", "list", "--json"]));
    let held = wait::until_now("both", WITHIN, || Some(list()).filter(|held| held.len() == 2)).await;
    let of: BTreeSet<_> = held.iter().map(|held| held["tenantId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(of, [first.id.to_string(), second.id.to_string()].into());
    let table = good(&launch.run(&["unknown", "list"]));
    assert!(table.lines().next().unwrap().ends_with(" TENANT"), "{table}");
    assert!(of.iter().all(|id| table.lines().any(|line| line.ends_with(id))), "{table}");
    let of_one = objects(&launch.run(&["unknown", "list", "--json", "--tenant", &second.id.to_string()]));
    assert_eq!((of_one.len(), &of_one[0]["tenantId"]), (1, &json!(second.id.to_string())));
    for held in &held {
        let told = good(&launch.run(&["unknown", "resolve", held["deliveryId"].as_str().unwrap(), "drop"]));
        assert!(told.contains("FAILED"), "{told}");
        let (id, of) = (held["notificationId"].as_str().unwrap(), held["tenantId"].as_str().unwrap());
        let story = good(&launch.run(&["event", "show", id, "--tenant", of]));
        let dropped = "an operator gave it up (dropped); an attempt may have arrived; ";
        assert!(story.contains("\nSMS    perhaps sent: given up") && story.contains(dropped), "{story}");
    }
    wait::until_now("an empty list", WITHIN, || list().is_empty().then_some(())).await;
    let nothing = launch.run(&["unknown", "list"]);
    assert_eq!(
        (good(&nothing), text(&nothing.stderr)),
        (String::new(), "no delivery of any tenant has an unknown outcome\n".to_owned())
    );
}
