//! For the tests of a kind's table: a message, an answer, and a verdict in a word.

use orqestra_commands::RenderedContent;
use orqestra_domain::{Cause, Channel, DedupKey, DeliveryId, NotificationId, TenantId, Timestamp};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use super::answer::Answer;
use super::{Api, Ask, Body, Said, Says};
use crate::provider::{Message, Reach, Scope, samples};

/// A message on a channel, the same each time.
pub(super) fn message(channel: Channel) -> Message {
    let id = |number: u128| Uuid::from_u128(0x018f_6b1e_0001_7a55_8b11_0000_0000_0000 + number);
    let (to, text) = match channel {
        Channel::Email => ("ann@bücher.example", Some("Hello".to_owned())),
        Channel::Sms | Channel::Push => ("+254712345678", None),
    };
    Message {
        tenant: TenantId::from_uuid(id(1)),
        notification: NotificationId::from_uuid(id(2)),
        delivery: DeliveryId::from_uuid(id(3)),
        dedup_key: DedupKey::from_uuid(id(4)),
        channel,
        to: to.to_owned(),
        content: RenderedContent {
            subject: text.as_ref().map(|_| "Your order".to_owned()),
            title: None,
            body: if text.is_some() { "<p>Hello</p>" } else { "Hello & welcome" }.to_owned(),
            text,
        },
        event_id: None,
        sender: Some(serde_json::from_value("shop@example.org".into()).unwrap()),
        key: samples::key(),
        accepted_at: Timestamp::from_unix_micros(1_795_953_600_000_000),
        expires_at: Timestamp::from_unix_micros(1_795_953_600_000_000)
            .plus(std::time::Duration::from_hours(72)),
        at: Timestamp::from_unix_micros(1_795_953_601_000_000),
    }
}

/// The JSON that a kind sends.
pub(super) fn json(ask: Ask) -> Value {
    let Body::Json(bytes) = ask.body else { panic!("a form") };
    serde_json::from_slice(&bytes).unwrap()
}

/// The fields that a kind sends.
pub(super) fn form(ask: Ask) -> Vec<(&'static str, String)> {
    let Body::Form(fields) = ask.body else { panic!("JSON") };
    fields
}

/// What a kind says to an answer, in a word.
pub(super) fn verdict(api: &dyn Api, status: u16, body: &str) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
    let Said { says, code } = api.says(&answer);
    let word = word(&says);
    // What suppresses an address is told from its code alone.
    assert_eq!(
        says == Says::Refused(Reach::OptedOut),
        code.is_some_and(|code| Cause::OPT_OUTS.contains(&code))
    );
    code.map_or(word.clone(), |code| format!("{word} by {code}"))
}

fn word(says: &Says) -> String {
    match says {
        Says::Taken(id) => format!("taken {}", id.as_deref().unwrap_or("without an id")),
        Says::NotTaken(Scope::Message) => "message".to_owned(),
        Says::NotTaken(Scope::Provider) => "provider".to_owned(),
        Says::NotTaken(Scope::Throttled) => "throttled".to_owned(),
        Says::Refused(Reach::Everywhere) => "refused".to_owned(),
        Says::Refused(Reach::ThisProvider) => "refused here".to_owned(),
        Says::Refused(Reach::OptedOut) => "opted out".to_owned(),
        Says::Unknown => "unknown".to_owned(),
        Says::OtherUnderKey => "unknown, not asked again".to_owned(),
    }
}
