//! A person that a tenant notifies, as far as the log has to know: whether they were forgotten, and when.
//!
//! The stream is named by the reference, never by the user id. A forgotten person who is notified again starts
//! anew, with new keys.

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::id::RecipientRef;
use crate::timestamp::Timestamp;

/// An event of a recipient's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecipientEvent {
    /// The person's keys were destroyed with the append of this event; what they sealed is unreadable for ever.
    RecipientForgotten(RecipientForgotten),
}

/// See [`RecipientEvent::RecipientForgotten`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecipientForgotten {
    /// Who.
    pub recipient_ref: RecipientRef,
    /// When.
    pub at: Timestamp,
}

impl RecipientEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RecipientForgotten(_) => "RecipientForgotten",
        }
    }
}

/// A command to a recipient.
#[derive(Clone, Copy, Debug)]
pub enum RecipientCommand {
    /// Forget the person. Always yields an event: keys may have come since the last time.
    Forget {
        /// Who.
        recipient: RecipientRef,
        /// Now.
        at: Timestamp,
    },
}

/// Why a command on a recipient was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientRefusal {}

/// A recipient.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    forgotten_at: Option<Timestamp>,
}

impl Recipient {
    /// When the person was last forgotten.
    pub fn forgotten_at(&self) -> Option<Timestamp> {
        self.forgotten_at
    }

    /// Decides on a command.
    ///
    /// # Errors
    /// None today.
    pub fn decide(&self, command: RecipientCommand) -> Result<Vec<RecipientEvent>, RecipientRefusal> {
        let RecipientCommand::Forget { recipient, at } = command;
        Ok(vec![RecipientEvent::RecipientForgotten(RecipientForgotten { recipient_ref: recipient, at })])
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &RecipientEvent) -> Self {
        let RecipientEvent::RecipientForgotten(forgotten) = event;
        self.forgotten_at = Some(forgotten.at);
        self
    }
}

aggregate!(Recipient, "Recipient", RecipientCommand, RecipientEvent, RecipientRefusal);

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::sample::at;

    const WHO: RecipientRef = RecipientRef::from_bytes([7; 32]);

    fn forgotten(second: i64) -> RecipientEvent {
        RecipientEvent::RecipientForgotten(RecipientForgotten { recipient_ref: WHO, at: at(second) })
    }

    fn forget(second: i64) -> RecipientCommand {
        RecipientCommand::Forget { recipient: WHO, at: at(second) }
    }

    #[test]
    fn a_person_nothing_is_known_of_can_be_forgotten() {
        TestFramework::<Recipient>::with(())
            .given_no_previous_events()
            .when(forget(1))
            .then_expect_events(vec![forgotten(1)]);
    }

    #[test]
    fn forgetting_again_is_another_event_since_keys_may_have_come() {
        TestFramework::<Recipient>::with(())
            .given(vec![forgotten(1)])
            .when(forget(2))
            .then_expect_events(vec![forgotten(2)]);
    }

    #[test]
    fn the_last_forgetting_stands() {
        let recipient = Recipient::default().evolve(&forgotten(1)).evolve(&forgotten(2));
        assert_eq!(recipient.forgotten_at(), Some(at(2)));
    }
}
