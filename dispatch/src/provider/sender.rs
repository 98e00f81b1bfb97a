//! The sender of an email: the entry's own mailbox, else the tenant's address.

use orqestra_domain::provider::Sender;
use orqestra_domain::{EmailAddress, MailRoute, Mailbox};

/// The mailbox that a message is sent from, and its address as mail carries it.
pub(crate) fn sender(own: Option<&Sender>, tenants: Option<&EmailAddress>) -> Option<(Mailbox, MailRoute)> {
    let mailbox = match own {
        Some(own) => own.mailbox()?,
        None => Mailbox::from(tenants?.clone()),
    };
    let route = mailbox.address().route()?;
    Some((mailbox, route))
}
