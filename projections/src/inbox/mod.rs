//! The inbox: what a recipient sees in the app, newest first, read or unread.
//!
//! Contents stay sealed and are opened only to be shown. Two write the rows, the subscription and read-your-writes
//! ([`Inbox::apply_now`]); both go by sequence, so neither undoes the other.

mod fold;
mod history;
mod now;
mod published;
mod write;

use std::sync::Arc;

use orqestra_event_log::{EventLog, RecordedEvent};
use orqestra_vault::Vault;
use sqlx::{PgConnection, PgPool};

use self::fold::Changes;
use crate::error::ApplyError;
use crate::generation::Generation;

pub use history::{Cursor, HistoryPage, InboxItem, PAGE_BYTES, PART_BYTES, Page, ReadStatus, Rest};
pub use published::{InboxChannel, Missed, Standing};

/// The inbox's queries and its read-your-writes.
#[derive(Clone)]
pub struct Inbox {
    pool: PgPool,
    vault: Vault,
    log: EventLog,
}

impl Inbox {
    /// Reads and writes the inbox in this database.
    pub fn new(pool: PgPool, vault: Vault, log: EventLog) -> Self {
        Self { pool, vault, log }
    }
}

/// Handles events in log order, in the connection's transaction.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    generation: Generation,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ApplyError> {
    let changes = Changes::of(events)?;
    Ok(write::write(conn, generation, &changes).await?)
}
