//! Why a command did not do what it was asked. One enum for all, the refusal being the aggregate's own.

use std::time::Duration;

use orqestra_event_log::LogError;
use orqestra_vault::KeyError;

/// What a repeated request named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MismatchOf {
    /// The event id.
    EventId,
    /// The idempotency key.
    IdempotencyKey,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R: std::error::Error> {
    /// A rule said no.
    #[error(transparent)]
    Refused(R),
    /// There is no such tenant.
    #[error("no such tenant")]
    UnknownTenant,
    /// The same event id or key came before with another body or another kind of key.
    #[error("the {} was used before with another body or another kind of API key", match .0 {
        MismatchOf::EventId => "event id",
        MismatchOf::IdempotencyKey => "idempotency key",
    })]
    IdempotencyMismatch(MismatchOf),
    /// The person was forgotten while this was under way: what it relies on cannot be read any more.
    #[error("the recipient was forgotten")]
    RecipientForgotten,
    /// What the caller may do was changed while this was under way: it is to be judged anew.
    #[error("the caller's rights have changed meanwhile")]
    RightsChanged,
    /// An event would be larger than the log takes.
    #[error("too large to be stored")]
    TooLarge,
    /// The log's queue is full.
    #[error("too much to do")]
    Overloaded {
        /// When to come again.
        retry_after: Duration,
    },
    /// Others were faster too many times.
    #[error("too many writers on one stream")]
    Contended,
    /// The database did not answer.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// The database refused what it was asked: a fault of this program or of the set-up.
    #[error("the log refused: {0}")]
    Failed(String),
    /// A newer program wrote what this would have to be decided on.
    #[error("the log holds what only a newer program can read: {0}")]
    Newer(String),
    /// What is stored cannot be read.
    #[error("the log holds what this program cannot read: {0}")]
    Corrupt(String),
}

impl<R: std::error::Error> CommandError<R> {
    /// The refusal, or the same failure of another aggregate's command.
    pub(crate) fn other<S: std::error::Error>(self) -> Result<R, CommandError<S>> {
        Err(match self {
            Self::Refused(refusal) => return Ok(refusal),
            Self::UnknownTenant => CommandError::UnknownTenant,
            Self::IdempotencyMismatch(of) => CommandError::IdempotencyMismatch(of),
            Self::RecipientForgotten => CommandError::RecipientForgotten,
            Self::RightsChanged => CommandError::RightsChanged,
            Self::TooLarge => CommandError::TooLarge,
            Self::Overloaded { retry_after } => CommandError::Overloaded { retry_after },
            Self::Contended => CommandError::Contended,
            Self::Unavailable(why) => CommandError::Unavailable(why),
            Self::Failed(why) => CommandError::Failed(why),
            Self::Newer(what) => CommandError::Newer(what),
            Self::Corrupt(what) => CommandError::Corrupt(what),
        })
    }
}

impl<R: std::error::Error> From<LogError> for CommandError<R> {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full => Self::Overloaded { retry_after: Duration::from_secs(1) },
            LogError::Corrupt { .. } => Self::Corrupt(error.to_string()),
            LogError::Database(_)
            | LogError::Timeout
            | LogError::Closed
            | LogError::NotDurable { .. }
            | LogError::Changed(_)
            | LogError::CheckpointBeyondHead { .. } => Self::Unavailable(error.to_string()),
        }
    }
}

impl<R: std::error::Error> From<KeyError> for CommandError<R> {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Gone => Self::RecipientForgotten,
            KeyError::Unavailable(why) => Self::Unavailable(why.to_string()),
            KeyError::Corrupt(why) => Self::Corrupt(why.to_string()),
        }
    }
}
