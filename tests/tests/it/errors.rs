//! Each error status with its exact body, and which of two errors is told.

use hyper::Method;
use orqestra_tests::http::{Answer, Request};
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

fn push() -> Value {
    json!({"eventType": "global.info", "payload": {"userId": "u"}, "variables": {"title": "t", "message": "m"}})
}

fn expected(status: u16, error: &str, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"statusCode": status, "error": error, "message": message, "code": code}))
}

async fn post(world: &World, key: Option<&str>, text: &str) -> Answer {
    let request = Request::post(TRIGGER).text(text);
    world.call(key.into_iter().fold(request, Request::key)).await
}

#[tokio::test]
async fn an_unknown_route_or_event_is_404_and_a_wrong_method_405() {
    let world = World::start().await;
    let key = world.tenant().key.clone();
    let get = async |path: &str| world.call(Request::get(path).key(&key)).await;
    assert_eq!(
        get("/api/v1/nothing").await.error(),
        expected(404, "Not Found", "no_such_route", "There is no such route")
    );
    assert_eq!(
        get("/api/v1/events/unheard").await.error(),
        expected(404, "Not Found", "unknown_event", "No such event")
    );
    // `trigger` could be an event's id as well.
    assert_eq!(get(TRIGGER).await.error(), expected(404, "Not Found", "unknown_event", "No such event"));
    let wrong = world.call(Request::new(Method::DELETE, "/api/v1/auth/realtime-token").key(&key)).await;
    assert_eq!(wrong.header("allow"), Some("POST"));
    assert_eq!(
        wrong.error(),
        expected(405, "Method Not Allowed", "method_not_allowed", "The route does not take this method")
    );
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_another_of_the_tenant_goes_on() {
    let world = World::start().await;
    let tenant: Tenant = world.new_tenant(json!({})).await;
    let path = format!("/admin/v1/tenants/{}", tenant.id);
    let first = world.admin_get(&path).await.expect(200).json()["apiKeyIds"][0].clone();
    let issued = world.change(&tenant, &json!({"issueApiKey": true})).await;
    let second = issued["apiKey"].as_str().expect("shown once").to_owned();
    let shown = world.admin_get(&path).await.expect(200);
    assert!(!shown.text().contains(&second) && !shown.text().contains(&tenant.key), "{}", shown.text());
    drop(post(&world, Some(&second), &push().to_string()).await.expect(200));
    drop(post(&world, Some(&tenant.key), &push().to_string()).await.expect(200));

    drop(world.change(&tenant, &json!({"revokeApiKey": first})).await);
    let refused = expected(401, "Unauthorized", "invalid_api_key", "The API key is not valid");
    let history = format!("/api/v1/notifications/{}/u", tenant.id);
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        assert_eq!(post(&world, Some(&tenant.key), &push().to_string()).await.error(), refused);
        assert_eq!(world.call(Request::get(&history).key(&tenant.key)).await.error(), refused);
        drop(post(&world, Some(&second), &push().to_string()).await.expect(200));
        drop(world.call(Request::get(&history).key(&second)).await.expect(200));
    }
}
