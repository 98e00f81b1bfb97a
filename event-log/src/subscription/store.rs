//! The checkpoint: how far a subscription has come in each partition, moved only from where it stood.
//!
//! Moving adds a row under the position moved from. Two movers from one position collide on the primary key, and one
//! whose lease is gone adds nothing, so a zombie's transaction is never stored.

use std::sync::Arc;

use sqlx::{PgConnection, PgExecutor, PgPool};

use super::source::TopicPlace;
use crate::error::LogError;
use crate::log::EventLog;
use crate::partition::{Frontier, Partition, Partitions};
use crate::position::Position;
use crate::read::limited;
use crate::recorded::RecordedEvent;

/// Moves that are kept before old rows are deleted.
pub(super) const KEPT_MOVES: u32 = 1_000;

/// One partition of a subscription: what its checkpoint and its lease are kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) subscription: String,
    pub(super) partition: Partition,
}

impl Assignment {
    /// The name of its lease. The first partition has the subscription's own, which is that of the undivided log: a program
    /// that knows no partitions stays away from a subscription that is read in several.
    pub(super) fn lease(&self) -> String {
        match self.partition.number() {
            0 => self.subscription.clone(),
            number => format!("{}/{number}", self.subscription),
        }
    }

    fn number(&self) -> i16 {
        self.partition.number().cast_signed()
    }

    fn partitions(&self) -> i16 {
        self.partition.of().count().cast_signed()
    }
}

/// How far a subscription has handled and stored the events of each partition; `None` if it never ran.
///
/// # Errors
/// If the database does not answer in time.
pub async fn checkpoint(pool: &PgPool, subscription: &str) -> Result<Option<Frontier>, LogError> {
    limited(checkpoint_in(pool, subscription)).await
}

/// The same, as the transaction of that connection sees it.
///
/// # Errors
/// If the database fails.
pub async fn checkpoint_in(
    connection: impl PgExecutor<'_>,
    subscription: &str,
) -> Result<Option<Frontier>, sqlx::Error> {
    let rows: Vec<(i16, i16, i64)> = sqlx::query_as(
        "select l.count::smallint, p.number::smallint, c.position
           from (select coalesce((select partitions from subscription_partitions where subscription = $1), 1)
                ) as l (count)
          cross join generate_series(0, l.count - 1) as p (number)
          cross join lateral (
                select position from checkpoints
                 where subscription = $1 and partition = p.number order by after desc limit 1) as c
          order by p.number",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    let Some(partitions) = rows.first().and_then(|row| Partitions::new(row.0.cast_unsigned())) else {
        return Ok(None);
    };
    let mut frontier = Frontier::level(partitions, Position::ZERO);
    for (_, number, position) in rows {
        if let Some(partition) = partitions.numbered(number.cast_unsigned()) {
            frontier.set(partition, Position::new(position));
        }
    }
    Ok(Some(frontier))
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
    of: &Assignment,
) -> Result<Option<Standing>, LogError> {
    let found: Option<(i64, i64)> = limited(
        sqlx::query_as(
            "select position, epoch from checkpoints
              where subscription = $1 and partition = $2 order by after desc limit 1",
        )
        .bind(&of.subscription)
        .bind(of.number())
        .fetch_optional(pool),
    )
    .await?;
    let standing = found.map(|(position, epoch)| Standing { position: Position::new(position), epoch });
    let head = log.fetch_head().await?;
    match standing {
        Some(Standing { position: checkpoint, .. }) if checkpoint > head => {
            let subscription = of.subscription.clone();
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
            "select c.subscription, max(c.position)
               from (select distinct on (c.subscription, c.partition) c.subscription, c.position
                       from checkpoints c order by c.subscription, c.partition, c.after desc) c
              where c.position > coalesce((select e.position from events e order by e.position desc limit 1), 0)
              group by c.subscription
              order by c.subscription",
        )
        .fetch_all(pool),
    )
    .await?;
    Ok(beyond.into_iter().map(|(name, position)| (name, Position::new(position))).collect())
}

