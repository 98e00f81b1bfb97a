//! SMS by Twilio: `POST /2010-04-01/Accounts/{sid}/Messages.json`,
//! <https://www.twilio.com/docs/messaging/api/message-resource>.
//!
//! It deduplicates nothing. The URL of callbacks names the message. What an answer means is told by its code, and where the code is not listed here by its status:
//! Twilio splits its codes from time to time.
//!
//! | answer | then |
//! |---|---|
//! | 2xx with a `sid` | taken |
//! | 21211, 21214, 21217, 21265, 21266, 21268, 30004 to 30006 | refused everywhere: the number, or its carrier blocks the message |
//! | 21610 | refused everywhere, and the number is suppressed: its owner opted out |
//! | the account, its credentials, its sender or service; 21408, a country that it is not set up for; 63038, its daily cap; 401, 403, 404 | not taken, the provider |
//! | 20429, 21611, 14107, 63017, 429 | not taken, throttled |
//! | 21702, 21730, 30001, 30022 | not taken, the message |
//! | other codes with 400: the pair of numbers, the content | refused here |
//! | 303, 5xx, 2xx without a `sid` | unknown |

use orqestra_domain::Cause;
use orqestra_domain::provider::TwilioSender;
use serde::Deserialize;

use super::answer::Answer;
use super::{Api, Ask, Auth, Body, Said, Says};
use crate::callback::twilio::IN_QUERY;
use crate::provider::{Message, Reach, Scope, SendError};

pub(super) struct Twilio {
    pub(super) account: String,
    pub(super) sender: TwilioSender,
    /// Where callbacks come to, without the query that names the message; none where nothing is known that Twilio reaches.
    pub(super) callbacks: Option<String>,
}

#[derive(Deserialize)]
struct Taken {
    sid: String,
}

#[derive(Deserialize)]
struct Problem {
    code: u32,
}

impl Api for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn base_url(&self) -> &'static str {
        "https://api.twilio.com"
    }

    fn asks(&self, message: &Message) -> Result<Ask, SendError> {
        let sender = match &self.sender {
            TwilioSender::From(number) => ("From", number.clone()),
            TwilioSender::MessagingService(sid) => ("MessagingServiceSid", sid.clone()),
        };
        let mut fields = vec![("To", message.to.clone()), sender, ("Body", message.content.body.clone())];
        fields.extend(validity(message).map(|seconds| ("ValidityPeriod", seconds.to_string())));
        fields.extend(self.callbacks.as_ref().map(|url| {
            let [delivery, notification] = IN_QUERY;
            let ids = format!("{delivery}={}&{notification}={}", message.delivery, message.notification);
            ("StatusCallback", format!("{url}?{ids}"))
        }));
        Ok(Ask {
            path: format!("/2010-04-01/Accounts/{}/Messages.json", self.account),
            auth: Auth::Basic(self.account.clone()),
            headers: Vec::new(),
            body: Body::Form(fields),
        })
    }

    fn says(&self, answer: &Answer) -> Said {
        let status = answer.status.as_u16();
        if answer.status.is_success() {
            return answer.json().map_or(Says::Unknown, |Taken { sid }| Says::Taken(Some(sid))).into();
        }
        // A server's failure may come after it took the message, whatever its code.
        match answer.json() {
            Some(Problem { code }) if status < 500 => {
                of_code(code).unwrap_or_else(|| Says::of_status(status)).coded(Cause::TwilioCode(code))
            }
            Some(Problem { code }) => Says::Unknown.coded(Cause::TwilioCode(code)),
            None => Says::of_status(status).into(),
        }
    }
}

/// For how many seconds Twilio may try to pass a message on, where that is less than it would by itself.
fn validity(message: &Message) -> Option<u64> {
    const USUAL: u64 = 36_000;
    let left = message.expires_at.since(message.at).as_secs().max(1);
    (left < USUAL).then_some(left)
}

