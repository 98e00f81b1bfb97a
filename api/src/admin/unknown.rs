//! `GET /admin/v1/unknown`: deliveries whose outcome is unknown and that wait for an operator, or for a receipt first.

use axum::extract::{Request, State};
use axum::response::Response;
use orqestra_domain::{Channel, DeliveryId, Timestamp};
use orqestra_projections::delivery_status::{HeldDelivery, HeldPlace};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::Problems;
use crate::page::Page;
use crate::request::{Parameters, from_reading_operator};

pub(crate) const PATH: &str = "/admin/v1/unknown";

/// A delivery whose outcome is unknown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnknownView {
    /// The delivery, by which it is resolved.
    delivery_id: String,
    /// The tenant that it is of.
    tenant_id: String,
    /// The notification that it is of.
    notification_id: String,
    /// The channel.
    #[schema(value_type = String, example = "SMS")]
    channel: Channel,
    /// The event's type.
    event_type: String,
    /// The kind of the provider that carried the attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The code of why the outcome is unknown, or of why it is not sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "http_timeout")]
    cause: Option<String>,
    /// How many attempts were made.
    attempts: u32,
    /// Whether a receipt may still settle it: no decision is needed before `since`.
    waits_for_receipt: bool,
    /// Since when it waits for an operator.
    #[schema(format = "date-time")]
    since: String,
}

impl UnknownView {
    fn of(held: &HeldDelivery, now: Timestamp) -> Self {
        Self {
            delivery_id: held.delivery_id.to_string(),
            tenant_id: held.of.tenant.to_string(),
            notification_id: held.of.notification.to_string(),
            channel: held.of.channel,
            event_type: held.event_type.clone(),
            provider: held.provider.clone(),
            cause: held.cause.clone(),
            attempts: held.attempts,
            waits_for_receipt: held.held_at > now,
            since: held.held_at.to_string(),
        }
    }
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnknownList {
    /// Always true.
    success: bool,
    /// Those that have waited longest first.
    data: Vec<UnknownView>,
}

/// Lists the deliveries whose outcome is unknown, of a tenant or of all.
#[utoipa::path(
    get,
    path = "/admin/v1/unknown",
    tag = "Admin",
    operation_id = "listUnknown",
    security(("adminToken" = [])),
    params(
        ("tenantId" = Option<String>, Query, description = "Whose deliveries; all tenants' if omitted"),
        ("limit" = Option<u32>, Query, description = "Most deliveries: 50 if omitted, 1000 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "Those that have waited longest first", body = UnknownList, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let parameters = Parameters::of(&parts);
    let mut problems = Problems::default();
    parameters.only(&["tenantId", "limit", "cursor"], &mut problems);
    let page = Page::<Place>::among(&parameters, &mut problems);
    problems.check(Some(()))?;
    // An empty id names no tenant: a script that forgot to set it must not get all of them.
    let tenant = parameters.get("tenantId").map(|id| known(&app, id)).transpose()?.map(|tenant| tenant.id);
    let after = page.after.as_ref().map(|Place(place)| *place);
    let found = app.deliveries.held(tenant, after, page.to_fetch()).await?;
    let (now, cursor) = (app.commands.now(), |held: &HeldDelivery| Place(held.place()).to_string());
    let view = |held: &HeldDelivery| UnknownView::of(held, now);
    Ok(page.answer(&parts, found, cursor, view, |data| UnknownList { success: true, data }))
}

/// A place in the list: the time in microseconds and the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(HeldPlace);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.0.held_at.unix_micros(), self.0.delivery)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (micros, delivery) = text.split_once('_').ok_or(())?;
        let held_at = Timestamp::from_unix_micros(micros.parse().map_err(|_| ())?);
        let delivery: DeliveryId = delivery.parse().map_err(|_| ())?;
        let place = Self(HeldPlace { held_at, delivery });
        Some(place).filter(|place| place.to_string() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_wrote_and_nothing_else() {
        let text = "1795953600000000_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4";
        assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        for bad in
            ["", "1", "x_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4", "+1_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4"]
        {
            assert_eq!(bad.parse::<Place>(), Err(()), "{bad}");
        }
    }
}
