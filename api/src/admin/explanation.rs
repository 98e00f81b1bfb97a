//! `POST /admin/v1/tenants/{tenantId}/events/{eventId}/explanation`: why an event went as it did, in the providers' own words.
//!
//! Every answer is a reading of personal data, which the log holds with actor, request and reason before it is given. That is
//! why it is a POST, and why the reason stands in the body: proxies write down the addresses of requests.

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use orqestra_commands::{Explanation, Opened, Reason, RecipientContact, RenderedContent, Reveal, Show};
use orqestra_domain::notification::{AttemptState, ReceiptState};
use orqestra_domain::{EventId, NotificationId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::{Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, operators_context, to_the_end};
use crate::view::{AttemptView, ChannelState, Ends, Waits};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/events/{eventId}/explanation";

/// What can be asked for beside the providers' words.
pub(crate) const INCLUDED: &[&str] = &["recipient", "content"];

/// The request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct ExplanationBody {
    /// Why it is read, in the operator's own words. Kept sealed.
    #[schema(example = "ticket 311: the customer got no confirmation")]
    reason: String,
    /// What is opened beside the providers' words: `recipient`, `content`.
    #[schema(example = json!(["recipient"]))]
    include: Option<Vec<String>>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplanationAnswer {
    /// Always true.
    success: bool,
    /// The event.
    data: ExplainedEvent,
}

/// An event with what was sealed in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedEvent {
    /// Names this reading in the log.
    evidence_id: String,
    /// The event's type.
    event_type: String,
    /// The notification's id.
    notification_id: String,
    /// When it was accepted.
    #[schema(format = "date-time")]
    accepted_at: String,
    /// Whether it came with a key for tests, so that the sandbox alone carries it; absent where it did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    testing: bool,
    /// When the recipient read it in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    read_at: Option<String>,
    /// Who it was for, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<ExplainedRecipient>,
    /// Whether the recipient was asked for and forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recipient_forgotten: bool,
    /// Every channel, in the order EMAIL, SMS, PUSH.
    channels: Vec<ExplainedChannel>,
}

/// Who an event was for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedRecipient {
    /// The id in the tenant's system.
    user_id: String,
    /// Where email goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Where text messages go.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

impl From<RecipientContact> for ExplainedRecipient {
    fn from(contact: RecipientContact) -> Self {
        Self {
            user_id: contact.user_id.into(),
            email: contact.email.map(|email| email.as_str().to_owned()),
            phone: contact.phone.map(|phone| phone.as_str().to_owned()),
            event_id: contact.event_id.map(String::from),
        }
    }
}

/// Where a channel stands, with each of its attempts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedChannel {
    #[serde(flatten)]
    state: ChannelState,
    /// What was rendered, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<ExplainedContent>,
    /// Whether the content was asked for and forgotten with the recipient.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    content_forgotten: bool,
    /// Since when nothing more comes by itself; absent before, and for a moment after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    ended_at: Option<String>,
    /// Every attempt, in order.
    attempts: Vec<ExplainedAttempt>,
    /// Every receipt, in the order in which they were recorded.
    receipts: Vec<ExplainedReceipt>,
}

/// What was rendered for a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedContent {
    /// The subject of an email.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The title of a push.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The body.
    body: String,
    /// The plain text beside an email's HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<RenderedContent> for ExplainedContent {
    fn from(content: RenderedContent) -> Self {
        let RenderedContent { subject, title, body, text } = content;
        Self { subject, title, body, text }
    }
}

/// One try, with the provider's words.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedAttempt {
    #[serde(flatten)]
    attempt: AttemptView,
    /// What the provider said; where it could not be reached, what the system said of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5.1.1 <user@example.com>: no such user")]
    answer: Option<String>,
    /// Whether it said something that was forgotten with the recipient.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    answer_forgotten: bool,
}

/// A receipt of a provider, with its own words.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedReceipt {
    /// `deferred`, `delivered`, `undelivered`, `bounced`, `opted_out` or `complained`.
    #[schema(example = "bounced")]
    status: &'static str,
    /// The code of the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sendgrid_bounce")]
    cause: Option<String>,
    /// The time that the provider gives.
    #[schema(format = "date-time")]
    occurred_at: String,
    /// Number of the attempt that it is taken to be of.
    attempt: u32,
    /// The provider entry that it came from.
    instance: String,
    /// The provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "550 5.1.1 no such user")]
    answer: Option<String>,
    /// Whether it said something that was forgotten with the recipient.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    answer_forgotten: bool,
}

impl ExplainedReceipt {
    fn of(receipt: &ReceiptState, words: Option<Opened<String>>) -> Self {
        let (answer, answer_forgotten) = told(words);
        Self {
            status: receipt.says.as_str(),
            cause: receipt.cause.clone(),
            occurred_at: receipt.occurred_at.to_string(),
            attempt: receipt.attempt,
            instance: receipt.instance.to_string(),
            answer,
            answer_forgotten,
        }
    }
}

