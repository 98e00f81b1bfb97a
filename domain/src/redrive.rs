//! A redrive: an operator's request that dead letters are made due again, and what came of it.
//!
//! The request is an event before anything is requeued, so that the log names the actor, the deliveries and the reason.
//! Which deliveries a filter selects is looked up while the redrive runs; each one's own rules decide on it.

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::channel::Channel;
use crate::id::DeliveryId;
use crate::sealed::Sealed;
use crate::text::EventTypeName;
use crate::timestamp::Timestamp;

/// An event of a redrive's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedriveEvent {
    /// An operator asked for it.
    RedriveRequested(RedriveRequested),
    /// An operator stopped it.
    RedriveStopped(RedriveStopped),
    /// Every delivery that it selects was looked at.
    RedriveEnded(RedriveEnded),
}

/// See [`RedriveEvent::RedriveRequested`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedriveRequested {
    /// The deliveries by their ids; those that the filter selects where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Vec<DeliveryId>>,
    /// The filter; every dead letter of the tenant where nothing of it is set.
    #[serde(default, skip_serializing_if = "DeadLetterFilter::is_empty")]
    pub filter: DeadLetterFilter,
    /// Whether it is only told what would be requeued.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Sealed reason of the operator.
    pub reason: Sealed,
    /// Actor that asked.
    pub by: String,
    /// When. A delivery that ends later is not part of it.
    pub at: Timestamp,
}

/// Selects dead letters of a tenant: those that fit everything that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterFilter {
    /// Of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// With this code as the cause, or as the reason of the skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whose last attempt was carried by a provider of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Of this event type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventTypeName>,
    /// That ended at or after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// That ended before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl DeadLetterFilter {
    /// Whether nothing of it is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// See [`RedriveEvent::RedriveStopped`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedriveStopped {
    /// Actor that stopped it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`RedriveEvent::RedriveEnded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedriveEnded {
    /// Deliveries that were requeued, or would have been.
    pub requeued: u64,
    /// Deliveries that were refused, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// When.
    pub at: Timestamp,
}

/// Deliveries that were refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// A stable code.
    pub code: String,
    /// How many.
    pub deliveries: u64,
}

impl RedriveEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RedriveRequested(_) => "RedriveRequested",
            Self::RedriveStopped(_) => "RedriveStopped",
            Self::RedriveEnded(_) => "RedriveEnded",
        }
    }
}

/// A command to a redrive.
#[derive(Clone, Debug)]
pub enum RedriveCommand {
    /// Ask for it.
    Request(RedriveRequested),
    /// Stop it.
    Stop(RedriveStopped),
    /// Record what came of it.
    End(RedriveEnded),
}

/// The reason for which a redrive refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedriveRefusal {
    /// The id is another redrive's.
    #[error("the redrive was requested before")]
    AlreadyRequested,
    /// There is no such redrive.
    #[error("no such redrive")]
    NotRequested,
    /// It was stopped, or has come to its end.
    #[error("the redrive has ended")]
    AlreadyEnded,
}

/// A redrive: nothing yet, or its request and its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Redrive {
    requested: Option<Box<RedriveRequested>>,
    ended: Option<RedriveEvent>,
}

impl Redrive {
    /// Returns the request.
    pub fn requested(&self) -> Option<&RedriveRequested> {
        self.requested.as_deref()
    }

    /// Its last event, once it has been stopped or has come to its end.
    pub const fn ended(&self) -> Option<&RedriveEvent> {
        self.ended.as_ref()
    }

    /// Decides on a command.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn decide(&self, command: RedriveCommand) -> Result<Vec<RedriveEvent>, RedriveRefusal> {
        let event = match command {
            RedriveCommand::Request(_) if self.requested.is_some() => {
                return Err(RedriveRefusal::AlreadyRequested);
            }
            RedriveCommand::Request(requested) => RedriveEvent::RedriveRequested(requested),
            RedriveCommand::Stop(_) | RedriveCommand::End(_) if self.requested.is_none() => {
                return Err(RedriveRefusal::NotRequested);
            }
            RedriveCommand::Stop(_) | RedriveCommand::End(_) if self.ended.is_some() => {
                return Err(RedriveRefusal::AlreadyEnded);
            }
            RedriveCommand::Stop(stopped) => RedriveEvent::RedriveStopped(stopped),
            RedriveCommand::End(ended) => RedriveEvent::RedriveEnded(ended),
        };
        Ok(vec![event])
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &RedriveEvent) -> Self {
        match event {
            RedriveEvent::RedriveRequested(requested) => self.requested = Some(Box::new(requested.clone())),
            RedriveEvent::RedriveStopped(_) | RedriveEvent::RedriveEnded(_) => {
                self.ended.get_or_insert_with(|| event.clone());
            }
        }
        self
    }
}

aggregate!(Redrive, "Redrive", RedriveCommand, RedriveEvent, RedriveRefusal);

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::sample::{at, sealed};

    fn requested() -> RedriveRequested {
        RedriveRequested {
            deliveries: None,
            filter: DeadLetterFilter { channel: Some(Channel::Sms), ..DeadLetterFilter::default() },
            dry_run: false,
            reason: sealed("reason"),
            by: "admin:primary".to_owned(),
            at: at(1),
        }
    }

    fn stopped() -> RedriveStopped {
        RedriveStopped { by: "admin:primary".to_owned(), at: at(2) }
    }

    fn ended() -> RedriveEnded {
        RedriveEnded {
            requeued: 2,
            refused: vec![Refused { code: "expired".to_owned(), deliveries: 1 }],
            at: at(3),
        }
    }

    #[test]
    fn a_redrive_is_requested_once() {
        TestFramework::<Redrive>::with(())
            .given_no_previous_events()
            .when(RedriveCommand::Request(requested()))
            .then_expect_events(vec![RedriveEvent::RedriveRequested(requested())]);
        TestFramework::<Redrive>::with(())
            .given(vec![RedriveEvent::RedriveRequested(requested())])
            .when(RedriveCommand::Request(requested()))
            .then_expect_error(RedriveRefusal::AlreadyRequested);
    }

    #[test]
    fn a_redrive_ends_once_stopped_or_done() {
        let ends = [RedriveEvent::RedriveStopped(stopped()), RedriveEvent::RedriveEnded(ended())];
        for command in [RedriveCommand::Stop(stopped()), RedriveCommand::End(ended())] {
            TestFramework::<Redrive>::with(())
                .given_no_previous_events()
                .when(command.clone())
                .then_expect_error(RedriveRefusal::NotRequested);
            for end in &ends {
                TestFramework::<Redrive>::with(())
                    .given(vec![RedriveEvent::RedriveRequested(requested()), end.clone()])
                    .when(command.clone())
                    .then_expect_error(RedriveRefusal::AlreadyEnded);
            }
        }
        for (command, end) in
            [RedriveCommand::Stop(stopped()), RedriveCommand::End(ended())].into_iter().zip(ends)
        {
            TestFramework::<Redrive>::with(())
                .given(vec![RedriveEvent::RedriveRequested(requested())])
                .when(command)
                .then_expect_events(vec![end]);
        }
    }
}
