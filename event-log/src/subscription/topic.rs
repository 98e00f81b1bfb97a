//! One partition of a topic as a source: what its records leave out is read from the log.
//!
//! A topic may repeat records, lose some, and lose them all. Each record says after which position of its partition it
//! comes, and a tick says up to where the partition is complete while nothing is sent, so that whatever is missing shows
//! and is read from the log. What a topic brings is never believed over the log: a checkpoint moves only past an event that
//! the log holds under that position (`store.rs`).

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::source::Source;
use crate::error::LogError;
use crate::interest::Interest;
use crate::log::EventLog;
use crate::page::Page;
use crate::partition::Partition;
use crate::position::Position;
use crate::recorded::RecordedEvent;

/// A record of a topic.
#[derive(Clone, Debug)]
pub struct TopicRecord {
    /// The position of the partition's event before it, or one between: no event of the partition lies between this position
    /// and the record's own.
    pub after: Position,
    /// What it brings.
    pub content: TopicContent,
}

/// What a record brings.
#[derive(Clone, Debug)]
pub enum TopicContent {
    /// An event.
    Event(Arc<RecordedEvent>),
    /// That the partition is complete up to this position.
    Tick(Position),
}

impl TopicRecord {
    /// The position up to which the partition is complete with it.
    fn position(&self) -> Position {
        match &self.content {
            TopicContent::Event(event) => event.position,
            TopicContent::Tick(position) => *position,
        }
    }
}

/// The records of one partition of a topic, in their order there.
pub trait Records: Send + Sync {
    /// Waits for records and returns those that are at hand, one at least. It may be dropped at any time; nothing is lost
    /// with it.
    ///
    /// # Errors
    /// If nothing more will come.
    fn next(&mut self) -> impl Future<Output = Result<Vec<TopicRecord>, LogError>> + Send;

    /// Goes back to where what follows a position begins, or as far back as the topic reaches. Records that come again
    /// are passed over.
    fn seek(&mut self, position: Position);
}

/// See the module.
pub struct TopicPartition<R> {
    log: EventLog,
    partition: Partition,
    records: R,
    /// Taken from the topic and not yet looked at.
    waiting: VecDeque<TopicRecord>,
    /// The position up to which the records that were looked at go; `None` before any was asked for.
    read: Option<Position>,
}

impl<R: Records> TopicPartition<R> {
    /// The partition that these records are of, and the log that they come from.
    pub const fn new(log: EventLog, partition: Partition, records: R) -> Self {
        Self { log, partition, records, waiting: VecDeque::new(), read: None }
    }

    /// Goes to where the subscription stands, where that is not where the last page ended: a transaction was taken back.
    fn go_to(&mut self, position: Position) {
        if self.read != Some(position) {
            self.waiting.clear();
            self.records.seek(position);
            self.read = Some(position);
        }
    }
}

impl<R: Records> Source for TopicPartition<R> {
    fn partition(&self) -> Partition {
        self.partition
    }

    async fn page(&mut self, after: Position, most: usize, interest: &Interest) -> Result<Page, LogError> {
        self.go_to(after);
        // Where this is not read to its end, records are missing from those that wait.
        self.read = None;
        let mut page = Page { events: Vec::new(), reached: after };
        for _ in 0..most {
            let Some(record) = self.waiting.front() else { break };
            if record.position() <= page.reached {
                self.waiting.pop_front();
                continue;
            }
            if record.after > page.reached {
                // The record stays until what lies before it is read. Its own position is no part of that.
                let (from, missing) = (page.reached, page.reached.until(record.after));
                let stretch = self.log.read_page(from, missing.min(most), interest).await?;
                if stretch.reached <= from {
                    break;
                }
                tracing::debug!(
                    event.position = from.get(),
                    reached = stretch.reached.get(),
                    partition = self.partition.number(),
                    "the topic left out a stretch, which was read from the log"
                );
                page.events.extend(self.log.of_partition(self.partition, stretch.events).await?);
                page.reached = stretch.reached;
                continue;
            }
            page.reached = record.position();
            if let Some(TopicRecord { content: TopicContent::Event(event), .. }) = self.waiting.pop_front()
                && interest.wants(&event)
            {
                page.events.push(event);
            }
        }
        self.read = Some(page.reached);
        Ok(page)
    }

    async fn wait(&mut self, after: Position) -> Result<(), LogError> {
        self.go_to(after);
        while self.waiting.is_empty() {
            let more = self.records.next().await?;
            self.waiting.extend(more);
        }
        Ok(())
    }

    fn is_drained(&self, _: Position) -> bool {
        self.waiting.is_empty()
    }
}
