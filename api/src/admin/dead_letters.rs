//! `GET /admin/v1/dead-letters`: what ended without being sent, and may be made due again.
//!
//! Nothing personal stands here: the providers' words are told by the explanation of the notification.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use orqestra_domain::redrive::DeadLetterFilter;
use orqestra_domain::{Channel, EventTypeName, NotificationId, Timestamp};
use orqestra_projections::delivery_status::{DeadLetter, Ended, EndedPlace};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::of_query;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::Problems;
use crate::page::Page;
use crate::request::{Parameters, Segments, from_reading_operator};

pub(crate) const PATH: &str = "/admin/v1/dead-letters";
pub(crate) const ONE_PATH: &str = "/admin/v1/dead-letters/{deliveryId}";

/// Most characters of a code or of a provider's kind that a list is narrowed by.
pub(crate) const MOST_OF_A_CODE: usize = 64;

/// What narrows a list of dead letters, or a redrive.
pub(crate) const FILTERS: &[&str] = &["channel", "cause", "provider", "eventType", "since", "until"];

/// A delivery that ended without being sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterView {
    /// The delivery.
    delivery_id: String,
    /// The notification that it is of.
    notification_id: String,
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// The event's type.
    event_type: String,
    /// `FAILED`, or `SKIPPED` for what an operator can mend.
    status: &'static str,
    /// The code of the cause, or of the reason for which it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "smtp_550")]
    cause: Option<String>,
    /// The kind of the provider that carried the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// How many attempts were made.
    attempts: u32,
    /// Whether it may have arrived all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    possible_duplicate: bool,
    /// When the event was accepted.
    #[schema(format = "date-time")]
    accepted_at: String,
    /// When the delivery ended.
    #[schema(format = "date-time")]
    ended_at: String,
}

