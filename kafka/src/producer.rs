//! Records on their way to one topic: idempotent, in order, acknowledged by every replica in sync.
//!
//! After a failure a producer is not used again: what it still holds is dropped, and the next one goes on from the checkpoint.
//! What it had handed over already may come all the same, which readers expect.

use std::time::Duration;

use futures::future::join_all;
use orqestra_event_log::Partition;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use crate::apart::Apart;
use crate::cluster::{Cluster, LastError};
use crate::failure::Failure;
use crate::topic::MOST_BYTES;

/// How long a record may take until it is acknowledged.
pub(crate) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(8);

/// See the module.
pub(crate) struct Producer {
    client: Apart<FutureProducer<LastError>>,
    last_error: LastError,
    topic: String,
}

/// A record to send.
pub(crate) struct Outgoing<'a> {
    pub(crate) partition: Partition,
    pub(crate) headers: OwnedHeaders,
    /// Its key and value; a tick has none.
    pub(crate) content: Option<(&'a [u8], &'a [u8])>,
}

impl Producer {
    pub(crate) fn new(cluster: &Cluster, topic: String) -> Result<Self, Failure> {
        let millis = ACKNOWLEDGED_WITHIN.as_millis().to_string();
        let mut config = cluster.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // A record that is refused ends the producer, before the one behind it could come first.
            .set("enable.gapless.guarantee", "true")
            // A page is handed over at once: a longer wait would add to the latency and gather nothing.
            .set("linger.ms", "0.5")
            .set("compression.type", "lz4")
            .set("message.max.bytes", MOST_BYTES)
            .set("message.timeout.ms", &millis)
            .set("request.timeout.ms", "5000")
            // A deleted topic is made anew by the relay, with its settings, and not by a broker without them.
            .set("allow.auto.create.topics", "false")
            .set("topic.metadata.propagation.max.ms", "5000");
        let last_error = LastError::default();
        let client = Apart::new(config.create_with_context(last_error.clone())?);
        Ok(Self { client, last_error, topic })
    }

    /// Sends records in their order and waits until all are acknowledged.
    pub(crate) async fn send(&self, records: Vec<Outgoing<'_>>) -> Result<(), Failure> {
        self.last_error.begin();
        let sent = self.acknowledged(records).await;
        sent.map_err(|failure| match self.client.client().fatal_error() {
            // After a fatal error the other records fail as purged, which does not name the cause.
            Some((code, _)) => KafkaError::MessageProduction(code).into(),
            None => self.last_error.explain(failure),
        })
    }

    async fn acknowledged(&self, records: Vec<Outgoing<'_>>) -> Result<(), Failure> {
        let mut sent = Vec::new();
        for Outgoing { partition, headers, content } in records {
            let record = FutureRecord::<[u8], [u8]>::to(&self.topic)
                .partition(i32::from(partition.number()))
                .headers(headers);
            let record = match content {
                Some((key, value)) => record.key(key).payload(value),
                None => record,
            };
            sent.push(self.client.send_result(record).map_err(|(error, _)| error)?);
        }
        for acknowledged in join_all(sent).await {
            acknowledged.map_err(|_| Failure::from(KafkaError::Canceled))?.map_err(|(error, _)| error)?;
        }
        Ok(())
    }
}
