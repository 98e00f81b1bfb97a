//! Callbacks of Resend, <https://resend.com/docs/dashboard/webhooks/event-types>: JSON, one event each, signed as Svix signs.
//!
//! | event | word |
//! |---|---|
//! | `email.sent`, `email.delivery_delayed` | deferred |
//! | `email.delivered` | delivered |
//! | `email.bounced`, `Permanent` | bounced |
//! | `email.bounced` otherwise, `email.failed`, `email.suppressed` | undelivered |
//! | `email.complained` | complained |
//! | others | none |

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::{Cause, Channel};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::{Callback, DELIVERY, NOTIFICATION, Receipt, Rejected, kept, plain};

/// How old a callback may be. Each try is signed anew.
const AT_MOST: i64 = 5 * 60;

#[derive(Deserialize)]
struct Told {
    r#type: String,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    email_id: String,
    #[serde(default)]
    tags: Value,
    bounce: Option<Bounce>,
    failed: Option<Why>,
    suppressed: Option<Why>,
}

#[derive(Deserialize)]
struct Bounce {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    reason: String,
}

pub(super) fn receipts(secret: &str, callback: &Callback<'_>) -> Result<Vec<Receipt>, Rejected> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
    let key = key.map_err(|_| Rejected::NoSecret)?;
    let header = |name| callback.header(name).ok_or(Rejected::WrongSignature);
    let (id, sent, signatures) = (header("svix-id")?, header("svix-timestamp")?, header("svix-signature")?);
    let mac = Hmac::<Sha256>::new_from_slice(&key)
        .expect("HMAC takes a key of any length")
        .chain_update(format!("{id}.{sent}."))
        .chain_update(callback.body);
    let holds = |signature: &str| {
        let signature = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        signature.is_some_and(|signature| mac.clone().verify_slice(&signature).is_ok())
    };
    if !signatures.split(' ').any(holds) {
        return Err(Rejected::WrongSignature);
    }
    let sent: i64 = sent.parse().map_err(|_| Rejected::OutOfTime)?;
    if !callback.is_in_time(sent, AT_MOST) {
        return Err(Rejected::OutOfTime);
    }
    let told: Told = serde_json::from_slice(callback.body).map_err(|_| Rejected::Unreadable)?;
    Ok(read(told, id, sent, callback).into_iter().collect())
}

fn read(told: Told, id: &str, sent: i64, callback: &Callback<'_>) -> Option<Receipt> {
    let Data { email_id, tags, bounce, failed, suppressed } = told.data;
    let (says, cause, words) = match told.r#type.as_str() {
        "email.sent" => (ReceiptSays::Deferred, None, String::new()),
        "email.delivery_delayed" => (ReceiptSays::Deferred, Some(Cause::ResendDelayed), String::new()),
        "email.delivered" => (ReceiptSays::Delivered, None, String::new()),
        "email.bounced" => match bounce {
            Some(bounce) if bounce.r#type.eq_ignore_ascii_case("permanent") => {
                (ReceiptSays::Bounced, Some(Cause::ResendBounce), bounce.message)
            }
            bounce => {
                let words = bounce.map(|bounce| bounce.message).unwrap_or_default();
                (ReceiptSays::Undelivered, Some(Cause::ResendSoftBounce), words)
            }
        },
        "email.failed" => {
            let words = failed.map(|why| why.reason).unwrap_or_default();
            (ReceiptSays::Undelivered, Some(Cause::ResendFailed), words)
        }
        "email.suppressed" => {
            let words = suppressed.map(|why| why.reason).unwrap_or_default();
            (ReceiptSays::Undelivered, Some(Cause::ResendSuppressed), words)
        }
        "email.complained" => (ReceiptSays::Complained, Some(Cause::ResendComplaint), String::new()),
        _ => return None,
    };
    let occurred = told.created_at.parse().ok();
    Some(Receipt {
        notification: tag(&tags, NOTIFICATION).and_then(|id| id.parse().ok()),
        delivery: tag(&tags, DELIVERY).and_then(|id| id.parse().ok()),
        channel: Channel::Email,
        phone: None,
        provider_message_id: plain(&email_id),
        event_ref: id.to_owned(),
        says,
        cause,
        occurred_at: occurred.unwrap_or_else(|| callback.time(sent)).min(callback.now),
        words: kept(&words),
    })
}

