//! `DELETE /admin/v1/tenants/{tenantId}/suppressions/{addressRef}`: an address is sent to again.

use axum::extract::State;
use axum::http::request::Parts;
use axum::{Extension, Json};

use super::suppressions::named;
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::observe::Scope;
use crate::request::{Segments, from_reading_operator, operators_context, to_the_end};
use crate::v1::mark_read::Done;

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/suppressions/{addressRef}";

/// Lifts the suppression of an address. Deliveries skipped in the meantime stay skipped.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenantId}/suppressions/{addressRef}",
    tag = "Admin",
    operation_id = "liftSuppression",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Path),
        ("addressRef" = String, Path, description = "The address's look-up form, as the list has it"),
    ),
    responses(
        (status = 200, description = "The address is sent to again", body = Done),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant, or the address is not suppressed", body = ErrorBody),
    ),
)]
pub(crate) async fn lift(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, address_ref)): Segments<(String, String)>,
    parts: Parts,
) -> Result<Json<Done>, ApiError> {
    from_reading_operator(&app, &parts).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let address = named(&address_ref)?;
    let (commands, context) = (app.commands.clone(), operators_context(&app, &scope));
    to_the_end(async move { commands.lift_suppression(tenant, &address, &context).await }).await??;
    Ok(Json(Done::DONE))
}
