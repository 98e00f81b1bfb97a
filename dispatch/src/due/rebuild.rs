//! The due table from the log alone: compared with the live one, and put right where they differ.
//!
//! The table stays locked for writers only while the last stretch of the log is folded and compared, so the comparison
//! is exact for one position. Leases of rows that are right are left alone. What receipts are matched by is written with it.

use std::collections::BTreeMap;

use orqestra_domain::Timestamp;
use orqestra_event_log::{EventLog, Frontier, LogError, Position};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::expiry;
use super::fold::Fold;
use super::store::{self, DueError, Lease};
use super::subscriber::{self, INTEREST, fold_in};
use super::{Due, DueKey, DueRow};
use crate::callback::known::Known;
use crate::settings::DispatchSettings;

/// Events read at once.
const BATCH: usize = 1_000;

/// What a rebuild found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildReport {
    /// The position up to which log and table were compared: of partitions that stand apart, the furthest one's.
    pub position: Position,
    /// Rows that the log calls for.
    pub rows: usize,
    /// Rows that were wrong, missing or too many.
    pub differences: usize,
}

/// Why a rebuild ended.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The table cannot be used.
    #[error(transparent)]
    Due(#[from] DueError),
    /// An event cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Due(error.into())
    }
}

/// Folds the log up to the subscription's checkpoint, compares and puts the table right.
///
/// # Errors
/// If the log or the table cannot be used, or an event cannot be read.
pub async fn rebuild_due(
    log: &EventLog,
    pool: &PgPool,
    settings: &DispatchSettings,
) -> Result<RebuildReport, RebuildError> {
    let mut folded = Folded { fold: Fold::new(settings.sweep_after()), known: Known::at(log.clock().now()) };
    let first = Frontier::whole(subscriber::reached(pool).await?.least());
    let at = folded.up_to(log, &mut *pool.acquire().await?, Position::ZERO, &first).await?;

    let mut tx = pool.begin().await?;
    sqlx::query("lock table dispatch_due, unanswered_attempts in exclusive mode").execute(&mut *tx).await?;
    // Whatever moved the checkpoint before the lock has stored its rows; what comes after waits for it.
    let last = subscriber::reached(pool).await?;
    let position = folded.up_to(log, &mut tx, at, &last).await?;
    let Folded { fold, mut known } = folded;
    let wanted: BTreeMap<DueKey, Due> = fold.standing().collect();
    let found: BTreeMap<DueKey, Due> =
        store::all(&mut tx).await?.iter().map(|row| (row.key, row.due)).collect();
    let extra: Vec<_> = found.keys().filter(|key| !wanted.contains_key(key)).copied().collect();
    let wrong: Vec<_> = wanted
        .iter()
        .filter(|(key, due)| found.get(key) != Some(due))
        .map(|(key, due)| (DueRow { key: *key, due: *due }, false))
        .collect();
    let report = RebuildReport { position, rows: wanted.len(), differences: extra.len() + wrong.len() };
    let nobody = Lease { owner: Uuid::nil(), until: Timestamp::EPOCH };
    store::apply(&mut tx, extra.into_iter(), &wrong, nobody).await?;
    expiry::mark(&mut tx, fold.expiries()).await?;
    known.replace(&mut tx).await?;
    tx.commit().await?;
    Ok(report)
}

/// The rows that the log calls for, up to a position.
struct Folded {
    fold: Fold,
    known: Known,
}

impl Folded {
    /// Folds the events that are handled at the frontier. Messages are written as they come: none is ever taken back.
    async fn up_to(
        &mut self,
        log: &EventLog,
        connection: &mut PgConnection,
        mut at: Position,
        frontier: &Frontier,
    ) -> Result<Position, RebuildError> {
        let end = frontier.furthest();
        while at < end {
            let page = log.read_page(at, at.until(end).min(BATCH), &INTEREST).await?;
            if page.reached == at {
                break;
            }
            at = page.reached;
            let events = log.handled_at(frontier, page.events).await?;
            fold_in(&mut self.fold, &mut self.known, &events)
                .map_err(|unreadable| RebuildError::Unreadable(unreadable.to_string()))?;
            self.fold.forget_settled();
            self.known.forget_settled();
            self.known.write_messages(connection).await?;
        }
        Ok(at)
    }
}
