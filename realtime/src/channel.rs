//! Channel names and the form of a user id in them.
//!
//! In a channel name `,` would name several users, `:` a namespace and `#` a user, so only ids of
//! `[A-Za-z0-9._@-]{1,128}` stand as they are. Any other id becomes `~` and its SHA-256 in hexadecimal; since `~` is not
//! among the plain characters, no plain id can pass for it.

use std::fmt;

use orqestra_domain::UserId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAX_PLAIN: usize = 128;
const OPAQUE: char = '~';
/// The first part of the channel on which changes of a user's inbox are told; no push category.
pub const INBOX: &str = "inbox";

/// A user id as realtime names it: the same in a token's `sub` and in a channel's name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RealtimeUser(String);

/// A text that names no user of realtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user as realtime names one")]
pub struct InvalidUser;

impl RealtimeUser {
    /// The form of a user id: itself where it is safe in a name, else a hash of it.
    pub fn of(user: &UserId) -> Self {
        if is_plain(user.as_str()) {
            return Self(user.as_str().to_owned());
        }
        Self(format!("{OPAQUE}{}", hex::encode(Sha256::digest(user.as_str().as_bytes()))))
    }

    /// Whether it is the user's id as it stands.
    pub fn is_plain(&self) -> bool {
        is_plain(&self.0)
    }

    /// The text that stands in `sub` and after `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The channel of a push category: `<category>#<user>`.
    pub fn channel(&self, category: &str) -> String {
        format!("{category}#{}", self.0)
    }

    /// The channel on which changes of the user's inbox are told.
    pub fn inbox_channel(&self) -> String {
        self.channel(INBOX)
    }
}

/// Whether the first part of a channel is the inbox's.
pub(crate) fn is_inbox(category: &str) -> bool {
    category == INBOX
}

fn is_plain(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-');
    (1..=MAX_PLAIN).contains(&id.len()) && id.bytes().all(plain)
}

fn is_opaque(id: &str) -> bool {
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    id.strip_prefix(OPAQUE).is_some_and(|hash| hash.len() == 64 && hash.bytes().all(digit))
}

impl fmt::Debug for RealtimeUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealtimeUser(..)")
    }
}

impl TryFrom<String> for RealtimeUser {
    type Error = InvalidUser;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_plain(&text) || is_opaque(&text) { Ok(Self(text)) } else { Err(InvalidUser) }
    }
}

impl From<RealtimeUser> for String {
    fn from(user: RealtimeUser) -> Self {
        user.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> RealtimeUser {
        RealtimeUser::of(&UserId::parse(id).unwrap())
    }

    #[test]
    fn a_plain_id_stands_as_it_is() {
        let longest = "x".repeat(128);
        for id in ["user-1", "a.b_c@example.com", "0190c0de-0000-7000-8000-000000000001", &longest] {
            assert_eq!(of(id).as_str(), id);
        }
        assert_eq!(of("user-1").channel("orders"), "orders#user-1");
        assert_eq!(of("user-1").inbox_channel(), "inbox#user-1");
    }

    #[test]
    fn an_id_that_would_mean_more_in_a_name_becomes_opaque() {
        let too_long = "x".repeat(129);
        for id in ["a,b", "ns:a", "a#b", "a b", "Jörg", "$a", "a/b", "a*", "a&b", "~a", &too_long] {
            let user = of(id);
            assert!(is_opaque(user.as_str()), "{id}");
            assert!(user.channel("orders").is_ascii());
        }
    }

    #[test]
    fn an_opaque_form_never_changes() {
        let hash = "1eb7c54d52831bbfe8942af0b1c56b7409523a59ed6ca99c1174fef7eb32c1b5";
        assert_eq!(of("a,b").as_str(), format!("~{hash}"));
    }

    #[test]
    fn nobody_can_take_the_id_that_anothers_opaque_form_is() {
        let victim = of("a,b");
        assert_ne!(of(victim.as_str()), victim);
    }

    #[test]
    fn what_is_neither_plain_nor_opaque_names_no_user() {
        for text in ["", "a,b", "~", "~abc", "orders#a"] {
            assert_eq!(RealtimeUser::try_from(text.to_owned()), Err(InvalidUser), "{text}");
        }
        assert_eq!(RealtimeUser::try_from(of("a,b").as_str().to_owned()), Ok(of("a,b")));
    }
}
