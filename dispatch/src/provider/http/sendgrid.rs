//! Email by SendGrid: `POST /v3/mail/send`, <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>.
//!
//! It deduplicates nothing and names its errors by a field and words alone. The ids of delivery and
//! notification go along as arguments of the recipient's, which callbacks bring back.
//!
//! | answer | then |
//! |---|---|
//! | 2xx but 200 | taken, under `X-Message-Id` |
//! | 200 | refused here: it only validated, as an account in its sandbox mode does |
//! | 400 about a recipient's address | refused everywhere |
//! | 400 about `from`, 401, 403, 404, 405, 406, 451, 503 with its words | not taken, the provider |
//! | other 400, 413, 415 | refused here |
//! | 429 | not taken, throttled |
//! | other 5xx | unknown |

use orqestra_domain::provider::Sender;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::{Api, Ask, Auth, Body, Said, Says, mail};
use crate::callback::{DELIVERY, NOTIFICATION};
use crate::provider::{Message, Reach, Scope, SendError};

pub(super) struct SendGrid {
    pub(super) from: Option<Sender>,
}

#[derive(Default, Deserialize)]
struct Problems {
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    field: Option<String>,
}

impl Problems {
    fn are_about(&self, field: impl Fn(&str) -> bool) -> bool {
        self.errors.iter().any(|problem| problem.field.as_deref().is_some_and(&field))
    }
}

impl Api for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn base_url(&self) -> &'static str {
        "https://api.sendgrid.com"
    }

    fn asks(&self, message: &Message) -> Result<Ask, SendError> {
        let (from, to) = mail::parties(self.from.as_ref(), message)?;
        let mut sender = Map::from_iter([("email".to_owned(), Value::String(from.address))]);
        sender.extend(from.name.map(|name| ("name".to_owned(), Value::String(name))));
        // In this order, and none of them empty.
        let text = message.content.text.as_ref().map(|text| ("text/plain", text));
        let parts = text.into_iter().chain([("text/html", &message.content.body)]);
        let parts = parts.filter(|(_, value)| !value.is_empty());
        let content: Vec<_> = parts.map(|(kind, value)| json!({"type": kind, "value": value})).collect();
        let ids = json!({
            DELIVERY: message.delivery.to_string(),
            NOTIFICATION: message.notification.to_string(),
        });
        let body = json!({
            "personalizations": [{"to": [{"email": to}], "custom_args": ids}],
            "from": sender,
            "subject": message.content.subject.as_deref().unwrap_or_default(),
            "content": content,
            "headers": {"Message-ID": message.message_id()},
        });
        Ok(Ask {
            path: "/v3/mail/send".to_owned(),
            auth: Auth::Bearer,
            headers: vec![("accept", "application/json".to_owned())],
            body: Body::Json(body.to_string().into_bytes()),
        })
    }

    fn says(&self, answer: &Answer) -> Said {
        let problems: Option<Problems> = answer.json();
        let are_about = |field: &dyn Fn(&str) -> bool| {
            problems.as_ref().is_some_and(|problems| problems.are_about(field))
        };
        let says = match answer.status.as_u16() {
            200 => Says::Refused(Reach::ThisProvider),
            201..300 => Says::Taken(answer.header("x-message-id").map(str::to_owned)),
            400 if are_about(&|field| field.starts_with("personalizations.") && field.contains(".to")) => {
                Says::Refused(Reach::Everywhere)
            }
            400 if are_about(&|field| field == "from" || field.starts_with("from.")) => {
                Says::NotTaken(Scope::Provider)
            }
            406 | 451 => Says::NotTaken(Scope::Provider),
            503 if problems.as_ref().is_some_and(|problems| !problems.errors.is_empty()) => {
                Says::NotTaken(Scope::Provider)
            }
            status => Says::of_status(status),
        };
        says.into()
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::Channel;

    use super::super::table::{json, message, verdict};
    use super::*;

    fn sendgrid() -> SendGrid {
        SendGrid { from: Some(Sender::parse("Shop <shop@example.org>").unwrap()) }
    }

    fn problem(field: Option<&str>, message: &str) -> String {
        json!({"errors": [{"message": message, "field": field, "help": null}]}).to_string()
    }

    #[tokio::test]
    async fn the_request_is_as_documented() {
        let message = message(Channel::Email);
        let ask = sendgrid().asks(&message).unwrap();
        assert_eq!(ask.path, "/v3/mail/send");
        assert!(matches!(ask.auth, Auth::Bearer));
        assert_eq!(
            json(ask),
            json!({
                "personalizations": [{
                    "to": [{"email": "ann@xn--bcher-kva.example"}],
                    "custom_args": {
                        "orqestra_delivery": "018f6b1e-0001-7a55-8b11-000000000003",
                        "orqestra_notification": "018f6b1e-0001-7a55-8b11-000000000002",
                    },
                }],
                "from": {"email": "shop@example.org", "name": "Shop"},
                "subject": "Your order",
                "content": [
                    {"type": "text/plain", "value": "Hello"},
                    {"type": "text/html", "value": "<p>Hello</p>"},
                ],
                "headers": {"Message-ID": message.message_id()},
            })
        );
        let nameless = SendGrid { from: None }.asks(&message).unwrap();
        assert_eq!(json(nameless)["from"], json!({"email": "shop@example.org"}));
    }

    #[test]
    fn every_row_of_the_table_is_as_written() {
        let to = "personalizations.0.to.0.email";
        for (status, body, says) in [
            (202, String::new(), "taken without an id"),
            (200, String::new(), "refused here"),
            (400, problem(Some(to), "Does not contain a valid address."), "refused"),
            (400, problem(Some("from.email"), "Does not contain a valid address."), "provider"),
            (400, problem(Some("content.0.value"), "must be a string"), "refused here"),
            (400, problem(None, "Bad Request"), "refused here"),
            (400, "junk".to_owned(), "refused here"),
            (401, problem(None, "The provided authorization grant is invalid"), "provider"),
            (401, problem(None, "Maximum credits exceeded"), "provider"),
            (403, problem(Some("from"), "does not match a verified Sender Identity"), "provider"),
            (403, problem(None, "You have exceeded your messaging limits"), "provider"),
            (404, String::new(), "provider"),
            (405, String::new(), "provider"),
            (406, String::new(), "provider"),
            (413, problem(None, "content too large"), "refused here"),
            (415, String::new(), "refused here"),
            (429, problem(None, "too many requests"), "throttled"),
            (451, String::new(), "provider"),
            (500, problem(None, "internal server error"), "unknown"),
            (502, "<html>".to_owned(), "unknown"),
            (503, problem(None, "not available"), "provider"),
            (503, "<html>".to_owned(), "unknown"),
            (503, r#"{"message":"upstream reset"}"#.to_owned(), "unknown"),
            (504, String::new(), "unknown"),
        ] {
            assert_eq!(verdict(&sendgrid(), status, &body), says, "{status} {body}");
        }
    }
}
