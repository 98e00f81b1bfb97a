//! The topic as what subscriptions read: a group for each, whose members share the topic's partitions.
//!
//! While the topic cannot be read a member tries again for ever.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use orqestra_event_log::{self as event_log, Assigned, Interest, Outage, TopicReader};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::group::Member;
use crate::topic::{Topic, TopicKind};

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// A topic that subscriptions read.
pub struct ConsumedTopic {
    cluster: Cluster,
    topic: Topic,
}

impl ConsumedTopic {
    /// A topic of a cluster.
    pub fn new(cluster: Cluster, topic: Topic) -> Arc<Self> {
        Arc::new(Self { cluster, topic })
    }
}

impl event_log::Topic for ConsumedTopic {
    fn brings(&self, interest: &Interest) -> bool {
        match self.topic.kind {
            TopicKind::Notifications => interest.aggregate_types().is_some_and(|types| {
                types.iter().all(|aggregate_type| self.topic.kind.holds(aggregate_type))
            }),
            // A program of another version may have put some of them elsewhere.
            TopicKind::Configuration => false,
        }
    }

    fn join(
        &self,
        reader: TopicReader,
        assigned: mpsc::Sender<Assigned>,
        token: CancellationToken,
    ) -> BoxFuture<'static, ()> {
        let (cluster, topic) = (self.cluster.clone(), self.topic.clone());
        let condition = Arc::new(Condition { topic: topic.name(), reader, outage: Outage::default() });
        Box::pin(async move {
            while let Err(failure) = consume(&cluster, &topic, &condition, (&assigned, &token)).await {
                condition.unreadable(&failure);
                if token.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                    return;
                }
            }
        })
    }
}

/// Whether a subscription can read its topic, for logs and readiness.
pub(crate) struct Condition {
    topic: String,
    pub(crate) reader: TopicReader,
    outage: Outage,
}

impl Condition {
    /// Notes a failure, which is logged once until it is over.
    pub(crate) fn unreadable(&self, failure: &Failure) {
        self.reader.interrupted();
        if self.outage.begins() {
            tracing::warn!(topic = self.topic, subscription = self.reader.subscription, %failure, "the topic cannot be read");
        }
    }

    /// Notes that brokers answer for the topic.
    pub(crate) fn readable(&self) {
        self.reader.stands_by();
        if let Some(duration_ms) = self.outage.ends() {
            let subscription = &self.reader.subscription;
            tracing::info!(topic = self.topic, subscription, duration_ms, "the topic can be read again");
        }
    }
}

/// Reads the topic until the token is cancelled.
async fn consume(
    cluster: &Cluster,
    topic: &Topic,
    condition: &Arc<Condition>,
    (assigned, token): (&mpsc::Sender<Assigned>, &CancellationToken),
) -> Result<(), Failure> {
    let found = token.run_until_cancelled(topic.find(cluster)).await;
    let Some(found) = found.transpose()? else { return Ok(()) };
    topic.verify(&found.ok_or_else(|| topic.is_absent())?)?;
    condition.readable();
    Member::new(cluster, topic.clone(), Arc::clone(condition))?.run(assigned, token).await
}
