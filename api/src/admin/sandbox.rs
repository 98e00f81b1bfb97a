//! `GET /admin/v1/sandbox/messages?tenantId=&channel=&limit=&cursor=`: what the sandbox kept, newest first.
//!
//! Addresses and texts are opened here, so the log holds that a page was read before it is given.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use orqestra_commands::Reading;
use orqestra_dispatch::sandbox::{Asked, SandboxMessage};
use orqestra_domain::evidence::{DataKind, ReadView};
use orqestra_domain::{Channel, DeliveryId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant::{known, required_tenant};
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::Problems;
use crate::observe::Scope;
use crate::page::{Page, link_next, wrong_cursor};
use crate::request::{Parameters, from_reading_operator, operators_context, to_the_end};

pub(crate) const PATH: &str = "/admin/v1/sandbox/messages";

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct SandboxMessages {
    /// Always true.
    success: bool,
    /// Newest first. Fewer than `limit` where they are large; `Link` tells whether there are more.
    data: Vec<KeptMessage>,
}

/// One message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptMessage {
    /// The delivery; each has one message.
    delivery_id: String,
    /// Of which notification.
    notification_id: String,
    /// Of which event; absent in messages from before it was sealed with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// On which channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// The address it would have gone to.
    recipient: String,
    /// The subject of an email.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The body.
    body: String,
    /// When the sandbox took it.
    #[schema(format = "date-time")]
    created_at: String,
}

impl KeptMessage {
    fn of(message: SandboxMessage) -> Self {
        Self {
            delivery_id: message.delivery_id.to_string(),
            notification_id: message.notification_id.to_string(),
            event_id: message.event_id,
            channel: message.channel,
            recipient: message.to,
            subject: message.subject,
            body: message.body,
            created_at: message.created_at.to_string(),
        }
    }
}

/// Lists a tenant's messages in the sandbox.
#[utoipa::path(
    get,
    path = "/admin/v1/sandbox/messages",
    tag = "Admin",
    operation_id = "listSandboxMessages",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Query, description = "Whose messages"),
        ("channel" = Option<String>, Query, description = "EMAIL or SMS; all if omitted"),
        ("limit" = Option<u32>, Query, description = "Most messages: 50 if omitted, 1000 if above"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, as `Link` gives it"),
    ),
    responses(
        (status = 200, description = "The newest first", body = SandboxMessages, headers(
            ("Link" = Option<String>, description = "The next page, `rel=\"next\"`, if there is one"),
        )),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A parameter is missing or wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn messages(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    from_reading_operator(&app, &parts).await?;
    let (tenant_id, asked) = parse(&Parameters::of(&parts))?;
    let tenant = known(&app, &tenant_id)?.id;
    let page = (app.sandbox)(tenant, asked).await?;
    let page = page.ok_or_else(|| ApiError::Invalid(vec![wrong_cursor()]))?;
    scope.is_for(tenant);
    record(&app, &scope, tenant, &page.messages).await?;
    let data = page.messages.into_iter().map(KeptMessage::of).collect();
    let mut response = Json(SandboxMessages { success: true, data }).into_response();
    if let Some(next) = page.next {
        let channel = asked.channel.map_or_else(String::new, |channel| format!("&channel={channel}"));
        let (path, limit) = (parts.uri.path(), asked.limit);
        link_next(&mut response, &format!("{path}?tenantId={tenant}{channel}&limit={limit}&cursor={next}"));
    }
    Ok(response)
}

/// Puts it on record that these messages are read; a page without any tells nothing.
async fn record(
    app: &App,
    scope: &Scope,
    tenant: TenantId,
    messages: &[SandboxMessage],
) -> Result<(), ApiError> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut opened = vec![DataKind::Recipient, DataKind::Content];
    opened.extend(messages.iter().any(|message| message.event_id.is_some()).then_some(DataKind::EventId));
    let notifications = messages.iter().map(|message| message.notification_id).collect();
    let (commands, context) = (app.commands.clone(), operators_context(app, scope));
    let recorded = to_the_end(async move {
        let reading = Reading { view: ReadView::Sandbox, notifications, opened, reason: None, of: None };
        commands.record_reading(tenant, reading, &context).await
    });
    recorded.await??;
    Ok(())
}

fn parse(parameters: &Parameters) -> Result<(String, Asked), ApiError> {
    let mut problems = Problems::default();
    let tenant = required_tenant(parameters, &mut problems).map(str::to_owned);
    let channel = parameters.get("channel").filter(|name| !name.is_empty()).and_then(|name| {
        name.parse().map_err(|_| problems.add("channel", "must be one of EMAIL, SMS, PUSH")).ok()
    });
    let Page { limit, after } = Page::<DeliveryId>::among(parameters, &mut problems);
    problems.check(tenant.map(|tenant| (tenant, Asked { channel, limit, after })))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parsed(query: &str) -> Result<(String, Asked), ApiError> {
        let (parts, ()) = Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        parse(&Parameters::of(&parts))
    }

    #[test]
    fn a_tenant_is_named_and_the_rest_may_be_left_out() {
        let asked = |channel| Asked { channel, limit: 50, after: None };
        assert_eq!(parsed("tenantId=t&channel=").unwrap(), ("t".to_owned(), asked(None)));
        assert_eq!(parsed("tenantId=t&channel=SMS").unwrap(), ("t".to_owned(), asked(Some(Channel::Sms))));
    }

    #[test]
    fn a_limit_has_the_rule_of_the_history() {
        for large in ["1000", "5000", "99999999999999999999999"] {
            assert_eq!(parsed(&format!("tenantId=t&limit={large}")).unwrap().1.limit, 1_000);
        }
        for bad in ["", "0", "-1", "ten", "1.5"] {
            assert!(parsed(&format!("tenantId=t&limit={bad}")).is_err(), "{bad}");
        }
        assert!(parsed("tenantId=").is_err());
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let Err(ApiError::Invalid(wrong)) = parsed("channel=FAX&limit=0&cursor=x") else { panic!("taken") };
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(fields, ["tenantId", "channel", "limit", "cursor"]);
    }
}
