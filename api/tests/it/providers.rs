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
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"kind does not carry this channel","code":"validation_failed","requestId":"req-1","details":[{"field":"kind","message":"does not carry this channel"}]}"#
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
