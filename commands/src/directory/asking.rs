//! One question to the database for all callers of one moment.
//!
//! Invariant: a caller gets a head that was read after its call, or learns that it cannot be read. However many callers ask,
//! and however often, the database is asked once in [`SPACE`]: callers with wrong keys cannot make it busy, and while it does
//! not answer no caller waits for more than two questions.

use std::time::Duration;

use orqestra_event_log::{EventLog, LogError, Position};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

/// The shortest time between two questions.
const SPACE: Duration = Duration::from_millis(2);

/// When the database was asked last, and its answer, if one came.
#[derive(Default)]
pub(super) struct Asking(Mutex<Option<(Instant, Option<Position>)>>);

impl Asking {
    /// The head of the log as it was after this was called.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub(super) async fn head(&self, log: &EventLog, within: Duration) -> Result<Position, LogError> {
        let came = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((asked_at, head)) = *last {
            // While this waited for its turn, others have asked.
            if asked_at >= came {
                return head.ok_or(LogError::Timeout);
            }
            sleep_until(asked_at + SPACE).await;
        }
        let asked_at = Instant::now();
        let head = timeout(within, log.fetch_head()).await.unwrap_or(Err(LogError::Timeout));
        *last = Some((asked_at, head.as_ref().ok().copied()));
        head
    }
}
