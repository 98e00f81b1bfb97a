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
    /// An event is not what this program reads.
    #[error("the event at position {position} cannot be read: {error}")]
    Unreadable {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        error: String,
    },
    /// It did not catch up in time.
    #[error("the directory is behind the log")]
    Behind,
}

impl DirectoryError {
    /// Whether the same may work again once the database answers.
    pub const fn passes(&self) -> bool {
        match self {
            Self::Log(LogError::Database(_) | LogError::Timeout | LogError::Full)
            | Self::Key(KeyError::Unavailable(_))
            | Self::Behind => true,
            Self::Log(LogError::Closed | LogError::NotDurable { .. } | LogError::Corrupt { .. })
            | Self::Key(KeyError::Gone | KeyError::Corrupt(_))
            | Self::Unreadable { .. } => false,
        }
    }
}
