//! Suppressed addresses from a shell, and from a provider's answer to the next event.

use std::process::Output;
use std::time::Duration;

use hyper::Method;
use orqestra_tests::engine::Launch;
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use crate::cli_http::{bad, fed, good};

const WITHIN: Duration = Duration::from_secs(30);

fn operator(world: &World) -> Launch {
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    launch
}

#[track_caller]
fn object(output: &Output) -> Value {
    serde_json::from_str(good(output).trim_end()).unwrap()
}

#[tokio::test]
async fn an_address_is_added_checked_listed_and_lifted_from_a_shell() {
    let world = World::start().await;
    let launch = operator(&world);
    let run = |arguments: &[&str]| launch.run(&[&["suppression"], arguments].concat());
    assert_eq!(good(&run(&["check", "EMAIL", "user@example.com"])), "not suppressed\n");
    let added = object(&run(&["add", "email", "user@example.com", "--reason", "bounced", "--json"]));
    let address_ref = added["addressRef"].as_str().unwrap();
    assert_eq!((&added["channel"], &added["reason"]), (&json!("EMAIL"), &json!("bounced")));
    let told = good(&fed(&launch, &["suppression", "check", "EMAIL", "-"], "user@example.com\n"));
    assert!(told.contains(&format!("address ref  {address_ref}\n")) && told.contains("bounced"), "{told}");
    let state = object(&run(&["check", "EMAIL", "user@example.com", "--json"]));
    assert_eq!((&state["suppressed"], &state["suppression"]), (&json!(true), &added));

    let listed = wait::until_now("the list", WITHIN, || {
        Some(good(&run(&["list"]))).filter(|listed| listed.contains(address_ref))
    });
    let listed = listed.await;
    assert!(listed.starts_with("ADDRESS REF ") && !listed.contains("user@"), "{listed}");

    assert_eq!(good(&run(&["lift", "--ref", address_ref])), format!("lifted {address_ref}\n"));
    let said = bad(&run(&["lift", "EMAIL", "user@example.com"]));
    assert_eq!(said, "orqestra: unknown_suppression: No such suppression\n");
    drop(good(&run(&["add", "EMAIL", "user@example.com"])));
    assert_eq!(good(&run(&["lift", "EMAIL", "user@example.com"])), format!("lifted {address_ref}\n"));
    let said = bad(&run(&["add", "SMS", "user@example.com"]));
    assert!(said.contains("validation_failed") && !said.contains("user@"), "{said}");
    for wrong in [&["lift"][..], &["lift", "EMAIL"], &["lift", "--ref", "x"], &["add", "EMAIL"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn after_an_opt_out_the_next_event_is_skipped_also_after_a_restart() {
    let world = World::start().await;
    let tenant = world.tenant();
    let accept = async |number: usize| {
        let mut body = order(number);
        body["payload"]["recipientPhone"] = json!("+15005550007");
        let event = world.accept(tenant, &body).await;
        drop(world.drain().await);
        world.event(tenant, &event).await
    };
    let first = accept(1).await;
    assert_eq!(first.channel("SMS").status, "FAILED");
    let path = format!("/admin/v1/tenants/{}/suppressions/lookup", tenant.id);
    let address = json!({"channel": "SMS", "address": "+15005550007"});
    wait::until("the suppression", WITHIN, async || {
        let state = world.admin(Method::POST, &path, &address).await.expect(200).json();
        (state["suppressed"] == true).then_some(())
    })
    .await;
    world.restart().await;
    let next = accept(2).await;
    assert_eq!(next.channel("SMS").status, "SKIPPED");
    assert_eq!(next.channel("SMS").reason.as_deref(), Some("suppressed"));
    assert_eq!(next.channel("EMAIL").status, "SENT");
}
