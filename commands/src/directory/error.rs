//! Why the directory could not be read or does not hold what it should.

use orqestra_event_log::{LogError, Position};
use orqestra_vault::KeyError;

/// Why the directory failed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A tenant's own key could not be read.
    #[error("a tenant's key: {0}")]
    Key(#[from] KeyError),
    /// A change of the tenant is not what this program reads, so nobody here knows how it stands.
    #[error("the tenant's change at position {position} cannot be read by this program")]
    Unreadable {
        /// Where it stands.
        position: Position,
    },
    /// It did not catch up in time.
    #[error("the directory is behind the log")]
    Behind,
}

impl DirectoryError {
    /// Whether the same may work later: once the database answers, or in a process of a newer program.
    pub const fn passes(&self) -> bool {
        match self {
            Self::Log(
                LogError::Database(_)
                | LogError::Timeout
                | LogError::Full
                // In this process for ever; a caller finds another one, or this one started again.
                | LogError::Changed(_)
                | LogError::CheckpointBeyondHead { .. },
            )
            | Self::Key(KeyError::Unavailable(_))
            | Self::Unreadable { .. }
            | Self::Behind => true,
            Self::Log(
                LogError::Closed
                | LogError::NotDurable { .. }
                | LogError::Corrupt { .. },
            )
            | Self::Key(KeyError::Gone | KeyError::Corrupt(_)) => false,
        }
    }
}
