//! What can go wrong with a request, and what the caller is told of it.
//!
//! One table gives each error its status and its stable code; `docs/errors.md` lists them. What is inside the engine
//! stays inside: it is logged once, by the observer that writes the body, and never rendered.

pub(crate) mod codes;
mod refused;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use orqestra_commands::{DirectoryError, MismatchOf};
use orqestra_dispatch::sandbox::SandboxError;
use orqestra_domain::TenantName;
use orqestra_event_log::LogError;
use orqestra_projections::ReadModelError;

use crate::fields::FieldError;
use crate::limits::Exceeded;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(crate) enum ApiError {
    /// The request line or a header cannot be read.
    MalformedRequest,
    /// The request's URI is longer than is read.
    UriTooLong,
    /// The headers are larger than are read, or too many.
    HeadersTooLarge,
    /// The body ended early.
    IncompleteBody,
    /// The body is no JSON, or deeper than is read.
    MalformedJson(String),
    /// No API key.
    MissingApiKey,
    /// An API key that opens nothing.
    InvalidApiKey,
    /// The key's tenant is switched off.
    TenantInactive,
    /// The body is not signed with the tenant's secret.
    InvalidSignature,
    /// No entry of the tenant has signed the callback.
    InvalidCallback,
    /// The callback is signed, and is not what its provider sends.
    UnreadableCallback,
    /// Not the admin token.
    InvalidAdminToken,
    /// Too many wrong admin tokens; for so many seconds no other is looked at.
    TooManyWrongTokens(u64),
    /// There is no such route.
    NoSuchRoute,
    /// There is no such thing, or it is another tenant's.
    NotFound(Thing),
    /// The route has other methods.
    MethodNotAllowed,
    /// The route opens `WebSocket` connections only.
    UpgradeRequired,
    /// A page of this origin may not connect.
    ForeignOrigin,
    /// The body did not come in time.
    RequestTimeout,
    /// What is there does not allow it.
    Conflict(Conflict),
    /// The body is larger than is read.
    PayloadTooLarge,
    /// What would be stored is larger than an event may be.
    EventTooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// Fields that are missing or wrong.
    Invalid(Vec<FieldError>),
    /// The event id or key came before with another body.
    Reused(MismatchOf),
    /// Neither the provider entry nor the tenant names a mailbox to send from.
    NoSender,
    /// All calls that a provider takes at one time are under way.
    ProviderBusy,
    /// One of the tenant's limits is reached.
    LimitReached(TenantName, Exceeded),
    /// Something inside failed.
    Internal(String),
    /// The database does not answer.
    Unavailable(String),
    /// A newer program wrote what the answer would rest on.
    Outdated(String),
    /// The log's queue is full, or a read took too long; seconds until it is worth another try.
    Overloaded(u64),
    /// Too many writers on one stream.
    Contended,
}

/// What was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Tenant,
    Event,
    Notification,
    Delivery,
    ApiKey,
    Template,
    Provider,
    Suppression,
    Redrive,
}

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    TenantExists,
    NothingToResolve,
    DeliveryBusy,
    AlreadyAccepted,
    RecipientForgotten,
    ApiKeyTaken,
    NoProvider,
    RedriveEnded,
}

