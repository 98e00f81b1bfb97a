//! The settings of Kafka: the cluster, how it is reached, and the topics that the log is relayed to.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use orqestra_event_log::Partitions;
use orqestra_kafka::{
    ClientIdentity, Cluster, ConsumedTopic, MOST_PARTITIONS, Mechanism, RelaySettings, Sasl, Security, Tls,
    Topic, TopicKind,
};

use super::given::{Given, named};
use super::{Embedded, delay, number, switch};
use crate::trust;

/// The beginning of these settings' names.
const PREFIX_OF_SETTINGS: &str = "kafka_";
/// Partitions of a topic, and the beginning of its name.
const PARTITIONS: &str = "12";
const PREFIX: &str = "orqestra";
/// How long a topic keeps a record. Readers that were away for longer read the log.
const RETENTION: &str = "168h";
/// A topic's name may have 249 characters with what follows the prefix.
const LONGEST_PREFIX: usize = 200;

/// The cluster and its topics.
#[derive(Clone)]
pub(crate) struct Kafka {
    pub(crate) cluster: Cluster,
    pub(crate) topics: Vec<Topic>,
    /// Whether projections and dispatch read the topic, where that is given.
    consumers: Option<bool>,
}

impl Kafka {
    /// What each topic is relayed with.
    pub(crate) fn relays(&self) -> impl Iterator<Item = RelaySettings> {
        self.topics.iter().map(|topic| RelaySettings { cluster: self.cluster.clone(), topic: topic.clone() })
    }

    /// The topic that projections and dispatch read in place of the log's tail: on with `serve`, off with `up` unless it is given.
    pub(crate) fn consumed(&self, embedded: Embedded) -> Option<Arc<dyn orqestra_event_log::Topic>> {
        let consumed = self.consumers.unwrap_or(embedded == Embedded::Serve);
        let topic = self.topics.iter().find(|topic| topic.kind == TopicKind::Notifications);
        topic.filter(|_| consumed).map(|topic| ConsumedTopic::new(self.cluster.clone(), topic.clone()) as _)
    }
}

impl Given {
    pub(super) fn kafka(&self) -> anyhow::Result<Option<Kafka>> {
        let Some(brokers) = &self.kafka_brokers else {
            return match self.given().find(|name| name.starts_with(PREFIX_OF_SETTINGS)) {
                Some(name) => bail!("{}: needs {} beside it", named(name), named("kafka_brokers")),
                None => Ok(None),
            };
        };
        let cluster = Cluster { brokers: addresses(brokers)?, security: self.kafka_security()? };
        let consumers = switch("kafka_consumers", self.kafka_consumers.as_deref())?;
        Ok(Some(Kafka { cluster, topics: self.kafka_topics()?, consumers }))
    }

    fn kafka_topics(&self) -> anyhow::Result<Vec<Topic>> {
        let prefix = self.kafka_topic_prefix.as_deref().unwrap_or(PREFIX);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        ensure!(
            !prefix.is_empty() && prefix.len() <= LONGEST_PREFIX && prefix.chars().all(plain),
            "{}: expected 1 to {LONGEST_PREFIX} letters, digits, `.`, `_` or `-`, got {}",
            named("kafka_topic_prefix"),
            prefix.escape_debug()
        );
        let partitions = self.kafka_partitions.as_deref().unwrap_or(PARTITIONS);
        let partitions = number("kafka_partitions", partitions, &(1..=u64::from(MOST_PARTITIONS)))?;
        let partitions = u16::try_from(partitions).ok().and_then(Partitions::new);
        let replication = self.kafka_replication.as_deref();
        let replication = replication.map(|given| number("kafka_replication", given, &(1..=32)));
        let replication = replication.transpose()?.map(|copies| u16::try_from(copies).expect("up to 32"));
        let retention = delay("kafka_retention", self.kafka_retention.as_deref().unwrap_or(RETENTION))?;
        ensure!(
            retention >= Duration::from_mins(1),
            "{}: expected at least 1m, got less",
            named("kafka_retention")
        );
        let mut kinds = vec![TopicKind::Notifications];
        if switch("kafka_configuration_topic", self.kafka_configuration_topic.as_deref())? == Some(true) {
            kinds.push(TopicKind::Configuration);
        }
        let topic = |kind| Topic {
            kind,
            prefix: prefix.to_owned(),
            partitions: partitions.expect("the bounds are within those of partitions"),
            replication,
            retention,
        };
        Ok(kinds.into_iter().map(topic).collect())
    }

