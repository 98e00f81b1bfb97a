//! Who runs a name: a row with an epoch that grows with each change of owner.
//!
//! Time is the database's, so that processes agree. The row is updated every few seconds, not with each batch. A
//! process that ended lets go at once: its lock on `presence` went with its connection.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::error::LogError;
use crate::read::limited;

/// Who takes a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    /// The process.
    pub(crate) id: Uuid,
    /// The advisory lock it holds while it lives, or 0.
    pub(crate) presence: i64,
}

/// A lease that ends later than this from now was taken before the clock was set back. Longer than any, a recovery's too.
const LONGEST: Duration = Duration::from_mins(30);

/// A lease held.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    name: String,
    pub(super) epoch: i64,
    length: Duration,
}

impl Lease {
    /// Its name and its epoch, which only its holder has.
    pub(super) fn named(&self) -> (&str, i64) {
        (&self.name, self.epoch)
    }

    /// Takes the lease unless another process holds it.
    pub(super) async fn take(
        pool: &PgPool,
        name: &str,
        owner: Owner,
        length: Duration,
    ) -> Result<Option<Self>, LogError> {
        let epoch = limited(take(pool, name, owner, length)).await?;
        Ok(epoch.map(|epoch| Self { name: name.to_owned(), epoch, length }))
    }

    /// Keeps others from taking the lease until the transaction ends. False: another has taken it.
    pub(super) async fn lock(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let held = sqlx::query("select from leases where name = $1 and epoch = $2 for share")
            .bind(&self.name)
            .bind(self.epoch)
            .fetch_optional(connection)
            .await?;
        Ok(held.is_some())
    }

    /// Holds it for longer. False: somebody else has it.
    pub(super) async fn renew(&self, pool: &PgPool, owner: Owner) -> Result<bool, LogError> {
        let renewed = limited(
            sqlx::query(
                "update leases set until = clock_timestamp() + make_interval(secs => $3), presence = $4
                  where name = $1 and epoch = $2",
            )
            .bind(&self.name)
            .bind(self.epoch)
            .bind(self.length.as_secs_f64())
            .bind(owner.presence)
            .execute(pool),
        )
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives it up, so that another need not wait.
    pub(super) async fn release(&self, pool: &PgPool) -> Result<(), LogError> {
        limited(
            sqlx::query("update leases set until = clock_timestamp() where name = $1 and epoch = $2")
                .bind(&self.name)
                .bind(self.epoch)
                .execute(pool),
        )
        .await?;
        Ok(())
    }
}

/// Takes the lease and gives it up at once, so that what was done under it before stores nothing any more. False: another
/// process holds it.
pub(super) async fn seize(
    connection: &mut PgConnection,
    name: &str,
    owner: Owner,
) -> Result<bool, sqlx::Error> {
    Ok(take(connection, name, owner, Duration::ZERO).await?.is_some())
}

/// Returns the epoch, or `None` where another process holds it.
async fn take(
    connection: impl PgExecutor<'_>,
    name: &str,
    owner: Owner,
    length: Duration,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into leases as held (name, epoch, owner, until, presence)
         values ($1, 1, $2, clock_timestamp() + make_interval(secs => $3), $4)
             on conflict on constraint leases_pkey do update
            set epoch = held.epoch + 1, owner = excluded.owner, until = excluded.until,
                presence = excluded.presence
          where held.until <= clock_timestamp()
             or held.until > clock_timestamp() + make_interval(secs => $5)
             or (held.presence <> 0 and pg_try_advisory_xact_lock(held.presence))
         returning epoch",
    )
    .bind(name)
    .bind(owner.id)
    .bind(length.as_secs_f64())
    .bind(owner.presence)
    .bind(LONGEST.as_secs_f64())
    .fetch_optional(connection)
    .await
}