/// Explains an event: each attempt on each channel with time, provider, server, outcome and the provider's words. The log
/// holds who asked, and why, before the answer is given.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenantId}/events/{eventId}/explanation",
    tag = "Admin",
    operation_id = "explainEvent",
    security(("adminToken" = [])),
    params(
        ("tenantId" = String, Path),
        ("eventId" = String, Path, description = "The event's id, percent-encoded, or the notification's"),
    ),
    request_body = ExplanationBody,
    responses(
        (status = 200, description = "The event, opened", body = ExplanationAnswer),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or event", body = ErrorBody),
        (status = 422, description = "The reason is missing, or a field is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn explain(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, event_id)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<ExplanationAnswer>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let (reason, reveal) = parse(&body)?;
    let context = operators_context(&app, &scope);
    let by_event = EventId::parse(&event_id).ok().map(|event| NotificationId::of_event(tenant, &event));
    let by_notification = event_id.parse().ok();
    for notification in by_event.into_iter().chain(by_notification) {
        let ends = Ends::of(&app.deliveries, tenant, notification).await?;
        let (commands, reason, context) = (app.commands.clone(), reason.clone(), context.clone());
        let explained =
            to_the_end(
                async move { commands.explain(tenant, notification, reveal, &reason, &context).await },
            );
        if let Some(explanation) = explained.await?? {
            let data = ExplainedEvent::of(&app, tenant, notification, explanation, &ends);
            return Ok(Json(ExplanationAnswer { success: true, data }));
        }
    }
    Err(ApiError::NotFound(Thing::Event))
}

impl ExplainedEvent {
    fn of(
        app: &App,
        tenant: TenantId,
        notification: NotificationId,
        explanation: Explanation,
        ends: &Ends,
    ) -> Self {
        let waits = Waits::of(&app.commands, tenant, &explanation.story);
        let Explanation { evidence, story, mut answers, mut receipts, recipient, mut contents, servers } =
            explanation;
        let channels = story.deliveries.iter().map(|(channel, delivery)| {
            let (content, content_forgotten) = told(contents.remove(channel));
            let mut attempt = |(number, attempt): (u32, &AttemptState)| {
                let (answer, answer_forgotten) = told(answers.remove(&(*channel, number)));
                let attempt = AttemptView::of((number, attempt), &servers);
                ExplainedAttempt { attempt, answer, answer_forgotten }
            };
            let receipt = |receipt: &ReceiptState| {
                let key = (*channel, receipt.instance, receipt.event_ref);
                ExplainedReceipt::of(receipt, receipts.remove(&key))
            };
            ExplainedChannel {
                state: ChannelState::of(*channel, delivery, waits.of_channel(*channel, delivery)),
                content: content.map(ExplainedContent::from),
                content_forgotten,
                ended_at: ends.of_channel(*channel, delivery),
                attempts: (1..).zip(&delivery.attempts).map(&mut attempt).collect(),
                receipts: delivery.receipts.iter().map(receipt).collect(),
            }
        });
        let channels = channels.collect();
        let (recipient, recipient_forgotten) = told(recipient);
        Self {
            evidence_id: evidence.to_string(),
            event_type: story.accepted.event_type.as_str().to_owned(),
            notification_id: notification.to_string(),
            accepted_at: story.accepted.accepted_at.to_string(),
            testing: story.accepted.testing,
            read_at: story.read_at.as_ref().map(Timestamp::to_string),
            recipient: recipient.map(ExplainedRecipient::from),
            recipient_forgotten,
            channels,
        }
    }
}

/// What was opened, or whether it was forgotten.
fn told<T>(opened: Option<Opened<T>>) -> (Option<T>, bool) {
    match opened {
        None => (None, false),
        Some(Opened::Says(says)) => (Some(says), false),
        Some(Opened::Forgotten) => (None, true),
    }
}

fn parse(body: &Value) -> Result<(Reason, Reveal), ApiError> {
    let mut problems = Problems::default();
    let fields = Fields::of_body(body)?;
    let reason = fields.required("reason", &mut problems, Reason::parse);
    let reveal = match fields.get("include") {
        None => Some(Reveal::default()),
        Some(list) => included(list).map_err(|wrong| problems.add("include", wrong)).ok(),
    };
    problems.check(reason.zip(reveal))
}

fn included(list: &Value) -> Result<Reveal, String> {
    let wrong = || format!("must be a list of {}", INCLUDED.join(", "));
    let named: Option<BTreeSet<&str>> =
        list.as_array().ok_or_else(wrong)?.iter().map(Value::as_str).collect();
    let named = named.filter(|named| named.iter().all(|name| INCLUDED.contains(name))).ok_or_else(wrong)?;
    let show = |name| if named.contains(name) { Show::Yes } else { Show::No };
    Ok(Reveal { recipient: show("recipient"), content: show("content") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_named_is_opened() {
        let (_, reveal) = parse(&json!({"reason": "r"})).unwrap();
        assert_eq!(reveal, Reveal::default());
        let (_, reveal) = parse(&json!({"reason": "r", "include": ["content", "content"]})).unwrap();
        assert_eq!(reveal, Reveal { recipient: Show::No, content: Show::Yes });
    }

    #[test]
    fn every_wrong_field_is_named() {
        for body in [
            json!({"include": ["variables"]}),
            json!({"reason": " ", "include": "recipient"}),
            json!({"reason": 7, "include": [1]}),
        ] {
            let Err(ApiError::Invalid(wrong)) = parse(&body) else { panic!("taken: {body}") };
            let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
            assert_eq!(fields, ["reason", "include"], "{body}");
        }
    }
}
