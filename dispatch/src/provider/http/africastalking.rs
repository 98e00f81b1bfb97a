//! SMS by Africa's Talking: `POST /version1/messaging`, <https://developers.africastalking.com/docs/sms/sending/bulk>.
//!
//! It deduplicates nothing, and refuses within a 201: by a code for the recipient, or by words where it lists none.
//!
//! | answer | then |
//! |---|---|
//! | 2xx, recipient 100 to 102 | taken |
//! | recipient 403, 404 | refused everywhere: the number |
//! | recipient 406 | refused everywhere, and the number is suppressed: its owner opted out |
//! | recipient 402, 405, or the same in words; HTTP 400, 401, 403, 404, 405 | not taken, the provider: sender, balance, account |
//! | recipient 401, 409; HTTP 409 | not taken, the message: held for its risk, or for the night |
//! | recipient 500, 501 | unknown |
//! | recipient 407, 502 and others; `Sent to 0/` without a recipient; HTTP 413, 415 | refused here |
//! | HTTP 429 | not taken, throttled |
//! | other words without a recipient; 2xx without this JSON; HTTP 5xx | unknown |

use orqestra_domain::Cause;
use serde::Deserialize;

use super::answer::Answer;
use super::{Api, Ask, Auth, Body, Said, Says};
use crate::provider::{Message, Reach, Scope, SendError};

pub(super) struct AfricasTalking {
    pub(super) username: String,
    pub(super) from: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "SMSMessageData")]
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    #[serde(default)]
    message: String,
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status_code: u32,
    #[serde(default)]
    message_id: String,
}

impl Api for AfricasTalking {
    fn name(&self) -> &'static str {
        "africastalking"
    }

    fn base_url(&self) -> &'static str {
        if self.username.eq_ignore_ascii_case("sandbox") {
            "https://api.sandbox.africastalking.com"
        } else {
            "https://api.africastalking.com"
        }
    }

    fn asks(&self, message: &Message) -> Result<Ask, SendError> {
        let mut fields = vec![
            ("username", self.username.clone()),
            ("to", message.to.clone()),
            ("message", message.content.body.clone()),
            ("bulkSMSMode", "1".to_owned()),
        ];
        fields.extend(self.from.clone().map(|from| ("from", from)));
        Ok(Ask {
            path: "/version1/messaging".to_owned(),
            auth: Auth::Header("apikey"),
            // It answers XML otherwise.
            headers: vec![("accept", "application/json".to_owned())],
            body: Body::Form(fields),
        })
    }

    fn says(&self, answer: &Answer) -> Said {
        let status = answer.status.as_u16();
        let told: Option<Told> = answer.json();
        match (status, told) {
            (200..300 | 409, Some(Told { data })) => data.says(),
            (200..300, None) => Says::Unknown.into(),
            (400, _) => Says::NotTaken(Scope::Provider).into(),
            (409, None) => Says::NotTaken(Scope::Message).into(),
            (status, _) => Says::of_status(status).into(),
        }
    }
}

impl Data {
    fn says(self) -> Said {
        let Some(recipient) = self.recipients.into_iter().next() else {
            let none = self.message.trim_start().starts_with("Sent to 0/");
            let otherwise = if none { Says::Refused(Reach::ThisProvider) } else { Says::Unknown };
            return code_of(&self.message).map_or(otherwise.into(), of_code);
        };
        // A refused recipient has the word in place of an id.
        let id = Some(recipient.message_id).filter(|id| !matches!(id.as_str(), "" | "None"));
        match recipient.status_code {
            100..=102 => Says::Taken(id).into(),
            code => of_code(code),
        }
    }
}

fn of_code(code: u32) -> Said {
    let says = match code {
        402 | 405 => Says::NotTaken(Scope::Provider),
        403 | 404 => Says::Refused(Reach::Everywhere),
        406 => Says::Refused(Reach::OptedOut),
        401 | 409 => Says::NotTaken(Scope::Message),
        500 | 501 => Says::Unknown,
        _ => Says::Refused(Reach::ThisProvider),
    };
    says.coded(Cause::AfricasTalkingCode(code))
}

