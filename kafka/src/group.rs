//! A member of a consumer group: what the group assigns to it, it reads from where the database says.
//!
//! The group decides who reads which partition, and nothing else. Offsets are committed to Kafka for tools that show lag.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use orqestra_event_log::{Assigned, Partition, ReadFrom, RecordQueue, TopicRecord};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Message as _, Offset, TopicPartitionList};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::apart::Apart;
use crate::cluster::{Cluster, LastError, blocking, partitions_of};
use crate::consumer::Condition;
use crate::decode::Decoder;
use crate::failure::Failure;
use crate::liveness::{self, Heard, LOOK_EVERY, Without};
use crate::topic::Topic;

/// How long Kafka waits for a heartbeat before it assigns a member's partitions to others. They get the lease at once where
/// the process is dead, since its session with the database is gone.
const SESSION_MS: &str = "10000";
/// How often a topic is looked at that may have been made anew, in milliseconds.
const LOOK_MS: &str = "5000";
/// Most bytes that wait in the client, in KiB.
const WAITING_KIB: &str = "8192";
/// Records and bytes handed over at one time, and how often so many.
const TOGETHER: usize = 500;
const BYTES_TOGETHER: usize = 1024 * 1024;
const WAITING: usize = 4;
/// How often offsets are committed.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// How often the brokers are asked for the topic while they do not answer.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long a partition that is taken away may still be read. A subscription ends within 2.5 s.
const ENDS_WITHIN: Duration = Duration::from_secs(4);
/// How far the brokers' clocks may be behind the log's.
const CLOCKS_APART: Duration = Duration::from_mins(1);

/// What the group changes.
#[derive(Debug)]
enum Change {
    Assigned(Vec<i32>),
    Revoked(Vec<i32>),
}

/// Hears what the group changes, and leaves it to the member's task: a partition is given back once nothing reads it.
struct Listener {
    changes: mpsc::UnboundedSender<Change>,
    last_error: LastError,
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.last_error.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.last_error.error(error, reason);
    }
}

impl ConsumerContext for Listener {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        change: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let numbers = partitions.elements().iter().map(TopicPartitionListElem::partition).collect();
        let is_assigned = change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change = if is_assigned { Change::Assigned(numbers) } else { Change::Revoked(numbers) };
        // The task has ended where the client closes, and nothing reads.
        if self.changes.send(change).is_err() && !is_assigned {
            consumer.incremental_unassign(partitions).ok();
        }
    }
}

type Client = StreamConsumer<Listener>;

/// A member of the group of one subscription. It leaves where it is dropped.
pub(crate) struct Member {
    condition: Arc<Condition>,
    topic: Topic,
    name: Arc<str>,
    /// Dropped before the client: while that one closes, no change is waited for any more.
    changes: mpsc::UnboundedReceiver<Change>,
    client: Apart<Arc<Client>>,
    last_error: LastError,
    partitions: BTreeMap<i32, Reading>,
    group: String,
    without: Without,
}

/// A partition that this process reads, until this is dropped.
struct Reading {
    revoked: DropGuard,
    /// Closed once it is read no more.
    held: mpsc::Receiver<()>,
    task: JoinHandle<()>,
    heard: Heard,
    handled: watch::Receiver<Option<i64>>,
}