    fn kafka_security(&self) -> anyhow::Result<Security> {
        let file = |name: &str, path: Option<&std::path::PathBuf>| {
            let text = path.map(|path| trust::read_named(path).with_context(|| named(name)));
            text.transpose().map(|text| text.map(Arc::<str>::from))
        };
        let authorities = file("kafka_ca_file", self.kafka_ca_file.as_ref())?;
        let certificate = file("kafka_certificate_file", self.kafka_certificate_file.as_ref())?;
        let key = file("kafka_key_file", self.kafka_key_file.as_ref())?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                bail!("{}: needs {} beside it", named("kafka_certificate_file"), named("kafka_key_file"))
            }
            (None, Some(_)) => {
                bail!("{}: needs {} beside it", named("kafka_key_file"), named("kafka_certificate_file"))
            }
        };
        let given = authorities.is_some() || identity.is_some();
        let tls = match switch("kafka_tls", self.kafka_tls.as_deref())? {
            Some(false) if given => {
                bail!("{}: is off, while certificates are given", named("kafka_tls"))
            }
            Some(true) => true,
            Some(false) | None => given,
        };
        let tls = tls.then_some(Tls { authorities, identity });
        Ok(Security { tls, sasl: self.kafka_sasl()? })
    }

    fn kafka_sasl(&self) -> anyhow::Result<Option<Sasl>> {
        let password = match (&self.kafka_sasl_password, &self.kafka_sasl_password_file) {
            (Some(_), Some(_)) => bail!(
                "{} and {}: give one of the two",
                named("kafka_sasl_password"),
                named("kafka_sasl_password_file")
            ),
            (Some(password), None) => Some(password.clone()),
            (None, Some(path)) => {
                let text = trust::read_named(path).with_context(|| named("kafka_sasl_password_file"))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, None) => None,
        };
        match (self.kafka_sasl_mechanism.as_deref(), &self.kafka_sasl_username, password) {
            (None, None, None) => Ok(None),
            (mechanism, Some(username), Some(password)) => {
                let given = mechanism.unwrap_or(Mechanism::ScramSha512.name());
                let mechanism = Mechanism::ALL.into_iter().find(|known| known.name() == given);
                let Some(mechanism) = mechanism else {
                    let known = Mechanism::ALL.map(Mechanism::name).join(", ");
                    bail!("{}: expected one of {known}, got {given}", named("kafka_sasl_mechanism"));
                };
                Ok(Some(Sasl { mechanism, username: username.as_str().into(), password: password.into() }))
            }
            (_, None, _) => bail!("{}: needed for SASL", named("kafka_sasl_username")),
            (_, Some(_), None) => bail!(
                "{} or {}: needed for SASL",
                named("kafka_sasl_password"),
                named("kafka_sasl_password_file")
            ),
        }
    }
}

