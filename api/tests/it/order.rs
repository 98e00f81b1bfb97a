//! Of several faults the first in the order of checks answers: 413, 401, 401, 415, 400, 422, repeat, 429, 503.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};

use crate::world::{Caller, World, order, sign};

const SECRET: &str = "s3cret";

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

/// A tenant that has reached its limit with `evt-1`.
async fn at_its_limit(world: &World) -> Caller {
    let tenant = world.tenant(&json!({"name": "Shop", "webhookSecret": SECRET, "ratePerMinute": 1})).await;
    assert_eq!(world.trigger(&tenant, &[], &order("evt-1")).await.status, StatusCode::OK);
    tenant
}

/// A request for each fault, which has the later ones too, and the code that it is told by.
async fn faults_are_told(world: &World, tenant: &Caller) {
    let huge = " ".repeat(256 * 1024 + 1);
    let plain = "text/plain";
    let json = "application/json";
    let signed = |body: &str| Some(sign(SECRET, body));
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
        assert_eq!(code(world, faulty).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_fault_in_the_order_of_checks_answers() {
    let world = World::new().await;
    let tenant = at_its_limit(&world).await;
    faults_are_told(&world, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_told_only_to_what_would_be_accepted_and_costs_nothing() {
    let world = World::with(|sizes| (sizes.max_batch, sizes.queue) = (1, 1)).await;
    let limited = at_its_limit(&world).await;
    let once = world.tenant(&json!({"name": "Once", "ratePerMinute": 1})).await;
    let filling = world.tenant(&json!({"name": "Filling"})).await;
    let held = world.hold_appends().await;
    let triggered = |number: usize| {
        let (world, filling) = (&world, &filling);
        async move {
            let body = order(&format!("fill-{number}"));
            (world.trigger(filling, &[], &body).await.status, body)
        }
    };
    let mut waiting: FuturesUnordered<_> = (0..20).map(triggered).collect();
    // Nothing is stored meanwhile, so the first answer is the first refusal, and from then on there is no room.
    let mut refused = vec![waiting.next().await.expect("an answer")];
    assert_eq!(refused[0].0, StatusCode::SERVICE_UNAVAILABLE);

    faults_are_told(&world, &limited).await;
    assert_eq!(world.trigger(&limited, &[], &order("evt-1")).await.status, StatusCode::OK, "a known repeat");
    let answer = world.trigger(&once, &[], &order("evt-1")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));

    held.release().await;
    let (stored, others): (Vec<_>, Vec<_>) =
        waiting.collect::<Vec<_>>().await.into_iter().partition(|(status, _)| *status == StatusCode::OK);
    refused.extend(others);
    assert!(!stored.is_empty(), "what had room is stored");
    for (status, body) in refused {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let answer = world.trigger(&filling, &[], &body).await;
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (StatusCode::OK, None));
    }
    assert_eq!(world.trigger(&once, &[], &order("evt-1")).await.status, StatusCode::OK, "it cost no quota");
}
