//! An address that a tenant sends nothing to: suppressed by what a provider told or by an operator, until one lifts it.
//!
//! One stream for each tenant and address, named by the address's look-up form; the address itself is never stored. A bounce,
//! a complaint or an opt-out ends sending to the address for good; what passes by itself, such as a full mailbox, suppresses
//! nothing. Forgetting a person leaves it: the look-up form identifies no person without the tenant's key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::channel::Channel;
use crate::id::{AddressRef, NotificationId};
use crate::timestamp::Timestamp;

/// An event of a suppression's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SuppressionEvent {
    /// From now on nothing is sent to the address.
    AddressSuppressed(AddressSuppressed),
    /// It is sent to again.
    SuppressionLifted(SuppressionLifted),
}

/// See [`SuppressionEvent::AddressSuppressed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressSuppressed {
    /// The channel that the address is of.
    pub channel: Channel,
    /// The address's look-up form.
    pub address_ref: AddressRef,
    /// Why.
    pub reason: SuppressionReason,
    /// The notification on which it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<NotificationId>,
    /// A stable code of the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The actor, as the metadata names it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`SuppressionEvent::SuppressionLifted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuppressionLifted {
    /// The channel that the address is of.
    pub channel: Channel,
    /// The address's look-up form.
    pub address_ref: AddressRef,
    /// The actor, as the metadata names it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why an address is suppressed. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionReason {
    /// A message came back for good: the address takes none.
    Bounced,
    /// The recipient reported a message as unwanted.
    Complained,
    /// The recipient told the provider to send no more.
    OptedOut,
    /// An operator decided so.
    Operator,
}

/// A text that is not a code of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of bounced, complained, opted_out, operator")]
pub struct UnknownReason;

impl SuppressionReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Bounced, Self::Complained, Self::OptedOut, Self::Operator];

    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::OptedOut => "opted_out",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for SuppressionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SuppressionReason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code).ok_or(UnknownReason)
    }
}

impl SuppressionEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AddressSuppressed(_) => "AddressSuppressed",
            Self::SuppressionLifted(_) => "SuppressionLifted",
        }
    }
}

/// A command to a suppression.
#[derive(Clone, Debug)]
pub enum SuppressionCommand {
    /// Send nothing to the address; a suppressed one stays as it is.
    Suppress {
        /// The event.
        suppressed: AddressSuppressed,
        /// When a provider saw the reason, where it may tell it again: a reason from before a lift suppresses nothing.
        seen_at: Option<Timestamp>,
    },
    /// Send to it again.
    Lift {
        /// The actor.
        by: String,
        /// Now.
        at: Timestamp,
    },
}

/// Why a command on a suppression was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionRefusal {
    /// The address is not suppressed.
    #[error("the address is not suppressed")]
    NotSuppressed,
    /// The channel reaches a person, and not an address.
    #[error("{0} has no addresses")]
    NoAddress(Channel),
    /// The stream belongs to another address, or to another channel's.
    #[error("the suppression is of another address or channel")]
    OtherAddress,
}

/// An address of a tenant: never suppressed, suppressed, or lifted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suppression {
    of: Option<(Channel, AddressRef)>,
    current: Option<Box<AddressSuppressed>>,
    lifted_at: Option<Timestamp>,
}

impl Suppression {
    /// Why and since when the address is suppressed, if it is.
    pub fn current(&self) -> Option<&AddressSuppressed> {
        self.current.as_deref()
    }

    /// Decides on a command. An empty list means that the address is suppressed already.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn decide(&self, command: SuppressionCommand) -> Result<Vec<SuppressionEvent>, SuppressionRefusal> {
        match command {
            SuppressionCommand::Suppress { seen_at, .. }
                if seen_at.zip(self.lifted_at).is_some_and(|(seen, lifted)| seen <= lifted) =>
            {
                Ok(Vec::new())
            }
            SuppressionCommand::Suppress { suppressed, .. } => self.suppress(suppressed),
            SuppressionCommand::Lift { by, at } => {
                let current = self.current().ok_or(SuppressionRefusal::NotSuppressed)?;
                let (channel, address_ref) = (current.channel, current.address_ref);
                let lifted = SuppressionLifted { channel, address_ref, by, at };
                Ok(vec![SuppressionEvent::SuppressionLifted(lifted)])
            }
        }
    }

    fn suppress(&self, suppressed: AddressSuppressed) -> Result<Vec<SuppressionEvent>, SuppressionRefusal> {
        if suppressed.channel == Channel::Push {
            return Err(SuppressionRefusal::NoAddress(suppressed.channel));
        }
        if self.of.is_some_and(|of| of != (suppressed.channel, suppressed.address_ref)) {
            return Err(SuppressionRefusal::OtherAddress);
        }
        // The first reason stands: a bounce after a complaint says nothing new.
        Ok(match self.current {
            Some(_) => Vec::new(),
            None => vec![SuppressionEvent::AddressSuppressed(suppressed)],
        })
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &SuppressionEvent) -> Self {
        match event {
            SuppressionEvent::AddressSuppressed(suppressed) => {
                self.of.get_or_insert((suppressed.channel, suppressed.address_ref));
                self.current = Some(Box::new(suppressed.clone()));
            }
            SuppressionEvent::SuppressionLifted(lifted) => {
                self.current = None;
                self.lifted_at = Some(lifted.at);
            }
        }
        self
    }
}

