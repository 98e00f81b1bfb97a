//! Kafka: whether the cluster answers, and whether the topics are as the relay needs them.

use orqestra_kafka::Failure;

use super::Finding;
use crate::settings::Settings;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for to in settings.relays() {
        let name = to.topic.name();
        let found = match to.topic.find(&to.cluster).await {
            Ok(Some(found)) => to.topic.verify(&found).map(|()| {
                let copies = to
                    .topic
                    .replication
                    .map_or(String::new(), |copies| format!(", {copies} copies asked for"));
                Finding::ok("kafka", format!("{name} has {} partitions{copies}", found.partitions))
            }),
            Ok(None) => Ok(Finding::ok("kafka", format!("{name} is absent: the relay makes it"))),
            Err(failure) => Err(failure),
        };
        findings.push(found.unwrap_or_else(|failure| {
            let what_to_do = match &failure {
                Failure::Passing { .. } | Failure::Stuck(_) => {
                    "is a broker running at kafka_brokers, and do TLS and SASL fit it?"
                }
                Failure::Refused { .. } => "give the client the rights that docs/stream.md lists",
                Failure::Unfit { .. } => "see docs/stream.md",
                Failure::Settings(_) => "mend the settings of Kafka (README.md, Settings)",
                Failure::Log(_) => "see the database",
            };
            Finding::amiss("kafka", format!("{name}: {failure}"), what_to_do)
        }));
    }
    findings
}
