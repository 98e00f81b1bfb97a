//! The API takes lists of providers in order, and shows them without their secrets.

use axum::http::{Method, StatusCode};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use serde_json::json;

use crate::world::{World, order};

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_set_in_order_and_their_passwords_never_shown() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}/providers", shop.tenant);
    let list = json!([
        {"kind": "smtp", "host": "127.0.0.1", "port": 1025, "tls": "none", "from": "Shop <shop@example.org>",
            "username": "u", "password": "p4ssword"},
        {"kind": "sandbox"},
    ]);
    let put = world.admin(Method::PUT, &format!("{path}/EMAIL"), Some(&list)).await.json();
    let shown = world.admin(Method::GET, &format!("{path}/EMAIL"), None).await.json();
    assert_eq!(put, shown);
    let (smtp, sandbox) = (&put["providers"][0]["instance"], &put["providers"][1]["instance"]);
    assert_eq!(sandbox, &json!(SANDBOX_INSTANCE.to_string()));
    assert_eq!(
        put,
        json!({"channel": "EMAIL", "providers": [
            {"kind": "smtp", "instance": smtp, "host": "127.0.0.1", "port": 1025, "tls": "none",
                "from": "Shop <shop@example.org>", "username": "u", "passwordSet": true},
            {"kind": "sandbox", "instance": sandbox},
        ]})
    );
    let again = world.admin(Method::PUT, &format!("{path}/EMAIL"), Some(&list)).await.json();
    assert_eq!(again, put, "the same list keeps its instances");
    let usual = world.admin(Method::GET, &format!("{path}/SMS"), None).await.json();
    assert_eq!(usual["providers"], json!([{"kind": "sandbox", "instance": sandbox}]));
    let unknown = world.admin(Method::GET, &format!("{path}/FAX"), None).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong_channel = world.admin(Method::PUT, &format!("{path}/SMS"), Some(&list)).await;
    insta::assert_snapshot!(
        wrong_channel.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"[0].kind must carry SMS, which smtp does not","code":"validation_failed","requestId":"req-1","details":[{"field":"[0].kind","message":"must carry SMS, which smtp does not"}]}"#
    );
    let sid = format!("AC{}", "0".repeat(32));
    let accounts = json!([
        {"kind": "twilio", "accountSid": sid, "authToken": "t0ken", "from": "+15005550006", "limits": {"perSecond": 1}},
        {"kind": "africastalking", "username": "shop", "apiKey": "k3y", "webhookSecret": "s3cret-0123456789",
            "baseUrl": "http://127.0.0.1:9", "allowLoopback": true},
    ]);
    let put = world.admin(Method::PUT, &format!("{path}/SMS"), Some(&accounts)).await.json();
    let shown = world.admin(Method::GET, &format!("{path}/SMS"), None).await.json();
    assert_eq!(put, shown);
    let instance = |at: usize| &put["providers"][at]["instance"];
    assert_eq!(
        put["providers"],
        json!([
            {"kind": "twilio", "instance": instance(0), "accountSid": sid, "from": "+15005550006", "keySet": true,
                "limits": {"perSecond": 1}},
            {"kind": "africastalking", "instance": instance(1), "username": "shop", "keySet": true,
                "webhookSecretSet": true, "baseUrl": "http://127.0.0.1:9", "allowLoopback": true},
        ])
    );
    let again = world.admin(Method::PUT, &format!("{path}/SMS"), Some(&accounts)).await.json();
    assert_eq!(again, put, "the same accounts keep their instances");
    world.admin(Method::PUT, &format!("{path}/SMS"), Some(&json!([]))).await;
    let answer = world.trigger(&shop, &[("prefer", "return=representation")], &order("evt-1")).await.json();
    assert_eq!(answer["plan"][1]["reason"], "no_provider");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_the_provider_did_and_is_answered_200_whatever_that_was() {
    let world = World::new().await;
    let shop = world.shop().await;
    let tests = |channel| format!("/admin/v1/tenants/{}/providers/{channel}/test", shop.tenant);
    let test = async |channel, to: &str| {
        let answer = world.admin(Method::POST, &tests(channel), Some(&json!({"to": to}))).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let mut body = answer.json();
        assert!(body["durationMs"].is_u64(), "{body}");
        body["durationMs"] = json!(0);
        body
    };
    let sandbox = SANDBOX_INSTANCE.to_string();
    let taken = test("EMAIL", "user@example.com").await;
    let id = &taken["providerMessageId"];
    assert_eq!(
        taken,
        json!({"channel": "EMAIL", "provider": "sandbox", "instance": sandbox, "outcome": "taken",
            "providerMessageId": id, "durationMs": 0})
    );
    assert_eq!(
        test("SMS", "+15005550003").await,
        json!({"channel": "SMS", "provider": "sandbox", "instance": sandbox, "outcome": "refused",
            "cause": "sandbox_hard_bounce", "scope": "message", "durationMs": 0})
    );
    assert_eq!(
        test("SMS", "+15005550005").await,
        json!({"channel": "SMS", "provider": "sandbox", "instance": sandbox, "outcome": "throttled",
            "cause": "sandbox_rate_limited", "scope": "throttled", "retryAfterSeconds": 10, "durationMs": 0})
    );
    // Switched off, it can be tested too.
    let off = json!({"active": false});
    world.admin(Method::PATCH, &format!("/admin/v1/tenants/{}", shop.tenant), Some(&off)).await;
    assert_eq!(test("EMAIL", "user@example.com").await["outcome"], "taken");
    let listed = format!("/admin/v1/sandbox/messages?tenantId={}", shop.tenant);
    let listed = world.admin(Method::GET, &listed, None).await.json();
    let kept = listed["data"].as_array().unwrap();
    assert_eq!(kept.len(), 2);
    let first = kept.iter().find(|message| message["deliveryId"] == *id).expect("the first test is kept");
    assert_eq!(first["subject"], "Test message of Orqestra");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_cannot_be_made_is_refused_by_a_code_of_its_own() {
    let world = World::new().await;
    let shop = world.shop().await;
    let providers = |channel: &str| format!("/admin/v1/tenants/{}/providers/{channel}", shop.tenant);
    let test = async |channel: &str, body: serde_json::Value| {
        world.admin(Method::POST, &format!("{}/test", providers(channel)), Some(&body)).await
    };
    insta::assert_snapshot!(
        test("EMAIL", json!({"to": "+254712345678", "instance": "x"})).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"to must be one email address, as in user@example.com, of at most 254 bytes; instance must be a UUID, as the list of providers tells it","code":"validation_failed","requestId":"req-1","details":[{"field":"to","message":"must be one email address, as in user@example.com, of at most 254 bytes"},{"field":"instance","message":"must be a UUID, as the list of providers tells it"}]}"#
    );
    insta::assert_snapshot!(
        test("PUSH", json!({"to": "u-1"})).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"channel must be EMAIL or SMS: no provider carries PUSH","code":"validation_failed","requestId":"req-1","details":[{"field":"channel","message":"must be EMAIL or SMS: no provider carries PUSH"}]}"#
    );
    let elsewhere = "0190b5a0-0000-7000-8000-00000000ffff";
    insta::assert_snapshot!(
        test("SMS", json!({"to": "+254712345678", "instance": elsewhere})).await.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such provider","code":"unknown_provider","requestId":"req-1"}"#
    );
    world.admin(Method::PUT, &providers("SMS"), Some(&json!([]))).await;
    insta::assert_snapshot!(
        test("SMS", json!({"to": "+254712345678"})).await.shown(),
        @r#"409 {"statusCode":409,"error":"Conflict","message":"The channel has no provider","code":"no_provider","requestId":"req-1"}"#
    );
    let list = json!([
        {"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none"},
        {"kind": "sandbox"},
    ]);
    let set = world.admin(Method::PUT, &providers("EMAIL"), Some(&list)).await;
    assert_eq!(set.status, StatusCode::OK, "{set:?}");
    insta::assert_snapshot!(
        test("EMAIL", json!({"to": "user@example.com"})).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"There is no mailbox to send from: give the provider a from, or the tenant a senderEmail","code":"no_sender","requestId":"req-1"}"#
    );
    let unknown = format!("/admin/v1/tenants/{elsewhere}/providers/SMS/test");
    let unknown = world.admin(Method::POST, &unknown, Some(&json!({"to": "+254712345678"}))).await;
    insta::assert_snapshot!(
        unknown.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such tenant","code":"unknown_tenant","requestId":"req-1"}"#
    );
}