aggregate!(Suppression, "Suppression", SuppressionCommand, SuppressionEvent, SuppressionRefusal);

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::*;
    use crate::sample::{at, stored};

    fn suppressed(reason: SuppressionReason, second: i64) -> AddressSuppressed {
        AddressSuppressed {
            channel: Channel::Sms,
            address_ref: AddressRef::from_bytes([7; 32]),
            reason,
            notification: None,
            cause: Some("twilio_21610".to_owned()),
            by: "engine:dispatch".to_owned(),
            at: at(second),
        }
    }

    fn event(reason: SuppressionReason, second: i64) -> SuppressionEvent {
        SuppressionEvent::AddressSuppressed(suppressed(reason, second))
    }

    fn lift() -> SuppressionCommand {
        SuppressionCommand::Lift { by: "admin:primary".to_owned(), at: at(9) }
    }

    fn lifted() -> SuppressionEvent {
        SuppressionEvent::SuppressionLifted(SuppressionLifted {
            channel: Channel::Sms,
            address_ref: AddressRef::from_bytes([7; 32]),
            by: "admin:primary".to_owned(),
            at: at(9),
        })
    }

    fn given(events: Vec<SuppressionEvent>) -> AggregateTestExecutor<Suppression> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn an_address_is_suppressed_for_its_first_reason() {
        let first = || event(SuppressionReason::OptedOut, 1);
        given(vec![])
            .when(SuppressionCommand::Suppress {
                suppressed: suppressed(SuppressionReason::OptedOut, 1),
                seen_at: None,
            })
            .then_expect_events(vec![first()]);
        for again in SuppressionReason::ALL {
            given(vec![first()])
                .when(SuppressionCommand::Suppress { suppressed: suppressed(again, 2), seen_at: None })
                .then_expect_events(vec![]);
        }
        let state = Suppression::default().evolve(&first());
        assert_eq!(state.current(), Some(&suppressed(SuppressionReason::OptedOut, 1)));
        assert_eq!(stored(&state), state);
    }

    #[test]
    fn a_suppression_that_was_lifted_may_come_again() {
        let first = || event(SuppressionReason::Bounced, 1);
        given(vec![first()]).when(lift()).then_expect_events(vec![lifted()]);
        given(vec![first(), lifted()])
            .when(SuppressionCommand::Suppress {
                suppressed: suppressed(SuppressionReason::Operator, 11),
                seen_at: None,
            })
            .then_expect_events(vec![event(SuppressionReason::Operator, 11)]);
        assert_eq!(Suppression::default().evolve(&first()).evolve(&lifted()).current(), None);
    }

    #[test]
    fn what_was_seen_before_a_lift_suppresses_nothing_after_it() {
        let again = |seen| SuppressionCommand::Suppress {
            suppressed: suppressed(SuppressionReason::Bounced, 20),
            seen_at: Some(at(seen)),
        };
        let given_lifted = || given(vec![event(SuppressionReason::Bounced, 1), lifted()]);
        // It was lifted at 9.
        given_lifted().when(again(9)).then_expect_events(vec![]);
        given_lifted().when(again(10)).then_expect_events(vec![event(SuppressionReason::Bounced, 20)]);
    }

    #[test]
    fn what_is_not_suppressed_cannot_be_lifted() {
        given(vec![]).when(lift()).then_expect_error(SuppressionRefusal::NotSuppressed);
        given(vec![event(SuppressionReason::Bounced, 1), lifted()])
            .when(lift())
            .then_expect_error(SuppressionRefusal::NotSuppressed);
    }

    #[test]
    fn a_push_has_no_address_that_could_be_suppressed() {
        let push = AddressSuppressed { channel: Channel::Push, ..suppressed(SuppressionReason::Operator, 1) };
        given(vec![])
            .when(SuppressionCommand::Suppress { suppressed: push, seen_at: None })
            .then_expect_error(SuppressionRefusal::NoAddress(Channel::Push));
    }

    #[test]
    fn a_stream_is_of_one_address_on_one_channel_also_after_it_was_lifted() {
        let of = || suppressed(SuppressionReason::Operator, 10);
        let other_channel = AddressSuppressed { channel: Channel::Email, ..of() };
        let other_address = AddressSuppressed { address_ref: AddressRef::from_bytes([8; 32]), ..of() };
        for other in [other_channel, other_address] {
            given(vec![event(SuppressionReason::Bounced, 1), lifted()])
                .when(SuppressionCommand::Suppress { suppressed: other, seen_at: None })
                .then_expect_error(SuppressionRefusal::OtherAddress);
        }
    }

    #[test]
    fn a_reason_is_read_by_its_code_which_is_what_is_stored() {
        for reason in SuppressionReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert!(UnknownReason.to_string().contains(reason.as_str()));
        }
        assert_eq!("blocked".parse::<SuppressionReason>(), Err(UnknownReason));
    }
}
