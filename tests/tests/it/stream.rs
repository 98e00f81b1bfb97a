//! The `AsyncAPI` document beside the contract: tools take it, and it names what the contract's page names.

use std::path::Path;

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../docs/stream.asyncapi.json")).unwrap()
}

#[test]
fn the_document_is_one_of_asyncapi_3() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/description/node_modules/@asyncapi/specs");
    let schema = folder.join("schemas/3.0.0-without-$id.json");
    let schema = std::fs::read_to_string(schema).expect("missing: run scripts/setup-test.sh");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let wrong: Vec<_> = validator.iter_errors(&document()).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn page_and_document_name_the_same_headers_and_topics() {
    let (page, document) = (include_str!("../../../docs/stream.md"), document());
    for channel in document["channels"].as_object().unwrap().values() {
        let address = channel["address"].as_str().unwrap();
        assert!(page.contains(&format!("| `{address}` |")), "{address}");
    }
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let told: Vec<&str> = rows
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("ce_") || *name == "content-type")
        .collect();
    let headers = document["components"]["schemas"]["eventHeaders"]["properties"].as_object().unwrap();
    let mut named: Vec<&str> = headers.keys().map(String::as_str).collect();
    let mut sorted = told.clone();
    sorted.sort_unstable();
    named.sort_unstable();
    assert_eq!(sorted, named);
}
