//! The address by which the world reaches this installation: what descriptions and links name.
//!
//! A client appends paths to it. So it has neither a query nor a fragment nor a slash at its end, and no credentials.

use std::fmt;

use crate::realtime::origin::is_authority;

/// An address that paths can be appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an http or https address without query, fragment and credentials, as in https://notify.example.org"
)]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Reads an address. A slash at its end is left out.
    ///
    /// # Errors
    /// If it is none that paths can be appended to.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let whole = text.trim_end_matches('/');
        let rest = ["http://", "https://"].iter().find_map(|scheme| whole.strip_prefix(scheme));
        let (authority, path) =
            rest.map(|rest| rest.split_once('/').unwrap_or((rest, ""))).ok_or(InvalidPublicUrl)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&byte);
        if is_authority(authority) && path.bytes().all(plain) {
            Ok(Self(whole.to_owned()))
        } else {
            Err(InvalidPublicUrl)
        }
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_paths_can_be_appended_to() {
        for (text, address) in [
            ("https://notify.example.org", "https://notify.example.org"),
            ("https://notify.example.org/", "https://notify.example.org"),
            ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
            ("https://example.org/notify/v%201/", "https://example.org/notify/v%201"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().as_str(), address);
        }
        for bad in [
            "",
            "notify.example.org",
            "ftp://notify.example.org",
            "https://",
            "https:///path",
            "https://user:password@notify.example.org",
            "https://notify.example.org?x=1",
            "https://notify.example.org/a?x=1",
            "https://notify.example.org/#here",
            "https://notify.example.org/a b",
            "https://{host}/",
        ] {
            assert_eq!(PublicUrl::parse(bad), Err(InvalidPublicUrl), "{bad}");
        }
    }
}
