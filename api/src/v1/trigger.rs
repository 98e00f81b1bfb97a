//! `POST /api/v1/events/trigger`: accept an event, once.
//!
//! Checks in this order, the first that fails answers: 413, 401 for the key, 401 for the signature, 415, 400, 422,
//! known repeat, 429, 503. A repeat gets the first answer again and costs no quota. A large body of a tenant of which too
//! much waits is told 503 once its key is known.

mod admit;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use orqestra_commands::{
    Authenticated, CommandError, IdempotencyKey, RecipientInput, Trigger, Triggered, Variables,
};
use orqestra_domain::{ApiKeyKind, EmailAddress, EventId, EventTypeName, ExpiresIn, PhoneNumber, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{signature, tenant};
use crate::body;
use crate::digits::with_all_digits;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{Fields, Problems};
use crate::large::{Thread, at_its_place};
use crate::observe::{OfNotification, Scope};
use crate::request::{context, from_tenant, percent_encoded, to_the_end};
use crate::view::PlanLine;

use self::admit::{Admitted, admit, repeat_keys};

pub(crate) const PATH: &str = "/api/v1/events/trigger";

const KEY_HEADERS: [&str; 2] = ["x-idempotency-key", "idempotency-key"];
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long an event's or a template's messages are of use, in seconds.
pub(crate) const EXPIRES_IN: &str = "expiresIn";
const PREFER: &str = "prefer";
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const REPRESENTATION: &str = "return=representation";
/// How often a caller whose rights were changed meanwhile is judged.
const JUDGED: usize = 4;

/// The request.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes the body, which is taken field by field so that each wrong one is named"
)]
pub(crate) struct TriggerBody {
    /// Must match a template's event type, or every channel is skipped.
    #[schema(example = "order.confirmed")]
    event_type: String,
    /// Made if omitted. The same id again is the same event.
    event_id: Option<String>,
    /// Restricts this event to some channels.
    #[schema(example = json!(["EMAIL"]))]
    channels: Option<Vec<ChannelName>>,
    /// Who receives it.
    payload: Payload,
    /// What templates are rendered with; every key is available as `{{key}}`.
    #[schema(example = json!({"orderNumber": "ORD-2026-1234"}))]
    variables: Option<BTreeMap<String, Value>>,
    /// How many seconds after its acceptance it is of use: nothing is sent from then on. As the templates say if omitted.
    #[schema(example = 600)]
    expires_in: Option<u32>,
}

/// Who receives a notification.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a part of the body")]
pub(crate) struct Payload {
    /// The recipient's id in the caller's system.
    #[schema(example = "uuid-of-recipient")]
    user_id: String,
    /// Needed for EMAIL; letters of any script. As SMTP carries it, it has at most 254 bytes.
    #[schema(example = "user@example.com")]
    recipient_email: Option<String>,
    /// Needed for SMS, in E.164 form.
    #[schema(example = "+254712345678")]
    recipient_phone: Option<String>,
}

/// A way to reach a recipient.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE", as = Channel)]
#[expect(dead_code, reason = "describes the names of channels")]
pub(crate) enum ChannelName {
    Email,
    Sms,
    Push,
}

/// The answer. What follows `message` is there if `Prefer: return=representation` asks for it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerAnswer<'a> {
    /// Always true.
    success: bool,
    /// What happened.
    #[schema(example = "Event order.confirmed dispatched securely for YourTenantName")]
    message: String,
    /// The event's id, the caller's or the one made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    /// The notification's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<String>,
    /// What is going to happen on each channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Vec<PlanLine>>,
}

