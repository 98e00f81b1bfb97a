//! The body of every error, one shape for all: the API reference's envelope, a stable code, the request's id and what
//! helps.

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::fields::FieldError;

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody<'a> {
    /// The HTTP status.
    #[schema(example = 429)]
    status_code: u16,
    /// The status in words.
    #[schema(example = "Too Many Requests")]
    error: &'static str,
    /// What went wrong, for people.
    #[schema(example = "Rate limit exceeded for tenant YourApp. Limit: 100/min")]
    message: String,
    /// What went wrong, for programs. Codes never change their meaning.
    #[schema(example = "rate_limit_exceeded")]
    code: &'static str,
    /// The request's id, also in `X-Request-Id`.
    request_id: &'a str,
    /// Each field that is missing or wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a [FieldError]>,
    /// Whole seconds until the same request may succeed, also in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 45)]
    retry_after: Option<u64>,
}

/// Writes an error into its response.
pub(crate) fn write(response: &mut Response, error: &ApiError, request_id: &str) {
    let body = body(error, request_id);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.remove(CONTENT_LENGTH);
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(challenge) = challenge(error) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if matches!(error, ApiError::RequestTimeout) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    *response.body_mut() = Body::from(body);
}

/// An error's body.
pub(crate) fn body(error: &ApiError, request_id: &str) -> Vec<u8> {
    let (status, code) = error.row();
    let details = match error {
        ApiError::Invalid(fields) => Some(&**fields),
        _ => None,
    };
    let body = ErrorBody {
        status_code: status.as_u16(),
        error: words(status),
        message: error.message(),
        code,
        request_id,
        details,
        retry_after: error.retry_after(),
    };
    serde_json::to_vec(&body).expect("texts and numbers are always JSON")
}

/// What a 401 asks for.
pub(crate) const fn challenge(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::MissingApiKey | ApiError::InvalidApiKey | ApiError::TenantInactive => {
            Some("ApiKey header=\"x-api-key\"")
        }
        ApiError::InvalidSignature => Some("HMAC-SHA256 header=\"X-Orqestra-Signature\""),
        ApiError::InvalidCallback => Some("Signature"),
        ApiError::InvalidAdminToken => Some("Bearer"),
        ApiError::MalformedRequest
        | ApiError::TooManyWrongTokens(_)
        | ApiError::UriTooLong
        | ApiError::HeadersTooLarge
        | ApiError::IncompleteBody
        | ApiError::MalformedJson(_)
        | ApiError::UnreadableCallback
        | ApiError::NoSuchRoute
        | ApiError::NotFound(_)
        | ApiError::MethodNotAllowed
        | ApiError::UpgradeRequired
        | ApiError::ForeignOrigin
        | ApiError::RequestTimeout
        | ApiError::Conflict(_)
        | ApiError::PayloadTooLarge
        | ApiError::EventTooLarge
        | ApiError::UnsupportedMediaType
        | ApiError::Invalid(_)
        | ApiError::Reused(_)
        | ApiError::LimitReached(..)
        | ApiError::Internal(_)
        | ApiError::Unavailable(_)
        | ApiError::Outdated(_)
        | ApiError::Overloaded(_)
        | ApiError::NoSender
        | ApiError::ProviderBusy
        | ApiError::Contended => None,
    }
}

fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => "Validation Error",
        other => other.canonical_reason().unwrap_or("Error"),
    }
}
