//! The description of the routes: all of them, as they are.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn the_description_changes_only_on_purpose() {
    insta::assert_snapshot!("openapi", orqestra_api::document());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_route_exists_and_takes_the_described_methods() {
    let world = World::new().await;
    let served = world.call(Method::GET, "/openapi.json", &[], None).await;
    assert_eq!(served.body, orqestra_api::document());
    let document: Value = served.json();
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace('{', "").replace('}', "");
            let answer = world.call(method.clone(), &path, &[], Some(&json!({}))).await;
            let known = answer.status == StatusCode::OK || answer.status == StatusCode::UNAUTHORIZED;
            assert!(known, "{method} {path}: {answer:?}");
            routes += 1;
        }
    }
    assert_eq!(routes, 17);
}
