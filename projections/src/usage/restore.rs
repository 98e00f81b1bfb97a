//! What every tenant has used up of its limits: the counted minutes, and the log after them.

use std::collections::BTreeMap;

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{Position, Tally, checkpoint};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ACCEPTED, MICROS, Usage, second_of};
use crate::Projection;
use crate::error::{ReadModelError, limited};

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
        let since = moment(midnight.min(window));
        let mut sums: BTreeMap<TenantId, Sums> = BTreeMap::new();
        let mut add = |tenant, second: i64, count: u64| {
            let sum = sums.entry(tenant).or_default();
            if second >= midnight {
                sum.today += count;
            }
            if second >= window {
                let seconds = sum.seconds.entry(second).or_default();
                *seconds = seconds.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            }
        };

        // The checkpoint first. Rows read later may have counted further; the furthest of them tells how far, since
        // they count in the order of the log.
        let mut counted = checkpoint(&self.pool, Projection::Usage.name()).await?.unwrap_or(Position::ZERO);
        for row in rows(&self.pool, since).await? {
            counted = counted.max(Position::new(row.position));
            for (second, count) in (row.minute..).zip(row.seconds) {
                if count > 0 {
                    add(row.tenant, second, u64::from(count.unsigned_abs()));
                }
            }
        }
        // Without this a projection that lags by months would have the log read for as long.
        let after = counted.max(self.log.position_before(since).await?);
        for Tally { tenant, second, count } in self.log.tally(ACCEPTED, after).await? {
            add(tenant, second_of(second), count);
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

fn moment(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(second * MICROS)
}

struct Row {
    minute: i64,
    tenant: TenantId,
    seconds: Vec<i32>,
    position: i64,
}

/// All tenants' minutes from a moment on.
async fn rows(pool: &PgPool, since: Timestamp) -> Result<Vec<Row>, ReadModelError> {
    let rows: Vec<(OffsetDateTime, Uuid, Vec<i32>, i64)> = limited(
        sqlx::query_as(
            "select minute, tenant_id, seconds, position
               from usage_minutes where minute >= date_trunc('minute', $1::timestamptz)",
        )
        .bind(since.as_datetime())
        .fetch_all(pool),
    )
    .await?;
    let of = |(minute, tenant, seconds, position)| Row {
        minute: second_of(Timestamp::new(minute)),
        tenant: TenantId::from_uuid(tenant),
        seconds,
        position,
    };
    Ok(rows.into_iter().map(of).collect())
}