/// Accepts an event and sends it on its channels.
#[utoipa::path(
    post,
    path = "/api/v1/events/trigger",
    tag = "Events",
    operation_id = "triggerEvent",
    security(("apiKey" = [])),
    params(
        ("X-Orqestra-Signature" = Option<String>, Header,
            description = "HMAC-SHA256 of the raw body in hex; required if the tenant has a webhook secret"),
        ("X-Idempotency-Key" = Option<String>, Header,
            description = "The same key within 24 hours is the same request; also `Idempotency-Key`"),
        ("X-Trace-Id" = Option<String>, Header, description = "Stands in the event's metadata; as an HMAC, unless it is an id by chance"),
        ("Prefer" = Option<String>, Header, description = "`return=representation` adds ids and plan"),
    ),
    request_body = TriggerBody,
    responses(
        (status = 200, description = "Accepted, now or before", body = TriggerAnswer, headers(
            ("Location" = String, description = "Where to ask what became of the event"),
            ("Idempotency-Replayed" = Option<String>, description = "`true` if it was accepted before"),
            ("Preference-Applied" = Option<String>, description = "`return=representation` if `Prefer` asked for it"),
        )),
        (status = 401, description = "Key or signature is missing or wrong", body = ErrorBody),
        (status = 409, description = "The recipient was forgotten while the request ran", body = ErrorBody),
        (status = 422, description = "Fields are missing or wrong, or a key is used again", body = ErrorBody),
        (status = 429, description = "A limit is reached", body = ErrorBody, headers(
            ("Retry-After" = u64, description = "Seconds until the next event would pass"),
        )),
    ),
)]
pub(crate) async fn trigger(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let (caller, body) = from_tenant(&app, &scope, &headers, body).await?;
    let place = app.large().place(caller.tenant.id, body.len()).await?;
    at_its_place(place, |thread| accept(app, scope, headers, body, caller, thread)).await?
}

/// The work on a body that was read.
async fn accept(
    app: App,
    scope: Scope,
    headers: HeaderMap,
    body: Bytes,
    caller: Authenticated,
    thread: Thread,
) -> Result<Response, ApiError> {
    let headers = &headers;
    let mut caller = caller;
    if let Err(refused) = signed(headers, &caller, &body) {
        // The secret may have been changed in another process.
        app.commands.directory().catch_up_now().await?;
        caller = tenant::authenticate(app.commands.directory(), headers, &scope).await?;
        signed(headers, &caller, &body).map_err(|_| refused)?;
    }
    let mut trigger = parse(headers, body::json(headers, &body)?, &body, caller.kind())?;
    if let Some(whole) = with_all_digits(&body) {
        trigger.body = whole;
    }
    let trigger = Arc::new(trigger);
    for _ in 0..JUDGED {
        let permit = match admit(&app, &caller.tenant, &trigger).await? {
            Admitted::New(permit) => permit,
            Admitted::Before(known) => return Ok(answer(&app, headers, &known)),
        };
        let context = context(tenant::actor(&caller), &scope);
        let (commands, of, trigger) =
            (app.commands.clone(), Arc::clone(&caller.tenant), Arc::clone(&trigger));
        let limits = app.limits.clone();
        let triggered = async move {
            let triggered = commands.trigger(&of, Arc::clone(&trigger), &context).await;
            if let Ok(triggered) = &triggered
                && !triggered.replayed
            {
                permit.keep();
                limits.remember(of.id, || {
                    let mut keys = repeat_keys(commands.answer_keys(&of, &trigger));
                    keys.notification = Some(triggered.notification.to_string());
                    let answer = commands.tell_answer(triggered, keys.claim.clone());
                    (keys, answer)
                });
            }
            triggered
        };
        let triggered = match thread {
            Thread::Shared => to_the_end(triggered).await?,
            Thread::Own => triggered.await,
        };
        match triggered {
            // Of the caller's key, tenant or secret something was changed since the caller was let in.
            Err(CommandError::RightsChanged) => {
                caller = tenant::authenticate(app.commands.directory(), headers, &scope).await?;
                signed(headers, &caller, &body)?;
            }
            triggered => return Ok(answer(&app, headers, &triggered?)),
        }
    }
    Err(ApiError::Contended)
}

/// Checks the signature, where the tenant has a secret.
fn signed(headers: &HeaderMap, caller: &Authenticated, body: &[u8]) -> Result<(), ApiError> {
    match &caller.tenant.webhook_secret {
        None => Ok(()),
        Some(secret) => signature::check(headers, secret.expose(), body),
    }
}

