//! A message as SMTP carries it: envelope, typed headers, encoded bodies.
//!
//! Bodies go out as quoted-printable or base64 and never as they are, so that no line of a body can end the message
//! (RUSTSEC-2026-0561); headers hold no line breaks of their own (`header.rs`). The same delivery gives the same
//! `Message-ID` and date on every attempt.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{
    ContentTransferEncoding, ContentType, Date, Headers, MIME_VERSION_1_0, MessageId,
};
use lettre::message::{Body, MultiPart, SinglePart};
use orqestra_domain::provider::Sender;
use orqestra_domain::{EmailAddress, MailRoute};

use super::header::{of_mailbox, of_text};
use crate::provider::Message;
use crate::provider::sender::sender;

/// A letter ready to be sent.
pub(super) struct Letter {
    pub(super) from: MailRoute,
    pub(super) to: MailRoute,
    pub(super) message_id: String,
    pub(super) bytes: Vec<u8>,
}

/// Why a message is no letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLetter {
    /// Neither provider nor tenant names a sender, or what they name is no mailbox.
    Sender,
    /// SMTP cannot carry the recipient's address.
    Recipient,
}

/// Whether SMTP can carry an address at all.
pub(crate) fn is_addressable(email: &EmailAddress) -> bool {
    email.route().is_some()
}

impl Letter {
    pub(super) fn write(message: &Message, from: Option<&Sender>) -> Result<Self, NoLetter> {
        let (sender, from) = sender(from, message.sender.as_ref()).ok_or(NoLetter::Sender)?;
        let to = MailRoute::of(&message.to).ok_or(NoLetter::Recipient)?;
        let message_id = message.message_id();
        let since_epoch = u64::try_from(message.accepted_at.unix_micros()).unwrap_or(0);
        let date = UNIX_EPOCH + Duration::from_micros(since_epoch);
        let mut headers = Headers::new();
        headers.insert_raw(of_mailbox("From", sender.name(), &from));
        headers.insert_raw(of_mailbox("To", None, &to));
        headers.insert_raw(of_text("Subject", message.content.subject.as_deref().unwrap_or_default()));
        headers.set(MessageId::from(message_id.clone()));
        headers.set(Date::new(date));
        headers.set(MIME_VERSION_1_0);
        let mut bytes = headers.to_string().into_bytes();
        let html = part(ContentType::TEXT_HTML, &message.content.body);
        bytes.extend(match &message.content.text {
            None => html.formatted(),
            Some(text) => MultiPart::alternative()
                // No line of quoted-printable or base64 can look like it.
                .boundary(format!("=_{}", message.delivery.as_uuid().simple()))
                .singlepart(part(ContentType::TEXT_PLAIN, text))
                .singlepart(html)
                .formatted(),
        });
        Ok(Self { from, to, message_id, bytes })
    }

