//! `PATCH /admin/v1/tenants/{tenantId}`: change some of what is set. What is left out stays; `null` takes it away.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use orqestra_commands::TenantPatch;
use orqestra_domain::notification::UnknownPolicy;
use orqestra_domain::retry::RetryDelays;
use orqestra_domain::tenant::{Limits, Standing};
use orqestra_domain::{ApiKeyId, ApiKeyKind, Channel, EmailAddress, PushCategories, TenantName};
use orqestra_realtime::INBOX;
use serde_json::Value;
use utoipa::ToSchema;

use super::tenant::{RetrySchedules, TenantView, UnknownPolicies, known};
use super::tenants::secret;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, operators_context, to_the_end};
use crate::v1::trigger::ChannelName;

/// The field that asks for a key for tests.
const TEST_KEY: &str = "issueTestKey";
/// The channels whose failures are retried.
const RETRIED: [Channel; 2] = [Channel::Email, Channel::Sms];

/// The request.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct TenantChanges {
    /// Another name.
    name: Option<String>,
    /// Whether it may use the engine.
    active: Option<bool>,
    /// The webhook secret; one that is guessed at once is refused. `null`: triggers need no signature any more.
    webhook_secret: Option<String>,
    /// Triggers in any 60 seconds.
    rate_per_minute: Option<u32>,
    /// Triggers a UTC day; `null`: any number.
    daily_cap: Option<u64>,
    /// The only channels used; `null`: all.
    delivery_channels: Option<Vec<ChannelName>>,
    /// The mailbox that emails come from; `null`: none.
    sender_email: Option<String>,
    /// What users' realtime channels are named by; `null`: the usual ones.
    #[schema(example = json!(["global_system", "orders"]))]
    push_categories: Option<Vec<String>>,
    /// Retry schedules of channels; one that is left out stays, `null` is the installation's.
    retry_schedules: Option<RetrySchedules>,
    /// What follows an attempt whose outcome is unknown, by channel; one that is left out stays, `null` is the usual one: EMAIL
    /// `resend_once`, SMS `hold`.
    unknown_policies: Option<UnknownPolicies>,
    /// Issues one more API key and shows it in the answer.
    issue_api_key: Option<bool>,
    /// Issues one more API key for tests, and shows it in the answer: the sandbox alone carries what it triggers. Not beside
    /// `issueApiKey`.
    issue_test_key: Option<bool>,
    /// The id of an API key that opens nothing any more.
    revoke_api_key: Option<String>,
}

/// Changes a tenant.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenantId}",
    tag = "Admin",
    operation_id = "changeTenant",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path)),
    request_body = TenantChanges,
    responses(
        (status = 200, description = "As it is now", body = TenantView),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or key", body = ErrorBody),
        (status = 422, description = "Fields are wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn change(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments(tenant_id): Segments<String>,
    request: Request,
) -> Result<Json<TenantView>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let patch = parse(&body)?;
    let context = operators_context(&app, &scope);
    let changed = to_the_end(async move { app.commands.change_tenant(tenant, patch, &context).await });
    let (record, issued) = changed.await??;
    Ok(Json(TenantView::of(tenant, &record, issued)))
}

fn parse(body: &Value) -> Result<TenantPatch, ApiError> {
    let mut problems = Problems::default();
    let fields = Fields::of_body(body)?;
    let rate = fields.number("ratePerMinute", &mut problems, Limits::RATES);
    let standing = |active| if active { Standing::Active } else { Standing::Inactive };
    let patch = TenantPatch {
        name: fields.optional("name", &mut problems, TenantName::parse),
        standing: fields.flag("active", &mut problems).map(standing),
        webhook_secret: or_none(fields, "webhookSecret", |name| fields.optional(name, &mut problems, secret)),
        rate_per_minute: rate.and_then(|rate| u32::try_from(rate).ok()),
        daily_cap: or_none(fields, "dailyCap", |name| fields.number(name, &mut problems, Limits::CAPS)),
        delivery_channels: or_none(fields, "deliveryChannels", |name| fields.channels(name, &mut problems)),
        sender_email: or_none(fields, "senderEmail", |name| {
            fields.optional(name, &mut problems, EmailAddress::parse)
        }),
        push_categories: or_none(fields, "pushCategories", |name| categories(fields, name, &mut problems)),
        retry_schedules: schedules(fields, &mut problems),
        unknown_policies: policies(fields, &mut problems),
        issue_api_key: key_kind(fields, &mut problems),
        revoke_api_key: fields.optional("revokeApiKey", &mut problems, str::parse::<ApiKeyId>),
    };
    problems.check(Some(patch))
}

