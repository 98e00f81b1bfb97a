//! The API reference, row by row: its tables and its checklist, as far as the engine covers them today.
//!
//! `ROWS` names the test of each row; a row without one fails.

use base64::Engine as _;
use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::tenant::sign;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

/// Each row of the reference and the test that shows it.
const ROWS: &[(&str, &str)] = &[
    ("authentication: x-api-key", "a_missing_or_wrong_key_is_401_and_an_inactive_tenant_too"),
    ("trigger header Content-Type", "a_body_that_cannot_be_read_is_400_413_or_415"),
    ("trigger header x-api-key", "a_missing_or_wrong_key_is_401_and_an_inactive_tenant_too"),
    ("trigger header X-Orqestra-Signature", "with_a_webhook_secret_a_signature_over_the_raw_body_is_needed"),
    ("trigger header X-Idempotency-Key", "a_key_lasts_24_hours_and_an_event_id_for_ever"),
    ("trigger header X-Trace-Id", "a_trace_id_stands_in_the_metadata_of_the_event"),
    ("field eventType", "an_event_type_picks_the_templates"),
    ("field eventId", "an_event_id_is_made_where_it_is_omitted_and_never_for_two"),
    ("field channels", "channels_restrict_one_dispatch"),
    ("field payload.userId", "a_body_that_is_missing_fields_is_422_and_names_each"),
    ("field payload.recipientEmail", "without_an_address_the_channel_is_skipped"),
    ("field payload.recipientPhone", "without_an_address_the_channel_is_skipped"),
    ("field variables", "variables_of_any_depth_are_there_and_fall_back_to_the_routing_fields"),
    ("field variables, global.* types", "every_tenant_has_the_global_types_on_all_channels"),
    ("only the three payload fields are recognised", "of_the_payload_only_the_three_fields_are_recognised"),
    ("trigger response 200", "the_example_ends_as_an_email_an_sms_and_a_row_in_the_history"),
    ("error 401: key", "a_missing_or_wrong_key_is_401_and_an_inactive_tenant_too"),
    ("error 401: HMAC", "with_a_webhook_secret_a_signature_over_the_raw_body_is_needed"),
    ("error 401: inactive tenant", "a_missing_or_wrong_key_is_401_and_an_inactive_tenant_too"),
    ("error 422: eventType, payload, payload.userId", "a_body_that_is_missing_fields_is_422_and_names_each"),
    (
        "error 429 with Retry-After",
        "above_the_limit_of_a_minute_or_a_day_the_answer_is_429_with_the_seconds_to_wait",
    ),
    (
        "error 500: database",
        "a_server_that_crashes_and_comes_back_loses_nothing_and_meanwhile_the_answer_is_an_error",
    ),
    ("realtime token: headers and body", "a_realtime_token_is_for_one_user_for_two_hours"),
    ("realtime token: response", "a_realtime_token_is_for_one_user_for_two_hours"),
    ("history: x-api-key", "without_a_key_or_with_a_wrong_one_every_route_but_the_probes_answers_401"),
    ("history: limit", "a_history_has_50_rows_by_default_and_100_at_most"),
    ("history: offset", "the_history_is_newest_first_in_pages_by_offset_and_by_cursor"),
    ("history: response", "a_row_of_the_history_has_the_six_fields_of_the_reference"),
    (
        "history: PUSH only",
        "a_push_is_in_the_history_as_soon_as_its_event_says_sent_or_soon_after_and_other_channels_never",
    ),
    ("read: response", "read_shows_in_the_very_next_get_and_stays"),
    (
        "rate limit: per minute",
        "above_the_limit_of_a_minute_or_a_day_the_answer_is_429_with_the_seconds_to_wait",
    ),
    (
        "rate limit: daily cap",
        "above_the_limit_of_a_minute_or_a_day_the_answer_is_429_with_the_seconds_to_wait",
    ),
    ("checklist: HMAC signing", "with_a_webhook_secret_a_signature_over_the_raw_body_is_needed"),
    ("checklist: errors with retries", "a_repeat_costs_no_quota_and_is_answered_when_the_limit_is_reached"),
    ("checklist: a new token", "a_realtime_token_is_for_one_user_for_two_hours"),
    ("checklist: template variables", "a_missing_variable_renders_empty_and_is_reported_on_its_delivery"),
    ("checklist: idempotency", "an_event_sent_twice_is_answered_the_same_and_delivered_once"),
    (
        "checklist: Retry-After",
        "above_the_limit_of_a_minute_or_a_day_the_answer_is_429_with_the_seconds_to_wait",
    ),
];

#[test]
fn every_row_of_the_reference_has_its_test() {
    let sources = [
        include_str!("errors.rs"),
        include_str!("first_run.rs"),
        include_str!("idempotency.rs"),
        include_str!("isolation.rs"),
        include_str!("postgres.rs"),
        include_str!("reading.rs"),
        include_str!("reference.rs"),
        include_str!("templates.rs"),
    ];
    for (row, test) in ROWS {
        let defined = format!("fn {test}(");
        assert!(sources.iter().any(|source| source.contains(&defined)), "{row}: no test {test}");
    }
}

