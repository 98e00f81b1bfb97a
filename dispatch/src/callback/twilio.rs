//! Callbacks of Twilio, <https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>: a form, signed with the
//! account's token over the URL that was called and the fields in the order of their names.
//!
//! Its own proxies add or drop a port, so the URL is tried with and without one. The ids come back in the URL's query.
//!
//! | status | word |
//! |---|---|
//! | `accepted`, `scheduled`, `queued`, `sending`, `sent` | deferred |
//! | `delivered`, `read` | delivered |
//! | `failed`, `undelivered`, `canceled`; code 21211, 21214, 21217, 21265, 21266, 21268, 30005, 30006 | bounced: the number takes no messages |
//! | the same; code 21610 | opted out |
//! | the same; other codes, or none | undelivered |
//! | others | none |

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::{Cause, Channel};
use sha1::{Digest, Sha1};

use super::{Callback, Receipt, Rejected, field, fields, kept, plain};

const SIGNATURE: &str = "x-twilio-signature";
/// The names of the ids in the query of the URL that a message is sent with.
pub(crate) const IN_QUERY: [&str; 2] = ["delivery", "notification"];

pub(super) fn receipts(token: &str, callback: &Callback<'_>) -> Result<Vec<Receipt>, Rejected> {
    let url = callback.url.ok_or(Rejected::NoSecret)?;
    let signature = callback.header(SIGNATURE).ok_or(Rejected::WrongSignature)?;
    let signature = STANDARD.decode(signature).map_err(|_| Rejected::WrongSignature)?;
    if signature.len() != Sha1::output_size() {
        return Err(Rejected::WrongSignature);
    }
    let fields = fields(callback.body);
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in &fields {
        sorted.entry(name).or_default().insert(value);
    }
    let key = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    let holds = |url: String| {
        let mut mac = key.clone().chain_update(url);
        for (name, values) in &sorted {
            for value in values {
                mac.update(name.as_bytes());
                mac.update(value.as_bytes());
            }
        }
        mac.verify_slice(&signature).is_ok()
    };
    if !urls(url).into_iter().any(holds) {
        return Err(Rejected::WrongSignature);
    }
    Ok(read(&fields, url, callback).into_iter().collect())
}

/// The URL as it is, with the port of its scheme, and without a port.
fn urls(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    all.push(match port {
        Some((host, _)) => format!("{scheme}://{host}{path}"),
        None => format!("{scheme}://{authority}:{}{path}", if scheme == "http" { 80 } else { 443 }),
    });
    all
}

fn read(fields: &[(String, String)], url: &str, callback: &Callback<'_>) -> Option<Receipt> {
    let status = field(fields, "MessageStatus");
    let (says, cause) = match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => (ReceiptSays::Deferred, None),
        "delivered" | "read" => (ReceiptSays::Delivered, None),
        "failed" | "undelivered" | "canceled" => match field(fields, "ErrorCode").parse::<u32>().ok() {
            Some(code) => (of_code(code), Some(Cause::TwilioCode(code))),
            None => (ReceiptSays::Undelivered, Some(Cause::TwilioUndelivered)),
        },
        _ => return None,
    };
    let message = plain(field(fields, "MessageSid"))?;
    let query: Vec<_> =
        url.split_once('?').map_or_else(Vec::new, |(_, query)| self::fields(query.as_bytes()));
    let [delivery, notification] = IN_QUERY.map(|name| field(&query, name));
    Some(Receipt {
        notification: notification.parse().ok(),
        delivery: delivery.parse().ok(),
        channel: Channel::Sms,
        phone: None,
        event_ref: format!("{message}|{status}"),
        provider_message_id: Some(message),
        says,
        cause,
        occurred_at: callback.now,
        words: kept(field(fields, "ErrorMessage")),
    })
}

const fn of_code(code: u32) -> ReceiptSays {
    match code {
        21_211 | 21_214 | 21_217 | 21_265 | 21_266 | 21_268 | 30_005 | 30_006 => ReceiptSays::Bounced,
        21_610 => ReceiptSays::OptedOut,
        _ => ReceiptSays::Undelivered,
    }
}

#[cfg(test)]
mod tests {
    use super::super::signed::{Request, words};
    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://n.example/callbacks/twilio/t?delivery=018f6b1e-0001-7a55-8b11-000000000003\
                       &notification=018f6b1e-0001-7a55-8b11-000000000002";

    fn signature(token: &str, signed: &str) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap().chain_update(signed);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn told(url: &str, signed: &str, body: &str) -> String {
        told_by(TOKEN, url, signed, body)
    }

    fn told_by(token: &str, url: &str, signed: &str, body: &str) -> String {
        let request = Request::new(url, &[(SIGNATURE, &signature(token, signed))], body);
        words(receipts(TOKEN, &request.callback()))
    }

