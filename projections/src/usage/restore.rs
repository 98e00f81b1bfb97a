//! What every tenant has used up of its limits: the counted minutes, and the log after them.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{LogError, Position, Tally, checkpoint};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ACCEPTED, Usage, moment, second_of};
use crate::Projection;
use crate::error::ReadModelError;

/// How long the rows of a whole day may take: a start waits for them.
const LIMIT: Duration = Duration::from_secs(25);
/// Seconds in a day.
const DAY: i64 = 86_400;
/// Seconds that are told one by one: more than the longest window has.
const WINDOW: i64 = 120;

/// What a tenant has triggered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantUsage {
    /// Since midnight UTC.
    pub today: u64,
    /// In the last two minutes, by the start of each second that has any, oldest first.
    pub seconds: Vec<(Timestamp, u32)>,
}

#[derive(Default)]
struct Sums {
    today: u64,
    seconds: BTreeMap<i64, u32>,
}

impl Usage {
    /// What each tenant has triggered today and in the last two minutes, whatever the projection has not counted yet
    /// included. Tenants without any are left out.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn up_to_now(&self, now: Timestamp) -> Result<BTreeMap<TenantId, TenantUsage>, ReadModelError> {
        let second = second_of(now);
        let (midnight, window) = (second - second.rem_euclid(DAY), second - WINDOW);
        let mut sums: BTreeMap<TenantId, Sums> = BTreeMap::new();

        // The checkpoint first. Rows read later may have counted further; the furthest of them tells how far, since
        // they count in the order of the log.
        let mut counted = checkpoint(&self.pool, Projection::Usage.name()).await?.unwrap_or(Position::ZERO);
        let rows = tokio::time::timeout(LIMIT, self.rows(moment(midnight), moment(window))).await;
        let Rows { days, minutes } = rows.map_err(|_| ReadModelError::Timeout)??;
        for (tenant, accepted, position) in days {
            counted = counted.max(Position::new(position));
            sums.entry(TenantId::from_uuid(tenant)).or_default().today += accepted.unsigned_abs();
        }
        for (minute, tenant, seconds, position) in minutes {
            counted = counted.max(Position::new(position));
            let sum = sums.entry(TenantId::from_uuid(tenant)).or_default();
            for (second, count) in (second_of(Timestamp::new(minute))..).zip(seconds) {
                if second >= window && count > 0 {
                    sum.add(second, u64::from(count.unsigned_abs()));
                }
            }
        }
        for Tally { tenant, second, count } in self.after(counted, moment(midnight.min(window))).await? {
            let (second, sum) = (second_of(second), sums.entry(tenant).or_default());
            if second >= midnight {
                sum.today += count;
            }
            if second >= window {
                sum.add(second, count);
            }
        }

        let usage = |sums: Sums| TenantUsage {
            today: sums.today,
            seconds: sums.seconds.into_iter().map(|(second, count)| (moment(second), count)).collect(),
        };
        let used = |sums: &Sums| sums.today > 0 || !sums.seconds.is_empty();
        Ok(sums
            .into_iter()
            .filter(|(_, sums)| used(sums))
            .map(|(tenant, sums)| (tenant, usage(sums)))
            .collect())
    }
}

impl Sums {
    fn add(&mut self, second: i64, count: u64) {
        let seconds = self.seconds.entry(second).or_default();
        *seconds = seconds.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
}

/// What is counted in the table, as of one moment.
struct Rows {
    /// By tenant, of today.
    days: Vec<(Uuid, i64, i64)>,
    /// By minute and tenant, of the window.
    minutes: Vec<(OffsetDateTime, Uuid, Vec<i32>, i64)>,
}

impl Usage {
    /// What the log has beyond a position and not before a moment: without that a projection that lags by months would
    /// have the log read for as long.
    async fn after(&self, counted: Position, since: Timestamp) -> Result<Vec<Tally>, LogError> {
        if self.log.fetch_head().await? <= counted {
            return Ok(Vec::new());
        }
        let after = counted.max(self.log.position_before(since).await?);
        self.log.tally(ACCEPTED, after).await
    }

    /// All tenants' days since midnight, and minutes since the window's start. Minutes come with their seconds, days
    /// as sums: there are many of them.
    async fn rows(&self, midnight: Timestamp, window: Timestamp) -> Result<Rows, ReadModelError> {
        let mut tx = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let days = sqlx::query_as(
            "select tenant_id, sum(accepted)::bigint, max(position)
               from usage_minutes where minute >= $1 group by tenant_id",
        )
        .bind(midnight.as_datetime())
        .fetch_all(&mut *tx)
        .await?;
        let minutes = sqlx::query_as(
            "select minute, tenant_id, seconds, position
               from usage_minutes where minute >= date_trunc('minute', $1::timestamptz)",
        )
        .bind(window.as_datetime())
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Rows { days, minutes })
    }
}
