//! An operator shows the admin token as a bearer token.
//!
//! Only the token's hash is kept; without a token nobody is an operator.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::backoff::WrongTokens;
use super::single;
use crate::app::App;
use crate::error::ApiError;
use crate::server::peer::{Came, Peer};

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

/// Lets an operator pass. Wrong tokens make their peer wait.
pub(crate) fn authenticate(app: &App, parts: &Parts) -> Result<(), ApiError> {
    let from = parts.extensions.get::<Came>().map(|Came(from)| *from);
    let peer = from.map(|from| Peer::of(app.trusted_proxies.client(from, &parts.headers)));
    judge(&parts.headers, app.admin_token.as_ref(), peer, app.wrong_tokens())
}

fn judge(
    headers: &HeaderMap,
    token: Option<&AdminToken>,
    peer: Option<Peer>,
    wrong: &WrongTokens,
) -> Result<(), ApiError> {
    let shown = shown(headers).ok_or(ApiError::InvalidAdminToken)?;
    wrong.judge(peer, || token.is_some_and(|token| token.opens(shown)))
}

/// The bearer token of a request.
fn shown(headers: &HeaderMap) -> Option<&str> {
    let (scheme, rest) = single(headers, AUTHORIZATION.as_str())?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn opens(value: Option<&str>, token: Option<&AdminToken>) -> bool {
        let value = value.map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
        judge(&HeaderMap::from_iter(value), token, None, &WrongTokens::default()).is_ok()
    }

    #[test]
    fn only_the_token_opens() {
        let token = AdminToken::new("secret");
        assert!(opens(Some("Bearer secret"), Some(&token)));
        assert!(opens(Some("bearer secret"), Some(&token)));
        for bad in ["Bearer secre", "Bearer", "Basic secret", "secret", "Bearer "] {
            assert!(!opens(Some(bad), Some(&token)), "{bad}");
        }
        assert!(!opens(None, Some(&token)));
    }

    #[test]
    fn without_a_token_nobody_is_an_operator() {
        assert!(!opens(Some("Bearer "), None));
        assert!(!opens(Some("Bearer secret"), None));
    }
}
