//! Sender and recipient of an email, for the kinds that carry it.

use orqestra_domain::notification::FailureClass;
use orqestra_domain::provider::Sender;
use orqestra_domain::{Cause, MailRoute, Mailbox};

use crate::provider::sender::sender;
use crate::provider::{Message, SendError};

/// A mailbox with its address as mail carries it.
pub(super) struct From {
    pub(super) name: Option<String>,
    pub(super) address: String,
}

/// A message's sender, and its recipient's address as mail carries it.
pub(super) fn parties(own: Option<&Sender>, message: &Message) -> Result<(From, String), SendError> {
    let not_asked = |cause: Cause, class| SendError::NotAsked { cause: cause.into(), class };
    // Once the settings name one, the same message goes out.
    let found = sender(own, message.sender.as_ref());
    let (mailbox, route) = found.ok_or_else(|| not_asked(Cause::NoSender, FailureClass::Retryable))?;
    let to = MailRoute::of(&message.to);
    let to = to.ok_or_else(|| not_asked(Cause::Unaddressable, FailureClass::Permanent))?;
    let name = Mailbox::name(&mailbox).map(str::to_owned);
    Ok((From { name, address: route.to_string() }, to.to_string()))
}

/// A mailbox in one line, its name in quotes.
pub(super) fn written(from: &From) -> String {
    match &from.name {
        None => from.address.clone(),
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{}>", from.address)
        }
    }
}
