//! A rebuild: the whole log folded anew into shadow tables, beside the live ones, and the two compared.
//!
//! What differs is put right in one transaction, so readers see the old rows or the new ones and nothing between.
//! Rows are exchanged and not tables: grants, policies, settings and the views over a table stay as they are, and
//! readers are never locked out. A rebuild reads events and writes none; an event that it cannot handle ends it.

use std::time::Duration;

use orqestra_event_log::{EventLog, Frontier, LogError, Position, checkpoint};
use sqlx::{Connection, PgConnection, PgPool};

use crate::error::ApplyError;
use crate::fact::UnreadableFact;
use crate::generation::Generation;
use crate::plan;
use crate::projection::{Projection, ProjectionTable};

/// Events handled in one transaction.
const BATCH: usize = 2_000;
/// A shadow this close to the head catches up with the live tables held.
const CLOSE: i64 = 2_000;
/// How long a rebuild waits for the live tables' writers to let it in.
const LOCK_WAIT: &str = "5s";
/// How long a batch may take.
const BATCH_LIMIT: Duration = Duration::from_mins(1);
/// The error code of a lock that is not to be had now.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What to do with what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildMode {
    /// Count it and leave the live tables alone.
    Verify,
    /// Put the live tables right.
    Swap,
}

/// What a rebuild found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildReport {
    /// Events folded.
    pub events: u64,
    /// The position up to which both were compared.
    pub position: Position,
    /// What differed, by table. All zero is how it should be.
    pub tables: Vec<TableDifference>,
}

/// How a live table differed from the rebuilt one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: &'static str,
    /// Live rows that the log does not give.
    pub stale: u64,
    /// Rows that the log gives and the live table lacks.
    pub missing: u64,
}

impl RebuildReport {
    /// Rows that differed, counted on both sides.
    pub fn differences(&self) -> u64 {
        self.tables.iter().map(|table| table.stale + table.missing).sum()
    }
}

/// Why a rebuild ended early. The live tables are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Another rebuild is under way.
    #[error("another rebuild is under way, so {0} is not rebuilt now: try again once that one has ended")]
    UnderWay(&'static str),
    /// An event cannot be read by this program.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFact),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The database failed, refused, or did not let the rebuild at the live tables in time.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A batch took too long.
    #[error("the database did not answer in time")]
    Timeout,
}

impl From<ApplyError> for RebuildError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Unreadable(fact) => fact.into(),
            ApplyError::Database(error) => error.into(),
        }
    }
}

/// Rebuilds a projection from position zero and compares. The pool's role must own the projection's tables.
///
/// The live tables' writers wait while rows are compared; their readers do not.
///
/// # Errors
/// See [`RebuildError`]. Any error is final: nothing is skipped.
pub async fn rebuild(
    log: &EventLog,
    pool: &PgPool,
    projection: Projection,
    mode: RebuildMode,
) -> Result<RebuildReport, RebuildError> {
    // A connection each: however this ends, the lock does not outlive its own.
    let mut turn = pool.acquire().await?.detach();
    if !take_turn(&mut turn).await? {
        return Err(RebuildError::UnderWay(projection.name()));
    }
    let mut conn = pool.acquire().await?.detach();
    let rebuilt = rebuild_alone(log, pool, &mut conn, projection, mode).await;
    // The server may take a while to notice that the connection is closed.
    let unlocked = sqlx::query("rollback").execute(&mut turn).await;
    let report = rebuilt?;
    unlocked?;
    turn.close().await?;
    conn.close().await?;
    tracing::info!(
        projection = projection.name(),
        event.position = report.position.get(),
        events = report.events,
        differences = report.differences(),
        "rebuilt a projection",
    );
    Ok(report)
}

async fn rebuild_alone(
    log: &EventLog,
    pool: &PgPool,
    conn: &mut PgConnection,
    projection: Projection,
    mode: RebuildMode,
) -> Result<RebuildReport, RebuildError> {
    make_shadows(conn, projection).await?;
    let rebuilt = fill_and_compare(log, pool, conn, projection, mode).await;
    let dropped = drop_shadows(conn, projection).await;
    let report = rebuilt?;
    dropped?;
    Ok(report)
}