/// Takes a trigger out of a body, parsed and as it was sent, with a key of this kind.
fn parse(headers: &HeaderMap, body: Value, sent: &[u8], kind: ApiKeyKind) -> Result<Trigger, ApiError> {
    let mut problems = Problems::default();
    let fields = Fields::of_body(&body)?;
    let event_type = fields.required("eventType", &mut problems, EventTypeName::parse);
    let event_id = fields.optional("eventId", &mut problems, EventId::parse);
    let channels = fields.channels("channels", &mut problems);
    let recipient = match fields.object("payload", &mut problems) {
        Some(payload) => recipient(Fields::of_map(payload, "payload"), &mut problems),
        None => {
            if fields.get("payload").is_none() {
                problems.add("payload", "is required");
            }
            None
        }
    };
    let variables = fields.object("variables", &mut problems).and_then(|_| Variables::of_body(sent));
    let expires_in = fields.number(EXPIRES_IN, &mut problems, ExpiresIn::SECONDS);
    let expires_in = expires_in.and_then(ExpiresIn::from_seconds);
    let idempotency_key = idempotency_key(headers, &mut problems);
    let (event_type, recipient) = problems.check(event_type.zip(recipient))?;
    Ok(Trigger {
        event_type,
        event_id,
        channels,
        recipient,
        variables,
        expires_in,
        idempotency_key,
        kind,
        body,
    })
}

fn recipient(payload: Fields<'_>, problems: &mut Problems) -> Option<RecipientInput> {
    let user_id = payload.required("userId", problems, UserId::parse);
    let email = payload.optional("recipientEmail", problems, EmailAddress::parse);
    let phone = payload.optional("recipientPhone", problems, PhoneNumber::parse);
    user_id.map(|user_id| RecipientInput { user_id, email, phone })
}

fn idempotency_key(headers: &HeaderMap, problems: &mut Problems) -> Option<IdempotencyKey> {
    const FIELD: &str = "X-Idempotency-Key";
    let mut given = KEY_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let key = given.next()?;
    if given.any(|other| other != key) {
        problems.add(FIELD, "is given twice with different values");
        return None;
    }
    let parsed = match std::str::from_utf8(key.as_bytes()) {
        Ok(text) => IdempotencyKey::parse(text).map_err(|error| error.to_string()),
        Err(_) => Err("must be UTF-8".to_owned()),
    };
    parsed.map_err(|message| problems.add(FIELD, message)).ok()
}

fn answer(app: &App, headers: &HeaderMap, triggered: &Triggered) -> Response {
    app.process.http().triggered(triggered.replayed);
    let whole = prefers_representation(headers);
    let accepted = &triggered.accepted;
    let body = TriggerAnswer {
        success: true,
        message: format!("Event {} dispatched securely for {}", accepted.event_type, accepted.tenant_name),
        event_id: triggered.event_id.as_ref().filter(|_| whole).map(EventId::as_str),
        notification_id: whole.then(|| triggered.notification.to_string()),
        plan: whole.then(|| accepted.plan.iter().map(PlanLine::of).collect()),
    };
    let body = serde_json::to_vec(&body).expect("texts are always JSON");
    let mut response = Response::new(Body::from(body));
    response.extensions_mut().insert(OfNotification(triggered.notification));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(event_id) = &triggered.event_id {
        headers.insert(LOCATION, location(event_id));
    }
    if triggered.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if whole {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(REPRESENTATION));
    }
    response
}

fn prefers_representation(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split([',', ';'])).any(|one| {
        let one: String = one.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        one.eq_ignore_ascii_case(REPRESENTATION)
    })
}

