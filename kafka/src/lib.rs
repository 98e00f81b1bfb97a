//! The log's events in Apache Kafka: the topics, the relay that fills them, and the groups that read them.
//!
//! The log is the only truth and its own outbox. A record is a statement about the log that stays true: it may come twice, late
//! or never, and a reader that compares positions is right all the same. Nothing here decides, sends or keeps a read model.
//! `docs/stream.md` is the contract with readers.

mod apart;
mod cluster;
mod consumer;
mod decode;
mod failure;
mod group;
mod liveness;
mod producer;
mod record;
mod relay;
mod sender;
mod tick;
mod topic;

pub use cluster::{ClientIdentity, Cluster, Mechanism, Sasl, Security, Tls};
pub use consumer::ConsumedTopic;
pub use failure::Failure;
pub use relay::{RelaySettings, relay};
pub use topic::{Found, MOST_PARTITIONS, Topic, TopicKind};
