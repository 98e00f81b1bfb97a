//! Templates: the platform's, the tenant's own, what is missing, what is hostile.

use orqestra_tests::http::Request;
use orqestra_tests::load::addressed;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::wait;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::json;

const WITHIN: std::time::Duration = std::time::Duration::from_mins(1);

#[tokio::test]
async fn a_tenants_own_template_goes_before_the_platforms_and_a_newer_version_before_an_older() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    let variables = json!({"title": "t", "message": "m"});
    for version in 1..=2 {
        let content = json!({"body": format!("own {version} {{{{ message }}}}")});
        let saved = world.template(&tenant, "global.info", "SMS", &content).await.expect(200);
        assert_eq!(saved.json()["version"], version);
        let id = world.accept(&tenant, &addressed("global.info", &variables)).await;
        assert_eq!(world.settled(&tenant, &id).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
        assert_eq!(world.sandbox(&tenant, "SMS").await[0]["body"], format!("own {version} m"));
    }
    // Another tenant still has the platform's.
    let other = world.new_tenant(json!({})).await;
    drop(world.accept(&other, &addressed("global.info", &variables)).await);
    drop(world.drain().await);
    assert_eq!(world.sandbox(&other, "SMS").await[0]["body"], "t: m");
}

#[tokio::test]
async fn an_own_template_that_is_switched_off_is_a_skip_and_no_template_at_all_too() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    drop(
        world
            .template(&tenant, "global.info", "SMS", &json!({"body": "x", "active": false}))
            .await
            .expect(200),
    );
    let id = world.accept(&tenant, &addressed("global.info", &json!({"title": "t", "message": "m"}))).await;
    let state = world.settled(&tenant, &id).await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SKIPPED (template_inactive), PUSH SENT");
    let id = world.accept(&tenant, &addressed("never.heard.of", &json!({}))).await;
    let state = world.settled(&tenant, &id).await;
    assert_eq!(
        state.ends(),
        "EMAIL SKIPPED (no_template), SMS SKIPPED (no_template), PUSH SKIPPED (no_template)"
    );
    drop(world.drain().await);
}

#[tokio::test]
async fn an_email_has_an_mjml_or_html_body_and_a_text_beside_it() {
    let (world, smtp) = (World::start().await, Smtp::start());
    let tenant = world.new_tenant(json!({})).await;
    world.providers(&tenant, "EMAIL", &json!([smtp.provider()])).await;
    let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ name }}</mj-text></mj-column></mj-section></mj-body></mjml>";
    drop(
        world
            .template(&tenant, "mail", "EMAIL", &json!({"subject": "Grüße, {{ name }}", "body": mjml}))
            .await
            .expect(200),
    );
    let variables = json!({"name": "<b>Zoë</b>\r\nBcc: other@example.com"});
    drop(world.accept(&tenant, &addressed("mail", &variables)).await);
    drop(world.drain().await);
    let mail = &smtp.messages()[0];
    assert_eq!(mail.to, ["user@example.com"], "a variable adds no recipient");
    assert!(!mail.headers.contains_key("bcc"), "nor a header: {mail:#?}");
    assert!(mail.subject().starts_with("Grüße, <b>Zoë</b>"), "{}", mail.subject());
    assert!(mail.html().contains("Dear &lt;b&gt;Zoë&lt;/b&gt;"), "{}", mail.html());
    assert!(mail.bodies["text/plain"].contains("Dear <b>Zoë</b>"), "{mail:#?}");
}

#[tokio::test]
async fn a_template_that_does_not_parse_cannot_be_saved_and_the_old_one_stays() {
    let world = World::start().await;
    let tenant = world.tenant();
    let refused =
        world.template(tenant, "order.confirmed", "SMS", &json!({"body": "Hello\n  {% if x %}"})).await;
    let (status, body) = refused.error();
    assert_eq!(
        (status, &body["code"], &body["details"][0]["field"]),
        (422, &json!("validation_failed"), &json!("body"))
    );
    assert!(body["details"][0]["line"].is_u64(), "{body}");
    let id = world
        .accept(
            tenant,
            &addressed("order.confirmed", &json!({"title": "a", "orderNumber": "b", "amount": "c"})),
        )
        .await;
    drop(world.settled(tenant, &id).await);
    assert_eq!(world.sandbox(tenant, "SMS").await[0]["body"], "a: order b, c");
    drop(world.drain().await);
}

#[tokio::test]
async fn a_hostile_template_ends_its_own_delivery_and_disturbs_nobody() {
    let world = World::start().await;
    let (hostile, other) =
        (world.new_tenant(json!({"name": "Hostile"})).await, world.new_tenant(json!({})).await);
    let endless = "{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}x{% endfor %}{% endfor %}{% endfor %}";
    drop(world.template(&hostile, "bomb", "SMS", &json!({"body": endless})).await.expect(200));
    for number in 0..20 {
        drop(world.accept(&hostile, &addressed("bomb", &json!({"number": number}))).await);
    }
    let id = world.accept(&other, &addressed("global.info", &json!({"title": "t", "message": "m"}))).await;
    assert_eq!(world.settled(&other, &id).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    for ((tenant, _), state) in world.drain().await {
        if tenant == hostile.id {
            let sms = state.channel("SMS");
            assert!(sms.status == "FAILED" || sms.reason.as_deref() == Some("too_large"), "{}", state.ends());
            assert!(sms.attempts.is_empty(), "nothing was sent");
        }
    }
    assert!(world.sandbox(&hostile, "SMS").await.is_empty());
}

#[tokio::test]
async fn a_number_is_read_with_the_digits_that_were_sent() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    let source =
        "{{ n }} {{ price | times: 3 }} {{ ['first name'] }}{% if tags contains 'vip' %}!{% endif %}";
    drop(world.template(&tenant, "numbers", "SMS", &json!({"body": source})).await.expect(200));
    for number in [
        "18446744073709551615",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "49.90",
        "0.30000000000000000001",
    ] {
        let body = format!(
            "{{ \"eventType\": \"numbers\", \"payload\": {{\"userId\": \"u\", \"recipientPhone\": \"+254712345678\"}},
               \"variables\": {{ \"n\" : {number}, \"price\": 19.99, \"first name\": \"Ada\" }} }}"
        );
        drop(world.call(Request::post(TRIGGER).key(&tenant.key).text(body)).await.expect(200));
        let text = format!("{number} 59.97 Ada");
        wait::until("the text message", WITHIN, async || {
            let kept = world.sandbox(&tenant, "SMS").await;
            kept.iter().any(|message| message["body"] == text).then_some(())
        })
        .await;
    }
}
