//! Callbacks of `SendGrid`, <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>: a JSON array of
//! events, signed with the key pair of the webhook.
//!
//! | event | word |
//! |---|---|
//! | `processed`, `deferred` | deferred |
//! | `delivered` | delivered |
//! | `bounce` with the type `bounce`, or without a type and with a status that is for good | bounced |
//! | other `bounce`, `dropped` | undelivered |
//! | `spamreport` | complained |
//! | `unsubscribe` | opted out |
//! | others | none |

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::{Cause, Channel};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::Deserialize;
use serde_json::Value;

use super::{Callback, DELIVERY, NOTIFICATION, Receipt, Rejected, kept, plain};

/// How old a callback may be: it is tried for 24 hours, and nothing says that each try has a time of its own.
const AT_MOST: i64 = 25 * 60 * 60;
const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "event")]
    word: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    response: String,
    #[serde(default)]
    timestamp: i64,
    #[serde(default)]
    sg_event_id: String,
    #[serde(default)]
    sg_message_id: String,
}

pub(super) fn receipts(public_key: &str, callback: &Callback<'_>) -> Result<Vec<Receipt>, Rejected> {
    let der = STANDARD.decode(public_key.trim()).map_err(|_| Rejected::NoSecret)?;
    let key = VerifyingKey::from_public_key_der(&der).map_err(|_| Rejected::NoSecret)?;
    let header = |name| callback.header(name).ok_or(Rejected::WrongSignature);
    let (signature, sent) = (header(SIGNATURE)?, header(TIMESTAMP)?);
    let signature = STANDARD.decode(signature).map_err(|_| Rejected::WrongSignature)?;
    let signature = Signature::from_der(&signature).map_err(|_| Rejected::WrongSignature)?;
    let signed = [sent.as_bytes(), callback.body].concat();
    key.verify(&signed, &signature).map_err(|_| Rejected::WrongSignature)?;
    let sent: i64 = sent.parse().map_err(|_| Rejected::OutOfTime)?;
    if !callback.is_in_time(sent, AT_MOST) {
        return Err(Rejected::OutOfTime);
    }
    let events: Vec<Value> = serde_json::from_slice(callback.body).map_err(|_| Rejected::Unreadable)?;
    Ok(events.iter().filter_map(|event| read(event, callback)).collect())
}

