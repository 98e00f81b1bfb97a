//! Whether a client still reads: one that stands still without an error is replaced by a new one.
//!
//! A topic that is deleted and made again can leave a client waiting for ever: with no partition, since the topic was away when the
//! group shared out, or with the offsets of the old one. Every partition has a tick a second while the relay runs, so that silence
//! is worth a question to the broker. Its answer decides, not the silence.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_event_log::TopicRecord;
use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaError;
use tokio::sync::mpsc::WeakSender;
use tokio::time::Instant;

use crate::apart::Apart;
use crate::cluster::blocking;

/// How often a member looks at itself.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long it hears nothing before the broker is asked.
const SILENT_FOR: Duration = Duration::from_secs(6);
/// How long it has no partition before the broker is asked. Sharing out anew takes a few heartbeats.
const WITHOUT_FOR: Duration = Duration::from_secs(12);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The state of a group that has shared out, as brokers name it.
const STABLE: &str = "Stable";

/// What a partition's client has brought.
#[derive(Clone)]
pub(crate) struct Heard {
    at: Arc<Mutex<(Instant, Option<i64>)>>,
    records: WeakSender<Vec<TopicRecord>>,
}

impl Heard {
    /// Nothing yet; the client begins at an offset, if that is known.
    pub(crate) fn nothing(next: Option<i64>, records: WeakSender<Vec<TopicRecord>>) -> Self {
        Self { at: Arc::new(Mutex::new((Instant::now(), next))), records }
    }

    fn at(&self) -> MutexGuard<'_, (Instant, Option<i64>)> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the last record that came, by its offset.
    pub(crate) fn up_to(&self, offset: i64) {
        *self.at() = (Instant::now(), Some(offset + 1));
    }

    /// Returns the offset that the client stands at, where it has been silent for long and what it has brought is taken.
    pub(crate) fn silent_at(&self) -> Option<i64> {
        let (at, next) = *self.at();
        let is_taken = self.records.upgrade().is_some_and(|records| records.capacity() > 0);
        next.filter(|_| is_taken && at.elapsed() >= SILENT_FOR)
    }

    /// Notes that the broker has nothing more either.
    pub(crate) fn is_up_to_date(&self) {
        self.at().0 = Instant::now();
    }
}

/// Whether a partition has records beyond an offset, or fewer than that; asks the broker.
pub(crate) async fn differs<C: ConsumerContext + 'static>(
    client: &Apart<Arc<StreamConsumer<C>>>,
    topic: &Arc<str>,
    partition: i32,
    next: i64,
) -> Result<bool, KafkaError> {
    let (client, topic) = (client.clone(), Arc::clone(topic));
    let (_, end) = blocking(move || client.fetch_watermarks(&topic, partition, ANSWER_WITHIN)).await?;
    Ok(end != next)
}

/// A member's time without partitions.
#[derive(Debug)]
pub(crate) struct Without(Instant);

impl Without {
    pub(crate) fn since_now() -> Self {
        Self(Instant::now())
    }

    /// Whether the group has shared out and left this member nothing, though there is a partition for each; asks the broker once
    /// that has lasted.
    pub(crate) async fn is_forgotten<C: ConsumerContext + 'static>(
        &mut self,
        client: &Apart<Arc<StreamConsumer<C>>>,
        group: &str,
        partitions: u16,
    ) -> Result<bool, KafkaError> {
        if self.0.elapsed() < WITHOUT_FOR {
            return Ok(false);
        }
        self.0 = Instant::now();
        let (client, group) = (client.clone(), group.to_owned());
        let members = blocking(move || {
            let found = client.fetch_group_list(Some(&group), ANSWER_WITHIN)?;
            let group = found.groups().iter().find(|found| found.name() == group);
            let stable = group.filter(|group| group.state() == STABLE);
            Ok(stable.map(|group| group.members().len()))
        });
        let members = members.await?;
        Ok(members.is_some_and(|members| members <= usize::from(partitions)))
    }
}