/// The kind of the key to issue.
fn key_kind(fields: Fields<'_>, problems: &mut Problems) -> Option<ApiKeyKind> {
    let asked = |name, problems: &mut Problems| fields.flag(name, problems).unwrap_or(false);
    match (asked("issueApiKey", problems), asked(TEST_KEY, problems)) {
        (false, false) => None,
        (true, false) => Some(ApiKeyKind::Live),
        (false, true) => Some(ApiKeyKind::Test),
        (true, true) => {
            problems.add(TEST_KEY, "cannot come with issueApiKey: one key is issued at a time");
            None
        }
    }
}

fn schedules(fields: Fields<'_>, problems: &mut Problems) -> BTreeMap<Channel, Option<RetryDelays>> {
    let (least, most) = RetryDelays::SECONDS.into_inner();
    let rule = format!(
        "must be a list of at most {} whole numbers of seconds from {least} to {most}",
        RetryDelays::MOST
    );
    by_channel(fields, "retrySchedules", &rule, problems, |delays| {
        let seconds = delays.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
        RetryDelays::from_seconds(&seconds)
    })
}

fn policies(fields: Fields<'_>, problems: &mut Problems) -> BTreeMap<Channel, Option<UnknownPolicy>> {
    by_channel(fields, "unknownPolicies", "must be resend_once, hold or null", problems, |word| {
        UnknownPolicy::ALL.into_iter().find(|policy| word.as_str() == Some(policy.as_str()))
    })
}

/// Reads a setting of channels: each a value that `read` takes, or `null`.
fn by_channel<T>(
    fields: Fields<'_>,
    name: &'static str,
    rule: &str,
    problems: &mut Problems,
    read: impl Fn(&Value) -> Option<T>,
) -> BTreeMap<Channel, Option<T>> {
    let Some(named) = fields.object(name, problems) else { return BTreeMap::new() };
    let setting = |(channel, value): (&String, &Value)| {
        let Some(channel) = RETRIED.into_iter().find(|retried| retried.as_str() == channel) else {
            problems.add(name, "must name EMAIL and SMS alone");
            return None;
        };
        let own = read(value);
        if own.is_none() && !value.is_null() {
            problems.add(format!("{name}.{channel}"), rule);
        }
        Some((channel, own))
    };
    named.iter().filter_map(setting).collect()
}

fn categories(fields: Fields<'_>, name: &'static str, problems: &mut Problems) -> Option<PushCategories> {
    let texts = |list: &Vec<Value>| list.iter().map(|entry| entry.as_str().map(str::to_owned)).collect();
    let parsed = match fields.get(name)?.as_array().and_then(texts) {
        None => Err("must be a list of texts".to_owned()),
        Some::<Vec<String>>(list) if list.iter().any(|category| category == INBOX) => {
            Err("must not name the inbox's own channel".to_owned())
        }
        Some(list) => PushCategories::parse(list).map_err(|error| error.to_string()),
    };
    parsed.map_err(|message| problems.add(fields.path(name), message)).ok()
}

/// Tells a field that is left out from one that is `null`.
fn or_none<T>(
    fields: Fields<'_>,
    name: &'static str,
    take: impl FnOnce(&'static str) -> Option<T>,
) -> Option<Option<T>> {
    fields.get_or_null(name).map(|_| take(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        let patch = parse(&json!({"dailyCap": null, "webhookSecret": "s3cret"})).unwrap();
        assert_eq!(patch.daily_cap, Some(None));
        assert_eq!(patch.webhook_secret, Some(Some("s3cret".to_owned())));
        assert_eq!(patch.sender_email, None);
        assert_eq!(patch.standing, None);
        assert_eq!(patch.issue_api_key, None);
    }

    #[test]
    fn every_wrong_change_is_named() {
        let body = json!({"active": 1, "ratePerMinute": 1.5, "senderEmail": "x", "revokeApiKey": "y",
            "pushCategories": ["orders", "inbox"], "issueApiKey": true, "issueTestKey": true});
        let Err(ApiError::Invalid(wrong)) = parse(&body) else { panic!("taken") };
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(
            fields,
            ["ratePerMinute", "active", "senderEmail", "pushCategories", "issueTestKey", "revokeApiKey"]
        );
    }
}