impl DeadLetterView {
    fn of(dead: &DeadLetter) -> Self {
        Self {
            delivery_id: dead.delivery_id.to_string(),
            notification_id: dead.of.notification.to_string(),
            channel: dead.of.channel,
            event_type: dead.event_type.clone(),
            status: dead.status.as_str(),
            cause: dead.cause.clone(),
            provider: dead.provider.clone(),
            attempts: dead.attempts,
            possible_duplicate: dead.possible_duplicate,
            accepted_at: dead.accepted_at.to_string(),
            ended_at: dead.ended_at.to_string(),
        }
    }
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterList {
    /// Always true.
    success: bool,
    /// Those that ended last first.
    data: Vec<DeadLetterView>,
}

/// Lists a tenant's dead letters.
#[utoipa::path(
    get,
    path = "/admin/v1/dead-letters",
    tag = "Admin",
    operation_id = "listDeadLetters",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Query, description = "Whose dead letters"),
        ("channel" = Option<String>, Query, description = "EMAIL, SMS or PUSH; all if omitted"),
        ("cause" = Option<String>, Query, description = "With this code as the cause or as the reason of the skip"),
        ("provider" = Option<String>, Query, description = "Whose last attempt a provider of this kind carried"),
        ("eventType" = Option<String>, Query, description = "Of this event type"),
        ("since" = Option<String>, Query, format = DateTime, description = "That ended at or after this time, in RFC 3339"),
        ("until" = Option<String>, Query, format = DateTime, description = "That ended before this time, in RFC 3339"),
        ("limit" = Option<u32>, Query, description = "Most dead letters: 50 if omitted, 1000 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "Those that ended last first", body = DeadLetterList, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let parameters = Parameters::of(&parts);
    let mut problems = Problems::default();
    parameters.only(&[&["tenantId", "limit", "cursor"], FILTERS].concat(), &mut problems);
    let page = Page::<Place>::among(&parameters, &mut problems);
    let given = |name| parameters.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let filter = filter(&given, &mut problems);
    let tenant = of_query(&app, &parameters, problems)?.id;
    let place = (Ended::NewestFirst, page.after.as_ref().map(|Place(place)| *place));
    let found = app.deliveries.dead_letters(tenant, &filter, place, page.limit as usize).await?;
    let data = found.found.iter().map(DeadLetterView::of).collect();
    let next = found.next.map(|place| Place(place).to_string());
    Ok(page.answer_up_to(&parts, next, DeadLetterList { success: true, data }))
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterAnswer {
    /// Always true.
    success: bool,
    /// The dead letter.
    data: DeadLetterView,
}

/// Shows a dead letter.
#[utoipa::path(
    get,
    path = "/admin/v1/dead-letters/{deliveryId}",
    tag = "Admin",
    operation_id = "getDeadLetter",
    security(("adminToken" = [])),
    params(
        ("deliveryId" = String, Path),
        ("tenantId" = String, Query, description = "Whose it is"),
    ),
    responses(
        (status = 200, description = "The dead letter", body = DeadLetterAnswer),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant, or the delivery is not a dead letter", body = ErrorBody),
        (status = 422, description = "A parameter is missing", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segments(delivery_id): Segments<String>,
    request: Request,
) -> Result<Json<DeadLetterAnswer>, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let tenant = of_query(&app, &Parameters::of(&parts), Problems::default())?.id;
    let unknown = || ApiError::NotFound(Thing::Delivery);
    let delivery = delivery_id.parse().map_err(|_| unknown())?;
    let found = app.deliveries.dead_letter(tenant, delivery).await?.ok_or_else(unknown)?;
    Ok(Json(DeadLetterAnswer { success: true, data: DeadLetterView::of(&found) }))
}

/// Reads the filter of a list or of a redrive. A field that is absent does not narrow it.
pub(crate) fn filter(
    get: &dyn Fn(&'static str) -> Option<String>,
    problems: &mut Problems,
) -> DeadLetterFilter {
    let mut code = |name: &'static str| {
        let text = get(name)?;
        let is_code = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if is_code && (1..=MOST_OF_A_CODE).contains(&text.len()) {
            return Some(text);
        }
        problems.add(name, "must be a code, as in smtp_550");
        None
    };
    let (cause, provider) = (code("cause"), code("provider"));
    let channel = get("channel").and_then(|name| {
        name.parse().map_err(|_| problems.add("channel", "must be one of EMAIL, SMS, PUSH")).ok()
    });
    let event_type = get("eventType").and_then(|name| {
        let parsed = EventTypeName::parse(&name);
        parsed.map_err(|error| problems.add("eventType", error.to_string())).ok()
    });
    let mut time = |name: &'static str| {
        let parsed = get(name)?.parse::<Timestamp>();
        parsed.map_err(|_| problems.add(name, "must be a time in RFC 3339, as in 2026-04-22T12:00:00Z")).ok()
    };
    let (since, until) = (time("since"), time("until"));
    DeadLetterFilter { channel, cause, provider, event_type, since, until }
}

/// A place in the list: the time in microseconds, the notification and the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(EndedPlace);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let EndedPlace { ended_at, notification, channel } = self.0;
        write!(f, "{}_{notification}_{channel}", ended_at.unix_micros())
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '_');
        let mut next = || parts.next().ok_or(());
        let micros: i64 = next()?.parse().map_err(|_| ())?;
        let notification: NotificationId = next()?.parse().map_err(|_| ())?;
        let channel: Channel = next()?.parse().map_err(|_| ())?;
        // What no place has is not read as another one.
        let place = Self(EndedPlace { ended_at: Timestamp::from_unix_micros(micros), notification, channel });
        Some(place).filter(|place| place.to_string() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_wrote_and_nothing_else() {
        let text = "1795953600000000_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4_SMS";
        assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        for bad in [
            "",
            "1",
            "x_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4_SMS",
            "1_2_SMS",
            "+1_5e9cbb33-6be4-5d4c-b83b-d1b8f9f7a3d4_SMS",
        ] {
            assert_eq!(bad.parse::<Place>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let mut problems = Problems::default();
        let wrong = filter(&|_| Some("Not a code".to_owned()), &mut problems);
        assert!(wrong.channel.is_none() && wrong.cause.is_none());
        let Err(ApiError::Invalid(wrong)) = problems.check(Some(())) else { panic!("taken") };
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(fields, ["cause", "provider", "channel", "since", "until"]);
    }
}
