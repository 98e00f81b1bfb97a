//! Changes that `orqestra recover` makes to the log's own tables after the log has lost its end.
//!
//! Needs the owner's rights. Changes no event.

use sqlx::PgPool;

use crate::error::LogError;
use crate::position::Position;
use crate::read::limited;

/// How long the subscriptions are kept from running processes, if the recovery does not end.
const HELD: &str = "10 minutes";

/// Counts the log's epoch up, which no append of a running process survives, takes every subscription's lease away, and
/// drops parked events that the log does not hold. The new epoch.
///
/// The new epoch is stored before the appends' turn is waited for: one that comes later finds it, and one that was
/// before, also of a program that looks at the epoch before it waits, has ended when this returns.
///
/// # Errors
/// If the database does not answer in time, or an append does not end.
pub async fn fence(pool: &PgPool) -> Result<i64, LogError> {
    let epoch = limited(async {
        let mut tx = pool.begin().await?;
        let epoch: i64 = sqlx::query_scalar("update log_identity set epoch = epoch + 1 returning epoch")
            .fetch_one(&mut *tx)
            .await?;
        // A process of the epoch before may still append a moment later, and be said to be of this one: a record of it that was sent
        // in the epoch before is dropped, and read from the log.
        sqlx::query(
            "insert into log_epochs (epoch, first_position)
             select $1, coalesce((select e.position from events e order by e.position desc limit 1), 0) + 1",
        )
        .bind(epoch)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "update leases
                set epoch = epoch + 1, owner = gen_random_uuid(), presence = 0,
                    until = clock_timestamp() + $1::interval",
        )
        .bind(HELD)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(epoch)
    })
    .await?;
    limited(async {
        let mut tx = pool.begin().await?;
        sqlx::query("lock table append_turn in share update exclusive mode").execute(&mut *tx).await?;
        sqlx::query(
            "delete from parked_events p
              where not exists (
                    select from events e
                     where e.position = p.position and e.aggregate_type = p.aggregate_type
                       and e.aggregate_id = p.aggregate_id)",
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    Ok(epoch)
}

/// Lets a subscription go on from a position that its rows were derived up to, in each partition whose checkpoint lies
/// beyond. Where it stood at the furthest, if it was moved.
///
/// # Errors
/// If the database does not answer in time.
pub async fn settle_checkpoint(
    pool: &PgPool,
    subscription: &str,
    derived: Position,
) -> Result<Option<Position>, LogError> {
    limited(async {
        let mut tx = pool.begin().await?;
        let stood: Vec<(i16, i64)> = sqlx::query_as(
            "select c.partition, c.position
               from (select distinct on (partition) partition, position
                       from checkpoints where subscription = $1 order by partition, after desc) c
              where c.position > $2",
        )
        .bind(subscription)
        .bind(derived.get())
        .fetch_all(&mut *tx)
        .await?;
        let Some(furthest) = stood.iter().map(|(_, position)| *position).max() else { return Ok(None) };
        let partitions: Vec<i16> = stood.into_iter().map(|(partition, _)| partition).collect();
        sqlx::query("delete from checkpoints where subscription = $1 and partition = any ($2)")
            .bind(subscription)
            .bind(&partitions)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into checkpoints (subscription, partition, after, position, epoch)
             select $1, number, -1, $3, 0
               from unnest($2::smallint[]) as number",
        )
        .bind(subscription)
        .bind(&partitions)
        .bind(derived.get())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(Position::new(furthest)))
    })
    .await
}

/// Gives the subscriptions free for the processes that start next.
///
/// # Errors
/// If the database does not answer in time.
pub async fn end_recovery(pool: &PgPool) -> Result<(), LogError> {
    limited(sqlx::query("update leases set until = clock_timestamp()").execute(pool)).await.map(drop)
}
