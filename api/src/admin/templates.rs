//! `GET /admin/v1/tenants/{tenantId}/templates`: a tenant's own templates, without what they say.

use axum::extract::{Request, State};
use axum::response::Response;
use orqestra_commands::TemplateEntry;
use orqestra_domain::{Channel, TemplateId};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::page::{Page, wrong_cursor};
use crate::request::{Segments, from_reading_operator};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/templates";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplateList {
    /// Always true.
    success: bool,
    /// By event type, then EMAIL, SMS, PUSH.
    data: Vec<TemplateSummary>,
}

/// A template without what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateSummary {
    /// Its id.
    template_id: String,
    /// The event type that it answers.
    #[schema(example = "order.confirmed")]
    event_type: String,
    /// The channel it is for.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// Its newest version, from 1.
    version: u32,
    /// Whether it is used.
    active: bool,
    /// When the newest version was published.
    #[schema(format = "date-time")]
    published_at: String,
}

impl TemplateSummary {
    pub(crate) fn of(entry: &TemplateEntry) -> Self {
        Self {
            template_id: entry.newest.template.template_id.to_string(),
            event_type: entry.newest.event_type.as_str().to_owned(),
            channel: entry.newest.channel,
            version: entry.newest.template.version,
            active: entry.active,
            published_at: entry.published_at.to_string(),
        }
    }
}

/// Lists a tenant's own templates.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}/templates",
    tag = "Admin",
    operation_id = "listTemplates",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Path),
        ("limit" = Option<u32>, Query, description = "Most templates: 50 if omitted, 1000 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "By event type and channel", body = TemplateList, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Segments(tenant_id): Segments<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let page = Page::<TemplateId>::of(&parts)?;
    let tenant = known(&app, &tenant_id)?.id;
    let found = app.commands.directory().templates_after(tenant, page.after, page.to_fetch());
    let found = found.ok_or_else(|| ApiError::Invalid(vec![wrong_cursor()]))?;
    let id = |entry: &TemplateEntry| entry.newest.template.template_id.to_string();
    Ok(page.answer(&parts, found, id, TemplateSummary::of, |data| TemplateList { success: true, data }))
}
