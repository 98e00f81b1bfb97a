//! Where a subscription's events come from: the log's own tail, or what a topic brings.
//!
//! A source brings one partition, in the order of the log. It may repeat what it has brought, and says up to which position
//! nothing of its partition is missing.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::LogError;
use crate::interest::Interest;
use crate::log::EventLog;
use crate::page::Page;
use crate::partition::Partition;
use crate::position::Position;
use crate::recorded::RecordedEvent;

/// A place in one partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicPlace<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The offset of the first record that is not handled.
    pub offset: i64,
}

/// See the module.
pub trait Source: Send + Sync {
    /// The partition that it brings.
    fn partition(&self) -> Partition;

    /// Returns the partition's next events after a position that the subscriber asks for, in order, and tells how far
    /// that is; looks at about `most` events. Where nothing has come, the page reaches the position itself.
    ///
    /// # Errors
    /// If it cannot be read now.
    fn page(
        &mut self,
        after: Position,
        most: usize,
        interest: &Interest,
    ) -> impl Future<Output = Result<Page, LogError>> + Send;

    /// Waits until there may be a page after a position. It may be dropped at any time; nothing is lost with it.
    ///
    /// # Errors
    /// If nothing more will come: the log was closed.
    fn wait(&mut self, after: Position) -> impl Future<Output = Result<(), LogError>> + Send;

    /// Whether nothing more is at hand after a position.
    fn is_drained(&self, after: Position) -> bool;

    /// The events of a page that are compared with the log before they are handled: the last one where they were read from
    /// the log, all where they were brought by another way.
    fn to_verify<'a>(&self, events: &'a [Arc<RecordedEvent>]) -> &'a [Arc<RecordedEvent>] {
        events.last_chunk::<1>().map_or(&[], |last| last)
    }

    /// Is told that the log does not hold what it brought up to a position.
    fn reject(&mut self, end: Position) {
        let _ = end;
    }

    /// Where in a topic it has come to once all is handled up to a position; `None` where it reads the log.
    fn place(&self, position: Position) -> Option<TopicPlace<'_>> {
        let _ = position;
        None
    }

    /// Is told that all is handled and stored up to a position.
    fn stored(&mut self, position: Position) {
        let _ = position;
    }

    /// The position at which it ends, if it does.
    fn end(&self) -> Option<Position> {
        None
    }
}

/// The log's tail, or one partition of it.
pub struct LogTail {
    log: EventLog,
    head: watch::Receiver<Position>,
    partition: Partition,
    /// Where it ends.
    end: Option<Position>,
}

impl LogTail {
    /// The whole log.
    pub fn whole(log: EventLog) -> Self {
        Self::of(log, Partition::WHOLE)
    }

    /// One partition of it. Each reads all of the log, so that this is for few of them or for a stretch.
    pub fn of(log: EventLog, partition: Partition) -> Self {
        Self { head: log.head(), log, partition, end: None }
    }

    /// The same up to a position.
    #[must_use]
    pub(super) fn up_to(self, end: Position) -> Self {
        Self { end: Some(end), ..self }
    }
}

impl Source for LogTail {
    fn partition(&self) -> Partition {
        self.partition
    }

    async fn page(&mut self, after: Position, most: usize, interest: &Interest) -> Result<Page, LogError> {
        // At the head there is nothing to ask the database for: what comes moves the head.
        let left = self.end.map_or(usize::MAX, |end| after.until(end));
        if *self.head.borrow_and_update() <= after || left == 0 {
            return Ok(Page { events: Vec::new(), reached: after });
        }
        let Page { events, reached } = self.log.read_page(after, most.min(left), interest).await?;
        Ok(Page { events: self.log.of_partition(self.partition, events).await?, reached })
    }

    async fn wait(&mut self, after: Position) -> Result<(), LogError> {
        self.head.wait_for(|head| *head > after).await.map(drop).map_err(|_| LogError::Closed)
    }

    fn is_drained(&self, after: Position) -> bool {
        after >= *self.head.borrow()
    }

    fn end(&self) -> Option<Position> {
        self.end
    }
}
