//! Delivery reports of Africa's Talking, <https://developers.africastalking.com/docs/sms/notifications>: a form, signed by
//! nothing. Its address is a secret: the last part of the path.
//!
//! A report names the message by the provider's id, `id`, and the number that it went to, `phoneNumber`; nothing else that could
//! tell it.
//!
//! | status | word |
//! |---|---|
//! | `Sent`, `Submitted`, `Buffered` | deferred |
//! | `Success` | delivered |
//! | `Failed`, `Rejected` for `UserDoesNotExist` | bounced |
//! | `Failed`, `Rejected` for `UserInBlackList` | opted out |
//! | `Failed`, `Rejected` otherwise, `AbsentSubscriber`, `Expired` | undelivered |
//! | others | none |

use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::{Cause, Channel, PhoneNumber};

use super::{Callback, Receipt, Rejected, field, fields, is_same, kept, plain};

pub(super) fn receipts(secret: &str, callback: &Callback<'_>) -> Result<Vec<Receipt>, Rejected> {
    let shown = callback.path_secret.ok_or(Rejected::WrongSignature)?;
    if secret.is_empty() || !is_same(secret.as_bytes(), shown.as_bytes()) {
        return Err(Rejected::WrongSignature);
    }
    Ok(read(&fields(callback.body), callback).into_iter().collect())
}

fn read(fields: &[(String, String)], callback: &Callback<'_>) -> Option<Receipt> {
    let (status, reason) = (field(fields, "status"), field(fields, "failureReason"));
    let is = |word: &str| reason.eq_ignore_ascii_case(word);
    let (says, cause) = match status {
        "Sent" | "Submitted" | "Buffered" => (ReceiptSays::Deferred, None),
        "Success" => (ReceiptSays::Delivered, None),
        "Failed" | "Rejected" if is("UserDoesNotExist") => {
            (ReceiptSays::Bounced, Some(Cause::AfricasTalkingNoSuchNumber))
        }
        "Failed" | "Rejected" if is("UserInBlackList") => {
            (ReceiptSays::OptedOut, Some(Cause::AfricasTalkingOptedOut))
        }
        "Failed" | "Rejected" => (ReceiptSays::Undelivered, Some(Cause::AfricasTalkingUndelivered)),
        "AbsentSubscriber" | "Expired" => (ReceiptSays::Undelivered, Some(Cause::AfricasTalkingAbsent)),
        _ => return None,
    };
    let message = plain(field(fields, "id"))?;
    Some(Receipt {
        notification: None,
        delivery: None,
        channel: Channel::Sms,
        phone: number(field(fields, "phoneNumber")),
        event_ref: format!("{message}|{status}"),
        provider_message_id: Some(message),
        says,
        cause,
        occurred_at: callback.now,
        words: kept(reason),
    })
}

/// A number in its international form. A plus that was sent as it is reads as a space.
fn number(told: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(&format!("+{}", told.trim().trim_start_matches('+'))).ok()
}

#[cfg(test)]
mod tests {
    use super::super::signed::{Request, words};
    use super::*;

    fn told(secret: &str, shown: Option<&str>, body: &str) -> String {
        let mut request = Request::new("https://n.example/callbacks/africastalking/t/s", &[], body);
        request.path_secret = shown.map(str::to_owned);
        words(receipts(secret, &request.callback()))
    }

    #[test]
    fn each_status_has_its_word_and_an_unknown_one_none() {
        for (body, says) in [
            ("id=AT1&status=Sent&phoneNumber=%2B254711000000&networkCode=63902", "deferred"),
            ("id=AT1&status=Submitted", "deferred"),
            ("id=AT1&status=Buffered", "deferred"),
            ("id=AT1&status=Success", "delivered"),
            (
                "id=AT1&status=Failed&failureReason=UserDoesNotExist",
                "bounced by africastalking_no_such_number: UserDoesNotExist",
            ),
            (
                "id=AT1&status=Rejected&failureReason=UserInBlackList",
                "opted_out by africastalking_opted_out: UserInBlackList",
            ),
            (
                "id=AT1&status=Failed&failureReason=DeliveryFailure",
                "undelivered by africastalking_undelivered: DeliveryFailure",
            ),
            (
                "id=AT1&status=Rejected&failureReason=DoNotDisturbRejection",
                "undelivered by africastalking_undelivered: DoNotDisturbRejection",
            ),
            ("id=AT1&status=Failed", "undelivered by africastalking_undelivered"),
            ("id=AT1&status=AbsentSubscriber", "undelivered by africastalking_absent"),
            ("id=AT1&status=Expired", "undelivered by africastalking_absent"),
            ("id=AT1&status=Other", ""),
            ("status=Success", ""),
            ("id=a%20b&status=Success", ""),
            ("", ""),
            ("junk", ""),
        ] {
            assert_eq!(told("secret", Some("secret"), body), says, "{body}");
        }
    }

    #[test]
    fn the_number_is_read_with_a_plus_with_a_space_for_it_and_without() {
        for told in ["%2B254711000000", "+254711000000", "254711000000"] {
            let read = number(field(&fields(format!("phoneNumber={told}").as_bytes()), "phoneNumber"));
            assert_eq!(read, PhoneNumber::parse("+254711000000").ok(), "{told}");
        }
        for junk in ["", "+", "0711000000", "++", "a"] {
            assert_eq!(number(junk), None, "{junk}");
        }
    }

    #[test]
    fn only_the_secret_opens() {
        let body = "id=AT1&status=Success";
        for (secret, shown) in
            [("secret", Some("secrex")), ("secret", Some("")), ("secret", None), ("", Some(""))]
        {
            assert_eq!(told(secret, shown, body), "WrongSignature", "{shown:?}");
        }
    }

    #[test]
    fn a_repeat_is_told_by_message_and_status() {
        let mut request = Request::new("https://n.example/", &[], "id=ATXid_1&status=Success");
        request.path_secret = Some("secret".to_owned());
        let receipt = receipts("secret", &request.callback()).unwrap().remove(0);
        assert_eq!(
            (receipt.event_ref.as_str(), receipt.provider_message_id.as_deref()),
            ("ATXid_1|Success", Some("ATXid_1"))
        );
    }
}