    #[test]
    fn twilios_own_example_holds() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
        let request = Request::new(url, &[(SIGNATURE, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")], body);
        assert_eq!(words(receipts(TOKEN, &request.callback())), "");
    }

    #[test]
    fn each_status_has_its_word_and_an_unknown_one_none() {
        for (status, code, says) in [
            ("queued", "", "deferred"),
            ("accepted", "", "deferred"),
            ("scheduled", "", "deferred"),
            ("sending", "", "deferred"),
            ("sent", "", "deferred"),
            ("delivered", "", "delivered"),
            ("read", "", "delivered"),
            ("undelivered", "", "undelivered by twilio_undelivered"),
            ("failed", "30003", "undelivered by twilio_30003"),
            ("undelivered", "30004", "undelivered by twilio_30004"),
            ("undelivered", "30005", "bounced by twilio_30005"),
            ("undelivered", "30006", "bounced by twilio_30006"),
            ("undelivered", "30007", "undelivered by twilio_30007"),
            ("failed", "21610", "opted_out by twilio_21610"),
            ("failed", "21211", "bounced by twilio_21211"),
            ("canceled", "", "undelivered by twilio_undelivered"),
            ("receiving", "", ""),
            ("", "", ""),
        ] {
            let body = format!("ErrorCode={code}&MessageSid=SM1&MessageStatus={status}");
            let signed = format!("{URL}ErrorCode{code}MessageSidSM1MessageStatus{status}");
            assert_eq!(told(URL, &signed, &body), says, "{status} {code}");
        }
        assert_eq!(told(URL, &format!("{URL}MessageStatussent"), "MessageStatus=sent"), "", "of no message");
        assert_eq!(told(URL, URL, ""), "", "an empty body");
        assert_eq!(told(URL, &format!("{URL}\u{fffd}"), "%ff"), "", "junk");
    }

    #[test]
    fn a_receipt_brings_back_the_ids_of_the_query() {
        let signed = format!("{URL}MessageSidSM1MessageStatussent");
        let body = "MessageStatus=sent&MessageSid=SM1";
        let request = Request::new(URL, &[(SIGNATURE, &signature(TOKEN, &signed))], body);
        let receipt = receipts(TOKEN, &request.callback()).unwrap().remove(0);
        assert_eq!(receipt.notification.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000002");
        assert_eq!(receipt.delivery.unwrap().to_string(), "018f6b1e-0001-7a55-8b11-000000000003");
        assert_eq!(
            (receipt.event_ref.as_str(), receipt.provider_message_id.as_deref()),
            ("SM1|sent", Some("SM1"))
        );
    }

    #[test]
    fn the_url_holds_with_the_port_of_its_scheme_and_without_one() {
        let (body, fields) = ("MessageSid=SM1&MessageStatus=sent", "MessageSidSM1MessageStatussent");
        for (seen, signed) in [
            ("https://n.example/c?a=1", "https://n.example:443/c?a=1"),
            ("https://n.example:443/c?a=1", "https://n.example/c?a=1"),
            ("https://n.example:8443/c", "https://n.example/c"),
            ("http://127.0.0.1/c", "http://127.0.0.1:80/c"),
            ("https://[2001:db8::1]/c", "https://[2001:db8::1]:443/c"),
            ("https://n.example?a=1", "https://n.example:443?a=1"),
        ] {
            assert_eq!(told(seen, &format!("{signed}{fields}"), body), "deferred", "{signed}");
        }
        for other in [
            "https://n.example:8443/c",
            "http://n.example/c",
            "https://n.example/d",
            "https://other.example/c",
        ] {
            assert_eq!(
                told("https://n.example/c", &format!("{other}{fields}"), body),
                "WrongSignature",
                "{other}"
            );
        }
    }

    #[test]
    fn no_signature_holds_where_the_address_is_not_known() {
        let signed = format!("{URL}MessageSidSM1MessageStatussent");
        let body = "MessageStatus=sent&MessageSid=SM1";
        let request =
            Request::new(URL, &[(SIGNATURE, &signature(TOKEN, &signed)), ("host", "n.example")], body);
        let unknown = Callback { url: None, ..request.callback() };
        assert_eq!(words(receipts(TOKEN, &unknown)), "NoSecret");
    }

    #[test]
    fn fields_are_signed_by_their_names_and_then_their_values_each_once() {
        let body = "MessageStatus=sent&b=2&a=%26+x&b=1&MessageSid=SM1&b=2";
        let signed = format!("{URL}MessageSidSM1MessageStatussenta& xb1b2");
        assert_eq!(told(URL, &signed, body), "deferred");
    }

    #[test]
    fn only_a_signature_of_the_token_over_this_url_and_body_holds() {
        let (body, signed) =
            ("MessageSid=SM1&MessageStatus=sent", format!("{URL}MessageSidSM1MessageStatussent"));
        assert_eq!(told(URL, &signed, body), "deferred");
        assert_eq!(told_by("54321", URL, &signed, body), "WrongSignature", "another token");
        assert_eq!(told(URL, &signed, "MessageSid=SM1&MessageStatus=delivered"), "WrongSignature");
        let right = signature(TOKEN, &signed);
        for headers in
            [&[][..], &[(SIGNATURE, "")], &[(SIGNATURE, "junk")], &[(SIGNATURE, &right), (SIGNATURE, &right)]]
        {
            let request = Request::new(URL, headers, body);
            assert_eq!(words(receipts(TOKEN, &request.callback())), "WrongSignature", "{headers:?}");
        }
    }
}
