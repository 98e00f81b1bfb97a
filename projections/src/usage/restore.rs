//! What every tenant has used up of its limits: the counted minutes, and the log after them.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{Frontier, LogError, Position, Tally, checkpoint_in};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ACCEPTED, Usage, moment, second_of};
use crate::Projection;
use crate::error::ReadModelError;

/// How long the rows of a whole day may take: a start waits for them.
const LIMIT: Duration = Duration::from_secs(25);
/// Events read at once of those that are counted in part.
const BETWEEN: usize = 2_000;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// Seconds that are told one by one: more than the longest window has.
const WINDOW: i64 = 120;

/// What a tenant has triggered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantUsage {
    /// Since midnight UTC, by the midnight of each day that has any, oldest first: more than one where a clock was wrong.
    pub days: Vec<(Timestamp, u64)>,
    /// In the last two minutes, by the start of each second that has any, oldest first.
    pub seconds: Vec<(Timestamp, u32)>,
}

#[derive(Default)]
struct Sums {
    days: BTreeMap<i64, u64>,
    seconds: BTreeMap<i64, u32>,
}

impl Usage {
    /// What each tenant has triggered today and in the last two minutes, whatever the projection has not counted yet
    /// included. Tenants without any are left out.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn up_to_now(&self, now: Timestamp) -> Result<BTreeMap<TenantId, TenantUsage>, ReadModelError> {
        self.sums(None, now).await
    }

    async fn sums(
        &self,
        only: Option<TenantId>,
        now: Timestamp,
    ) -> Result<BTreeMap<TenantId, TenantUsage>, ReadModelError> {
        let second = second_of(now);
        let (midnight, window) = (second - second.rem_euclid(DAY), second - WINDOW);
        let mut sums: BTreeMap<TenantId, Sums> = BTreeMap::new();

        let rows = tokio::time::timeout(LIMIT, self.rows(only, moment(midnight), moment(window))).await;
        let Rows { counted, days, minutes } = rows.map_err(|_| ReadModelError::Timeout)??;
        for (tenant, day, accepted) in days {
            let sum = sums.entry(TenantId::from_uuid(tenant)).or_default();
            sum.add_day(second_of(Timestamp::new(day)), accepted.unsigned_abs());
        }
        for (minute, tenant, seconds) in minutes {
            let sum = sums.entry(TenantId::from_uuid(tenant)).or_default();
            for (second, count) in (second_of(Timestamp::new(minute))..).zip(seconds) {
                if second >= window && count > 0 {
                    sum.add(second, u64::from(count.unsigned_abs()));
                }
            }
        }
        for Tally { tenant, second, count } in self.after(&counted, moment(midnight.min(window))).await? {
            let (second, sum) = (second_of(second), sums.entry(tenant).or_default());
            if second >= midnight {
                sum.add_day(second, count);
            }
            if second >= window {
                sum.add(second, count);
            }
        }

        let usage = |sums: Sums| TenantUsage {
            days: sums.days.into_iter().map(|(second, count)| (moment(second), count)).collect(),
            seconds: sums.seconds.into_iter().map(|(second, count)| (moment(second), count)).collect(),
        };
        let used = |sums: &Sums| !sums.days.is_empty() || !sums.seconds.is_empty();
        Ok(sums
            .into_iter()
            .filter(|(_, sums)| used(sums))
            .map(|(tenant, sums)| (tenant, usage(sums)))
            .collect())
    }
}

impl Usage {
    /// What one tenant has triggered today and in the last two minutes. Every acceptance that was stored before the call is in it.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn of_tenant_up_to_now(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<TenantUsage, ReadModelError> {
        Ok(self.sums(Some(tenant), now).await?.remove(&tenant).unwrap_or_default())
    }
}

impl Sums {
    /// Counts in the day of a second.
    fn add_day(&mut self, second: i64, count: u64) {
        *self.days.entry(second - second.rem_euclid(DAY)).or_default() += count;
    }

    fn add(&mut self, second: i64, count: u64) {
        let seconds = self.seconds.entry(second).or_default();
        *seconds = seconds.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
}

/// What is counted in the table, as of one moment.
struct Rows {
    /// What is counted in them.
    counted: Frontier,
    /// By tenant and day, from today on.
    days: Vec<(Uuid, OffsetDateTime, i64)>,
    /// By minute and tenant, of the window.
    minutes: Vec<(OffsetDateTime, Uuid, Vec<i32>)>,
}

impl Usage {
    /// What the log has that is not counted, and not before a moment: without that a projection that lags by months would
    /// have the log read for as long.
    async fn after(&self, counted: &Frontier, since: Timestamp) -> Result<Vec<Tally>, LogError> {
        if self.log.fetch_head().await? <= counted.least() {
            return Ok(Vec::new());
        }
        let since = self.log.position_before(since).await?;
        let mut tallies = self.log.tally(ACCEPTED, counted.furthest().max(since)).await?;
        // Where partitions stand apart, what lies between is counted in part.
        let (mut at, end) = (counted.least().max(since), counted.furthest());
        while at < end {
            let page =
                self.log.read_page(at, at.until(end).min(BETWEEN), &Projection::Usage.interest()).await?;
            if page.reached == at {
                break;
            }
            at = page.reached;
            let keys = self.log.partition_keys(&page.events).await?;
            let missing =
                page.events.iter().zip(&keys).filter(|(event, key)| event.position > counted.of_key(key));
            tallies.extend(missing.map(|(event, _)| Tally {
                tenant: event.tenant,
                second: moment(second_of(event.recorded_at)),
                count: 1,
            }));
        }
        Ok(tallies)
    }

    /// All tenants' days, or one's, from today's midnight on, and minutes since the window's start. Minutes come with their seconds, days
    /// as sums: there are many of them.
    async fn rows(
        &self,
        only: Option<TenantId>,
        midnight: Timestamp,
        window: Timestamp,
    ) -> Result<Rows, ReadModelError> {
        let mut tx = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let counted = checkpoint_in(&mut *tx, Projection::Usage.name()).await?;
        let counted = counted.unwrap_or(Frontier::whole(Position::ZERO));
        let days = sqlx::query_as(
            "select tenant_id, date_trunc('day', minute, 'UTC'), sum(accepted)::bigint
               from usage_minutes
              where minute >= $1 and ($2::uuid is null or tenant_id = $2) group by 1, 2",
        )
        .bind(midnight.as_datetime())
        .bind(only.map(|tenant| tenant.as_uuid()))
        .fetch_all(&mut *tx)
        .await?;
        let minutes = sqlx::query_as(
            "select minute, tenant_id, seconds
               from usage_minutes
              where minute >= date_trunc('minute', $1::timestamptz) and ($2::uuid is null or tenant_id = $2)",
        )
        .bind(window.as_datetime())
        .bind(only.map(|tenant| tenant.as_uuid()))
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Rows { counted, days, minutes })
    }
}
