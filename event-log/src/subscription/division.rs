//! How a subscription is divided into partitions, and the change from one division to another.
//!
//! The change is one transaction, made while every partition stands at one position and no process runs the subscription.
//! From that position on the new partitions go on, so that an event is handled once whatever partition it is in.

use sqlx::{PgConnection, PgPool};

use super::lease::{self, Owner};
use super::run::{End, Runner};
use super::source::{LogTail, Source};
use super::store::{self, Assignment};
use super::{Subscriber, SubscriptionState};
use crate::error::LogError;
use crate::partition::{Frontier, Partition, Partitions};
use crate::position::Position;
use crate::read::limited;

/// How a subscription is divided, once another division was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Division {
    /// As it was asked for.
    Done,
    /// As before: another process reads it so.
    Held,
    /// As before: its partitions stand at different positions, up to the furthest of which they have to be read first.
    Uneven(Frontier),
}

impl<S: Subscriber, F: Source> Runner<S, F> {
    /// Follows, and divides the subscription as its source has it where it is divided otherwise.
    pub(super) async fn divide_and_follow(&mut self) -> Result<End, LogError> {
        loop {
            match self.hold_and_follow().await? {
                End::DividedOtherwise => {}
                end => return Ok(end),
            }
            let (partitions, owner) = (self.at.partition.of(), self.log.shared().owner());
            let start = self.start().await?;
            match divide(&self.pool, &self.at.subscription, partitions, owner, start).await? {
                Division::Done => continue,
                Division::Held => self.works_again(SubscriptionState::StandsBy),
                Division::Uneven(frontier) => {
                    for partition in frontier.partitions().each() {
                        match self.bring_up(partition, &frontier).await? {
                            End::Reached => {}
                            // Another process brings it up.
                            End::LeaseLost | End::DividedOtherwise => break,
                            end @ (End::Stopped | End::Outdated) => return Ok(end),
                        }
                    }
                }
            }
            if self.rest(self.options.lease / 10).await {
                return Ok(End::Stopped);
            }
        }
    }

    /// Handles what a partition of another division is behind the furthest of them.
    async fn bring_up(&mut self, partition: Partition, frontier: &Frontier) -> Result<End, LogError> {
        if frontier.at(partition) == frontier.furthest() {
            return Ok(End::Reached);
        }
        let rest = LogTail::of(self.log.clone(), partition).up_to(frontier.furthest());
        let (log, pool, token) = (self.log.clone(), self.pool.clone(), self.token.clone());
        let mut runner = Runner::new(log, pool, &mut self.subscriber, rest, self.options, token);
        let end = runner.hold_and_follow().await;
        self.log.shared().leave(&self.at.subscription, partition);
        end
    }
}

/// Whether a subscription is divided into that many. It stays so while a lease of one of them is held.
pub(super) async fn is_divided_into(
    pool: &PgPool,
    subscription: &str,
    partitions: Partitions,
) -> Result<bool, LogError> {
    let count: Option<i16> = limited(
        sqlx::query_scalar("select partitions from subscription_partitions where subscription = $1")
            .bind(subscription)
            .fetch_optional(pool),
    )
    .await?;
    Ok(count.unwrap_or(1).cast_unsigned() == partitions.count())
}

/// Divides a subscription anew, where that can be done now. One that never ran begins at `start`.
async fn divide(
    pool: &PgPool,
    subscription: &str,
    partitions: Partitions,
    owner: Owner,
    start: Position,
) -> Result<Division, LogError> {
    let divided = limited(async {
        let mut tx = pool.begin().await?;
        sqlx::query(LOCK_WAIT).execute(&mut *tx).await?;
        // Without a lock at first: while a process reads it, none of its movers is to wait.
        let stands = store::checkpoint_in(&mut *tx, subscription).await?;
        let read_in = stands.as_ref().map_or(Partitions::ONE, Frontier::partitions);
        if read_in == partitions {
            return Ok(Division::Done);
        }
        for partition in read_in.each() {
            let old = Assignment { subscription: subscription.to_owned(), partition };
            if !lease::seize(&mut tx, &old.lease(), owner).await? {
                return Ok(Division::Held);
            }
        }
        // Whatever moved a checkpoint before this has stored it; what comes after finds the new number.
        sqlx::query("lock table checkpoints in share row exclusive mode").execute(&mut *tx).await?;
        let stands = store::checkpoint_in(&mut *tx, subscription).await?;
        let stands = stands.unwrap_or_else(|| Frontier::whole(start));
        if stands.partitions() == partitions {
            return Ok(Division::Done);
        }
        if stands.partitions() != read_in {
            return Ok(Division::Held);
        }
        if !stands.is_level() {
            return Ok(Division::Uneven(stands));
        }
        replace(&mut tx, subscription, partitions, stands.least()).await?;
        tx.commit().await?;
        let (partitions, position) = (partitions.count(), stands.least().get());
        tracing::info!(
            subscription,
            partitions,
            event.position = position,
            "the subscription is divided anew"
        );
        Ok(Division::Done)
    });
    match divided.await {
        // Movers of other subscriptions are at work; it is tried again.
        Err(LogError::Database(error)) if is_lock_missed(&error) => Ok(Division::Held),
        divided => divided,
    }
}

/// How long the change waits for movers that are at work, who wait behind it.
const LOCK_WAIT: &str = "set local lock_timeout = '500ms'";

fn is_lock_missed(error: &sqlx::Error) -> bool {
    // No lock in time; or a deadlock with one that parks an aggregate, which ends one of the two.
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}

async fn replace(
    connection: &mut PgConnection,
    subscription: &str,
    partitions: Partitions,
    position: Position,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from checkpoints where subscription = $1")
        .bind(subscription)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into checkpoints (subscription, partition, after, position, epoch)
         select $1, number, -1, $3, 0 from generate_series(0, $2 - 1) as number",
    )
    .bind(subscription)
    .bind(i32::from(partitions.count()))
    .bind(position.get())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into subscription_partitions (subscription, partitions) values ($1, $2)
             on conflict on constraint subscription_partitions_pkey do update set partitions = excluded.partitions",
    )
    .bind(subscription)
    .bind(partitions.count().cast_signed())
    .execute(connection)
    .await
    .map(drop)
}
