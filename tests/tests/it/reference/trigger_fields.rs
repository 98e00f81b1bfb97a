//! The fields of a trigger's body, and what is answered to a good one.

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use super::{global, post};

fn event(event_type: &str, variables: &Value) -> Value {
    json!({
        "eventType": event_type,
        "payload": {"userId": "u-1", "recipientEmail": "user@example.com", "recipientPhone": "+254712345678"},
        "variables": variables,
    })
}

/// What is said of a field's value, `null` if it is taken.
async fn said(world: &World, tenant: &Tenant, field: &str, value: &Value) -> Value {
    let mut body = global("u");
    body["payload"][field] = value.clone();
    let answer = world.trigger(tenant, &body).await;
    if answer.status == 200 {
        return Value::Null;
    }
    let (status, body) = answer.error();
    assert_eq!((status, &body["code"]), (422, &json!("validation_failed")), "{body}");
    assert_eq!(body["details"][0]["field"], format!("payload.{field}"), "{body}");
    body["details"][0]["message"].clone()
}

#[tokio::test]
async fn field_event_type() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    for event_type in ["one", "two"] {
        drop(
            world
                .template(&tenant, event_type, "SMS", &json!({"body": format!("this is {event_type}")}))
                .await
                .expect(200),
        );
    }
    for event_type in ["two", "one"] {
        let body =
            json!({"eventType": event_type, "payload": {"userId": "u", "recipientPhone": "+254712345678"}});
        let id = world.accept(&tenant, &body).await;
        let state = world.settled(&tenant, &id).await;
        assert_eq!(state.ends(), "EMAIL SKIPPED (no_template), SMS SENT, PUSH SKIPPED (no_template)");
        assert_eq!(world.sandbox(&tenant, "SMS").await[0]["body"], format!("this is {event_type}"));
    }
}

#[tokio::test]
async fn field_event_id() {
    let world = World::start().await;
    let tenant = world.tenant();
    let one = world.accept(tenant, &global("u")).await;
    let two = world.accept(tenant, &global("u")).await;
    assert!(one != two && one.parse::<uuid::Uuid>().is_ok(), "{one} {two}");
    let mut own = global("u");
    own["eventId"] = json!("evt/1 ü?#");
    assert_eq!(world.accept(tenant, &own).await, "evt/1 ü?#");
    let answer = world.trigger(tenant, &own).await.expect(200);
    let told = world
        .call(Request::get(answer.header("location").unwrap()).key(&tenant.key))
        .await
        .expect(200)
        .json();
    assert_eq!(told["data"]["eventId"], "evt/1 ü?#");
    drop(world.drain().await);
    assert_eq!(world.history(tenant, "u").await.len(), 3);
}

#[tokio::test]
async fn field_channels() {
    let world = World::start().await;
    let tenant = world.tenant();
    let mut body = order(1);
    body["channels"] = json!(["EMAIL"]);
    let id = world.accept(tenant, &body).await;
    assert_eq!(
        world.settled(tenant, &id).await.ends(),
        "EMAIL SENT, SMS SKIPPED (not_requested), PUSH SKIPPED (not_requested)"
    );
    assert_eq!(world.sandbox(tenant, "EMAIL").await[0]["recipient"], "user-1@example.org");
    let id = world.accept(tenant, &order(2)).await;
    assert_eq!(world.settled(tenant, &id).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    // The tenant's own delivery channels go before the request's.
    drop(world.change(tenant, &json!({"deliveryChannels": ["SMS"]})).await);
    let id = world.accept(tenant, &order(3)).await;
    assert_eq!(
        world.settled(tenant, &id).await.ends(),
        "EMAIL SKIPPED (not_whitelisted), SMS SENT, PUSH SKIPPED (not_whitelisted)"
    );
}

#[tokio::test]
async fn only_the_three_payload_fields_are_recognised() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    drop(
        world
            .template(&tenant, "e", "SMS", &json!({"body": "[{{ orderNumber }}][{{ payload.orderNumber }}]"}))
            .await
            .expect(200),
    );
    let body = json!({"eventType": "e", "payload": {"userId": "u", "recipientPhone": "+254712345678", "orderNumber": "1"}});
    let id = world.accept(&tenant, &body).await;
    let state = world.settled(&tenant, &id).await;
    assert_eq!(state.channel("SMS").missing_variables, ["orderNumber", "payload.orderNumber"]);
    assert_eq!(world.sandbox(&tenant, "SMS").await[0]["body"], "[][]");
}

