//! `GET /admin/v1/events?tenantId=&(userId=|email=|phone=|eventId=)&since=&limit=&cursor=`: a tenant's events of a person, an
//! address or an id, newest first.
//!
//! It opens nothing that is sealed: events are found by look-up forms and told by codes. The event's own id, which is personal, is
//! given only where the operator asked by it.

use std::collections::HashMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use orqestra_commands::{Address, TenantEntry};
use orqestra_dispatch::WaitReason;
use orqestra_domain::{
    ApiKeyKind, Channel, EmailAddress, EventId, NotificationId, PhoneNumber, Timestamp, UserId,
};
use orqestra_projections::delivery_status::{ChannelStatus, Status};
use orqestra_projections::event_lookup::{FoundEvent, LookupKey, LookupPage};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::{known, required_tenant};
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::Problems;
use crate::observe::Scope;
use crate::page::Page;
use crate::request::{Parameters, from_reading_operator, percent_encoded};

pub(crate) const PATH: &str = "/admin/v1/events";

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
/// How far back a search goes that names no `since`.
const SINCE: Duration = Duration::from_hours(30 * 24);

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundEvents {
    /// Always true.
    success: bool,
    /// Newest first.
    data: Vec<FoundEventView>,
}

/// An event that was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundEventView {
    /// The event's id, where the operator asked by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// The notification's id.
    notification_id: String,
    /// The event's type.
    #[schema(example = "order.confirmed")]
    event_type: String,
    /// When it was accepted.
    #[schema(format = "date-time")]
    accepted_at: String,
    /// Every channel, in the order EMAIL, SMS, PUSH; none in the moment after the acceptance.
    channels: Vec<FoundChannel>,
}

/// The state of a channel of an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundChannel {
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// `PLANNED`, `SENDING`, `RETRYING`, `SENT`, `FAILED`, `SKIPPED` or `UNKNOWN`.
    #[schema(example = "SENT")]
    status: &'static str,
    /// Why it is skipped: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The reason for which it waits for an operator: `tenant_inactive`, `no_provider` or `no_sender`.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    /// The kind of the provider that carried the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Why it failed last, or why its outcome is unknown: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    next_due: Option<String>,
    /// When the provider took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    sent_at: Option<String>,
}

impl FoundChannel {
    fn of(app: &App, tenant: &TenantEntry, row: ChannelStatus) -> Self {
        let may_wait = matches!(row.status, Status::Planned | Status::Retrying);
        let waits = || WaitReason::of(app.commands.directory(), tenant, row.channel, ApiKeyKind::Live);
        Self {
            channel: row.channel,
            status: row.status.as_str(),
            waits_for: may_wait.then(waits).flatten().map(WaitReason::as_str),
            cause: row.last_cause.filter(|_| row.status != Status::Sent),
            reason: row.reason,
            provider: row.provider,
            next_due: row.next_due.as_ref().map(Timestamp::to_string),
            sent_at: row.sent_at.as_ref().map(Timestamp::to_string),
        }
    }
}

/// Finds a tenant's events by what their recipient is known by: from a customer's address to what became of each message.
/// Opens nothing that is sealed, so the log holds no reading.
#[utoipa::path(
    get,
    path = "/admin/v1/events",
    tag = "Admin",
    operation_id = "findEvents",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Query, description = "The tenant whose events are found"),
        ("userId" = Option<String>, Query, description = "The recipient's id in the tenant's system"),
        ("email" = Option<String>, Query, description = "The email address that the event came with, in any spelling"),
        ("phone" = Option<String>, Query, description = "The phone number that the event came with, in E.164 form; the plus as `%2B`"),
        ("eventId" = Option<String>, Query, description = "The event's own id"),
        ("since" = Option<String>, Query, format = DateTime, description = "Nothing accepted before it: a time in RFC 3339. If omitted 30 days ago; with `eventId` the beginning"),
        ("limit" = Option<u32>, Query, description = "Most events: 20 if omitted, 100 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "The newest first", body = FoundEvents, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is missing or wrong: exactly one of `userId`, `email`, `phone` and `eventId` is given", body = ErrorBody),
    ),
)]
pub(crate) async fn find(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let asked = Asked::parse(&Parameters::of(&parts))?;
    let tenant = known(&app, &asked.tenant)?;
    scope.is_for(tenant.id);
    let since = asked.since.unwrap_or_else(|| asked.by.since(app.commands.now()));
    let page = LookupPage { since, after: asked.page.after, limit: asked.page.to_fetch() };
    let found = app.event_lookup.find(tenant.id, asked.by.key(&tenant), page).await?;
    let shown = found.iter().take(asked.page.limit as usize);
    let shown: Vec<NotificationId> = shown.map(|event| event.notification).collect();
    let mut channels = Channels::new();
    for row in app.deliveries.of_notifications(tenant.id, &shown).await? {
        channels.entry(row.notification).or_default().push(FoundChannel::of(&app, &tenant, row));
    }
    let target = format!("{PATH}?{}", asked.query(since));
    let id = |event: &FoundEvent| event.notification.to_string();
    let view = |event: &FoundEvent| asked.by.view(event, &mut channels);
    Ok(asked.page.answer_at(&target, found, id, view, |data| FoundEvents { success: true, data }))
}

