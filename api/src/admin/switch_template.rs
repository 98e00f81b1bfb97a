//! `PATCH /admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}`: whether a template is used. What it says stays.

use axum::extract::{Request, State};
use axum::{Extension, Json};
use serde_json::Value;
use utoipa::ToSchema;

use super::template::named;
use super::templates::TemplateSummary;
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, operators_context, to_the_end};

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct TemplateSwitch {
    /// Whether it is to be used.
    active: bool,
}

/// Uses a template, or keeps it unused.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}",
    tag = "Admin",
    operation_id = "switchTemplate",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("eventType" = String, Path), ("channel" = String, Path)),
    request_body = TemplateSwitch,
    responses(
        (status = 200, description = "As it is now", body = TemplateSummary),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or template", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn switch(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, event_type, channel)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Json<TemplateSummary>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let mut problems = Problems::default();
    let (event_type, channel) = named(&event_type, &channel, &mut problems);
    let active = parse(&body, &mut problems)?;
    let ((event_type, channel), active) = problems.check(event_type.zip(channel).zip(active))?;
    let context = operators_context(&app, &scope);
    let (commands, of) = (app.commands.clone(), event_type.clone());
    let switched =
        to_the_end(async move { commands.switch_template(tenant, &of, channel, active, &context).await });
    switched.await??;
    let now = app.commands.directory().template(tenant, &event_type, channel);
    Ok(Json(TemplateSummary::of(&now.ok_or(ApiError::NotFound(Thing::Template))?)))
}

fn parse(body: &Value, problems: &mut Problems) -> Result<Option<bool>, ApiError> {
    let fields = Fields::of_body(body)?;
    if fields.get("active").is_none() {
        problems.add("active", "is required");
    }
    Ok(fields.flag("active", problems))
}