#[tokio::test]
async fn field_variables() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    let body = "{{ userId }}|{{ recipientEmail }}|{{ recipientPhone }}|{{ a.b[1].c }}|{% for i in list %}{{ i }};{% endfor %}";
    drop(world.template(&tenant, "deep", "SMS", &json!({"body": body})).await.expect(200));
    let variables =
        json!({"recipientEmail": "of the variables", "a": {"b": [0, {"c": "deep"}]}, "list": [1, 2]});
    drop(world.accept(&tenant, &event("deep", &variables)).await);
    drop(world.drain().await);
    let sms = &world.sandbox(&tenant, "SMS").await[0];
    assert_eq!(sms["body"], "u-1|of the variables|+254712345678|deep|1;2;");
}

#[tokio::test]
async fn field_variables_global_event_types() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    for kind in ["info", "success", "warning", "alert", "error"] {
        let variables = json!({"title": format!("A {kind}"), "message": "It is <so>."});
        let id = world.accept(&tenant, &event(&format!("global.{kind}"), &variables)).await;
        let state = world.settled(&tenant, &id).await;
        assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
        assert!(state.channels.iter().all(|channel| channel.missing_variables.is_empty()));
    }
    let mails = world.sandbox(&tenant, "EMAIL").await;
    assert_eq!(mails[0]["subject"], "A error");
    assert!(mails[0]["body"].as_str().unwrap().contains("It is &lt;so&gt;."), "values are escaped in email");
    assert_eq!(world.sandbox(&tenant, "SMS").await[0]["body"], "A error: It is <so>.");
    let rows = world.history(&tenant, "u-1").await;
    assert_eq!(
        (rows.len(), &rows[0]["title"], &rows[0]["body"]),
        (5, &json!("A error"), &json!("It is <so>."))
    );
    drop(world.drain().await);
}

#[tokio::test]
async fn field_payload_user_id() {
    let world = World::start().await;
    let tenant = world.tenant();
    for (value, message) in [
        (json!(null), json!("is required")),
        (json!(""), json!("must not be empty")),
        (json!(7), json!("must be a string")),
        (json!("u\n"), json!("must not contain control characters")),
        (json!("u".repeat(256)), json!("must be at most 255 characters")),
        (json!("u".repeat(255)), json!(null)),
        (json!("a/b ü%?#\u{1F600}"), json!(null)),
    ] {
        assert_eq!(said(&world, tenant, "userId", &value).await, message, "{value}");
    }
    drop(world.drain().await);
    assert_eq!(world.history(tenant, "a/b ü%?#\u{1F600}").await.len(), 1);
}

#[tokio::test]
async fn field_payload_recipient_email() {
    let world = World::start().await;
    let tenant = world.tenant();
    for value in
        [json!("nobody"), json!(""), json!("a@b@c"), json!("a b@example.com"), json!("a@example.com\u{0}")]
    {
        let message = said(&world, tenant, "recipientEmail", &value).await;
        assert!(message.as_str().unwrap().starts_with("must be one email address"), "{value}: {message}");
    }
    assert_eq!(said(&world, tenant, "recipientEmail", &json!(7)).await, "must be a string");
    let id = world.accept(tenant, &global("u")).await;
    assert_eq!(
        world.settled(tenant, &id).await.ends(),
        "EMAIL SKIPPED (no_address), SMS SKIPPED (no_address), PUSH SENT"
    );
    let mut body = global("u");
    body["payload"]["recipientEmail"] = json!("user@example.com");
    let id = world.accept(tenant, &body).await;
    assert_eq!(world.settled(tenant, &id).await.ends(), "EMAIL SENT, SMS SKIPPED (no_address), PUSH SENT");
}

#[tokio::test]
async fn field_payload_recipient_phone() {
    let world = World::start().await;
    let tenant = world.tenant();
    for value in ["0712345678", "254712345678", "+0712345678", "+2547a", "", "+1234567890123456"] {
        let message = said(&world, tenant, "recipientPhone", &json!(value)).await;
        assert!(message.as_str().unwrap().contains("E.164"), "{value}: {message}");
    }
    assert_eq!(said(&world, tenant, "recipientPhone", &json!(254_712_345_678_u64)).await, "must be a string");
    let mut body = global("u");
    body["payload"]["recipientPhone"] = json!("+254712345678");
    let id = world.accept(tenant, &body).await;
    assert_eq!(world.settled(tenant, &id).await.ends(), "EMAIL SKIPPED (no_address), SMS SENT, PUSH SENT");
    assert_eq!(world.sandbox(tenant, "SMS").await[0]["recipient"], "+254712345678");
}

#[tokio::test]
async fn trigger_response_200() {
    let world = World::start().await;
    let answer = post(&world, Some(&world.tenant().key), &order(1).to_string()).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.text(),
        r#"{"success":true,"message":"Event order.confirmed dispatched securely for YourTenantName"}"#
    );
}