/// A tag's value, among tags as callbacks bring them and as requests name them.
fn tag<'a>(tags: &'a Value, name: &str) -> Option<&'a str> {
    match tags {
        Value::Object(tags) => tags.get(name)?.as_str(),
        Value::Array(tags) => tags.iter().find(|tag| tag["name"] == name)?["value"].as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::signed::{Request, now, read, words};
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signature(secret: &str, id: &str, sent: &str, body: &str) -> String {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let mac = mac.chain_update(format!("{id}.{sent}.{body}"));
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn event(kind: &str, more: Value) -> String {
        let mut data = json!({
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "from": "shop@example.org",
            "to": ["ann@example.org"],
            "tags": {
                "orqestra_delivery": "018f6b1e-0001-7a55-8b11-000000000003",
                "orqestra_notification": "018f6b1e-0001-7a55-8b11-000000000002",
            },
        });
        let more = if let Value::Object(more) = more { more } else { serde_json::Map::new() };
        data.as_object_mut().unwrap().extend(more);
        json!({"type": kind, "created_at": "2026-11-29T11:59:58.126Z", "data": data}).to_string()
    }

    fn sent(seconds_ago: i64) -> String {
        (now().unix_micros() / 1_000_000 - seconds_ago).to_string()
    }

    fn request(body: &str, sent: &str, signatures: &str) -> Request {
        let headers = [("svix-id", "msg_1"), ("svix-timestamp", sent), ("svix-signature", signatures)];
        Request::new("https://n.example/callbacks/resend/t", &headers, body)
    }

    fn told(body: &str) -> String {
        let sent = sent(1);
        read(
            |callback| receipts(SECRET, callback),
            &request(body, &sent, &signature(SECRET, "msg_1", &sent, body)),
        )
    }

    #[test]
    fn each_event_has_its_word_and_an_unknown_one_none() {
        let bounce =
            |kind: &str| json!({"bounce": {"type": kind, "subType": "General", "message": "no such user"}});
        for (body, says) in [
            (event("email.sent", Value::Null), "deferred"),
            (event("email.delivery_delayed", Value::Null), "deferred by resend_delayed"),
            (event("email.delivered", Value::Null), "delivered"),
            (event("email.bounced", bounce("Permanent")), "bounced by resend_bounce: no such user"),
            (event("email.bounced", bounce("Transient")), "undelivered by resend_soft_bounce: no such user"),
            (
                event("email.bounced", bounce("Undetermined")),
                "undelivered by resend_soft_bounce: no such user",
            ),
            (event("email.bounced", Value::Null), "undelivered by resend_soft_bounce"),
            (event("email.complained", Value::Null), "complained by resend_complaint"),
            (
                event("email.failed", json!({"failed": {"reason": "reached_daily_quota"}})),
                "undelivered by resend_failed: reached_daily_quota",
            ),
            (
                event("email.suppressed", json!({"suppressed": {"reason": "previous_bounce"}})),
                "undelivered by resend_suppressed: previous_bounce",
            ),
            (event("email.opened", Value::Null), ""),
            (event("contact.created", Value::Null), ""),
            (r#"{"type":"email.delivered"}"#.to_owned(), "delivered"),
            ("junk".to_owned(), "Unreadable"),
            ("[]".to_owned(), "Unreadable"),
        ] {
            assert_eq!(told(&body), says, "{body}");
        }
    }

    #[test]
    fn a_receipt_brings_back_the_ids_and_the_time() {
        let body = event("email.delivered", Value::Null);
        let sent = sent(1);
        let request = request(&body, &sent, &signature(SECRET, "msg_1", &sent, &body));
        let receipt = receipts(SECRET, &request.callback()).unwrap().remove(0);
        assert_eq!(receipt.notification.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000002");
        assert_eq!(receipt.delivery.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000003");
        assert_eq!(receipt.provider_message_id.as_deref(), Some("56761188-7520-42d8-8898-ff6fc54ce618"));
        assert_eq!((receipt.event_ref.as_str(), receipt.channel), ("msg_1", Channel::Email));
        assert_eq!(receipt.occurred_at.to_string(), "2026-11-29T11:59:58.126000Z");
        let listed = json!([{"name": "orqestra_delivery", "value": "1"}]);
        assert_eq!(tag(&listed, DELIVERY), Some("1"));
    }

    #[test]
    fn only_a_signature_of_the_secret_over_this_body_and_time_holds() {
        let (body, sent) = (event("email.delivered", Value::Null), sent(1));
        let right = signature(SECRET, "msg_1", &sent, &body);
        let other = signature("whsec_AAAA", "msg_1", &sent, &body);
        let told = |signatures: &str| words(receipts(SECRET, &request(&body, &sent, signatures).callback()));
        assert_eq!(told(&format!("{other} {right}")), "delivered", "several");
        assert_eq!(told(&format!("v1a,AAAA v2,AAAA {right} junk")), "delivered", "of several versions");
        for wrong in [
            "",
            "v1,",
            "junk",
            &other,
            &right.replace("v1,", ""),
            &signature(SECRET, "msg_2", &sent, &body),
            &signature(SECRET, "msg_1", "1", &body),
            &signature(SECRET, "msg_1", &sent, "{}"),
        ] {
            assert_eq!(told(wrong), "WrongSignature", "{wrong}");
        }
        let without = Request::new("https://n.example/", &[("svix-id", "msg_1")], &body);
        assert_eq!(words(receipts(SECRET, &without.callback())), "WrongSignature");
        let twice = [
            ("svix-id", "msg_1"),
            ("svix-timestamp", &*sent),
            ("svix-signature", &right),
            ("svix-signature", &right),
        ];
        let twice = Request::new("https://n.example/", &twice, &body);
        assert_eq!(words(receipts(SECRET, &twice.callback())), "WrongSignature");
        assert_eq!(words(receipts("whsec_%", &request(&body, &sent, &right).callback())), "NoSecret");
    }

    #[test]
    fn a_signature_holds_for_five_minutes() {
        let body = event("email.delivered", Value::Null);
        for (ago, says) in [(300, "delivered"), (301, "OutOfTime"), (-300, "delivered"), (-301, "OutOfTime")]
        {
            let sent = sent(ago);
            let signed = signature(SECRET, "msg_1", &sent, &body);
            assert_eq!(words(receipts(SECRET, &request(&body, &sent, &signed).callback())), says, "{ago}");
        }
        let never = signature(SECRET, "msg_1", "soon", &body);
        assert_eq!(words(receipts(SECRET, &request(&body, "soon", &never).callback())), "OutOfTime");
    }
}