/// The code of an answer that lists no recipient and says why in a word.
fn code_of(message: &str) -> Option<u32> {
    const WORDS: [(&str, u32); 11] = [
        ("RiskHold", 401),
        ("InvalidSenderId", 402),
        ("InvalidPhoneNumber", 403),
        ("UnsupportedNumberType", 404),
        ("InsufficientBalance", 405),
        ("UserInBlacklist", 406),
        ("CouldNotRoute", 407),
        ("DoNotDisturbRejection", 409),
        ("InternalServerError", 500),
        ("GatewayError", 501),
        ("RejectedByGateway", 502),
    ];
    WORDS.iter().find(|(word, _)| message.trim().eq_ignore_ascii_case(word)).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use orqestra_domain::Channel;
    use serde_json::json;

    use super::super::table::{form, message, verdict};
    use super::*;

    fn live() -> AfricasTalking {
        AfricasTalking { username: "shop".to_owned(), from: Some("SHOP".to_owned()) }
    }

    #[tokio::test]
    async fn the_request_is_as_documented() {
        let message = message(Channel::Sms);
        let ask = live().asks(&message).unwrap();
        assert_eq!(ask.path, "/version1/messaging");
        assert!(matches!(ask.auth, Auth::Header("apikey")));
        assert_eq!(ask.headers, [("accept", "application/json".to_owned())]);
        let expected = [
            ("username", "shop"),
            ("to", "+254712345678"),
            ("message", "Hello & welcome"),
            ("bulkSMSMode", "1"),
            ("from", "SHOP"),
        ];
        assert_eq!(form(ask), expected.map(|(name, value)| (name, value.to_owned())));
        let sandbox = AfricasTalking { username: "sandbox".to_owned(), from: None };
        assert_eq!(form(sandbox.asks(&message).unwrap()).len(), 4);
        assert_eq!(sandbox.base_url(), "https://api.sandbox.africastalking.com");
        assert_eq!(live().base_url(), "https://api.africastalking.com");
    }

    #[test]
    fn every_row_of_the_table_is_as_written() {
        let of_recipient = |code: u32, id: &str| {
            let recipient = json!({"statusCode": code, "number": "+254712345678", "status": "x", "cost": "0",
                                   "messageId": id});
            json!({"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}}).to_string()
        };
        let of_none =
            |words: &str| json!({"SMSMessageData": {"Message": words, "Recipients": []}}).to_string();
        for (code, says) in [
            (401, "message"),
            (402, "provider"),
            (403, "refused"),
            (404, "refused"),
            (405, "provider"),
            (406, "opted out"),
            (407, "refused here"),
            (409, "message"),
            (500, "unknown"),
            (501, "unknown"),
            (502, "refused here"),
            (499, "refused here"),
        ] {
            let expected = format!("{says} by africastalking_{code}");
            assert_eq!(verdict(&live(), 201, &of_recipient(code, "None")), expected);
        }
        for (status, body, says) in [
            (201, of_recipient(100, "ATXid_1"), "taken ATXid_1"),
            (201, of_recipient(101, "ATXid_1"), "taken ATXid_1"),
            (200, of_recipient(102, "None"), "taken without an id"),
            (201, of_none("InvalidSenderId"), "provider by africastalking_402"),
            (201, of_none("InsufficientBalance"), "provider by africastalking_405"),
            (201, of_none("Sent to 0/1 Total Cost: 0"), "refused here"),
            (201, of_none("Sent to 1/1 Total Cost: KES 0.8"), "unknown"),
            (201, r#"{"SMSMessageData":{"Message":"Sent to 1/1"}}"#.to_owned(), "unknown"),
            (201, "<xml/>".to_owned(), "unknown"),
            (201, String::new(), "unknown"),
            (409, of_recipient(409, "None"), "message by africastalking_409"),
            (409, String::new(), "message"),
            (400, "Request is missing required form field 'to'".to_owned(), "provider"),
            (401, "The supplied authentication is invalid".to_owned(), "provider"),
            (403, String::new(), "provider"),
            (404, "The requested resource could not be found.".to_owned(), "provider"),
            (413, String::new(), "refused here"),
            (415, String::new(), "refused here"),
            (429, String::new(), "throttled"),
            (500, "There was an internal server error.".to_owned(), "unknown"),
            (503, String::new(), "unknown"),
        ] {
            assert_eq!(verdict(&live(), status, &body), says, "{status} {body}");
        }
    }
}
