//! Handling a page: in one transaction with the checkpoint's move, in parts where some of it fails.
//!
//! A commit whose answer is lost may be stored or not. Whatever failed for a reason that may pass is therefore followed
//! by a look into the tables: memory never says more than they do. Only an event that was rolled back is tried again
//! from memory.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Postgres};
use tokio::time::Instant;

use super::lease::Lease;
use super::run::{End, InTime, Runner, begin, in_time};
use super::source::Source;
use super::store::{self, Handled, Moved};
use super::{OnPoison, Subscriber, SubscriberError, SubscriptionState, parked};
use crate::error::LogError;
use crate::fail_point::FailPoint;
use crate::page::Page;
use crate::position::Position;
use crate::recorded::RecordedEvent;

/// A transaction that took less than this part of its limit lets the next page be larger.
const WITH_EASE: u32 = 4;

/// How handling a page ended.
pub(super) enum Step {
    /// The subscription stands here, by the tables.
    Stands(Position),
    Ended(End),
}

/// A stretch of a page that goes in one transaction.
#[derive(Clone, Copy)]
struct Part<'a> {
    events: &'a [Arc<RecordedEvent>],
    to: Position,
}

/// Why a transaction did not end well.
enum Failure {
    /// It took too long: the tables tell what became of it.
    Late(SubscriberError),
    /// It may work again: the tables tell what became of it.
    Passing(SubscriberError),
    /// The subscription is to end; the next one to run reads what became of it.
    Stopped,
    /// It was rolled back because of an event.
    Event(SubscriberError),
    /// It was rolled back because of an event that only a newer program can read.
    Newer(SubscriberError),
}

