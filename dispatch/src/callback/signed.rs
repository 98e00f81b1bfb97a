//! For the tests of a kind's callbacks: a request, a time, and what was read in a word.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use orqestra_domain::Timestamp;

use super::{Callback, Receipt, Rejected};

pub(super) struct Request {
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
    pub(super) path_secret: Option<String>,
}

pub(super) fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

impl Request {
    pub(super) fn new(url: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            all.append(name, HeaderValue::from_str(value).unwrap());
        }
        Self { url: url.to_owned(), headers: all, body: body.as_bytes().to_vec(), path_secret: None }
    }

    pub(super) fn callback(&self) -> Callback<'_> {
        let path_secret = self.path_secret.as_deref();
        Callback { url: Some(&self.url), path_secret, headers: &self.headers, body: &self.body, now: now() }
    }
}

pub(super) fn read(
    by: impl FnOnce(&Callback<'_>) -> Result<Vec<Receipt>, Rejected>,
    request: &Request,
) -> String {
    words(by(&request.callback()))
}

/// Each receipt's word, cause and words.
pub(super) fn words(read: Result<Vec<Receipt>, Rejected>) -> String {
    let receipts = match read {
        Ok(receipts) => receipts,
        Err(rejected) => return format!("{rejected:?}"),
    };
    let word = |receipt: Receipt| {
        let cause = receipt.cause.map(|cause| format!(" by {cause}")).unwrap_or_default();
        let words = receipt.words.map(|words| format!(": {words}")).unwrap_or_default();
        format!("{}{cause}{words}", receipt.says.as_str())
    };
    receipts.into_iter().map(word).collect::<Vec<_>>().join(", ")
}
