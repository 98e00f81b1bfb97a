//! Fixed values that the domain's tests share: a moment, a sealed text, ids.
//!
//! Nothing here is random and nothing is read from outside, so that a failure repeats.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::id::{KeyId, TenantId};
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;

/// That many seconds after noon of 22 April 2026.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_776_859_200_000_000 + second * 1_000_000)
}

/// A sealed text that no key opens; the same text gives the same value.
pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed { key_id: KeyId::from_uuid(Uuid::from_u128(0x5ea1)), data: text.to_owned() }
}

/// The tenant of the tests.
pub(crate) fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x7e4a))
}

/// What the store gives back for a value it was given.
pub(crate) fn stored<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}
