//! Counts the processes that send, so that each takes its part of what a provider allows.
//!
//! Each process writes its row once a second by the clock of the database; one that was not seen for five seconds is gone. A
//! process that finds others makes no call within limits before those have found it.

use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::Outage;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::due::store::{DueError, limited};
use crate::provider::shares::Shares;

/// A process that was not seen for so many looks is gone.
const LOOKS: u32 = 5;
/// Rows of processes that were not seen for so long are removed.
const KEPT: Duration = Duration::from_mins(10);

pub(super) struct Peers {
    pub(super) pool: PgPool,
    pub(super) owner: Uuid,
    /// How often it looks.
    pub(super) pause: Duration,
    pub(super) shares: Arc<Shares>,
}

impl Peers {
    /// Lets the others know of this process. Where the database cannot be asked, nothing can be claimed either.
    pub(super) async fn join(&self) {
        if let Ok(others) = self.look().await
            && others > 0
        {
            self.shares.known_from(Instant::now() + self.pause * 2);
        }
    }

    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            tokio::select! {
                () = token.cancelled() => break,
                () = tokio::time::sleep(self.pause) => {}
            }
            match self.look().await {
                Ok(_) => {
                    if let Some(duration_ms) = outage.ends() {
                        tracing::info!(duration_ms, "the processes that send can be counted again");
                    }
                }
                Err(error) => {
                    if outage.begins() {
                        tracing::warn!(error = %error, "the processes that send cannot be counted");
                    }
                }
            }
        }
        let left = sqlx::query("delete from dispatch_processes where owner = $1").bind(self.owner);
        if let Err(error) = limited(left.execute(&self.pool)).await {
            tracing::warn!(error = %error, "the others count this process for a few seconds more");
        }
    }

    /// Says that this process runs, and counts the others.
    async fn look(&self) -> Result<u32, DueError> {
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
        let others = u32::try_from(limited(look.fetch_one(&self.pool)).await?).unwrap_or(u32::MAX - 1);
        self.shares.among(others + 1);
        metrics::gauge!("orqestra_dispatch_processes").set(f64::from(others + 1));
        Ok(others)
    }
}
