//! Email by Resend: `POST /emails`, <https://resend.com/docs/api-reference/emails/send-email>.
//!
//! The dedup key is the idempotency key: for 24 hours the same request again gives the first one's answer and sends nothing. A
//! redrive has another one. The ids of delivery and notification go along as tags, which callbacks bring back.
//!
//! | answer | then |
//! |---|---|
//! | 200 | taken |
//! | 400, 422 about `to` | refused everywhere |
//! | 400, 401, 403 about the key, the account, the sender or its domain; 429 of a quota; 503 | not taken, the provider |
//! | other 400 and 422, 413, 451 | refused here |
//! | 409: the key's first request is under way | not taken, the message |
//! | 409: the key was used with another body | unknown: that one may be taken |
//! | 429 | not taken, throttled |
//! | other 5xx, 200 without an `id` | unknown |

use orqestra_domain::provider::{Dedup, Sender};
use serde::Deserialize;
use serde_json::json;

use super::answer::Answer;
use super::{Api, Ask, Auth, Body, Said, Says, mail};
use crate::callback::{DELIVERY, NOTIFICATION};
use crate::provider::{Message, Reach, Scope, SendError};

/// For how long a key is remembered, by its documentation, less what two clocks may differ by.
const DEDUP: Dedup = Dedup { seconds: Some(24 * 60 * 60 - 5 * 60) };

pub(super) struct Resend {
    pub(super) from: Option<Sender>,
}

#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Both are missing at times.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: String,
}