fn global(user: &str) -> Value {
    json!({"eventType": "global.info", "payload": {"userId": user}, "variables": {"title": "t", "message": "m"}})
}

#[tokio::test]
async fn a_trace_id_stands_in_the_metadata_of_the_event() {
    let world = World::start().await;
    let tenant = world.tenant();
    let headers = [
        ("x-trace-id", "trace-1"),
        ("x-request-id", "request-1"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let mut body = global("u");
    body["eventId"] = json!("traced");
    let answer = world.trigger_with(tenant, &body, &headers).await.expect(200);
    assert_eq!(answer.header("x-request-id"), Some("request-1"));
    drop(world.drain().await);
    let shown = world.launch().run(&["log", "show", "traced", "--tenant", &tenant.id.to_string()]);
    let first = String::from_utf8_lossy(&shown.stdout).lines().next().unwrap().to_owned();
    for value in ["\"trace-1\"", "\"request-1\"", "4bf92f3577b34da6a3ce929d0e0e4736"] {
        assert!(first.contains(value), "{value}: {first}");
    }
}

#[tokio::test]
async fn an_event_type_picks_the_templates() {
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
async fn an_event_id_is_made_where_it_is_omitted_and_never_for_two() {
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
async fn channels_restrict_one_dispatch() {
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
async fn without_an_address_the_channel_is_skipped() {
    let world = World::start().await;
    let tenant = world.tenant();
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
async fn of_the_payload_only_the_three_fields_are_recognised() {
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
async fn a_realtime_token_is_for_one_user_for_two_hours() {
    let secret = "a-secret-of-at-least-32-characters-for-tokens";
    let world = World::with(&[("ORQESTRA_CENTRIFUGO_TOKEN_SECRET", secret)]).await;
    let tenant = world.tenant();
    let token = async |body: &Value| {
        world.call(Request::post("/api/v1/auth/realtime-token").key(&tenant.key).json(body)).await
    };
    let answer = token(&json!({"userId": "uuid-of-logged-in-user"})).await.expect(200).json();
    assert_eq!(
        answer["channels"],
        json!(["global_system#uuid-of-logged-in-user", "orders#uuid-of-logged-in-user"])
    );
    assert_eq!(answer.as_object().unwrap().len(), 2);
    let jwt = answer["token"].as_str().unwrap();
    let parts: Vec<_> = jwt.split('.').collect();
    let decode = |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    let claims: Value = serde_json::from_slice(&decode(parts[1])).unwrap();
    assert_eq!(header["alg"], "HS256");
    assert_eq!(claims["sub"], "uuid-of-logged-in-user");
    assert!(claims.get("channels").is_none(), "{claims}");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7_200);
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert_eq!(hex::encode(decode(parts[2])), sign(secret, signed.as_bytes()));
    let (status, body) = token(&json!({})).await.error();
    assert_eq!((status, &body["details"]), (422, &json!([{"field": "userId", "message": "is required"}])));
}

#[tokio::test]
async fn a_history_has_50_rows_by_default_and_100_at_most() {
    let world = World::start().await;
    let tenant = world.tenant();
    for _ in 0..105 {
        drop(world.accept(tenant, &global("u")).await);
    }
    drop(world.drain().await);
    wait::until("all rows", std::time::Duration::from_secs(10), async || {
        (world.history(tenant, "u").await.len() == 105).then_some(())
    })
    .await;
    for (query, rows) in [
        ("", 50),
        ("?limit=1", 1),
        ("?limit=100", 100),
        ("?limit=1000", 100),
        ("?limit=100&offset=100", 5),
        ("?offset=200", 0),
    ] {
        let path = format!("/api/v1/notifications/{}/u{query}", tenant.id);
        let answer = world.call(Request::get(path).key(&tenant.key)).await.expect(200).json();
        assert_eq!(answer["data"].as_array().unwrap().len(), rows, "{query}");
        assert_eq!(answer["success"], true);
    }
    for query in ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=x"] {
        let path = format!("/api/v1/notifications/{}/u?{query}", tenant.id);
        let (status, error) = world.call(Request::get(path).key(&tenant.key)).await.error();
        assert_eq!((status, &error["code"]), (422, &json!("validation_failed")), "{query}");
    }
}

#[tokio::test]
async fn a_row_of_the_history_has_the_six_fields_of_the_reference() {
    let (world, _smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    drop(world.accept(tenant, &order(1)).await);
    drop(world.drain().await);
    let state = world.event(tenant, "order-1").await;
    let answer = world
        .call(Request::get(format!("/api/v1/notifications/{}/user-1", tenant.id)).key(&tenant.key))
        .await;
    let mut body = answer.expect(200).json();
    let created = body["data"][0]["created_at"].take();
    let created = created.as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z') && created.starts_with("20"), "{created}");
    assert_eq!(
        body,
        json!({
            "success": true,
            "data": [{
                "id": state.notification_id,
                "type": "order.confirmed",
                "title": "Order Confirmed",
                "body": "Your order ORD-1 has been confirmed.",
                "status": "UNREAD",
                "created_at": null,
            }],
        })
    );
}
