//! Answers held to the engine's own description of them: status, headers and body of each that a test gets.
//!
//! The description is the one that the snapshot of `api/` holds, which a test there compares with the program. An answer has
//! every field that is always there and none that is not described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hyper::HeaderMap;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

const SNAPSHOT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../api/tests/it/snapshots/it__openapi__openapi.snap");

/// Errors that no route answers: the server refuses the request before it finds one. `default` describes them.
const BEFORE_ROUTES: [&str; 5] =
    ["no_such_route", "method_not_allowed", "malformed_request", "uri_too_long", "headers_too_large"];

static DESCRIPTION: LazyLock<Description> = LazyLock::new(Description::read);

/// An operation of the description, and a status that it describes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The operation's id.
    pub operation: String,
    /// The status, or `default`.
    pub status: String,
    /// The described fields that the answer has, by schema.
    pub fields: BTreeSet<String>,
}

struct Description {
    document: Value,
    /// The same, but that nothing undescribed may be in an object.
    closed: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// The description.
pub fn document() -> &'static Value {
    &DESCRIPTION.document
}

/// What the description says of a schema of its own: a validator that knows its components.
///
/// # Panics
/// If it is no schema.
pub fn validator(schema: &Value) -> Validator {
    build(schema, &DESCRIPTION.document)
}

/// Holds an answer to its description. `None` where no operation is described there.
///
/// # Panics
/// If it is another than the description says.
#[track_caller]
pub fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Told> {
    if method == "HEAD" {
        return None;
    }
    let path = path.split('?').next().unwrap_or_default();
    let description = &*DESCRIPTION;
    let Some(operation) = description.operation(method, path) else {
        if status >= 400 {
            description.hold(&json!({"$ref": "#/components/schemas/ErrorBody"}), body, path);
        }
        return None;
    };
    let id = operation["operationId"].as_str().expect("an operation has an id").to_owned();
    let what = format!("{id} answered {status}");
    let mut told = status.to_string();
    if operation["responses"].get(&told).is_none() {
        let code = serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|body| Some(body["code"].as_str()?.to_owned()));
        let before = code.is_some_and(|code| BEFORE_ROUTES.contains(&&*code));
        assert!(before, "{what}, which is not described: {}", String::from_utf8_lossy(body));
        "default".clone_into(&mut told);
    }
    let response = &operation["responses"][&told];
    let described = response["headers"].as_object();
    for name in
        ["retry-after", "www-authenticate", "location", "link", "idempotency-replayed", "preference-applied"]
    {
        let known = described.is_some_and(|all| all.keys().any(|known| known.eq_ignore_ascii_case(name)));
        let has = headers.contains_key(name);
        assert!(known || !has || told == "default", "{what} with {name}, which is not described");
        let always = matches!(
            (name, status),
            ("retry-after", 429 | 503) | ("www-authenticate", 401) | ("location", 201)
        );
        assert!(has || !known || !always, "{what} without {name}");
    }
    let mut fields = BTreeSet::new();
    let content = response["content"].as_object();
    match content.and_then(|content| content.iter().next()) {
        None => assert_eq!(status, 101, "{what}, whose body is not described"),
        Some((kind, content)) => {
            let given = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert_eq!(given.split(';').next(), Some(kind.as_str()), "{what}");
            if kind == "application/json" {
                let body = description.hold(&content["schema"], body, &what);
                description.fields(&content["schema"], "", &body, &mut fields);
            }
        }
    }
    Some(Told { operation: id, status: told, fields })
}

/// Every described status of every operation, but for `default`, with the fields that its body may have.
pub fn all() -> Vec<Told> {
    let mut all = Vec::new();
    let description = &*DESCRIPTION;
    for (_, _, operation) in operations(&description.document) {
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let mut fields = BTreeSet::new();
            let schema = &response["content"]["application/json"]["schema"];
            description.described(schema, "", &mut fields, &mut BTreeSet::new());
            let operation = operation["operationId"].as_str().expect("an operation has an id").to_owned();
            all.push(Told { operation, status: status.clone(), fields });
        }
    }
    all.retain(|told| told.status != "default");
    all
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

impl Description {
    fn read() -> Self {
        let snapshot = std::fs::read_to_string(SNAPSHOT).expect("the description's snapshot");
        let (_, text) = snapshot
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .expect("a snapshot has a head between two lines");
        let document: Value = serde_json::from_str(text).expect("the description is JSON");
        let mut closed = document.clone();
        let mut open = BTreeSet::new();
        parts(&document, &mut open);
        for (name, schema) in closed["components"]["schemas"].as_object_mut().into_iter().flatten() {
            close(schema, open.contains(name.as_str()));
        }
        Self { document, closed, validators: Mutex::default() }
    }

