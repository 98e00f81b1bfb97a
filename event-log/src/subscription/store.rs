//! The checkpoint: how far a subscription has come, moved only from where it stood.
//!
//! Moving adds a row under the position moved from. Two movers from one position collide on the primary key, and one
//! whose lease is gone adds nothing, so a zombie's transaction is never stored.

use sqlx::{PgConnection, PgPool};

use crate::error::LogError;
use crate::log::EventLog;
use crate::position::Position;
use crate::read::limited;
use crate::recorded::RecordedEvent;

/// Moves that are kept before old rows are deleted.
pub(super) const KEPT_MOVES: u32 = 1_000;

/// The position that a subscription has handled and stored everything up to; `None` if it never ran.
///
/// # Errors
/// If the database does not answer in time.
pub async fn checkpoint(pool: &PgPool, subscription: &str) -> Result<Option<Position>, LogError> {
    let position: Option<i64> = limited(
        sqlx::query_scalar(
            "select position from checkpoints where subscription = $1 order by after desc limit 1",
        )
        .bind(subscription)
        .fetch_optional(pool),
    )
    .await?;
    Ok(position.map(Position::new))
}

/// Where a subscription stands, and the lease under which it came there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) position: Position,
    pub(super) epoch: i64,
}

/// Reads where a subscription stands, once the log is known to reach that far; `None` if it never ran.
pub(super) async fn standing(
    log: &EventLog,
    pool: &PgPool,
    subscription: &str,
) -> Result<Option<Standing>, LogError> {
    let found: Option<(i64, i64)> = limited(
        sqlx::query_as(
            "select position, epoch from checkpoints where subscription = $1 order by after desc limit 1",
        )
        .bind(subscription)
        .fetch_optional(pool),
    )
    .await?;
    let standing = found.map(|(position, epoch)| Standing { position: Position::new(position), epoch });
    let head = log.fetch_head().await?;
    match standing {
        Some(Standing { position: checkpoint, .. }) if checkpoint > head => {
            let subscription = subscription.to_owned();
            Err(LogError::CheckpointBeyondHead { subscription, checkpoint, head })
        }
        standing => Ok(standing),
    }
}

/// The subscriptions that have handled events beyond the end of the log, with where they stand.
///
/// # Errors
/// If the database does not answer in time.
pub async fn checkpoints_beyond_head(pool: &PgPool) -> Result<Vec<(String, Position)>, LogError> {
    let beyond: Vec<(String, i64)> = limited(
        sqlx::query_as(
            "select c.subscription, c.position
               from (select distinct on (c.subscription) c.subscription, c.position
                       from checkpoints c order by c.subscription, c.after desc) c
              where c.position > coalesce((select e.position from events e order by e.position desc limit 1), 0)
              order by c.subscription",
        )
        .fetch_all(pool),
    )
    .await?;
    Ok(beyond.into_iter().map(|(name, position)| (name, Position::new(position))).collect())
}

/// Sets where a subscription begins, unless it has begun. It does not begin beyond the end of the log.
pub(super) async fn begin(
    pool: &PgPool,
    subscription: &str,
    at: Position,
    epoch: i64,
) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "insert into checkpoints (subscription, after, position, epoch)
             select $1, -1, least($2, coalesce((select max(e.position) from events e), 0)), $3
                 on conflict on constraint checkpoints_pkey do nothing",
        )
        .bind(subscription)
        .bind(at.get())
        .bind(epoch)
        .execute(pool),
    )
    .await?;
    Ok(())
}

/// How a move went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// In this transaction, the checkpoint has moved.
    Yes,
    /// The lease is another's, another moved it first, or the log does not hold the event.
    Fenced,
}

/// Moves the checkpoint in the handler's transaction. A mover that is at it at the same time is waited for. Where the
/// checkpoint is not `from` nothing moves: a crash of the server may have taken back what this process saw committed.
/// Nor does it move beyond the end of the log, or where the log does not hold the last event handled: that event was
/// read from memory, and the database was put back to an earlier state since.
pub(super) async fn advance(
    connection: &mut PgConnection,
    subscription: &str,
    (from, to): (Position, Position),
    last: Option<&RecordedEvent>,
    epoch: i64,
) -> Result<Moved, sqlx::Error> {
    let moved = sqlx::query(
        "insert into checkpoints (subscription, after, position, epoch)
         select $1, $2, $3, $4
           from leases
          where name = $1 and epoch = $4
            and (select position from checkpoints where subscription = $1 order by after desc limit 1) = $2
            and $3 <= (select e.position from events e order by e.position desc limit 1)
            and ($6::uuid is null or (select e.event_id from events e where e.position = $5) = $6)",
    )
    .bind(subscription)
    .bind(from.get())
    .bind(to.get())
    .bind(epoch)
    .bind(last.map(|event| event.position.get()))
    .bind(last.map(|event| event.event_id))
    .execute(connection)
    .await;
    match moved {
        Ok(done) if done.rows_affected() == 1 => Ok(Moved::Yes),
        Ok(_) => Ok(Moved::Fenced),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("checkpoints_pkey") => {
            Ok(Moved::Fenced)
        }
        Err(error) => Err(error),
    }
}

/// Deletes the rows that no longer tell where a subscription stands.
pub(super) async fn forget_old(
    pool: &PgPool,
    subscription: &str,
    position: Position,
) -> Result<(), LogError> {
    limited(
        sqlx::query("delete from checkpoints where subscription = $1 and position < $2 and after < $2")
            .bind(subscription)
            .bind(position.get())
            .execute(pool),
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use orqestra_tests::postgres::TestDatabase;

    use super::*;

    #[tokio::test]
    async fn a_subscription_begins_no_further_than_the_log_goes() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        begin(database.pool(), "late", Position::new(7), 1).await.unwrap();
        assert_eq!(checkpoint(database.pool(), "late").await.unwrap(), Some(Position::ZERO));
        assert!(checkpoints_beyond_head(database.pool()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_checkpoint_moves_no_further_than_the_log_goes_whatever_was_asked_for_on_the_way() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        let lease = "insert into leases (name, epoch, owner, until, presence)
                     values ('late', 1, gen_random_uuid(), clock_timestamp(), 0)";
        database.run(lease).await;
        begin(database.pool(), "late", Position::ZERO, 1).await.unwrap();
        // A page none of whose events the subscriber asks for has no last event to look for.
        let mut connection = database.pool().acquire().await.unwrap();
        let to = Position::new(3);
        let moved = advance(&mut connection, "late", (Position::ZERO, to), None, 1).await.unwrap();
        assert_eq!(moved, Moved::Fenced);
        assert_eq!(checkpoint(database.pool(), "late").await.unwrap(), Some(Position::ZERO));
    }
}
