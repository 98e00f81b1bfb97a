//! Triggers and what becomes of them, from the request to every channel's end.

use axum::http::{Method, StatusCode};
use orqestra_domain::TenantId;
use orqestra_event_log::Position;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, order, sign};

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_answered_as_the_reference_says() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "YourTenantName"})).await;
    let answer = world.trigger(&tenant, &[], &order("evt/1 ü")).await;
    insta::assert_snapshot!(
        answer.shown(),
        @r#"200 {"success":true,"message":"Event order.confirmed dispatched securely for YourTenantName"}"#
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("location"), Some("/api/v1/events/evt%2F1%20%C3%BC"));
    assert_eq!(answer.header("x-request-id"), Some("req-1"));
    assert_eq!(answer.header("idempotency-replayed"), None);
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(world.get(&tenant, &location).await.json()["data"]["eventId"], "evt/1 ü");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_without_an_event_id_gets_one() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop"})).await;
    let body = json!({"eventType": "order.confirmed", "payload": {"userId": "u-1"}});
    let first = world.trigger(&tenant, &[], &body).await;
    let second = world.trigger(&tenant, &[], &body).await;
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
    assert_ne!(first.header("location"), second.header("location"));
    let state = world.get(&tenant, first.header("location").unwrap()).await;
    assert_eq!(state.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_representation_adds_ids_and_plan() {
    let world = World::new().await;
    let shop = world.shop().await;
    let body = json!({
        "eventType": "order.confirmed", "eventId": "evt-1", "channels": ["EMAIL", "SMS"],
        "payload": {"userId": "u-1", "recipientEmail": "user@example.com"},
    });
    let answer = world.trigger(&shop, &[("prefer", "return=representation")], &body).await;
    assert_eq!(answer.header("preference-applied"), Some("return=representation"));
    let body = answer.json();
    assert_eq!(body["eventId"], "evt-1");
    let plan: Vec<_> = body["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["channel"], &line["status"], &line["reason"]))
        .collect();
    assert_eq!(
        plan,
        [
            (&json!("EMAIL"), &json!("PLANNED"), &Value::Null),
            (&json!("SMS"), &json!("SKIPPED"), &json!("no_address")),
            (&json!("PUSH"), &json!("SKIPPED"), &json!("not_requested")),
        ]
    );
    assert_eq!(body["plan"][0]["template"]["version"], 1);
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    assert_eq!(state["data"]["notificationId"], body["notificationId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_ends_as_an_email_a_message_and_a_row_of_the_history() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let mut body = order("evt-1");
    body["variables"] = json!({"number": "A-1"});
    assert_eq!(world.trigger(&shop, &[], &body).await.status, StatusCode::OK);
    world.drain(&shop, &["evt-1"]).await;
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    let channels: Vec<_> = state["data"]["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| (&state["channel"], &state["status"], &state["provider"], &state["attempts"]))
        .collect();
    assert_eq!(
        channels,
        [
            (&json!("EMAIL"), &json!("SENT"), &json!("sandbox"), &json!(1)),
            (&json!("SMS"), &json!("SENT"), &json!("sandbox"), &json!(1)),
            (&json!("PUSH"), &json!("SENT"), &json!("hub"), &json!(1)),
        ]
    );
    assert_eq!(state["data"]["channels"][2]["missingVariables"], json!(["name"]));
    assert_eq!(state["data"]["channels"][0]["missingVariables"], Value::Null);
    let path = format!("/api/v1/notifications/{}/u-1", shop.tenant);
    let history = world.get(&shop, &path).await;
    let id = history.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let expected = format!(
        r#"200 {{"success":true,"data":[{{"id":"{id}","type":"order.confirmed","title":"Order A-1","body":"Confirmed, ","status":"UNREAD","created_at":"2026-11-24T12:00:00Z"}}]}}"#
    );
    assert_eq!(history.shown(), expected);
    assert_eq!(state["data"]["notificationId"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_a_secret_must_sign_the_raw_body() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop", "webhookSecret": "s3cret"})).await;
    let body = order("evt-1");
    assert_eq!(world.trigger(&tenant, &[], &body).await.status, StatusCode::OK);
    let mut unsigned = tenant.clone();
    unsigned.secret = None;
    let refused = world.trigger(&unsigned, &[], &body).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"401 {"statusCode":401,"error":"Unauthorized","message":"The X-Orqestra-Signature header is missing or wrong","code":"invalid_signature","requestId":"req-1"}"#
    );
    let right = sign("s3cret", &body.to_string());
    let wrong = sign("other", &body.to_string());
    let other_body = sign("s3cret", &order("evt-2").to_string());
    for bad in [&[wrong.as_str()][..], &[&other_body], &[&right, &right], &[&right[1..]], &[""]] {
        let headers: Vec<_> = bad.iter().map(|value| ("x-orqestra-signature", *value)).collect();
        assert_eq!(
            world.trigger(&unsigned, &headers, &body).await.status,
            StatusCode::UNAUTHORIZED,
            "{bad:?}"
        );
    }
    let upper = right.to_uppercase();
    let passed = world.trigger(&unsigned, &[("x-orqestra-signature", &upper)], &body).await;
    assert_eq!(passed.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_and_its_trace_stand_in_the_events_metadata() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop"})).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (request_id, trace_id) = ("0199f0a2-7c1e-7d40-9f0e-3f6b1c2d4e5f", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let headers = [("x-request-id", request_id), ("x-trace-id", trace_id), ("traceparent", trace)];
    assert_eq!(world.trigger(&tenant, &headers, &order("evt-1")).await.status, StatusCode::OK);
    let log = world.commands.log();
    let head = log.fetch_head().await.unwrap();
    let last = log.read_after(Position::new(head.get() - 1), 1).await.unwrap().remove(0);
    let metadata = |name: &str| last.metadata.get(name);
    assert_eq!(metadata("requestId").as_deref(), Some(request_id));
    assert_eq!(metadata("traceId").as_deref(), Some(trace_id));
    assert_eq!((metadata("requestRef"), metadata("traceRef")), (None, None));
    assert_eq!(metadata("traceparent").as_deref(), Some(trace));
    assert!(metadata("actor").unwrap().starts_with("api-key:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_may_be_personal_is_told_back_and_stands_in_the_log_as_an_hmac_alone() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop"})).await;
    let log = world.commands.log();
    world.commands.seed_platform().await.unwrap();
    let index = world.commands.directory().tenant(tenant.tenant.parse().unwrap()).unwrap().index.clone();
    let operators = world.commands.directory().tenant(TenantId::PLATFORM).unwrap().index.clone();
    let padded = hex::encode("user@example.com");
    for (number, id) in [
        "jane.doe",
        "user@example.com",
        "+254712345678",
        "254712345678",
        "req-17/jane-doe",
        "dXNlckBleGFtcGxlLmNvbQ==",
        padded.as_str(),
        "00000000000000000000254712345678",
        "00000000-0000-0000-0000-254712345678",
        "254712345678abcdef0123456789abcd",
    ]
    .into_iter()
    .enumerate()
    {
        let before = log.fetch_head().await.unwrap();
        let parent = format!("00-{padded}-00f067aa0ba902b7-01");
        let headers = [
            ("x-request-id", id),
            ("x-trace-id", id),
            ("traceparent", parent.as_str()),
            ("prefer", "return=representation"),
        ];
        let answer = world.trigger(&tenant, &headers, &order(&format!("evt-{number}"))).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (StatusCode::OK, Some(id)));
        let asked = [("x-request-id", id), ("x-trace-id", id), ("traceparent", TRACE)];
        let path = format!("/admin/v1/tenants/{}", tenant.tenant);
        let body = json!({"name": format!("Shop {number}")});
        let changed = world.operator(Method::PATCH, &path, &asked, Some(&body)).await;
        assert_eq!(changed.status, StatusCode::OK);
        // What an operator reads is on record by the same ids.
        let path = format!("{path}/events/{}", answer.json()["notificationId"].as_str().unwrap());
        let looked = world.operator(Method::GET, &path, &asked, None).await;
        let reason = json!({"reason": "ticket 311"});
        let explained =
            world.operator(Method::POST, &format!("{path}/explanation"), &asked, Some(&reason)).await;
        assert_eq!((looked.status, explained.status), (StatusCode::OK, StatusCode::OK));
        let events = log.read_after(before, 100).await.unwrap();
        let mut by = Vec::new();
        for event in events {
            let metadata = event.metadata.entries();
            let text = event.metadata.text();
            assert!(!text.contains(id) && !text.contains(&padded), "{id}: {text}");
            let key = if metadata["actor"].starts_with("admin:") { &operators } else { &index };
            let reference = key.caller_id_ref(id).to_string();
            assert_eq!(metadata["requestRef"], reference);
            assert_eq!(metadata["traceRef"], reference);
            assert!(Uuid::try_parse(&metadata["requestId"]).is_ok());
            by.push(metadata["actor"].split(':').next().unwrap().to_owned());
        }
        assert!(by.contains(&"api-key".to_owned()), "{by:?}");
        assert_eq!(by.iter().filter(|actor| *actor == "admin").count(), 3, "{by:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_traceparent_that_is_not_valid_is_not_kept_and_refuses_nothing() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop"})).await;
    let headers = [("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")];
    assert_eq!(world.trigger(&tenant, &headers, &order("evt-1")).await.status, StatusCode::OK);
    let log = world.commands.log();
    let head = log.fetch_head().await.unwrap();
    let last = log.read_after(Position::new(head.get() - 1), 1).await.unwrap().remove(0);
    assert_eq!(last.metadata.get("traceparent"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_may_hold_any_character_and_a_name_no_control() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    let mut body = order("evt-1");
    body["variables"]["name"] = json!("A\u{0}da \u{1F600}");
    assert_eq!(world.trigger(&shop, &[], &body).await.status, StatusCode::OK);
    world.drain(&shop, &["evt-1"]).await;
    let history = world.get(&shop, &format!("/api/v1/notifications/{}/u-1", shop.tenant)).await.json();
    assert_eq!(history["data"][0]["body"], "Confirmed, A\u{0}da \u{1F600}");
    body["payload"]["userId"] = json!("u\u{0}1");
    let refused = world.trigger(&shop, &[], &body).await.json();
    assert_eq!(refused["message"], "payload.userId must not contain control characters");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_caller_cannot_choose_is_made() {
    let world = World::new().await;
    let tenant = world.tenant(&json!({"name": "Shop"})).await;
    for bad in ["", "a b", &"x".repeat(129)] {
        let request = axum::http::Request::builder()
            .uri("/api/v1/events/none")
            .header("x-api-key", &tenant.key)
            .header("x-request-id", bad)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = world.send(request).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id.len(), 36, "{bad}");
        assert_eq!(answer.json()["requestId"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_id_is_trigger_is_told_at_its_location() {
    let world = World::new().await;
    let shop = world.shop().await;
    assert_eq!(world.get(&shop, "/api/v1/events/trigger").await.json()["code"], "unknown_event");
    let answer = world.trigger(&shop, &[], &order("trigger")).await;
    let told = world.get(&shop, answer.header("location").unwrap()).await;
    assert_eq!((told.status, &told.json()["data"]["eventId"]), (StatusCode::OK, &json!("trigger")));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_a_double_cannot_tell_apart_are_different_bodies() {
    let world = World::new().await;
    let shop = world.shop().await;
    let with = |number: u64| {
        let mut body = order("evt-1");
        body["variables"]["number"] = json!(number);
        body
    };
    assert_eq!(world.trigger(&shop, &[], &with((1 << 53) + 1)).await.status, StatusCode::OK);
    let again = world.trigger(&shop, &[], &with((1 << 53) + 1)).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = world.trigger(&shop, &[], &with(1 << 53)).await;
    assert_eq!(other.json()["code"], "event_id_reused");
}
