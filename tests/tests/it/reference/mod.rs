//! The API reference, row by row: every table, list and promise of it is a case here, named by its row.
//!
//! `ROWS` is the one list of rows. A row without a case fails, and so does a case without a row. What stands between
//! the rows is beside them: `order` of the checks, `odd` input, and a `fuzz` of bodies.

mod checklist;
mod fuzz;
mod history;
mod limits;
mod mark_read;
mod odd_bodies;
mod odd_requests;
mod order;
mod token;
mod trigger_errors;
mod trigger_fields;
mod trigger_headers;

use std::collections::BTreeSet;

use orqestra_tests::http::{Answer, Request};
use orqestra_tests::world::{TRIGGER, World};
use serde_json::{Value, json};

/// Each row of the reference; its case is named like it.
const ROWS: [&str; 43] = [
    "authentication x-api-key",
    "trigger header Content-Type",
    "trigger header x-api-key",
    "trigger header X-Orqestra-Signature",
    "trigger header X-Idempotency-Key",
    "trigger header X-Trace-Id",
    "field eventType",
    "field eventId",
    "field channels",
    "field payload.userId",
    "field payload.recipientEmail",
    "field payload.recipientPhone",
    "field variables",
    "field variables: global.* event types",
    "only the three payload fields are recognised",
    "trigger response 200",
    "error 401: API key",
    "error 401: HMAC signature",
    "error 401: inactive tenant",
    "error 422: missing fields",
    "error 429",
    "error 500: database",
    "token header Content-Type",
    "token header x-api-key",
    "token body userId",
    "token response",
    "token expires after 2 hours",
    "history header x-api-key",
    "history parameter limit",
    "history parameter offset",
    "history response",
    "history: PUSH channel only",
    "read header x-api-key",
    "read response",
    "per-minute limit",
    "daily cap",
    "checklist: API key",
    "checklist: HMAC signing",
    "checklist: error responses with retries",
    "checklist: new token",
    "checklist: template variables",
    "checklist: idempotency",
    "checklist: Retry-After",
];

/// The name of a row's case.
fn case(row: &str) -> String {
    let mut name = String::new();
    let mut after_small = false;
    for c in row.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && after_small) {
            name.push('_');
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        }
        after_small = c.is_ascii_lowercase();
    }
    name.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

#[test]
fn every_row_of_the_reference_has_its_case_and_every_case_its_row() {
    let sources = [
        include_str!("checklist.rs"),
        include_str!("history.rs"),
        include_str!("limits.rs"),
        include_str!("mark_read.rs"),
        include_str!("token.rs"),
        include_str!("trigger_errors.rs"),
        include_str!("trigger_fields.rs"),
        include_str!("trigger_headers.rs"),
    ];
    let tests = sources.iter().flat_map(|source| source.split("#[tokio::test]\nasync fn ").skip(1));
    let cases: BTreeSet<_> = tests.map(|test| test.split('(').next().unwrap().to_owned()).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|row| case(row)).collect();
    assert_eq!(rows.len(), ROWS.len(), "two rows have one name");
    let (without, unknown): (Vec<_>, Vec<_>) =
        (rows.difference(&cases).collect(), cases.difference(&rows).collect());
    assert!(without.is_empty() && unknown.is_empty(), "no case: {without:#?}, no row: {unknown:#?}");
}

/// An event of a type that every tenant has, for the push channel.
fn global(user: &str) -> Value {
    json!({"eventType": "global.info", "payload": {"userId": user}, "variables": {"title": "t", "message": "m"}})
}

/// An error's status and body but for its request id.
fn expected(status: u16, error: &str, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"statusCode": status, "error": error, "message": message, "code": code}))
}

/// What is answered while the database is away.
pub(crate) fn unavailable() -> (u16, Value) {
    let message = "The request could not be completed now. Try again soon";
    let (status, mut body) = expected(500, "Internal Server Error", "unavailable", message);
    body["retryAfter"] = json!(1);
    (status, body)
}

async fn post(world: &World, key: Option<&str>, text: &str) -> Answer {
    let request = Request::post(TRIGGER).text(text);
    world.call(key.into_iter().fold(request, Request::key)).await
}

/// A missing key and a wrong one are refused to the letter.
async fn refuses_other_keys(world: &World, request: Request) {
    assert_eq!(
        world.call(request.clone()).await.error(),
        expected(401, "Unauthorized", "missing_api_key", "The x-api-key header is missing")
    );
    for wrong in ["orq_live_nothing", "", "ü"] {
        assert_eq!(
            world.call(request.clone().key(wrong)).await.error(),
            expected(401, "Unauthorized", "invalid_api_key", "The API key is not valid"),
            "{wrong}"
        );
    }
}
