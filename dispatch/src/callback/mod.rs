//! Receipts: what a provider calls back with, verified as its own and read.
//!
//! Pure: an entry of the configuration, its opened secret and the request come in, receipts go out. Invariant: nothing is read
//! before a signature holds, and signatures and secrets are compared in constant time. A signed callback that
//! names no message's fate gives no receipt and is not an error.
//!
//! | kind | signed by | over | how old |
//! |---|---|---|---|
//! | Resend | HMAC-SHA256, the secret `whsec_…`; several signatures | `svix-id.svix-timestamp.body` | 5 minutes: each try has its own time |
//! | `SendGrid` | ECDSA over P-256, the public key | the timestamp and the body | 25 hours: it tries for 24, and tells nowhere that the time is the try's |
//! | Twilio | HMAC-SHA1, the account's token | the URL, which has to be known, and the sorted fields | no time is signed |
//! | Africa's Talking | nothing | the secret is part of the path | no time is signed |
//!
//! A callback that is repeated while its signature holds is harmless: [`Receipt::event_ref`] tells a repeat.

mod africastalking;
pub(crate) mod known;
mod look;
mod record;
mod resend;
mod sendgrid;
#[cfg(test)]
mod signed;
pub(crate) mod twilio;
mod verify;
mod waiting;

use hyper::HeaderMap;
use orqestra_domain::notification::ReceiptSays;
use orqestra_domain::provider::{HttpConfig, SecretName};
use orqestra_domain::{Cause, Channel, DeliveryId, NotificationId, PhoneNumber, Sealed, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use self::look::Matching;
pub use self::record::{NotTaken, Receipts, Taken, Verified};
pub use self::verify::Unverified;

/// The name under which the delivery's id goes along with a message.
pub(crate) const DELIVERY: &str = "orqestra_delivery";
/// The name under which the notification's id goes along with a message.
pub(crate) const NOTIFICATION: &str = "orqestra_notification";
/// Most characters of a provider's words that are kept.
const MOST_WORDS: usize = 1_000;
/// Most bytes of a provider's id of a message, or of an event.
const MOST_OF_AN_ID: usize = 255;
/// How far a provider's clock may be ahead.
const AHEAD_AT_MOST: i64 = 5 * 60;

/// A request to the address of callbacks.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The address as the provider sees it, with its query; `None` where the installation's is not known. What the request itself
    /// says of its host is the caller's word, and no signature is checked against it.
    pub url: Option<&'a str>,
    /// The secret part of the path, where there is one.
    pub path_secret: Option<&'a str>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body as it came.
    pub body: &'a [u8],
    /// Now.
    pub now: Timestamp,
}

/// What a provider says of one message.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The notification, where the provider brings its id back.
    pub notification: Option<NotificationId>,
    /// The delivery, where the provider brings its id back.
    pub delivery: Option<DeliveryId>,
    /// The channel that the provider carries.
    pub channel: Channel,
    /// The number that it went to, where the provider brings no id of ours back.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of the message, as the answer to the request gave it.
    pub provider_message_id: Option<String>,
    /// What makes a repeat recognisable, among the receipts of one entry.
    pub event_ref: String,
    /// The word.
    pub says: ReceiptSays,
    /// Why, where the message did not simply arrive.
    pub cause: Option<Cause>,
    /// When, by the provider; now where it does not say.
    pub occurred_at: Timestamp,
    /// The provider's own words, which may name the recipient.
    pub words: Option<String>,
}

/// Prints ids and codes alone.
impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = self.notification.map(|id| id.to_string()).unwrap_or_default();
        write!(f, "Receipt({of}, {}, {})", self.channel, self.says.as_str())
    }
}

/// Why a callback is not the entry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The entry has nothing to verify callbacks by, or it is not what the kind verifies by.
    #[error("the entry has no usable webhook secret or key")]
    NoSecret,
    /// No signature, or none that holds.
    #[error("the signature does not hold")]
    WrongSignature,
    /// The signature holds, and its time is over or yet to come.
    #[error("the signature is too old or of a time to come")]
    OutOfTime,
    /// The signature holds, and the body is not what the kind sends.
    #[error("the body cannot be read")]
    Unreadable,
}

/// The secret that an entry's callbacks are verified by, where it is one.
pub fn verifying_secret(config: &HttpConfig) -> Option<(SecretName, &Sealed)> {
    match config {
        HttpConfig::Resend(_) | HttpConfig::AfricasTalking(_) => {
            config.webhook_secret().map(|secret| (SecretName::Webhook, secret))
        }
        HttpConfig::Twilio(config) => Some((SecretName::Key, &config.auth_token)),
        HttpConfig::SendGrid(_) => None,
    }
}

/// Verifies a callback by an entry, and reads its receipts. `secret` is [`verifying_secret`], opened.
///
/// # Errors
/// Why the callback is not this entry's, or cannot be read.
pub fn receipts(
    config: &HttpConfig,
    secret: Option<&str>,
    callback: &Callback<'_>,
) -> Result<Vec<Receipt>, Rejected> {
    match config {
        HttpConfig::Resend(_) => resend::receipts(secret.ok_or(Rejected::NoSecret)?, callback),
        HttpConfig::SendGrid(config) => {
            let key = config.webhook_public_key.as_deref().ok_or(Rejected::NoSecret)?;
            sendgrid::receipts(key, callback)
        }
        HttpConfig::Twilio(_) => twilio::receipts(secret.ok_or(Rejected::NoSecret)?, callback),
        HttpConfig::AfricasTalking(_) => {
            africastalking::receipts(secret.ok_or(Rejected::NoSecret)?, callback)
        }
    }
}

impl Callback<'_> {
    /// The one value of a header; of several none is believed.
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    }

    /// Whether a time in seconds is at most so old, and hardly ahead.
    fn is_in_time(&self, seconds: i64, at_most: i64) -> bool {
        let now = self.now.unix_micros() / 1_000_000;
        seconds.checked_add(at_most).is_some_and(|last| now <= last)
            && now.checked_add(AHEAD_AT_MOST).is_some_and(|first| seconds <= first)
    }

    /// A provider's time, no later than now.
    fn time(&self, seconds: i64) -> Timestamp {
        let micros = seconds.saturating_mul(1_000_000);
        Timestamp::from_unix_micros(micros.max(0)).min(self.now)
    }
}

/// Compares two secrets in constant time.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

/// An id of a provider's that may stand in the log as it is.
fn plain(id: &str) -> Option<String> {
    let fits = (1..=MOST_OF_AN_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

/// The provider's words, as much of them as is kept.
fn kept(words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| words.chars().take(MOST_WORDS).collect())
}

/// Most fields of a form: it is read before its signature is verified.
const MOST_FIELDS: usize = 256;

/// The fields of a form, decoded. One with more fields than any provider sends is cut, and verifies nowhere.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().take(MOST_FIELDS).collect()
}

/// The first value of a field.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_prints_no_address_and_no_words() {
        let receipt = Receipt {
            notification: None,
            delivery: None,
            channel: Channel::Email,
            phone: Some(PhoneNumber::parse("+254712345678").unwrap()),
            provider_message_id: Some("ann@example.org".to_owned()),
            event_ref: "ann@example.org".to_owned(),
            says: ReceiptSays::Bounced,
            cause: Some(Cause::ResendBounce),
            occurred_at: Timestamp::EPOCH,
            words: Some("550 ann@example.org is not here".to_owned()),
        };
        assert_eq!(format!("{receipt:?}"), "Receipt(, EMAIL, bounced)");
    }
}
