//! A subscription whose partitions a topic shares out among the processes that read it.
//!
//! The topic only says which process is to read which partition. That one process at a time reads it, and from where on, is
//! decided by the leases and checkpoints in the database, as for every subscription.

use std::sync::Arc;

use futures::future::BoxFuture;
use orqestra_domain::Timestamp;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::division::is_divided_into;
use super::run::{run_partition, run_subscription, tell_metrics};
use super::topic::{Records, TopicPartition, TopicRecord};
use super::{Subscriber, SubscriptionError, SubscriptionOptions, SubscriptionState};
use crate::error::LogError;
use crate::interest::Interest;
use crate::log::EventLog;
use crate::partition::{Partition, Partitions};
use crate::read::limited;

/// Records that are taken from the queue at one time.
const TOGETHER: usize = 2_000;

/// A topic that subscriptions read in place of the log's tail.
pub trait Topic: Send + Sync {
    /// Whether it brings every event of an interest.
    fn brings(&self, interest: &Interest) -> bool;

    /// Joins the processes that read a subscription, and hands over each partition that is assigned to this one. Once the token is
    /// cancelled it waits until none is read any more, and leaves.
    fn join(
        &self,
        reader: TopicReader,
        assigned: mpsc::Sender<Assigned>,
        token: CancellationToken,
    ) -> BoxFuture<'static, ()>;
}

/// A subscription that reads a topic.
#[derive(Clone)]
pub struct TopicReader {
    /// The subscription's name.
    pub subscription: String,
    /// The events that it asks for.
    pub interest: Interest,
    /// The log that the topic is a copy of.
    pub log: EventLog,
    pool: PgPool,
}

/// Where a partition of a topic is read on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// Its first record.
    Beginning,
    /// The first record that the topic took at that time or later.
    Time(Timestamp),
    /// The record of that offset.
    Offset(i64),
}

impl TopicReader {
    /// Notes that the topic cannot be read now.
    pub fn interrupted(&self) {
        self.stands(SubscriptionState::Interrupted);
    }

    /// Notes that the topic can be read, or that another process reads it.
    pub fn stands_by(&self) {
        self.stands(SubscriptionState::StandsBy);
    }

    fn stands(&self, state: SubscriptionState) {
        self.log.shared().set_group(&self.subscription, state);
        tell_metrics(&self.log, &self.subscription);
    }

    /// Returns where each partition of a topic is read on from, by number. Only how much is read for nothing depends on it.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn reads_from(&self, topic: &str, partitions: Partitions) -> Result<Vec<ReadFrom>, LogError> {
        type Row = (i16, i64, Option<i64>, Option<OffsetDateTime>);
        let divided = is_divided_into(&self.pool, &self.subscription, partitions).await?;
        let rows: Vec<Row> = limited(
            sqlx::query_as(
                "select c.partition, c.position, case when c.topic = $2 then c.topic_offset end,
                        (select e.recorded_at from events e where e.position = c.position)
                   from (select distinct on (partition) partition, position, topic, topic_offset
                           from checkpoints where subscription = $1 order by partition, after desc) c
                  order by c.position",
            )
            .bind(&self.subscription)
            .bind(topic)
            .fetch_all(&self.pool),
        )
        .await?;
        let at_time = |time: Option<OffsetDateTime>| {
            time.map_or(ReadFrom::Beginning, |time| ReadFrom::Time(Timestamp::new(time)))
        };
        let least = at_time(rows.first().and_then(|(.., time)| *time));
        let of = |partition: Partition| {
            let number = partition.number().cast_signed();
            let row = rows.iter().find(|(row, ..)| *row == number && divided);
            match row {
                Some((_, _, Some(offset), _)) => ReadFrom::Offset(*offset),
                Some((_, _, None, time)) => at_time(*time),
                None => least,
            }
        };
        Ok(partitions.each().map(of).collect())
    }
}

/// A partition that is assigned to this process.
pub struct Assigned {
    /// Which one.
    pub partition: Partition,
    /// Its records.
    pub records: RecordQueue,
    /// Cancelled once this process is to read it no more.
    pub revoked: CancellationToken,
    /// Dropped once this process reads it no more.
    pub held: mpsc::Sender<()>,
}

/// The records of a partition as another task brings them.
pub struct RecordQueue {
    topic: Arc<str>,
    records: mpsc::Receiver<Vec<TopicRecord>>,
    handled: watch::Sender<Option<i64>>,
}

impl RecordQueue {
    /// Takes records from a channel, and tells the offset up to which they are handled.
    pub const fn new(
        topic: Arc<str>,
        records: mpsc::Receiver<Vec<TopicRecord>>,
        handled: watch::Sender<Option<i64>>,
    ) -> Self {
        Self { topic, records, handled }
    }
}

impl Records for RecordQueue {
    fn topic(&self) -> &str {
        &self.topic
    }

    async fn next(&mut self) -> Result<Vec<TopicRecord>, LogError> {
        let mut records = self.records.recv().await.ok_or(LogError::Closed)?;
        while records.len() < TOGETHER
            && let Ok(more) = self.records.try_recv()
        {
            records.extend(more);
        }
        Ok(records)
    }

    fn handled(&mut self, offset: i64) {
        self.handled.send_replace(Some(offset));
    }
}

/// Runs a subscription until the token is cancelled: by the partitions of the topic that are assigned to this process, each with a
/// subscriber of its own, or by the log's tail where there is no topic that brings its events.
///
/// # Errors
/// As [`run_subscription`].
pub async fn run_shared<S: Subscriber + Sync + 'static>(
    log: EventLog,
    pool: PgPool,
    topic: Option<Arc<dyn Topic>>,
    subscriber: impl Fn() -> S,
    options: SubscriptionOptions,
    token: CancellationToken,
) -> Result<(), SubscriptionError> {
    let first = subscriber();
    let Some(topic) = topic.filter(|topic| topic.brings(&first.interest())) else {
        return run_subscription(log, pool, first, options, token).await;
    };
    let subscription = first.name().to_owned();
    let reader = TopicReader { subscription, interest: first.interest(), log, pool };
    reader.stands_by();
    let (hand_over, mut assigned) = mpsc::channel::<Assigned>(1);
    let mut joined = topic.join(reader.clone(), hand_over, token.clone());
    let (mut running, mut left) = (JoinSet::new(), false);
    loop {
        tokio::select! {
            Some(Assigned { partition, records, revoked, held }) = assigned.recv() => {
                let options = SubscriptionOptions { gather: options.gather_partition, ..options };
                let source = TopicPartition::new(reader.log.clone(), partition, records);
                let (log, pool, subscriber) = (reader.log.clone(), reader.pool.clone(), subscriber());
                running.spawn(async move {
                    let ended = run_partition(log, pool, subscriber, source, options, revoked.clone()).await;
                    drop(held);
                    // Its records ended because they were to.
                    if revoked.is_cancelled() { Ok(()) } else { ended }
                });
            }
            Some(ended) = running.join_next() => match ended {
                Ok(ended) => ended?,
                Err(crashed) => std::panic::resume_unwind(crashed.into_panic()),
            },
            () = &mut joined, if !left => left = true,
            else => return Ok(()),
        }
    }
}
