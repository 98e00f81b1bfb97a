//! `PUT /api/v1/notifications/{tenantId}/{userId}/{notificationId}/read`: the user read it.
//!
//! The caller's very next request sees it: the inbox row is brought up to the event before the answer.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use orqestra_domain::{NotificationId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::tenant;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::FieldError;
use crate::observe::Scope;
use crate::request::{Segments, context, to_the_end};

pub(crate) const PATH: &str = "/api/v1/notifications/{tenantId}/{userId}/{notificationId}/read";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    /// Always true.
    success: bool,
}

impl Done {
    pub(crate) const DONE: Self = Self { success: true };
}

/// Marks a notification read.
#[utoipa::path(
    put,
    path = "/api/v1/notifications/{tenantId}/{userId}/{notificationId}/read",
    tag = "Notifications",
    operation_id = "markNotificationRead",
    security(("apiKey" = [])),
    params(
        ("tenantId" = String, Path, description = "The tenant of the key"),
        ("userId" = String, Path, description = "The user, percent-encoded"),
        ("notificationId" = String, Path, description = "The `id` that the history gave"),
    ),
    responses(
        (status = 200, description = "It is read, now or before", body = Done),
        (status = 401, description = "The key is missing or wrong", body = ErrorBody),
        (status = 404, description = "Not in this user's inbox, or another tenant's id", body = ErrorBody),
        (status = 409, description = "The recipient was forgotten while the request ran", body = ErrorBody),
        (status = 422, description = "The user id is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn mark_read(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, user_id, notification_id)): Segments<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Done>, ApiError> {
    let caller = tenant::authenticate(app.commands.directory(), &headers, &scope).await?;
    tenant::hold_to(&caller, &tenant_id)?;
    let user = UserId::parse(&user_id)
        .map_err(|error| ApiError::Invalid(vec![FieldError::new("userId", error.to_string())]))?;
    let notification: NotificationId =
        notification_id.parse().map_err(|_| ApiError::NotFound(Thing::Notification))?;
    let context = context(tenant::actor(&caller), &scope);
    let marked = to_the_end(async move {
        let tenant = &caller.tenant;
        let marked = app.commands.mark_read(tenant, &user, notification, &context).await?;
        app.inbox.apply_now(tenant.id, notification, marked.version, &marked.events).await?;
        Ok::<_, ApiError>(())
    });
    marked.await??;
    Ok(Json(Done::DONE))
}