impl Api for Resend {
    fn name(&self) -> &'static str {
        "resend"
    }

    fn base_url(&self) -> &'static str {
        "https://api.resend.com"
    }

    fn dedup(&self) -> Option<Dedup> {
        Some(DEDUP)
    }

    fn asks(&self, message: &Message) -> Result<Ask, SendError> {
        let (from, to) = mail::parties(self.from.as_ref(), message)?;
        let body = json!({
            "from": mail::written(&from),
            "to": [to],
            "subject": message.content.subject.as_deref().unwrap_or_default(),
            "html": message.content.body,
            // Without one it would make its own.
            "text": message.content.text.as_deref().unwrap_or_default(),
            "tags": [
                {"name": DELIVERY, "value": message.delivery.to_string()},
                {"name": NOTIFICATION, "value": message.notification.to_string()},
            ],
        });
        Ok(Ask {
            path: "/emails".to_owned(),
            auth: Auth::Bearer,
            headers: vec![("idempotency-key", message.dedup_key.to_string())],
            body: Body::Json(body.to_string().into_bytes()),
        })
    }

    fn says(&self, answer: &Answer) -> Said {
        let Problem { name, message } = answer.json().unwrap_or_default();
        let says = match (answer.status.as_u16(), name.as_str()) {
            (200..300, _) => answer.json().map_or(Says::Unknown, |Taken { id }| Says::Taken(Some(id))),
            (400 | 422, _) if message.contains("`to`") => Says::Refused(Reach::Everywhere),
            (400 | 422, _) if message.contains("`from`") || message.contains("API key") => {
                Says::NotTaken(Scope::Provider)
            }
            (400 | 422, "invalid_from_address")
            | (429, "daily_quota_exceeded" | "monthly_quota_exceeded")
            | (503, "service_unavailable") => Says::NotTaken(Scope::Provider),
            (409, "concurrent_idempotent_requests") => Says::NotTaken(Scope::Message),
            (409, "invalid_idempotent_request") => Says::OtherUnderKey,
            (409, _) => Says::Unknown,
            (status, _) => Says::of_status(status),
        };
        says.into()
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::Channel;

    use super::super::table::{json, message, verdict};
    use super::*;

    fn resend() -> Resend {
        Resend { from: Some(Sender::parse("\"Ann's, Shop\" <shop@example.org>").unwrap()) }
    }

    fn problem(status: u16, name: &str, message: &str) -> String {
        json!({"statusCode": status, "name": name, "message": message}).to_string()
    }

    #[tokio::test]
    async fn the_request_is_as_documented_and_the_same_each_time() {
        let message = message(Channel::Email);
        let ask = resend().asks(&message).unwrap();
        assert_eq!(ask.path, "/emails");
        assert!(matches!(ask.auth, Auth::Bearer));
        assert_eq!(ask.headers, [("idempotency-key", "018f6b1e-0001-7a55-8b11-000000000004".to_owned())]);
        let later = Message { at: message.at.plus(std::time::Duration::from_mins(5)), ..message.clone() };
        let body = json(ask);
        assert_eq!(body, json(resend().asks(&later).unwrap()));
        assert_eq!(
            body,
            json!({
                "from": "\"Ann's, Shop\" <shop@example.org>",
                "to": ["ann@xn--bcher-kva.example"],
                "subject": "Your order",
                "html": "<p>Hello</p>",
                "text": "Hello",
                "tags": [
                    {"name": "orqestra_delivery", "value": "018f6b1e-0001-7a55-8b11-000000000003"},
                    {"name": "orqestra_notification", "value": "018f6b1e-0001-7a55-8b11-000000000002"},
                ],
            })
        );
        let tenants = Resend { from: None }.asks(&message).unwrap();
        assert_eq!(json(tenants)["from"], "shop@example.org");
        let nobody = Resend { from: None }.asks(&Message { sender: None, ..message });
        assert!(matches!(nobody, Err(SendError::NotAsked { cause, .. }) if cause == "no_sender"));
    }

    #[test]
    fn every_row_of_the_table_is_as_written() {
        let to = "Invalid `to` field. The email address needs to follow the `email@example.com` format.";
        let domain = "The example.org domain is not verified. Please, add and verify your domain.";
        for (status, body, says) in [
            (200, r#"{"id":"49a3999c"}"#.to_owned(), "taken 49a3999c"),
            (200, "<html>".to_owned(), "unknown"),
            (200, String::new(), "unknown"),
            (422, problem(422, "validation_error", to), "refused"),
            (400, problem(400, "validation_error", to), "refused"),
            (422, problem(422, "validation_error", "Tags should only contain letters"), "refused here"),
            (422, problem(422, "missing_required_field", "The request body is missing"), "refused here"),
            (422, problem(422, "invalid_from_address", "Invalid `from` field."), "provider"),
            (400, problem(400, "validation_error", "API key is invalid"), "provider"),
            (400, problem(400, "invalid_idempotency_key", "Idempotency keys"), "refused here"),
            (401, problem(401, "missing_api_key", "Missing API Key"), "provider"),
            (401, problem(401, "restricted_api_key", "This API key is restricted"), "provider"),
            (403, problem(403, "validation_error", domain), "provider"),
            (403, problem(403, "suspended_api_key", "This API key is suspended"), "provider"),
            (403, "error code: 1010".to_owned(), "provider"),
            (404, problem(404, "not_found", "The requested endpoint does not exist."), "provider"),
            (405, problem(405, "method_not_allowed", "Method is not allowed"), "provider"),
            (
                409,
                problem(409, "invalid_idempotent_request", "Same idempotency key"),
                "unknown, not asked again",
            ),
            (409, problem(409, "concurrent_idempotent_requests", "in progress"), "message"),
            (409, String::new(), "unknown"),
            (413, String::new(), "refused here"),
            (429, problem(429, "rate_limit_exceeded", "Too many requests."), "throttled"),
            (429, String::new(), "throttled"),
            (429, problem(429, "daily_quota_exceeded", "You have exceeded"), "provider"),
            (429, problem(429, "monthly_quota_exceeded", "You have exceeded"), "provider"),
            (451, problem(451, "security_error", "We may have found"), "refused here"),
            (500, problem(500, "application_error", "An unexpected error occurred."), "unknown"),
            (502, "<html>".to_owned(), "unknown"),
            (503, problem(503, "service_unavailable", "API is temporarily unavailable"), "provider"),
            (503, "<html>".to_owned(), "unknown"),
            (302, String::new(), "provider"),
        ] {
            assert_eq!(verdict(&resend(), status, &body), says, "{status} {body}");
        }
    }
}
