//! The engine over several processes: one that accepts, others that project and send, which read the log or, through a relay,
//! a real Kafka's topic.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use orqestra_tests::kafka::TestKafka;
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;

use crate::caller::USERS;
use crate::drain;
use crate::engine::{Engine, Roles};
use crate::latency::{self, Latency};
use crate::load;
use crate::postgres::Postgres;
use crate::program::Program;
use crate::sink::Sink;

const CONNECTIONS: usize = 64;
/// Accepted, rendered, started, succeeded.
const EVENTS: i64 = 4;
/// Notifications that are sent before anything is measured: each process has its partitions then.
const WARM: usize = 500;

/// What the processes that project and send read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The log's tail.
    Log,
    /// The topic.
    Kafka,
}

/// Running processes.
struct Spread {
    api: Program,
    others: Vec<Program>,
    /// Ends with the processes.
    _kafka: Option<TestKafka>,
}

impl Spread {
    async fn start(
        engine: &Engine,
        postgres: &Postgres,
        database: &str,
        reads: Reads,
        processes: usize,
    ) -> Result<Self> {
        postgres.create(database, Some(engine.prepared())).await?;
        let kafka = match reads {
            Reads::Log => None,
            Reads::Kafka => Some(TestKafka::start().await?),
        };
        let brokers = kafka.as_ref().map(TestKafka::brokers);
        let api = engine.start(Roles::Api, postgres, database).await?;
        let mut others = Vec::new();
        if let Some(brokers) = &brokers {
            others.push(engine.start_with_kafka(Roles::Relay, postgres, database, brokers).await?);
        }
        for _ in 0..processes {
            others.push(match &brokers {
                Some(brokers) => engine.start_with_kafka(Roles::Work, postgres, database, brokers).await?,
                None => engine.start(Roles::Work, postgres, database).await?,
            });
        }
        let mut all: Vec<&mut Program> = others.iter_mut().collect();
        try_join_all(all.iter_mut().map(|one| one.ready("/readyz"))).await.context("a process")?;
        Ok(Self { api, others, _kafka: kafka })
    }

    fn address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Triggers, and waits until each one's outcome is recorded.
    async fn send(
        &self,
        engine: &Engine,
        owner: &mut PgConnection,
        run: &str,
        count: usize,
    ) -> Result<Duration> {
        let requests = Arc::new(engine.first().triggers(run, count));
        let wanted = drain::head(owner).await? + EVENTS * i64::try_from(count)?;
        let started = Instant::now();
        load::all(self.address(), requests, CONNECTIONS).await?;
        drain::recorded(owner, wanted, started).await
    }

    /// The most memory that one process held, in KB.
    async fn end(self) -> Result<u64> {
        let mut most = self.api.end().await?;
        for one in self.others {
            most = most.max(one.end().await?);
        }
        Ok(most)
    }
}

/// Notifications a second from the first trigger until the last outcome was recorded, and the most memory of a process, in KB.
pub(crate) async fn end_to_end(
    engine: &Engine,
    postgres: &Postgres,
    (reads, processes): (Reads, usize),
    count: usize,
) -> Result<(f64, u64)> {
    let database = "spread";
    let spread = Spread::start(engine, postgres, database, reads, processes).await?;
    let mut owner = postgres.connect(database).await?;
    spread.send(engine, &mut owner, "warm", WARM).await?;
    let took = spread.send(engine, &mut owner, "spread", count).await?;
    let sent: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'AttemptSucceeded'")
        .fetch_one(&mut owner)
        .await?;
    ensure!(usize::try_from(sent)? == count + WARM, "{sent} of {} notifications were sent", count + WARM);
    owner.close().await?;
    let memory = spread.end().await?;
    postgres.remove(database).await?;
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    Ok((count as f64 / took.as_secs_f64(), memory))
}

/// From trigger to mail accepted at a steady rate, with a process for each of api, relay, and projecting and sending.
pub(crate) async fn latency(
    engine: &Engine,
    postgres: &Postgres,
    rate: u32,
    time: Duration,
) -> Result<(Latency, u64)> {
    let database = "spread";
    let spread = Spread::start(engine, postgres, database, Reads::Kafka, 1).await?;
    let mut owner = postgres.connect(database).await?;
    spread.send(engine, &mut owner, "warm", WARM).await?;
    owner.close().await?;
    let sink = Sink::start(usize::try_from((time.as_secs() + 1) * u64::from(rate))?).await?;
    engine.send_to(&spread.api, sink.address()).await?;
    let arrived = || sink.accepted();
    let measured = latency::measure(spread.address(), engine.first(), USERS, arrived, rate, time).await?;
    let memory = spread.end().await?;
    postgres.remove(database).await?;
    Ok((measured, memory))
}
