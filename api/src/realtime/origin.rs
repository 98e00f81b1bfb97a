//! Which web pages may open a WebSocket: those of the host they connect to, and those that the settings name.
//!
//! Browsers say where a page is from in `Origin`; whoever sends none is no browser, and the token decides alone.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// The origins that the settings name, in small letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    any: bool,
    named: Vec<String>,
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no origin, as in https://shop.example.org, nor *")]
pub struct InvalidOrigin(String);

impl AllowedOrigins {
    /// Reads origins set apart by commas; `*` stands for all.
    ///
    /// # Errors
    /// Names the first that is none.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let mut origins = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            if origin == "*" {
                origins.any = true;
                continue;
            }
            let host = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
            match host {
                Some((_, host)) if is_authority(host) => origins.named.push(origin.to_ascii_lowercase()),
                _ => return Err(InvalidOrigin(origin.to_owned())),
            }
        }
        Ok(origins)
    }

    /// Whether the page that a request is from may connect.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
        let origin = origin.to_ascii_lowercase();
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let own = origin
            .split_once("://")
            .zip(host)
            .is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host));
        self.any || own || self.named.contains(&origin)
    }
}

/// Whether a text can be a host, with or without a port.
pub(crate) fn is_authority(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn request(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_page_of_the_host_and_one_that_is_named_may_connect_and_no_other() {
        let named = AllowedOrigins::parse(" https://shop.example.org, http://localhost:3000 ,").unwrap();
        let host = (HOST, "push.example.org:8080");
        for (origin, allowed) in [
            ("https://push.example.org:8080", true),
            ("https://PUSH.example.org:8080", true),
            ("https://shop.example.org", true),
            ("https://SHOP.example.org", true),
            ("http://localhost:3000", true),
            ("http://shop.example.org", false),
            ("https://shop.example.org.evil.example", false),
            ("https://push.example.org", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(named.allow(&request(&[host.clone(), (ORIGIN, origin)])), allowed, "{origin}");
        }
        assert!(named.allow(&request(std::slice::from_ref(&host))));
        let twice = [host, (ORIGIN, "https://shop.example.org"), (ORIGIN, "https://evil.example")];
        assert!(!named.allow(&request(&twice)));
    }

    #[test]
    fn a_star_stands_for_all_and_nonsense_is_named() {
        assert!(AllowedOrigins::parse("*").unwrap().allow(&request(&[(ORIGIN, "https://anywhere.example")])));
        assert_eq!(AllowedOrigins::parse("").unwrap(), AllowedOrigins::default());
        for wrong in ["shop.example.org", "https://", "ftp://a", "https://a/b", "https://*.example.org"] {
            assert_eq!(AllowedOrigins::parse(wrong), Err(InvalidOrigin(wrong.to_owned())));
        }
    }
}
