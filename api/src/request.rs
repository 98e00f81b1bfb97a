//! What routes share in taking a request apart and in running its command.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use bytes::Bytes;
use orqestra_commands::{Actor, Authenticated, CallerId, CallersIds, Context};
use orqestra_domain::TenantId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;

use crate::app::App;
use crate::auth::{admin, tenant};
use crate::body;
use crate::error::ApiError;
use crate::fields::Problems;
use crate::observe::Scope;

pub(crate) const REQUEST_ID: &str = "x-request-id";
const TRACE_ID: &str = "x-trace-id";
const TRACE_PARENT: &str = "traceparent";

/// The parts of the path, percent-decoded; what is no UTF-8 names nothing.
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, app).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| ApiError::NoSuchRoute)
    }
}

/// The parameters of the query.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads all of them.
    pub(crate) fn of(parts: &Parts) -> Self {
        Self(Query::try_from_uri(&parts.uri).map_or_else(|_| Vec::new(), |Query(all)| all))
    }

    /// A whole number from `least`, in decimal digits; one above `most`, however large, counts as `most`.
    pub(crate) fn whole(
        &self,
        name: &'static str,
        (least, most): (u32, u32),
        problems: &mut Problems,
    ) -> Option<u32> {
        let text = self.get(name)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().map_or(most, |number: u32| number.min(most)));
        let number = number.filter(|number| *number >= least);
        if number.is_none() {
            problems.add(name, format!("must be a whole number from {least}"));
        }
        number
    }

    /// Adds a problem for each parameter that is not among `names`, where ignoring one would widen the answer.
    pub(crate) fn only(&self, names: &[&str], problems: &mut Problems) {
        for (name, _) in self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
            problems.unknown(name, names);
        }
    }

    /// The last one of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Finds the tenant that a request's key opens, then reads the request's body.
pub(crate) async fn from_tenant(
    app: &App,
    scope: &Scope,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Authenticated, Bytes), ApiError> {
    body::check_length(&body)?;
    let caller = match tenant::authenticate(app.commands.directory(), headers, scope).await {
        Ok(caller) => caller,
        Err(error) => return Err(body::refused(error, headers, body).await),
    };
    let held = app.bodies().begin(Some(caller.tenant.id))?;
    let body = body::read(body, held, app.body_timeout).await?;
    Ok((caller, body))
}

/// Lets an operator pass and reads the JSON that came along.
pub(crate) async fn from_operator(app: &App, request: Request) -> Result<Value, ApiError> {
    let (parts, body) = request.into_parts();
    body::check_length(&body)?;
    if let Err(error) = admin::authenticate(app, &parts) {
        return Err(body::refused(error, &parts.headers, body).await);
    }
    let body = body::read(body, app.bodies().begin(None)?, app.body_timeout).await?;
    app.commands.directory().catch_up_now().await?;
    body::json(&parts.headers, &body)
}

/// Lets an operator pass who sends no body.
pub(crate) async fn from_reading_operator(app: &App, parts: &Parts) -> Result<(), ApiError> {
    admin::authenticate(app, parts)?;
    Ok(app.commands.directory().catch_up_now().await?)
}

/// A text as one part of a path, or as a value of a query or a fragment: all of it is escaped but for RFC 3986's
/// unreserved characters.
pub fn percent_encoded(text: &str) -> String {
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// What stands around the request's command.
pub(crate) fn context(actor: Actor, scope: &Scope) -> Context {
    Context { actor, trace: Some(Arc::clone(scope.trace())) }
}

/// What stands around an operator's command. Ids that may not stand in clear are referred to under the platform's key.
pub(crate) fn operators_context(app: &App, scope: &Scope) -> Context {
    if let Some(platform) = app.commands.directory().tenant(TenantId::PLATFORM) {
        scope.refer(&platform);
    }
    context(app.operator(), scope)
}

/// The ids that the caller has given to its request. Of several of one name the first counts.
pub(crate) fn callers_ids(headers: &HeaderMap) -> CallersIds {
    let id = |name| CallerId::parse(headers.get(name)?.to_str().ok()?);
    CallersIds { request: id(REQUEST_ID), trace: id(TRACE_ID) }
}

/// One alone says something: of several, nobody knows which.
pub(crate) fn trace_parent(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(TRACE_PARENT).iter();
    let value = given.next()?.to_str().ok()?;
    given.next().is_none().then_some(value)
}

/// Runs a command in a task of its own: a caller that hangs up does not cancel it.
pub(crate) async fn to_the_end<T: Send + 'static>(
    command: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    Ok(tokio::spawn(command.in_current_span()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_unreserved_characters_are_escaped() {
        assert_eq!(percent_encoded("orq_live-1.~"), "orq_live-1.~");
        assert_eq!(percent_encoded("a&b=c#d%e+/"), "a%26b%3Dc%23d%25e%2B%2F");
        assert_eq!(percent_encoded("order confirmed/ä"), "order%20confirmed%2F%C3%A4");
    }
}
