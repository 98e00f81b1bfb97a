//! A tenant as its backend knows it, and how it signs.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

/// A tenant and how to speak for it.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// An API key of it.
    pub key: String,
    /// Its webhook secret.
    pub secret: Option<String>,
}

/// The signature of a body: HMAC-SHA256 in hex.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
