//! Whether the database still holds the log that this process knows.
//!
//! The last event known stands for all before it: each look at the head and each append verifies that event's id in the
//! statement that brings something newer, so nothing newer is taken from another log. A difference is final: memory is
//! dropped, nothing is read or stored any more, and the process stops.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::LogError;
use crate::position::Position;

/// How the log in the database differs from the one that this process knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogChange {
    /// It ends before the last event known.
    #[error(
        "the log ends at position {found}, and this process has seen it up to {known}: the database was restored from a backup, reverted to a snapshot, or failed over to a server that lacks the end. {REMEDY}"
    )]
    Shortened {
        /// The last position known.
        known: Position,
        /// Where the log ends.
        found: Position,
    },
    /// Another event stands at the last position known.
    #[error(
        "another event stands at position {position} than this process has seen there: the database was restored or failed over, and has gone on with other events. {REMEDY}"
    )]
    Replaced {
        /// The position.
        position: Position,
    },
    /// The database holds another log, or the same one after a recovery.
    #[error(
        "the database holds log {found} of epoch {found_epoch}, and this process works on log {known} of epoch {known_epoch}: another database was put in its place, or `orqestra recover` has run. Start this process again"
    )]
    Identity {
        /// The log that this process was opened on.
        known: Uuid,
        /// Its epoch.
        known_epoch: i64,
        /// The log that the database holds.
        found: Uuid,
        /// Its epoch.
        found_epoch: i64,
    },
}

/// The remedy for a log that has lost its end, as an operator reads it.
const REMEDY: &str =
    "Stop every process, run `orqestra recover --after-restore`, then start again (docs/operations.md)";

/// The log's id and epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) log_id: Uuid,
    pub(crate) epoch: i64,
}

/// The last event known to be stored; no id before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) position: Position,
    pub(crate) event_id: Option<Uuid>,
}

/// The findings of one look at the database, read in one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) identity: Identity,
    /// The log's last event.
    pub(crate) head: Known,
    /// The event at the position asked about.
    pub(crate) at_known: Option<Uuid>,
}

/// The log as this process knows it.
#[derive(Debug)]
pub(crate) struct Intact {
    identity: Identity,
    known: Mutex<Known>,
    change: OnceLock<Arc<LogChange>>,
    token: CancellationToken,
}

impl Intact {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, known: Mutex::default(), change: OnceLock::new(), token: CancellationToken::new() }
    }

    pub(crate) const fn identity(&self) -> Identity {
        self.identity
    }

    /// The last event known.
    pub(crate) fn known(&self) -> Known {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a newer event. False: it is not newer.
    pub(crate) fn learn(&self, newer: Known) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if newer.position > known.position {
            *known = newer;
            return true;
        }
        let same = newer.position < known.position || newer.event_id == known.event_id;
        drop(known);
        if !same {
            self.note(LogChange::Replaced { position: newer.position });
        }
        false
    }

    /// Compares what was found with what was known before the question.
    pub(crate) fn verify(&self, known: Known, found: &Found) -> Result<(), LogError> {
        let change = if found.identity != self.identity {
            LogChange::Identity {
                known: self.identity.log_id,
                known_epoch: self.identity.epoch,
                found: found.identity.log_id,
                found_epoch: found.identity.epoch,
            }
        } else if found.head.position < known.position {
            LogChange::Shortened { known: known.position, found: found.head.position }
        } else if found.at_known != known.event_id {
            LogChange::Replaced { position: known.position }
        } else {
            return self.check();
        };
        Err(self.note(change))
    }

    /// Notes a difference; the first one is the one that is told.
    pub(crate) fn note(&self, change: LogChange) -> LogError {
        let mut first = false;
        let noted = self.change.get_or_init(|| {
            first = true;
            Arc::new(change)
        });
        if first {
            tracing::error!(change = %noted, "the log has changed under this process, which stops");
            self.token.cancel();
        }
        LogError::Changed(Arc::clone(noted))
    }

    /// The difference noted, if there is one.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        match self.change.get() {
            None => Ok(()),
            Some(change) => Err(LogError::Changed(Arc::clone(change))),
        }
    }

    /// Waits until a difference is noted.
    pub(crate) async fn changed(&self) -> LogError {
        self.token.cancelled().await;
        match self.check() {
            Err(error) => error,
            Ok(()) => LogError::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: Identity = Identity { log_id: Uuid::from_u128(1), epoch: 1 };

    fn at(position: i64, id: u128) -> Known {
        Known { position: Position::new(position), event_id: Some(Uuid::from_u128(id)) }
    }

    fn knows(known: Known) -> Intact {
        let intact = Intact::new(LOG);
        assert!(intact.learn(known));
        intact
    }

    fn verified(known: Known, found: &Found) -> Option<LogChange> {
        let intact = knows(known);
        let verified = intact.verify(known, found);
        assert_eq!(verified.is_err(), intact.check().is_err(), "a difference stays");
        match verified {
            Ok(()) => None,
            Err(LogError::Changed(change)) => Some((*change).clone()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_log_that_only_grew_is_the_one_known() {
        let found = Found { identity: LOG, head: at(9, 9), at_known: Some(Uuid::from_u128(7)) };
        assert_eq!(verified(at(7, 7), &found), None);
        let empty = Intact::new(LOG);
        let found = Found { identity: LOG, head: Known::default(), at_known: None };
        assert!(empty.verify(Known::default(), &found).is_ok());
    }

    #[test]
    fn a_shorter_a_foreign_and_an_overtaken_log_are_told_apart() {
        let shorter = Found { identity: LOG, head: at(5, 5), at_known: None };
        let (known, found) = (Position::new(7), Position::new(5));
        assert_eq!(verified(at(7, 7), &shorter), Some(LogChange::Shortened { known, found }));
        let overtaken = Found { identity: LOG, head: at(9, 9), at_known: Some(Uuid::from_u128(70)) };
        assert_eq!(verified(at(7, 7), &overtaken), Some(LogChange::Replaced { position: known }));
        let identity = Identity { epoch: 2, ..LOG };
        let recovered = Found { identity, head: at(9, 9), at_known: Some(Uuid::from_u128(7)) };
        assert!(matches!(verified(at(7, 7), &recovered), Some(LogChange::Identity { found_epoch: 2, .. })));
    }

    #[test]
    fn two_events_of_one_position_are_of_two_logs() {
        let intact = knows(at(7, 7));
        assert!(!intact.learn(at(7, 7)) && !intact.learn(at(6, 60)));
        assert!(intact.check().is_ok(), "what is older says nothing");
        assert!(!intact.learn(at(7, 70)));
        assert!(intact.check().is_err());
    }
}