impl Member {
    /// Joins the group.
    pub(crate) fn new(cluster: &Cluster, topic: Topic, condition: Arc<Condition>) -> Result<Self, Failure> {
        let group = format!("{}.{}", topic.prefix, condition.reader.subscription);
        let mut config = cluster.client();
        config
            .set("group.id", &group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", SESSION_MS)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // The topic was made anew, or has deleted what was read up to: the records that it has say what is missing before them.
            .set("auto.offset.reset", "earliest")
            .set("topic.metadata.refresh.interval.ms", LOOK_MS)
            .set("queued.max.messages.kbytes", WAITING_KIB);
        let (changed, changes) = mpsc::unbounded_channel();
        let last_error = LastError::default();
        let listener = Listener { changes: changed, last_error: last_error.clone() };
        let client: Client = config.create_with_context(listener)?;
        let name = topic.name();
        client.subscribe(&[&name])?;
        Ok(Self {
            condition,
            topic,
            name: name.into(),
            changes,
            client: Apart::new(Arc::new(client)),
            last_error,
            partitions: BTreeMap::new(),
            group,
            without: Without::since_now(),
        })
    }

    /// Reads what is assigned until the token is cancelled or the topic cannot be read; then gives all back and leaves.
    pub(crate) async fn run(
        mut self,
        assigned: &mpsc::Sender<Assigned>,
        token: &CancellationToken,
    ) -> Result<(), Failure> {
        let ended = self.follow(assigned, token).await;
        let all: Vec<_> = self.partitions.keys().copied().collect();
        self.end(&all).await;
        ended
    }

    async fn follow(
        &mut self,
        assigned: &mpsc::Sender<Assigned>,
        token: &CancellationToken,
    ) -> Result<(), Failure> {
        let client = self.client.clone();
        let mut commit = interval(COMMIT_EVERY);
        commit.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => return Ok(()),
                Some(change) = self.changes.recv() => match change {
                    Change::Assigned(numbers) => self.begin(&numbers, assigned).await?,
                    Change::Revoked(numbers) => {
                        self.end(&numbers).await;
                        client.incremental_unassign(&self.list(&numbers))?;
                    }
                },
                _ = commit.tick() => self.commit(),
                _ = look.tick() => self.verify_liveness().await?,
                // Serves the group. Records come by the queues of their partitions.
                came = client.recv() => if let Err(error) = came {
                    self.wait_for_brokers(error, token).await?;
                },
            }
        }
    }

    /// Waits until the brokers know the topic, after an error that may be any: the client connects again by itself.
    async fn wait_for_brokers(&self, error: KafkaError, token: &CancellationToken) -> Result<(), Failure> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(error.into());
        }
        let mut failure = Failure::from(error);
        loop {
            if !failure.passes() {
                return Err(failure);
            }
            let (client, name) = (self.client.clone(), Arc::clone(&self.name));
            match blocking(move || partitions_of(client.client(), &name, ANSWER_WITHIN)).await {
                Ok(0) => failure = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic).into(),
                Ok(_) => {
                    self.condition.readable();
                    return Ok(());
                }
                Err(error) => failure = self.last_error.explain(error.into()),
            }
            self.condition.unreadable(&failure);
            if token.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Fails where the client stands still though there is something to read. A broker that does not answer is told of elsewhere.
    async fn verify_liveness(&mut self) -> Result<(), Failure> {
        if self.partitions.is_empty() {
            let partitions = self.topic.partitions.count();
            return match self.without.is_forgotten(&self.client, &self.group, partitions).await {
                Ok(true) => Err(Failure::Stuck("its group has left it without a partition")),
                Ok(false) | Err(_) => Ok(()),
            };
        }
        self.without = Without::since_now();
        let mut silent = self
            .partitions
            .iter()
            .filter_map(|(number, reading)| Some((*number, &reading.heard, reading.heard.silent_at()?)));
        let Some((number, heard, next)) = silent.next() else { return Ok(()) };
        match liveness::differs(&self.client, &self.name, number, next).await {
            Ok(true) if heard.silent_at() == Some(next) => {
                Err(Failure::Stuck("a partition has other records than it asks for"))
            }
            Ok(false) => {
                heard.is_up_to_date();
                Ok(())
            }
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// Takes partitions over: from where the database says the subscription stands.
    async fn begin(&mut self, numbers: &[i32], assigned: &mpsc::Sender<Assigned>) -> Result<(), Failure> {
        let from = self.condition.reader.reads_from(&self.name, self.topic.partitions).await?;
        let mut list = TopicPartitionList::new();
        let mut by_time = TopicPartitionList::new();
        let mut begun = Vec::new();
        for number in numbers {
            let partition =
                u16::try_from(*number).ok().and_then(|number| self.topic.partitions.numbered(number));
            let Some(partition) = partition else {
                return Err(self.topic.has_more_partitions());
            };
            match from[usize::from(partition.number())] {
                ReadFrom::Beginning => list.add_partition_offset(&self.name, *number, Offset::Beginning)?,
                ReadFrom::Offset(offset) => {
                    list.add_partition_offset(&self.name, *number, Offset::Offset(offset))?;
                }
                ReadFrom::Time(time) => {
                    let millis = time.minus(CLOCKS_APART).unix_micros() / 1_000;
                    by_time.add_partition_offset(&self.name, *number, Offset::Offset(millis))?;
                }
            }
            begun.push((*number, partition));
        }
        for element in self.offsets_at(by_time).await?.elements() {
            list.add_partition_offset(&self.name, element.partition(), element.offset())?;
        }
        // Before the client fetches: what it has fetched without a queue of its own comes by the group's.
        let mut queues = Vec::new();
        for (number, partition) in begun {
            let queue = self.client.split_partition_queue(&self.name, number);
            queues.push((number, partition, queue.ok_or(KafkaError::Canceled)?));
        }
        self.client.incremental_assign(&list)?;
        for (number, partition, queue) in queues {
            let from = list.find_partition(&self.name, number).map(|element| element.offset());
            let next = from.and_then(Offset::to_raw).filter(|offset| *offset >= 0);
            self.read((number, partition), queue, next, assigned).await;
        }
        Ok(())
    }

    async fn read(
        &mut self,
        (number, partition): (i32, Partition),
        queue: StreamPartitionQueue<Listener>,
        next: Option<i64>,
        assigned: &mpsc::Sender<Assigned>,
    ) {
        let (records, waiting) = mpsc::channel(WAITING);
        let (handled, told) = watch::channel(None);
        let (holds, held) = mpsc::channel(1);
        let revoked = CancellationToken::new();
        let decoder =
            Decoder::new(self.condition.reader.log.clone(), partition, self.condition.reader.interest);
        let heard = Heard::nothing(next, records.downgrade());
        let task = tokio::spawn(bring(queue, decoder, (records, heard.clone()), revoked.clone()));
        let reading = Reading { revoked: revoked.clone().drop_guard(), held, task, heard, handled: told };
        self.partitions.insert(number, reading);
        let records = RecordQueue::new(Arc::clone(&self.name), waiting, handled);
        // Where the subscription has ended nothing reads it, and it is given back.
        assigned.send(Assigned { partition, records, revoked, held: holds }).await.ok();
    }

    /// Waits until partitions are read no more.
    async fn end(&mut self, numbers: &[i32]) {
        self.commit();
        let mut ending = Vec::new();
        for number in numbers {
            let Some(Reading { revoked, held, task, .. }) = self.partitions.remove(number) else { continue };
            drop(revoked);
            ending.push((held, task));
        }
        let all = async {
            for (held, task) in &mut ending {
                // Nothing is ever sent.
                held.recv().await;
                task.await.ok();
            }
        };
        if timeout(ENDS_WITHIN, all).await.is_err() {
            // The lease keeps others from the partition until its reader has ended.
            tracing::warn!(
                topic = &*self.name,
                subscription = self.condition.reader.subscription,
                "a partition that was taken away is still read"
            );
        }
    }

    /// Commits how far partitions are handled.
    fn commit(&self) {
        let mut offsets = TopicPartitionList::new();
        for (number, reading) in &self.partitions {
            if let Some(offset) = *reading.handled.borrow() {
                offsets.add_partition_offset(&self.name, *number, Offset::Offset(offset)).ok();
            }
        }
        if offsets.count() > 0
            && let Err(error) = self.client.commit(&offsets, CommitMode::Async)
        {
            tracing::debug!(topic = &*self.name, %error, "offsets were not committed");
        }
    }

    /// Returns the offsets of the first records that the topic took at a time or later.
    async fn offsets_at(&self, times: TopicPartitionList) -> Result<TopicPartitionList, Failure> {
        if times.count() == 0 {
            return Ok(times);
        }
        let client = self.client.clone();
        Ok(blocking(move || client.offsets_for_times(times, ANSWER_WITHIN)).await?)
    }

    fn list(&self, numbers: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for number in numbers {
            list.add_partition(&self.name, *number);
        }
        list
    }
}

/// Brings the records of a partition until its reader is to end.
async fn bring(
    queue: StreamPartitionQueue<Listener>,
    decoder: Decoder,
    (records, heard): (mpsc::Sender<Vec<TopicRecord>>, Heard),
    revoked: CancellationToken,
) {
    let mut stream = queue.stream();
    loop {
        let Some(Some(first)) = revoked.run_until_cancelled(stream.next()).await else { return };
        let (mut next, mut brought, mut bytes) = (Some(first), Vec::new(), 0);
        let mut last = None;
        while let Some(message) = next.take() {
            match message {
                Ok(message) => {
                    bytes += message.payload_len();
                    last = Some(message.offset());
                    brought.extend(decoder.read(&message));
                }
                Err(error) => {
                    tracing::debug!(%error, "a partition cannot be read now");
                }
            }
            if brought.len() < TOGETHER && bytes < BYTES_TOGETHER {
                next = stream.next().now_or_never().flatten();
            }
        }
        if let Some(last) = last {
            heard.up_to(last);
        }
        if !brought.is_empty()
            && !matches!(revoked.run_until_cancelled(records.send(brought)).await, Some(Ok(())))
        {
            return;
        }
    }
}
