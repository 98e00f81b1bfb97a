//! Addresses of a recipient: one mailbox, one E.164 number.
//!
//! Both are personal: `Debug` and errors never show them. `parse` checks the form on input; a stored value is read without
//! a check, so that a stricter rule leaves no stored event unreadable.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an address was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not one mailbox of the form `local@domain`.
    #[error("must be one email address, as in user@example.com, of at most 254 bytes")]
    Email,
    /// Not a phone number in E.164 form.
    #[error("must be a phone number in E.164 form, as in +254712345678")]
    Phone,
}

/// One mailbox, `local@domain`, at most 254 bytes, without comments, groups, quotes or controls.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Checks the shape; whether the mailbox exists is for the provider to say.
    ///
    /// # Errors
    /// [`AddressError::Email`] if it is not one plain mailbox.
    pub fn parse(raw: &str) -> Result<Self, AddressError> {
        let (local, domain) = raw.rsplit_once('@').ok_or(AddressError::Email)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let domain_ok = domain.contains('.') || domain == "localhost";
        let labels_ok = domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        if raw.len() <= 254 && local_ok && domain_ok && labels_ok {
            Ok(Self(raw.to_owned()))
        } else {
            Err(AddressError::Email)
        }
    }

    /// The address as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that look-ups hash: the domain in lower case, the local part as it is.
    pub fn normalised(&self) -> String {
        match self.0.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
            None => self.0.clone(),
        }
    }
}

/// A phone number in E.164 form.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Checks `+`, a first digit of 1 to 9, and 7 to 15 digits in all.
    ///
    /// # Errors
    /// [`AddressError::Phone`] if it has another form.
    pub fn parse(raw: &str) -> Result<Self, AddressError> {
        let digits = raw.strip_prefix('+').ok_or(AddressError::Phone)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        if plain && (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(raw.to_owned()))
        } else {
            Err(AddressError::Phone)
        }
    }

    /// The number as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! personal {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl From<$name> for String {
            fn from(address: $name) -> Self {
                address.0
            }
        }
    };
}

personal!(EmailAddress);
personal!(PhoneNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_mailbox_is_taken() {
        for good in ["user@example.com", "a.b+tag@sub.example.org", "jörg@bücher.example", "dev@localhost"]
        {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn anything_but_one_plain_mailbox_is_refused() {
        for bad in [
            "",
            "user",
            "@example.com",
            "user@",
            "user@example",
            "a b@example.com",
            "a@b@example.com",
            "a@example.com,b@example.com",
            "\"a\"@example.com",
            "a@example.com\r\nBcc: x@y.z",
            "a@-x.com",
            ".a@example.com",
            "a..b@example.com",
            "<a@example.com>",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(AddressError::Email), "{bad}");
        }
        assert!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_phone_number_is_e164() {
        assert!(PhoneNumber::parse("+254712345678").is_ok());
        for bad in ["254712345678", "+0712345678", "+12", "+1234567890123456", "+2547 1234", ""] {
            assert_eq!(PhoneNumber::parse(bad), Err(AddressError::Phone), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        assert_eq!(format!("{:?}", EmailAddress::parse("user@example.com").unwrap()), "EmailAddress(..)");
    }
}
