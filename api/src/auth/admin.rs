//! An operator shows the admin token as a bearer token.
//!
//! Only the token's hash is kept; without a token nobody is an operator.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::single;
use crate::error::ApiError;

/// The hash of the token that opens the admin routes.
#[derive(Clone, Copy)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    /// Takes a token in clear and keeps its hash.
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    fn opens(&self, token: &str) -> bool {
        <[u8; 32]>::from(Sha256::digest(token.as_bytes())).ct_eq(&self.0).into()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(..)")
    }
}

/// Lets an operator pass.
pub(crate) fn authenticate(headers: &HeaderMap, token: Option<&AdminToken>) -> Result<(), ApiError> {
    let shown = single(headers, AUTHORIZATION.as_str()).and_then(|value| value.to_str().ok());
    let bearer = shown.and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
    });
    match (bearer, token) {
        (Some(bearer), Some(token)) if token.opens(bearer) => Ok(()),
        _ => Err(ApiError::InvalidAdminToken),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn shown(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_the_token_opens() {
        let token = AdminToken::new("secret");
        assert!(authenticate(&shown("Bearer secret"), Some(&token)).is_ok());
        assert!(authenticate(&shown("bearer secret"), Some(&token)).is_ok());
        for bad in ["Bearer secre", "Bearer", "Basic secret", "secret", "Bearer "] {
            assert!(authenticate(&shown(bad), Some(&token)).is_err(), "{bad}");
        }
        assert!(authenticate(&HeaderMap::new(), Some(&token)).is_err());
    }

    #[test]
    fn without_a_token_nobody_is_an_operator() {
        assert!(authenticate(&shown("Bearer "), None).is_err());
        assert!(authenticate(&shown("Bearer secret"), None).is_err());
    }
}
