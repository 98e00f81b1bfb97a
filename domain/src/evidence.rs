//! What is kept for auditors: that somebody read personal data, what of it, and why; that an operator had a test message
//! sent.
//!
//! One stream for each reading and each test, so that none waits for another. An event names kinds of data and the
//! notifications that they are of, never the data; an address stands in it as its look-up form.

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::channel::Channel;
use crate::id::{AddressRef, NotificationId, ProviderInstanceId};
use crate::sealed::Sealed;
use crate::timestamp::Timestamp;

/// An event of an evidence's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvidenceEvent {
    /// Personal data was opened for somebody, who gets it only after this is stored.
    PersonalDataRead(PersonalDataRead),
    /// An operator asked for a test message by one provider entry, which gets it only after this is stored.
    ProviderTestRequested(ProviderTestRequested),
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

/// See [`EvidenceEvent::ProviderTestRequested`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderTestRequested {
    /// On which channel.
    pub channel: Channel,
    /// The kind of the provider that carries it.
    pub provider: String,
    /// The provider's entry in the configuration.
    pub instance: ProviderInstanceId,
    /// The look-up form of the address.
    pub address_ref: AddressRef,
    /// Who asked.
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
            Self::ProviderTestRequested(_) => "ProviderTestRequested",
        }
    }
}

/// A command to an evidence.
#[derive(Clone, Debug)]
pub enum EvidenceCommand {
    /// Record that personal data is read.
    Read(PersonalDataRead),
    /// Record that a test message is about to be sent.
    Test(ProviderTestRequested),
}

/// Why a command on an evidence was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceRefusal {
    /// The stream holds another reading or test.
    #[error("the stream holds a reading or a test already")]
    AlreadyRecorded,
}

/// Something kept for auditors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    kept: Option<Box<EvidenceEvent>>,
}

impl Evidence {
    /// Decides on a command.
    ///
    /// # Errors
    /// `AlreadyRecorded`: a reading or a test is one event, and its stream is its own.
    pub fn decide(&self, command: EvidenceCommand) -> Result<Vec<EvidenceEvent>, EvidenceRefusal> {
        if self.kept.is_some() {
            return Err(EvidenceRefusal::AlreadyRecorded);
        }
        Ok(vec![match command {
            EvidenceCommand::Read(mut read) => {
                read.opened.sort_unstable();
                read.opened.dedup();
                EvidenceEvent::PersonalDataRead(read)
            }
            EvidenceCommand::Test(test) => EvidenceEvent::ProviderTestRequested(test),
        }])
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &EvidenceEvent) -> Self {
        self.kept.get_or_insert_with(|| Box::new(event.clone()));
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

    fn test() -> ProviderTestRequested {
        ProviderTestRequested {
            channel: Channel::Sms,
            provider: "twilio".to_owned(),
            instance: ProviderInstanceId::from_uuid(Uuid::from_u128(8)),
            address_ref: AddressRef::from_bytes([9; 32]),
            by: "admin:primary".to_owned(),
            at: at(2),
        }
    }

    #[test]
    fn a_test_of_a_provider_is_one_event() {
        TestFramework::<Evidence>::with(())
            .given_no_previous_events()
            .when(EvidenceCommand::Test(test()))
            .then_expect_events(vec![EvidenceEvent::ProviderTestRequested(test())]);
    }

    #[test]
    fn a_stream_holds_one_reading_or_one_test() {
        let events =
            [EvidenceEvent::PersonalDataRead(read(&[])), EvidenceEvent::ProviderTestRequested(test())];
        for event in events {
            for command in [EvidenceCommand::Read(read(&[])), EvidenceCommand::Test(test())] {
                TestFramework::<Evidence>::with(())
                    .given(vec![event.clone()])
                    .when(command)
                    .then_expect_error(EvidenceRefusal::AlreadyRecorded);
            }
        }
    }
}
