//! The statements on `redrives`.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_domain::redrive::{RedriveEvent, RedriveRequested};
use orqestra_domain::{Channel, DeliveryId, NotificationId, RedriveId, TenantId, Timestamp};
use orqestra_event_log::Position;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{RedriveState, RedriveStatus};
use crate::candidates::EndedAt;
use crate::due::store::{DueError, limited};

/// Redrives cannot be read or written.
pub type RedriveError = DueError;

/// How long a redrive is leased to a process; each page makes it anew.
const LEASE: Duration = Duration::from_secs(30);

/// The place up to which a redrive has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// So many deliveries of the list were looked at.
    Index(usize),
    /// This one was looked at last, if any was.
    After(Option<EndedAt>),
}

/// A redrive that is leased to this process.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) redrive: RedriveId,
    /// The redrive and its place; an error where its row cannot be read.
    pub(crate) read: Result<Begun, RedriveError>,
}

/// A redrive and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) status: RedriveStatus,
    pub(crate) position: Position,
    pub(crate) place: Place,
}

/// Writes what an event says of a redrive, in the subscription's transaction.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    (tenant, id): (TenantId, RedriveId),
    position: Position,
    event: &RedriveEvent,
) -> Result<(), sqlx::Error> {
    match event {
        RedriveEvent::RedriveRequested(requested) => {
            insert(connection, (tenant, id), position, requested).await
        }
        RedriveEvent::RedriveStopped(stopped) => {
            end(connection, (tenant, id), RedriveState::Stopped, stopped.at).await
        }
        RedriveEvent::RedriveEnded(ended) => {
            end(connection, (tenant, id), RedriveState::Ended, ended.at).await
        }
    }
}

/// Counts what redrives have requeued, in the transaction of the subscription that reads it. False where a redrive has no row.
pub(crate) async fn count(
    connection: &mut PgConnection,
    requeued: &BTreeMap<(TenantId, RedriveId), i64>,
) -> Result<bool, sqlx::Error> {
    let mut all = true;
    for ((tenant, id), requeued) in requeued {
        let update = "update redrives set requeued = requeued + $3 where tenant_id = $1 and redrive_id = $2";
        let counted = sqlx::query(update)
            .bind(tenant.as_uuid())
            .bind(id.as_uuid())
            .bind(requeued)
            .execute(&mut *connection)
            .await?;
        all &= counted.rows_affected() > 0;
    }
    Ok(all)
}

async fn insert(
    connection: &mut PgConnection,
    (tenant, id): (TenantId, RedriveId),
    position: Position,
    requested: &RedriveRequested,
) -> Result<(), sqlx::Error> {
    let ids = requested.deliveries.as_ref();
    let ids: Option<Vec<Uuid>> = ids.map(|ids| ids.iter().map(DeliveryId::as_uuid).collect());
    let filter = serde_json::to_string(&requested.filter).expect("a filter is always JSON");
    sqlx::query(
        "insert into redrives (tenant_id, redrive_id, position, deliveries, filter, dry_run, requested_by,
                               requested_at, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'running')
         on conflict on constraint redrives_pkey do nothing",
    )
    .bind(tenant.as_uuid())
    .bind(id.as_uuid())
    .bind(position.get())
    .bind(ids)
    .bind(filter)
    .bind(requested.dry_run)
    .bind(&requested.by)
    .bind(requested.at.as_datetime())
    .execute(connection)
    .await
    .map(drop)
}

async fn end(
    connection: &mut PgConnection,
    (tenant, id): (TenantId, RedriveId),
    state: RedriveState,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update redrives
            set state = $3, ended_at = $4, lease_owner = null, lease_until = null
          where tenant_id = $1 and redrive_id = $2 and state = 'running'",
    )
    .bind(tenant.as_uuid())
    .bind(id.as_uuid())
    .bind(state.as_str())
    .bind(at.as_datetime())
    .execute(connection)
    .await
    .map(drop)
}

/// Leases the oldest redrive that runs, that no process goes on with, and that is not among those tried.
pub(crate) async fn lease(
    pool: &PgPool,
    owner: Uuid,
    now: Timestamp,
    tried: &[RedriveId],
) -> Result<Option<Leased>, RedriveError> {
    let query = sqlx::query(
        "with oldest as (
            select tenant_id, redrive_id
              from redrives
             where state = 'running' and redrive_id <> all ($4)
               and (lease_until is null or lease_until <= $2 or lease_owner = $1
                    -- A lease of a clock that was set back since.
                    or lease_until > $3 + interval '1 minute')
             order by position
             limit 1
               for update skip locked
        )
        update redrives r
           set lease_owner = $1, lease_until = $3
          from oldest o
         where r.tenant_id = o.tenant_id and r.redrive_id = o.redrive_id
        returning r.*",
    )
    .bind(owner)
    .bind(now.as_datetime())
    .bind(now.plus(LEASE).as_datetime())
    .bind(tried.iter().map(RedriveId::as_uuid).collect::<Vec<_>>());
    let row = limited(query.fetch_optional(pool)).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Leased { redrive: RedriveId::from_uuid(row.try_get("redrive_id")?), read: begun(&row) }))
}

