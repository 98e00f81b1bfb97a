//! Who asks: a tenant's backend by its key and signature, an operator by the admin token.
//!
//! Secrets are compared in constant time and never written anywhere.

pub(crate) mod admin;
pub(crate) mod backoff;
pub(crate) mod proxies;
pub(crate) mod signature;
pub(crate) mod tenant;

use axum::http::{HeaderMap, HeaderValue};

/// The one value of a header; `None` where it is absent or there are several.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
