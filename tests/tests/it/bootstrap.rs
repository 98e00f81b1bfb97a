//! The first tenant from the settings: bad values are refused by name and with a remedy, secrets are never printed.

use orqestra_tests::http::Request;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::json;
use uuid::Uuid;

/// The message of an `up` that refuses to run.
fn refused(world: &World) -> String {
    let output = world.launch().run(&["up"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let last = said.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("orqestra: "), "{said}");
    last
}

#[tokio::test]
async fn one_key_for_two_tenants_is_refused_with_what_to_do_and_opens_the_first_one() {
    let world = World::start().await;
    let first = world.tenant().clone();
    world.sigterm().await;
    let second = Uuid::from_u128(2).to_string();
    world.set("ORQESTRA_BOOTSTRAP_TENANT_ID", Some(&second));
    let said = refused(&world);
    assert!(said.contains("ORQESTRA_BOOTSTRAP_API_KEY") && said.contains(&first.id.to_string()), "{said}");
    assert!(said.contains(&format!("give {second} another key")) && !said.contains(&first.key), "{said}");
    world.set("ORQESTRA_BOOTSTRAP_TENANT_ID", Some(&first.id.to_string()));
    world.begin().await;
    drop(world.trigger(&first, &json!({"eventType": "none", "payload": {"userId": "u"}})).await.expect(200));
    let unknown = format!("/api/v1/notifications/{second}/u");
    drop(world.call(Request::get(&unknown).key(&first.key)).await.expect(404));
}

#[tokio::test]
async fn a_daily_cap_that_no_event_can_hold_is_refused_and_the_tenant_goes_on() {
    let world = World::start().await;
    world.sigterm().await;
    world.set("ORQESTRA_BOOTSTRAP_DAILY_CAP", Some("18446744073709551615"));
    let said = refused(&world);
    let expected = "bootstrap_daily_cap (ORQESTRA_BOOTSTRAP_DAILY_CAP): expected a whole number from 1 to 144000000000, got \
                    18446744073709551615";
    assert!(said.ends_with(expected), "{said}");
    world.set("ORQESTRA_BOOTSTRAP_DAILY_CAP", Some("144000000000"));
    world.begin().await;
    let body = json!({"eventType": "none", "payload": {"userId": "u"}});
    drop(world.trigger(world.tenant(), &body).await.expect(200));
}

#[tokio::test]
async fn a_weak_key_is_refused_to_a_new_tenant_and_asked_of_no_registered_one() {
    let world = World::start().await;
    let first = world.tenant().clone();
    world.sigterm().await;
    let weak = "changeme-changeme-changeme";
    world.set("ORQESTRA_BOOTSTRAP_API_KEY", Some(weak));
    world.set("ORQESTRA_BOOTSTRAP_TENANT_ID", Some(&Uuid::from_u128(3).to_string()));
    let said = refused(&world);
    assert!(said.contains("ORQESTRA_BOOTSTRAP_API_KEY") && said.contains("hard to guess"), "{said}");
    assert!(!said.contains("changeme"), "{said}");
    world.set("ORQESTRA_BOOTSTRAP_TENANT_ID", Some(&first.id.to_string()));
    world.begin().await;
    let body = json!({"eventType": "none", "payload": {"userId": "u"}});
    drop(world.trigger(&first, &body).await.expect(200));
    world.sigterm().await;
    world.set("ORQESTRA_BOOTSTRAP_API_KEY", Some(&first.key));
    let token = world.launch().settings["ORQESTRA_ADMIN_TOKEN"].clone();
    world.set("ORQESTRA_ADMIN_TOKEN", Some("aaaaaaaaaaaaaaaaaaaaaaaa"));
    let said = refused(&world);
    assert!(said.contains("ORQESTRA_ADMIN_TOKEN") && !said.contains("aaaa"), "{said}");
    world.set("ORQESTRA_ADMIN_TOKEN", Some(&token));
    world.begin().await;
}

#[tokio::test]
async fn a_secret_that_was_configured_is_printed_nowhere() {
    let world = World::start().await;
    let (engine, token) = (world.engine(), &world.launch().settings["ORQESTRA_ADMIN_TOKEN"]);
    for secret in [token, &world.tenant().key] {
        assert!(!engine.banner().contains(secret.as_str()), "{}", engine.banner());
    }
    assert!(engine.banner().contains("$ORQESTRA_BOOTSTRAP_API_KEY"), "{}", engine.banner());
}

#[tokio::test]
async fn two_bodies_whose_numbers_round_alike_are_two_requests() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = |event: &str, number: &str| {
        format!(
            "{{\"eventType\":\"none\",\"eventId\":\"{event}\",\"payload\":{{\"userId\":\"u\"}},\"variables\":{{\"n\":[{number}]}}}}"
        )
    };
    for (event, one, other) in [
        ("whole", "9007199254740993", "9007199254740992"),
        ("beyond", "123456789012345678901234567890", "123456789012345678901234567891"),
        ("fine", "0.1000000000000000000001", "0.1000000000000000000002"),
    ] {
        let ask = async |number: &str| {
            let request = Request::post(TRIGGER).key(&tenant.key).text(body(event, number));
            world.call(request).await
        };
        drop(ask(one).await.expect(200));
        drop(ask(one).await.expect(200));
        let refused = ask(other).await.expect(422);
        assert_eq!(refused.json()["code"], "event_id_reused", "{event}");
    }
}
