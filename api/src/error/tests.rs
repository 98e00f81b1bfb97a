//! Each code is documented, and a 5xx body says nothing about the inside.

use super::*;
use crate::envelope::challenge;

fn all() -> Vec<ApiError> {
    let tenant = || TenantName::parse("Shop").unwrap();
    let things = [
        Thing::Tenant,
        Thing::Event,
        Thing::Notification,
        Thing::Delivery,
        Thing::ApiKey,
        Thing::Template,
        Thing::Provider,
        Thing::Suppression,
        Thing::Redrive,
    ];
    let conflicts = [
        Conflict::TenantExists,
        Conflict::NothingToResolve,
        Conflict::DeliveryBusy,
        Conflict::AlreadyAccepted,
        Conflict::RecipientForgotten,
        Conflict::ApiKeyTaken,
        Conflict::NoProvider,
        Conflict::RedriveEnded,
    ];
    let mut all = vec![
        ApiError::MalformedRequest,
        ApiError::UriTooLong,
        ApiError::HeadersTooLarge,
        ApiError::IncompleteBody,
        ApiError::MalformedJson(String::new()),
        ApiError::MissingApiKey,
        ApiError::InvalidApiKey,
        ApiError::TenantInactive,
        ApiError::InvalidSignature,
        ApiError::InvalidCallback,
        ApiError::UnreadableCallback,
        ApiError::InvalidAdminToken,
        ApiError::TooManyWrongTokens(1),
        ApiError::NoSuchRoute,
        ApiError::MethodNotAllowed,
        ApiError::UpgradeRequired,
        ApiError::ForeignOrigin,
        ApiError::RequestTimeout,
        ApiError::PayloadTooLarge,
        ApiError::EventTooLarge,
        ApiError::UnsupportedMediaType,
        ApiError::Invalid(Vec::new()),
        ApiError::Reused(MismatchOf::EventId),
        ApiError::Reused(MismatchOf::IdempotencyKey),
        ApiError::NoSender,
        ApiError::ProviderBusy,
        ApiError::LimitReached(tenant(), Exceeded::PerMinute { limit: 1, retry_after: 1 }),
        ApiError::LimitReached(tenant(), Exceeded::Daily { cap: 1, retry_after: 1 }),
        ApiError::Internal(String::new()),
        ApiError::Unavailable(String::new()),
        ApiError::Outdated(String::new()),
        ApiError::Overloaded(1),
        ApiError::Contended,
    ];
    all.extend(things.map(ApiError::NotFound));
    all.extend(conflicts.map(ApiError::Conflict));
    all
}

#[test]
fn every_code_stands_once_in_the_documentation_with_its_status() {
    let documented: Vec<&str> = include_str!("../../../docs/errors.md")
        .lines()
        .filter(|line| line.starts_with("| 4") || line.starts_with("| 5"))
        .collect();
    for error in all() {
        let (status, code) = error.row();
        let start = format!("| {} | `{code}` |", status.as_u16());
        assert_eq!(documented.iter().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
    }
    assert_eq!(documented.len(), all().len());
}

#[test]
fn the_described_codes_are_those_that_there_are() {
    let codes: std::collections::BTreeSet<_> = all().iter().map(|error| error.row().1).collect();
    assert_eq!(codes, codes::CODES.iter().copied().collect());
}

#[test]
fn a_read_that_took_too_long_is_worth_another_try() {
    let error = ApiError::from(ReadModelError::Timeout);
    assert_eq!((error.row().0, error.retry_after()), (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
}

#[test]
fn every_401_says_what_it_asks_for_and_nothing_else_does() {
    for error in all() {
        assert_eq!(challenge(&error).is_some(), error.row().0 == StatusCode::UNAUTHORIZED, "{error:?}");
    }
}

#[test]
fn what_is_inside_is_told_to_the_log_alone() {
    let error = ApiError::Internal("connection to 10.0.0.7 refused".to_owned());
    assert_eq!(error.cause(), Some("connection to 10.0.0.7 refused"));
    assert!(!error.message().contains("10.0.0.7"));
}
