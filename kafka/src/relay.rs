//! The relay: a subscription that hands the log's events to a topic, and moves its checkpoint once they are acknowledged.
//!
//! One process at a time relays, by the subscription's lease. What a process that lost it unawares still sends is as true as
//! before: each record says where it stands and after which position of its partition, so that readers drop what they have.
//! A failure that may pass is retried for ever; an event that Kafka refuses halts the relay, with its position.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::{
    Clock, EventLog, Interest, Partition, Pool, Position, RecordedEvent, Subscriber, SubscriberError,
    SubscriptionError, SubscriptionOptions, Transaction, run_subscription, store_sent_to_topic,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::producer::Outgoing;
use crate::sender::TopicSender;
use crate::tick;
use crate::topic::{Topic, TopicKind};

/// Where the log is relayed to.
#[derive(Clone)]
pub struct RelaySettings {
    /// The cluster.
    pub cluster: Cluster,
    /// The topic.
    pub topic: Topic,
}

/// Relays the log to a topic until the token is cancelled; meanwhile another process may do it instead.
///
/// # Errors
/// As [`run_subscription`].
pub async fn relay(
    log: EventLog,
    pool: Pool,
    settings: RelaySettings,
    clock: Arc<dyn Clock>,
    token: CancellationToken,
) -> Result<(), SubscriptionError> {
    begin_metrics(settings.topic.kind);
    let sender = Arc::new(TopicSender::new(log.clone(), settings, Instant::now()));
    let name = sender.settings.topic.subscription();
    let relay = Relay { sender: Arc::clone(&sender), name, staged: Vec::new() };
    tokio::select! {
        ended = run_subscription(log, pool, relay, options(), token) => ended,
        never = tick::run(&sender, &*clock) => match never {},
    }
}

fn options() -> SubscriptionOptions {
    SubscriptionOptions {
        batch: 2_000,
        rushed_batch: 1_000,
        // Longer than the topic and an acknowledgement may take, and shorter than the lease: another process does not take over in
        // the middle of a try.
        limit: Duration::from_secs(15),
        lease: Duration::from_secs(30),
        longest_pause: Duration::from_secs(2),
        ..SubscriptionOptions::default()
    }
}

fn begin_metrics(kind: TopicKind) {
    metrics::counter!("orqestra_relay_records_total", "topic" => kind.name()).increment(0);
    metrics::counter!("orqestra_relay_failures_total", "topic" => kind.name()).increment(0);
}

/// Counts a failure.
pub(crate) fn failed(kind: TopicKind) {
    metrics::counter!("orqestra_relay_failures_total", "topic" => kind.name()).increment(1);
}

struct Relay {
    sender: Arc<TopicSender>,
    name: String,
    /// By partition, the last event of the batch that was acknowledged and is not committed yet.
    staged: Vec<(Partition, Position)>,
}

impl Relay {
    /// Sends events and returns the last one of each partition that got any.
    async fn send(&self, events: &[Arc<RecordedEvent>]) -> Result<Vec<(Partition, Position)>, Failure> {
        let TopicSender { log, settings, origin, .. } = &*self.sender;
        let keys = log.partition_keys(events).await?;
        let mut last = self.sender.last_sent().await?;
        let mut sent = BTreeMap::new();
        let records = events.iter().zip(&keys).map(|(event, key)| {
            let partition = settings.topic.partitions.of(key);
            let after = std::mem::replace(&mut last[usize::from(partition.number())], event.position);
            sent.insert(partition.number(), (partition, event.position));
            let content = Some((key.as_bytes(), event.payload.as_bytes()));
            Outgoing { partition, headers: origin.event(event, after), content }
        });
        let records = records.collect();
        self.sender.send(records).await?;
        Ok(sent.into_values().collect())
    }
}

impl Subscriber for Relay {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> Interest {
        self.sender.settings.topic.kind.interest()
    }

    fn stands_at(&mut self, position: Position) {
        self.staged.clear();
        self.sender.sent().stands_at(position);
    }

    async fn handle(
        &mut self,
        tx: &mut Transaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        let kind = self.sender.settings.topic.kind;
        let held: Vec<_> = batch.iter().filter(|event| kind.holds(&event.aggregate_type)).cloned().collect();
        if held.is_empty() {
            return Ok(());
        }
        match self.send(&held).await {
            Ok(sent) => {
                store_sent_to_topic(tx, &self.sender.settings.topic.name(), &sent).await?;
                self.staged = sent;
                let records = u64::try_from(held.len()).unwrap_or(u64::MAX);
                metrics::counter!("orqestra_relay_records_total", "topic" => kind.name()).increment(records);
                Ok(())
            }
            Err(failure) => {
                failed(kind);
                let passes = failure.passes();
                let failure = Box::new(failure);
                Err(if passes {
                    SubscriberError::Unavailable(failure)
                } else {
                    SubscriberError::Event(failure)
                })
            }
        }
    }

    fn committed(&mut self, _: &[Arc<RecordedEvent>], position: Position) {
        self.sender.sent().acknowledged(position, &self.staged, Instant::now());
        self.staged.clear();
    }
}
