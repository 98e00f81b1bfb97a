//! Addresses of a recipient: one mailbox, one E.164 number.
//!
//! Both are personal: `Debug` and errors never show them. `parse` checks the form on input; a stored value is read without
//! a check, so that a stricter rule leaves no stored event unreadable.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mail_route::MailRoute;

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

/// One mailbox, `local@domain`, that SMTP can carry: in letters of any script, a local part in quotes among them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Most characters that an address may be written with. As SMTP carries it, it has at most 254 bytes.
    pub const MAX_CHARS: usize = crate::mail_route::LONGEST_RAW;

    /// Checks the form; whether the mailbox exists is for the provider to say.
    ///
    /// # Errors
    /// [`AddressError::Email`] if no mail system would take it.
    pub fn parse(raw: &str) -> Result<Self, AddressError> {
        MailRoute::of(raw).map(|_| Self(raw.to_owned())).ok_or(AddressError::Email)
    }

    /// The address as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that SMTP carries; nothing for a stored address that an earlier rule took and SMTP cannot carry.
    pub fn route(&self) -> Option<MailRoute> {
        MailRoute::of(&self.0)
    }

    /// The form that look-ups hash, the same for each spelling of an address: the domain in small letters of its own
    /// script, the local part composed and otherwise as it is.
    ///
    /// References are stored for ever: what was one form stays that form. A domain that came as `xn--` was hashed in that
    /// spelling up to the change of November 2026; its references from before are not found by this form.
    pub fn normalised(&self) -> String {
        match (self.route(), self.0.rsplit_once('@')) {
            (Some(route), _) => route.normalised(),
            (None, Some((local, domain))) => format!("{local}@{}", domain.to_lowercase()),
            (None, None) => self.0.clone(),
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
    fn every_address_that_a_mail_system_takes_is_taken() {
        for good in [
            "user@example.com",
            "USER@EXAMPLE.COM",
            "a.b+tag@sub.example.org",
            "o'brien@example.org",
            "!#$%&'*+-/=?^_`{|}~@example.org",
            "user@example.photography",
            "user@mail_relay.example.com",
            "user@ab--cd.example",
            "user@xn--bcher-kva.example",
            "user@xn--a.example",
            "user@1and1.example",
            "dev@localhost",
            "user@example.com.",
            "jörg@bücher.example",
            "jo\u{308}rg@bu\u{308}cher.example",
            "user@हिन्दी.example",
            "हिन्दी@हिन्दी.भारत",
            "user@தமிழ்.example",
            "user@ไทย.example",
            "用户@例子.广告",
            "user@例子。广告",
            "квіточка@пошта.укр",
            "θσερ@εχαμπλε.ψομ",
            "می\u{200c}خواهم@example.com",
            "مثال@مثال.إختبار",
            "אבג@דוגמה.example",
            "👍🏽@i❤.ws",
            "user@ＥＸＡＭＰＬＥ.com",
            "\"john doe\"@example.org",
            "\"a@b\"@example.org",
            "\"quote\\\"d\"@example.org",
            "user@[192.0.2.1]",
            "user@[IPv6:2001:db8::1]",
            "user@192.0.2.1",
            "a..b@docomo.ne.jp",
            "a.@ezweb.ne.jp",
            ".a@au.com",
            "user@نامه\u{200c}ای.example",
            "ıstanbul@example.com",
            "ẹ\u{301}@example.com",
            "e\u{323}\u{301}@example.com",
            "उपयोगकर्ता@उदाहरण.भारत",
            "ผู้ใช้@example.com",
            "用戶.名@例え.テスト",
            "사용자@예시.한국",
            "δοκιμή@παράδειγμα.δοκιμή",
            "ユーザー+タグ@example.jp",
            "👨\u{200d}👩\u{200d}👧@example.com",
            "❤\u{fe0f}@example.com",
            "x@example.museum",
            "x@a.b.c.d.e.f.example",
            "1234567890@example.com",
            "_______@example.com",
            "customer/department=shipping@example.com",
            "$A12345@example.com",
            "!def!xyz%abc@example.com",
            "\"\\\"\"@example.com",
            "\" \"@example.com",
            "\"a,b;c:d<e>[f]\"@example.com",
            "\"much.more unusual\"@example.com",
            "\".leading\"@example.com",
            "user@EXAMPLE.COM.",
            "user@faß.example",
            "user@ǆ.example",
            "user@3com.example",
            "user@a-b.example",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_no_mail_system_would_take_is_refused() {
        for bad in [
            "",
            "user",
            "@",
            "@example.com",
            "\"\"@example.com",
            "user@",
            "user@.",
            "user@example",
            "user@example..com",
            "user@.example.com",
            "user@example.com..",
            "user@-x.com",
            "user@x-.com",
            "user@exam ple.com",
            "user@example.com/x",
            "user@[192.0.2]",
            "user@[192.0.2.1",
            "user@[x:1]",
            "user@192.0.2.1]",
            "user@אa1.example",
            "user@ex\u{200b}ample.com\u{0}",
            "a b@example.com",
            " user@example.com",
            "user@example.com ",
            "user\u{a0}x@example.com",
            "user\u{3000}x@example.com",
            "a@b@example.com",
            "a@example.com,b@example.com",
            "Shop <a@example.com>",
            "<a@example.com>",
            "(c)a@example.com",
            "a:b@example.com",
            "a\\b@example.com",
            "\"a@example.com",
            "a\"b\"@example.com",
            "\"a\"b\"@example.com",
            "\"a\"b@example.com",
            "\"a\r\nb\"@example.com",
            "\"a\\\"@example.com",
            "a@example.com\r\nBcc: x@y.z",
            "a\r\n@example.com",
            "a\u{0}@example.com",
            "a\u{7f}@example.com",
            "a\u{85}@example.com",
            "\u{202a}a@example.com",
            "a\u{200b}@example.com",
            "\u{feff}a@example.com",
            "a\u{ffff}@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            ".@docomo.ne.jp",
            "..@docomo.ne.jp",
            "a..b@docomo.ne.jp.example",
            "a..b@notdocomo.ne.jp",
            "a b..c@docomo.ne.jp",
            "user@111.222.333.44444",
            "user@example.123",
            "plainaddress",
            "#@%^%#$@#$@#.com",
            "email.example.com",
            "email@example@example.com",
            "email@example.com (Joe Smith)",
            "email@example,com",
            "user@exa\u{301}\u{0}mple.com",
            "user@[256.0.0.1]",
            "user@[IPv6:xyz]",
            "user@example.com;",
            "user@example.c om",
            "user@*.example.com",
            "user＠example.com",
            "mailto:user@example.com",
            "user@http://example.com",
            "\"unescaped\\\"@example.com",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(AddressError::Email), "{bad:?}");
        }
    }

    #[test]
    fn the_form_that_look_ups_hash_never_changes() {
        for (address, form) in [
            ("jane@example.com", "jane@example.com"),
            ("Jane.Doe+Tag@Example.COM", "Jane.Doe+Tag@example.com"),
            ("jörg@bücher.example", "jörg@bücher.example"),
            ("user@Straße.example", "user@straße.example"),
            ("user@mail_relay.example", "user@mail_relay.example"),
            ("user@xn--a.example", "user@xn--a.example"),
            ("dev@localhost", "dev@localhost"),
        ] {
            assert_eq!(EmailAddress::parse(address).unwrap().normalised(), form);
        }
        for odd in ["stored@-before-.example", "no address", "a@b@C"] {
            let stored: EmailAddress = serde_json::from_value(odd.into()).unwrap();
            let form = odd.replace("@C", "@c");
            assert_eq!(stored.normalised(), form);
        }
    }

    #[test]
    fn each_spelling_of_an_address_has_one_form() {
        for (spellings, form) in [
            (
                &[
                    "user@bücher.example",
                    "user@BÜCHER.Example",
                    "user@bu\u{308}cher.example",
                    "user@xn--bcher-kva.example",
                    "user@XN--BCHER-KVA.example.",
                    "\"user\"@bücher。example",
                ][..],
                "user@bücher.example",
            ),
            (&["user@हिन्दी.example", "user@xn--j2bd4cyah0f.example"], "user@हिन्दी.example"),
            (&["jörg@example.com", "jo\u{308}rg@example.com", "\"jörg\"@EXAMPLE.com"], "jörg@example.com"),
            (&["\"a b\"@x.org", "\"a\\ b\"@x.org"], "\"a b\"@x.org"),
        ] {
            for spelling in spellings {
                assert_eq!(EmailAddress::parse(spelling).unwrap().normalised(), form, "{spelling}");
            }
        }
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
