//! `POST /admin/v1/dead-letters/redrive`, `GET /admin/v1/redrives/{redriveId}` and `POST …/stop`: dead letters are made due again.
//!
//! The answer comes once the request is an event; the redrive then runs by itself, whatever happens to this process.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use orqestra_commands::{Reason, RequestRedrive};
use orqestra_dispatch::redrive::{RedriveState, RedriveStatus};
use orqestra_domain::redrive::{DeadLetterFilter, RedriveEvent, RedriveRequested};
use orqestra_domain::{DeliveryId, RedriveId, TenantId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::dead_letters::{FILTERS, filter};
use super::tenant::{known, of_query};
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{
    Parameters, Segments, from_operator, from_reading_operator, operators_context, to_the_end,
};
use crate::v1::mark_read::Done;

pub(crate) const PATH: &str = "/admin/v1/dead-letters/redrive";
pub(crate) const LIST_PATH: &str = "/admin/v1/redrives";
pub(crate) const ONE_PATH: &str = "/admin/v1/redrives/{redriveId}";
pub(crate) const STOP_PATH: &str = "/admin/v1/redrives/{redriveId}/stop";

/// Most deliveries that a request names by their ids.
pub(crate) const MOST_IDS: usize = 500;
/// Most redrives that a list shows.
const LISTED: usize = 50;

/// The request. Either `ids` or `filter` is there.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct NewRedrive {
    /// Whose dead letters.
    tenant_id: String,
    /// The deliveries, by their ids.
    ids: Option<Vec<String>>,
    /// Selects them; `{}` is every one.
    filter: Option<RedriveFilter>,
    /// Why, in the operator's own words. Kept sealed.
    #[schema(example = "ticket 311: the provider was down")]
    reason: String,
    /// Whether it only tells what would be made due again.
    dry_run: Option<bool>,
}

/// Selects dead letters: those that fit everything that is there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedriveFilter {
    /// Of this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// With this code as the cause or as the reason of the skip.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "smtp_550")]
    cause: Option<String>,
    /// Whose last attempt a provider of this kind carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Of this event type.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    /// That ended at or after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    since: Option<String>,
    /// That ended before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    until: Option<String>,
}

impl RedriveFilter {
    fn of(filter: &DeadLetterFilter) -> Self {
        Self {
            channel: filter.channel.map(|channel| channel.to_string()),
            cause: filter.cause.clone(),
            provider: filter.provider.clone(),
            event_type: filter.event_type.as_ref().map(|name| name.as_str().to_owned()),
            since: filter.since.map(|at| at.to_string()),
            until: filter.until.map(|at| at.to_string()),
        }
    }
}

/// A redrive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedriveView {
    /// Its id.
    redrive_id: String,
    /// Whose dead letters.
    tenant_id: String,
    /// `running`, `stopped` or `ended`.
    state: &'static str,
    /// Whether it only tells what would be made due again.
    dry_run: bool,
    /// How many deliveries were named by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<usize>,
    /// The filter that selects them, where the request named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<RedriveFilter>,
    /// Deliveries made due again so far; of a dry run those that would be.
    requeued: u64,
    /// Deliveries refused so far, by code.
    refused: BTreeMap<String, u64>,
    /// Actor that asked for it.
    by: String,
    /// When it was asked for.
    #[schema(format = "date-time")]
    requested_at: String,
    /// When it ended or was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    ended_at: Option<String>,
}

impl RedriveView {
    fn of(status: &RedriveStatus) -> Self {
        let RedriveStatus { tenant, id, deliveries, filter, dry_run, by, at, state, .. } = status;
        Self {
            redrive_id: id.to_string(),
            tenant_id: tenant.to_string(),
            state: state.as_str(),
            dry_run: *dry_run,
            ids: deliveries.as_ref().map(Vec::len),
            filter: deliveries.is_none().then(|| RedriveFilter::of(filter)),
            requeued: status.requeued,
            refused: status.refused.clone(),
            by: by.clone(),
            requested_at: at.to_string(),
            ended_at: status.ended_at.map(|at| at.to_string()),
        }
    }

    /// Takes the state from the redrive's own last event.
    fn ending(self, ended: Option<&RedriveEvent>) -> Self {
        let (state, at) = match ended {
            Some(RedriveEvent::RedriveStopped(stopped)) => (RedriveState::Stopped, stopped.at),
            Some(RedriveEvent::RedriveEnded(ended)) => (RedriveState::Ended, ended.at),
            Some(RedriveEvent::RedriveRequested(_)) | None => return self,
        };
        Self { state: state.as_str(), ended_at: Some(at.to_string()), ..self }
    }