/// Sets where a partition begins, unless it has begun. It does not begin beyond the end of the log.
pub(super) async fn begin(pool: &PgPool, of: &Assignment, at: Position, epoch: i64) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "insert into checkpoints (subscription, partition, after, position, epoch)
             select $1, $2, -1, least($3, coalesce((select max(e.position) from events e), 0)), $4
                 on conflict on constraint checkpoints_pkey do nothing",
        )
        .bind(&of.subscription)
        .bind(of.number())
        .bind(at.get())
        .bind(epoch)
        .execute(pool),
    )
    .await?;
    Ok(())
}

/// What a move is made with.
#[derive(Clone, Copy)]
pub(super) struct Handled<'a> {
    /// The events that are compared with the log.
    pub(super) events: &'a [Arc<RecordedEvent>],
    /// Where in a topic the partition has come to, if it is read from one.
    pub(super) place: Option<TopicPlace<'a>>,
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
/// Nor does it move where the subscription is read in another number of partitions by now, beyond the end of the log, or
/// where the log does not hold the events that are to be verified: they were read from memory, and the database was put
/// back to an earlier state since, or a topic brought them that has outlived such a restore.
pub(super) async fn advance(
    connection: &mut PgConnection,
    of: &Assignment,
    (from, to): (Position, Position),
    Handled { events, place }: Handled<'_>,
    epoch: i64,
) -> Result<Moved, sqlx::Error> {
    let (positions, leaves): (Vec<i64>, Vec<&[u8]>) =
        events.iter().map(|event| (event.position.get(), &event.leaf[..])).unzip();
    let moved = sqlx::query(
        "insert into checkpoints (subscription, partition, after, position, epoch, topic, topic_offset)
         select $1, $7, $2, $3, $4, $10, $11
           from leases
          where name = $8 and epoch = $4
            and (select position from checkpoints
                  where subscription = $1 and partition = $7 order by after desc limit 1) = $2
            and coalesce((select partitions from subscription_partitions where subscription = $1), 1) = $9
            and $3 <= (select e.position from events e order by e.position desc limit 1)
            and not exists (select from unnest($5::bigint[], $6::bytea[]) as h (position, leaf)
                             where h.leaf is distinct from (select e.leaf from events e
                                                             where e.position = h.position))",
    )
    .bind(&of.subscription)
    .bind(from.get())
    .bind(to.get())
    .bind(epoch)
    .bind(positions)
    .bind(leaves)
    .bind(of.number())
    .bind(of.lease())
    .bind(of.partitions())
    .bind(place.map(|place| place.topic))
    .bind(place.map(|place| place.offset))
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

/// Deletes the rows that no longer tell where a partition stands; the last one always does, whatever a crash took back.
pub(super) async fn forget_old(pool: &PgPool, of: &Assignment, position: Position) -> Result<(), LogError> {
    limited(
        sqlx::query(
            "delete from checkpoints
              where subscription = $1 and partition = $2 and position < $3 and after < $3
                and after < (select c.after from checkpoints c
                              where c.subscription = $1 and c.partition = $2 order by c.after desc limit 1)",
        )
        .bind(&of.subscription)
        .bind(of.number())
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

    fn late() -> Assignment {
        Assignment { subscription: "late".to_owned(), partition: Partition::WHOLE }
    }

    #[tokio::test]
    async fn a_subscription_begins_no_further_than_the_log_goes() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        begin(database.pool(), &late(), Position::new(7), 1).await.unwrap();
        assert_eq!(checkpoint(database.pool(), "late").await.unwrap(), Some(Frontier::whole(Position::ZERO)));
        assert!(checkpoints_beyond_head(database.pool()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_checkpoint_moves_no_further_than_the_log_goes_whatever_was_asked_for_on_the_way() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        let lease = "insert into leases (name, epoch, owner, until, presence)
                     values ('late', 1, gen_random_uuid(), clock_timestamp(), 0)";
        database.run(lease).await;
        begin(database.pool(), &late(), Position::ZERO, 1).await.unwrap();
        // A page none of whose events the subscriber asks for has no last event to look for.
        let mut connection = database.pool().acquire().await.unwrap();
        let (to, nothing) = (Position::new(3), Handled { events: &[], place: None });
        let moved = advance(&mut connection, &late(), (Position::ZERO, to), nothing, 1).await.unwrap();
        assert_eq!(moved, Moved::Fenced);
        assert_eq!(checkpoint(database.pool(), "late").await.unwrap(), Some(Frontier::whole(Position::ZERO)));
    }
}
