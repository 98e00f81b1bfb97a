//! `GET /api/v1/events/{eventId}`: what was planned for an event and what became of it, told from its stream.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use orqestra_domain::{EventId, NotificationId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::tenant;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::observe::Scope;
use crate::request::Segments;
use crate::view::{EventView, story};

pub(crate) const PATH: &str = "/api/v1/events/{eventId}";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventAnswer {
    /// Always true.
    success: bool,
    /// The event.
    data: EventView,
}

/// Tells the state of each channel of an event.
#[utoipa::path(
    get,
    path = "/api/v1/events/{eventId}",
    tag = "Events",
    operation_id = "getEvent",
    security(("apiKey" = [])),
    params(("eventId" = String, Path, description = "The event's id, percent-encoded")),
    responses(
        (status = 200, description = "Where each channel stands", body = EventAnswer),
        (status = 401, description = "The key is missing or wrong", body = ErrorBody),
        (status = 404, description = "The tenant has no such event", body = ErrorBody),
    ),
)]
pub(crate) async fn event(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments(event_id): Segments<String>,
    headers: HeaderMap,
) -> Result<Json<EventAnswer>, ApiError> {
    tell(&app, &scope, &event_id, &headers).await
}

/// The event whose id is the last part of the path that takes events.
pub(crate) async fn named_trigger(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    headers: HeaderMap,
) -> Result<Json<EventAnswer>, ApiError> {
    tell(&app, &scope, "trigger", &headers).await
}

async fn tell(
    app: &App,
    scope: &Scope,
    event_id: &str,
    headers: &HeaderMap,
) -> Result<Json<EventAnswer>, ApiError> {
    let caller = tenant::authenticate(app.commands.directory(), headers, scope).await?;
    let unknown = ApiError::NotFound(Thing::Event);
    let Ok(event) = EventId::parse(event_id) else { return Err(unknown) };
    let notification = NotificationId::of_event(caller.tenant.id, &event);
    match story(&app.commands, &app.inbox, caller.tenant.id, notification).await? {
        Some(told) => {
            Ok(Json(EventAnswer { success: true, data: EventView::of(&event, notification, &told) }))
        }
        None => Err(unknown),
    }
}