fn read(told: &Value, callback: &Callback<'_>) -> Option<Receipt> {
    let event = Event::deserialize(told).ok()?;
    let (says, cause) = match event.word.as_str() {
        "processed" => (ReceiptSays::Deferred, None),
        "deferred" => (ReceiptSays::Deferred, Some(Cause::SendGridDeferred)),
        "delivered" => (ReceiptSays::Delivered, None),
        "bounce" => match event.r#type.as_str() {
            "bounce" => (ReceiptSays::Bounced, Some(Cause::SendGridBounce)),
            "" if event.status.starts_with("5.") => (ReceiptSays::Bounced, Some(Cause::SendGridBounce)),
            _ => (ReceiptSays::Undelivered, Some(Cause::SendGridBlocked)),
        },
        "dropped" => (ReceiptSays::Undelivered, Some(Cause::SendGridDropped)),
        "spamreport" => (ReceiptSays::Complained, Some(Cause::SendGridSpamReport)),
        // One from a group of mails alone says nothing of the others.
        "unsubscribe" => (ReceiptSays::OptedOut, Some(Cause::SendGridUnsubscribed)),
        _ => return None,
    };
    // The answer to the request gave the part before the first dot.
    let message = event.sg_message_id.split('.').next().unwrap_or_default();
    let of_ours = |name: &str| told.get(name).and_then(Value::as_str);
    let event_ref = match event.sg_event_id.as_str() {
        "" => format!("{}|{message}|{}", event.word, event.timestamp),
        id => id.to_owned(),
    };
    let occurred_at = if event.timestamp > 0 { callback.time(event.timestamp) } else { callback.now };
    Some(Receipt {
        notification: of_ours(NOTIFICATION).and_then(|id| id.parse().ok()),
        delivery: of_ours(DELIVERY).and_then(|id| id.parse().ok()),
        channel: Channel::Email,
        phone: None,
        provider_message_id: plain(message),
        event_ref,
        says,
        cause,
        occurred_at,
        words: kept(&event.reason).or_else(|| kept(&event.response)),
    })
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;
    use p256::pkcs8::EncodePublicKey;
    use serde_json::json;

    use super::super::signed::{Request, now, words};
    use super::*;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_slice(&[number; 32]).unwrap()
    }

    fn public(key: &SigningKey) -> String {
        STANDARD.encode(key.verifying_key().to_public_key_der().unwrap().as_bytes())
    }

    fn signature(key: &SigningKey, sent: &str, body: &str) -> String {
        let signature: Signature = key.sign(format!("{sent}{body}").as_bytes());
        STANDARD.encode(signature.to_der().as_bytes())
    }

    fn sent(seconds_ago: i64) -> String {
        (now().unix_micros() / 1_000_000 - seconds_ago).to_string()
    }

    fn request(body: &str, sent: &str, signature: &str) -> Request {
        Request::new(
            "https://n.example/callbacks/sendgrid/t",
            &[(SIGNATURE, signature), (TIMESTAMP, sent)],
            body,
        )
    }

    fn told(body: &str) -> String {
        let sent = sent(1);
        words(receipts(&public(&key(1)), &request(body, &sent, &signature(&key(1), &sent, body)).callback()))
    }

    fn event(kind: &str, more: Value) -> Value {
        let mut event = json!({
            "email": "ann@example.org", "event": kind, "timestamp": 1_795_953_000, "smtp-id": "<1@deliveries.orqestra>",
            "sg_event_id": "c2VuZGdyaWQ=", "sg_message_id": "XBg2anf2TqCy6WXKQFhieQ.filter0905p1mdw1-1.0",
            "orqestra_delivery": "018f6b1e-0001-7a55-8b11-000000000003",
            "orqestra_notification": "018f6b1e-0001-7a55-8b11-000000000002",
        });
        let more = if let Value::Object(more) = more { more } else { serde_json::Map::new() };
        event.as_object_mut().unwrap().extend(more);
        event
    }

    #[test]
    fn each_event_has_its_word_and_an_unknown_one_none() {
        let none = || Value::Null;
        for (event, says) in [
            (event("processed", none()), "deferred"),
            (
                event("deferred", json!({"response": "451 later", "attempt": "3"})),
                "deferred by sendgrid_deferred: 451 later",
            ),
            (event("delivered", json!({"response": "250 OK"})), "delivered: 250 OK"),
            (
                event("bounce", json!({"type": "bounce", "status": "5.1.1", "reason": "550 no"})),
                "bounced by sendgrid_bounce: 550 no",
            ),
            (
                event("bounce", json!({"type": "blocked", "status": "5.7.1"})),
                "undelivered by sendgrid_blocked",
            ),
            (event("bounce", json!({"type": "expired"})), "undelivered by sendgrid_blocked"),
            (event("bounce", json!({"status": "5.0.0"})), "bounced by sendgrid_bounce"),
            (event("bounce", json!({"status": "4.0.0"})), "undelivered by sendgrid_blocked"),
            (
                event("dropped", json!({"reason": "Bounced Address"})),
                "undelivered by sendgrid_dropped: Bounced Address",
            ),
            (event("spamreport", none()), "complained by sendgrid_spam_report"),
            (event("unsubscribe", none()), "opted_out by sendgrid_unsubscribed"),
            (event("group_unsubscribe", none()), ""),
            (event("group_resubscribe", none()), ""),
            (event("open", none()), ""),
            (event("click", none()), ""),
            (json!({"timestamp": 1}), ""),
            (json!("junk"), ""),
        ] {
            assert_eq!(told(&json!([event]).to_string()), says, "{event}");
        }
    }

    #[test]
    fn an_array_brings_each_of_its_receipts_and_what_cannot_be_read_keeps_none_back() {
        let all = json!([
            event("processed", Value::Null),
            7,
            event("delivered", Value::Null),
            event("open", Value::Null)
        ]);
        assert_eq!(told(&all.to_string()), "deferred, delivered");
        assert_eq!(told("[]"), "");
        for junk in ["{}", "junk", ""] {
            assert_eq!(told(junk), "Unreadable", "{junk}");
        }
    }

    #[test]
    fn a_receipt_brings_back_the_ids_and_the_time() {
        let body = json!([event("delivered", Value::Null)]).to_string();
        let sent = sent(1);
        let request = request(&body, &sent, &signature(&key(1), &sent, &body));
        let receipt = receipts(&public(&key(1)), &request.callback()).unwrap().remove(0);
        assert_eq!(receipt.notification.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000002");
        assert_eq!(receipt.delivery.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000003");
        assert_eq!(receipt.provider_message_id.as_deref(), Some("XBg2anf2TqCy6WXKQFhieQ"));
        assert_eq!(receipt.event_ref, "c2VuZGdyaWQ=");
        assert_eq!(receipt.occurred_at.unix_micros(), 1_795_953_000_000_000);
    }

    #[test]
    fn only_a_signature_of_the_key_over_this_body_and_time_holds() {
        let (body, sent) = (json!([event("delivered", Value::Null)]).to_string(), sent(1));
        let told =
            |signature: &str| words(receipts(&public(&key(1)), &request(&body, &sent, signature).callback()));
        assert_eq!(told(&signature(&key(1), &sent, &body)), "delivered");
        for wrong in [
            "",
            "junk",
            &signature(&key(2), &sent, &body),
            &signature(&key(1), "1", &body),
            &signature(&key(1), &sent, "[]"),
        ] {
            assert_eq!(told(wrong), "WrongSignature", "{wrong}");
        }
        let right = signature(&key(1), &sent, &body);
        assert_eq!(words(receipts("AAAA", &request(&body, &sent, &right).callback())), "NoSecret");
        let without = Request::new("https://n.example/", &[], &body);
        assert_eq!(words(receipts(&public(&key(1)), &without.callback())), "WrongSignature");
    }

    #[test]
    fn a_signature_holds_for_as_long_as_it_is_tried_again() {
        let body = json!([event("delivered", Value::Null)]).to_string();
        for (ago, says) in [(25 * 3_600, "delivered"), (25 * 3_600 + 1, "OutOfTime"), (-301, "OutOfTime")] {
            let sent = sent(ago);
            let signed = signature(&key(1), &sent, &body);
            assert_eq!(
                words(receipts(&public(&key(1)), &request(&body, &sent, &signed).callback())),
                says,
                "{ago}"
            );
        }
    }
}
