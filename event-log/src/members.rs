//! The processes that share limits: each writes its row once a second, and knows which others do.
//!
//! By the clock of the database. A process that was not seen for five seconds is gone for the others.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::LogError;
use crate::outage::Outage;
use crate::read::limited;

/// How often a process writes its row.
const EVERY: Duration = Duration::from_secs(1);
/// A process whose row is older is gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Rows that are older are removed.
const KEPT: Duration = Duration::from_mins(10);
/// How long the row's removal may take at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The live processes, this one among them.
#[derive(Debug)]
pub struct Members {
    pool: PgPool,
    own: Uuid,
    live: watch::Sender<BTreeSet<Uuid>>,
}

impl Members {
    /// Writes this process's row and reads the others' once; [`run`](Self::run) goes on with it.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn join(pool: PgPool, own: Uuid) -> Result<Self, LogError> {
        let members = Self { pool, own, live: watch::Sender::new(BTreeSet::from([own])) };
        members.look().await?;
        Ok(members)
    }

    /// This process's id.
    pub const fn own(&self) -> Uuid {
        self.own
    }

    /// The live processes as last seen, at most some seconds ago.
    pub fn live(&self) -> watch::Receiver<BTreeSet<Uuid>> {
        self.live.subscribe()
    }

    /// Writes the row every second until the token ends, then removes it.
    pub async fn run(&self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            tokio::select! {
                () = token.cancelled() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
            match self.look().await {
                Ok(()) => {
                    if let Some(duration_ms) = outage.ends() {
                        tracing::info!(duration_ms, "the processes that share limits can be counted again");
                    }
                }
                Err(error) => {
                    if outage.begins() {
                        tracing::warn!(%error, "the processes that share limits cannot be counted");
                    }
                }
            }
        }
        let leaving = sqlx::query("delete from api_processes where owner = $1").bind(self.own);
        if !matches!(timeout(LAST_WORDS, leaving.execute(&self.pool)).await, Ok(Ok(_))) {
            tracing::warn!("the others count this process for some seconds more");
        }
    }

    async fn look(&self) -> Result<(), LogError> {
        let live: Vec<Uuid> = limited(
            sqlx::query_scalar(
                "with here as (
                    insert into api_processes (owner, seen_at) values ($1, clock_timestamp())
                        on conflict (owner) do update set seen_at = excluded.seen_at),
                gone as (
                    delete from api_processes where seen_at < clock_timestamp() - make_interval(secs => $3))
                select owner from api_processes
                 where owner <> $1 and seen_at > clock_timestamp() - make_interval(secs => $2)",
            )
            .bind(self.own)
            .bind(GONE_AFTER.as_secs_f64())
            .bind(KEPT.as_secs_f64())
            .fetch_all(&self.pool),
        )
        .await?;
        self.live.send_replace(live.into_iter().chain([self.own]).collect());
        Ok(())
    }
}
