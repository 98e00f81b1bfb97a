//! The statements on `dispatch_due`: write a net effect, lease rows, let leases go, count.
//!
//! The subscription writes in its own transaction and may wait; everyone else skips what is locked, so that nobody
//! waits for them.

use std::time::Duration;

use orqestra_domain::{Channel, NotificationId, TenantId, Timestamp};
use orqestra_event_log::LogError;
use sqlx::{PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Due, DueKey, DueKind, DueRow};

/// How long a statement outside the subscription may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the due table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DueError {
    /// The database failed.
    #[error("the due table cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    /// It did not answer in time.
    #[error("the due table did not answer in time")]
    Timeout,
    /// The log, which tells the database's time, could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The clock changes faster than the database can be asked for its own.
    #[error("the time is not known: the clock jumps")]
    Time,
    /// A row says what no row says.
    #[error("the due table holds an unreadable {0}")]
    Corrupt(&'static str),
}

pub(crate) async fn limited<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, DueError> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(DueError::Timeout),
    }
}

/// Keys by column.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) tenants: Vec<Uuid>,
    pub(super) notifications: Vec<Uuid>,
    pub(super) channels: Vec<&'static str>,
}

impl Keys {
    fn push(&mut self, key: DueKey) {
        self.tenants.push(key.tenant.as_uuid());
        self.notifications.push(key.notification.as_uuid());
        self.channels.push(key.channel.as_str());
    }
}

impl FromIterator<DueKey> for Keys {
    fn from_iter<I: IntoIterator<Item = DueKey>>(keys: I) -> Self {
        let mut all = Self::default();
        keys.into_iter().for_each(|key| all.push(key));
        all
    }
}

/// Who holds leased rows, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) owner: Uuid,
    pub(crate) until: Timestamp,
}

/// Writes what is settled and what stands; rows marked true are leased from the start.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    settled: impl Iterator<Item = DueKey>,
    standing: &[(DueRow, bool)],
    lease: Lease,
) -> Result<(), sqlx::Error> {
    let gone: Keys = settled.collect();
    let keys: Keys = standing.iter().map(|(row, _)| row.key).collect();
    if gone.tenants.is_empty() && standing.is_empty() {
        return Ok(());
    }
    let kinds: Vec<_> = standing.iter().map(|(row, _)| row.due.kind.as_str()).collect();
    let dues: Vec<_> = standing.iter().map(|(row, _)| row.due.at.as_datetime()).collect();
    let attempts: Vec<_> = standing.iter().map(|(row, _)| stored_attempt(row.due.attempt)).collect();
    let leased: Vec<_> = standing.iter().map(|(_, leased)| *leased).collect();
    sqlx::query("select dispatch_due_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(gone.tenants)
        .bind(gone.notifications)
        .bind(gone.channels)
        .bind(keys.tenants)
        .bind(keys.notifications)
        .bind(keys.channels)
        .bind(kinds)
        .bind(dues)
        .bind(attempts)
        .bind(leased)
        .bind(lease.owner)
        .bind(lease.until.as_datetime())
        .execute(connection)
        .await?;
    Ok(())
}

fn stored_attempt(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}

/// A lane's place in the table's order: tenant, kind, channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LanePlace {
    pub(crate) tenant: Uuid,
    pub(crate) kind: String,
    pub(crate) channel: String,
}

/// How much to take at once.
#[derive(Clone, Debug)]
pub(crate) struct Take {
    pub(crate) now: Timestamp,
    pub(crate) lease: Lease,
    /// Up to when an open attempt of now can be due to be called unknown; `None`: none is taken. What is due later was
    /// reckoned before the clock was set back.
    pub(crate) sweeps_until: Option<Timestamp>,
    /// Begin with the lane after this one.
    pub(crate) after: LanePlace,
    /// Lanes with their own room, where none passes the lane over.
    pub(crate) rooms: Vec<(LanePlace, usize)>,
    /// Most lanes to look at.
    pub(crate) lanes: usize,
    /// Most rows of any other lane.
    pub(crate) share: usize,
    /// Most rows.
    pub(crate) limit: usize,
}

/// What was taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) rows: Vec<DueRow>,
    /// The lane at which the walk stopped short; `None` where it came to the last one.
    pub(crate) stopped_at: Option<LanePlace>,
}

