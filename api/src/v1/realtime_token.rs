//! `POST /api/v1/auth/realtime-token`: a Centrifugo connection token for one of the tenant's users.

use axum::extract::{Request, State};
use axum::{Extension, Json};
use orqestra_domain::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::body;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::from_tenant;

pub(crate) const PATH: &str = "/api/v1/auth/realtime-token";

/// The request.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct TokenBody {
    /// The user who logs in, by the id that triggers name.
    #[schema(example = "uuid-of-logged-in-user")]
    user_id: String,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// The token; it expires after 2 hours.
    #[schema(example = "eyJhbGciOiJIUzI1NiIs...")]
    token: String,
    /// What the user may subscribe to.
    #[schema(example = json!(["global_system#uuid-of-logged-in-user", "orders#uuid-of-logged-in-user"]))]
    channels: Vec<String>,
}

/// Issues a realtime token.
#[utoipa::path(
    post,
    path = "/api/v1/auth/realtime-token",
    tag = "Realtime",
    operation_id = "issueRealtimeToken",
    security(("apiKey" = [])),
    request_body = TokenBody,
    responses(
        (status = 200, description = "A token and its channels", body = TokenAnswer),
        (status = 401, description = "The key is missing or wrong", body = ErrorBody),
        (status = 422, description = "`userId` is missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn realtime_token(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Json<TokenAnswer>, ApiError> {
    let (parts, body) = request.into_parts();
    let (caller, body) = from_tenant(&app, &scope, &parts.headers, body).await?;
    let body = body::json(&parts.headers, &body)?;
    let mut problems = Problems::default();
    let user = Fields::of_body(&body)?.required("userId", &mut problems, UserId::parse);
    let user = problems.check(user)?;
    let reference = caller.tenant.index.recipient_ref(&user);
    let now = app.process.clock.now();
    let categories = caller.tenant.record.push_categories();
    let issued = app.tokens.issue(caller.tenant.id, &user, reference, &categories, now);
    Ok(Json(TokenAnswer { token: issued.token, channels: issued.channels }))
}
