//! `PUT /admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}`: what a template says from now on. `GET`: what it
//! says now.
//!
//! What cannot be parsed cannot be saved: the answer names field, line and column.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use orqestra_dispatch::template::{CompiledTemplate, Escape, TemplateError, check_email_body};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::{Channel, EventTypeName, ExpiresIn, PushCategories};
use orqestra_realtime::INBOX;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::templates::TemplateSummary;
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, Thing};
use crate::fields::{FieldError, Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, from_reading_operator, operators_context, to_the_end};
use crate::v1::trigger::EXPIRES_IN;

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}";

/// The request. EMAIL needs subject and body, PUSH title and body, SMS body; what a channel has not is refused.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) struct NewTemplate {
    /// The subject of an email, in liquid.
    #[schema(example = "Order {{ orderNumber }} confirmed")]
    subject: Option<String>,
    /// The title of a push, in liquid.
    title: Option<String>,
    /// The body, in liquid: MJML or HTML of an email, text elsewhere.
    #[schema(example = "<p>Thank you for order {{ orderNumber }}</p>")]
    body: String,
    /// The push category; derived from the event type if omitted.
    category: Option<String>,
    /// How many seconds after its acceptance a message is of use: nothing is sent from then on. The installation's default if
    /// omitted.
    #[schema(example = 600)]
    expires_in: Option<u32>,
    /// Whether it is used: true if omitted.
    active: Option<bool>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedTemplate {
    /// The template's id.
    template_id: String,
    /// Its newest version, from 1. The same content again makes no new one.
    version: u32,
}

/// Saves a template.
#[utoipa::path(
    put,
    path = "/admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}",
    tag = "Admin",
    operation_id = "putTemplate",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("eventType" = String, Path), ("channel" = String, Path)),
    request_body = NewTemplate,
    responses(
        (status = 200, description = "It is used from now on", body = SavedTemplate),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "Fields are missing, or a template does not parse", body = ErrorBody),
    ),
)]
pub(crate) async fn put(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, event_type, channel)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Json<SavedTemplate>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let (event_type, channel, content, active) = parse(&event_type, &channel, &body)?;
    let content = tokio::task::spawn_blocking(move || checked(channel, content)).await??;
    let context = operators_context(&app, &scope);
    let saved = to_the_end(async move {
        app.commands.put_template(tenant, event_type, channel, content, active, &context).await
    });
    let saved = saved.await??;
    Ok(Json(SavedTemplate { template_id: saved.template_id.to_string(), version: saved.version }))
}

/// A template with what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateDetails {
    #[serde(flatten)]
    summary: TemplateSummary,
    /// The subject of an email.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The title of a push.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The body.
    body: String,
    /// The push category, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// How many seconds after its acceptance a message is of use, where that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u32>,
}

/// Shows a tenant's own template, its newest version.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}/templates/{eventType}/{channel}",
    tag = "Admin",
    operation_id = "getTemplate",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("eventType" = String, Path), ("channel" = String, Path)),
    responses(
        (status = 200, description = "As it stands", body = TemplateDetails),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant or template", body = ErrorBody),
        (status = 422, description = "The event type or the channel is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segments((tenant_id, event_type, channel)): Segments<(String, String, String)>,
    parts: Parts,
) -> Result<Json<TemplateDetails>, ApiError> {
    from_reading_operator(&app, &parts).await?;
    let tenant = known(&app, &tenant_id)?.id;
    let mut problems = Problems::default();
    let named = named(&event_type, &channel, &mut problems);
    let (event_type, channel) = problems.check(named.0.zip(named.1))?;
    let found = app.commands.directory().template(tenant, &event_type, channel);
    let found = found.ok_or(ApiError::NotFound(Thing::Template))?;
    let TemplateContent { subject, title, body, category, expires_in } = found.newest.content.clone();
    let (summary, expires_in) = (TemplateSummary::of(&found), expires_in.map(ExpiresIn::seconds));
    Ok(Json(TemplateDetails { summary, subject, title, body, category, expires_in }))
}

/// What a path names.
pub(crate) fn named(
    event_type: &str,
    channel: &str,
    problems: &mut Problems,
) -> (Option<EventTypeName>, Option<Channel>) {
    let event_type =
        EventTypeName::parse(event_type).map_err(|error| problems.add("eventType", error.to_string())).ok();
    let channel =
        channel.parse().map_err(|_| problems.add("channel", "must be one of EMAIL, SMS, PUSH")).ok();
    (event_type, channel)
}

fn parse(
    event_type: &str,
    channel: &str,
    body: &Value,
) -> Result<(EventTypeName, Channel, TemplateContent, bool), ApiError> {
    let mut problems = Problems::default();
    let fields = Fields::of_body(body)?;
    let (event_type, channel) = named(event_type, channel, &mut problems);
    // Told here all at once; the rule would name the first of them.
    if let Some(channel) = channel {
        for field in TemplateContent::beside(channel).iter().filter(|field| fields.get(field).is_some()) {
            problems.push(FieldError::of_no_use(field, channel));
        }
    }
    let (subject, title, category) = match channel {
        Some(Channel::Email) => (fields.required("subject", &mut problems, text), None, None),
        Some(Channel::Push) => (
            None,
            fields.required("title", &mut problems, text),
            fields.optional("category", &mut problems, category),
        ),
        Some(Channel::Sms) | None => (None, None, None),
    };
    let content = fields.required("body", &mut problems, text);
    let expires_in = fields.number(EXPIRES_IN, &mut problems, ExpiresIn::SECONDS);
    let expires_in = expires_in.and_then(ExpiresIn::from_seconds);
    let active = fields.flag("active", &mut problems).unwrap_or(true);
    let all = event_type.zip(channel).zip(content).map(|((event_type, channel), body)| {
        (event_type, channel, TemplateContent { subject, title, body, category, expires_in }, active)
    });
    problems.check(all)
}

fn text(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("must not be empty") } else { Ok(text.to_owned()) }
}

