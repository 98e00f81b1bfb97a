//! `POST /admin/v1/tenants/{tenantId}/suppressions/lookup`: whether an address is suppressed, and why.
//!
//! It changes nothing, and is no `GET` because an address does not belong into a URL.

use axum::Json;
use axum::extract::{Request, State};
use orqestra_commands::Address;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::suppressions::{SuppressionView, address};
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::request::{Segments, from_operator};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/suppressions/lookup";

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct AddressLookup {
    /// The channel that the address is of.
    #[schema(example = "EMAIL")]
    channel: String,
    /// The email address, or the phone number in E.164 form.
    #[schema(example = "user@example.com")]
    address: String,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppressionState {
    /// The look-up form of the address.
    address_ref: String,
    /// Whether nothing is sent to it.
    suppressed: bool,
    /// Why and since when, if it is suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<SuppressionView>,
}

/// Tells whether an address is suppressed.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenantId}/suppressions/lookup",
    tag = "Admin",
    operation_id = "lookUpSuppression",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path)),
    request_body = AddressLookup,
    responses(
        (status = 200, description = "As it is now", body = SuppressionState),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn look_up(
    State(app): State<App>,
    Segments(tenant_id): Segments<String>,
    request: Request,
) -> Result<Json<SuppressionState>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?;
    let address = parse(&body)?;
    let address_ref = address.look_up(&tenant.index);
    let suppression = app.commands.suppression(tenant.id, &address_ref).await?;
    let suppression = suppression.filter(|suppression| suppression.channel == address.channel());
    Ok(Json(SuppressionState {
        address_ref: address_ref.to_string(),
        suppressed: suppression.is_some(),
        suppression: suppression.as_ref().map(SuppressionView::of),
    }))
}

fn parse(body: &Value) -> Result<Address, ApiError> {
    let mut problems = Problems::default();
    let address = address(Fields::of_body(body)?, &mut problems);
    problems.check(address)
}
