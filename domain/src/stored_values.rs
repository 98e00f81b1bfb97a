//! A value that was accepted once is read for ever: reading a stored value object checks no rule of its input.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::address::{EmailAddress, PhoneNumber};
use crate::category::PushCategories;
use crate::id::EventId;
use crate::tenant::Limits;
use crate::text::{EventTypeName, TenantName, UserId};

/// Value objects whose text is a form and not a rule: hashes and times, which no later rule can tighten.
const FORMS: [&str; 2] = ["hash_id", "Timestamp"];

fn stays<T: Serialize + DeserializeOwned>(stored: &Value) {
    let read: T = serde_json::from_value(stored.clone())
        .unwrap_or_else(|error| panic!("{}: {error}: {stored}", std::any::type_name::<T>()));
    assert_eq!(&serde_json::to_value(read).unwrap(), stored, "{}", std::any::type_name::<T>());
}

#[test]
fn a_stored_value_that_todays_input_rules_refuse_is_read_as_it_stands() {
    let long = "x".repeat(5_000);
    for odd in ["", " ", "a\nb", "a\u{0}b", "\u{202e}", long.as_str()] {
        stays::<TenantName>(&json!(odd));
        stays::<EventTypeName>(&json!(odd));
        stays::<UserId>(&json!(odd));
        stays::<EventId>(&json!(odd));
        stays::<EmailAddress>(&json!(odd));
        stays::<PhoneNumber>(&json!(odd));
        stays::<PushCategories>(&json!([odd, odd]));
    }
    stays::<PushCategories>(&json!([]));
    for (rate, cap) in [(0_u64, 0_u64), (4_294_967_295, 1 << 53)] {
        stays::<Limits>(&json!({"ratePerMinute": rate, "dailyCap": cap}));
    }
}

#[test]
fn the_input_rules_hold_all_the_same() {
    assert!(TenantName::parse("").is_err() && EventTypeName::parse("a\nb").is_err());
    assert!(UserId::parse("\0").is_err() && EventId::parse(&"x".repeat(256)).is_err());
    assert!(EmailAddress::parse("x").is_err() && PhoneNumber::parse("1").is_err());
    assert!(PushCategories::parse(Vec::new()).is_err());
}

#[test]
fn a_stored_limit_that_was_changed_by_rounding_is_read_as_the_nearest_that_can_be_stored() {
    let read = |cap: &str, rate: &str| -> Limits {
        serde_json::from_str(&format!("{{\"dailyCap\":{cap},\"ratePerMinute\":{rate}}}")).unwrap()
    };
    let most = Some(1 << 53);
    for cap in ["18446744073709552000", "18446744073709551615", "9007199254740993", "1e+300"] {
        assert_eq!(read(cap, "5"), Limits { rate_per_minute: 5, daily_cap: most }, "{cap}");
    }
    assert_eq!(read("-1", "4294967296"), Limits { rate_per_minute: u32::MAX, daily_cap: Some(0) });
    assert_eq!(read("null", "0"), Limits { rate_per_minute: 0, daily_cap: None });
}

/// Walks the sources: a type that parses itself while it is read would tie what is stored to its rule.
#[test]
fn no_value_object_but_a_form_checks_itself_while_it_is_read() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let marker = concat!("serde(try_", "from");
            for (at, _) in text.match_indices(marker) {
                let form = match text[..at].rfind("macro_rules! ") {
                    Some(start) if !text[start..at].contains("\n}\n") => &text[start + 13..at],
                    _ => text[at..].split_once("pub struct ").map_or("", |(_, rest)| rest),
                };
                found.push(form.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned());
            }
        }
    }
    found.sort();
    let mut forms = FORMS.map(str::to_owned);
    forms.sort();
    assert_eq!(found, forms, "read it as it stands (serde(transparent)) and check it in `parse`");
}