/// The states of the channels of found events.
type Channels = HashMap<NotificationId, Vec<FoundChannel>>;

/// The key that the operator asks by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    User(UserId),
    Email(EmailAddress),
    Phone(PhoneNumber),
    Event(EventId),
}

impl By {
    fn key(&self, tenant: &TenantEntry) -> LookupKey {
        match self {
            Self::User(user) => LookupKey::Recipient(tenant.index.recipient_ref(user)),
            Self::Email(email) => LookupKey::Email(Address::Email(email.clone()).look_up(&tenant.index)),
            Self::Phone(phone) => LookupKey::Phone(Address::Sms(phone.clone()).look_up(&tenant.index)),
            Self::Event(event) => LookupKey::Notification(NotificationId::of_event(tenant.id, event)),
        }
    }

    /// Name and value of the parameter.
    fn parameter(&self) -> (&'static str, &str) {
        match self {
            Self::User(user) => ("userId", user.as_str()),
            Self::Email(email) => ("email", email.as_str()),
            Self::Phone(phone) => ("phone", phone.as_str()),
            Self::Event(event) => ("eventId", event.as_str()),
        }
    }

    /// The time that a search without `since` begins at. An id names one event, at any age.
    fn since(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::User(_) | Self::Email(_) | Self::Phone(_) => now.minus(SINCE),
            Self::Event(_) => Timestamp::EPOCH,
        }
    }

    fn view(&self, event: &FoundEvent, channels: &mut Channels) -> FoundEventView {
        let event_id = match self {
            Self::Event(id) => Some(id.as_str().to_owned()),
            Self::User(_) | Self::Email(_) | Self::Phone(_) => None,
        };
        FoundEventView {
            event_id,
            notification_id: event.notification.to_string(),
            event_type: event.event_type.as_str().to_owned(),
            accepted_at: event.accepted_at.to_string(),
            channels: channels.remove(&event.notification).unwrap_or_default(),
        }
    }
}

/// The parameters, parsed.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    tenant: String,
    by: By,
    since: Option<Timestamp>,
    page: Page<NotificationId>,
}

impl Asked {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        let mut problems = Problems::default();
        parameters.only(PARAMETERS, &mut problems);
        let tenant = required_tenant(parameters, &mut problems).map(str::to_owned);
        let by = by(parameters, &mut problems);
        let since = parameters.get("since").and_then(|text| {
            let moment = text.parse::<Timestamp>();
            moment.map_err(|_| problems.add("since", with_plus(text, NO_TIME))).ok()
        });
        let page = Page::among_of(parameters, (DEFAULT_LIMIT, MAX_LIMIT), &mut problems);
        problems.check(tenant.zip(by).map(|(tenant, by)| Self { tenant, by, since, page }))
    }

    /// The same question as a query, with the time that it begins at.
    fn query(&self, since: Timestamp) -> String {
        let (name, value) = self.by.parameter();
        let (tenant, value) = (percent_encoded(&self.tenant), percent_encoded(value));
        format!("tenantId={tenant}&{name}={value}&since={since}")
    }
}

const NO_TIME: &str = "must be a time in RFC 3339, as in 2026-04-22T12:00:00Z";

const PARAMETERS: &[&str] = &["tenantId", "userId", "email", "phone", "eventId", "since", "limit", "cursor"];

/// The one of four that is given.
fn by(parameters: &Parameters, problems: &mut Problems) -> Option<By> {
    let given = ["userId", "email", "phone", "eventId"]
        .into_iter()
        .filter_map(|name| parameters.get(name).map(|value| (name, value)));
    let given: Vec<_> = given.collect();
    let [(name, value)] = given[..] else {
        match given.split_first() {
            None => problems.add("userId", "or one of email, phone, eventId is required"),
            Some(((first, _), others)) => {
                for (name, _) in others {
                    problems.add(*name, format!("cannot be given together with {first}"));
                }
            }
        }
        return None;
    };
    let parsed = match name {
        "userId" => UserId::parse(value).map(By::User).map_err(|error| error.to_string()),
        "email" => EmailAddress::parse(value).map(By::Email).map_err(|error| error.to_string()),
        "phone" => {
            PhoneNumber::parse(value).map(By::Phone).map_err(|error| with_plus(value, &error.to_string()))
        }
        _ => EventId::parse(value).map(By::Event).map_err(|error| error.to_string()),
    };
    parsed.map_err(|error| problems.add(name, error)).ok()
}

