//! `GET /admin/v1/tenants/{tenantId}`: what is set for a tenant. Its keys are named and its secret is not shown.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use orqestra_commands::{IssuedApiKey, TenantEntry};
use orqestra_domain::tenant::TenantRecord;
use orqestra_domain::{Channel, TenantId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::Problems;
use crate::request::{Parameters, Segments, from_reading_operator};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}";

/// What is set for a tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    /// Its id.
    tenant_id: String,
    /// Its name.
    name: String,
    /// Whether it may use the engine.
    active: bool,
    /// Whether triggers must be signed.
    signed: bool,
    /// Triggers in any 60 seconds.
    rate_per_minute: u32,
    /// Triggers a UTC day; any number if `null`.
    #[schema(required)]
    daily_cap: Option<u64>,
    /// The only channels used; all if `null`.
    #[schema(required)]
    delivery_channels: Option<Vec<&'static str>>,
    /// The mailbox that emails come from; none if `null`.
    #[schema(required)]
    sender_email: Option<String>,
    /// What its users' realtime channels are named by.
    push_categories: Vec<String>,
    /// The retry schedules of channels that have one of their own.
    retry_schedules: RetrySchedules,
    /// What follows an attempt whose outcome is unknown, by channel.
    unknown_policies: UnknownPolicies,
    /// The ids of its API keys.
    api_key_ids: Vec<String>,
    /// Those of them that are for tests: the sandbox alone carries what they trigger.
    test_key_ids: Vec<String>,
    /// A key that was just issued. Shown here and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

/// Delays in seconds between the rounds of attempts, by channel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) struct RetrySchedules {
    /// Of email.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!([5, 60, 300]))]
    email: Option<Vec<u32>>,
    /// Of SMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!([5, 60]))]
    sms: Option<Vec<u32>>,
}

/// What follows an attempt whose outcome is unknown and that its provider does not deduplicate, by channel: `resend_once` sends
/// once more, as a possible duplicate, and `hold` waits for an operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) struct UnknownPolicies {
    /// Of email.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "resend_once")]
    email: Option<&'static str>,
    /// Of SMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "hold")]
    sms: Option<&'static str>,
}

impl TenantView {
    pub(crate) fn of(id: TenantId, record: &TenantRecord, issued: Option<IssuedApiKey>) -> Self {
        let channels = record.delivery_channels.as_ref();
        let schedule = |channel| Some(record.retry_schedules.get(&channel)?.as_seconds().to_vec());
        Self {
            tenant_id: id.to_string(),
            name: record.name.as_str().to_owned(),
            active: record.active,
            signed: record.webhook_secret.is_some(),
            rate_per_minute: record.limits.rate_per_minute,
            daily_cap: record.limits.daily_cap,
            delivery_channels: channels.map(|all| all.iter().map(|channel| channel.as_str()).collect()),
            sender_email: record.sender_email.as_ref().map(|email| email.as_str().to_owned()),
            push_categories: record.push_categories().into_iter().map(str::to_owned).collect(),
            retry_schedules: RetrySchedules { email: schedule(Channel::Email), sms: schedule(Channel::Sms) },
            unknown_policies: UnknownPolicies {
                email: Some(record.unknown_policy(Channel::Email).as_str()),
                sms: Some(record.unknown_policy(Channel::Sms).as_str()),
            },
            api_key_ids: record.api_keys.keys().map(ToString::to_string).collect(),
            test_key_ids: record.test_keys.iter().map(ToString::to_string).collect(),
            api_key: issued.map(|issued| issued.api_key),
        }
    }
}

/// Shows a tenant.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}",
    tag = "Admin",
    operation_id = "getTenant",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path)),
    responses(
        (status = 200, description = "What is set", body = TenantView),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segments(tenant_id): Segments<String>,
    parts: Parts,
) -> Result<Json<TenantView>, ApiError> {
    from_reading_operator(&app, &parts).await?;
    let tenant = known(&app, &tenant_id)?;
    Ok(Json(TenantView::of(tenant.id, &tenant.record, None)))
}

/// The tenant that a path or parameter names.
pub(crate) fn known(app: &App, tenant_id: &str) -> Result<Arc<TenantEntry>, ApiError> {
    let id = tenant_id.parse().ok();
    id.and_then(|id| app.commands.directory().tenant(id)).ok_or(ApiError::NotFound(Thing::Tenant))
}

/// The tenant that a query names, once every parameter is right.
pub(crate) fn of_query(
    app: &App,
    parameters: &Parameters,
    mut problems: Problems,
) -> Result<Arc<TenantEntry>, ApiError> {
    let tenant_id = required_tenant(parameters, &mut problems);
    known(app, problems.check(tenant_id)?)
}

/// The parameter `tenantId`, which must be given.
pub(crate) fn required_tenant<'a>(parameters: &'a Parameters, problems: &mut Problems) -> Option<&'a str> {
    let tenant_id = parameters.get("tenantId").filter(|id| !id.is_empty());
    if tenant_id.is_none() {
        problems.add("tenantId", "is required");
    }
    tenant_id
}
