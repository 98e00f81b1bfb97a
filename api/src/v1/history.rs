//! `GET /api/v1/notifications/{tenantId}/{userId}`: a user's pushes, newest first.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use orqestra_domain::{RecipientRef, TenantId, UserId};
use orqestra_projections::inbox::{Cursor, HistoryPage, InboxItem, PAGE_BYTES, PART_BYTES, Rest};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::tenant;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::Problems;
use crate::observe::Scope;
use crate::page::link_next;
use crate::request::{Parameters, Segments};
use crate::server::Requests;

pub(crate) const PATH: &str = "/api/v1/notifications/{tenantId}/{userId}";

const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u32 = 100;
/// How long an answer waits for its turn and for room.
const BEGINS_WITHIN: Duration = Duration::from_secs(5);
/// The same for each further part of an answer that has begun, which is cut in the middle without.
const GOES_ON_WITHIN: Duration = Duration::from_secs(30);
/// How a list that is written in parts ends.
const END: &str = "]}";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryAnswer {
    /// Always true.
    success: bool,
    /// Newest first.
    data: Vec<HistoryItem>,
}

/// One push.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryItem {
    /// The notification's id.
    id: String,
    /// Its event type.
    #[serde(rename = "type")]
    #[schema(example = "order.confirmed")]
    event_type: String,
    /// The title.
    #[schema(example = "Order Confirmed")]
    title: String,
    /// The text.
    #[schema(example = "Your order ORD-2026-1234 has been confirmed.")]
    body: String,
    /// `UNREAD` or `READ`.
    #[schema(example = "UNREAD")]
    status: &'static str,
    /// When the event was accepted, in UTC.
    #[schema(example = "2026-04-22T12:00:00Z", format = "date-time")]
    created_at: String,
}

impl HistoryItem {
    fn of(item: InboxItem) -> Self {
        Self {
            id: item.id.to_string(),
            event_type: item.event_type.into(),
            title: item.title,
            body: item.body,
            status: item.status.as_str(),
            created_at: item.created_at.to_seconds_rfc3339(),
        }
    }
}

/// Lists a user's in-app notifications.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/{tenantId}/{userId}",
    tag = "Notifications",
    operation_id = "listNotifications",
    security(("apiKey" = [])),
    params(
        ("tenantId" = String, Path, description = "The tenant of the key"),
        ("userId" = String, Path, description = "The user, percent-encoded"),
        ("limit" = Option<u32>, Query, description = "Most items to return: 50 if omitted, 100 if above"),
        ("offset" = Option<u32>, Query, description = "Items to leave out from the newest on"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it; not with `offset`"),
    ),
    responses(
        (status = 200, description = "The newest first", body = HistoryAnswer, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "The key is missing or wrong", body = ErrorBody),
        (status = 404, description = "Another tenant's id", body = ErrorBody),
        (status = 422, description = "A parameter is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn history(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, user_id)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let caller = tenant::authenticate(app.commands.directory(), &parts.headers, &scope).await?;
    tenant::hold_to(&caller, &tenant_id)?;
    let (user, limit, page) = parse(&user_id, &Parameters::of(&parts))?;
    let recipient = caller.tenant.index.recipient_ref(&user);
    let bytes = match page {
        HistoryPage::Offset(_) => PART_BYTES,
        HistoryPage::After(_) => PAGE_BYTES,
    };
    let reading = app.inbox.history(caller.tenant.id, &recipient, limit, page);
    let until = Instant::now() + BEGINS_WITHIN;
    let read = app.answers().read(app.turns(), (caller.tenant.id, bytes), until, reading).await?;
    let (page, room) = read.apart();
    let items = page.items.into_iter().map(HistoryItem::of);
    let body = match page.rest {
        None => {
            let answer = HistoryAnswer { success: true, data: items.collect() };
            let text = serde_json::to_string(&answer).map_err(|error| unwritable(&error))?;
            Body::from(room.written(text))
        }
        Some(rest) => {
            // As long as the answer is being written, it is a request under way.
            let under_way = parts.extensions.get::<Requests>().map(Requests::begin);
            let first = joined(items, "{\"success\":true,\"data\":[").map_err(|error| unwritable(&error))?;
            let begun = !first.ends_with('[');
            let reading = Reading { app, tenant: caller.tenant.id, recipient, rest: Some(rest), begun };
            reading.from(room.written(first), under_way)
        }
    };
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(next) = page.next {
        link_next(&mut response, &format!("{}?limit={limit}&cursor={next}", parts.uri.path()));
    }
    Ok(response)
}

/// A page that is written in parts, each read once the one before is on its way: no more of it is held at a time.
struct Reading {
    app: App,
    tenant: TenantId,
    recipient: RecipientRef,
    rest: Option<Rest>,
    /// Whether an item was written.
    begun: bool,
}

impl Reading {
    /// The answer's body; what is kept lasts until its end.
    fn from(self, first: Bytes, kept: impl Send + 'static) -> Body {
        let parts = stream::try_unfold((self, kept), |(mut reading, kept)| async move {
            let Some(rest) = reading.rest.take() else { return Ok(None) };
            let part = reading.part(rest).await.inspect_err(|error| reading.is_cut(error))?;
            Ok::<_, ApiError>(Some((part, (reading, kept))))
        });
        let first = stream::once(std::future::ready(Ok(first)));
        Body::from_stream(first.chain(parts).map_err(|_| std::io::Error::other("a part cannot be read")))
    }

    /// Reads and writes the next part.
    async fn part(&mut self, rest: Rest) -> Result<Bytes, ApiError> {
        let reading = self.app.inbox.history_rest(self.tenant, &self.recipient, rest);
        let until = Instant::now() + GOES_ON_WITHIN;
        let what = (self.tenant, PART_BYTES);
        let read = self.app.answers().read(self.app.turns(), what, until, reading).await?;
        let ((items, rest), room) = read.apart();
        let some = !items.is_empty();
        let comma = if self.begun && some { "," } else { "" };
        let mut text =
            joined(items.into_iter().map(HistoryItem::of), comma).map_err(|error| unwritable(&error))?;
        if rest.is_none() {
            text.push_str(END);
        }
        self.rest = rest;
        self.begun |= some;
        Ok(room.written(text))
    }

    /// Says that an answer that has begun ends in the middle; the client sees that it is not whole.
    fn is_cut(&self, error: &ApiError) {
        let (code, cause) = (error.row().1, error.cause());
        tracing::error!(tenant.id = %self.tenant, code, error = cause, "an answer of history ended in the middle");
    }
}

/// Items of the list, set apart by commas, behind what stands before them.
fn joined(items: impl Iterator<Item = HistoryItem>, before: &str) -> serde_json::Result<String> {
    let mut text = before.to_owned();
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(&item)?);
    }
    Ok(text)
}

