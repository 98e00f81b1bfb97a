//! How fast a queue is sent: notifications accepted while nobody sends, then sent through the sandbox and recorded.
//!
//! The clock starts with the processes that send, so their start counts against them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, interval};

use crate::engine::{Engine, Roles};
use crate::load;
use crate::machine::{Shares, Ticks};
use crate::postgres::Postgres;

const CONNECTIONS: usize = 64;
/// Accepted, then rendered, started and succeeded.
const EVENTS_MORE: i64 = 3;
const PATIENCE: Duration = Duration::from_mins(5);

/// What it came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drained {
    /// Notifications a second, from the start of the processes until the last was sent and recorded.
    pub(crate) rate: f64,
    /// The same until the projections, too, had caught up.
    pub(crate) rate_projected: f64,
    /// The most memory of the process that accepted and of the one that sent, in KB.
    pub(crate) memory: [u64; 2],
    /// Who used the processors.
    pub(crate) shares: Shares,
}

/// Queues `count` notifications and drains them.
pub(crate) async fn measure(engine: &Engine, postgres: &Postgres, count: usize) -> Result<Drained> {
    let database = "drain";
    postgres.create(database, Some(engine.prepared())).await?;
    let api = engine.start(Roles::Api, postgres, database).await?;
    let requests = Arc::new(engine.first().triggers("drain", count));
    load::all(api.address(), requests, CONNECTIONS).await.context("queueing")?;
    let accepting = api.end().await?;

    let mut owner = postgres.connect(database).await?;
    sqlx::query("checkpoint").execute(&mut owner).await?;
    let queued = head(&mut owner).await?;
    let wanted = queued + EVENTS_MORE * i64::try_from(count)?;
    let started = Instant::now();
    let work = engine.start(Roles::Work, postgres, database).await?;
    let before = Ticks::now(Some(work.pid()), postgres.postmaster())?;
    let mut look = interval(Duration::from_millis(20));
    let recorded = recorded(&mut owner, wanted, started).await?;
    let shares = Ticks::now(Some(work.pid()), postgres.postmaster())?.since(&before);
    let projected = loop {
        look.tick().await;
        let behind: bool = sqlx::query_scalar(
            "select exists (
                 select from (select distinct on (subscription) position from checkpoints
                               order by subscription, after desc) as now
                  where position < $1)",
        )
        .bind(wanted)
        .fetch_one(&mut owner)
        .await?;
        if !behind {
            break started.elapsed();
        }
        ensure!(started.elapsed() < PATIENCE, "projections have not caught up after {PATIENCE:?}");
    };
    let sent: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'AttemptSucceeded'")
        .fetch_one(&mut owner)
        .await?;
    ensure!(usize::try_from(sent)? == count, "{sent} of {count} notifications were sent");
    let sending = work.end().await?;
    owner.close().await?;
    postgres.remove(database).await?;
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    let rate = |took: Duration| count as f64 / took.as_secs_f64();
    Ok(Drained {
        rate: rate(recorded),
        rate_projected: rate(projected),
        memory: [accepting, sending],
        shares,
    })
}

/// Waits until the log holds so many events, and returns the time since `started`.
pub(crate) async fn recorded(owner: &mut PgConnection, wanted: i64, started: Instant) -> Result<Duration> {
    let mut look = interval(Duration::from_millis(20));
    loop {
        look.tick().await;
        let head = head(owner).await?;
        if head >= wanted {
            return Ok(started.elapsed());
        }
        ensure!(started.elapsed() < PATIENCE, "{head} of {wanted} events after {PATIENCE:?}");
    }
}

/// The log's head.
pub(crate) async fn head(owner: &mut PgConnection) -> Result<i64> {
    let head = sqlx::query_scalar("select coalesce(max(position), 0) from events").fetch_one(owner).await?;
    Ok(head)
}
