//! The signature of a trigger: HMAC-SHA256 of the raw body with the tenant's webhook secret, in hex.
//!
//! Required of a tenant that has a secret, not looked at for one that has none.

use axum::http::HeaderMap;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::single;
use crate::error::ApiError;

const HEADER: &str = "x-orqestra-signature";

/// Checks the signature against the body as received.
pub(crate) fn check(headers: &HeaderMap, secret: &[u8], body: &[u8]) -> Result<(), ApiError> {
    let mut given = [0; 32];
    let value = single(headers, HEADER).ok_or(ApiError::InvalidSignature)?;
    hex::decode_to_slice(value.as_bytes(), &mut given).map_err(|_| ApiError::InvalidSignature)?;
    Hmac::<Sha256>::new_from_slice(secret)
        .expect("HMAC takes a key of any length")
        .chain_update(body)
        .verify_slice(&given)
        .map_err(|_| ApiError::InvalidSignature)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn signed(values: &[&str]) -> HeaderMap {
        let name = HeaderName::from_static(HEADER);
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    /// RFC 4231, test case 2.
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_right_signature_opens_in_either_case() {
        assert!(check(&signed(&[HEX]), KEY, BODY).is_ok());
        assert!(check(&signed(&[&HEX.to_uppercase()]), KEY, BODY).is_ok());
    }

    #[test]
    fn any_other_signature_does_not() {
        let cut = &HEX[..62];
        let doubled = format!("{HEX}{HEX}");
        for bad in [&[][..], &[""], &[cut], &[&doubled], &[HEX, HEX], &[&HEX.replace('5', "6")], &["ü"]] {
            assert!(check(&signed(bad), KEY, BODY).is_err(), "{bad:?}");
        }
        assert!(check(&signed(&[HEX]), KEY, b"what do ya want for nothing!").is_err());
        assert!(check(&signed(&[HEX]), b"Jefferson", BODY).is_err());
    }
}
