//! Sends the records of the relay and its ticks to one topic, and remembers the last position sent to each partition.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_event_log::{EventLog, LogError, Partition, Partitions, Position};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::{Instant, timeout};

use crate::failure::Failure;
use crate::producer::{Outgoing, Producer};
use crate::record::Origin;
use crate::relay::RelaySettings;

/// How long a partition is idle before it gets a tick.
const IDLE: Duration = Duration::from_secs(1);
/// How long the topic may take to be made and verified.
const MADE_WITHIN: Duration = Duration::from_secs(6);

/// See the module.
pub(crate) struct TopicSender {
    pub(crate) log: EventLog,
    pub(crate) settings: RelaySettings,
    pub(crate) origin: Origin,
    producer: Mutex<Option<Arc<Producer>>>,
    /// Relay and ticks do not make two at once.
    making: tokio::sync::Mutex<()>,
    sent: Mutex<Sent>,
}

/// The last position sent to each partition, and when.
pub(crate) struct Sent {
    partitions: Partitions,
    /// Every event up to here was acknowledged.
    through: Position,
    /// By partition, the last event acknowledged; `None` where another process moved the checkpoint, and the tables tell.
    last: Option<Vec<Position>>,
    /// By partition, when it was last sent to.
    at: Vec<Instant>,
}

/// What a tick says of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) partition: Partition,
    /// The last event sent to it.
    pub(crate) after: Position,
    /// Up to here it is complete.
    pub(crate) position: Position,
}

impl TopicSender {
    pub(crate) fn new(log: EventLog, settings: RelaySettings, now: Instant) -> Self {
        let origin = Origin::of(&log, settings.topic.kind);
        let sent = Mutex::new(Sent::new(settings.topic.partitions, now));
        Self {
            log,
            settings,
            origin,
            producer: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            sent,
        }
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<Producer>>> {
        self.producer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends records in their order and waits until all are acknowledged. After a failure the next ones go by a new producer,
    /// which begins with nothing that the failed one holds.
    pub(crate) async fn send(&self, records: Vec<Outgoing<'_>>) -> Result<(), Failure> {
        let producer = self.producer().await?;
        let sent = producer.send(records).await;
        if sent.is_err() {
            let mut held = self.held();
            if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, &producer)) {
                *held = None;
            }
        }
        sent
    }

    /// Returns the producer; a new one after a failure, once the topic is fit.
    async fn producer(&self) -> Result<Arc<Producer>, Failure> {
        let _making = self.making.lock().await;
        let at_hand = self.held().clone();
        if let Some(producer) = at_hand {
            return Ok(producer);
        }
        let RelaySettings { cluster, topic } = &self.settings;
        let made = timeout(MADE_WITHIN, topic.make(cluster, &self.log)).await;
        made.unwrap_or_else(|_| Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut).into()))?;
        let producer = Arc::new(Producer::new(cluster, topic.name())?);
        *self.held() = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Returns the last event sent to each partition, from the tables where this process does not know.
    pub(crate) async fn last_sent(&self) -> Result<Vec<Position>, LogError> {
        let (known, through) = {
            let sent = self.sent();
            (sent.last.clone(), sent.through)
        };
        if let Some(last) = known {
            return Ok(last);
        }
        let topic = &self.settings.topic;
        let last = self.log.sent_to_topic(&topic.name(), topic.partitions).await?;
        let mut sent = self.sent();
        if sent.through == through && sent.last.is_none() {
            sent.last = Some(last.clone());
        }
        Ok(last)
    }
}

impl Sent {
    fn new(partitions: Partitions, now: Instant) -> Self {
        let count = usize::from(partitions.count());
        Self { partitions, through: Position::ZERO, last: None, at: vec![now; count] }
    }

    /// Notes where the checkpoint stands.
    pub(crate) fn stands_at(&mut self, position: Position) {
        if self.through != position {
            self.through = position;
            self.last = None;
        }
    }

    /// Notes that every event up to a position was acknowledged, and the last of some partitions.
    pub(crate) fn acknowledged(&mut self, through: Position, last: &[(Partition, Position)], now: Instant) {
        self.through = through;
        for (partition, position) in last {
            let number = usize::from(partition.number());
            self.at[number] = now;
            if let Some(known) = &mut self.last {
                known[number] = *position;
            }
        }
    }

    /// Notes that the checkpoint stands at least at a position; whether a partition is idle.
    pub(crate) fn follow(&mut self, stands: Position, now: Instant) -> bool {
        if self.through < stands {
            self.stands_at(stands);
        }
        self.at.iter().any(|at| now.duration_since(*at) >= IDLE)
    }

    /// Returns the ticks of the idle partitions, by the last event of each, and counts them as sent.
    pub(crate) fn idle(&mut self, last: &[Position], now: Instant) -> Vec<Tick> {
        let position = self.through;
        let mut idle = Vec::new();
        for ((partition, at), after) in self.partitions.each().zip(&mut self.at).zip(last) {
            if now.duration_since(*at) >= IDLE {
                *at = now;
                // A batch that is stored and not noted yet may be beyond.
                idle.push(Tick { partition, after: (*after).min(position), position });
            }
        }
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: i64) -> Position {
        Position::new(position)
    }

    fn of_two(now: Instant) -> (Sent, [Partition; 2]) {
        let two = Partitions::new(2).expect("two");
        (Sent::new(two, now), [0, 1].map(|number| two.numbered(number).expect("below two")))
    }

    #[test]
    fn an_idle_partition_is_told_of_once_a_second() {
        let now = Instant::now();
        let (mut sent, [first, second]) = of_two(now);
        sent.stands_at(at(4));
        sent.last = Some(vec![at(3), at(4)]);
        let idle = |sent: &mut Sent, now| {
            let last = sent.last.clone().expect("known");
            sent.idle(&last, now)
        };
        assert_eq!(idle(&mut sent, now), []);
        sent.acknowledged(at(9), &[(second, at(8))], now + IDLE / 2);
        let of_first = Tick { partition: first, after: at(3), position: at(9) };
        assert_eq!(idle(&mut sent, now + IDLE), [of_first], "the other one got a record");
        let of_second = Tick { partition: second, after: at(8), position: at(9) };
        assert_eq!(idle(&mut sent, now + 3 * IDLE / 2), [of_second]);
        assert!(!sent.follow(at(9), now + 3 * IDLE / 2) && sent.follow(at(9), now + 2 * IDLE));
        assert_eq!(sent.idle(&[at(3), at(12)], now + 9 * IDLE)[1].after, at(9), "noted too late");
    }

    #[test]
    fn the_tables_tell_what_was_sent_once_another_process_moved_the_checkpoint() {
        let now = Instant::now();
        let (mut sent, [first, _]) = of_two(now);
        sent.stands_at(at(5));
        sent.last = Some(vec![at(4), at(5)]);
        sent.acknowledged(at(9), &[(first, at(9))], now);
        sent.stands_at(at(9));
        assert_eq!(sent.last, Some(vec![at(9), at(5)]), "it was this process");
        sent.stands_at(at(20));
        assert_eq!(sent.last, None);
        sent.stands_at(at(15));
        assert_eq!(sent.last, None, "the checkpoint was taken back");
    }
}