/// Where the event's state is told.
fn location(event: &EventId) -> HeaderValue {
    let path = format!("/api/v1/events/{}", percent_encoded(event.as_str()));
    HeaderValue::try_from(path).expect("only unreserved characters and escapes")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(headers: &HeaderMap, body: Value) -> Result<Trigger, ApiError> {
        let sent = body.to_string();
        parse(headers, body, sent.as_bytes(), ApiKeyKind::Live)
    }

    fn wrong(body: Value) -> Vec<String> {
        match parsed(&HeaderMap::new(), body) {
            Err(ApiError::Invalid(fields)) => {
                fields.into_iter().map(|wrong| format!("{}: {}", wrong.field, wrong.message)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn with(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn the_least_and_the_most_of_a_trigger_are_taken() {
        let least = json!({"eventType": "a", "payload": {"userId": "u"}});
        let trigger = parsed(&HeaderMap::new(), least.clone()).unwrap();
        assert_eq!(trigger.body, least);
        assert!(trigger.event_id.is_none() && trigger.channels.is_none() && trigger.variables.is_none());
        let most = json!({
            "eventType": "order.confirmed", "eventId": "evt/1 ü", "channels": ["EMAIL", "EMAIL", "PUSH"],
            "payload": {"userId": "u", "recipientEmail": "u@example.com", "recipientPhone": "+254712345678"},
            "variables": {"deep": {"list": [1, 2.5, null]}}, "unknown": true,
        });
        let trigger = parsed(&with("idempotency-key", &["k", "k"]), most).unwrap();
        assert_eq!(trigger.channels.unwrap().len(), 2);
        assert_eq!(trigger.idempotency_key.unwrap().as_str(), "k");
        assert_eq!(trigger.variables.unwrap().as_json(), r#"{"deep":{"list":[1,2.5,null]}}"#);
    }

    #[test]
    fn every_missing_or_wrong_field_is_named() {
        assert_eq!(wrong(json!({})), ["eventType: is required", "payload: is required"]);
        assert_eq!(wrong(json!([])), ["body: must be a JSON object"]);
        assert_eq!(wrong(json!({"eventType": "a", "payload": "u"})), ["payload: must be an object"]);
        assert_eq!(wrong(json!({"eventType": "a", "payload": {}})), ["payload.userId: is required"]);
        let all = json!({
            "eventType": "", "eventId": "a\u{0}", "channels": [],
            "payload": {"userId": "a\nb", "recipientEmail": "nobody", "recipientPhone": "0712"},
            "variables": [1],
        });
        assert_eq!(
            wrong(all),
            [
                "eventType: must not be empty",
                "eventId: must not contain control characters",
                "channels: must not be empty",
                "payload.userId: must not contain control characters",
                "payload.recipientEmail: must be one email address, as in user@example.com, of at most 254 bytes",
                "payload.recipientPhone: must be a phone number in E.164 form, as in +254712345678",
                "variables: must be an object",
            ]
        );
    }

    #[test]
    fn two_different_idempotency_keys_are_wrong_and_one_in_both_headers_is_not() {
        let mut problems = Problems::default();
        let mut headers = with("x-idempotency-key", &["a"]);
        headers.append("idempotency-key", HeaderValue::from_static("a"));
        assert!(idempotency_key(&headers, &mut problems).is_some());
        headers.append("idempotency-key", HeaderValue::from_static("b"));
        assert!(idempotency_key(&headers, &mut problems).is_none());
        assert!(problems.check(Some(())).is_err());
    }

    #[test]
    fn an_idempotency_key_is_1_to_255_bytes_of_utf8() {
        for bad in ["", &"k".repeat(256), &"ü".repeat(128)] {
            let mut problems = Problems::default();
            assert!(idempotency_key(&with("x-idempotency-key", &[bad]), &mut problems).is_none());
            assert!(problems.check(Some(())).is_err(), "{bad}");
        }
        assert!(
            idempotency_key(&with("x-idempotency-key", &[&"ü".repeat(127)]), &mut Problems::default())
                .is_some()
        );
        let key = idempotency_key(&with("x-idempotency-key", &["Schlüssel"]), &mut Problems::default());
        assert_eq!(key.unwrap().as_str(), "Schlüssel");
    }

    #[test]
    fn a_representation_is_given_to_those_who_ask_for_it() {
        for asked in [
            &["return=representation"][..],
            &["respond-async, Return=\"representation\""],
            &["a", REPRESENTATION],
        ] {
            assert!(prefers_representation(&with(PREFER, asked)), "{asked:?}");
        }
        assert!(!prefers_representation(&with(PREFER, &["return=minimal"])));
        assert!(!prefers_representation(&HeaderMap::new()));
    }

    #[test]
    fn a_location_escapes_what_a_path_cannot_hold() {
        assert_eq!(location(&EventId::parse("evt-1").unwrap()), "/api/v1/events/evt-1");
        assert_eq!(location(&EventId::parse("a/b ü%?#").unwrap()), "/api/v1/events/a%2Fb%20%C3%BC%25%3F%23");
    }
}
