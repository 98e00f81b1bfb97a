//! Why the log could not be opened or read. Refused appends are no errors, see [`Outcome`](crate::Outcome).

use std::sync::Arc;

use crate::intact::LogChange;
use crate::position::Position;

/// Why the log could not be opened or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The database did not answer, or answered with an error.
    #[error("the database failed: {0}")]
    Database(Arc<sqlx::Error>),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Timeout,
    /// Too many reads wait already.
    #[error("too many reads are waiting")]
    Full,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The server would lose acknowledged events in a crash.
    #[error("the server runs with {setting} off, so a crash would lose acknowledged events")]
    NotDurable {
        /// The setting that must be on.
        setting: &'static str,
    },
    /// The database holds another log than the one that this process knows.
    #[error(transparent)]
    Changed(Arc<LogChange>),
    /// A subscription has handled events that the log does not hold.
    #[error(
        "the subscription {subscription} has handled events up to position {checkpoint}, and the log ends at {head}: stop every process, run `orqestra recover --after-restore`, then start again (docs/operations.md)"
    )]
    CheckpointBeyondHead {
        /// Its name.
        subscription: String,
        /// Where it stands.
        checkpoint: Position,
        /// Where the log ends.
        head: Position,
    },
    /// A stored event is not what the log writes.
    #[error("the event at position {position} is corrupt: {reason}")]
    Corrupt {
        /// Where it stands.
        position: i64,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl LogError {
    /// Whether only an operator can help: the process that meets it stops.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Changed(_) | Self::CheckpointBeyondHead { .. } => true,
            Self::Database(_)
            | Self::Timeout
            | Self::Full
            | Self::Closed
            | Self::NotDurable { .. }
            | Self::Corrupt { .. } => false,
        }
    }

    /// Whether what was asked for did not come in time, so that less of it may.
    pub(crate) fn is_late(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::Database(error) => is_late(error),
            Self::Full
            | Self::Closed
            | Self::NotDurable { .. }
            | Self::Corrupt { .. }
            | Self::Changed(_)
            | Self::CheckpointBeyondHead { .. } => false,
        }
    }
}

/// Whether the server ended a statement or a transaction because of its time limit.
pub(crate) fn is_late(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // Cancelled; idle in its transaction for too long; a transaction that took too long.
    code.is_some_and(|code| ["57014", "25P03", "25P04"].contains(&code.as_ref()))
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Timeout,
            error => Self::Database(Arc::new(error)),
        }
    }
}
