//! Every event shape ever written, as files in `domain/golden`, each of which loads for ever.
//!
//! `<EventName>-<version>.json` is the whole payload as stored; `<EventName>-<version>.<word>.json` is the same
//! event in another shape of that version, such as one without its optional fields. A file is never changed and
//! never removed; a new event or version adds one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cqrs_es::{Aggregate, DomainEvent};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::event::{AnyEvent, known_events, version_of};
use crate::evidence::{Evidence, EvidenceEvent};
use crate::id::StreamId;
use crate::notification::{Notification, NotificationEvent};
use crate::recipient::{Recipient, RecipientEvent};
use crate::redrive::{Redrive, RedriveEvent};
use crate::sample::tenant;
use crate::suppression::{Suppression, SuppressionEvent};
use crate::template::{Template, TemplateEvent};
use crate::tenant::{Tenant, TenantEvent};
use crate::upcast;

/// The names of an event enum's variants, as serde says them to a name that is none of them.
fn names<E: DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let error = serde_json::from_str::<E>(r#"{"?": null}"#).unwrap_err().to_string();
    let quoted = error.split('`').skip(1).step_by(2);
    quoted.filter(|name| *name != "?").map(str::to_owned).collect()
}

/// Each aggregate type with the names of its events.
fn kinds() -> Vec<(&'static str, BTreeSet<String>)> {
    vec![
        (Notification::TYPE, names::<NotificationEvent>()),
        (Tenant::TYPE, names::<TenantEvent>()),
        (Template::TYPE, names::<TemplateEvent>()),
        (Recipient::TYPE, names::<RecipientEvent>()),
        (Evidence::TYPE, names::<EvidenceEvent>()),
        (Suppression::TYPE, names::<SuppressionEvent>()),
        (Redrive::TYPE, names::<RedriveEvent>()),
    ]
}

struct Golden {
    file: String,
    name: String,
    version: String,
    payload: Value,
}

fn files() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let file = |entry: fs::DirEntry| {
        let file = entry.file_name().into_string().unwrap();
        let stem = file.strip_suffix(".json").unwrap_or_else(|| panic!("{file}: not a .json file"));
        let (name, rest) = stem.split_once('-').unwrap_or_else(|| panic!("{file}: no version"));
        let version = rest.split('.').take(3).collect::<Vec<_>>().join(".");
        let payload = serde_json::from_str(&fs::read_to_string(entry.path()).unwrap()).unwrap();
        Golden { name: name.to_owned(), version, payload, file }
    };
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect();
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files
}

fn aggregate_of(name: &str) -> Option<&'static str> {
    kinds().into_iter().find_map(|(aggregate, names)| names.contains(name).then_some(aggregate))
}

fn load(golden: &Golden) -> AnyEvent {
    let aggregate = aggregate_of(&golden.name).unwrap_or_else(|| panic!("{}: no such event", golden.file));
    let mut payload = golden.payload.clone();
    if upcast::is_older(&golden.name, &golden.version) {
        upcast::upcast(StreamId::tenant(tenant()).as_str(), &golden.name, &mut payload);
    }
    AnyEvent::read(aggregate, payload).unwrap_or_else(|e| panic!("{}: {e}", golden.file))
}

/// What would be stored for the event today: its type, its version, its payload.
fn stored(event: &AnyEvent) -> (String, String, Value) {
    fn of<E: DomainEvent>(event: &E) -> (String, String, Value) {
        (event.event_type(), event.event_version(), serde_json::to_value(event).unwrap())
    }
    match event {
        AnyEvent::Notification(event) => of(event),
        AnyEvent::Tenant(event) => of(event),
        AnyEvent::Template(event) => of(event),
        AnyEvent::Recipient(event) => of(event),
        AnyEvent::Evidence(event) => of(event),
        AnyEvent::Suppression(event) => of(event),
        AnyEvent::Redrive(event) => of(event),
    }
}

