//! A caller's variables as liquid's values.
//!
//! Invariant: only those that the template names are converted, and no more of them than their limit allows: an object
//! of a few bytes of JSON takes hundreds in memory.

use std::collections::HashSet;

use liquid_core::model::KString;
use liquid_core::{Object, Value};
use serde_json::{Map, Value as Json};

use super::RenderError;
use super::meter::{ENTRY, NODE};

/// Converts the variables that a template names, up to so many bytes in memory.
pub(super) fn named(
    variables: &Map<String, Json>,
    names: &HashSet<String>,
    most: usize,
) -> Result<Object, RenderError> {
    let mut left = most;
    let mut object = Object::new();
    for (name, value) in variables.iter().filter(|(name, _)| names.contains(*name)) {
        let value = to_value(value, &mut left).ok_or(RenderError::TooLarge)?;
        object.insert(KString::from_ref(name), value);
    }
    Ok(object)
}

/// Converts a value and takes its weight from what is left; `None` once that is used up.
fn to_value(json: &serde_json::Value, left: &mut usize) -> Option<Value> {
    let mut take = |bytes: usize| {
        *left = left.checked_sub(bytes)?;
        Some(())
    };
    take(NODE)?;
    Some(match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::scalar(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::scalar(integer),
            None => Value::scalar(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => {
            take(text.len())?;
            Value::scalar(text.clone())
        }
        serde_json::Value::Array(items) => {
            Value::Array(items.iter().map(|item| to_value(item, left)).collect::<Option<_>>()?)
        }
        serde_json::Value::Object(entries) => {
            // A map's table starts with room for a few.
            take(4 * NODE)?;
            let mut object = Object::new();
            for (key, item) in entries {
                *left = left.checked_sub(ENTRY + key.len())?;
                object.insert(KString::from_ref(key), to_value(item, left)?);
            }
            Value::Object(object)
        }
    })
}
