//! How fast the relay catches up: events in the log while no process relays, then a relay on an empty topic of a real Kafka.
//! Beside it a bare producer that sends as many records of the same form, and reads no log.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use orqestra_tests::kafka::TestKafka;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, interval};

use crate::drain::head;
use crate::engine::{Engine, Roles};
use crate::load;
use crate::postgres::Postgres;

const CONNECTIONS: usize = 64;
/// The topic's partitions, as the relay makes it.
const PARTITIONS: i32 = 12;
/// The relay sends as many records at once.
const TOGETHER: usize = 2_000;
/// A value and the headers of a trigger's event: 1.4 KB and 16 with 60 bytes each.
const VALUE: usize = 1_400;
const HEADERS: usize = 16;
const HEADER: &str = "0190b5a0-0000-7000-8000-0000000000b1-0190b5a0-0000-7000-8000";
const PATIENCE: Duration = Duration::from_mins(2);

/// Events a second, from the first acknowledged batch to the last.
pub(crate) async fn catch_up(engine: &Engine, postgres: &Postgres, count: usize) -> Result<f64> {
    let kafka = TestKafka::start().await?;
    let database = "relay";
    postgres.create(database, Some(engine.prepared())).await?;
    let api = engine.start(Roles::Api, postgres, database).await?;
    let requests = Arc::new(engine.first().triggers("relay", count));
    load::all(api.address(), requests, CONNECTIONS).await.context("triggering")?;
    api.end().await?;

    let mut owner = postgres.connect(database).await?;
    sqlx::query("checkpoint").execute(&mut owner).await?;
    let end = head(&mut owner).await?;
    let relay = engine.start_with_kafka(Roles::Relay, postgres, database, &kafka.brokers()).await?;
    let (mut look, patience) = (interval(Duration::from_millis(10)), Instant::now() + PATIENCE);
    let mut began: Option<(i64, Instant)> = None;
    let rate = loop {
        look.tick().await;
        let stands = checkpoint(&mut owner).await?;
        match began {
            None if stands > 0 => began = Some((stands, Instant::now())),
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
            Some((first, at)) if stands >= end => break (end - first) as f64 / at.elapsed().as_secs_f64(),
            Some(_) | None => {}
        }
        ensure!(Instant::now() < patience, "the relay stands at {stands} of {end} after {PATIENCE:?}");
    };
    relay.end().await?;
    owner.close().await?;
    postgres.remove(database).await?;
    Ok(rate)
}

async fn checkpoint(owner: &mut PgConnection) -> Result<i64> {
    let stands = sqlx::query_scalar(
        "select coalesce(max(position), 0) from checkpoints where subscription like 'relay:%'",
    );
    Ok(stands.fetch_one(owner).await?)
}

/// Records a second that a producer with the relay's settings sends, as many at once.
pub(crate) async fn bare(count: usize) -> Result<f64> {
    let kafka = TestKafka::start().await?;
    kafka.topic("bare", PARTITIONS, &[("message.timestamp.type", "LogAppendTime")]).await?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.brokers()).set("enable.idempotence", "true").set("acks", "all");
    let producer: FutureProducer = config.set("linger.ms", "0.5").set("compression.type", "lz4").create()?;
    // As incompressible as sealed values are.
    let value: String = (0..VALUE).map(|_| char::from(b'!' + rand::random::<u8>() % 90)).collect();
    let started = Instant::now();
    let mut left = count;
    while left > 0 {
        let batch = left.min(TOGETHER);
        let sent = (0..batch).map(|number| {
            let headers = (0..HEADERS).fold(OwnedHeaders::new_with_capacity(HEADERS), |headers, _| {
                headers.insert(Header { key: "ce_header", value: Some(HEADER) })
            });
            let partition = i32::try_from(number).unwrap_or(0) % PARTITIONS;
            let record =
                FutureRecord::to("bare").partition(partition).key(HEADER).payload(&value).headers(headers);
            producer.send_result(record).map_err(|(error, _)| error)
        });
        let sent = sent.collect::<Result<Vec<_>, _>>()?;
        for acknowledged in try_join_all(sent).await? {
            acknowledged.map_err(|(error, _)| error)?;
        }
        left -= batch;
    }
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    Ok(count as f64 / started.elapsed().as_secs_f64())
}
