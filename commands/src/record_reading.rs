//! `RecordReading`: personal data was opened for an operator, and the log says so before they get it.
//!
//! The reason is free text and may name a person, so it is sealed: with the key of the person whose data it is where there
//! is one, so that it is forgotten with them, else with the tenant's. Everything else in the event is ids and codes.

use std::fmt;

use orqestra_domain::evidence::{
    DataKind, Evidence, EvidenceCommand, EvidenceRefusal, PersonalDataRead, ReadView,
};
use orqestra_domain::text::TextError;
use orqestra_domain::{EvidenceId, NotificationId, RecipientRef, Sealed, StreamId, TenantId};
use orqestra_event_log::Ticket;
use orqestra_vault::{DataKey, FieldContext};
use uuid::Uuid;

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded, tenant_key_error};
use crate::told::Beside;

/// The name under which a reason is sealed.
pub(crate) const REASON_FIELD: &str = "reason";

/// An operator's own words on why they read: 1 to 500 bytes without control characters, and not blank.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Most characters allowed.
    pub const MAX_CHARS: usize = 500;

    /// Checks length and characters.
    ///
    /// # Errors
    /// Says which rule does not hold.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        if raw.trim().is_empty() {
            return Err(TextError::Empty);
        }
        if raw.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(TextError::TooLong { max: Self::MAX_CHARS });
        }
        if raw.chars().any(char::is_control) {
            return Err(TextError::Control);
        }
        Ok(Self(raw.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints the length alone: the text may name a person.
impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({} bytes)", self.0.len())
    }
}

/// What is read.
pub struct Reading<'a> {
    /// Where.
    pub view: ReadView,
    /// Of which notifications.
    pub notifications: Vec<NotificationId>,
    /// What is opened.
    pub opened: Vec<DataKind>,
    /// Why.
    pub reason: Option<&'a Reason>,
    /// Whose data it is, where it is one person's.
    pub of: Option<Person<'a>>,
}

/// The person whose data is read.
pub struct Person<'a> {
    /// The look-up form of the user id.
    pub recipient: RecipientRef,
    /// The key that opens the data; none where it was destroyed.
    pub key: Option<&'a DataKey>,
}

impl Commands {
    /// Records that personal data is read. Only then may it be given away.
    ///
    /// # Errors
    /// `RecipientForgotten` where the person's key was destroyed since the data was opened: it must be opened anew; the log's
    /// failure.
    pub async fn record_reading(
        &self,
        tenant: TenantId,
        reading: Reading<'_>,
        ctx: &Context,
    ) -> Result<EvidenceId, CommandError<EvidenceRefusal>> {
        let at = self.now();
        let id = EvidenceId::from_uuid(self.ids().uuid_v7(at));
        let stream = StreamId::evidence(tenant, id);
        let person_key = reading.of.as_ref().and_then(|person| person.key);
        let mut used_keys: Vec<_> = person_key.iter().map(|key| key.id()).collect();
        let reason = match (reading.reason, person_key) {
            (None, _) => None,
            (Some(reason), Some(key)) => Some(self.seal_reason(key, &stream, tenant, reason)),
            (Some(reason), None) => {
                let key = self.vault().tenant_key(tenant).await.map_err(tenant_key_error)?;
                used_keys.push(key.id());
                Some(self.seal_reason(&key, &stream, tenant, reason))
            }
        };
        let command = EvidenceCommand::Read(PersonalDataRead {
            view: reading.view,
            notifications: reading.notifications,
            opened: reading.opened,
            reason,
            by: ctx.actor.to_string(),
            at,
        });
        let ticket = Ticket { used_keys, ..Ticket::default() };
        let causes = |_: &[_], ids: &[Uuid]| vec![None; ids.len()];
        let recipient = reading.of.as_ref().map(|person| &person.recipient);
        let beside = Beside { ctx, trace: None, recipient, causes: &causes };
        match self.attempt(&stream, Evidence::default(), 0, command, ticket, &beside).await? {
            Ok(_) => Ok(id),
            Err(NotRecorded::KeyDead) => Err(CommandError::RecipientForgotten),
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyTaken(_)
                | NotRecorded::KeyRaced(_)
                | NotRecorded::Reconfigured,
            ) => Err(CommandError::Contended),
        }
    }

    fn seal_reason(&self, key: &DataKey, stream: &StreamId, tenant: TenantId, reason: &Reason) -> Sealed {
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: REASON_FIELD };
        self.vault().seal(key, &place, reason.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_is_never_printed() {
        for (bad, why) in [
            ("", TextError::Empty),
            (" \u{a0}", TextError::Empty),
            ("a\nb", TextError::Control),
            (&"x".repeat(501), TextError::TooLong { max: 500 }),
        ] {
            assert_eq!(Reason::parse(bad), Err(why), "{bad:?}");
        }
        let reason = Reason::parse("Ticket 4711: user@example.com got nothing").unwrap();
        assert_eq!(format!("{reason:?}"), "Reason(41 bytes)");
    }
}
