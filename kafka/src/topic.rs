//! The topics of an installation: made where they are absent, and held to what readers rely on.
//!
//! A topic's number of partitions never changes under its name, since a recipient's events would change their partition. Its
//! records are deleted by age alone: compaction would drop events of a recipient.

use std::time::Duration;

use orqestra_event_log::{EventLog, Interest, Partitions};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::apart::Apart;
use crate::cluster::{Cluster, blocking, partitions_of};
use crate::failure::Failure;

/// The most partitions of a topic; each costs a tick a second.
pub const MOST_PARTITIONS: u16 = 1_000;
/// The largest record, in bytes: an event of 900 KB with its headers.
pub(crate) const MOST_BYTES: &str = "2097152";
/// How long the cluster may take for one answer about topics.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

type Admin = AdminClient<DefaultClientContext>;

/// What a topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicKind {
    /// The events of notifications and recipients.
    Notifications,
    /// All others: tenants, templates, suppressions.
    Configuration,
}

/// The aggregates of the first.
const OF_NOTIFICATIONS: &[&str] = &["Notification", "Recipient"];

impl TopicKind {
    /// Its part of the topic's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::Configuration => "configuration",
        }
    }

    /// Whether it holds the events of an aggregate of this type.
    pub(crate) fn holds(self, aggregate_type: &str) -> bool {
        OF_NOTIFICATIONS.contains(&aggregate_type) == (self == Self::Notifications)
    }

    /// What the relay reads. Types of aggregates that this program does not know are configuration, so that one reads all.
    pub(crate) const fn interest(self) -> Interest {
        match self {
            Self::Notifications => Interest::of(OF_NOTIFICATIONS),
            Self::Configuration => Interest::ALL,
        }
    }
}

/// A topic as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// What it holds.
    pub kind: TopicKind,
    /// Its name's beginning: several installations can share a cluster.
    pub prefix: String,
    /// The number of its partitions.
    pub partitions: Partitions,
    /// Copies of each; the cluster's own number if `None`.
    pub replication: Option<u16>,
    /// How long a record is kept.
    pub retention: Duration,
}

/// A topic as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of its partitions.
    pub partitions: usize,
    /// `cleanup.policy`.
    pub cleanup: String,
    /// `message.timestamp.type`.
    pub timestamps: String,
    /// `max.message.bytes`.
    pub most_bytes: u64,
    /// `retention.ms`; `None` where records are kept for ever.
    pub retention: Option<Duration>,
}

impl Topic {
    /// Its name, as in `orqestra.notifications.v1`.
    pub fn name(&self) -> String {
        format!("{}.{}.v1", self.prefix, self.kind.name())
    }

    /// The name of the lease and the checkpoint of its relay: another topic begins with the first event of the log.
    pub fn subscription(&self) -> String {
        format!("relay:{}", self.name())
    }

