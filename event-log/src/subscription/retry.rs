//! Trying parked aggregates again: all that was withheld of one, in one transaction that takes it back.
//!
//! The lease's row is locked in that transaction, so that a process which has lost the lease takes nothing back. Where
//! the outcome is not known the tables are asked before anything else is handled.

use sqlx::Connection as _;

use super::handle::cut;
use super::lease::Lease;
use super::parked::{self, Parked};
use super::run::{End, InTime, Runner, begin, in_time};
use super::source::Source;
use super::{Subscriber, SubscriberError};
use crate::error::LogError;
use crate::position::Position;

impl<S: Subscriber, F: Source> Runner<S, F> {
    /// Tries those again that somebody asks for. An end, or where the subscription stands.
    pub(super) async fn retry_parked(
        &mut self,
        lease: &Lease,
        position: Position,
    ) -> Result<Result<Position, End>, LogError> {
        for aggregate in parked::to_retry(&self.pool, &self.at.subscription).await? {
            if !self.is_here(&aggregate).await? {
                continue;
            }
            match self.handle_parked(lease, position, &aggregate).await {
                Ok(true) => self.parked.remove(&aggregate),
                Ok(false) => return self.position_again(lease, position).await,
                Err(error) if error.passes() || error.is_late() => {
                    if self.interrupted() {
                        tracing::warn!(
                            subscription = self.at.subscription,
                            partition = %self.at.partition,
                            aggregate.id = aggregate.aggregate_id,
                            %error,
                            "retrying a parked aggregate was interrupted"
                        );
                    }
                    return self.position_again(lease, position).await;
                }
                Err(error) => {
                    parked::retry_failed(&self.pool, &aggregate, &error.to_string(), lease.named()).await?;
                }
            }
        }
        Ok(Ok(position))
    }

    /// Whether a parked aggregate is in the partition that is read here.
    async fn is_here(&self, aggregate: &Parked) -> Result<bool, LogError> {
        if self.at.partition.is_whole() {
            return Ok(true);
        }
        let mut stream = self.log.load_stored(&aggregate.aggregate_type, &aggregate.aggregate_id).await?;
        stream.truncate(1);
        Ok(!self.log.of_partition(self.at.partition, stream).await?.is_empty())
    }

    async fn position_again(
        &mut self,
        lease: &Lease,
        position: Position,
    ) -> Result<Result<Position, End>, LogError> {
        Ok(self.reload(lease, position).await?.map(|standing| standing.position))
    }

    /// Handles what was withheld of an aggregate, up to where the subscription stands. False: the lease is another's, or
    /// the aggregate is not parked any more.
    async fn handle_parked(
        &mut self,
        lease: &Lease,
        position: Position,
        aggregate: &Parked,
    ) -> Result<bool, SubscriberError> {
        let mut events = self
            .log
            .load_stored(&aggregate.aggregate_type, &aggregate.aggregate_id)
            .await
            .map_err(|error| SubscriberError::Unavailable(Box::new(error)))?;
        let interest = self.subscriber.interest();
        events.retain(|event| {
            event.position >= aggregate.position && event.position <= position && interest.wants(event)
        });
        let mut connection = None;
        let handling = async {
            let connection = connection.insert(self.pool.acquire().await?);
            let mut tx = connection.begin_with(begin(self.options.limit)).await?;
            if !lease.lock(&mut tx).await? || !parked::unpark(&mut tx, aggregate).await? {
                tx.rollback().await?;
                return Ok::<bool, SubscriberError>(false);
            }
            if !events.is_empty() {
                self.subscriber.handle(&mut tx, &events).await?;
            }
            tx.commit().await.map_err(|error| SubscriberError::Unavailable(Box::new(error)))?;
            Ok(true)
        };
        let handled = in_time(&self.token, self.options.limit, handling).await;
        let InTime::Done(handled) = handled else {
            cut(connection);
            return Err(SubscriberError::Unavailable("the retry took too long".into()));
        };
        let handled = handled?;
        if handled {
            self.subscriber.committed(&events, position);
        }
        Ok(handled)
    }
}
