//! Requesting a realtime token.

use base64::Engine as _;
use orqestra_tests::http::Request;
use orqestra_tests::tenant::sign;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use super::{expected, refuses_other_keys};

const PATH: &str = "/api/v1/auth/realtime-token";

#[tokio::test]
async fn token_response() {
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
async fn token_header_content_type() {
    let world = World::start().await;
    let request = Request::post(PATH).key(&world.tenant().key);
    let refused = expected(
        415,
        "Unsupported Media Type",
        "unsupported_media_type",
        "The Content-Type must be application/json",
    );
    assert_eq!(world.call(request.clone().bytes(r#"{"userId":"u"}"#)).await.error(), refused);
    let plain = request.clone().header("content-type", "text/plain").bytes(r#"{"userId":"u"}"#);
    assert_eq!(world.call(plain).await.error(), refused);
    drop(world.call(request.text(r#"{"userId":"u"}"#)).await.expect(200));
}

#[tokio::test]
async fn token_header_x_api_key() {
    let world = World::start().await;
    refuses_other_keys(&world, Request::post(PATH).json(&json!({"userId": "u"}))).await;
}

#[tokio::test]
async fn token_body_user_id() {
    let world = World::start().await;
    for (body, message) in [
        (json!({}), "userId is required"),
        (json!({"userId": null}), "userId is required"),
        (json!({"userId": ""}), "userId must not be empty"),
        (json!({"userId": 7}), "userId must be a string"),
        (json!({"userId": "a\u{0}"}), "userId must not contain control characters"),
        (json!([]), "body must be a JSON object"),
    ] {
        let (status, told) =
            world.call(Request::post(PATH).key(&world.tenant().key).json(&body)).await.error();
        assert_eq!(
            (status, &told["error"], &told["message"]),
            (422, &json!("Validation Error"), &json!(message))
        );
    }
}

#[tokio::test]
async fn token_expires_after_2_hours() {
    let world = World::start().await;
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let before = now();
    for user in ["u", "u", "a/b"] {
        let request = Request::post(PATH).key(&world.tenant().key).json(&json!({"userId": user}));
        let token = world.call(request).await.expect(200).json()["token"].as_str().unwrap().to_owned();
        let claims = token.split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        let expires = serde_json::from_slice::<Value>(&claims).unwrap()["exp"].as_u64().unwrap();
        assert!((before + 7_200..=now() + 7_200).contains(&expires), "{expires}");
    }
}