impl ApiError {
    /// The status and the stable code.
    pub(crate) const fn row(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed_request"),
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "uri_too_long"),
            Self::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"),
            Self::IncompleteBody => (StatusCode::BAD_REQUEST, "incomplete_body"),
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::UnreadableCallback => (StatusCode::BAD_REQUEST, "unreadable_callback"),
            Self::MissingApiKey => (StatusCode::UNAUTHORIZED, "missing_api_key"),
            Self::InvalidApiKey => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
            Self::TenantInactive => (StatusCode::UNAUTHORIZED, "tenant_inactive"),
            Self::InvalidSignature => (StatusCode::UNAUTHORIZED, "invalid_signature"),
            Self::InvalidCallback => (StatusCode::UNAUTHORIZED, "invalid_callback"),
            Self::InvalidAdminToken => (StatusCode::UNAUTHORIZED, "invalid_admin_token"),
            Self::TooManyWrongTokens(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_wrong_tokens"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no_such_route"),
            Self::NotFound(thing) => (StatusCode::NOT_FOUND, thing.code()),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "upgrade_required"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::Conflict(conflict) => (StatusCode::CONFLICT, conflict.code()),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::EventTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
            Self::Reused(MismatchOf::EventId) => (StatusCode::UNPROCESSABLE_ENTITY, "event_id_reused"),
            Self::Reused(MismatchOf::IdempotencyKey) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
            }
            Self::NoSender => (StatusCode::UNPROCESSABLE_ENTITY, "no_sender"),
            Self::ProviderBusy => (StatusCode::SERVICE_UNAVAILABLE, "provider_busy"),
            Self::LimitReached(_, Exceeded::PerMinute { .. }) => {
                (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded")
            }
            Self::LimitReached(_, Exceeded::Daily { .. }) => {
                (StatusCode::TOO_MANY_REQUESTS, "daily_cap_exceeded")
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            // The contract's status for a failure of the database; a full queue is another thing.
            Self::Unavailable(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unavailable"),
            // The database is well; another process may answer.
            Self::Outdated(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Overloaded(_) => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::Contended => (StatusCode::SERVICE_UNAVAILABLE, "contended"),
        }
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::MalformedRequest => "The request line or a header cannot be read".to_owned(),
            Self::UriTooLong => "The request's URI is too long".to_owned(),
            Self::HeadersTooLarge => "The request's headers are too large or too many".to_owned(),
            Self::IncompleteBody => "The request body ended early".to_owned(),
            Self::MalformedJson(why) => format!("The request body is not valid JSON: {why}"),
            Self::MissingApiKey => "The x-api-key header is missing".to_owned(),
            Self::InvalidApiKey => "The API key is not valid".to_owned(),
            Self::TenantInactive => "The tenant is inactive".to_owned(),
            Self::InvalidCallback => "No provider of the tenant has signed this callback".to_owned(),
            Self::UnreadableCallback => "The callback is not what the provider sends".to_owned(),
            Self::InvalidSignature => "The X-Orqestra-Signature header is missing or wrong".to_owned(),
            Self::InvalidAdminToken => "The admin token is missing or wrong".to_owned(),
            Self::TooManyWrongTokens(_) => {
                "Too many wrong admin tokens were shown from this address. Try again later".to_owned()
            }
            Self::NoSuchRoute => "There is no such route".to_owned(),
            Self::NotFound(thing) => format!("No such {}", thing.name()),
            Self::MethodNotAllowed => "The route does not take this method".to_owned(),
            Self::UpgradeRequired => "This route opens WebSockets only".to_owned(),
            Self::ForeignOrigin => "Pages of this origin may not connect".to_owned(),
            Self::RequestTimeout => "The request body did not arrive in time".to_owned(),
            Self::Conflict(conflict) => conflict.message().to_owned(),
            Self::PayloadTooLarge => "The request body is larger than 256 KB".to_owned(),
            Self::EventTooLarge => "The event is too large to be stored".to_owned(),
            Self::UnsupportedMediaType => "The Content-Type must be application/json".to_owned(),
            Self::Invalid(fields) => {
                let lines: Vec<_> = fields.iter().map(FieldError::to_string).collect();
                lines.join("; ")
            }
            Self::Reused(MismatchOf::EventId) => {
                "The eventId was used before with another request body or another kind of API key".to_owned()
            }
            Self::Reused(MismatchOf::IdempotencyKey) => {
                "The idempotency key was used before with another request body or another kind of API key"
                    .to_owned()
            }
            Self::NoSender => {
                "There is no mailbox to send from: give the provider a from, or the tenant a senderEmail"
                    .to_owned()
            }
            Self::ProviderBusy => "The provider is busy with other messages. Try again soon".to_owned(),
            Self::LimitReached(tenant, Exceeded::PerMinute { limit, .. }) => {
                format!("Rate limit exceeded for tenant {tenant}. Limit: {limit}/min")
            }
            Self::LimitReached(tenant, Exceeded::Daily { cap, .. }) => {
                format!("Daily cap exceeded for tenant {tenant}. Limit: {cap}/day")
            }
            Self::Internal(_) => "The request could not be completed. Try again".to_owned(),
            Self::Unavailable(_) | Self::Outdated(_) => {
                "The request could not be completed now. Try again soon".to_owned()
            }
            Self::Overloaded(_) | Self::Contended => "Too many requests at once. Try again soon".to_owned(),
        }
    }

    /// Seconds after which the same request may succeed.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::LimitReached(
                _,
                Exceeded::PerMinute { retry_after, .. } | Exceeded::Daily { retry_after, .. },
            )
            | Self::Overloaded(retry_after)
            | Self::TooManyWrongTokens(retry_after) => Some(*retry_after),
            Self::Contended | Self::ProviderBusy | Self::Unavailable(_) | Self::Outdated(_) => Some(1),
            Self::MalformedRequest
            | Self::UriTooLong
            | Self::HeadersTooLarge
            | Self::IncompleteBody
            | Self::MalformedJson(_)
            | Self::MissingApiKey
            | Self::InvalidApiKey
            | Self::TenantInactive
            | Self::InvalidSignature
            | Self::InvalidCallback
            | Self::UnreadableCallback
            | Self::InvalidAdminToken
            | Self::NoSuchRoute
            | Self::NotFound(_)
            | Self::MethodNotAllowed
            | Self::UpgradeRequired
            | Self::ForeignOrigin
            | Self::RequestTimeout
            | Self::Conflict(_)
            | Self::PayloadTooLarge
            | Self::EventTooLarge
            | Self::UnsupportedMediaType
            | Self::Invalid(_)
            | Self::Reused(_)
            | Self::NoSender
            | Self::Internal(_) => None,
        }
    }

    /// What the log is told and the caller is not.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) | Self::Outdated(cause) => Some(cause),
            _ => None,
        }
    }
}

