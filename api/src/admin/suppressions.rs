//! `POST` and `GET /admin/v1/tenants/{tenantId}/suppressions`: an address that nothing is sent to from now on, and the list of
//! all of them.
//!
//! An address stands in the body, never in a URL, which proxies write down. Answers name it by its look-up form.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::{Extension, Json};
use orqestra_commands::{Address, Suppress};
use orqestra_domain::suppression::{AddressSuppressed, SuppressionReason};
use orqestra_domain::{AddressRef, Channel, EmailAddress, PhoneNumber};
use orqestra_projections::suppressions::SuppressedAddress;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::page::Page;
use crate::request::{Segments, from_operator, from_reading_operator, operators_context, to_the_end};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/suppressions";

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct NewSuppression {
    /// The channel that the address is of.
    #[schema(example = "EMAIL")]
    channel: String,
    /// The email address, or the phone number in E.164 form.
    #[schema(example = "user@example.com")]
    address: String,
    /// Why; `operator` if omitted.
    reason: Option<String>,
}

/// A suppressed address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppressionView {
    /// The look-up form of the address, by which the suppression is lifted.
    address_ref: String,
    /// The channel that the address is of.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// Why.
    #[schema(example = "bounced")]
    reason: String,
    /// The code of the cause, as attempts have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "smtp_550")]
    cause: Option<String>,
    /// The notification on which it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<String>,
    /// Since when.
    #[schema(format = "date-time")]
    since: String,
}

impl SuppressionView {
    pub(crate) fn of(suppressed: &AddressSuppressed) -> Self {
        Self {
            address_ref: suppressed.address_ref.to_string(),
            channel: suppressed.channel,
            reason: suppressed.reason.to_string(),
            cause: suppressed.cause.clone(),
            notification_id: suppressed.notification.map(|id| id.to_string()),
            since: suppressed.at.to_string(),
        }
    }

    fn listed(row: &SuppressedAddress) -> Self {
        Self {
            address_ref: row.address_ref.to_string(),
            channel: row.channel,
            reason: row.reason.clone(),
            cause: row.cause.clone(),
            notification_id: row.notification.map(|id| id.to_string()),
            since: row.since.to_string(),
        }
    }
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuppressionList {
    /// Always true.
    success: bool,
    /// Newest first.
    data: Vec<SuppressionView>,
}

/// Suppresses an address: nothing is sent to it from now on.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenantId}/suppressions",
    tag = "Admin",
    operation_id = "suppressAddress",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path)),
    request_body = NewSuppression,
    responses(
        (status = 200, description = "It is suppressed, now or before", body = SuppressionView),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn add(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments(tenant_id): Segments<String>,
    request: Request,
) -> Result<Json<SuppressionView>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?;
    scope.is_for(tenant.id);
    let (address, reason) = parse(&body)?;
    let suppress = Suppress {
        channel: address.channel(),
        address_ref: address.look_up(&tenant.index),
        reason,
        notification: None,
        cause: None,
        seen_at: None,
    };
    let (commands, context) = (app.commands.clone(), operators_context(&app, &scope));
    let suppressed = to_the_end(async move { commands.suppress(tenant.id, suppress, &context).await });
    Ok(Json(SuppressionView::of(&suppressed.await??)))
}

/// Lists a tenant's suppressed addresses.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}/suppressions",
    tag = "Admin",
    operation_id = "listSuppressions",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Path),
        ("limit" = Option<u32>, Query, description = "Most addresses: 50 if omitted, 1000 if above"),
        ("cursor" = Option<u64>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "The newest first", body = SuppressionList, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Segments(tenant_id): Segments<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let page = Page::<Before>::of(&parts)?;
    let tenant = known(&app, &tenant_id)?.id;
    let before = page.after.map(|Before(position)| position);
    let found = app.suppressions.newest(tenant, before, page.to_fetch()).await?;
    let position = |row: &SuppressedAddress| row.position.to_string();
    Ok(page.answer(&parts, found, position, SuppressionView::listed, |data| SuppressionList {
        success: true,
        data,
    }))
}

/// The position of the last suppression of the page before: one that is lifted meanwhile leaves the rest in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Before(i64);

impl std::str::FromStr for Before {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let position = text.parse().ok().filter(|position| digits && *position > 0);
        position.map(Self).ok_or(())
    }
}

fn parse(body: &Value) -> Result<(Address, SuppressionReason), ApiError> {
    let fields = Fields::of_body(body)?;
    let mut problems = Problems::default();
    let address = address(fields, &mut problems);
    let reason = fields.optional("reason", &mut problems, str::parse);
    problems.check(address.map(|address| (address, reason.unwrap_or(SuppressionReason::Operator))))
}

/// Reads `channel` and `address`.
pub(crate) fn address(fields: Fields<'_>, problems: &mut Problems) -> Option<Address> {
    let of_addresses = |name: &str| match name.parse() {
        Ok(channel @ (Channel::Email | Channel::Sms)) => Ok(channel),
        Ok(Channel::Push) | Err(_) => Err("must be one of EMAIL, SMS"),
    };
    match fields.required("channel", problems, of_addresses) {
        Some(Channel::Email) => fields.required("address", problems, EmailAddress::parse).map(Address::Email),
        Some(Channel::Sms) => fields.required("address", problems, PhoneNumber::parse).map(Address::Sms),
        Some(Channel::Push) | None => {
            fields.required("address", problems, |_| Ok::<_, &str>(()))?;
            None
        }
    }
}

/// The look-up form that a path names.
pub(crate) fn named(address_ref: &str) -> Result<AddressRef, ApiError> {
    address_ref.parse().map_err(|_| ApiError::NotFound(crate::error::Thing::Suppression))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(body: &Value) -> Vec<String> {
        match parse(body) {
            Err(ApiError::Invalid(wrong)) => wrong.iter().map(ToString::to_string).collect(),
            other => panic!("taken: {}", other.is_ok()),
        }
    }

    #[test]
    fn an_address_is_read_as_its_channel_has_it() {
        let (address, reason) = parse(&json!({"channel": "EMAIL", "address": "a@example.org"})).unwrap();
        assert!(address.channel() == Channel::Email && reason == SuppressionReason::Operator);
        let (address, reason) =
            parse(&json!({"channel": "SMS", "address": "+254712345678", "reason": "complained"})).unwrap();
        assert!(address.channel() == Channel::Sms && reason == SuppressionReason::Complained);
        for (body, expected) in [
            (json!({}), vec!["channel is required", "address is required"]),
            (json!({"channel": "PUSH", "address": "x"}), vec!["channel must be one of EMAIL, SMS"]),
            (
                json!({"channel": "SMS", "address": "a@example.org", "reason": "blocked"}),
                vec![
                    "address must be a phone number in E.164 form, as in +254712345678",
                    "reason must be one of bounced, complained, opted_out, operator",
                ],
            ),
        ] {
            assert_eq!(wrong(&body), expected, "{body}");
        }
    }

    #[test]
    fn a_page_begins_at_a_position() {
        assert_eq!("7".parse(), Ok(Before(7)));
        for bad in ["", "0", "-1", "+1", "x", "99999999999999999999"] {
            assert_eq!(bad.parse::<Before>(), Err(()), "{bad}");
        }
    }
}
