//! Connection tokens: HS256 JWTs with `sub`, `tenant`, `iat` and `exp`, as Centrifugo takes them; `recipient` beside an
//! opaque `sub`, so that the hub finds what was published to it.
//!
//! A token is good for two hours from the moment it was issued; the moment comes from the caller, both ways.

use std::collections::HashSet;
use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use orqestra_domain::{RecipientRef, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::channel::RealtimeUser;

/// How long a token is good for.
pub const TOKEN_SECONDS: i64 = 2 * 60 * 60;

/// Issues and checks tokens with one secret.
#[derive(Clone)]
pub struct RealtimeTokens {
    sign: EncodingKey,
    check: DecodingKey,
    rules: Validation,
}

/// A token and what it is good for.
#[derive(Clone)]
pub struct IssuedToken {
    /// The JWT. Secret.
    pub token: String,
    /// The user's channels, one a category, in the categories' order.
    pub channels: Vec<String>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: RealtimeUser,
    /// The tenant whose channels the user means.
    pub tenant: TenantId,
    /// The look-up form of the user's id, where `sub` does not show the id as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientRef>,
    /// When it was issued, in seconds since the Unix epoch.
    pub iat: i64,
    /// From when on it is not good any more, in seconds since the Unix epoch.
    pub exp: i64,
}

/// A secret without a byte, with which anybody could sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret for realtime tokens is empty")]
pub struct EmptySecret;

/// Why a token was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It never was: malformed, signed otherwise, or without a claim that it needs.
    #[error("the token is not valid")]
    Invalid,
}

impl RealtimeTokens {
    /// Takes the secret that Centrifugo knows as `client.token.hmac_secret_key`.
    ///
    /// # Errors
    /// [`EmptySecret`].
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, EmptySecret> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(EmptySecret);
        }
        let mut rules = Validation::new(Algorithm::HS256);
        // Expiry is checked against the caller's time, the claims by their type.
        rules.validate_exp = false;
        rules.required_spec_claims = HashSet::new();
        Ok(Self { sign: EncodingKey::from_secret(secret), check: DecodingKey::from_secret(secret), rules })
    }

    /// Makes a token for a tenant's user, good for two hours. The user's look-up form goes in where the id does not.
    pub fn issue(
        &self,
        tenant: TenantId,
        user: &UserId,
        reference: RecipientRef,
        categories: &[&str],
        now: Timestamp,
    ) -> IssuedToken {
        let sub = RealtimeUser::of(user);
        let channels = categories.iter().map(|category| sub.channel(category)).collect();
        let iat = now.as_datetime().unix_timestamp();
        let recipient = (!sub.is_plain()).then_some(reference);
        let claims = Claims { sub, tenant, recipient, iat, exp: iat + TOKEN_SECONDS };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .expect("an HMAC key signs any claims that are an object");
        IssuedToken { token, channels }
    }

    /// Checks a token and says whose it is.
    ///
    /// # Errors
    /// [`TokenError::Expired`] from its `exp` on, [`TokenError::Invalid`] for any that was never good.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.check, &self.rules)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        if now.as_datetime().unix_timestamp() >= claims.exp {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

impl fmt::Debug for RealtimeTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealtimeTokens(..)")
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken(.., {} channels)", self.channels.len())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use orqestra_domain::PushCategories;

    use super::*;

    const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(7));
    const REFERENCE: RecipientRef = RecipientRef::from_bytes([7; 32]);
    const SECOND: i64 = 1_776_859_200;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_micros(second * 1_000_000)
    }

    fn tokens() -> RealtimeTokens {
        RealtimeTokens::new("a secret for tests").unwrap()
    }

    fn issue(user: &str) -> IssuedToken {
        let user = UserId::parse(user).unwrap();
        tokens().issue(TENANT, &user, REFERENCE, &PushCategories::USUAL, at(SECOND))
    }

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_token_names_user_tenant_and_two_hours_and_no_channels() {
        let issued = issue("user-1");
        assert_eq!(part(&issued.token, 0)["alg"], "HS256");
        let expected = json!({
            "sub": "user-1", "tenant": TENANT.to_string(), "iat": SECOND, "exp": SECOND + 7_200,
        });
        assert_eq!(part(&issued.token, 1), expected);
        assert_eq!(issued.channels, ["global_system#user-1", "orders#user-1"]);
    }

    #[test]
    fn an_opaque_user_is_the_same_in_sub_and_channels() {
        let issued = issue("a,b");
        let claims = tokens().verify(&issued.token, at(SECOND)).unwrap();
        assert_eq!(claims.sub, RealtimeUser::of(&UserId::parse("a,b").unwrap()));
        assert_eq!(claims.recipient, Some(REFERENCE));
        assert_eq!(issued.channels[1], claims.sub.channel("orders"));
    }

    #[test]
    fn a_token_is_good_until_its_expiry_and_not_at_it() {
        let issued = issue("user-1");
        let last = at(SECOND + TOKEN_SECONDS - 1);
        assert_eq!(tokens().verify(&issued.token, last).unwrap().tenant, TENANT);
        let expired = tokens().verify(&issued.token, at(SECOND + TOKEN_SECONDS));
        assert_eq!(expired, Err(TokenError::Expired));
    }

    #[test]
    fn a_token_that_was_changed_or_signed_otherwise_is_not_valid() {
        let issued = issue("user-1");
        let other = RealtimeTokens::new("another secret").unwrap();
        assert_eq!(other.verify(&issued.token, at(SECOND)), Err(TokenError::Invalid));

        let [header, _, signature]: [&str; 3] =
            issued.token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let mut claims = part(&issued.token, 1);
        claims["sub"] = json!("user-2");
        let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for token in [
            format!("{header}.{forged}.{signature}"),
            format!("{unsigned}.{forged}."),
            "a.b.c".to_owned(),
            String::new(),
        ] {
            assert_eq!(tokens().verify(&token, at(SECOND)), Err(TokenError::Invalid), "{token}");
        }
    }

    #[test]
    fn a_token_without_a_claim_that_it_needs_is_not_valid() {
        for missing in ["sub", "tenant", "iat", "exp"] {
            let mut claims = part(&issue("user-1").token, 1);
            claims.as_object_mut().unwrap().remove(missing);
            let token = jsonwebtoken::encode(&Header::default(), &claims, &tokens().sign).unwrap();
            assert_eq!(tokens().verify(&token, at(SECOND)), Err(TokenError::Invalid), "{missing}");
        }
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        assert_eq!(RealtimeTokens::new("").unwrap_err(), EmptySecret);
    }

    #[test]
    fn debug_shows_no_token() {
        assert!(!format!("{:?}", issue("user-1")).contains("ey"));
        assert_eq!(format!("{:?}", tokens()), "RealtimeTokens(..)");
    }
}
