//! `POST /admin/v1/tenants`: a tenant comes to be, its API key in this answer and nowhere else. `GET`: all of them.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use orqestra_commands::{RegisterTenant, TenantEntry};
use orqestra_domain::tenant::Limits;
use orqestra_domain::{EmailAddress, Strength, TenantId, TenantName};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use super::tenant::TenantView;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::page::Page;
use crate::request::{from_operator, from_reading_operator, operators_context, to_the_end};
use crate::v1::trigger::ChannelName;

pub(crate) const PATH: &str = "/admin/v1/tenants";

/// Most characters of a webhook secret.
pub(crate) const MAX_SECRET: usize = 1_024;

/// The request.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct NewTenant {
    /// What answers call it.
    #[schema(example = "YourTenantName")]
    name: String,
    /// Triggers must be signed with it; none if omitted. One that is guessed at once is refused.
    webhook_secret: Option<String>,
    /// Triggers in any 60 seconds: 1000 if omitted.
    #[schema(example = 100)]
    rate_per_minute: Option<u32>,
    /// Triggers a UTC day: any number if omitted.
    daily_cap: Option<u64>,
    /// The only channels used: all if omitted.
    delivery_channels: Option<Vec<ChannelName>>,
    /// The mailbox that emails come from.
    sender_email: Option<String>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisteredTenant {
    /// Its id.
    tenant_id: String,
    /// Its name.
    name: String,
    /// Its API key. Shown here and never again.
    #[schema(example = "orq_live_...")]
    api_key: String,
}

/// Registers a tenant.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants",
    tag = "Admin",
    operation_id = "registerTenant",
    security(("adminToken" = [])),
    request_body = NewTenant,
    responses(
        (status = 201, description = "It exists, and its key opens", body = RegisteredTenant, headers(("Location" = String, description = "The tenant"))),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Response, ApiError> {
    let body = from_operator(&app, request).await?;
    let input = parse(&body)?;
    let context = operators_context(&app, &scope);
    let registered = to_the_end(async move { app.commands.register_tenant(input, &context).await }).await??;
    scope.is_for(registered.tenant_id);
    let location = format!("{PATH}/{}", registered.tenant_id);
    let body = RegisteredTenant {
        tenant_id: registered.tenant_id.to_string(),
        name: registered.name.into(),
        api_key: registered.api_key,
    };
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response())
}

/// The tenants.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantList {
    /// Always true.
    success: bool,
    /// By id, so mostly the oldest first.
    data: Vec<TenantView>,
}

/// Lists the tenants.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants",
    tag = "Admin",
    operation_id = "listTenants",
    security(("adminToken" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "Most tenants: 50 if omitted, 1000 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "In the order of their ids", body = TenantList, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 422, description = "A parameter is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let page = Page::<TenantId>::of(&parts)?;
    let found = app.commands.directory().tenants_after(page.after, page.to_fetch());
    let id = |tenant: &Arc<TenantEntry>| tenant.id.to_string();
    let view = |tenant: &Arc<TenantEntry>| TenantView::of(tenant.id, &tenant.record, None);
    Ok(page.answer(&parts, found, id, view, |data| TenantList { success: true, data }))
}

fn parse(body: &Value) -> Result<RegisterTenant, ApiError> {
    let mut problems = Problems::default();
    let fields = Fields::of_body(body)?;
    let name = fields.required("name", &mut problems, TenantName::parse);
    let webhook_secret = fields.optional("webhookSecret", &mut problems, secret);
    let rate = fields.number("ratePerMinute", &mut problems, Limits::RATES);
    let daily_cap = fields.number("dailyCap", &mut problems, Limits::CAPS);
    let delivery_channels = fields.channels("deliveryChannels", &mut problems);
    let sender_email = fields.optional("senderEmail", &mut problems, EmailAddress::parse);
    let name = problems.check(name)?;
    let rate = rate.and_then(|rate| u32::try_from(rate).ok());
    let limits = Limits { rate_per_minute: rate.unwrap_or(Limits::default().rate_per_minute), daily_cap };
    Ok(RegisterTenant {
        id: None,
        name,
        api_key: None,
        webhook_secret,
        limits,
        delivery_channels,
        sender_email,
    })
}

/// A webhook secret: at most 1,024 characters, and not one that is guessed at once.
pub(crate) fn secret(text: &str) -> Result<String, String> {
    if text.chars().nth(MAX_SECRET).is_some() {
        return Err(format!("must have at most {MAX_SECRET} characters"));
    }
    Strength::WEBHOOK_SECRET.check(text).map_err(|weak| format!("is too weak: {weak}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tenant_needs_a_name_and_nothing_else() {
        let input = parse(&json!({"name": "Shop"})).unwrap();
        assert_eq!(input.limits, Limits { rate_per_minute: 1_000, daily_cap: None });
        assert!(input.webhook_secret.is_none() && input.delivery_channels.is_none());
    }

    #[test]
    fn every_wrong_field_of_a_tenant_is_named() {
        let body = json!({"webhookSecret": "", "ratePerMinute": 0, "dailyCap": -1, "deliveryChannels": ["FAX"],
            "senderEmail": "nobody"});
        let Err(ApiError::Invalid(wrong)) = parse(&body) else { panic!("taken") };
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(
            fields,
            ["name", "webhookSecret", "ratePerMinute", "dailyCap", "deliveryChannels", "senderEmail",]
        );
    }
}