    /// Whether only a server with SMTPUTF8 can take it.
    pub(super) fn needs_utf8(&self) -> bool {
        self.from.needs_utf8() || self.to.needs_utf8() || !self.bytes.is_ascii()
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    let lines = with_crlf(text);
    let encoding = if text.is_ascii() {
        ContentTransferEncoding::QuotedPrintable
    } else {
        ContentTransferEncoding::Base64
    };
    let body = Body::new_with_encoding(lines, encoding).expect("both encodings carry any bytes");
    SinglePart::builder().header(kind).body(body)
}

/// Every kind of line end as CRLF.
fn with_crlf(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use orqestra_commands::RenderedContent;
    use orqestra_domain::{Channel, DedupKey, DeliveryId, NotificationId, TenantId, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::provider::samples;

    fn message(to: &str, subject: &str, body: &str, text: Option<&str>) -> Message {
        Message {
            tenant: TenantId::PLATFORM,
            notification: NotificationId::from_uuid(Uuid::nil()),
            delivery: DeliveryId::from_uuid(Uuid::from_u128(5)),
            dedup_key: DedupKey::from_uuid(Uuid::from_u128(5)),
            channel: Channel::Email,
            to: to.to_owned(),
            content: RenderedContent {
                subject: Some(subject.to_owned()),
                title: None,
                body: body.to_owned(),
                text: text.map(str::to_owned),
            },
            event_id: None,
            sender: Some(EmailAddress::parse("tenant@example.org").unwrap()),
            key: samples::key(),
            accepted_at: Timestamp::from_unix_micros(1_776_859_200_000_000),
            expires_at: Timestamp::from_unix_micros(1_776_859_200_000_000)
                .plus(std::time::Duration::from_hours(72)),
            at: Timestamp::EPOCH,
        }
    }

    /// A sender as it is stored, whatever it is.
    fn stored(from: &str) -> Sender {
        serde_json::from_value(from.into()).unwrap()
    }

    fn written(message: &Message, from: Option<&str>) -> String {
        let from = from.map(stored);
        String::from_utf8(Letter::write(message, from.as_ref()).unwrap().bytes).unwrap()
    }

    #[tokio::test]
    async fn a_letter_has_the_same_id_and_date_on_every_attempt() {
        let mut message = message("user@example.com", "Hello", "<p>Hi</p>", Some("Hi"));
        let first = written(&message, Some("Shop <shop@example.org>"));
        message.at = Timestamp::from_unix_micros(99_000_000);
        assert_eq!(first, written(&message, Some("Shop <shop@example.org>")));
        let id = "Message-ID: <00000000-0000-0000-0000-000000000005@deliveries.orqestra>\r\n";
        assert!(first.contains(id));
        assert!(
            written(&message, Some("Other <other@other.example>")).contains(id),
            "whatever the sender is"
        );
        assert!(written(&message, None).contains(id));
        assert!(first.contains("Date: Wed, 22 Apr 2026 12:00:00 +0000\r\n"));
        assert!(
            first.contains("multipart/alternative")
                && first.contains("text/plain")
                && first.contains("text/html")
        );
    }

    #[tokio::test]
    async fn no_text_of_a_tenant_can_add_a_header() {
        let letter = message("user@example.com", "Hi\r\nBcc: x@example.com", "b", None);
        let written = written(&letter, Some("Shop <shop@example.org>"));
        assert!(written.contains("Subject: Hi Bcc: x@example.com\r\n"));
        assert!(!written.lines().any(|line| line.starts_with("Bcc:")));
    }

    #[tokio::test]
    async fn no_line_of_a_body_can_end_the_message() {
        for body in ["a\n.\nb", "a\r.\rb", "a\r\n.\r\nb", "é\n.\n", ".\r\n.\r.\n"] {
            let bytes =
                Letter::write(&message("user@example.com", "s", body, Some(body)), None).unwrap().bytes;
            assert!(bytes.is_ascii());
            let bare = |at: usize| match bytes[at] {
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                b'\n' => bytes.get(at.wrapping_sub(1)) != Some(&b'\r'),
                _ => false,
            };
            assert!(!(0..bytes.len()).any(bare), "{body:?}");
        }
    }

    #[tokio::test]
    async fn an_international_domain_goes_out_in_ascii_and_a_local_part_needs_utf8() {
        let domain = Letter::write(&message("user@bücher.example", "s", "b", None), None).unwrap();
        assert_eq!(
            (domain.to.to_string().as_str(), domain.needs_utf8()),
            ("user@xn--bcher-kva.example", false)
        );
        let local = Letter::write(&message("jörg@example.com", "s", "b", None), None).unwrap();
        assert!(local.needs_utf8());
    }

    #[tokio::test]
    async fn without_a_sender_there_is_no_letter() {
        let mut letter = message("user@example.com", "s", "b", None);
        letter.sender = None;
        assert_eq!(Letter::write(&letter, None).err(), Some(NoLetter::Sender));
        assert_eq!(Letter::write(&letter, Some(&stored("not a mailbox"))).err(), Some(NoLetter::Sender));
        letter.to = "nowhere".to_owned();
        assert_eq!(Letter::write(&letter, Some(&stored("a@example.org"))).err(), Some(NoLetter::Recipient));
    }

    #[test]
    fn every_kind_of_line_end_becomes_crlf() {
        assert_eq!(with_crlf("a\nb\rc\r\nd\n\re"), b"a\r\nb\r\nc\r\nd\r\n\r\ne");
    }
}
