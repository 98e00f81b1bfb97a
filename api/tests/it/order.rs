//! Of several faults the first in the order of checks answers: 413, 401, 401, 415, 400, 422, repeat, 429.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::world::{World, order, sign};

struct Faulty<'a> {
    key: &'a str,
    signature: Option<String>,
    content_type: &'a str,
    body: String,
}

async fn code(world: &World, faulty: Faulty<'_>) -> String {
    let mut request = Request::post("/api/v1/events/trigger")
        .header("x-api-key", faulty.key)
        .header("content-type", faulty.content_type);
    if let Some(signature) = faulty.signature {
        request = request.header("x-orqestra-signature", signature);
    }
    let answer = world.send(request.body(Body::from(faulty.body)).unwrap()).await;
    answer.json()["code"].as_str().unwrap_or("accepted").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_fault_in_the_order_of_checks_answers() {
    let world = World::new().await;
    let secret = "s3cret";
    let tenant = world.tenant(&json!({"name": "Shop", "webhookSecret": secret, "ratePerMinute": 1})).await;
    world.trigger(&tenant, &[], &order("evt-1")).await;

    let huge = " ".repeat(256 * 1024 + 1);
    let plain = "text/plain";
    let json = "application/json";
    let signed = |body: &str| Some(sign(secret, body));
    let no_fields = Value::Array(Vec::new()).to_string();
    let mut reused = order("evt-1");
    reused["variables"] = json!({});
    let (reused, new) = (reused.to_string(), order("evt-2").to_string());
    let key = tenant.key.as_str();
    for (expected, faulty) in [
        ("payload_too_large", Faulty { key: "wrong", signature: None, content_type: plain, body: huge }),
        (
            "invalid_api_key",
            Faulty { key: "wrong", signature: None, content_type: plain, body: "{".to_owned() },
        ),
        ("invalid_signature", Faulty { key, signature: None, content_type: plain, body: "{".to_owned() }),
        (
            "unsupported_media_type",
            Faulty { key, signature: signed("{"), content_type: plain, body: "{".to_owned() },
        ),
        ("malformed_json", Faulty { key, signature: signed("{"), content_type: json, body: "{".to_owned() }),
        (
            "validation_failed",
            Faulty { key, signature: signed(&no_fields), content_type: json, body: no_fields },
        ),
        ("event_id_reused", Faulty { key, signature: signed(&reused), content_type: json, body: reused }),
        ("rate_limit_exceeded", Faulty { key, signature: signed(&new), content_type: json, body: new }),
    ] {
        assert_eq!(code(&world, faulty).await, expected);
    }
}