impl From<SubscriberError> for Failure {
    fn from(error: SubscriberError) -> Self {
        match error {
            SubscriberError::Newer(_) => Self::Newer(error),
            error if error.is_late() => Self::Late(error),
            error if error.passes() => Self::Passing(error),
            error => Self::Event(error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        SubscriberError::from(error).into()
    }
}

impl<S: Subscriber, F: Source> Runner<S, F> {
    /// Handles a page, in parts where some of it fails.
    pub(super) async fn process(
        &mut self,
        lease: &Lease,
        from: Position,
        page: &Page,
    ) -> Result<Step, LogError> {
        let mut from = from;
        // Parts still to do, the next one last.
        let mut parts = vec![Part { events: &page.events, to: page.reached }];
        let mut failures = 0;
        while let Some(part) = parts.last().copied() {
            let failure = match self.transact(lease, from, part).await {
                Ok(Moved::Yes) => {
                    parts.pop();
                    (from, failures) = (part.to, 0);
                    self.moved(part.to);
                    continue;
                }
                // Another moved it, or an earlier transaction of this process did whose answer was lost.
                Ok(Moved::Fenced) => {
                    let step = self.look_again(lease, from, part).await?;
                    if matches!(step, Step::Stands(position) if position == from) {
                        // It was not moved: the log does not hold the events that the source brought.
                        self.source.reject(part.to);
                        if let Some(end) = self.pause_longer(lease).await {
                            return Ok(Step::Ended(end));
                        }
                    }
                    return Ok(step);
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Late(error) => {
                    self.most = (part.events.len() / 2).clamp(1, self.options.batch);
                    self.tries_again(from, &error);
                    return self.pause_and_look_again(lease, from, part).await;
                }
                Failure::Passing(error) => {
                    self.tries_again(from, &error);
                    return self.pause_and_look_again(lease, from, part).await;
                }
                Failure::Stopped => return Ok(Step::Ended(End::Stopped)),
                Failure::Event(_) | Failure::Newer(_) if part.events.len() > 1 => {
                    let (first, second) = part.events.split_at(part.events.len() / 2);
                    parts.pop();
                    parts.push(Part { events: second, to: part.to });
                    // What lies between the two is nothing that the subscriber asks for.
                    let to = first.last().map_or(from, |last| last.position);
                    parts.push(Part { events: first, to });
                }
                Failure::Newer(error) => {
                    let at = part.events.first().map_or(part.to, |event| event.position);
                    return Ok(Step::Ended(self.hand_over(at, &error)));
                }
                Failure::Event(error) => {
                    failures += 1;
                    let at = part.events.first().map_or(part.to, |event| event.position);
                    tracing::warn!(subscription = self.at.subscription, partition = %self.at.partition, event.position = at.get(), failures, %error, "an event failed");
                    if failures >= self.options.tries
                        && let Some(step) = self.poisoned(lease, from, part, &error).await?
                    {
                        return Ok(step);
                    }
                    if let Some(end) = self.pause_longer(lease).await {
                        return Ok(Step::Ended(end));
                    }
                }
            }
        }
        Ok(Step::Stands(from))
    }

    fn moved(&mut self, to: Position) {
        self.source.stored(to);
        self.pause = self.options.first_pause;
        if self.outdated.is_some_and(|at| at <= to) {
            self.outdated = None;
        }
        self.works_again(SubscriptionState::Follows);
    }

    fn tries_again(&mut self, from: Position, error: &SubscriberError) {
        if self.interrupted() {
            tracing::warn!(subscription = self.at.subscription, partition = %self.at.partition, event.position = from.get() + 1, %error, "trying again");
        }
    }

    async fn pause_and_look_again(
        &mut self,
        lease: &Lease,
        from: Position,
        part: Part<'_>,
    ) -> Result<Step, LogError> {
        match self.pause_longer(lease).await {
            Some(end) => Ok(Step::Ended(end)),
            None => self.look_again(lease, from, part).await,
        }
    }

    /// Brings memory to what the tables say after a transaction whose commit is uncertain.
    async fn look_again(&mut self, lease: &Lease, from: Position, part: Part<'_>) -> Result<Step, LogError> {
        if !self.renew(lease).await {
            return Ok(Step::Ended(End::LeaseLost));
        }
        let standing = match self.reload(lease, from).await? {
            Ok(standing) => standing,
            Err(end) => return Ok(Step::Ended(end)),
        };
        if standing.position == part.to && standing.epoch == lease.epoch && part.to > from {
            // It is stored after all, and by this process.
            self.subscriber.committed(part.events, part.to);
            self.moved(part.to);
        }
        Ok(Step::Stands(standing.position))
    }

    /// Sets the aggregate of a poison event aside, or stands still.
    async fn poisoned(
        &mut self,
        lease: &Lease,
        from: Position,
        part: Part<'_>,
        error: &SubscriberError,
    ) -> Result<Option<Step>, LogError> {
        // A page without events has nothing that could fail.
        let Some(event) = part.events.last() else { return Ok(None) };
        match self.subscriber.on_poison() {
            OnPoison::Park => match self.park(lease, from, part.to, event, error).await {
                Ok(Moved::Yes) => {
                    self.moved(part.to);
                    Ok(Some(Step::Stands(part.to)))
                }
                Ok(Moved::Fenced) => {
                    self.look_again(lease, from, Part { events: &[], ..part }).await.map(Some)
                }
                Err(failed) => {
                    tracing::warn!(subscription = self.at.subscription, partition = %self.at.partition, error = %failed, "parking failed");
                    self.interrupted();
                    let nothing = Part { events: &[], ..part };
                    self.pause_and_look_again(lease, from, nothing).await.map(Some)
                }
            },
            OnPoison::Halt => {
                self.stands(SubscriptionState::Halted(event.position));
                self.pause = self.options.longest_pause;
                tracing::error!(
                    subscription = self.at.subscription,
                    partition = %self.at.partition,
                    event.position = event.position.get(),
                    %error,
                    "the subscription stands still at an event that it cannot handle"
                );
                Ok(None)
            }
        }
    }

    /// Leaves the subscription to a process of a newer program.
    fn hand_over(&mut self, at: Position, error: &SubscriberError) -> End {
        if self.outdated != Some(at) {
            tracing::error!(
                subscription = self.at.subscription,
                partition = %self.at.partition,
                event.position = at.get(),
                %error,
                "the subscription is left to a process of a newer program; upgrade this one"
            );
        }
        self.outdated = Some(at);
        self.stands(SubscriptionState::Outdated(at));
        End::Outdated
    }

    /// Moves the checkpoint and handles the events in one transaction. The move comes first: one that is fenced does no
    /// work.
    async fn transact(&mut self, lease: &Lease, from: Position, part: Part<'_>) -> Result<Moved, Failure> {
        let began = Instant::now();
        let mut connection = None;
        let handling = async {
            let connection = connection.insert(self.pool.acquire().await?);
            let mut tx = connection.begin_with(begin(self.options.limit)).await?;
            let handled =
                Handled { events: self.source.to_verify(part.events), place: self.source.place(part.to) };
            let moved = store::advance(&mut tx, &self.at, (from, part.to), handled, lease.epoch).await?;
            if moved == Moved::Fenced {
                tx.rollback().await?;
                return Ok::<Moved, Failure>(moved);
            }
            self.subscriber.stands_at(from);
            if part.events.iter().any(|event| self.parked.holds(event)) {
                let wanted: Vec<_> =
                    part.events.iter().filter(|event| !self.parked.holds(event)).cloned().collect();
                if !wanted.is_empty() {
                    self.subscriber.handle(&mut tx, &wanted).await?;
                }
            } else if !part.events.is_empty() {
                self.subscriber.handle(&mut tx, part.events).await?;
            }
            FailPoint::SubscriptionBeforeCommit.hit();
            tx.commit().await.map_err(unsure)?;
            FailPoint::SubscriptionAfterCommit.hit();
            Ok(moved)
        };
        let handled = in_time(&self.token, self.options.limit, handling).await;
        let moved = match handled {
            InTime::Done(moved) => moved?,
            unfinished @ (InTime::Late | InTime::Ended) => {
                cut(connection);
                return Err(if matches!(unfinished, InTime::Late) { too_long() } else { Failure::Stopped });
            }
        };
        if moved == Moved::Yes {
            self.subscriber.committed(part.events, part.to);
            // Of a part of the log only what is its own: the rest is counted by the other partitions.
            let passed = if self.at.partition.is_whole() { from.until(part.to) } else { part.events.len() };
            let passed = u64::try_from(passed).unwrap_or(u64::MAX);
            metrics::counter!("orqestra_subscription_events_total", "subscription" => self.at.subscription.clone())
                .increment(passed);
            if began.elapsed() < self.options.limit / WITH_EASE {
                self.most = self.most.saturating_mul(2).min(self.options.batch);
            }
        }
        Ok(moved)
    }

    async fn park(
        &mut self,
        lease: &Lease,
        from: Position,
        to: Position,
        event: &Arc<RecordedEvent>,
        reason: &SubscriberError,
    ) -> Result<Moved, SubscriberError> {
        let mut connection = None;
        let parking = async {
            let connection = connection.insert(self.pool.acquire().await?);
            let mut tx = connection.begin_with(begin(self.options.limit)).await?;
            let handled = Handled { events: std::slice::from_ref(event), place: self.source.place(to) };
            if !lease.lock(&mut tx).await?
                || store::advance(&mut tx, &self.at, (from, to), handled, lease.epoch).await? == Moved::Fenced
            {
                tx.rollback().await?;
                return Ok::<Moved, SubscriberError>(Moved::Fenced);
            }
            parked::park(&mut tx, &self.at.subscription, event, &reason.to_string()).await?;
            tx.commit().await?;
            Ok(Moved::Yes)
        };
        let parked = in_time(&self.token, self.options.limit, parking).await;
        let InTime::Done(moved) = parked else {
            cut(connection);
            return Err(SubscriberError::Unavailable("parking took too long".into()));
        };
        let moved = moved?;
        if moved == Moved::Yes {
            self.parked.add(event);
            metrics::counter!("orqestra_subscription_parked_total", "subscription" => self.at.subscription.clone())
                .increment(1);
            tracing::error!(
                subscription = self.at.subscription,
                partition = %self.at.partition,
                event.position = event.position.get(),
                aggregate.id = event.aggregate_id,
                %reason,
                "an aggregate was set aside"
            );
            self.subscriber.committed(&[], to);
        }
        Ok(moved)
    }

    /// Waits, longer after each failure.
    pub(super) async fn pause_longer(&mut self, lease: &Lease) -> Option<End> {
        let pause = self.pause;
        self.pause = (2 * pause).min(self.options.longest_pause).max(Duration::from_millis(1));
        self.pause_for(lease, pause).await
    }
}

/// A commit without an answer: the tables tell.
fn unsure(error: sqlx::Error) -> Failure {
    let error = SubscriberError::Database(error);
    if error.is_late() { Failure::Late(error) } else { Failure::Passing(error) }
}

/// Closes the connection of a transaction that took too long, so that the server ends it now.
pub(super) fn cut(connection: Option<PoolConnection<Postgres>>) {
    if let Some(connection) = connection {
        drop(connection.detach());
    }
}

fn too_long() -> Failure {
    Failure::Late(SubscriberError::Unavailable("the transaction took too long".into()))
}