impl Thing {
    const fn code(self) -> &'static str {
        match self {
            Self::Tenant => "unknown_tenant",
            Self::Event => "unknown_event",
            Self::Notification => "unknown_notification",
            Self::Delivery => "unknown_delivery",
            Self::ApiKey => "unknown_api_key",
            Self::Template => "unknown_template",
            Self::Provider => "unknown_provider",
            Self::Suppression => "unknown_suppression",
            Self::Redrive => "unknown_redrive",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Event => "event",
            Self::Notification => "notification",
            Self::Delivery => "delivery",
            Self::ApiKey => "API key",
            Self::Template => "template",
            Self::Provider => "provider",
            Self::Suppression => "suppression",
            Self::Redrive => "redrive",
        }
    }
}

impl Conflict {
    const fn code(self) -> &'static str {
        match self {
            Self::TenantExists => "tenant_exists",
            Self::NothingToResolve => "nothing_to_resolve",
            Self::DeliveryBusy => "delivery_busy",
            Self::AlreadyAccepted => "already_accepted",
            Self::RecipientForgotten => "recipient_forgotten",
            Self::ApiKeyTaken => "api_key_taken",
            Self::NoProvider => "no_provider",
            Self::RedriveEnded => "redrive_ended",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::TenantExists => "The tenant exists",
            Self::NothingToResolve => "The delivery waits for no decision",
            Self::DeliveryBusy => "The delivery is under way or has ended",
            Self::AlreadyAccepted => "The event was accepted before",
            Self::RecipientForgotten => "The recipient was forgotten",
            Self::ApiKeyTaken => "The API key belongs to another tenant. Use another key",
            Self::NoProvider => "The channel has no provider",
            Self::RedriveEnded => "The redrive has ended or was stopped",
        }
    }
}

/// The error that a response carries to the observer, which writes its body.
#[derive(Clone)]
pub(crate) struct Failure(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.row().0.into_response();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        let why = with_sources(&error);
        if error.passes() { Self::Unavailable(why) } else { Self::Internal(why) }
    }
}

impl From<ReadModelError> for ApiError {
    fn from(error: ReadModelError) -> Self {
        let why = with_sources(&error);
        match error {
            ReadModelError::Timeout | ReadModelError::Log(LogError::Full) => Self::Overloaded(1),
            ReadModelError::Database(_)
            | ReadModelError::Log(LogError::Database(_) | LogError::Timeout | LogError::Changed(_))
            | ReadModelError::Keys(_) => Self::Unavailable(why),
            ReadModelError::Log(
                LogError::Closed
                | LogError::NotDurable { .. }
                | LogError::Corrupt { .. }
                | LogError::CheckpointBeyondHead { .. },
            )
            | ReadModelError::Unreadable(_)
            | ReadModelError::Corrupt { .. } => Self::Internal(why),
        }
    }
}

impl From<SandboxError> for ApiError {
    fn from(error: SandboxError) -> Self {
        Self::Internal(with_sources(&error))
    }
}

/// An error's words with those of what caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<tokio::task::JoinError> for ApiError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(format!("a command's task ended early: {error}"))
    }
}

#[cfg(test)]
mod tests;
