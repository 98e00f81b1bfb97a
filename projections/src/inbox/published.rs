//! What a recipient's channel has had up to a position of the log: how much, and what of it a client that was away missed.
//!
//! A publication's number is its place among the recipient's pushes of the category in the order of their rendering, so it is the
//! same in each process that counts. What was missed is told whole or not at all. What cannot be opened any more is left out, as from
//! the history, and has its number.

use std::time::Duration;

use orqestra_domain::{RecipientRef, TenantId, Timestamp};
use orqestra_event_log::{LogError, PartitionKey, Position, checkpoint};
use sqlx::Row;
use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::history::SealedItem;
use super::{Inbox, InboxItem};
use crate::error::{ReadModelError, limited};
use crate::projection::Projection;

/// Publications that are kept for a client: so many, as young as this, no larger together.
const MOST: u64 = 1_000;
const AGE: Duration = Duration::from_hours(24);
const BYTES: i64 = 4 * 1024 * 1024;
/// How long to wait for the read model to reach the position asked for, and how often to look.
const REACHED_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// One recipient's pushes of one category.
#[derive(Clone, Copy, Debug)]
pub struct InboxChannel<'a> {
    /// Whose recipient.
    pub tenant: TenantId,
    /// Who.
    pub recipient: &'a RecipientRef,
    /// Of which category.
    pub category: &'a str,
}

/// How a channel stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Up to where it was counted.
    pub position: Position,
    /// The number of the last publication, 0 before the first.
    pub number: u64,
    /// Where the recipient was last forgotten: numbers from before are good no more.
    pub forgotten: Option<Position>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// All of it, oldest first, each with its number.
    All(Vec<(u64, InboxItem)>),
    /// More, older or larger than is kept.
    TooMuch,
}

impl Inbox {
    /// Counts what a channel has had up to a position; `None` where the read model is not there yet.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn standing(
        &self,
        channel: &InboxChannel<'_>,
        position: Position,
    ) -> Result<Option<Standing>, ReadModelError> {
        if !limited(self.reaches(channel, position)).await? {
            return Ok(None);
        }
        let query = sqlx::query_as(include_str!("counted.sql"))
            .bind(channel.tenant.as_uuid())
            .bind(channel.recipient.as_bytes().as_slice())
            .bind(channel.category)
            .bind(position.get());
        let (number, forgotten): (i64, Option<i64>) = limited(query.fetch_one(&self.pool)).await?;
        let number = u64::try_from(number).unwrap_or(0);
        Ok(Some(Standing { position, number, forgotten: forgotten.map(Position::new) }))
    }

    /// Reads what a channel has had after a number, up to where it was counted.
    ///
    /// # Errors
    /// If database or keys cannot be read in time.
    pub async fn missed(
        &self,
        channel: &InboxChannel<'_>,
        after: u64,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Missed, ReadModelError> {
        let count = standing.number.saturating_sub(after);
        if count == 0 {
            return Ok(Missed::All(Vec::new()));
        }
        if count > MOST {
            return Ok(Missed::TooMuch);
        }
        let query = sqlx::query(include_str!("published.sql"))
            .bind(channel.tenant.as_uuid())
            .bind(channel.recipient.as_bytes().as_slice())
            .bind(channel.category)
            .bind(standing.position.get())
            .bind(i64::try_from(count).unwrap_or(i64::MAX))
            .bind(BYTES);
        let rows = limited(query.fetch_all(&self.pool)).await?;
        let oldest = rows.first().map(|row| row.try_get("rendered_at")).transpose()?;
        let too_old = oldest.is_none_or(|at: OffsetDateTime| now.since(Timestamp::new(at)) > AGE);
        // Fewer than were counted: somebody was forgotten meanwhile.
        if too_old || u64::try_from(rows.len()).unwrap_or(0) != count {
            return Ok(Missed::TooMuch);
        }
        let mut sealed = Vec::with_capacity(rows.len());
        let mut numbers = Vec::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(after + 1..) {
            let Some(item) = SealedItem::from_row(row)? else { return Ok(Missed::TooMuch) };
            numbers.push((item.id, number));
            sealed.push(item);
        }
        let items = self.open(channel.tenant, sealed).await?;
        let mut numbers = numbers.into_iter();
        // Both are in the same order; what was left out is passed over.
        let numbered = |item: InboxItem| {
            let (_, number) = numbers.find(|(id, _)| *id == item.id)?;
            Some((number, item))
        };
        Ok(Missed::All(items.into_iter().filter_map(numbered).collect()))
    }

    /// Waits for the rows of all of a recipient's events up to a position, whichever process writes them.
    async fn reaches(&self, channel: &InboxChannel<'_>, position: Position) -> Result<bool, LogError> {
        let name = Projection::Inbox.name();
        let key = PartitionKey::of_recipient(channel.tenant, *channel.recipient);
        let here = self.log.progress(name);
        let until = Instant::now() + REACHED_WITHIN;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if here.borrow().reaches(&key, position) {
                return Ok(true);
            }
            let stored = checkpoint(&self.pool, name).await?;
            if stored.is_some_and(|frontier| frontier.of_key(&key) >= position) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
    }
}
