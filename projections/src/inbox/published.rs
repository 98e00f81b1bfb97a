//! What was published to a recipient between two positions of the log: for a client that was away.
//!
//! It is told whole or not at all. What cannot be opened any more is left out, as from the history.

use std::time::Duration;

use orqestra_domain::{RecipientRef, TenantId, Timestamp};
use orqestra_event_log::{Interest, LogError, Position, checkpoint};
use sqlx::Row;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::history::SealedItem;
use super::{Inbox, InboxItem};
use crate::error::{ReadModelError, limited};
use crate::projection::Projection;

/// Publications that are kept for a client: so many, as young as this, no larger together.
const MOST: usize = 1_000;
const AGE: Duration = Duration::from_hours(24);
const BYTES: i64 = 4 * 1024 * 1024;
/// How long to wait for the read model to reach the position asked for, and how often to look.
const REACHED_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// All of it, oldest first, each with the position of its rendering.
    All(Vec<(Position, InboxItem)>),
    /// More, older or larger than is kept.
    TooMuch,
    /// The read model is not there yet.
    NotYet,
}

impl Inbox {
    /// Reads what was published in a category after one position and up to another.
    ///
    /// # Errors
    /// If log, database or keys cannot be read in time.
    pub async fn missed(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        category: &str,
        (after, up_to): (Position, Position),
        now: Timestamp,
    ) -> Result<Missed, ReadModelError> {
        // As old as this are the oldest that may be missed.
        let next = self.log.read_page(after, 1, &Interest::ALL.without_payloads()).await?;
        if next.events.first().is_some_and(|next| now.since(next.recorded_at) > AGE) {
            return Ok(Missed::TooMuch);
        }
        if !limited(self.reaches(up_to)).await? {
            return Ok(Missed::NotYet);
        }
        let query = sqlx::query(include_str!("published.sql"))
            .bind(tenant.as_uuid())
            .bind(recipient.as_bytes().as_slice())
            .bind(category)
            .bind(after.get())
            .bind(up_to.get())
            .bind(i64::try_from(MOST + 1).unwrap_or(i64::MAX))
            .bind(BYTES);
        let rows = limited(query.fetch_all(&self.pool)).await?;
        if rows.len() > MOST {
            return Ok(Missed::TooMuch);
        }
        let mut sealed = Vec::with_capacity(rows.len());
        let mut positions = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(item) = SealedItem::from_row(row)? else { return Ok(Missed::TooMuch) };
            positions.push((item.id, Position::new(row.try_get("rendered_position")?)));
            sealed.push(item);
        }
        let items = self.open(tenant, sealed).await?;
        let mut positions = positions.into_iter();
        // Both are in the same order; what was left out is passed over.
        let position_of = |item: InboxItem| {
            let (_, position) = positions.find(|(id, _)| *id == item.id)?;
            Some((position, item))
        };
        Ok(Missed::All(items.into_iter().filter_map(position_of).collect()))
    }

    /// Waits for the rows of all events up to a position, whichever process writes them.
    async fn reaches(&self, position: Position) -> Result<bool, LogError> {
        let name = Projection::Inbox.name();
        let here = self.log.progress(name);
        let until = Instant::now() + REACHED_WITHIN;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if *here.borrow() >= position || checkpoint(&self.pool, name).await? >= Some(position) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
    }
}
