//! The mailbox that an entry's emails come from, in the words in which it was given.

use serde::{Deserialize, Serialize};

use crate::mailbox::{InvalidMailbox, Mailbox};

/// A mailbox as it was written, as in `Shop <shop@example.org>`. A stored one is read whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sender(String);

impl Sender {
    /// Checks that it is one mailbox.
    ///
    /// # Errors
    /// If it is not, or too long.
    pub fn parse(raw: &str) -> Result<Self, InvalidMailbox> {
        Mailbox::parse(raw).map(|_| Self(raw.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name and address; nothing for a stored one that an earlier rule took and today's does not.
    pub fn mailbox(&self) -> Option<Mailbox> {
        Mailbox::parse(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_one_mailbox_and_a_stored_one_is_read_whatever_it_is() {
        let sender = Sender::parse("Shop <shop@example.org>").unwrap();
        assert_eq!(sender.as_str(), "Shop <shop@example.org>");
        assert_eq!(sender.mailbox().unwrap().address().as_str(), "shop@example.org");
        assert_eq!(Sender::parse("a@example.org, b@example.org"), Err(InvalidMailbox));
        let stored: Sender = serde_json::from_str("\"nobody\"").unwrap();
        assert_eq!((stored.as_str(), stored.mailbox()), ("nobody", None));
    }
}
