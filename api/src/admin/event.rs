//! `GET /admin/v1/tenants/{tenantId}/events/{eventId}`: an event with every attempt on every channel.
//!
//! Asked for by its own id it opens nothing. Asked for by the notification's it tells the event's id, which is personal: the log
//! holds that it was read before the answer is given.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use axum::{Extension, Json};
use orqestra_domain::notification::NotificationRefusal;
use orqestra_domain::{EventId, NotificationId};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::observe::Scope;
use crate::request::{Segments, from_reading_operator, operators_context, to_the_end};
use crate::view::{DetailedChannelView, Ends, EventView, story};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/events/{eventId}";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventDetails {
    /// Always true.
    success: bool,
    /// The event.
    data: EventView<DetailedChannelView>,
}

/// Tells the state of each channel of a tenant's event, with its attempts.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}/events/{eventId}",
    tag = "Admin",
    operation_id = "getEventDetails",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Path),
        ("eventId" = String, Path, description = "The event's id, percent-encoded, or the notification's"),
    ),
    responses(
        (status = 200, description = "Where each channel stands", body = EventDetails),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or event", body = ErrorBody),
    ),
)]
pub(crate) async fn event(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, event_id)): Segments<(String, String)>,
    parts: Parts,
) -> Result<Json<EventDetails>, ApiError> {
    from_reading_operator(&app, &parts).await?;
    let tenant = known(&app, &tenant_id)?.id;
    if let Ok(event) = EventId::parse(&event_id) {
        let notification = NotificationId::of_event(tenant, &event);
        if let Some(told) = story(&app.commands, &app.inbox, tenant, notification).await? {
            let servers = app.commands.servers::<NotificationRefusal>(tenant, &told.story).await?;
            let ends = Ends::of(&app.deliveries, tenant, notification).await?;
            let data = EventView::detailed(Some(&event), notification, &told, (&ends, &servers));
            return Ok(Json(EventDetails { success: true, data }));
        }
    }
    // Read models name the notification alone.
    let unknown = || ApiError::NotFound(Thing::Event);
    let notification: NotificationId = event_id.parse().map_err(|_| unknown())?;
    let told = story(&app.commands, &app.inbox, tenant, notification).await?.ok_or_else(unknown)?;
    let servers = app.commands.servers::<NotificationRefusal>(tenant, &told.story).await?;
    let ends = Ends::of(&app.deliveries, tenant, notification).await?;
    scope.is_for(tenant);
    let context = operators_context(&app, &scope);
    let (commands, accepted) = (app.commands.clone(), Arc::clone(&told.story.accepted));
    let event =
        to_the_end(async move { commands.read_event_id(tenant, notification, &accepted, &context).await });
    let event = event.await??;
    let data = EventView::detailed(event.as_ref(), notification, &told, (&ends, &servers));
    Ok(Json(EventDetails { success: true, data }))
}
