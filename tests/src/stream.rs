//! A consumer of the engine's topic that knows nothing but `docs/stream.md`: it reads by kcat and goes by positions.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::kafka::TestKafka;

/// The topic of notifications, with the prefix that is the default.
pub const TOPIC: &str = "orqestra.notifications.v1";
/// The topic of the configuration.
pub const CONFIGURATION: &str = "orqestra.configuration.v1";
/// The type of a tick.
pub const TICK: &str = "orqestra.tick";

/// A record as kcat prints it.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Its partition.
    pub partition: u16,
    /// Its place there.
    pub offset: i64,
    /// `None` in a tick.
    pub key: Option<String>,
    /// `None` in a tick.
    pub payload: Option<String>,
    /// By their names.
    #[serde(deserialize_with = "by_name", default)]
    pub headers: BTreeMap<String, String>,
}

/// kcat prints names and values in turn.
fn by_name<'de, D: serde::Deserializer<'de>>(value: D) -> Result<BTreeMap<String, String>, D::Error> {
    let listed = Vec::<String>::deserialize(value)?;
    Ok(listed.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

impl Record {
    /// A header.
    ///
    /// # Panics
    /// If it has none of that name.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {self:?}"))
    }

    /// A header that is a number.
    ///
    /// # Panics
    /// If it is not a number.
    pub fn number(&self, name: &str) -> i64 {
        self.header(name).parse().unwrap_or_else(|_| panic!("{name} is a number: {self:?}"))
    }

    /// Whether it is a tick.
    pub fn is_tick(&self) -> bool {
        self.header("ce_type") == TICK
    }
}

/// Reads all that a topic holds now, in the order of each partition.
///
/// # Errors
/// If kcat fails, or prints something else.
pub async fn records(kafka: &TestKafka, topic: &str) -> Result<Vec<Record>> {
    let printed = kafka.kcat(&["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"]).await?;
    let read = |line: &str| serde_json::from_str(line).with_context(|| format!("kcat printed {line}"));
    let mut records: Vec<Record> = printed.lines().map(read).collect::<Result<_>>()?;
    records.sort_by_key(|record| (record.partition, record.offset));
    Ok(records)
}

/// Adds a record to a partition of a topic, with everything that another one has.
///
/// # Errors
/// If kcat fails.
pub async fn produce(kafka: &TestKafka, topic: &str, record: &Record) -> Result<()> {
    let partition = record.partition.to_string();
    let headers: Vec<_> = record.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut args = vec!["-P", "-t", topic, "-p", &partition, "-Z"];
    args.extend(headers.iter().flat_map(|header| ["-H", header]));
    args.extend(record.key.iter().flat_map(|key| ["-k", key]));
    kafka.kcat_with(&args, &format!("{}\n", record.payload.as_deref().unwrap_or_default())).await.map(drop)
}

/// What a consumer makes of a topic's records.
#[derive(Debug, Default)]
pub struct Folded {
    /// The events, each once, in the order of the log.
    pub events: BTreeMap<i64, Record>,
    /// By partition, the position up to which nothing is missing.
    pub complete: BTreeMap<u16, i64>,
    /// Stretches that a consumer has to read from the log: partition, after, up to.
    pub missing: Vec<(u16, i64, i64)>,
    /// Records that it dropped, since it had them.
    pub dropped: usize,
}

impl Folded {
    /// Folds records as the contract has it.
    ///
    /// # Errors
    /// If a record says something else of an event than another one.
    pub fn of(records: Vec<Record>) -> Result<Self> {
        let mut folded = Self::default();
        for record in records {
            let (position, after) = (record.number("ce_position"), record.number("ce_after"));
            let complete = folded.complete.entry(record.partition).or_default();
            ensure!(after <= position, "after {after} its own position {position}");
            if position <= *complete {
                folded.dropped += 1;
                if let Some(known) = folded.events.get(&position).filter(|_| !record.is_tick()) {
                    ensure!(known.payload == record.payload, "two payloads at position {position}");
                }
                continue;
            }
            if after > *complete {
                folded.missing.push((record.partition, *complete, after));
            }
            *complete = position;
            if !record.is_tick() {
                folded.events.insert(position, record);
            }
        }
        Ok(folded)
    }
}
