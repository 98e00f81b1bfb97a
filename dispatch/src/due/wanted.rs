//! The row that a delivery calls for, by its own stream: by the fold that the subscription writes the table with.

use std::time::Duration;

use orqestra_domain::StreamId;
use orqestra_event_log::{EventLog, LogError};

use super::fold::Fold;
use super::subscriber::{UnreadableDue, read};
use super::{Due, DueKey};

/// The row cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WantedError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Unreadable(#[from] UnreadableDue),
}

/// Returns the row that a delivery calls for now; `None` where nothing is due.
///
/// # Errors
/// If the log cannot be read, or an event of the stream.
pub(crate) async fn row(
    log: &EventLog,
    key: DueKey,
    sweep_after: Duration,
) -> Result<Option<Due>, WantedError> {
    let events = log.load("Notification", &StreamId::notification(key.tenant, key.notification)).await?;
    let mut fold = Fold::new(sweep_after);
    for event in &events {
        let (tenant, notification, event) = read(event)?;
        fold.apply(tenant, notification, event);
    }
    let found = fold.standing().find(|(known, _)| *known == key).map(|(_, due)| due);
    Ok(found)
}