    /// Makes the topic where it is absent, and verifies that it is fit where it is there.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn make(&self, cluster: &Cluster, log: &EventLog) -> Result<(), Failure> {
        let name = self.name();
        if let Some(recorded) = log.recorded_topic(&name).await? {
            self.verify_recorded(recorded)?;
        }
        let admin = Apart::new(cluster.client().create()?);
        match self.make_by(&admin).await {
            // Only now: a number that was never relayed with binds no later setting.
            Ok(()) => self.verify_recorded(log.record_topic(&name, self.partitions).await?),
            Err(failure) => Err(cluster.explain(failure).await),
        }
    }

    /// Verifies that the setting is the number that the log was relayed with.
    ///
    /// # Errors
    /// [`Failure::Unfit`], with what to do.
    pub fn verify_recorded(&self, recorded: Partitions) -> Result<(), Failure> {
        if recorded == self.partitions {
            return Ok(());
        }
        Err(self.unfit(
            format!("{} partitions, by which it was relayed so far", recorded.count()),
            format!("a setting of {}", self.partitions.count()),
            "set kafka_partitions (ORQESTRA_KAFKA_PARTITIONS) back, or relay to another topic by kafka_topic_prefix",
        ))
    }

    async fn make_by(&self, admin: &Apart<Admin>) -> Result<(), Failure> {
        if let Some(found) = self.found_by(admin).await? {
            return self.verify(&found);
        }
        self.create(admin).await?;
        match self.found_by(admin).await? {
            Some(found) => self.verify(&found),
            // It was deleted meanwhile, or the brokers do not agree yet.
            None => Err(KafkaError::AdminOp(RDKafkaErrorCode::UnknownTopicOrPartition).into()),
        }
    }

    /// Returns the topic as the cluster has it, `None` where it is absent.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn find(&self, cluster: &Cluster) -> Result<Option<Found>, Failure> {
        let admin = Apart::new(cluster.client().create()?);
        match self.found_by(&admin).await {
            Ok(found) => Ok(found),
            Err(failure) => Err(cluster.explain(failure).await),
        }
    }

    /// Verifies what readers rely on.
    ///
    /// # Errors
    /// [`Failure::Unfit`], with what to do.
    pub fn verify(&self, found: &Found) -> Result<(), Failure> {
        let expected = usize::from(self.partitions.count());
        if found.partitions != expected {
            return Err(self.unfit(
                format!("{expected} partitions"),
                found.partitions.to_string(),
                "the number cannot change under one name: relay to another topic by kafka_topic_prefix \
                 (ORQESTRA_KAFKA_TOPIC_PREFIX)",
            ));
        }
        if found.cleanup != "delete" {
            return Err(self.unfit(
                "cleanup.policy=delete".to_owned(),
                found.cleanup.clone(),
                "compaction drops events of a recipient: set the policy to delete",
            ));
        }
        if found.timestamps != "LogAppendTime" {
            return Err(self.unfit(
                "message.timestamp.type=LogAppendTime".to_owned(),
                found.timestamps.clone(),
                "an event relayed late would be deleted early: set it to LogAppendTime",
            ));
        }
        let most_bytes: u64 = MOST_BYTES.parse().expect("it is a number");
        if found.most_bytes < most_bytes {
            return Err(self.unfit(
                format!("max.message.bytes of at least {most_bytes}"),
                found.most_bytes.to_string(),
                "raise it, or the largest events halt the relay",
            ));
        }
        if found.retention.is_some_and(|retention| retention < self.retention) {
            // Readers get the rest from the log, so that it is not worth a halt.
            tracing::warn!(
                topic = self.name(),
                retention_seconds = found.retention.map_or(0, |retention| retention.as_secs()),
                expected_seconds = self.retention.as_secs(),
                "the topic keeps its records for a shorter time than kafka_retention says"
            );
        }
        Ok(())
    }

    /// The failure of a consumer that is assigned a partition beyond the setting.
    pub(crate) fn has_more_partitions(&self) -> Failure {
        let expected = self.partitions.count();
        self.unfit(
            format!("{expected} partitions"),
            "more".to_owned(),
            "set kafka_partitions (ORQESTRA_KAFKA_PARTITIONS) to the number of the relay",
        )
    }

    /// The failure of a consumer that finds no topic.
    pub(crate) fn is_absent(&self) -> Failure {
        self.unfit(
            "a topic".to_owned(),
            "none".to_owned(),
            "run a process with the role relay, which makes it",
        )
    }

    fn unfit(&self, expected: String, found: String, remedy: &'static str) -> Failure {
        Failure::Unfit { topic: self.name(), expected, found, remedy }
    }

    async fn create(&self, admin: &Admin) -> Result<(), Failure> {
        let (name, retention) = (self.name(), self.retention.as_millis().to_string());
        let replication = self.replication.map_or(-1, i32::from);
        let wanted =
            NewTopic::new(&name, i32::from(self.partitions.count()), TopicReplication::Fixed(replication))
                .set("cleanup.policy", "delete")
                .set("message.timestamp.type", "LogAppendTime")
                .set("max.message.bytes", MOST_BYTES)
                .set("retention.ms", &retention);
        let made = admin.create_topics([&wanted], &options()).await?;
        match made.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code).into()),
            Some(Ok(_)) | None => {
                tracing::info!(topic = name, partitions = self.partitions.count(), "the topic was made");
                Ok(())
            }
        }
    }

    /// By its configuration first: asking a broker for the partitions of a topic can make it.
    async fn found_by(&self, admin: &Apart<Admin>) -> Result<Option<Found>, Failure> {
        let name = self.name();
        let described = admin.describe_configs([&ResourceSpecifier::Topic(&name)], &options()).await?;
        let config = match described.into_iter().next() {
            Some(Ok(config)) => config,
            Some(Err(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) => {
                return Ok(None);
            }
            Some(Err(code)) => return Err(KafkaError::AdminOp(code).into()),
            None => return Ok(None),
        };
        let admin = admin.clone();
        let partitions = blocking(move || partitions_of(admin.inner(), &name, ANSWER_WITHIN)).await?;
        if partitions == 0 {
            return Ok(None);
        }
        let text = |name: &str| config.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
        let cleanup = text("cleanup.policy");
        // A broker that has not heard of the new topic yet may answer without any setting.
        if cleanup.is_empty() {
            return Ok(None);
        }
        Ok(Some(Found {
            partitions,
            cleanup,
            timestamps: text("message.timestamp.type"),
            most_bytes: text("max.message.bytes").parse().unwrap_or(0),
            // -1 is for ever.
            retention: text("retention.ms").parse().ok().map(Duration::from_millis),
        }))
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER_WITHIN)).operation_timeout(Some(ANSWER_WITHIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> Topic {
        Topic {
            kind: TopicKind::Notifications,
            prefix: "orqestra".to_owned(),
            partitions: Partitions::new(12).expect("between 1 and 32,767"),
            replication: None,
            retention: Duration::from_hours(24),
        }
    }

    fn found() -> Found {
        Found {
            partitions: 12,
            cleanup: "delete".to_owned(),
            timestamps: "LogAppendTime".to_owned(),
            most_bytes: 2_097_152,
            retention: None,
        }
    }

    #[test]
    fn a_topic_that_readers_cannot_rely_on_is_refused_with_what_to_do() {
        assert_eq!(topic().name(), "orqestra.notifications.v1");
        topic().verify(&found()).expect("as it was made");
        topic().verify(&Found { retention: Some(Duration::ZERO), ..found() }).expect("a warning");
        let refused = |found: Found| topic().verify(&found).expect_err("unfit").to_string();
        assert!(refused(Found { partitions: 13, ..found() }).contains("expected 12 partitions, got 13"));
        assert!(refused(Found { cleanup: "compact".to_owned(), ..found() }).contains("compact"));
        let by_caller = "CreateTime".to_owned();
        assert!(refused(Found { timestamps: by_caller, ..found() }).contains("LogAppendTime"));
        assert!(refused(Found { most_bytes: 1_048_588, ..found() }).contains("1048588"));
    }

    #[test]
    fn each_aggregate_is_in_one_topic() {
        for (aggregate, kind) in [
            ("Notification", TopicKind::Notifications),
            ("Recipient", TopicKind::Notifications),
            ("Tenant", TopicKind::Configuration),
            ("OfANewerProgram", TopicKind::Configuration),
        ] {
            for each in [TopicKind::Notifications, TopicKind::Configuration] {
                assert_eq!(each.holds(aggregate), each == kind, "{aggregate}");
            }
        }
    }
}
