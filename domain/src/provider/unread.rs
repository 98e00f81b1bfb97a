//! An entry's kind and settings as they are stored.
//!
//! Invariant: what was read is written again unchanged, so that a program which does not know a kind loses none of it.
//! Credentials stand in it sealed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings that this program cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnreadProvider(Map<String, Value>);

impl UnreadProvider {
    /// The kind as it is stored, `unknown` where none is.
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(Value::as_str).unwrap_or("unknown")
    }
}
