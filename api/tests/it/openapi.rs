//! The description of the routes: all of them, as they are.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{ADMIN_TOKEN, World, order};

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
    assert_eq!(routes, 24);
}

/// Every reference of a document.
fn references<'a>(of: &'a Value, found: &mut BTreeSet<&'a str>) {
    match of {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let document: Value = serde_json::from_str(orqestra_api::document()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// What is beyond the described bounds of a field, and what is just within them.
fn around(described: &Value) -> (Vec<Value>, Vec<Value>) {
    let number = |name: &str| described[name].as_u64();
    let texts = |length: u64| json!("a".repeat(usize::try_from(length).unwrap()));
    let entries = |count: u64| -> Value { (0..count).map(|at| format!("entry-{at}")).collect() };
    let (mut beyond, mut within) = (Vec::new(), Vec::new());
    beyond.extend(number("maxLength").map(|most| texts(most + 1)));
    beyond.extend(number("minLength").map(|least| texts(least - 1)));
    beyond.extend(number("minItems").map(|least| entries(least - 1)));
    beyond.extend(number("maxItems").map(|most| entries(most + 1)));
    beyond.extend(number("maximum").map(|most| json!(most + 1)));
    beyond.extend(number("minimum").map(|least| json!(least.cast_signed() - 1)));
    within.extend(number("maximum").map(|most| json!(most)));
    within.extend(number("minimum").map(|least| json!(least)));
    if let Some(names) = described["enum"].as_array() {
        beyond.push(json!("none of them"));
        within.extend(names.iter().filter(|name| !name.is_null()).cloned());
    }
    if described["pattern"].is_string() || described["format"] == "uuid" {
        beyond.push(json!("x"));
    }
    if described["items"]["enum"].is_array() {
        beyond.push(json!(["none of them"]));
        within.push(described["items"]["enum"].clone());
    }
    (beyond, within)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_a_described_bound_is_refused_by_name_and_what_is_within_is_not() {
    let world = World::new().await;
    let shop = world.shop().await;
    let document: Value = serde_json::from_str(orqestra_api::document()).unwrap();
    let (tenant, bearer) = (&shop.tenant, format!("Bearer {ADMIN_TOKEN}"));
    let of_tenant = |rest: &str| format!("/admin/v1/tenants/{tenant}{rest}");
    let smtp = json!({"kind": "smtp", "host": "mail.invalid", "port": 25, "tls": "none", "username": "u"});
    let push = json!({"title": "t", "body": "b"});
    let mut cases = 0;
    for (schema, method, path, base, inside) in [
        ("TriggerBody", Method::POST, "/api/v1/events/trigger".to_owned(), order("evt-1"), ""),
        ("Payload", Method::POST, "/api/v1/events/trigger".to_owned(), order("evt-2"), "/payload"),
        ("TokenBody", Method::POST, "/api/v1/auth/realtime-token".to_owned(), json!({"userId": "u"}), ""),
        ("NewTenant", Method::POST, "/admin/v1/tenants".to_owned(), json!({"name": "Other"}), ""),
        ("TenantChanges", Method::PATCH, of_tenant(""), json!({}), ""),
        ("NewTemplate", Method::PUT, of_tenant("/templates/a/PUSH"), push, ""),
        ("NewProvider", Method::PUT, of_tenant("/providers/EMAIL"), json!([smtp]), "/0"),
        ("ExplanationBody", Method::POST, of_tenant("/events/none/explanation"), json!({"reason": "r"}), ""),
        ("Decision", Method::POST, format!("/admin/v1/deliveries/{tenant}/resolve"), json!({}), ""),
    ] {
        let properties = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
        for (field, described) in properties {
            let (beyond, within) = around(described);
            let cases_of_it =
                beyond.iter().map(|value| (value, true)).chain(within.iter().map(|value| (value, false)));
            for (value, refused) in cases_of_it {
                let mut body = base.clone();
                body.pointer_mut(inside).unwrap()[field] = value.clone();
                let headers = [("x-api-key", shop.key.as_str()), ("authorization", bearer.as_str())];
                let answer = world.call(method.clone(), &path, &headers, Some(&body)).await.json();
                let mut told = answer["details"].as_array().into_iter().flatten();
                let named = told.any(|one| one["field"].as_str().unwrap().rsplit('.').next() == Some(field));
                let shown = value.to_string().chars().take(40).collect::<String>();
                assert_eq!(named, refused, "{schema}.{field} = {shown}: {answer}");
                cases += 1;
            }
        }
    }
    assert!(cases > 60, "{cases}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_beyond_its_described_bound_is_refused() {
    let world = World::new().await;
    let shop = world.shop().await;
    let history = format!("/api/v1/notifications/{}", shop.tenant);
    for path in [
        format!("{history}/u?limit=0"),
        format!("{history}/{}", "u".repeat(256)),
        format!("{history}/u?cursor=x"),
        format!("/admin/v1/sandbox/messages?tenantId={}&channel=FAX", shop.tenant),
        "/admin/v1/sandbox/messages?tenantId=x".to_owned(),
        "/admin/v1/tenants?limit=0".to_owned(),
        format!("/admin/v1/tenants/{}/providers/FAX", shop.tenant),
        format!("/admin/v1/tenants/{}/templates/{}/SMS", shop.tenant, "e".repeat(129)),
        "/admin/v1/tenants/x".to_owned(),
    ] {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("x-api-key", shop.key.as_str()), ("authorization", bearer.as_str())];
        let status = world.call(Method::GET, &path, &headers, None).await.status;
        assert!(
            [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::NOT_FOUND].contains(&status),
            "{path}: {status}"
        );
    }
    let document: Value = serde_json::from_str(orqestra_api::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for parameter in
            methods.as_object().unwrap().values().filter_map(|one| one["parameters"].as_array()).flatten()
        {
            let described = parameter["schema"].as_object().unwrap();
            let bounded = ["minLength", "minimum", "enum", "pattern", "format"]
                .iter()
                .any(|name| described.contains_key(*name));
            let free = ["X-Trace-Id", "Prefer", "cursor"];
            assert!(bounded || free.contains(&parameter["name"].as_str().unwrap()), "{path}: {parameter}");
        }
    }
}
