//! API keys: random, shown once, stored as a hash.
//!
//! A key has 192 bits of its own, so that a plain hash of it cannot be searched.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orqestra_domain::{ApiKeyHash, ApiKeyKind};
use sha2::{Digest, Sha256};

use crate::entropy::Entropy;

const RANDOM_BYTES: usize = 24;

/// Makes a key: `orq_live_` or `orq_test_`, and 32 characters of `[A-Za-z0-9_-]`. The prefix is for people to read: the log
/// decides a key's kind.
pub fn new_api_key(entropy: &dyn Entropy, kind: ApiKeyKind) -> String {
    let mut bytes = [0; RANDOM_BYTES];
    entropy.fill(&mut bytes);
    let mut key = match kind {
        ApiKeyKind::Live => "orq_live_",
        ApiKeyKind::Test => "orq_test_",
    }
    .to_owned();
    URL_SAFE_NO_PAD.encode_string(bytes, &mut key);
    key
}

/// SHA-256 of the key's text as presented, prefix included.
pub fn hash_api_key(key: &str) -> ApiKeyHash {
    ApiKeyHash::from_bytes(Sha256::digest(key.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_new_key_has_the_prefix_and_32_url_safe_characters() {
        for (kind, prefix) in [(ApiKeyKind::Live, "orq_live_"), (ApiKeyKind::Test, "orq_test_")] {
            let key = new_api_key(&SeededEntropy::new(1), kind);
            let rest = key.strip_prefix(prefix).unwrap();
            assert_eq!(rest.len(), 32);
            assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert_ne!(key, new_api_key(&SeededEntropy::new(2), kind));
        }
    }

    #[test]
    fn the_hash_of_an_api_key_never_changes() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/api-key.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let hash = hash_api_key(vector["key"].as_str().unwrap());
            assert_eq!(hash.to_string(), vector["hash"].as_str().unwrap());
        }
    }
}
