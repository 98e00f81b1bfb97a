//! A value that only the holder of its key can read.
//!
//! The domain carries sealed values and never opens them; sealing and opening live in the vault.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::KeyId;

/// A field sealed with AES-256-GCM: the key's id and base64 of nonce, ciphertext and tag.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The data key that opens it.
    pub key_id: KeyId,
    /// Base64 (standard, padded) of the 12-byte nonce, the ciphertext and the 16-byte tag.
    pub data: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key_id, self.data.len())
    }
}
