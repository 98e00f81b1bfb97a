//! The headers of a trigger.

use orqestra_tests::http::Request;
use orqestra_tests::load::{sms, with_id};
use orqestra_tests::tenant::sign;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

use super::{expected, global, refuses_other_keys};

const KEY: &str = "x-idempotency-key";

fn push() -> Value {
    global("u")
}

#[tokio::test]
async fn trigger_header_x_trace_id() {
    let world = World::start().await;
    let tenant = world.tenant();
    let (request_id, trace_id) = ("0199f0a2-7c1e-7d40-9f0e-3f6b1c2d4e5f", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let headers = [
        ("x-trace-id", trace_id),
        ("x-request-id", request_id),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let mut body = global("u");
    body["eventId"] = json!("traced");
    let answer = world.trigger_with(tenant, &body, &headers).await.expect(200);
    assert_eq!(answer.header("x-request-id"), Some(request_id));
    // Ids of any form are told back, and found by those who know them.
    let named = [("x-trace-id", "jane.doe"), ("x-request-id", "+254712345678")];
    let answer = world.trigger_with(tenant, &with_id(global("u"), "named"), &named).await.expect(200);
    assert_eq!(answer.header("x-request-id"), Some("+254712345678"));
    drop(world.drain().await);
    for id in ["jane.doe", "+254712345678"] {
        let found = world.launch().run(&["log", "find", id, "--tenant", &tenant.id.to_string()]);
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(
            found.contains("NotificationAccepted") && found.contains("AttemptSucceeded"),
            "{id}: {found}"
        );
        assert!(!found.contains(id), "{found}");
        assert!(!world.engine().log().contains(id), "{id} stands in a log line");
    }
    let shown = world.launch().run(&["log", "show", "traced", "--tenant", &tenant.id.to_string()]);
    let first = String::from_utf8_lossy(&shown.stdout).lines().next().unwrap().to_owned();
    for value in [trace_id, request_id, "4bf92f3577b34da6a3ce929d0e0e4736"] {
        assert!(first.contains(value), "{value}: {first}");
    }
}

#[tokio::test]
async fn trigger_header_x_orqestra_signature() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({"webhookSecret": "s3cret"})).await;
    let body = push().to_string();
    let signed = async |signature: Option<&str>, body: &str| {
        let request = Request::post(TRIGGER).key(&tenant.key).text(body);
        let request = signature
            .into_iter()
            .fold(request, |request, signature| request.header("x-orqestra-signature", signature));
        world.call(request).await
    };
    let refused = expected(
        401,
        "Unauthorized",
        "invalid_signature",
        "The X-Orqestra-Signature header is missing or wrong",
    );
    let right = sign("s3cret", body.as_bytes());
    let other_secret = sign("secret", body.as_bytes());
    for wrong in [None, Some(""), Some("zz"), Some(&right[1..]), Some(&*other_secret)] {
        assert_eq!(signed(wrong, &body).await.error(), refused, "{wrong:?}");
    }
    assert_eq!(signed(Some(&right), &format!("{body} ")).await.error(), refused, "another byte");
    drop(signed(Some(&right), &body).await.expect(200));
    // Reading is not signed, and a tenant that gave its secret up needs no signature.
    assert!(world.history(&tenant, "nobody").await.is_empty());
    drop(world.change(&tenant, &json!({"webhookSecret": null})).await);
    drop(signed(None, &body).await.expect(200));
    // A signature is asked for before the body is understood.
    drop(world.change(&tenant, &json!({"webhookSecret": "s3cret"})).await);
    assert_eq!(signed(None, "{").await.error(), refused);
}

#[tokio::test]
async fn trigger_header_x_idempotency_key() {
    let world = World::start().await;
    let tenant = world.tenant();
    let body = with_id(sms("u-1"), "e");
    drop(world.trigger_with(tenant, &sms("u-1"), &[(KEY, "k")]).await.expect(200));
    drop(world.trigger(tenant, &body).await.expect(200));
    let hours: f64 = sqlx::query_scalar(
        "select extract(epoch from expires_at - clock_timestamp())::float8 / 3600 from idempotency_keys
          where tenant_id = $1",
    )
    .bind(tenant.id)
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert!((23.9..=24.0).contains(&hours), "{hours}");
    // A day later, as far as the database can tell, and in a process that remembers nothing.
    world.sigterm().await;
    sqlx::query("update idempotency_keys set expires_at = clock_timestamp() - interval '1 second'")
        .execute(world.pool())
        .await
        .unwrap();
    world.begin().await;
    let by_key = world.trigger_with(tenant, &sms("u-2"), &[(KEY, "k")]).await.expect(200);
    assert_eq!(by_key.header("idempotency-replayed"), None);
    let by_id = world.trigger(tenant, &body).await.expect(200);
    assert_eq!(by_id.header("idempotency-replayed"), Some("true"));
    let again = world.trigger_with(tenant, &sms("u-2"), &[(KEY, "k")]).await.expect(200);
    assert_eq!(again.header("location"), by_key.header("location"));
    assert_eq!(world.texted(tenant).await, 3);
}

#[tokio::test]
async fn authentication_x_api_key() {
    let world = World::start().await;
    let tenant = world.tenant();
    let user = format!("/api/v1/notifications/{}/u", tenant.id);
    for request in [
        Request::post(TRIGGER).json(&global("u")),
        Request::post("/api/v1/auth/realtime-token").json(&json!({"userId": "u"})),
        Request::get(&user),
        Request::put(format!("{user}/{}/read", tenant.id)),
        Request::get("/api/v1/events/e"),
    ] {
        refuses_other_keys(&world, request.clone()).await;
        let answer = world.call(request.clone().key(&tenant.key)).await;
        assert_ne!(answer.status, 401, "{request:?}");
        let both = world.call(request.clone().key(&tenant.key).key(&tenant.key)).await;
        assert_eq!(both.error().1["code"], "invalid_api_key", "{request:?}");
        // A key is no bearer token, and no part of the query.
        assert_eq!(world.call(request.bearer(&tenant.key)).await.error().1["code"], "missing_api_key");
    }
}

#[tokio::test]
async fn trigger_header_x_api_key() {
    let world = World::start().await;
    refuses_other_keys(&world, Request::post(TRIGGER).json(&push())).await;
    drop(world.trigger(world.tenant(), &push()).await.expect(200));
    drop(world.drain().await);
    assert_eq!(world.accepted().len(), 1);
}
