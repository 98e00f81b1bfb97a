//! The push categories of a tenant: what its users' realtime channels are named by.
//!
//! `parse` checks the rules on input; a stored list is read without a check.

use serde::{Deserialize, Serialize};

/// A tenant's push categories in the order in which they are listed, all different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PushCategories(Vec<String>);

/// Why a list of push categories was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCategories {
    /// There are none, or too many.
    #[error("must hold 1 to 16 categories")]
    Count,
    /// One of them can be no part of a channel's name.
    #[error("must hold only texts of 1 to 64 characters of A-Z, a-z, 0-9, _ and -")]
    Text,
    /// One of them is named twice.
    #[error("must not name a category twice")]
    Twice,
}

impl PushCategories {
    /// How many a tenant may have.
    pub const MOST: usize = 16;
    /// Most characters of one, each a byte.
    pub const MOST_CHARS: usize = 64;

    /// Checks number, characters and that none comes twice.
    ///
    /// # Errors
    /// Says which rule does not hold.
    pub fn parse(categories: Vec<String>) -> Result<Self, InvalidCategories> {
        if !(1..=Self::MOST).contains(&categories.len()) {
            return Err(InvalidCategories::Count);
        }
        if !categories.iter().all(|category| Self::is_one(category)) {
            return Err(InvalidCategories::Text);
        }
        let twice = |(at, category): (usize, &String)| categories[..at].contains(category);
        if categories.iter().enumerate().any(twice) {
            return Err(InvalidCategories::Twice);
        }
        Ok(Self(categories))
    }

    /// What a tenant has that was given none.
    pub const USUAL: [&str; 2] = ["global_system", "orders"];

    /// Whether a text can be a category.
    pub fn is_one(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        (1..=Self::MOST_CHARS).contains(&text.len()) && text.bytes().all(plain)
    }

    /// The categories.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_named_once_in_plain_characters_and_are_not_too_many() {
        let parse =
            |names: &[&str]| PushCategories::parse(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(
            parse(&["global_system", "my-orders"]).unwrap().as_slice(),
            ["global_system", "my-orders"]
        );
        assert_eq!(parse(&[]), Err(InvalidCategories::Count));
        assert_eq!(parse(&["a"; 17]), Err(InvalidCategories::Count));
        for text in ["", "a#b", "a:b", "a,b", "ä", &"a".repeat(65)] {
            assert_eq!(parse(&["a", text]), Err(InvalidCategories::Text), "{text}");
        }
        assert_eq!(parse(&["a", "b", "a"]), Err(InvalidCategories::Twice));
    }
}