/// A message with the likeliest remedy where the value holds a space: a plus in a query stands for one.
fn with_plus(value: &str, message: &str) -> String {
    let hint = if value.contains(' ') { ", its plus written as %2B" } else { "" };
    [message, hint].concat()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parsed(query: &str) -> Result<Asked, ApiError> {
        let (parts, ()) = Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        Asked::parse(&Parameters::of(&parts))
    }

    fn wrong(query: &str) -> Vec<String> {
        match parsed(query) {
            Err(ApiError::Invalid(wrong)) => wrong.iter().map(ToString::to_string).collect(),
            other => panic!("{query} is taken: {}", other.is_ok()),
        }
    }

    #[test]
    fn a_question_names_one_of_four() {
        let by = |query: &str| parsed(&format!("tenantId=t&{query}")).unwrap().by;
        assert_eq!(by("userId=u-1"), By::User(UserId::parse("u-1").unwrap()));
        assert_eq!(by("email=a%40example.org"), By::Email(EmailAddress::parse("a@example.org").unwrap()));
        assert_eq!(by("phone=%2B254712345678"), By::Phone(PhoneNumber::parse("+254712345678").unwrap()));
        assert_eq!(by("eventId=evt%201"), By::Event(EventId::parse("evt 1").unwrap()));
        let asked = parsed("tenantId=t&userId=u").unwrap();
        assert_eq!((asked.since, asked.page), (None, Page { limit: 20, after: None }));
        assert_eq!(parsed("tenantId=t&userId=u&limit=5000").unwrap().page.limit, 100);
    }

    #[test]
    fn every_wrong_parameter_is_named_and_no_address_is_repeated() {
        for (query, expected) in [
            ("", &["tenantId is required", "userId or one of email, phone, eventId is required"][..]),
            (
                "tenantId=t&phone=%2B254712345678&email=a%40example.org&eventId=e",
                &["phone cannot be given together with email", "eventId cannot be given together with email"],
            ),
            (
                "tenantId=t&email=Ann",
                &["email must be one email address, as in user@example.com, of at most 254 bytes"],
            ),
            (
                "tenantId=t&phone=+254712345678",
                &["phone must be a phone number in E.164 form, as in +254712345678, its plus written as %2B"],
            ),
            (
                "tenantId=&eventId=e&Since=2026-04-22T12:00:00Z",
                &[
                    "Since is not known; expected one of tenantId, userId, email, phone, eventId, since, limit, cursor",
                    "tenantId is required",
                ],
            ),
            ("tenantId=t&phone=0712", &["phone must be a phone number in E.164 form, as in +254712345678"]),
            (
                "tenantId=t&eventId=e&since=24h&limit=0&cursor=x",
                &[
                    "since must be a time in RFC 3339, as in 2026-04-22T12:00:00Z",
                    "limit must be a whole number from 1",
                    "cursor must be one that a Link header gave",
                ],
            ),
        ] {
            assert_eq!(wrong(query), expected, "{query}");
        }
        assert_eq!(wrong("tenantId=t&userId=").len(), 1);
    }

    #[test]
    fn the_next_page_asks_the_same_question_from_the_same_time_on() {
        let asked = parsed("tenantId=t&email=a%2Bb%40example.org").unwrap();
        let since = "2026-04-22T12:00:00Z".parse().unwrap();
        let query = asked.query(since);
        assert_eq!(query, "tenantId=t&email=a%2Bb%40example.org&since=2026-04-22T12:00:00.000000Z");
        assert_eq!(parsed(&query).unwrap(), Asked { since: Some(since), ..asked });
    }

    #[test]
    fn an_id_is_looked_for_however_old_it_is() {
        let now: Timestamp = "2026-04-22T12:00:00Z".parse().unwrap();
        assert_eq!(By::Event(EventId::parse("e").unwrap()).since(now), Timestamp::EPOCH);
        let month_before: Timestamp = "2026-03-23T12:00:00Z".parse().unwrap();
        assert_eq!(By::User(UserId::parse("u").unwrap()).since(now), month_before);
    }
}
