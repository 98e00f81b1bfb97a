//! Named readers of the log: each event is handled once, in order, with the checkpoint in the handler's transaction.
//!
//! One process at a time runs a partition of a subscription, by a lease with a fencing epoch; the checkpoint moves by
//! compare-and-set, so that one who lost the lease unawares stores nothing. An event that cannot be handled halts the
//! subscription loudly, or parks its aggregate, as the subscriber chooses. An event that only a newer program can read
//! does neither: the subscription is handed over to a process of such a program.

mod division;
mod group;
mod handle;
mod lease;
mod parked;
mod retry;
mod run;
mod source;
mod state;
mod store;
mod topic;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgTransaction;

use crate::error::{LogError, is_late};
use crate::interest::Interest;
use crate::position::Position;
use crate::recorded::RecordedEvent;
pub use group::{Assigned, ReadFrom, RecordQueue, Topic, TopicReader, run_shared};
pub(crate) use lease::Owner;
pub use parked::{Parked, parked, parked_by_all, request_retry};
pub use run::{run_partition, run_subscription};
pub use source::{LogTail, Source, TopicPlace};
pub use state::SubscriptionState;
pub use store::{checkpoint, checkpoint_in, checkpoints_beyond_head};
pub use topic::{Records, TopicContent, TopicPartition, TopicRecord};

/// Handles events.
pub trait Subscriber: Send {
    /// The name under which lease, checkpoint and parked events are kept.
    fn name(&self) -> &str;

    /// The events that it asks for. The others are passed over; the checkpoint moves past them.
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    /// Is told the checkpoint before a page is handled, not before a parked aggregate is retried: every event up to there is
    /// handled.
    fn stands_at(&mut self, position: Position) {
        let _ = position;
    }

    /// Handles events of the log in order, writing through the transaction, which also moves the checkpoint. Runs
    /// again with the same events where that transaction is not stored, so anything else it does must bear repeating.
    ///
    /// # Errors
    /// See [`SubscriberError`].
    fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> impl Future<Output = Result<(), SubscriberError>> + Send;

    /// Is told once a batch is stored, with the position handled up to. Lost in a crash.
    fn committed(&mut self, batch: &[Arc<RecordedEvent>], position: Position) {
        let _ = (batch, position);
    }

    /// What to do with an event that cannot be handled.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Halt
    }
}

impl<S: Subscriber> Subscriber for &mut S {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn interest(&self) -> Interest {
        (**self).interest()
    }

    fn stands_at(&mut self, position: Position) {
        (**self).stands_at(position);
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        (**self).handle(tx, batch).await
    }

    fn committed(&mut self, batch: &[Arc<RecordedEvent>], position: Position) {
        (**self).committed(batch, position);
    }

    fn on_poison(&self) -> OnPoison {
        (**self).on_poison()
    }
}

/// What to do with an event that cannot be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPoison {
    /// Stand still and try it again now and then.
    Halt,
    /// Set its aggregate aside and go on with the others.
    Park,
}

/// Why a subscriber could not handle a batch.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// The database failed. One that may work again is tried again for ever.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// An event of the batch cannot be handled.
    #[error("an event cannot be handled: {0}")]
    Event(Box<dyn std::error::Error + Send + Sync>),
    /// An event of the batch can only be handled by a newer program.
    #[error("an event is newer than this program: {0}")]
    Newer(Box<dyn std::error::Error + Send + Sync>),
    /// Something outside is away; the batch is tried again for ever.
    #[error("not now: {0}")]
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
}

impl SubscriberError {
    /// An event that cannot be handled, for this reason.
    pub fn event(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Event(reason.into())
    }

    /// An event that only a newer program can handle, for this reason.
    pub fn newer(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Newer(reason.into())
    }

    /// Whether trying again can help without anybody changing the event or the program.
    fn passes(&self) -> bool {
        match self {
            Self::Event(_) | Self::Newer(_) => false,
            Self::Unavailable(_) => true,
            Self::Database(sqlx::Error::Database(reported)) => reported.code().is_some_and(|code| {
                // With them a server that only reads now, and a transaction that stood still for too long.
                ["08", "25006", "25P03", "25P04", "40", "53", "55", "57"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        }
    }

    /// Whether the database ended it because it took too long.
    fn is_late(&self) -> bool {
        matches!(self, Self::Database(error) if is_late(error))
    }
}

/// Why a subscription ended, if not by its token.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// The log was closed, the database holds another log, or the subscription stands beyond the log's end.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Where a subscription begins that has no checkpoint yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first event.
    Beginning,
    /// With what comes after the head at its first run.
    Head,
}

/// How a subscription runs.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionOptions {
    /// Most events handled in one transaction.
    pub batch: usize,
    /// The same while callers are many: what they wait for in between stays short.
    pub rushed_batch: usize,
    /// How long it waits for more after a batch that was not full. For one that nobody waits for: the more come
    /// together, the fewer transactions.
    pub gather: Duration,
    /// The same for each partition of a topic: as many transactions as partitions come of what the log's tail brings in one.
    pub gather_partition: Duration,
    /// How long a lease holds; it is renewed three times as often.
    pub lease: Duration,
    /// How long one transaction may take.
    pub limit: Duration,
    /// How often an event is tried before it counts as poison.
    pub tries: u32,
    /// The pause after a first failure; it doubles.
    pub first_pause: Duration,
    /// The longest pause, also between tries of a halted subscription.
    pub longest_pause: Duration,
    /// How long it leaves the lease to others after it met an event that is newer than this program.
    pub hand_over: Duration,
    /// Where it begins.
    pub start: Start,
}

impl Default for SubscriptionOptions {
    fn default() -> Self {
        Self {
            batch: 500,
            rushed_batch: 100,
            gather: Duration::ZERO,
            gather_partition: Duration::ZERO,
            lease: Duration::from_secs(10),
            limit: Duration::from_secs(30),
            tries: 5,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(10),
            hand_over: Duration::from_secs(10),
            start: Start::Beginning,
        }
    }
}