    /// Shows a redrive whose request dispatch has yet to read.
    fn begun(tenant: TenantId, id: RedriveId, requested: RedriveRequested) -> Self {
        let RedriveRequested { deliveries, filter, dry_run, by, at, .. } = requested;
        let (state, requeued) = (RedriveState::Running, 0);
        let (refused, ended_at) = (BTreeMap::new(), None);
        let status = RedriveStatus {
            tenant,
            id,
            deliveries,
            filter,
            dry_run,
            by,
            at,
            state,
            requeued,
            refused,
            ended_at,
        };
        Self::of(&status)
    }
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct RedriveAnswer {
    /// Always true.
    success: bool,
    /// The redrive as it stands now.
    data: RedriveView,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct RedriveList {
    /// Always true.
    success: bool,
    /// The newest first, at most 50.
    data: Vec<RedriveView>,
}

/// Asks for a redrive.
#[utoipa::path(
    post,
    path = "/admin/v1/dead-letters/redrive",
    tag = "Admin",
    operation_id = "redriveDeadLetters",
    security(("adminToken" = [])),
    request_body = NewRedrive,
    responses(
        (status = 202, description = "It is on record, and runs", body = RedriveAnswer, headers(
            ("Location" = String, description = "Where the redrive is looked at"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn request(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Response, ApiError> {
    let body = from_operator(&app, request).await?;
    let (tenant_id, asked) = parse(&body)?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let (commands, context) = (app.commands.clone(), operators_context(&app, &scope));
    let redrives = app.redrives.clone();
    let requested = to_the_end(async move {
        let requested = commands.request_redrive(tenant, asked, &context).await;
        if let Ok((id, position, requested)) = &requested
            && let Err(error) = redrives.begin((tenant, *id), *position, requested).await
        {
            // The subscription of dispatch lets it run too.
            tracing::info!(tenant.id = %tenant, redrive.id = %id, error = %error, "a redrive begins later");
        }
        requested
    });
    let (id, _, requested) = requested.await??;
    let location = format!("{LIST_PATH}/{id}?tenantId={tenant}");
    let data = RedriveView::begun(tenant, id, requested);
    let answer =
        (StatusCode::ACCEPTED, [("location", location)], Json(RedriveAnswer { success: true, data }));
    Ok(answer.into_response())
}

/// Shows a redrive.
#[utoipa::path(
    get,
    path = "/admin/v1/redrives/{redriveId}",
    tag = "Admin",
    operation_id = "getRedrive",
    security(("adminToken" = [])),
    params(
        ("redriveId" = String, Path),
        ("tenantId" = String, Query, description = "Whose it is"),
    ),
    responses(
        (status = 200, description = "As it stands now", body = RedriveAnswer),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or redrive", body = ErrorBody),
        (status = 422, description = "A parameter is missing", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segments(redrive_id): Segments<String>,
    request: Request,
) -> Result<Json<RedriveAnswer>, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let (tenant, id) = named(&app, &Parameters::of(&parts), &redrive_id)?;
    let data = stands(&app, tenant, id).await?.ok_or(ApiError::NotFound(Thing::Redrive))?;
    Ok(Json(RedriveAnswer { success: true, data }))
}

/// Lists a tenant's redrives.
#[utoipa::path(
    get,
    path = "/admin/v1/redrives",
    tag = "Admin",
    operation_id = "listRedrives",
    security(("adminToken" = [])),
    params(("tenantId" = String, Query, description = "Whose they are")),
    responses(
        (status = 200, description = "The newest first, at most 50", body = RedriveList),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is missing", body = ErrorBody),
    ),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Json<RedriveList>, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let tenant = of_query(&app, &Parameters::of(&parts), Problems::default())?.id;
    let newest = app.redrives.newest(tenant, LISTED).await.map_err(|error| failed(&error))?;
    Ok(Json(RedriveList { success: true, data: newest.iter().map(RedriveView::of).collect() }))
}

/// Stops a redrive. Deliveries that it has requeued stay requeued.
#[utoipa::path(
    post,
    path = "/admin/v1/redrives/{redriveId}/stop",
    tag = "Admin",
    operation_id = "stopRedrive",
    security(("adminToken" = [])),
    params(
        ("redriveId" = String, Path),
        ("tenantId" = String, Query, description = "Whose it is"),
    ),
    responses(
        (status = 200, description = "It is stopped", body = Done),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or redrive", body = ErrorBody),
        (status = 409, description = "It has ended or was stopped before", body = ErrorBody),
        (status = 422, description = "A parameter is missing", body = ErrorBody),
    ),
)]
pub(crate) async fn stop(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments(redrive_id): Segments<String>,
    request: Request,
) -> Result<Json<Done>, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let (tenant, id) = named(&app, &Parameters::of(&parts), &redrive_id)?;
    scope.is_for(tenant);
    let (commands, context) = (app.commands.clone(), operators_context(&app, &scope));
    to_the_end(async move { commands.stop_redrive(tenant, id, &context).await }).await??;
    Ok(Json(Done::DONE))
}

/// The redrive that a path names, of the tenant that the query does.
fn named(app: &App, parameters: &Parameters, redrive_id: &str) -> Result<(TenantId, RedriveId), ApiError> {
    let tenant = of_query(app, parameters, Problems::default())?.id;
    let id = redrive_id.parse().map_err(|_| ApiError::NotFound(Thing::Redrive))?;
    Ok((tenant, id))
}

/// Reads the state of a redrive, from its own events where dispatch has not read them yet.
async fn stands(app: &App, tenant: TenantId, id: RedriveId) -> Result<Option<RedriveView>, ApiError> {
    if let Some(status) = app.redrives.find(tenant, id).await.map_err(|error| failed(&error))? {
        return Ok(Some(RedriveView::of(&status)));
    }
    let redrive = app.commands.redrive(tenant, id).await?;
    let view = redrive.requested().cloned().map(|requested| RedriveView::begun(tenant, id, requested));
    Ok(view.map(|view| view.ending(redrive.ended())))
}

fn failed(error: &orqestra_dispatch::redrive::RedriveError) -> ApiError {
    ApiError::Unavailable(error.to_string())
}

fn parse(body: &Value) -> Result<(String, RequestRedrive), ApiError> {
    let fields = Fields::of_body(body)?;
    let mut problems = Problems::default();
    // A misspelt filter or `dryRun` would redrive more than was meant.
    fields.only(&["tenantId", "ids", "filter", "reason", "dryRun"], &mut problems);
    let tenant = fields.required("tenantId", &mut problems, |id| Ok::<_, &str>(id.to_owned()));
    let deliveries = ids(fields, &mut problems);
    let narrowed = fields.object("filter", &mut problems).map(|named| {
        let inside = Fields::of_map(named, "filter");
        let mut wrong = Problems::default();
        inside.only(FILTERS, &mut wrong);
        let text = |name| match inside.get(name) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            // A value that is not a string fits no rule.
            Some(_) => Some("\0".to_owned()),
        };
        let filter = filter(&text, &mut wrong);
        problems.under("filter", wrong);
        filter
    });
    if fields.get("ids").is_some() == fields.get("filter").is_some() {
        problems.add("filter", "is required where ids is not given, and only there");
    }
    let reason = fields.required("reason", &mut problems, Reason::parse);
    let dry_run = fields.flag("dryRun", &mut problems).unwrap_or(false);
    let filter = narrowed.unwrap_or_default();
    let asked = reason.map(|reason| RequestRedrive { deliveries, filter, dry_run, reason });
    problems.check(tenant.zip(asked))
}

fn ids(fields: Fields<'_>, problems: &mut Problems) -> Option<Vec<DeliveryId>> {
    let listed = fields.get("ids")?;
    let read = |entry: &Value| entry.as_str().and_then(|id| id.parse().ok());
    let ids = listed.as_array().and_then(|list| list.iter().map(read).collect::<Option<Vec<DeliveryId>>>());
    match ids {
        Some(ids) if (1..=MOST_IDS).contains(&ids.len()) => Some(ids),
        _ => {
            problems.add("ids", format!("must be a list of 1 to {MOST_IDS} ids of deliveries"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(body: &Value) -> Vec<String> {
        match parse(body) {
            Err(ApiError::Invalid(wrong)) => wrong.iter().map(ToString::to_string).collect(),
            other => panic!("taken: {}", other.is_ok()),
        }
    }

    #[test]
    fn a_redrive_names_deliveries_or_selects_them() {
        let id = "8f40ed4b-c5dd-5cfe-8352-61f1fc944fd8";
        let (tenant, asked) = parse(&json!({"tenantId": "t", "ids": [id], "reason": "r"})).unwrap();
        assert_eq!((tenant.as_str(), asked.deliveries.unwrap().len(), asked.dry_run), ("t", 1, false));
        let filter = json!({"channel": "SMS", "cause": "twilio_30003", "since": "2026-04-22T12:00:00Z"});
        let body = json!({"tenantId": "t", "filter": filter, "reason": "r", "dryRun": true});
        let (_, asked) = parse(&body).unwrap();
        assert!(asked.deliveries.is_none() && asked.dry_run && asked.filter.cause.is_some());
        let (_, asked) = parse(&json!({"tenantId": "t", "filter": {}, "reason": "r"})).unwrap();
        assert!(asked.filter.is_empty());
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (body, expected) in [
            (
                json!({}),
                vec![
                    "tenantId is required",
                    "filter is required where ids is not given, and only there",
                    "reason is required",
                ],
            ),
            (
                json!({"tenantId": "t", "reason": "r", "ids": ["x"], "filter": {}}),
                vec![
                    "ids must be a list of 1 to 500 ids of deliveries",
                    "filter is required where ids is not given, and only there",
                ],
            ),
            (
                json!({"tenantId": "t", "reason": " ", "filter": {"channel": 1, "since": "yesterday"}}),
                vec![
                    "filter.channel must be one of EMAIL, SMS, PUSH",
                    "filter.since must be a time in RFC 3339, as in 2026-04-22T12:00:00Z",
                    "reason must not be empty",
                ],
            ),
            (
                json!({"tenantId": "t", "reason": "r", "filter": {"chanel": "SMS"}, "dryrun": true}),
                vec![
                    "dryrun is not known; expected one of tenantId, ids, filter, reason, dryRun",
                    "filter.chanel is not known; expected one of channel, cause, provider, eventType, since, until",
                ],
            ),
        ] {
            assert_eq!(wrong(&body), expected, "{body}");
        }
    }
}
