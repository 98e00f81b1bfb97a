//! Counting the log by tenant and second, in the database, where reading each event would take too long.

use orqestra_domain::{TenantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::LogError;
use crate::log::EventLog;
use crate::position::Position;
use crate::read::limited;

/// Positions counted by one statement.
const PAGE: i64 = 100_000;
/// How far the clocks of two writers may be apart, in microseconds, for [`EventLog::position_before`] to hold.
const CLOCKS_APART: i64 = 10_000_000;

/// How many events of a type a tenant has in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whose.
    pub tenant: TenantId,
    /// The second's start, by the time at which they were recorded.
    pub second: Timestamp,
    /// How many.
    pub count: u64,
}

impl EventLog {
    /// Counts the events of one type after a position, up to the head. A tenant's second may come in several parts.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn tally(&self, event_type: &str, after: Position) -> Result<Vec<Tally>, LogError> {
        let head = self.fetch_head().await?.get();
        let mut tallies = Vec::new();
        let mut reached = after.get();
        while reached < head {
            let rows: Vec<(Uuid, OffsetDateTime, i64)> = limited(
                sqlx::query_as(
                    "select tenant_id, date_trunc('second', recorded_at), count(*)
                       from events
                      where position > $1 and position <= $2 and event_type = $3
                      group by 1, 2",
                )
                .bind(reached)
                .bind(head.min(reached + PAGE))
                .bind(event_type)
                .fetch_all(self.shared().reader.pool()),
            )
            .await?;
            tallies.extend(rows.into_iter().map(|(tenant, second, count)| Tally {
                tenant: TenantId::from_uuid(tenant),
                second: Timestamp::new(second),
                count: count.unsigned_abs(),
            }));
            reached += PAGE;
        }
        Ok(tallies)
    }

    /// A position up to which everything was recorded before a moment. Not the last one: writers' clocks differ.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn position_before(&self, moment: Timestamp) -> Result<Position, LogError> {
        let moment = Timestamp::from_unix_micros(moment.unix_micros() - CLOCKS_APART).as_datetime();
        let (mut before, mut from) = (0, self.fetch_head().await?.get() + 1);
        while before + 1 < from {
            let middle = before.midpoint(from);
            let earlier: bool = limited(
                sqlx::query_scalar("select recorded_at < $2 from events where position = $1")
                    .bind(middle)
                    .bind(moment)
                    .fetch_one(self.shared().reader.pool()),
            )
            .await?;
            if earlier {
                before = middle;
            } else {
                from = middle;
            }
        }
        Ok(Position::new(before))
    }
}
