//! `POST /admin/v1/deliveries/{deliveryId}/resolve`: an operator decides on an outcome that nobody knows.

use axum::extract::{Request, State};
use axum::{Extension, Json};
use orqestra_domain::DeliveryId;
use orqestra_domain::notification::{NotificationRefusal, Resolution, Resolve};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, operators_context, to_the_end};
use crate::view::DetailedChannelView;

pub(crate) const PATH: &str = "/admin/v1/deliveries/{deliveryId}/resolve";

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct Decision {
    /// `delivered` (it arrived), `resend` (send it again) or `drop` (give it up).
    #[schema(example = "resend")]
    resolution: String,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Resolved {
    /// Always true.
    success: bool,
    /// The delivery as it stands now.
    data: DetailedChannelView,
}

/// Decides on an unknown outcome.
#[utoipa::path(
    post,
    path = "/admin/v1/deliveries/{deliveryId}/resolve",
    tag = "Admin",
    operation_id = "resolveDelivery",
    security(("adminToken" = [])),
    params(("deliveryId" = String, Path)),
    request_body = Decision,
    responses(
        (status = 200, description = "The delivery as it stands now", body = Resolved),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such delivery", body = ErrorBody),
        (status = 409, description = "Its outcome is known", body = ErrorBody),
        (status = 422, description = "The resolution is missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn resolve(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments(delivery_id): Segments<String>,
    request: Request,
) -> Result<Json<Resolved>, ApiError> {
    let body = from_operator(&app, request).await?;
    let resolution = parse(&body)?;
    let unknown = || ApiError::NotFound(Thing::Delivery);
    let delivery: DeliveryId = delivery_id.parse().map_err(|_| unknown())?;
    let of = app.deliveries.find_delivery(delivery).await?.ok_or_else(unknown)?;
    scope.is_for(of.tenant);
    let context = operators_context(&app, &scope);
    let command =
        Resolve { channel: of.channel, resolution, by: app.operator().to_string(), at: app.commands.now() };
    let commands = app.commands.clone();
    let resolved = to_the_end(async move {
        commands.resolve_outcome(of.tenant, of.notification, command, &[], &context).await
    });
    let resolved = resolved.await??;
    let story = resolved.aggregate.story().ok_or_else(unknown)?;
    let delivery = story.deliveries.get(&of.channel).ok_or_else(unknown)?;
    let servers = app.commands.servers::<NotificationRefusal>(of.tenant, story).await?;
    Ok(Json(Resolved { success: true, data: DetailedChannelView::of(of.channel, delivery, None, &servers) }))
}

fn parse(body: &Value) -> Result<Resolution, ApiError> {
    let mut problems = Problems::default();
    let resolution = Fields::of_body(body)?.required("resolution", &mut problems, |word| match word {
        "delivered" => Ok(Resolution::Delivered),
        "resend" => Ok(Resolution::Resend),
        "drop" => Ok(Resolution::Drop),
        _ => Err("must be delivered, resend or drop"),
    });
    problems.check(resolution)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decision_is_one_of_three_words() {
        assert_eq!(parse(&json!({"resolution": "resend"})).unwrap(), Resolution::Resend);
        for bad in [json!({}), json!({"resolution": "Resend"}), json!({"resolution": 1}), json!("resend")] {
            assert!(matches!(parse(&bad), Err(ApiError::Invalid(_))), "{bad}");
        }
    }
}
