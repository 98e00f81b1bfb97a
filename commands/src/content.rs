//! The JSON inside sealed fields, and the names under which they are sealed. Frozen: additive only.

use orqestra_domain::{Channel, EmailAddress, EventId, PhoneNumber, ReceiptRef, UserId};
use serde::{Deserialize, Serialize};

/// Inside `NotificationAccepted.recipient`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecipientContact {
    /// The recipient's id in the tenant's system.
    pub user_id: UserId,
    /// Where email goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Where text messages go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    /// The caller's id of the event; absent where it stands in the event in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
}

/// Inside `DeliveryRendered.content`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedContent {
    /// The subject of an email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The title of a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The body: HTML of an email, text elsewhere.
    pub body: String,
    /// The plain text beside an email's HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The name under which `NotificationAccepted.recipient` is sealed.
pub const RECIPIENT_FIELD: &str = "recipient";
/// The name under which `NotificationAccepted.variables` is sealed.
pub const VARIABLES_FIELD: &str = "variables";
pub(crate) const WEBHOOK_SECRET_FIELD: &str = "webhookSecret";

/// The name under which a channel's rendered content is sealed.
pub const fn content_field(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "content:EMAIL",
        Channel::Sms => "content:SMS",
        Channel::Push => "content:PUSH",
    }
}

/// The name under which a provider's words of a receipt are sealed.
pub fn receipt_field(channel: Channel, receipt: ReceiptRef) -> String {
    format!("receipt:{channel}:{receipt}")
}

/// The name under which a provider's answer to an attempt is sealed.
pub fn answer_field(channel: Channel, attempt: u32) -> String {
    format!("answer:{channel}:{attempt}")
}
