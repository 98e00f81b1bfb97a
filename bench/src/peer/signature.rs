//! The check of a signature, as the engine does it.

use axum::http::HeaderMap;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Whether the header holds the HMAC-SHA256 of the body in hex.
pub(crate) fn is_right(headers: &HeaderMap, secret: &[u8], body: &[u8]) -> bool {
    let mut given = [0; 32];
    headers
        .get("x-orqestra-signature")
        .is_some_and(|value| hex::decode_to_slice(value.as_bytes(), &mut given).is_ok())
        && Hmac::<Sha256>::new_from_slice(secret)
            .expect("HMAC takes a key of any length")
            .chain_update(body)
            .verify_slice(&given)
            .is_ok()
}