/// Hosts with ports, separated by commas.
fn addresses(text: &str) -> anyhow::Result<Arc<str>> {
    let mut brokers = Vec::new();
    for broker in text.split(',').map(str::trim) {
        let known = broker.rsplit_once(':').filter(|(host, port)| {
            !host.is_empty() && !host.contains(['/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        ensure!(
            known.is_some(),
            "{}: expected addresses as in kafka-1:9092,kafka-2:9092, got {}",
            named("kafka_brokers"),
            broker.escape_debug()
        );
        brokers.push(broker);
    }
    Ok(brokers.join(",").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(settings: &[(&str, &str)]) -> Given {
        let mut given = Given::default();
        given.take_environment(|name| {
            let found = settings.iter().find(|(known, _)| format!("ORQESTRA_{known}") == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        given
    }

    fn refused(settings: &[(&str, &str)]) -> String {
        match given(settings).kafka() {
            Ok(_) => panic!("it was taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    const BROKERS: (&str, &str) = ("KAFKA_BROKERS", "kafka-1:9092, [::1]:9093");

    #[test]
    fn brokers_alone_make_one_topic_of_twelve_partitions() {
        let kafka = given(&[BROKERS]).kafka().unwrap().unwrap();
        assert_eq!(&*kafka.cluster.brokers, "kafka-1:9092,[::1]:9093");
        assert!(kafka.cluster.security.tls.is_none() && kafka.cluster.security.sasl.is_none());
        let [topic] = &kafka.topics[..] else { panic!("one topic") };
        assert_eq!((topic.name().as_str(), topic.partitions.count()), ("orqestra.notifications.v1", 12));
        assert_eq!((topic.retention, topic.replication), (Duration::from_hours(168), None));
        assert!(given(&[]).kafka().unwrap().is_none());
    }

    #[test]
    fn what_is_served_reads_the_topic_and_what_is_up_the_log_unless_it_is_given() {
        for (switch, up, serve) in
            [(None, false, true), (Some("on"), true, true), (Some("off"), false, false)]
        {
            let settings: Vec<_> =
                [BROKERS].into_iter().chain(switch.map(|switch| ("KAFKA_CONSUMERS", switch))).collect();
            let kafka = given(&settings).kafka().unwrap().unwrap();
            assert_eq!(kafka.consumed(Embedded::Up).is_some(), up, "{switch:?}");
            assert_eq!(kafka.consumed(Embedded::Serve).is_some(), serve, "{switch:?}");
        }
    }

    #[test]
    fn a_managed_cluster_is_reached_by_tls_and_sasl() {
        let settings = [
            BROKERS,
            ("KAFKA_TLS", "on"),
            ("KAFKA_SASL_MECHANISM", "PLAIN"),
            ("KAFKA_SASL_USERNAME", "key"),
            ("KAFKA_SASL_PASSWORD", "secret"),
            ("KAFKA_CONFIGURATION_TOPIC", "on"),
            ("KAFKA_TOPIC_PREFIX", "shop"),
            ("KAFKA_REPLICATION", "3"),
        ];
        let kafka = given(&settings).kafka().unwrap().unwrap();
        assert!(kafka.cluster.security.tls.is_some());
        let sasl = kafka.cluster.security.sasl.as_ref().unwrap();
        assert_eq!((sasl.mechanism, &*sasl.username), (Mechanism::Plain, "key"));
        let names: Vec<_> = kafka.topics.iter().map(Topic::name).collect();
        assert_eq!(names, ["shop.notifications.v1", "shop.configuration.v1"]);
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_was_expected() {
        for (settings, words) in [
            (&[("KAFKA_PARTITIONS", "3")][..], "needs kafka_brokers (ORQESTRA_KAFKA_BROKERS) beside it"),
            (
                &[("KAFKA_BROKERS", "kafka-1")],
                "expected addresses as in kafka-1:9092,kafka-2:9092, got kafka-1",
            ),
            (&[("KAFKA_BROKERS", "http://kafka:9092")], "expected addresses"),
            (&[BROKERS, ("KAFKA_PARTITIONS", "0")], "expected a whole number from 1 to 1000, got 0"),
            (&[BROKERS, ("KAFKA_TOPIC_PREFIX", "a b")], "got a b"),
            (&[BROKERS, ("KAFKA_RETENTION", "5s")], "expected at least 1m"),
            (&[BROKERS, ("KAFKA_TLS", "yes")], "expected on or off, got yes"),
            (
                &[BROKERS, ("KAFKA_SASL_USERNAME", "key")],
                "kafka_sasl_password (ORQESTRA_KAFKA_SASL_PASSWORD)",
            ),
            (&[BROKERS, ("KAFKA_SASL_PASSWORD", "x")], "kafka_sasl_username"),
            (
                &[
                    BROKERS,
                    ("KAFKA_SASL_MECHANISM", "GSSAPI"),
                    ("KAFKA_SASL_USERNAME", "a"),
                    ("KAFKA_SASL_PASSWORD", "b"),
                ],
                "expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, got GSSAPI",
            ),
        ] {
            let error = refused(settings);
            assert!(error.contains(words), "{error}");
        }
    }
}