/// Takes the lock of rebuilds, which needs a right to its table: any role could hold an advisory lock. The transaction
/// that holds it has no snapshot, so it keeps nothing from being cleaned up. False: another rebuild holds the lock.
async fn take_turn(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query("begin").execute(&mut *conn).await?;
    sqlx::query("set local idle_in_transaction_session_timeout = 0").execute(&mut *conn).await?;
    let lock = sqlx::query("lock table rebuild_turn in share update exclusive mode nowait");
    match lock.execute(&mut *conn).await {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn fill_and_compare(
    log: &EventLog,
    pool: &PgPool,
    conn: &mut PgConnection,
    projection: Projection,
    mode: RebuildMode,
) -> Result<RebuildReport, RebuildError> {
    let mut reached = Position::ZERO;
    loop {
        let (_, end) = ends(log, pool, projection).await?;
        // Of partitions that stand apart all have handled this.
        let end = Frontier::whole(end.least());
        if end.least().get() - reached.get() <= CLOSE {
            break;
        }
        reached = fold(log, conn, projection, Generation::Shadow, reached, &end).await?;
    }

    let mut tx = conn.begin().await?;
    hold_live_tables(&mut tx, projection).await?;
    let (live, end) = ends(log, pool, projection).await?;
    fold(log, &mut tx, projection, Generation::Shadow, reached, &end).await?;
    if !projection.counts() {
        fold(log, &mut tx, projection, Generation::Held, live, &end).await?;
    }

    plan::as_usual(&mut tx).await?;
    let mut tables = Vec::with_capacity(projection.tables().len());
    for table in projection.tables() {
        tables.push(match mode {
            RebuildMode::Verify => count_differences(&mut tx, table).await?,
            RebuildMode::Swap => exchange_differences(&mut tx, table).await?,
        });
    }
    match mode {
        RebuildMode::Verify => tx.rollback().await?,
        RebuildMode::Swap => tx.commit().await?,
    }
    let position = end.furthest();
    Ok(RebuildReport { events: u64::try_from(position.get()).unwrap_or(0), position, tables })
}

/// How far the live tables are handled as a whole, and how far both are brought.
///
/// The live tables may have rows beyond their checkpoint (read-your-writes), so that both are brought to the head: no writer
/// applies what is not in the log. The subscription handles the same events again later, which changes nothing.
/// A projection that counts is compared as it stands instead: it would count them twice.
async fn ends(
    log: &EventLog,
    pool: &PgPool,
    projection: Projection,
) -> Result<(Position, Frontier), RebuildError> {
    let live = checkpoint(pool, projection.name()).await?.unwrap_or(Frontier::whole(Position::ZERO));
    let head = log.fetch_head().await?;
    let least = live.least();
    // A log that has lost its end holds nothing beyond it.
    Ok((least, if projection.counts() { live.up_to(head) } else { Frontier::whole(head) }))
}

/// Folds what is handled at a frontier of the events after a position.
async fn fold(
    log: &EventLog,
    conn: &mut PgConnection,
    projection: Projection,
    generation: Generation,
    from: Position,
    frontier: &Frontier,
) -> Result<Position, RebuildError> {
    let (mut reached, to) = (from, frontier.furthest());
    while reached < to {
        let page = log.read_page(reached, reached.until(to).min(BATCH), &projection.interest()).await?;
        if page.reached == reached {
            break;
        }
        let events = log.handled_at(frontier, page.events).await?;
        if !events.is_empty() {
            let mut tx = conn.begin().await?;
            tokio::time::timeout(BATCH_LIMIT, projection.apply(&mut tx, generation, &events))
                .await
                .map_err(|_| RebuildError::Timeout)??;
            tx.commit().await?;
        }
        reached = page.reached;
    }
    Ok(reached)
}

/// Keeps writers out of the live tables until the transaction ends; readers go on.
async fn hold_live_tables(conn: &mut PgConnection, projection: Projection) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = projection.tables().iter().map(|table| table.name).collect();
    let lock = format!(
        "set local lock_timeout = '{LOCK_WAIT}'; lock table {} in share row exclusive mode",
        names.join(", ")
    );
    sqlx::raw_sql(&lock).execute(conn).await.map(drop)
}

/// Unlogged, since a crash ends the rebuild anyway.
async fn make_shadows(conn: &mut PgConnection, projection: Projection) -> Result<(), sqlx::Error> {
    drop_shadows(conn, projection).await?;
    let suffix = Generation::Shadow.suffix();
    for ProjectionTable { name, .. } in projection.tables() {
        let make = format!("create unlogged table {name}{suffix} (like {name} including all)");
        sqlx::raw_sql(&make).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn drop_shadows(conn: &mut PgConnection, projection: Projection) -> Result<(), sqlx::Error> {
    let suffix = Generation::Shadow.suffix();
    for ProjectionTable { name, .. } in projection.tables() {
        sqlx::raw_sql(&format!("drop table if exists {name}{suffix}")).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn count_differences(
    conn: &mut PgConnection,
    table: &ProjectionTable,
) -> Result<TableDifference, sqlx::Error> {
    let (live, shadow) = (table.name, shadow_of(table));
    let mut count = async |one: &str, other: &str| -> Result<u64, sqlx::Error> {
        let statement = format!("select count(*) from (table {one} except all table {other}) d");
        let count: i64 = sqlx::query_scalar(&statement).fetch_one(&mut *conn).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    let stale = count(live, &shadow).await?;
    let missing = count(&shadow, live).await?;
    Ok(TableDifference { table: live, stale, missing })
}

async fn exchange_differences(
    conn: &mut PgConnection,
    table: &ProjectionTable,
) -> Result<TableDifference, sqlx::Error> {
    let (live, shadow) = (table.name, shadow_of(table));
    let same_key: Vec<String> = table.key.iter().map(|column| format!("l.{column} = d.{column}")).collect();
    let delete = format!(
        "delete from {live} l using (table {live} except all table {shadow}) d where {}",
        same_key.join(" and ")
    );
    let insert = format!("insert into {live} (table {shadow} except all table {live})");
    let stale = sqlx::query(&delete).execute(&mut *conn).await?.rows_affected();
    let missing = sqlx::query(&insert).execute(conn).await?.rows_affected();
    Ok(TableDifference { table: live, stale, missing })
}

fn shadow_of(table: &ProjectionTable) -> String {
    format!("{}{}", table.name, Generation::Shadow.suffix())
}