/// Leases due rows, a share of each lane in turn.
pub(crate) async fn take(pool: &PgPool, take: &Take) -> Result<Taken, DueError> {
    let number = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    let known = take
        .rooms
        .iter()
        .map(|(LanePlace { tenant, kind, channel }, _)| format!("{tenant}/{kind}/{channel}"));
    let rooms = take.rooms.iter().map(|(_, room)| number(*room));
    let query = sqlx::query(
        "select * from dispatch_due_take_steady($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(take.now.as_datetime())
    .bind(take.lease.owner)
    .bind(take.lease.until.as_datetime())
    .bind(take.after.tenant)
    .bind(&take.after.kind)
    .bind(&take.after.channel)
    .bind(known.collect::<Vec<_>>())
    .bind(rooms.collect::<Vec<_>>())
    .bind(number(take.lanes))
    .bind(number(take.share))
    .bind(number(take.limit))
    .bind(take.sweeps_until.map(Timestamp::as_datetime));
    let found = limited(query.fetch_all(pool)).await?;
    let mut taken = Taken { rows: Vec::with_capacity(found.len()), stopped_at: None };
    for row in &found {
        let tenant: Uuid = row.try_get("tenant_id")?;
        match row.try_get::<Option<Uuid>, _>("notification_id")? {
            None => {
                let (kind, channel) = (row.try_get("kind")?, row.try_get("channel")?);
                taken.stopped_at = Some(LanePlace { tenant, kind, channel });
            }
            Some(notification) => taken.rows.push(read(row, tenant, notification)?),
        }
    }
    Ok(taken)
}

fn read(row: &sqlx::postgres::PgRow, tenant: Uuid, notification: Uuid) -> Result<DueRow, DueError> {
    let channel: &str = row.try_get("channel")?;
    let kind: &str = row.try_get("kind")?;
    let at: OffsetDateTime = row.try_get("due_at")?;
    let attempt: i32 = row.try_get("attempt")?;
    Ok(DueRow {
        key: DueKey {
            tenant: TenantId::from_uuid(tenant),
            notification: NotificationId::from_uuid(notification),
            channel: channel.parse::<Channel>().map_err(|_| DueError::Corrupt("channel"))?,
        },
        due: Due {
            kind: DueKind::parse(kind).ok_or(DueError::Corrupt("kind"))?,
            at: Timestamp::new(at),
            attempt: u32::try_from(attempt).map_err(|_| DueError::Corrupt("attempt"))?,
        },
    })
}

/// Lets go of rows that were leased and not worked on.
pub(crate) async fn release(
    pool: &PgPool,
    owner: Uuid,
    keys: impl Iterator<Item = DueKey>,
) -> Result<(), DueError> {
    let keys: Keys = keys.collect();
    let query = sqlx::query(
        "with mine as (
            select d.tenant_id, d.notification_id, d.channel
              from unnest($1::uuid[], $2::uuid[], $3::text[]) as k (tenant_id, notification_id, channel)
              join dispatch_due d using (tenant_id, notification_id, channel)
             where d.lease_owner = $4
               for update of d skip locked
        )
        update dispatch_due d
           set lease_owner = null, lease_until = null
          from mine m
         where d.tenant_id = m.tenant_id and d.notification_id = m.notification_id and d.channel = m.channel",
    )
    .bind(keys.tenants)
    .bind(keys.notifications)
    .bind(keys.channels)
    .bind(owner);
    limited(query.execute(pool)).await.map(drop)
}

/// Puts a row off until later and lets go of it. One that has changed since it was taken is left alone.
pub(crate) async fn put_off(pool: &PgPool, row: &DueRow, until: Timestamp) -> Result<(), DueError> {
    let query = sqlx::query(
        "update dispatch_due
            set due_before = coalesce(due_before, due_at), due_at = $5, lease_owner = null, lease_until = null
          where tenant_id = $1 and notification_id = $2 and channel = $3 and kind = 'send' and attempt = $4",
    )
    .bind(row.key.tenant.as_uuid())
    .bind(row.key.notification.as_uuid())
    .bind(row.key.channel.as_str())
    .bind(stored_attempt(row.due.attempt))
    .bind(until.as_datetime());
    limited(query.execute(pool)).await.map(drop)
}

/// The number of rows of a kind, and the time since which the oldest due one has been due. Of held rows it counts those that wait
/// for an operator, not those that wait for a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) kind: DueKind,
    pub(crate) rows: i64,
    pub(crate) oldest: Option<Timestamp>,
}

/// Counts all rows, of every tenant; a kind without rows is left out.
pub(crate) async fn count(pool: &PgPool, now: Timestamp) -> Result<Vec<Counted>, DueError> {
    let query = sqlx::query_as::<_, (String, i64, Option<OffsetDateTime>)>(
        "select kind, count(*) filter (where kind <> 'held' or due_at <= $1), min(due_at) filter (where due_at <= $1)
           from dispatch_due
          group by kind",
    );
    let found = limited(query.bind(now.as_datetime()).fetch_all(pool)).await?;
    let counted = found.into_iter().map(|(kind, rows, oldest)| {
        let kind = DueKind::parse(&kind).ok_or(DueError::Corrupt("kind"))?;
        Ok(Counted { kind, rows, oldest: oldest.map(Timestamp::new) })
    });
    counted.collect()
}

/// Every row, for a comparison with the log. Only under the table's lock is it the fold of one position.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<DueRow>, DueError> {
    let found = sqlx::query(
        "select tenant_id, notification_id, channel, kind, coalesce(due_before, due_at) as due_at, attempt
           from dispatch_due
          order by tenant_id, notification_id, channel",
    )
    .fetch_all(connection)
    .await?;
    read_all(&found)
}

/// The rows of an answer that names each with its key.
pub(super) fn read_all(found: &[sqlx::postgres::PgRow]) -> Result<Vec<DueRow>, DueError> {
    found.iter().map(|row| read(row, row.try_get("tenant_id")?, row.try_get("notification_id")?)).collect()
}