/// A category becomes the first part of a realtime channel's name.
fn category(text: &str) -> Result<String, &'static str> {
    if !PushCategories::is_one(text) {
        return Err("must have 1 to 64 characters of A-Z, a-z, 0-9, _ and -");
    }
    if text == INBOX { Err("must not be that of the inbox's own channel") } else { Ok(text.to_owned()) }
}

/// Parses every text of the template; gives the content back if all of them are templates.
fn checked(channel: Channel, content: TemplateContent) -> Result<TemplateContent, ApiError> {
    let plain = |source: &str| CompiledTemplate::parse(source, Escape::None).map(drop);
    let mut problems = Problems::default();
    let mut check = |field: &'static str, parsed: Result<(), TemplateError>| {
        if let Err(TemplateError { line, column, message }) = parsed {
            problems.push(FieldError::fault(field, message, line, column));
        }
    };
    if let Some(subject) = &content.subject {
        check("subject", plain(subject));
    }
    if let Some(title) = &content.title {
        check("title", plain(title));
    }
    check(
        "body",
        match channel {
            Channel::Email => check_email_body(&content.body),
            Channel::Sms | Channel::Push => plain(&content.body),
        },
    );
    problems.check(Some(content))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(channel: &str, body: &Value) -> Vec<String> {
        match parse("order.confirmed", channel, body) {
            Err(ApiError::Invalid(wrong)) => {
                wrong.into_iter().map(|wrong| wrong.field.into_owned()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_channel_needs_its_own_texts() {
        assert_eq!(wrong("EMAIL", &json!({})), ["subject", "body"]);
        assert_eq!(wrong("PUSH", &json!({})), ["title", "body"]);
        assert_eq!(wrong("SMS", &json!({"body": ""})), ["body"]);
        assert_eq!(wrong("FAX", &json!({"body": "b"})), ["channel"]);
    }

    #[test]
    fn what_a_channel_has_not_is_refused_by_name_and_null_is_nothing() {
        let all = json!({"subject": "s", "title": "t", "body": "b", "category": "c"});
        assert_eq!(wrong("SMS", &all), ["subject", "title", "category"]);
        assert_eq!(wrong("EMAIL", &all), ["title", "category"]);
        assert_eq!(wrong("PUSH", &all), ["subject"]);
        assert_eq!(wrong("SMS", &json!({"body": "b", "subject": 5})), ["subject"]);
        let nothing = json!({"body": "b", "subject": null, "title": null, "category": null});
        let (_, _, content, active) = parse("a", "SMS", &nothing).unwrap();
        let expected = TemplateContent {
            subject: None,
            title: None,
            body: "b".to_owned(),
            category: None,
            expires_in: None,
        };
        assert!(content == expected && active);
    }

    #[test]
    fn a_category_is_the_first_part_of_a_channel_name() {
        for category in ["a#b", "", INBOX] {
            let body = json!({"title": "t", "body": "b", "category": category});
            assert_eq!(wrong("PUSH", &body), ["category"], "{category}");
        }
        assert!(category("global_system").is_ok());
    }

    #[test]
    fn a_text_that_does_not_parse_is_named_with_line_and_column() {
        let content = TemplateContent {
            subject: Some("{{ fine }}".to_owned()),
            title: None,
            body: "one\n{% nonsense %}".to_owned(),
            category: None,
            expires_in: None,
        };
        let Err(ApiError::Invalid(wrong)) = checked(Channel::Email, content) else { panic!("saved") };
        assert_eq!(wrong.len(), 1);
        assert_eq!((&*wrong[0].field, wrong[0].line, wrong[0].column), ("body", Some(2), Some(4)));
    }
}
