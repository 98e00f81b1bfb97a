//! `POST /admin/v1/tenants/{tenantId}/providers/{channel}/test`: one message by one entry of the list, and the provider's answer.
//!
//! What the provider says is the answer, 200 also where it refuses. The address comes in here in clear and is not repeated.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use orqestra_commands::{Server, TestAddress};
use orqestra_dispatch::{NotTested, ProviderTest, Tested};
use orqestra_domain::{Channel, EmailAddress, PhoneNumber, ProviderInstanceId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::provider_settings::named;
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Conflict, Thing};
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, operators_context, to_the_end};
use crate::view::scope_name;

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/providers/{channel}/test";

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct NewProviderTest {
    /// The address: an email address, or a phone number in E.164 form, as the channel asks.
    #[schema(example = "user@example.com")]
    to: String,
    /// The entry of the list; the first one if omitted.
    instance: Option<String>,
}

/// What happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderTestResult {
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// The kind of the provider.
    provider: &'static str,
    /// The provider's entry in the list.
    instance: String,
    /// The mail server, as the entry names it: `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mx1.example.org:587")]
    server: Option<String>,
    /// `taken`, `not_taken`, `throttled`, `refused` or `unknown` (it may have left, and no answer tells).
    #[schema(example = "taken")]
    outcome: &'static str,
    /// Why it was not taken: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// The provider's own words; where none was reached, the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// The provider's id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_message_id: Option<String>,
    /// How long the provider asks to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    /// What a failure speaks of: `message`, `pairing` (the message at this provider), `provider` or `throttled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "message")]
    scope: Option<&'static str>,
    /// How long the call took, in milliseconds.
    duration_ms: u64,
}

impl ProviderTestResult {
    fn of(tested: Tested) -> Self {
        Self {
            channel: tested.channel,
            provider: tested.provider,
            instance: tested.instance.to_string(),
            server: tested.server.as_ref().map(Server::to_string),
            outcome: tested.outcome.as_str(),
            cause: tested.cause,
            answer: tested.answer,
            provider_message_id: tested.provider_message_id,
            retry_after_seconds: tested.retry_after.map(whole_seconds),
            scope: tested.scope.map(scope_name),
            duration_ms: u64::try_from(tested.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Rounded up: a second too early is throttled again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// Sends one test message by one provider of the list, and tells the provider's answer.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenantId}/providers/{channel}/test",
    tag = "Admin",
    operation_id = "testProvider",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("channel" = String, Path)),
    request_body = NewProviderTest,
    responses(
        (status = 200, description = "What the provider did, also where it refused", body = ProviderTestResult),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant, or no such entry", body = ErrorBody),
        (status = 409, description = "The channel has no provider", body = ErrorBody),
        (status = 422, description = "The address or the entry is wrong, or there is no sender", body = ErrorBody),
    ),
)]
pub(crate) async fn test(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, channel)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<ProviderTestResult>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let test = parse(&channel, &body)?;
    let (tester, context) = (app.provider_tests.clone(), operators_context(&app, &scope));
    let tested = to_the_end(async move { tester.send(tenant, test, &context).await });
    Ok(Json(ProviderTestResult::of(tested.await??)))
}

fn parse(channel: &str, body: &Value) -> Result<ProviderTest, ApiError> {
    let mut problems = Problems::default();
    let channel = named(channel, &mut problems);
    let fields = Fields::of_body(body)?;
    let to = match channel {
        Some(Channel::Email) => {
            fields.required("to", &mut problems, EmailAddress::parse).map(TestAddress::Email)
        }
        Some(Channel::Sms) => {
            fields.required("to", &mut problems, PhoneNumber::parse).map(TestAddress::Phone)
        }
        Some(Channel::Push) => {
            problems.add("channel", "must be EMAIL or SMS: no provider carries PUSH");
            None
        }
        None => None,
    };
    let instance = fields.optional("instance", &mut problems, |text| {
        text.parse::<ProviderInstanceId>().map_err(|_| "must be a UUID, as the list of providers tells it")
    });
    problems.check(to.map(|to| ProviderTest { to, instance }))
}

impl From<NotTested> for ApiError {
    fn from(error: NotTested) -> Self {
        match error {
            NotTested::UnknownTenant => Self::NotFound(Thing::Tenant),
            NotTested::NoProvider => Self::Conflict(Conflict::NoProvider),
            NotTested::UnknownInstance => Self::NotFound(Thing::Provider),
            NotTested::Newer => Self::Outdated(error.to_string()),
            NotTested::NoSender => Self::NoSender,
            NotTested::Busy => Self::ProviderBusy,
            NotTested::Tenant(error) => error.into(),
            NotTested::NotRecorded(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_of_the_channel_and_each_wrong_field_is_named() {
        for (channel, to) in [("EMAIL", "user@example.com"), ("SMS", "+254712345678")] {
            let test = parse(channel, &json!({"to": to})).unwrap();
            assert_eq!((test.to.channel().as_str(), test.to.as_str()), (channel, to));
            assert_eq!(test.instance, None);
        }
        for (channel, body, wrong) in [
            ("EMAIL", json!({"to": "+254712345678"}), &["to"][..]),
            ("SMS", json!({"to": "user@example.com", "instance": "x"}), &["to", "instance"]),
            ("SMS", json!({"to": 7}), &["to"]),
            ("EMAIL", json!({}), &["to"]),
            ("PUSH", json!({"to": "u-1"}), &["channel"]),
            ("FAX", json!({"to": "u-1"}), &["channel"]),
            ("SMS", json!([]), &["body"]),
        ] {
            let Err(ApiError::Invalid(told)) = parse(channel, &body) else { panic!("{channel} {body}") };
            let fields: Vec<_> = told.iter().map(|one| &*one.field).collect();
            assert_eq!(fields, wrong, "{channel} {body}");
        }
    }

    #[test]
    fn a_wait_is_never_told_shorter_than_it_is() {
        for (millis, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