fn of_code(code: u32) -> Option<Says> {
    Some(match code {
        // The number does not exist, is premium or a landline's, or its carrier blocks the message.
        21_211 | 21_214 | 21_217 | 21_265 | 21_266 | 21_268 | 30_004..=30_006 => {
            Says::Refused(Reach::Everywhere)
        }
        21_610 => Says::Refused(Reach::OptedOut),
        // The account, its credentials and its path.
        10_001 | 20_003..=20_006 | 20_008 | 20_403 | 20_404 | 20_410 | 30_002 | 63_038 | 70_051
        // The sender, and what the engine asks with.
        | 21_212 | 21_264 | 21_267 | 21_601 | 21_603 | 21_606 | 21_607 | 21_609 | 21_616 | 21_624
        | 21_659..=21_661 | 21_663
        // A country that the account is not set up for, which its owner can mend.
        | 21_408
        // The messaging service.
        | 21_701 | 21_704 | 21_705 | 21_709 | 21_711 => Says::NotTaken(Scope::Provider),
        14_107 | 20_429 | 21_611 | 63_017 => Says::NotTaken(Scope::Throttled),
        21_702 | 21_730 | 30_001 | 30_022 => Says::NotTaken(Scope::Message),
        21_608 | 21_612 | 21_614 | 21_617 | 21_618 => Says::Refused(Reach::ThisProvider),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use orqestra_domain::Channel;
    use serde_json::json;

    use super::super::table::{form, message, verdict};
    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000000";

    fn twilio(sender: TwilioSender) -> Twilio {
        Twilio { account: ACCOUNT.to_owned(), sender, callbacks: None }
    }

    #[tokio::test]
    async fn the_request_is_as_documented() {
        let message = message(Channel::Sms);
        let ask = twilio(TwilioSender::From("+15005550006".to_owned())).asks(&message).unwrap();
        assert_eq!(ask.path, format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
        assert!(matches!(&ask.auth, Auth::Basic(user) if user == ACCOUNT));
        let text = |text: &str| text.to_owned();
        let expected = [
            ("To", text("+254712345678")),
            ("From", text("+15005550006")),
            ("Body", text("Hello & welcome")),
        ];
        assert_eq!(form(ask), expected);
        let service = twilio(TwilioSender::MessagingService("MG1".to_owned())).asks(&message).unwrap();
        assert_eq!(form(service)[1], ("MessagingServiceSid", text("MG1")));
        let called_back = Twilio {
            callbacks: Some("https://n.example/callbacks/twilio/t".to_owned()),
            ..twilio(TwilioSender::From("+15005550006".to_owned()))
        };
        let expected = "https://n.example/callbacks/twilio/t?delivery=018f6b1e-0001-7a55-8b11-000000000003\
                        &notification=018f6b1e-0001-7a55-8b11-000000000002";
        assert_eq!(form(called_back.asks(&message).unwrap())[3], ("StatusCallback", text(expected)));
    }

    #[tokio::test]
    async fn it_is_told_how_long_it_may_try_where_that_is_less_than_usual() {
        let twilio = twilio(TwilioSender::From("+15005550006".to_owned()));
        for (left, told) in [(0, Some("1")), (600, Some("600")), (35_999, Some("35999")), (36_000, None)] {
            let mut message = message(Channel::Sms);
            message.expires_at = message.at.plus(std::time::Duration::from_secs(left));
            let form = form(twilio.asks(&message).unwrap());
            let found = form.iter().find(|(name, _)| *name == "ValidityPeriod");
            assert_eq!(found.map(|(_, value)| value.as_str()), told, "{left}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_as_written() {
        let twilio = twilio(TwilioSender::From("+15005550006".to_owned()));
        let problem = |status: u16, code: u32| {
            json!({"code": code, "message": "Why", "more_info": "https://example.org", "status": status})
                .to_string()
        };
        let provider = [
            10_001, 20_003, 20_004, 20_005, 20_006, 20_008, 20_403, 20_404, 20_410, 30_002, 63_038, 70_051,
            21_212, 21_264, 21_267, 21_408, 21_601, 21_603, 21_606, 21_607, 21_609, 21_616, 21_624, 21_659,
            21_660, 21_661, 21_663, 21_701, 21_704, 21_705, 21_709, 21_711,
        ];
        let refused = [21_211, 21_214, 21_217, 21_265, 21_266, 21_268, 30_004, 30_005, 30_006];
        for (codes, says) in [
            (&provider[..], "provider"),
            (&refused[..], "refused"),
            (&[21_610][..], "opted out"),
            (&[14_107, 20_429, 21_611, 63_017][..], "throttled"),
            (&[21_702, 21_730, 30_001, 30_022][..], "message"),
            (&[21_608, 21_612, 21_614, 21_617, 21_618][..], "refused here"),
        ] {
            for code in codes {
                let expected = format!("{says} by twilio_{code}");
                assert_eq!(verdict(&twilio, 400, &problem(400, *code)), expected);
            }
        }
        for (status, code, says) in [
            (400, 21_211, "refused"),
            (400, 21_610, "opted out"),
            (400, 21_268, "refused"),
            (401, 20_003, "provider"),
            (403, 20_005, "provider"),
            (404, 20_404, "provider"),
            (400, 21_606, "provider"),
            (400, 21_212, "provider"),
            (400, 21_659, "provider"),
            (400, 21_705, "provider"),
            (429, 63_038, "provider"),
            (429, 20_429, "throttled"),
            (400, 21_611, "throttled"),
            (429, 21_611, "throttled"),
            (400, 14_107, "throttled"),
            (400, 21_730, "message"),
            (400, 30_001, "message"),
            (400, 21_408, "provider"),
            (400, 21_608, "refused here"),
            (400, 21_612, "refused here"),
            (400, 21_614, "refused here"),
            (400, 21_617, "refused here"),
            (400, 21_618, "refused here"),
            (400, 21_999, "refused here"),
            (401, 29_999, "provider"),
            (403, 29_999, "provider"),
            (429, 29_999, "throttled"),
            (500, 20_500, "unknown"),
            (503, 20_503, "unknown"),
        ] {
            let expected = format!("{says} by twilio_{code}");
            assert_eq!(verdict(&twilio, status, &problem(status, code)), expected, "{status}");
        }
        for (status, body, says) in [
            (201, r#"{"sid":"SM1","status":"queued"}"#, "taken SM1"),
            (201, "{", "unknown"),
            (400, "junk", "refused here"),
            (401, "", "provider"),
            (429, "", "throttled"),
            (500, "<html>", "unknown"),
            (503, "", "unknown"),
            (301, "", "provider"),
        ] {
            assert_eq!(verdict(&twilio, status, body), says, "{status} {body}");
        }
    }
}
