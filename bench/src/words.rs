//! How the cases are called: briefly on the command line, in words in the tables.

use crate::case::{Case, PAGES, STEADY};
use crate::spread::Reads;
use crate::together::Limits;

impl Case {
    /// Its short name.
    pub(crate) fn name(self) -> String {
        match self {
            Self::EngineWhole => "engine".to_owned(),
            Self::EngineApi => "engine-api".to_owned(),
            Self::Apis(processes, Limits::Own) => format!("apis-{processes}"),
            Self::Apis(processes, Limits::Redis) => format!("apis-redis-{processes}"),
            Self::Stock(connections) => format!("stock-{connections}"),
            Self::Echo => "echo".to_owned(),
            Self::SingleRows => "single-rows".to_owned(),
            Self::Batches => "batches".to_owned(),
            Self::AppendBatch(0) => "append-batch".to_owned(),
            Self::AppendBatch(percent) => format!("append-batch-{percent}"),
            Self::Writers(writers) => format!("writers-{writers}"),
            Self::Held => "held".to_owned(),
            Self::Latency => "latency".to_owned(),
            Self::Push => "push".to_owned(),
            Self::Drain => "drain".to_owned(),
            Self::ThroughHttp => "through_http".to_owned(),
            Self::Relay => "relay".to_owned(),
            Self::Producer => "producer".to_owned(),
            Self::LatencyThroughKafka => "latency-kafka".to_owned(),
            Self::EndToEnd(Reads::Log, processes) => format!("spread-{processes}"),
            Self::EndToEnd(Reads::Kafka, processes) => format!("spread-kafka-{processes}"),
            Self::Neighbour => "neighbour".to_owned(),
            Self::LargeBodies => "large_bodies".to_owned(),
            Self::Neighbours => "neighbours".to_owned(),
        }
    }

    /// What it measures, for people.
    pub(crate) fn label(self) -> String {
        match self {
            Self::EngineWhole => "engine, all roles: accepted triggers/s".to_owned(),
            Self::EngineApi => "engine, API role alone: accepted triggers/s".to_owned(),
            Self::Apis(processes, Limits::Own) => {
                format!("engine, {processes} processes with the API role together: accepted triggers/s")
            }
            Self::Apis(processes, Limits::Redis) => {
                format!("the same, {processes} that share limits through Redis: accepted triggers/s")
            }
            Self::Stock(connections) => {
                format!("(a) stock postgres-es, {connections} connections: triggers/s")
            }
            Self::Echo => "(b) bare axum, HMAC checked: requests/s".to_owned(),
            Self::SingleRows => "(c) pgbench, one row a commit, 32 clients: rows/s".to_owned(),
            Self::Batches => "(d) batch insert alone, 100 rows: rows/s".to_owned(),
            Self::AppendBatch(percent) => {
                format!("append_commands alone, 256 commands, {percent} % conflicts: commands/s")
            }
            Self::Writers(writers) => {
                format!("append_commands, 256 commands waiting, {writers} writers: commands/s")
            }
            Self::Held => "append_commands beside a held snapshot, at its end: ratio".to_owned(),
            Self::Latency => format!("(e) trigger to mail accepted at {STEADY}/s: triggers/s"),
            Self::Push => format!("(g) trigger to push received at {STEADY}/s, {PAGES} pages: triggers/s"),
            Self::Drain => "(f) drain through the sandbox: notifications/s".to_owned(),
            Self::ThroughHttp => {
                "(k) trigger to recorded outcome through an API over HTTP: notifications/s".to_owned()
            }
            Self::Relay => "(l) relay to Kafka, catching up: events/s".to_owned(),
            Self::Producer => "(m) bare producer of the same records: records/s".to_owned(),
            Self::LatencyThroughKafka => {
                format!("(n) trigger to mail accepted through Kafka at {STEADY}/s: triggers/s")
            }
            Self::EndToEnd(reads, processes) => {
                let reads = match reads {
                    Reads::Log => "the log",
                    Reads::Kafka => "Kafka",
                };
                format!(
                    "(o) trigger to recorded outcome, {processes} that project and send by {reads}: notifications/s"
                )
            }
            Self::Neighbour => "(h) rate kept beside a tenant that repeats half: ratio".to_owned(),
            Self::LargeBodies => "(i) p99 at 50/s beside 250 KB bodies, of p99 alone: ratio".to_owned(),
            Self::Neighbours => "(j) p99 to SENT beside the worst neighbours: times the quiet one".to_owned(),
        }
    }
}
