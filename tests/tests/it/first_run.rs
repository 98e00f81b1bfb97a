//! The reference's own example through the whole engine: an email on a real SMTP server, an SMS in the sandbox, a row
//! in the history; once, whatever is restarted in between.

use orqestra_tests::http::Request;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::World;
use serde_json::{Value, json};

/// The example of the API reference.
fn example() -> Value {
    json!({
        "eventType": "order.confirmed",
        "eventId": "evt_optional_custom_id",
        "payload": {
            "userId": "uuid-of-recipient",
            "recipientEmail": "user@example.com",
            "recipientPhone": "+254712345678"
        },
        "variables": {
            "title": "Order Confirmed",
            "orderNumber": "ORD-2026-1234",
            "amount": "$49.99",
            "customField": "Any key here becomes {{customField}} in templates"
        }
    })
}

async fn assert_delivered_once(world: &World, tenant: &Tenant, smtp: &Smtp) {
    let state = world.settled(tenant, "evt_optional_custom_id").await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");

    let mails = smtp.messages();
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert_eq!(mails[0].from, "shop@example.org");
    assert_eq!(mails[0].to, ["user@example.com"]);
    assert_eq!(mails[0].subject(), "Order Confirmed: ORD-2026-1234");
    assert!(mails[0].html().contains("Your order <b>ORD-2026-1234</b> over $49.99 has been confirmed."));
    assert_eq!(mails[0].delivery(), state.channel("EMAIL").delivery_id);

    let texts = world.sandbox(tenant, "SMS").await;
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert_eq!(texts[0]["recipient"], "+254712345678");
    assert_eq!(texts[0]["body"], "Order Confirmed: order ORD-2026-1234, $49.99");
    assert_eq!(texts[0]["eventId"], "evt_optional_custom_id");

    let rows = world.history(tenant, "uuid-of-recipient").await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0]["id"], *state.notification_id);
    assert_eq!(rows[0]["type"], "order.confirmed");
    assert_eq!(rows[0]["title"], "Order Confirmed");
    assert_eq!(rows[0]["body"], "Your order ORD-2026-1234 has been confirmed.");
}

#[tokio::test]
async fn the_example_ends_as_an_email_an_sms_and_a_row_in_the_history() {
    let (world, smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    world.providers(tenant, "EMAIL", &json!([smtp.provider()])).await;
    let answer = world.trigger(tenant, &example()).await.expect(200);
    assert_eq!(
        answer.text(),
        r#"{"success":true,"message":"Event order.confirmed dispatched securely for YourTenantName"}"#
    );
    assert_delivered_once(&world, tenant, &smtp).await;
}

#[tokio::test]
async fn an_event_sent_twice_is_answered_the_same_and_delivered_once() {
    let (world, smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    world.providers(tenant, "EMAIL", &json!([smtp.provider()])).await;
    let first = world.trigger(tenant, &example()).await.expect(200);
    let at_once = world.trigger(tenant, &example()).await.expect(200);
    drop(world.drain().await);
    let later = world.trigger(tenant, &example()).await.expect(200);
    world.restart().await;
    let after_a_restart = world.trigger(tenant, &example()).await.expect(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    for repeat in [at_once, later, after_a_restart] {
        assert_eq!(repeat.body, first.body);
        assert_eq!(repeat.header("location"), first.header("location"));
        assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    }
    drop(world.drain().await);
    assert_delivered_once(&world, tenant, &smtp).await;
}

#[derive(Clone, Copy, Debug)]
enum Restart {
    InOrder,
    AsAPowerCut,
}

#[tokio::test]
async fn a_restart_between_any_two_steps_changes_nothing() {
    for how in [Restart::InOrder, Restart::AsAPowerCut] {
        let (world, smtp) = (World::start().await, Smtp::start());
        let again = async || match how {
            Restart::InOrder => world.restart().await,
            Restart::AsAPowerCut => {
                world.kill9().await;
                world.begin().await;
            }
        };
        let tenant = world.new_tenant(json!({"name": "YourTenantName", "webhookSecret": "s3cret"})).await;
        again().await;
        world.providers(&tenant, "EMAIL", &json!([smtp.provider()])).await;
        again().await;
        let email = json!({
            "subject": "{{ title }}: {{ orderNumber }}",
            "body": "<p>Your order <b>{{ orderNumber }}</b> over {{ amount }} has been confirmed.</p>",
        });
        drop(world.template(&tenant, "order.confirmed", "EMAIL", &email).await.expect(200));
        again().await;
        let sms = json!({"body": "{{ title }}: order {{ orderNumber }}, {{ amount }}"});
        drop(world.template(&tenant, "order.confirmed", "SMS", &sms).await.expect(200));
        let push =
            json!({"title": "{{ title }}", "body": "Your order {{ orderNumber }} has been confirmed."});
        drop(world.template(&tenant, "order.confirmed", "PUSH", &push).await.expect(200));
        again().await;
        drop(world.trigger(&tenant, &example()).await.expect(200));
        again().await;
        drop(world.drain().await);
        again().await;
        assert_delivered_once(&world, &tenant, &smtp).await;
        let row = &world.history(&tenant, "uuid-of-recipient").await[0];
        assert_eq!(row["status"], "UNREAD", "{how:?}");
        let read = format!(
            "/api/v1/notifications/{}/uuid-of-recipient/{}/read",
            tenant.id,
            row["id"].as_str().unwrap()
        );
        again().await;
        let answer = world.call(Request::put(read).key(&tenant.key)).await.expect(200);
        assert_eq!(answer.text(), r#"{"success":true}"#);
        again().await;
        assert_eq!(world.history(&tenant, "uuid-of-recipient").await[0]["status"], "READ", "{how:?}");
    }
}
