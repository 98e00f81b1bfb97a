//! The description of the routes: all of them, as they are.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn the_description_changes_only_on_purpose() {
    insta::assert_snapshot!("openapi", orqestra_api::document());
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_response_its_words() {
    let document: Value = serde_json::from_str(orqestra_api::document()).unwrap();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let words = response["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{method} {path} {status}");
            }
        }
    }
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
            let path = path.replace(['{', '}'], "");
            let answer = world.call(method.clone(), &path, &[], Some(&json!({}))).await;
            let words = [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::UPGRADE_REQUIRED];
            let known = words.contains(&answer.status);
            assert!(known, "{method} {path}: {answer:?}");
            routes += 1;
        }
    }
    assert_eq!(routes, 23);
}
