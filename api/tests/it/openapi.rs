//! The description of the routes: all of them, as they are.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use orqestra_api::PublicUrl;
use orqestra_tests::described;
use serde_json::{Value, json};

use crate::world::{ADMIN_TOKEN, World, order};

fn document() -> Value {
    serde_json::from_str(&orqestra_api::document(None)).unwrap()
}

#[test]
fn the_description_changes_only_on_purpose() {
    insta::assert_snapshot!("openapi", orqestra_api::document(None));
}

#[test]
fn the_description_names_the_address_by_which_the_world_reaches_the_engine() {
    let servers = |at: Option<&PublicUrl>| {
        serde_json::from_str::<Value>(&orqestra_api::document(at)).unwrap()["servers"].clone()
    };
    assert_eq!(servers(None), json!([{"url": "/"}]));
    let public = PublicUrl::parse("https://notify.example.org/v/").unwrap();
    assert_eq!(servers(Some(&public)), json!([{"url": "https://notify.example.org/v"}]));
}

#[test]
fn every_operation_has_a_name_a_tag_a_summary_and_its_credential_and_every_response_words_and_a_schema() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name}");
            let tag = operation["tags"][0].as_str().unwrap();
            assert!(document["tags"].as_array().unwrap().iter().any(|known| known["name"] == tag), "{tag}");
            assert!(operation["summary"].as_str().is_some_and(|words| words.ends_with('.')), "{name}");
            let credential = match tag {
                "Admin" => json!([{"adminToken": []}]),
                _ if path.starts_with("/api/") => json!([{"apiKey": []}]),
                _ => json!([]),
            };
            assert_eq!(operation["security"], credential, "{name}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let words = response["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{method} {path} {status}");
                let body = response["content"].as_object().and_then(|content| content.values().next());
                let has_schema = body.is_some_and(|content| content["schema"].is_object());
                assert!(has_schema || status == "101", "{method} {path} {status}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_route_exists_and_takes_the_described_methods() {
    let world = World::new().await;
    let served = world.call(Method::GET, "/openapi.json", &[], None).await;
    assert_eq!(served.body, orqestra_api::document(None));
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
    assert_eq!(routes, 39);
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
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// Letters that neither repeat nor count, of three bytes each.
fn letters(count: u64) -> String {
    (0..u32::try_from(count).unwrap())
        .map(|at| char::from_u32(0x4e00 + at * 7_919 % 20_000).unwrap())
        .collect()
}

/// Values around the described bounds of a field, and odd ones of every kind.
fn candidates(described: &Value) -> Vec<Value> {
    let number = |name: &str| described[name].as_u64();
    let entries = |count: u64| -> Value { (0..count).map(|at| format!("entry-{at}")).collect() };
    let mut all = Vec::new();
    for length in [number("minLength"), number("maxLength")].into_iter().flatten() {
        for length in [length.saturating_sub(1), length, length + 1] {
            all.push(json!("a".repeat(usize::try_from(length).unwrap())));
            all.push(json!(letters(length)));
        }
    }
    for count in [number("minItems"), number("maxItems")].into_iter().flatten() {
        all.extend([count.saturating_sub(1), count, count + 1].map(entries));
    }
    for bound in [number("minimum"), number("maximum")].into_iter().flatten() {
        all.extend([json!(bound.cast_signed() - 1), json!(bound), json!(bound + 1)]);
    }
    for names in [&described["enum"], &described["items"]["enum"]] {
        all.extend(names.as_array().into_iter().flatten().filter(|name| !name.is_null()).cloned());
        all.push(names.clone());
    }
    let texts = [
        "",
        "x",
        "a\nb",
        "a\u{7f}b",
        "a\u{9f}b",
        "a\u{2028}@b",
        "inbox",
        "orders",
        "a#b",
        "-a",
        "a..b",
        "a_b.c",
        "::1",
    ];
    all.extend(texts.map(Value::from));
    all.extend(
        ["127.0.0.1", "+254712345678", "+0712", "de8a96bd-401d-53ee-b55c-8dcb92b2224a", "1"].map(Value::from),
    );
    all.extend([
        json!(null),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(-1),
        json!(true),
        json!({}),
        json!([]),
    ]);
    all.extend([
        json!(["EMAIL"]),
        json!(["FAX"]),
        json!(["orders", "orders"]),
        json!(["inbox"]),
        json!([null]),
        json!([1]),
    ]);
    all
}

/// Whether a description says less than the program checks: the bytes of an event id, the categories of a tenant, what a
/// template's channel needs, an address's form,
/// and how hard a secret is to guess.
fn says_less(field: &str) -> bool {
    [
        "address",
        "category",
        "eventId",
        "recipientEmail",
        "senderEmail",
        "from",
        "subject",
        "title",
        "to",
        "webhookSecret",
    ]
    .contains(&field)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_refused_by_name_exactly_if_the_description_rules_it_out() {
    let world = World::new().await;
    let shop = world.shop().await;
    let document = document();
    let (tenant, bearer) = (&shop.tenant, format!("Bearer {ADMIN_TOKEN}"));
    let of_tenant = |rest: &str| format!("/admin/v1/tenants/{tenant}{rest}");
    let smtp = json!({"kind": "smtp", "host": "mail.invalid", "port": 25, "tls": "none", "username": "u"});
    let (sandbox, push) = (json!({"kind": "sandbox"}), json!({"title": "t", "body": "b"}));
    let email = json!({"subject": "s", "body": "b"});
    let address = json!({"channel": "EMAIL", "address": "user@example.com"});
    let mut cases = 0;
    for (schema, method, path, base, inside) in [
        ("TriggerBody", Method::POST, "/api/v1/events/trigger".to_owned(), order("evt-1"), ""),
        ("Payload", Method::POST, "/api/v1/events/trigger".to_owned(), order("evt-2"), "/payload"),
        ("TokenBody", Method::POST, "/api/v1/auth/realtime-token".to_owned(), json!({"userId": "u"}), ""),
        ("NewTenant", Method::POST, "/admin/v1/tenants".to_owned(), json!({"name": "Other"}), ""),
        ("TenantChanges", Method::PATCH, of_tenant(""), json!({}), ""),
        ("NewTemplate", Method::PUT, of_tenant("/templates/a/PUSH"), push, ""),
        ("NewTemplate", Method::PUT, of_tenant("/templates/a/EMAIL"), email, ""),
        ("TemplateSwitch", Method::PATCH, of_tenant("/templates/order.confirmed/SMS"), json!({}), ""),
        ("NewSandboxProvider", Method::PUT, of_tenant("/providers/EMAIL"), json!([sandbox]), "/0"),
        ("NewSmtpProvider", Method::PUT, of_tenant("/providers/EMAIL"), json!([smtp]), "/0"),
        (
            "NewProviderTest",
            Method::POST,
            of_tenant("/providers/SMS/test"),
            json!({"to": "+15005550001"}),
            "",
        ),
        ("ExplanationBody", Method::POST, of_tenant("/events/none/explanation"), json!({"reason": "r"}), ""),
        ("NewSuppression", Method::POST, of_tenant("/suppressions"), address.clone(), ""),
        ("AddressLookup", Method::POST, of_tenant("/suppressions/lookup"), address, ""),
        ("Decision", Method::POST, format!("/admin/v1/deliveries/{tenant}/resolve"), json!({}), ""),
    ] {
        let described = &document["components"]["schemas"][schema];
        let required: Vec<_> = described["required"].as_array().into_iter().flatten().collect();
        for (field, described) in described["properties"].as_object().unwrap() {
            // Of the two kinds of providers each has its own.
            let kinds = field == "kind";
            let used = match path.rsplit('/').next().unwrap() {
                "PUSH" => field != "subject",
                "EMAIL" if schema == "NewTemplate" => !["title", "category"].contains(&field.as_str()),
                _ => true,
            };
            let validator = described::validator(described);
            let values = candidates(described).into_iter().map(Some).chain([None]);
            for value in values.filter(|value| used && !(kinds && value.is_some())) {
                let valid = match &value {
                    Some(value) => validator.is_valid(value),
                    None => !required.iter().any(|name| *name == field),
                };
                let mut body = base.clone();
                let object = body.pointer_mut(inside).unwrap().as_object_mut().unwrap();
                match &value {
                    Some(value) => drop(object.insert(field.clone(), value.clone())),
                    None => drop(object.remove(field)),
                }
                let headers = [("x-api-key", shop.key.as_str()), ("authorization", bearer.as_str())];
                let answer = world.call(method.clone(), &path, &headers, Some(&body)).await.json();
                let told = answer["details"].as_array().into_iter().flatten();
                let mut told = told.map(|one| one["field"].as_str().unwrap());
                let named = told.any(|path| path.split('.').any(|part| part == field));
                let shown = value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
                let shown = shown.chars().take(40).collect::<String>();
                let agree = if says_less(field) { valid || named } else { valid != named };
                assert!(agree, "{schema}.{field} = {shown}: described as {valid}: {answer}");
                cases += 1;
            }
        }
    }
    assert!(cases > 1_000, "{cases}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_and_addresses_as_long_as_described_are_taken_whatever_bytes_their_letters_have() {
    let world = World::new().await;
    let secret = |length: u64| json!({"name": "Other", "webhookSecret": letters(length)});
    let of = &document()["components"]["schemas"]["NewTenant"]["properties"]["webhookSecret"];
    for length in [of["minLength"].as_u64().unwrap(), of["maxLength"].as_u64().unwrap()] {
        world.tenant(&secret(length)).await;
    }
    let few = world.admin(Method::POST, "/admin/v1/tenants", Some(&secret(5))).await;
    assert_eq!(few.status, StatusCode::UNPROCESSABLE_ENTITY, "five letters of three bytes");
    let shop = world.shop().await;
    // Escaped, 64 bytes of a local part are 130 characters.
    let quoted = format!("\"{}\"@example.com", "\\a".repeat(64));
    let mut body = order("evt-1");
    body["payload"]["recipientEmail"] = json!(quoted);
    assert_eq!(world.trigger(&shop, &[], &body).await.status, StatusCode::OK);
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
        format!("/admin/v1/events?tenantId={}&userId={}", shop.tenant, "u".repeat(256)),
        format!("/admin/v1/events?tenantId={}&email=a", shop.tenant),
        format!("/admin/v1/events?tenantId={}&phone=%2B12", shop.tenant),
        format!("/admin/v1/events?tenantId={}&eventId=", shop.tenant),
        format!("/admin/v1/events?tenantId={}&eventId=e&since=24h", shop.tenant),
        "/admin/v1/events?tenantId=x&userId=u".to_owned(),
        "/admin/v1/tenants?limit=0".to_owned(),
        format!("/admin/v1/tenants/{}/providers/FAX", shop.tenant),
        format!("/admin/v1/tenants/{}/templates/{}/SMS", shop.tenant, "e".repeat(129)),
        "/admin/v1/tenants/x".to_owned(),
        format!("/admin/v1/tenants/{}/suppressions?cursor=0", shop.tenant),
    ] {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("x-api-key", shop.key.as_str()), ("authorization", bearer.as_str())];
        let status = world.call(Method::GET, &path, &headers, None).await.status;
        assert!(
            [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::NOT_FOUND].contains(&status),
            "{path}: {status}"
        );
    }
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for parameter in
            methods.as_object().unwrap().values().filter_map(|one| one["parameters"].as_array()).flatten()
        {
            let described = parameter["schema"].as_object().unwrap();
            let bounded = ["minLength", "minimum", "enum", "pattern", "format"]
                .iter()
                .any(|name| described.contains_key(*name));
            let free = ["X-Trace-Id", "Prefer", "X-Orqestra-Signature"];
            assert!(bounded || free.contains(&parameter["name"].as_str().unwrap()), "{path}: {parameter}");
        }
    }
}
