//! One partition of a topic as a source: what its records leave out is read from the log.
//!
//! A topic may repeat records, lose some, and lose them all. Each record says after which position of its partition it
//! comes, and a tick says up to where the partition is complete while nothing is sent, so that whatever is missing shows
//! and is read from the log. A topic can outlive a restore of the log: a checkpoint moves only past events that the log holds
//! under their positions (`store.rs`), and where it holds others, and beyond the head, the log is read instead.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::source::{Source, TopicPlace};
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
    /// Where it stands in its partition of the topic.
    pub offset: i64,
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
    /// The topic's name.
    fn topic(&self) -> &str;

    /// Waits for records and returns those that are at hand, one at least. It may be dropped at any time; nothing is lost
    /// with it.
    ///
    /// # Errors
    /// If nothing more will come.
    fn next(&mut self) -> impl Future<Output = Result<Vec<TopicRecord>, LogError>> + Send;

    /// Is told that the records before an offset are handled and stored.
    fn handled(&mut self, offset: i64) {
        let _ = offset;
    }
}

/// See the module.
pub struct TopicPartition<R> {
    log: EventLog,
    partition: Partition,
    records: R,
    /// Not looked at yet.
    waiting: VecDeque<TopicRecord>,
    /// Looked at for the last page: they wait again where it was not stored.
    taken: Vec<TopicRecord>,
    /// The offset behind the records of the pages before; `None` before the first.
    passed: Option<i64>,
    /// Up to here the log holds other events than the records brought.
    rejected: Option<Position>,
    /// The end of the last page; `None` before the first, and where reading it failed.
    read: Option<Position>,
}

impl<R: Records> TopicPartition<R> {
    /// The partition that these records are of, and the log that they come from.
    pub const fn new(log: EventLog, partition: Partition, records: R) -> Self {
        Self {
            log,
            partition,
            records,
            waiting: VecDeque::new(),
            taken: Vec::new(),
            passed: None,
            rejected: None,
            read: None,
        }
    }

    /// Lets the records of the last page go where it was stored. What lies further back than they do is read from the log.
    fn go_on_from(&mut self, position: Position) {
        if self.read == Some(position) {
            self.passed = self.taken.last().map(|last| last.offset + 1).or(self.passed);
            self.taken.clear();
        } else {
            for record in self.taken.drain(..).rev() {
                self.waiting.push_front(record);
            }
        }
    }

    /// Adds to a page what the log has up to a position.
    async fn read_log(
        &self,
        page: &mut Page,
        end: Position,
        most: usize,
        interest: &Interest,
    ) -> Result<(), LogError> {
        let (from, missing) = (page.reached, page.reached.until(end));
        let stretch = self.log.read_page(from, missing.min(most), interest).await?;
        tracing::debug!(
            event.position = from.get(),
            reached = stretch.reached.get(),
            partition = %self.partition,
            "a stretch that the topic does not bring is read from the log"
        );
        page.events.extend(self.log.of_partition(self.partition, stretch.events).await?);
        page.reached = stretch.reached;
        Ok(())
    }

    /// Returns the offset behind the records that are handled at a position.
    fn offset_at(&self, position: Position) -> Option<i64> {
        let handled = self.taken.iter().take_while(|record| record.position() <= position);
        handled.last().map(|last| last.offset + 1).or(self.passed)
    }
}

impl<R: Records> Source for TopicPartition<R> {
    fn partition(&self) -> Partition {
        self.partition
    }

    async fn page(&mut self, after: Position, most: usize, interest: &Interest) -> Result<Page, LogError> {
        self.go_on_from(after);
        self.read = None;
        let mut page = Page { events: Vec::new(), reached: after };
        let head = *self.log.head().borrow();
        self.rejected = self.rejected.filter(|rejected| *rejected > after);
        if let Some(rejected) = self.rejected {
            self.read_log(&mut page, rejected.min(head), most, interest).await?;
            self.read = Some(page.reached);
            return Ok(page);
        }
        while page.events.len() < most {
            let Some(record) = self.waiting.front() else { break };
            let (position, before) = (record.position(), record.after);
            if position > page.reached {
                // One beyond the head may be of a log that was restored since.
                let end = if position > head { head } else { before };
                if end > page.reached {
                    // The record stays until what lies before it is read. A page has one such stretch, at its end.
                    self.read_log(&mut page, end, most, interest).await?;
                    break;
                }
                if position > head {
                    break;
                }
                page.reached = position;
                if let TopicContent::Event(event) = &record.content
                    && interest.wants(event)
                {
                    page.events.push(Arc::clone(event));
                }
            }
            self.taken.extend(self.waiting.pop_front());
        }
        self.read = Some(page.reached);
        Ok(page)
    }

    async fn wait(&mut self, after: Position) -> Result<(), LogError> {
        while self.waiting.is_empty() {
            let more = self.records.next().await?;
            self.waiting.extend(more);
        }
        // A record may come before the head is known to be there.
        self.log.head().wait_for(|head| *head > after).await.map(drop).map_err(|_| LogError::Closed)
    }

    fn is_drained(&self, _: Position) -> bool {
        self.waiting.is_empty()
    }

    fn to_verify<'a>(&self, events: &'a [Arc<RecordedEvent>]) -> &'a [Arc<RecordedEvent>] {
        events
    }

    fn reject(&mut self, end: Position) {
        self.rejected = self.rejected.max(Some(end));
        self.read = None;
    }

    fn place(&self, position: Position) -> Option<TopicPlace<'_>> {
        let offset = self.offset_at(position)?;
        Some(TopicPlace { topic: self.records.topic(), offset })
    }

    fn stored(&mut self, position: Position) {
        if let Some(offset) = self.offset_at(position) {
            self.records.handled(offset);
        }
    }
}
