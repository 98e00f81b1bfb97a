//! The HTTP client of the commands: one request, one whole answer, within a deadline.
//!
//! Plain HTTP, as the engine serves it. An answer that refuses becomes an error that says code, message and fields.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self};
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::Value;

use super::address::{Address, Source};
use super::show::plain;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Most bytes of an answer: a page of a thousand entries stays far below.
const MOST_BYTES: usize = 64 * 1_024 * 1_024;

/// A client of one engine that shows the same credentials with each request.
pub(crate) struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    at: Address,
    headers: HeaderMap,
    within: Duration,
}

/// An answer that is no refusal.
pub(crate) struct Answer {
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where the next page of a list is.
    pub(crate) fn next(&self) -> Option<&str> {
        let (path, rest) = self.header("link")?.strip_prefix('<')?.split_once('>')?;
        (rest.contains("rel=\"next\"") && path.starts_with('/')).then_some(path)
    }
}

impl Client {
    /// A client of the engine at this address.
    pub(crate) fn new(at: Address) -> anyhow::Result<Self> {
        let Address { url, source } = &at;
        let base = url.trim_end_matches('/');
        // What stands before `@` is a credential, so the error does not repeat it.
        ensure!(
            !url.contains('@'),
            "{source}: names no user; give the engine's own address, as in http://127.0.0.1:8080"
        );
        let parsed: hyper::Uri =
            base.parse().with_context(|| format!("{source}: {} is no address", plain(url)))?;
        ensure!(
            parsed.scheme_str() != Some("https"),
            "{source}: https is not spoken here; give the engine's own address, as in http://127.0.0.1:8080"
        );
        ensure!(
            parsed.scheme_str() == Some("http") && parsed.host().is_some() && parsed.query().is_none(),
            "{source}: {} is not of the form http://127.0.0.1:8080",
            plain(url)
        );
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        let at = Address { url: base.to_owned(), source: at.source };
        Ok(Self { http, at, headers: HeaderMap::new(), within: ANSWER_WITHIN })
    }

    /// The same with a header in each request.
    pub(crate) fn with(mut self, name: &str, value: &str) -> anyhow::Result<Self> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The same with that much more time for each answer.
    pub(crate) fn patient(mut self, more: Duration) -> Self {
        self.within += more;
        self
    }

    /// Asks.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, &[], None).await
    }

    /// Sends JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(method, path, &[], Some(body.to_string().into())).await
    }

    /// Sends a request and reads the whole answer; one that is no success is the error [`Refused`].
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::new(Full::new(body.clone().unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.at.url).parse().context("the request's address")?;
        request.headers_mut().clone_from(&self.headers);
        if body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in headers {
            let (name, value) = header(name, value)?;
            request.headers_mut().insert(name, value);
        }
        let whole = async {
            let (head, body) =
                self.http.request(request).await.map_err(|error| self.unanswered(&error))?.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
            anyhow::Ok((head, body))
        };
        let (head, body) = tokio::time::timeout(self.within, whole).await.with_context(|| {
            format!("the engine at {} did not answer within {:?}", self.at, self.within)
        })??;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if !head.status.is_success() {
            return Err(Refused::of(head.status, body).into());
        }
        if body.is_null() {
            bail!("what answers at {} is no engine: its answer is no JSON", self.at);
        }
        Ok(Answer { headers: head.headers, body })
    }

    fn unanswered(&self, error: &legacy::Error) -> anyhow::Error {
        if error.is_connect() {
            return NoEngine(self.at.clone()).into();
        }
        anyhow::anyhow!("the engine at {} hung up without an answer", self.at)
    }
}

fn header(name: &str, value: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    // The value may be a credential, so the error does not repeat it.
    let mut value = HeaderValue::from_str(value)
        .with_context(|| format!("what is given for {name} has characters that no header can hold"))?;
    value.set_sensitive(true);
    Ok((name.parse().context("a header's name")?, value))
}

/// Nobody listens at this address.
#[derive(Debug)]
pub(crate) struct NoEngine(Address);

impl fmt::Display for NoEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = "start one with `orqestra up`, or name another with --url or ORQESTRA_URL";
        let left = match self.0.source {
            Source::Folder(_) => ", which an engine has left that did not end in order",
            Source::Flag | Source::Variable | Source::Settings => "",
        };
        write!(f, "no engine answers at {}{left}: {start}", self.0)
    }
}

impl std::error::Error for NoEngine {}

/// What the engine refused.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    pub(crate) body: Value,
    told: Option<Told>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    code: String,
    message: String,
    #[serde(default)]
    details: Vec<Detail>,
    retry_after: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    field: String,
    message: String,
    line: Option<u64>,
    column: Option<u64>,
}

