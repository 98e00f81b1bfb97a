//! A topic in memory: what a relay would send of a log, with whatever a topic may do to it.

use std::sync::{Arc, Mutex};

use orqestra_event_log::{
    EventLog, Interest, LogError, Partition, Partitions, Position, Records, TopicContent, TopicPartition,
    TopicRecord,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::in_time;

/// What becomes of a record on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    /// It never arrives.
    Lost,
    /// It arrives, and all that came before it arrives again behind it.
    Repeated,
}

/// The partitions of a topic that a relay fills from a log.
#[derive(Clone)]
pub(crate) struct Topic(Arc<Shared>);

struct Shared {
    partitions: Partitions,
    records: Mutex<Vec<Vec<TopicRecord>>>,
    /// The position up to which it was relayed.
    relayed: watch::Sender<Position>,
}

impl Topic {
    /// A topic that follows the log until the token is cancelled.
    pub(crate) fn of(log: &EventLog, partitions: Partitions, token: &CancellationToken) -> Self {
        Self::with(log, partitions, token, |_| Fate::Sent)
    }

    /// The same, where the records of these positions meet a fate.
    pub(crate) fn with(
        log: &EventLog,
        partitions: Partitions,
        token: &CancellationToken,
        fate: impl Fn(Position) -> Fate + Send + 'static,
    ) -> Self {
        let records = Mutex::new(vec![Vec::new(); usize::from(partitions.count())]);
        let topic =
            Self(Arc::new(Shared { partitions, records, relayed: watch::Sender::new(Position::ZERO) }));
        let (log, relayed, token) = (log.clone(), topic.clone(), token.clone());
        tokio::spawn(async move {
            token.run_until_cancelled(relayed.relay(log, fate)).await;
        });
        topic
    }

    async fn relay(&self, log: EventLog, fate: impl Fn(Position) -> Fate) {
        let (mut head, mut reached) = (log.head(), Position::ZERO);
        let mut last = vec![Position::ZERO; usize::from(self.0.partitions.count())];
        while head.wait_for(|head| *head > reached).await.is_ok() {
            let page = log.read_page(reached, 7, &Interest::ALL).await.unwrap();
            let keys = log.partition_keys(&page.events).await.unwrap();
            reached = page.reached;
            let mut records = self.0.records.lock().unwrap();
            for (event, key) in page.events.into_iter().zip(keys) {
                let number = usize::from(self.0.partitions.of(&key).number());
                let (after, position) = (last[number], event.position);
                last[number] = position;
                let record = TopicRecord { offset: 0, after, content: TopicContent::Event(event) };
                match fate(position) {
                    Fate::Sent => records[number].push(record),
                    Fate::Lost => {}
                    Fate::Repeated => {
                        records[number].push(record);
                        let before = records[number].clone();
                        records[number].extend(before);
                    }
                }
            }
            if reached == *head.borrow() {
                for (records, after) in records.iter_mut().zip(&last) {
                    let content = TopicContent::Tick(reached);
                    records.push(TopicRecord { offset: 0, after: *after, content });
                }
            }
            drop(records);
            self.0.relayed.send_replace(reached);
        }
    }

    /// One of its partitions, as a source.
    pub(crate) fn source(&self, log: &EventLog, partition: Partition) -> TopicPartition<Reader> {
        let reader = Reader {
            topic: self.clone(),
            number: partition.number().into(),
            at: 0,
            relayed: self.0.relayed.subscribe(),
        };
        TopicPartition::new(log.clone(), partition, reader)
    }

    /// Waits until the log was relayed up to a position.
    pub(crate) async fn relays(&self, position: i64) {
        let mut relayed = self.0.relayed.subscribe();
        in_time(relayed.wait_for(|at| at.get() >= position)).await.unwrap();
    }

    /// Brings events of another log, as after a restore.
    pub(crate) fn bring(&self, partition: Partition, records: Vec<TopicRecord>) {
        self.0.records.lock().unwrap()[usize::from(partition.number())].extend(records);
        self.0.relayed.send_modify(|_| ());
    }

    /// As a topic that was deleted and made anew.
    pub(crate) fn forget(&self) {
        self.0.records.lock().unwrap().iter_mut().for_each(Vec::clear);
    }
}

/// Reads one partition.
pub(crate) struct Reader {
    topic: Topic,
    number: usize,
    at: usize,
    relayed: watch::Receiver<Position>,
}

impl Records for Reader {
    async fn next(&mut self) -> Result<Vec<TopicRecord>, LogError> {
        loop {
            self.relayed.borrow_and_update();
            {
                let records = self.topic.0.records.lock().unwrap();
                let records = &records[self.number];
                self.at = self.at.min(records.len());
                if self.at < records.len() {
                    let next = records.iter().enumerate().skip(self.at).take(5);
                    let numbered = |(at, record): (usize, &TopicRecord)| TopicRecord {
                        offset: at.try_into().unwrap(),
                        ..record.clone()
                    };
                    let next: Vec<_> = next.map(numbered).collect();
                    self.at += next.len();
                    return Ok(next);
                }
            }
            self.relayed.changed().await.map_err(|_| LogError::Closed)?;
        }
    }

    fn topic(&self) -> &'static str {
        "in-memory"
    }
}
