//! Short texts with a length and a character rule: names, event types, user ids.
//!
//! `parse` checks the rule on input. Reading a stored value checks nothing: the rule may have been another one when the
//! value was accepted, and a stored event must load for ever.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// Longer than allowed.
    #[error("must be at most {max} characters")]
    TooLong {
        /// The limit in characters (Unicode scalar values), as JSON Schema counts them.
        max: usize,
    },
    /// Longer than allowed, where bytes count.
    #[error("must be at most {max} bytes of UTF-8")]
    TooManyBytes {
        /// The limit in bytes of UTF-8.
        max: usize,
    },
    /// A control character is inside.
    #[error("must not contain control characters")]
    Control,
}

pub(crate) fn checked(raw: &str, max: usize) -> Result<String, TextError> {
    if raw.is_empty() {
        return Err(TextError::Empty);
    }
    if raw.chars().nth(max).is_some() {
        return Err(TextError::TooLong { max });
    }
    if raw.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(raw.to_owned())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Most characters allowed.
            pub const MAX_CHARS: usize = $max;

            /// Checks length and characters.
            ///
            /// # Errors
            /// Says which rule does not hold.
            pub fn parse(raw: &str) -> Result<Self, TextError> {
                checked(raw, Self::MAX_CHARS).map(Self)
            }

            /// A value that was accepted once, as it stands: a rule of today says nothing about it.
            pub const fn stored(text: String) -> Self {
                Self(text)
            }

            /// The text as received.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// The name of a kind of event, as in `order.confirmed`. Case matters.
    EventTypeName,
    128
);
text!(
    /// What a tenant is called in answers to it.
    TenantName,
    128
);
text!(
    /// A recipient's id in the tenant's own system. Personal: never logged, never stored in clear.
    UserId,
    255
);

impl EventTypeName {
    /// Whether the platform's own templates answer for this type where the tenant has none.
    pub fn is_global(&self) -> bool {
        self.0.starts_with("global.")
    }

    /// The part before the first dot: `order` of `order.confirmed`.
    pub fn first_part(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_the_rule_it_breaks() {
        assert_eq!(EventTypeName::parse(""), Err(TextError::Empty));
        assert_eq!(EventTypeName::parse(&"x".repeat(129)), Err(TextError::TooLong { max: 128 }));
        assert_eq!(UserId::parse("a\0b"), Err(TextError::Control));
        assert_eq!(UserId::parse("a\u{9f}b"), Err(TextError::Control));
        assert!(UserId::parse("Jörg #1").is_ok());
    }

    #[test]
    fn a_length_counts_characters_whatever_bytes_they_take() {
        for letter in ["x", "ü", "हि", "\u{1f600}"] {
            let characters = letter.chars().count();
            assert!(UserId::parse(&letter.repeat(255 / characters)).is_ok(), "{letter}");
            let more = letter.repeat(255 / characters + 1);
            assert_eq!(UserId::parse(&more), Err(TextError::TooLong { max: 255 }), "{letter}");
        }
    }

    #[test]
    fn only_types_under_global_fall_back() {
        assert!(EventTypeName::parse("global.info").unwrap().is_global());
        assert!(!EventTypeName::parse("globality.info").unwrap().is_global());
    }
}