impl Refused {
    fn of(status: StatusCode, body: Value) -> Self {
        Self { status, told: serde_json::from_value(body.clone()).ok(), body }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(told) = &self.told else { return write!(f, "the answer was {}", self.status) };
        let (code, message) = (plain(&told.code), plain(&told.message));
        match &told.details[..] {
            [one] if told.repeats_its_details() => return write!(f, "{code}: {message}{}", one.place()),
            several if told.repeats_its_details() => write!(f, "{code}: {} fields are wrong", several.len())?,
            _ => write!(f, "{code}: {message}")?,
        }
        if let Some(seconds) = told.retry_after {
            write!(f, " (again in {seconds} s)")?;
        }
        for detail in &told.details {
            write!(f, "\n  {}: {}{}", plain(&detail.field), plain(&detail.message), detail.place())?;
        }
        Ok(())
    }
}

impl Told {
    /// Returns whether the message is the details in one line and nothing else.
    fn repeats_its_details(&self) -> bool {
        let mut rest = Some(self.message.as_str());
        for (at, Detail { field, message, .. }) in self.details.iter().enumerate() {
            rest = rest
                .and_then(|rest| if at == 0 { Some(rest) } else { rest.strip_prefix("; ") })
                .and_then(|rest| rest.strip_prefix(field.as_str()))
                .map(|rest| rest.strip_prefix(':').unwrap_or(rest))
                .and_then(|rest| rest.strip_prefix(' ')?.strip_prefix(message.as_str()));
        }
        !self.details.is_empty() && rest == Some("")
    }
}

impl Detail {
    /// The place of a fault in a template.
    fn place(&self) -> String {
        let place = self.line.zip(self.column);
        place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default()
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(url: &str, source: Source) -> Address {
        Address { url: url.to_owned(), source }
    }

    #[test]
    fn an_address_is_plain_http_with_a_host() {
        for good in ["http://127.0.0.1:8080", "http://engine/", "http://engine/prefix"] {
            assert!(Client::new(at(good, Source::Flag)).is_ok(), "{good}");
        }
        for bad in [
            "https://engine",
            "engine:8080",
            "127.0.0.1",
            "ftp://engine",
            "http://engine/?x=1",
            "http://me:pass@engine",
            "",
        ] {
            for (source, named) in [(Source::Flag, "--url: "), (Source::Variable, "ORQESTRA_URL: ")] {
                let error = Client::new(at(bad, source)).err().unwrap().to_string();
                assert!(!error.contains("pass"), "{error}");
                assert!(error.starts_with(named), "{bad}: {error}");
            }
        }
    }

    #[test]
    fn a_refusal_is_told_as_code_message_and_fields_and_no_sentence_twice() {
        let broken = json!({"field": "body", "message": "is broken", "line": 2, "column": 4});
        let name = json!({"field": "name", "message": "is required"});
        for (message, details, told) in [
            ("body is broken", json!([broken]), "body is broken (line 2, column 4)"),
            ("body: is broken", json!([broken]), "body: is broken (line 2, column 4)"),
            (
                "name is required; body: is broken",
                json!([name, broken]),
                "2 fields are wrong\n  name: is required\n  body: is broken (line 2, column 4)",
            ),
            ("The body", json!([name]), "The body\n  name: is required"),
            ("name is required; more", json!([name]), "name is required; more\n  name: is required"),
        ] {
            let body = json!({"statusCode": 422, "code": "validation_failed", "message": message, "details": details});
            let refused = Refused::of(StatusCode::UNPROCESSABLE_ENTITY, body);
            assert_eq!(refused.to_string(), format!("validation_failed: {told}"));
        }
        let limited = json!({"code": "rate_limit_exceeded", "message": "Too many", "retryAfter": 45});
        let limited = Refused::of(StatusCode::TOO_MANY_REQUESTS, limited);
        assert_eq!(limited.to_string(), "rate_limit_exceeded: Too many (again in 45 s)");
        let steering = Refused::of(StatusCode::BAD_REQUEST, json!({"code": "c", "message": "\u{1b}[2J"}));
        assert_eq!(steering.to_string(), "c: \\u{1b}[2J");
        let other = Refused::of(StatusCode::BAD_GATEWAY, Value::Null);
        assert_eq!(other.to_string(), "the answer was 502 Bad Gateway");
    }

    #[test]
    fn a_credential_that_no_header_can_hold_is_not_repeated() {
        let error = Client::new(at("http://engine", Source::Settings))
            .unwrap()
            .with("x-api-key", "secret\nkey")
            .err()
            .unwrap();
        assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    }
}
