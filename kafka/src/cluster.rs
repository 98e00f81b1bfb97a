//! How a cluster is reached: its brokers, TLS and SASL.
//!
//! Invariant: no secret is printed; the types that hold one have no `Debug`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, Producer as _};

use crate::failure::Failure;

/// How long a connection may take to be made, in milliseconds.
const CONNECT_MS: &str = "3000";
/// Longest pause between two tries to connect, in milliseconds. The client's own is 10 s: a broker that is back would wait.
const RECONNECT_MS: &str = "1000";

/// How long a client is asked why it reaches no broker.
const ASKED_WITHIN: Duration = Duration::from_secs(2);
/// What librdkafka calls its lines about a connection that failed.
const FAILED_CONNECTION: &str = "FAIL";

/// A cluster and how to reach it.
#[derive(Clone)]
pub struct Cluster {
    /// Hosts and ports to begin with, separated by commas.
    pub brokers: Arc<str>,
    /// How a connection is secured.
    pub security: Security,
}

/// How a connection is secured.
#[derive(Clone)]
pub struct Security {
    /// TLS, if it is used.
    pub tls: Option<Tls>,
    /// The client's name and password by SASL, if it is used.
    pub sasl: Option<Sasl>,
}

impl Security {
    /// Neither encrypted nor authenticated.
    pub const NONE: Self = Self { tls: None, sasl: None };
}

/// The client's side of TLS.
#[derive(Clone, Default)]
pub struct Tls {
    /// Certificates in PEM that brokers are verified by; the system's if `None`.
    pub authorities: Option<Arc<str>>,
    /// The client's certificate and key, if brokers ask for one.
    pub identity: Option<ClientIdentity>,
}

/// A client's certificate and its key, both in PEM.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The chain.
    pub certificate: Arc<str>,
    /// The private key.
    pub key: Arc<str>,
}

/// A name and a password.
#[derive(Clone)]
pub struct Sasl {
    /// How they are proven.
    pub mechanism: Mechanism,
    /// The name.
    pub username: Arc<str>,
    /// The password.
    pub password: Arc<str>,
}

/// A mechanism of SASL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The password as it is: give it TLS.
    Plain,
    /// SCRAM with SHA-256.
    ScramSha256,
    /// SCRAM with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// Its name as Kafka has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Makes a call of a client that waits for the cluster's answer, on a thread for such calls.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> KafkaResult<T> + Send + 'static,
) -> KafkaResult<T> {
    tokio::task::spawn_blocking(call).await.unwrap_or(Err(KafkaError::Canceled))
}

/// Asks the cluster how many partitions a topic has; 0 where it has no such topic.
pub(crate) fn partitions_of<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    within: Duration,
) -> KafkaResult<usize> {
    let metadata = client.fetch_metadata(Some(topic), within)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found.map_or(0, |found| found.partitions().len()))
}

impl Cluster {
    /// Returns the settings that every client of the cluster begins with.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &*self.brokers)
            .set("client.id", "orqestra")
            .set("socket.keepalive.enable", "true")
            .set("socket.connection.setup.timeout.ms", CONNECT_MS)
            .set("reconnect.backoff.max.ms", RECONNECT_MS)
            .set("security.protocol", self.protocol())
            .set_log_level(RDKafkaLogLevel::Warning);
        if let Some(tls) = &self.security.tls {
            if let Some(authorities) = &tls.authorities {
                config.set("ssl.ca.pem", &**authorities);
            }
            if let Some(identity) = &tls.identity {
                config.set("ssl.certificate.pem", &*identity.certificate);
                config.set("ssl.key.pem", &*identity.key);
            }
        }
        if let Some(sasl) = &self.security.sasl {
            config
                .set("sasl.mechanism", sasl.mechanism.name())
                .set("sasl.username", &*sasl.username)
                .set("sasl.password", &*sasl.password);
        }
        config
    }

    /// Adds to a failure why no broker can be reached. A client for administration hands out no log lines, so another client
    /// connects once more.
    pub(crate) async fn explain(&self, failure: Failure) -> Failure {
        let unreachable = match &failure {
            Failure::Passing { error, reason: None } => {
                error.rdkafka_error_code() != Some(RDKafkaErrorCode::UnknownTopicOrPartition)
            }
            _ => false,
        };
        if !unreachable {
            return failure;
        }
        let (last_error, config) = (LastError::default(), self.client());
        let of_client = last_error.clone();
        // Only its log lines count.
        drop(
            blocking(move || {
                let client: FutureProducer<LastError> = config.create_with_context(of_client)?;
                client.client().fetch_metadata(None, ASKED_WITHIN).map(drop)
            })
            .await,
        );
        last_error.explain(failure)
    }

    const fn protocol(&self) -> &'static str {
        match (&self.security.sasl, &self.security.tls) {
            (None, None) => "plaintext",
            (None, Some(_)) => "ssl",
            (Some(_), None) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        }
    }
}

/// The last connection error of a client, from its log lines. A call's own error says only that it timed out, and the client logs
/// each failed connection, while a failure is logged once where it is handled.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastError(Arc<Mutex<Option<String>>>);

impl LastError {
    /// Drops the error that an earlier call left.
    pub(crate) fn begin(&self) {
        *self.last() = None;
    }

    /// Adds to a failure why the client reached no broker, where it said so.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        match (failure, self.last().clone()) {
            (Failure::Passing { error, reason: None }, reason) => Failure::Passing { error, reason },
            (failure, _) => failure,
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for LastError {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "the Kafka client");
        if facility == FAILED_CONNECTION {
            // Without the name of the client's thread.
            let said = message.split_once("]: ").map_or(message, |(_, said)| said);
            *self.last() = Some(said.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the Kafka client");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_security_has_its_protocol_and_its_settings() {
        let cluster = |security| Cluster { brokers: "a:9092,b:9092".into(), security };
        let sasl =
            Sasl { mechanism: Mechanism::ScramSha512, username: "relay".into(), password: "secret".into() };
        let tls = Tls { authorities: Some("PEM".into()), identity: None };
        let plain = cluster(Security::NONE).client();
        assert_eq!(plain.get("security.protocol"), Some("plaintext"));
        assert_eq!(plain.get("bootstrap.servers"), Some("a:9092,b:9092"));
        let both = cluster(Security { tls: Some(tls.clone()), sasl: Some(sasl.clone()) }).client();
        assert_eq!(both.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(both.get("sasl.mechanism"), Some("SCRAM-SHA-512"));
        assert_eq!(both.get("ssl.ca.pem"), Some("PEM"));
        let one = cluster(Security { tls: None, sasl: Some(sasl) }).client();
        assert_eq!(one.get("security.protocol"), Some("sasl_plaintext"));
        let other = cluster(Security { tls: Some(tls), sasl: None }).client();
        assert_eq!(other.get("security.protocol"), Some("ssl"));
    }
}
