//! Counts the processes that send, so that each takes its part of what a provider allows.
//!
//! Each process writes its row once a second by the clock of the database; one that was not seen for five looks is gone. A
//! process that may be gone for the others makes no call within limits, and neither does one that they have not counted yet.

use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::Outage;
use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::LAST_WORDS;
use crate::due::store::DueError;
use crate::provider::shares::Shares;

/// A process that was not seen for so many looks is gone.
const LOOKS: u32 = 5;
/// Rows of processes that were not seen for so long are removed.
const KEPT: Duration = Duration::from_mins(10);

pub(super) struct Peers {
    pub(super) pool: PgPool,
    pub(super) owner: Uuid,
    /// How often it looks, and how long a look may take.
    pub(super) pause: Duration,
    pub(super) shares: Arc<Shares>,
}

impl Peers {
    /// Counts until this process makes no more calls.
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            tell!(
                outage,
                self.look().await,
                "the processes that send can be counted again",
                "the processes that send cannot be counted"
            );
            tokio::select! {
                () = token.cancelled() => break,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
        let leaving = sqlx::query("delete from dispatch_processes where owner = $1").bind(self.owner);
        if !matches!(timeout(LAST_WORDS, leaving.execute(&self.pool)).await, Ok(Ok(_))) {
            tracing::warn!("the others count this process for some seconds more");
        }
    }

    /// Says that this process runs, and counts the others.
    async fn look(&self) -> Result<(), DueError> {
        let begun = Instant::now();
        let look = sqlx::query_scalar::<_, i64>(
            "with here as (
                insert into dispatch_processes (owner, seen_at) values ($1, clock_timestamp())
                    on conflict (owner) do update set seen_at = excluded.seen_at),
            gone as (
                delete from dispatch_processes where seen_at < clock_timestamp() - make_interval(secs => $3))
            select count(*) from dispatch_processes
             where owner <> $1 and seen_at > clock_timestamp() - make_interval(secs => $2)",
        )
        .bind(self.owner)
        .bind((self.pause * LOOKS).as_secs_f64())
        .bind(KEPT.as_secs_f64());
        let mut connection =
            timeout(self.pause, self.pool.acquire()).await.map_err(|_| DueError::Timeout)??;
        let Ok(counted) = timeout(self.pause, look.fetch_one(&mut *connection)).await else {
            // It may hang for others too.
            drop(connection.detach());
            return Err(DueError::Timeout);
        };
        let others = counted?;
        let processes = u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1);
        // Within two pauses every process has looked again. The row may have been written as early as the look was begun.
        let (after_gap, until) = (Instant::now() + self.pause * 2, begun + self.pause * (LOOKS - 1));
        self.shares.counted(processes, begun, after_gap, until);
        metrics::gauge!("orqestra_dispatch_processes").set(f64::from(processes));
        Ok(())
    }
}