/// Adds a field that this program does not know to every object inside the event.
fn with_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(with_unknown_fields);
            fields.insert("addedLater".to_owned(), Value::Bool(true));
        }
        Value::Array(items) => items.iter_mut().for_each(with_unknown_fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_shape_ever_written_loads() {
    for golden in files() {
        let (name, ..) = stored(&load(&golden));
        assert_eq!(name, golden.name, "{}: holds another event", golden.file);
    }
}

#[test]
fn the_present_shape_is_written_as_it_was_read() {
    for golden in files().iter().filter(|golden| golden.version == version_of(&golden.name)) {
        let (name, version, payload) = stored(&load(golden));
        assert_eq!((name, version), (golden.name.clone(), golden.version.clone()), "{}", golden.file);
        assert_eq!(payload, golden.payload, "{}", golden.file);
    }
}

#[test]
fn every_event_has_a_golden_file_and_every_file_an_event() {
    let events: BTreeSet<String> = kinds().into_iter().flat_map(|(_, names)| names).collect();
    let whole = |golden: &Golden| golden.file == format!("{}-{}.json", golden.name, version_of(&golden.name));
    let golden: BTreeSet<String> = files().into_iter().filter(whole).map(|golden| golden.name).collect();
    assert_eq!(events, golden);
    for golden in files() {
        assert!(events.contains(&golden.name), "{}: no such event", golden.file);
        let parts: Vec<&str> = golden.version.split('.').collect();
        assert!(
            parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok()),
            "{}: no version",
            golden.file
        );
    }
}

#[test]
fn an_event_name_is_of_one_aggregate() {
    let all: Vec<String> = kinds().into_iter().flat_map(|(_, names)| names).collect();
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn a_field_added_later_is_read_over() {
    for golden in files() {
        let mut payload = golden.payload.clone();
        payload.as_object_mut().unwrap().values_mut().for_each(with_unknown_fields);
        let later = Golden {
            payload,
            file: golden.file.clone(),
            name: golden.name.clone(),
            version: golden.version.clone(),
        };
        assert_eq!(load(&later), load(&golden), "{}", golden.file);
    }
}

#[test]
fn no_event_of_ours_holds_a_fraction() {
    fn whole(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_i64() || number.is_u64(),
            Value::Array(items) => items.iter().all(whole),
            Value::Object(fields) => fields.values().all(whole),
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
    }
    for golden in files() {
        assert!(whole(&golden.payload), "{}: floats have no one canonical form", golden.file);
    }
}

#[test]
fn an_event_that_is_not_known_is_told_from_one_that_cannot_be_read() {
    let payload = serde_json::json!({ "NotificationRead": { "at": "2026-04-22T12:00:00.000000Z" } });
    assert!(AnyEvent::read(Notification::TYPE, payload.clone()).is_ok());
    assert!(AnyEvent::read(Tenant::TYPE, payload.clone()).unwrap_err().to_string().starts_with("unreadable"));
    let unknown = AnyEvent::read("Order", payload).unwrap_err();
    assert_eq!(unknown.to_string(), "unknown aggregate type Order");
}

#[test]
fn every_event_is_known_by_its_aggregate_and_its_name() {
    for (aggregate, names) in kinds() {
        let known: BTreeSet<String> =
            known_events(aggregate).unwrap().iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(known, names, "{aggregate}");
    }
    assert_eq!(known_events("Order"), None);
}

#[test]
fn the_page_of_events_shows_each_one_as_a_golden_file_of_today_has_it() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events.md");
    let page = fs::read_to_string(page).unwrap();
    let sections: Vec<(&str, &str)> =
        page.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap()).collect();
    let named: BTreeSet<String> = sections.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named, kinds().into_iter().flat_map(|(_, names)| names).collect());
    let files = files();
    for (name, section) in sections {
        let example = section.split("```json").nth(1).unwrap().split("```").next().unwrap();
        let example: Value = serde_json::from_str(example).unwrap();
        let mut of_today =
            files.iter().filter(|golden| golden.name == name && golden.version == version_of(name));
        assert!(of_today.any(|golden| golden.payload == example), "{name}: no golden file has {example}");
        for field in example[name].as_object().unwrap().keys() {
            let row = |mark: &str| section.contains(&format!("\n| `{field}{mark}"));
            assert!(row("`") || row("."), "{name}: `{field}` is not described");
        }
    }
}