    /// The operation of a path, that with the fewest parameters first.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let fits = |pattern: &str| {
            let (mut ours, mut theirs) = (pattern.split('/'), path.split('/'));
            loop {
                match (ours.next(), theirs.next()) {
                    (None, None) => return true,
                    (Some(one), Some(other))
                        if one == other || (one.starts_with('{') && !other.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let found = operations(&self.document)
            .filter(|(pattern, of, _)| of.eq_ignore_ascii_case(method) && fits(pattern));
        found.min_by_key(|(pattern, ..)| pattern.matches('{').count()).map(|(.., operation)| operation)
    }

    #[track_caller]
    fn hold(&self, schema: &Value, body: &[u8], what: &str) -> Value {
        let text = String::from_utf8_lossy(body);
        let body: Value =
            serde_json::from_slice(body).unwrap_or_else(|error| panic!("{what}: no JSON ({error}): {text}"));
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator =
            validators.entry(schema.to_string()).or_insert_with(|| Arc::new(build(schema, &self.closed)));
        let validator = Arc::clone(validator);
        drop(validators);
        let wrong: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{what}, not as it is described: {wrong:?}: {text}");
        body
    }

    /// The described fields that a value has.
    fn fields(&self, schema: &Value, of: &str, value: &Value, found: &mut BTreeSet<String>) {
        if let Some((name, schema)) = self.referred(schema) {
            return self.fields(schema, name, value, found);
        }
        for part in ["allOf", "oneOf"] {
            for schema in schema[part].as_array().into_iter().flatten() {
                self.fields(schema, of, value, found);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.fields(&schema["items"], of, item, found);
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                found.insert(format!("{of}.{name}"));
                self.fields(schema, of, value, found);
            }
        }
    }

    /// All of them.
    fn described<'a>(
        &'a self,
        schema: &'a Value,
        of: &str,
        found: &mut BTreeSet<String>,
        seen: &mut BTreeSet<&'a str>,
    ) {
        if let Some((name, schema)) = self.referred(schema) {
            if seen.insert(name) {
                self.described(schema, name, found, seen);
            }
            return;
        }
        let parts = ["allOf", "oneOf"].iter().flat_map(|part| schema[*part].as_array().into_iter().flatten());
        parts.for_each(|schema| self.described(schema, of, found, seen));
        if schema["items"].is_object() {
            self.described(&schema["items"], of, found, seen);
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            found.insert(format!("{of}.{name}"));
            self.described(schema, of, found, seen);
        }
    }

    fn referred<'a>(&'a self, schema: &'a Value) -> Option<(&'a str, &'a Value)> {
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        Some((name, &self.document["components"]["schemas"][name]))
    }
}

fn build(schema: &Value, document: &Value) -> Validator {
    let mut root: Map<String, Value> = schema.as_object().cloned().unwrap_or_default();
    root.insert("components".to_owned(), document["components"].clone());
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&Value::Object(root)).unwrap_or_else(|error| panic!("no schema: {schema}: {error}"))
}

/// The schemas that are parts of others: what they leave open, the whole closes.
fn parts<'a>(of: &'a Value, found: &mut BTreeSet<&'a str>) {
    match of {
        Value::Object(map) => {
            let all = map.get("allOf").and_then(Value::as_array).into_iter().flatten();
            found.extend(all.filter_map(|part| part["$ref"].as_str()?.rsplit('/').next()));
            map.values().for_each(|value| parts(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| parts(value, found)),
        _ => {}
    }
}

/// Lets nothing be in an object that is not described.
fn close(schema: &mut Value, is_part: bool) {
    let Some(map) = schema.as_object_mut() else { return };
    let is_object = map.contains_key("properties") || map.contains_key("allOf");
    if is_object && !is_part {
        map.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    for (name, within) in map.iter_mut() {
        let parts: Vec<&mut Value> = match (name.as_str(), within) {
            ("properties", Value::Object(all)) => all.values_mut().collect(),
            ("allOf" | "oneOf", Value::Array(all)) => all.iter_mut().collect(),
            ("items", item) => vec![item],
            _ => Vec::new(),
        };
        for part in parts {
            close(part, name == "allOf");
        }
    }
}
