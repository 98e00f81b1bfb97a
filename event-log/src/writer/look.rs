//! A look whether an append would be stored: the writer's own statement with a command that the log refuses.
//!
//! It takes the lock, needs every right and reaches every table that an append does, and writes nothing. Whether there is
//! room on the disk a temporary file tells, which is in no WAL. Only where appends have failed it goes further and rolls
//! a real one back.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use sqlx::{Executor as _, PgConnection};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::queued::{Made, Queued, Unplaced, Written};
use super::statement::append_batch;
use crate::append::Ticket;
use crate::hindrance::Hindrance;
use crate::intact::{Identity, Known};
use crate::position::Position;
use crate::recorded::Metadata;
use crate::source::{Clock as _, Ids as _, SystemClock, SystemIds};
use crate::upcast::Upcasters;

/// Bounded, since batches wait behind it. A set of rows that does not fit into this memory goes to a file.
const BEGIN: &str = "begin;
    set local lock_timeout = '900ms'; set local statement_timeout = '950ms';
    set local work_mem = '64kB'; set local temp_tablespaces = '';
    select count(*) from generate_series(1, 10000)";
/// Random bytes that no page which has room left takes.
const IDS: usize = 400;
/// How long a look from outside may take.
const LOOK_WITHIN: Duration = Duration::from_secs(3);

/// Looks whether an append would be stored, by one that the log refuses: it changes nothing.
///
/// # Errors
/// Why it would not.
pub async fn look_at_appends(session: &mut PgConnection) -> Result<(), Hindrance> {
    let looking = async {
        begin(session).await?;
        let (log_id, epoch) =
            sqlx::query_as("select log_id, epoch from log_identity").fetch_one(&mut *session).await?;
        let found: Option<(i64, Uuid)> =
            sqlx::query_as("select position, event_id from events order by position desc limit 1")
                .fetch_optional(&mut *session)
                .await?;
        let (position, event_id) = found.unzip();
        let known = Known { position: Position::new(position.unwrap_or(0)), event_id };
        refused(session, (Identity { log_id, epoch }, known)).await?;
        end(session).await
    };
    match timeout(LOOK_WITHIN, looking).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Hindrance::of_look(&error)),
        Err(_) => Err(Hindrance::Silent),
    }
}

/// Begins a transaction with limits of its own, and writes a file where the database writes its own.
pub(crate) async fn begin(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    session.execute(sqlx::raw_sql(BEGIN)).await.map(drop)
}

/// Ends it.
pub(crate) async fn end(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    session.execute("rollback").await.map(drop)
}

/// Asks for an append to a version that no stream has.
pub(crate) async fn refused(session: &mut PgConnection, log: (Identity, Known)) -> Result<(), sqlx::Error> {
    append(session, -1, String::from("{}"), log).await
}

/// Appends an event of more than a page. The caller takes it back.
pub(super) async fn real(session: &mut PgConnection, log: (Identity, Known)) -> Result<(), sqlx::Error> {
    let mut ids = String::new();
    for _ in 0..IDS {
        write!(ids, "{}", SystemIds.uuid_v7(SystemClock.now())).expect("a text takes what is written");
    }
    append(session, 0, format!(r#"{{"ids":"{ids}"}}"#), log).await
}

async fn append(
    session: &mut PgConnection,
    expected: i64,
    payload: String,
    log: (Identity, Known),
) -> Result<(), sqlx::Error> {
    let (now, nil) = (SystemClock.now(), Uuid::nil());
    let command = Unplaced {
        aggregate_type: Cow::Borrowed("Look"),
        aggregate_id: format!("{nil}/{nil}"),
        expected,
        events: vec![Written {
            event_id: None,
            event_type: "Looked".to_owned(),
            event_version: "1.0.0".to_owned(),
            payload,
            metadata: Metadata::default(),
            decoded: None,
        }],
        ticket: Ticket::default(),
    };
    let made = Made { now, ids: &SystemIds, upcasters: &Upcasters::default() };
    let queued = Queued::made(command, made, oneshot::channel().0)
        .map_err(|_| sqlx::Error::Protocol("a look is a command like any other".to_owned()))?;
    // Where the log is another one, the look at the head tells.
    append_batch(session, &[&queued], now, log).await.map(drop)
}