fn unwritable(error: &serde_json::Error) -> ApiError {
    ApiError::Internal(error.to_string())
}

fn parse(user: &str, parameters: &Parameters) -> Result<(UserId, u16, HistoryPage), ApiError> {
    let mut problems = Problems::default();
    let user = UserId::parse(user).map_err(|error| problems.add("userId", error.to_string())).ok();
    let limit = parameters.whole("limit", (1, MAX_LIMIT), &mut problems);
    let limit = limit.map_or(DEFAULT_LIMIT, |limit| u16::try_from(limit).expect("at most MAX_LIMIT"));
    let page = match (parameters.get("offset"), parameters.get("cursor")) {
        (Some(_), Some(_)) => {
            problems.add("cursor", "cannot be given together with offset");
            None
        }
        (None, None) => Some(HistoryPage::Offset(0)),
        (Some(_), None) => parameters.whole("offset", (0, u32::MAX), &mut problems).map(HistoryPage::Offset),
        (None, Some(text)) => {
            let cursor = text.parse::<Cursor>().map(HistoryPage::After);
            cursor.map_err(|_| problems.add("cursor", "must be one that a Link header gave")).ok()
        }
    };
    let all = user.zip(page).map(|(user, page)| (user, limit, page));
    problems.check(all)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parsed(query: &str) -> Result<(UserId, u16, HistoryPage), ApiError> {
        let (parts, ()) = Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        parse("u", &Parameters::of(&parts))
    }

    fn wrong(query: &str) -> Vec<String> {
        match parsed(query) {
            Err(ApiError::Invalid(fields)) => {
                fields.into_iter().map(|wrong| wrong.field.into_owned()).collect()
            }
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn a_limit_is_50_by_default_and_100_at_most() {
        for (query, limit) in [
            ("", 50),
            ("limit=1", 1),
            ("limit=100", 100),
            ("limit=101", 100),
            ("limit=99999999999999999999999", 100),
            ("limit=7&limit=8", 8),
        ] {
            assert_eq!(parsed(query).unwrap().1, limit, "{query}");
        }
    }

    #[test]
    fn a_limit_below_1_or_no_number_is_wrong() {
        for query in ["limit=0", "limit=-1", "limit=", "limit=ten", "limit=1.5", "limit=%2B1", "limit=1e2"] {
            assert_eq!(wrong(query), ["limit"], "{query}");
        }
    }

    #[test]
    fn a_page_begins_at_an_offset_or_at_a_cursor() {
        assert_eq!(parsed("offset=7").unwrap().2, HistoryPage::Offset(7));
        assert!(matches!(
            parsed("cursor=de8a96bd-401d-53ee-b55c-8dcb92b2224a").unwrap().2,
            HistoryPage::After(_)
        ));
        assert_eq!(wrong("offset=-1&limit=0"), ["limit", "offset"]);
        assert_eq!(wrong("cursor=x"), ["cursor"]);
        assert_eq!(wrong("cursor=de8a96bd-401d-53ee-b55c-8dcb92b2224a&offset=1"), ["cursor"]);
    }
}
