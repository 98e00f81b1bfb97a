//! What is kept for auditors: that somebody read personal data, what of it, and why.
//!
//! One stream for each reading, so that readings never wait for each other. An event names kinds of data and the
//! notifications that they are of, never the data.

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::id::NotificationId;
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;

/// An event of an evidence's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvidenceEvent {
    /// Personal data was opened for somebody, who gets it only after this is stored.
    PersonalDataRead(PersonalDataRead),
}

/// See [`EvidenceEvent::PersonalDataRead`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonalDataRead {
    /// Where it was read.
    pub view: ReadView,
    /// The notifications that it is of, in the order of the answer.
    pub notifications: Vec<NotificationId>,
    /// The kinds of data that the answer holds; none where nothing could be opened any more.
    pub opened: Vec<DataKind>,
    /// The reader's reason, where the view asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed>,
    /// Who reads.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A place where an operator reads personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadView {
    /// The explanation of what became of one notification.
    Explanation,
    /// The state of one event, asked for by its notification.
    Event,
    /// The messages that the sandbox kept.
    Sandbox,
}

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// The caller's id of the event.
    EventId,
    /// The recipient's id and addresses.
    Recipient,
    /// What was rendered.
    Content,
    /// What a provider said, which may name the recipient.
    Answers,
}

impl EvidenceEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PersonalDataRead(_) => "PersonalDataRead",
        }
    }
}

/// A command to an evidence.
#[derive(Clone, Debug)]
pub enum EvidenceCommand {
    /// Record that personal data is read.
    Read(PersonalDataRead),
}

/// Why a command on an evidence was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceRefusal {
    /// The stream holds another reading.
    #[error("this reading is recorded already")]
    AlreadyRecorded,
}

/// Something kept for auditors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    read: Option<Box<PersonalDataRead>>,
}

impl Evidence {
    /// Decides on a command.
    ///
    /// # Errors
    /// `AlreadyRecorded`: a reading is one event, and its stream is its own.
    pub fn decide(&self, command: EvidenceCommand) -> Result<Vec<EvidenceEvent>, EvidenceRefusal> {
        let EvidenceCommand::Read(mut read) = command;
        if self.read.is_some() {
            return Err(EvidenceRefusal::AlreadyRecorded);
        }
        read.opened.sort_unstable();
        read.opened.dedup();
        Ok(vec![EvidenceEvent::PersonalDataRead(read)])
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &EvidenceEvent) -> Self {
        let EvidenceEvent::PersonalDataRead(read) = event;
        self.read.get_or_insert_with(|| Box::new(read.clone()));
        self
    }
}

aggregate!(Evidence, "Evidence", EvidenceCommand, EvidenceEvent, EvidenceRefusal);

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;
    use crate::sample::at;

    fn read(opened: &[DataKind]) -> PersonalDataRead {
        PersonalDataRead {
            view: ReadView::Explanation,
            notifications: vec![NotificationId::from_uuid(Uuid::from_u128(7))],
            opened: opened.to_vec(),
            reason: None,
            by: "admin:primary".to_owned(),
            at: at(1),
        }
    }

    #[test]
    fn a_reading_is_one_event_that_names_each_kind_once() {
        let asked = read(&[DataKind::Answers, DataKind::Recipient, DataKind::Answers]);
        let told = read(&[DataKind::Recipient, DataKind::Answers]);
        TestFramework::<Evidence>::with(())
            .given_no_previous_events()
            .when(EvidenceCommand::Read(asked))
            .then_expect_events(vec![EvidenceEvent::PersonalDataRead(told)]);
    }

    #[test]
    fn a_stream_holds_one_reading() {
        TestFramework::<Evidence>::with(())
            .given(vec![EvidenceEvent::PersonalDataRead(read(&[]))])
            .when(EvidenceCommand::Read(read(&[])))
            .then_expect_error(EvidenceRefusal::AlreadyRecorded);
    }
}
