//! What a provider's answer, or its silence, leads to.

use std::time::Duration;

use hyper::Method;
use orqestra_tests::http::{Answer, Request};
use orqestra_tests::smtp::Smtp;
use orqestra_tests::state::EventState;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::{SETTLES_WITHIN, World};
use serde_json::{Value, json};

async fn shop(settings: &[(&str, &str)]) -> (World, Smtp) {
    let (world, smtp) = (World::with(settings).await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    (world, smtp)
}

pub(crate) fn email(to: &str) -> Value {
    json!({
        "eventType": "order.confirmed",
        "channels": ["EMAIL"],
        "payload": {"userId": "u-1", "recipientEmail": to},
        "variables": {"title": "Hello", "orderNumber": "1", "amount": "$1"},
    })
}

async fn resolve(world: &World, delivery: &str, how: &str) -> Answer {
    let path = format!("/admin/v1/deliveries/{delivery}/resolve");
    world.admin(Method::POST, &path, &json!({"resolution": how})).await
}

/// For how many seconds the oldest held outcome is held, once the metric says that there are so many. The engine is
/// started again, since it counts them at its start and then only now and then.
async fn held_for(world: &World, outcomes: u32) -> f64 {
    world.restart().await;
    wait::until("the metric of held outcomes", SETTLES_WITHIN, async || {
        let text = world.call(Request::get("/metrics")).await.text();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let held: u32 = value("orqestra_unknown_held")?.parse().ok()?;
        let seconds = value("orqestra_oldest_unknown_seconds")?.parse().ok()?;
        (held == outcomes).then_some(seconds)
    })
    .await
}

#[tokio::test]
async fn a_451_is_tried_again_until_it_is_taken_once() {
    let (world, smtp) = shop(&[]).await;
    let id = world.accept(world.tenant(), &email("fail451-2@example.org")).await;
    let state = world.settled(world.tenant(), &id).await;
    let channel = state.channel("EMAIL");
    assert_eq!(channel.status, "SENT");
    assert_eq!(channel.attempts(), ["FAILED smtp_451", "FAILED smtp_451", "SUCCEEDED"]);
    assert!(!channel.possible_duplicate);
    assert_eq!(smtp.to("fail451-2@example.org").len(), 1);
}

#[tokio::test]
async fn a_451_without_end_is_a_dead_letter_after_the_last_delay() {
    let (world, smtp) = shop(&[("ORQESTRA_RETRY_DELAYS", "50ms,50ms")]).await;
    let id = world.accept(world.tenant(), &email("fail451-99@example.org")).await;
    let state = world.settled(world.tenant(), &id).await;
    assert_eq!(
        state.ends(),
        "EMAIL FAILED (smtp_451), SMS SKIPPED (not_requested), PUSH SKIPPED (not_requested)"
    );
    assert_eq!(state.channel("EMAIL").attempts.len(), 3);
    assert_eq!(smtp.count(), 0);
}

#[tokio::test]
async fn a_550_is_a_dead_letter_at_once_and_harms_no_neighbour() {
    let (world, smtp) = shop(&[]).await;
    let refused = world.accept(world.tenant(), &email("fail550@example.org")).await;
    let taken = world.accept(world.tenant(), &email("someone@example.org")).await;
    let state = world.settled(world.tenant(), &refused).await;
    assert_eq!(state.channel("EMAIL").status, "FAILED");
    assert_eq!(state.channel("EMAIL").attempts(), ["FAILED smtp_550"]);
    assert_eq!(world.settled(world.tenant(), &taken).await.channel("EMAIL").status, "SENT");
    assert_eq!(smtp.count(), 1);
}

#[tokio::test]
async fn an_email_whose_answer_was_cut_off_is_sent_once_more_under_the_same_id_and_marked() {
    let (world, smtp) = shop(&[]).await;
    let id = world.accept(world.tenant(), &email("cut-1@example.org")).await;
    let state = world.settled(world.tenant(), &id).await;
    let channel = state.channel("EMAIL");
    assert_eq!(channel.status, "SENT");
    assert_eq!(channel.attempts(), ["UNKNOWN smtp_connection_lost", "SUCCEEDED"]);
    assert!(channel.possible_duplicate && channel.attempts[1].possible_duplicate);
    let mails = smtp.to("cut-1@example.org");
    assert_eq!(mails.len(), 2, "the first one had arrived");
    assert_eq!(mails[0].headers["message-id"], mails[1].headers["message-id"]);
    assert_eq!(mails[0].headers["date"], mails[1].headers["date"]);
    assert_eq!(mails[0].delivery(), channel.delivery_id);
}

#[tokio::test]
async fn an_email_that_stays_unknown_is_held_until_an_operator_decides() {
    let (world, smtp) = shop(&[]).await;
    let tenant = world.tenant();
    let mut deliveries = Vec::new();
    for (number, end) in [(1, "SENT"), (2, "FAILED"), (3, "SENT")] {
        let to = format!("cut-2+{number}@example.org");
        let id = world.accept(tenant, &email(&to)).await;
        let state = world.settled(tenant, &id).await;
        assert_eq!(state.channel("EMAIL").status, "UNKNOWN");
        assert_eq!(state.channel("EMAIL").attempts(), ["UNKNOWN smtp_connection_lost"; 2]);
        assert_eq!(smtp.to(&to).len(), 2);
        // A mail that is answered: else the breaker would leave the server alone for a while.
        let answered = world.accept(tenant, &email(&format!("user-{number}@example.org"))).await;
        drop(world.settled(tenant, &answered).await);
        deliveries.push((id, to, state.channel("EMAIL").delivery_id.clone(), end));
    }
    assert!(held_for(&world, 3).await > 0.0);
    for ((id, to, delivery, end), how) in deliveries.iter().zip(["delivered", "drop", "resend"]) {
        let answer = resolve(&world, delivery, how).await.expect(200).json();
        assert_eq!(answer["data"]["deliveryId"], *delivery);
        let state = world.settled(tenant, id).await;
        assert_eq!(state.channel("EMAIL").status, *end, "{how}");
        assert_eq!(smtp.to(to).len(), if how == "resend" { 3 } else { 2 }, "{how}");
        assert_eq!(resolve(&world, delivery, how).await.expect(409).json()["code"], "nothing_to_resolve");
    }
    assert!(held_for(&world, 0).await <= 0.0);
    let unknown = resolve(&world, "6f3b3c1e-0000-4000-8000-000000000000", "drop").await;
    assert_eq!(unknown.expect(404).json()["code"], "unknown_delivery");
}

#[tokio::test]
async fn a_server_that_never_answers_the_content_leaves_an_unknown_outcome() {
    let (world, smtp) = shop(&[("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "1")]).await;
    let id = world.accept(world.tenant(), &email("hang-1@example.org")).await;
    let state = world.settled(world.tenant(), &id).await;
    assert_eq!(state.channel("EMAIL").attempts(), ["UNKNOWN smtp_timeout", "SUCCEEDED"]);
    assert!(state.channel("EMAIL").possible_duplicate);
    assert_eq!(smtp.to("hang-1@example.org").len(), 1);
}

#[tokio::test]
async fn while_a_provider_is_down_its_mails_wait_and_other_channels_go_on() {
    let long = ["1s"; 30].join(",");
    let (world, smtp) = shop(&[("ORQESTRA_RETRY_DELAYS", &long)]).await;
    let tenant = world.tenant();
    smtp.stop();
    let mut ids = Vec::new();
    for number in 0..2 {
        let mut body = email(&format!("user-{number}@example.org"));
        body["channels"] = json!(["EMAIL", "PUSH"]);
        ids.push(world.accept(tenant, &body).await);
    }
    for id in &ids {
        let waits = world.event_when(tenant, id, |state| state.channel("PUSH").status == "SENT").await;
        assert!(!waits.channel("EMAIL").is_settled(), "{}", waits.ends());
    }
    let id = &ids[0];
    world.event_when(tenant, id, |state| !state.channel("EMAIL").attempts.is_empty()).await;
    smtp.resume();
    for state in world.drain().await.values() {
        assert_eq!(state.channel("EMAIL").status, "SENT");
        assert!(!state.channel("EMAIL").possible_duplicate);
    }
    assert_eq!(smtp.count(), 2);
}

#[tokio::test]
async fn a_refused_connection_falls_over_to_the_next_provider() {
    let (down, up) = (Smtp::start(), Smtp::start());
    let world = World::start().await;
    world.providers(world.tenant(), "EMAIL", &json!([down.provider(), up.provider()])).await;
    down.stop();
    let id = world.accept(world.tenant(), &email("user@example.org")).await;
    let state = world.settled(world.tenant(), &id).await;
    assert_eq!(state.channel("EMAIL").attempts(), ["FAILED smtp_connect_refused", "SUCCEEDED"]);
    assert_eq!((down.count(), up.count()), (0, 1));
}

#[tokio::test]
async fn one_tenants_slow_provider_delays_no_other_tenant() {
    let (world, smtp) = shop(&[("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "2")]).await;
    let other: Tenant = world.new_tenant(json!({})).await;
    for number in 0..4 {
        drop(world.accept(world.tenant(), &email(&format!("hang-1+{number}@example.org"))).await);
    }
    let body = json!({"eventType": "global.info", "payload": {"userId": "u", "recipientEmail": "a@example.org"},
                      "variables": {"title": "t", "message": "m"}});
    let id = world.accept(&other, &body).await;
    wait::until("the other tenant's event", Duration::from_secs(5), async || {
        world.event(&other, &id).await.is_settled().then_some(())
    })
    .await;
    let hanging = world.drain();
    let states = tokio::time::timeout(SETTLES_WITHIN, hanging).await.unwrap();
    assert!(states.values().all(EventState::is_settled));
    assert_eq!(smtp.count(), 4);
}

#[tokio::test]
async fn mail_of_a_tenant_switched_off_before_the_send_waits_and_says_so_until_it_is_on_again() {
    let long = ["1s"; 10].join(",");
    let (world, smtp) = shop(&[("ORQESTRA_RETRY_DELAYS", &long)]).await;
    let tenant = world.tenant();
    let id = world.accept(tenant, &email("fail451-1@example.org")).await;
    world.event_when(tenant, &id, |state| state.channel("EMAIL").status == "RETRYING").await;
    drop(world.change(tenant, &json!({"active": false})).await);
    let told = |state: &EventState| state.channel("EMAIL").waits_for.as_deref() == Some("tenant_inactive");
    world.event_when(tenant, &id, told).await;
    drop(world.change(tenant, &json!({"active": true})).await);
    let state = world.settled(tenant, &id).await;
    assert_eq!((state.channel("EMAIL").status.as_str(), smtp.count()), ("SENT", 1));
    assert_eq!(state.channel("EMAIL").waits_for, None);
}

#[tokio::test]
async fn mail_of_a_tenant_that_stays_off_is_a_skip_at_its_deadline() {
    let long = ["1s"; 10].join(",");
    let settings = [("ORQESTRA_RETRY_DELAYS", long.as_str()), ("ORQESTRA_WAIT_AT_MOST", "3s")];
    let (world, smtp) = shop(&settings).await;
    let tenant = world.tenant();
    let id = world.accept(tenant, &email("fail451-1@example.org")).await;
    world.event_when(tenant, &id, |state| state.channel("EMAIL").status == "RETRYING").await;
    drop(world.change(tenant, &json!({"active": false})).await);
    let state = world.settled(tenant, &id).await;
    assert_eq!(state.channel("EMAIL").reason.as_deref(), Some("tenant_inactive"));
    assert_eq!(smtp.count(), 0);
}

#[tokio::test]
async fn where_the_provider_names_no_sender_the_tenants_is_used_and_without_one_the_email_waits() {
    let (world, smtp) = (World::with(&[("ORQESTRA_RETRY_DELAYS", "50ms,50ms")]).await, Smtp::start());
    let tenant = world.new_tenant(json!({"senderEmail": "office@example.com"})).await;
    let mut provider = smtp.provider();
    provider.as_object_mut().unwrap().remove("from");
    world.providers(&tenant, "EMAIL", &json!([provider])).await;
    let info = json!({"eventType": "global.info", "channels": ["EMAIL"],
                      "payload": {"userId": "u", "recipientEmail": "user@example.org"},
                      "variables": {"title": "t", "message": "m"}});
    let id = world.accept(&tenant, &info).await;
    assert_eq!(world.settled(&tenant, &id).await.channel("EMAIL").status, "SENT");
    let mail = smtp.messages().remove(0);
    assert_eq!(
        (mail.from.as_str(), mail.headers["from"].as_str()),
        ("office@example.com", "office@example.com")
    );

    drop(world.change(&tenant, &json!({"senderEmail": null})).await);
    let id = world.accept(&tenant, &info).await;
    let told = |state: &EventState| state.channel("EMAIL").waits_for.as_deref() == Some("no_sender");
    assert!(world.event_when(&tenant, &id, told).await.channel("EMAIL").attempts().is_empty());
    assert_eq!(smtp.count(), 1);

    // Once there is a sender again, the mail goes out.
    drop(world.change(&tenant, &json!({"senderEmail": "shop@example.com"})).await);
    assert_eq!(world.settled(&tenant, &id).await.channel("EMAIL").status, "SENT");
    assert_eq!(smtp.messages()[1].from, "shop@example.com");
}
