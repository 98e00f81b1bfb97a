//! Why a read model could not answer, be brought up to date or take an event.
//!
//! Nothing personal is in any message.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::{LogError, SubscriberError};
use orqestra_vault::ReadFailure;

use crate::fact::UnreadableFact;

/// How long a query may take, waiting for a connection included.
const LIMIT: Duration = Duration::from_secs(5);

/// Why a read model could not answer or be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadModelError {
    /// The database did not answer, or answered with an error.
    #[error("the database failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Timeout,
    /// The log could not be read.
    #[error("the log cannot be read")]
    Log(#[from] LogError),
    /// The keys that open the rows could not be read now.
    #[error("data keys cannot be read now")]
    Keys(#[from] ReadFailure),
    /// An event cannot be read by this program.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFact),
    /// A row holds what no projection writes.
    #[error("{table}.{column} holds what no projection writes")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

impl From<sqlx::Error> for ReadModelError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Timeout,
            error => Self::Database(Arc::new(error)),
        }
    }
}

/// Puts the time limit on a query.
pub(crate) async fn limited<T, E>(query: impl Future<Output = Result<T, E>>) -> Result<T, ReadModelError>
where
    ReadModelError: From<E>,
{
    match tokio::time::timeout(LIMIT, query).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(ReadModelError::Timeout),
    }
}

/// Why events could not be handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// An event cannot be read by this program.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFact),
    /// The database did not take the rows.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<ApplyError> for ReadModelError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Unreadable(fact) => fact.into(),
            ApplyError::Database(error) => error.into(),
        }
    }
}

impl From<ApplyError> for SubscriberError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Unreadable(fact) if fact.newer => Self::newer(fact),
            ApplyError::Unreadable(fact) => Self::event(fact),
            ApplyError::Database(error) => error.into(),
        }
    }
}
