//! Callbacks of Resend and SendGrid, signed as each of them signs, and the keys by which an entry verifies them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use orqestra_tests::http::Request;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::Value;
use sha2::Sha256;

/// The secret that Resend signs with, and that stands in the path of Africa's Talking.
pub(crate) const SECRET: &str = "0123456789abcdef";

/// The time in seconds since 1970.
pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The `webhookSecret` of an entry of Resend.
pub(crate) fn resend_secret() -> String {
    format!("whsec_{}", STANDARD.encode(SECRET))
}

/// The `webhookPublicKey` of an entry of SendGrid.
pub(crate) fn sendgrid_key() -> String {
    STANDARD.encode(key().verifying_key().to_public_key_der().unwrap().as_bytes())
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// A callback of Resend; a repeat has the id of the first.
pub(crate) fn resend(path: String, id: &str, body: &Value) -> Request {
    let now = seconds();
    let signed = format!("{id}.{now}.{body}");
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(signed);
    Request::post(path)
        .header("svix-id", id)
        .header("svix-timestamp", now.to_string())
        .header("svix-signature", format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        .text(body.to_string())
}

/// A callback of SendGrid.
pub(crate) fn sendgrid(path: String, body: &Value) -> Request {
    let now = seconds();
    let signature: Signature = key().sign(format!("{now}{body}").as_bytes());
    Request::post(path)
        .header("x-twilio-email-event-webhook-timestamp", now.to_string())
        .header("x-twilio-email-event-webhook-signature", STANDARD.encode(signature.to_der().as_bytes()))
        .text(body.to_string())
}
