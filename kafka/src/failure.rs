//! Why the cluster did not take something, and whether trying again can help.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why the cluster did not take something.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may work again: the cluster is away, or short of replicas.
    #[error("Kafka did not take it now: {error}{}", because(reason.as_deref()))]
    Passing {
        /// How the call failed.
        error: KafkaError,
        /// Why no broker was reached, as the client has it.
        reason: Option<String>,
    },
    /// Trying again helps only once the cluster's administrator has changed something.
    #[error("Kafka refused it: {code}")]
    Refused {
        /// Kafka's code.
        code: RDKafkaErrorCode,
    },
    /// The topic is not as the relay needs it.
    #[error("the topic {topic}: expected {expected}, got {found}; {remedy}")]
    Unfit {
        /// Its name.
        topic: String,
        /// What the relay needs.
        expected: String,
        /// What it has.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The client stands still without an error.
    #[error("the Kafka client reads no more: {0}")]
    Stuck(&'static str),
    /// A setting of the client is wrong.
    #[error("the Kafka client refuses its settings: {0}")]
    Settings(KafkaError),
    /// The log, which knows the topic's number of partitions, cannot be read now.
    #[error(transparent)]
    Log(#[from] orqestra_event_log::LogError),
}

impl Failure {
    /// Whether trying again can help while settings and topic stay as they are.
    pub const fn passes(&self) -> bool {
        match self {
            Self::Passing { .. } | Self::Stuck(_) => true,
            Self::Log(error) => !matches!(error, orqestra_event_log::LogError::Corrupt { .. }),
            Self::Refused { .. } | Self::Unfit { .. } | Self::Settings(_) => false,
        }
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => Self::Settings(error),
            error => match error.rdkafka_error_code() {
                Some(code) if is_permanent(code) => Self::Refused { code },
                Some(_) | None => Self::Passing { error, reason: None },
            },
        }
    }
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({reason})"))
}

/// Whether the cluster would answer the same again: no right, too large, or against its rules.
const fn is_permanent(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::InvalidMessageSize
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::InvalidRecord
            | RDKafkaErrorCode::InvalidRequiredAcks
            | RDKafkaErrorCode::UnsupportedForMessageFormat
            | RDKafkaErrorCode::UnsupportedVersion
            | RDKafkaErrorCode::PolicyViolation
            | RDKafkaErrorCode::InvalidTopic
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::InvalidPartitions
            | RDKafkaErrorCode::InvalidConfig
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_passes_unless_the_cluster_would_answer_the_same() {
        let of = |code| Failure::from(KafkaError::MessageProduction(code));
        for code in [
            RDKafkaErrorCode::MessageTimedOut,
            RDKafkaErrorCode::AllBrokersDown,
            RDKafkaErrorCode::NotEnoughReplicas,
            RDKafkaErrorCode::UnknownTopicOrPartition,
            RDKafkaErrorCode::UnknownTopic,
            RDKafkaErrorCode::Fatal,
            RDKafkaErrorCode::PurgeQueue,
        ] {
            assert!(of(code).passes(), "{code:?}");
        }
        for code in [RDKafkaErrorCode::MessageSizeTooLarge, RDKafkaErrorCode::TopicAuthorizationFailed] {
            assert!(!of(code).passes(), "{code:?}");
        }
        assert_eq!(
            of(RDKafkaErrorCode::MessageSizeTooLarge).to_string(),
            "Kafka refused it: MessageSizeTooLarge (Broker: Message size too large)"
        );
    }
}
