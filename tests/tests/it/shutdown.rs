//! The end in order, and the private cluster that a killed engine leaves behind.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::state::EventState;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::json;

use crate::inside;

const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn sigterm_under_load_ends_with_0_within_10_s_and_loses_nothing() {
    let shop = Shop::open(World::start().await).await;
    let terminator = async {
        for _ in 0..3 {
            shop.more_answers(40).await;
            shop.world.restart().await;
        }
    };
    shop.busy(8, Duration::from_millis(20), terminator).await;
    let ends = shop.audit().await;
    inside::agrees(&shop.world).await;
    assert!(ends.keys().all(|end| end.ends_with(" SENT")), "an end in order leaves no doubt: {ends:#?}");
}

#[tokio::test]
async fn ctrl_c_while_a_provider_hangs_ends_within_10_s_and_loses_nothing() {
    let world =
        World::private_with(&[("ORQESTRA_CLAIM_SECONDS", "3"), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "10")])
            .await;
    let (smtp, tenant) = (Smtp::start(), world.tenant());
    world.providers(tenant, "EMAIL", &json!([smtp.provider()])).await;
    let mut hanging = order(0);
    hanging["payload"]["recipientEmail"] = json!("hang-1@example.org");
    drop(world.trigger(tenant, &hanging).await.expect(200));
    let open =
        |state: &EventState| state.channel("EMAIL").attempts.iter().any(|tried| tried.outcome == "OPEN");
    world.event_when(tenant, "order-0", open).await;
    for number in 1..8 {
        drop(world.trigger(tenant, &order(number)).await.expect(200));
    }
    let server = world.private_server().expect("a server of its own");
    let log = world.ctrl_c().await;
    assert!(log.contains("calls to providers are cut off"), "{log}");
    assert!(rustix::process::test_kill_process(server).is_err(), "PostgreSQL goes with the engine");

    world.begin().await;
    assert!(!world.engine().banner().contains("found running"), "{}", world.engine().banner());
    for ((_, event), state) in world.drain().await {
        assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT", "{event}");
        let email = state.channel("EMAIL");
        assert_eq!(email.possible_duplicate, event == "order-0", "{event}: {email:?}");
        let to = if event == "order-0" {
            assert_eq!(email.attempts(), ["UNKNOWN no_outcome", "SUCCEEDED"]);
            "hang-1@example.org".to_owned()
        } else {
            format!("user-{}@example.org", event.trim_start_matches("order-"))
        };
        assert_eq!(smtp.to(&to).len(), 1, "{event}");
    }
}

#[tokio::test]
async fn up_brings_its_own_database_and_adopts_the_one_that_a_killed_up_left_running() {
    let world = World::private().await;
    let tenant = world.tenant();
    assert!(world.engine().banner().contains("private PostgreSQL in "), "{}", world.engine().banner());
    assert!(!world.engine().banner().contains("found running"));
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    world.kill9().await;
    world.begin().await;
    assert!(world.engine().banner().contains("found running"), "{}", world.engine().banner());
    let state = world.settled(tenant, "order-1").await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    world.restart().await;
    assert!(!world.engine().banner().contains("found running"), "an end in order ends the database too");
    wait::until("the row in the history", ANSWERS_WITHIN, async || {
        (world.history(tenant, "user-1").await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(world.sandbox(tenant, "SMS").await.len(), 1);
    let second = world.launch().run(&["up"]);
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another engine already runs on"), "{said}");
    drop(world.trigger(tenant, &json!({"eventType": "none", "payload": {"userId": "u"}})).await.expect(200));
}

#[tokio::test]
async fn without_a_tenant_of_the_settings_the_demo_tenant_and_its_key_are_kept_and_told_again() {
    let world = World::private().await;
    world.sigterm().await;
    for name in ["ORQESTRA_BOOTSTRAP_TENANT_ID", "ORQESTRA_BOOTSTRAP_API_KEY", "ORQESTRA_ADMIN_TOKEN"] {
        world.set(name, None);
    }
    let mut printed = Vec::new();
    for _ in 0..2 {
        world.begin().await;
        let engine = world.engine();
        let line = |name: &str| {
            let line = engine.banner().lines().find(|line| line.trim_start().starts_with(name));
            line.unwrap_or_else(|| panic!("{name}: {}", engine.banner())).trim().to_owned()
        };
        let kept = |name: &str| std::fs::read_to_string(world.folder().join("data").join(name)).unwrap();
        let kept = ["demo-tenant.json", "admin.token"].map(kept);
        let demo: serde_json::Value = serde_json::from_str(&kept[0]).unwrap();
        for secret in [demo["apiKey"].as_str().unwrap(), &kept[1]] {
            assert!(!engine.banner().contains(secret), "standard output is no terminal: {}", engine.banner());
        }
        printed.push((["tenant", "API key", "admin token"].map(line), kept));
        let curls = engine.banner().lines().filter(|line| line.trim_start().starts_with("curl ")).count();
        assert_eq!(curls, 3);
        drop(engine);
        world.sigterm().await;
    }
    assert_eq!(printed[0], printed[1]);
    world.begin().await;
    let mode = |name: &str| {
        let found = std::fs::metadata(world.folder().join("data").join(name)).unwrap();
        found.permissions().mode() & 0o777
    };
    for secret in ["master.key", "realtime.secret", "admin.token", "demo-tenant.json", "database.json"] {
        assert_eq!(mode(secret), 0o600, "{secret}");
    }
    assert_eq!(mode(""), 0o700, "the folder itself");
}