/// Keeps how far a redrive has come, and its lease. False where it was stopped, or is another process's.
pub(crate) async fn keep(
    pool: &PgPool,
    leased: &Begun,
    owner: Uuid,
    now: Timestamp,
) -> Result<bool, RedriveError> {
    let (index, after) = match leased.place {
        Place::Index(index) => (i32::try_from(index).unwrap_or(i32::MAX), None),
        Place::After(after) => (0, after),
    };
    let refused = serde_json::to_string(&leased.status.refused).expect("counts are always JSON");
    let counted = i64::try_from(leased.status.requeued).unwrap_or(i64::MAX);
    let query = sqlx::query(
        "update redrives
            set next_index = $4, after_ended_at = $5, after_notification_id = $6, after_channel = $7, refused = $8,
                requeued = case when dry_run then $9 else requeued end, lease_until = $10
          where tenant_id = $1 and redrive_id = $2 and state = 'running' and lease_owner = $3",
    )
    .bind(leased.status.tenant.as_uuid())
    .bind(leased.status.id.as_uuid())
    .bind(owner)
    .bind(index)
    .bind(after.map(|after| after.at.as_datetime()))
    .bind(after.map(|after| after.notification.as_uuid()))
    .bind(after.map(|after| after.channel.as_str()))
    .bind(refused)
    .bind(counted)
    .bind(now.plus(LEASE).as_datetime());
    Ok(limited(query.execute(pool)).await?.rows_affected() > 0)
}

/// Reads redrives.
#[derive(Clone, Debug)]
pub struct RedriveReader {
    pool: PgPool,
}

impl RedriveReader {
    /// Reads those in this database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Lets a redrive run whose request is stored. The subscription does so too; a process of the version before leaves it to this.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn begin(
        &self,
        (tenant, id): (TenantId, RedriveId),
        position: Position,
        requested: &RedriveRequested,
    ) -> Result<(), RedriveError> {
        limited(async {
            let mut connection = self.pool.acquire().await?;
            insert(&mut connection, (tenant, id), position, requested).await
        })
        .await
    }

    /// A redrive of a tenant; `None` also where dispatch has not read its request yet.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find(&self, tenant: TenantId, id: RedriveId) -> Result<Option<RedriveStatus>, RedriveError> {
        let query = sqlx::query("select * from redrives where tenant_id = $1 and redrive_id = $2")
            .bind(tenant.as_uuid())
            .bind(id.as_uuid());
        let row = limited(query.fetch_optional(&self.pool)).await?;
        Ok(row.as_ref().map(begun).transpose()?.map(|begun| begun.status))
    }

    /// The newest redrives of a tenant, at most so many.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn newest(&self, tenant: TenantId, most: usize) -> Result<Vec<RedriveStatus>, RedriveError> {
        let query =
            sqlx::query("select * from redrives where tenant_id = $1 order by position desc limit $2")
                .bind(tenant.as_uuid())
                .bind(i64::try_from(most).unwrap_or(i64::MAX));
        let rows = limited(query.fetch_all(&self.pool)).await?;
        rows.iter().map(|row| Ok(begun(row)?.status)).collect()
    }
}

fn begun(row: &PgRow) -> Result<Begun, RedriveError> {
    let deliveries: Option<Vec<Uuid>> = row.try_get("deliveries")?;
    let filter: &str = row.try_get("filter")?;
    let refused: &str = row.try_get("refused")?;
    let requeued: i64 = row.try_get("requeued")?;
    let ended_at: Option<OffsetDateTime> = row.try_get("ended_at")?;
    let status = RedriveStatus {
        tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
        id: RedriveId::from_uuid(row.try_get("redrive_id")?),
        deliveries: deliveries.map(|ids| ids.into_iter().map(DeliveryId::from_uuid).collect()),
        filter: serde_json::from_str(filter).map_err(|_| DueError::Corrupt("filter"))?,
        dry_run: row.try_get("dry_run")?,
        by: row.try_get("requested_by")?,
        at: Timestamp::new(row.try_get("requested_at")?),
        state: RedriveState::parse(row.try_get("state")?).ok_or(DueError::Corrupt("state"))?,
        requeued: u64::try_from(requeued).unwrap_or(0),
        refused: serde_json::from_str(refused).map_err(|_| DueError::Corrupt("refused"))?,
        ended_at: ended_at.map(Timestamp::new),
    };
    let index: i32 = row.try_get("next_index")?;
    let place = if status.deliveries.is_some() {
        Place::Index(usize::try_from(index).map_err(|_| DueError::Corrupt("next_index"))?)
    } else {
        Place::After(after(row)?)
    };
    Ok(Begun { status, position: Position::new(row.try_get("position")?), place })
}

fn after(row: &PgRow) -> Result<Option<EndedAt>, RedriveError> {
    let at: Option<OffsetDateTime> = row.try_get("after_ended_at")?;
    let notification: Option<Uuid> = row.try_get("after_notification_id")?;
    let channel: Option<&str> = row.try_get("after_channel")?;
    let (Some(at), Some(notification), Some(channel)) = (at, notification, channel) else { return Ok(None) };
    Ok(Some(EndedAt {
        at: Timestamp::new(at),
        notification: NotificationId::from_uuid(notification),
        channel: channel.parse::<Channel>().map_err(|_| DueError::Corrupt("after_channel"))?,
    }))
}
