//! The engine's own `append_commands`, called directly: with conflicts, by several writers, beside a held snapshot.
//!
//! A command is what a trigger stores: one event, one idempotency key, and one data key relied on. A conflict is a
//! trigger that came before. Refused commands count as answered.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::{Connection as _, Executor as _, PgConnection};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::batch::{Batches, Rows, Sample, rows, timed};
use crate::postgres::Postgres;

/// The engine's own largest batch, and here all the commands that wait at one time.
pub(crate) const TOGETHER: usize = 256;
/// How long each side of the held snapshot is measured in turn.
const SLICE: Duration = Duration::from_secs(1);
/// The part of the slices, the last ones, that counts as the end.
const END: usize = 3;

/// A connection that appends.
struct Writer {
    connection: PgConnection,
    data_key: Uuid,
    /// Streams that are there, for commands that conflict.
    taken: Vec<String>,
    made: i64,
}

impl Writer {
    async fn open(postgres: &Postgres, database: &str) -> Result<Self> {
        let mut connection = postgres.connect(database).await?;
        connection.execute("checkpoint").await?;
        let data_key =
            sqlx::query_scalar("select key_id from data_keys limit 1").fetch_one(&mut connection).await?;
        Ok(Self { connection, data_key, taken: Vec::new(), made: 0 })
    }

    /// A writer that has stored a batch, which its conflicts are with.
    async fn with_streams(postgres: &Postgres, database: &str, sample: &Sample) -> Result<Self> {
        let mut writer = Self::open(postgres, database).await?;
        let first = rows(sample, TOGETHER, &mut writer.made);
        writer.taken.clone_from(&first.aggregate_id);
        let placed = append(&mut writer.connection, writer.data_key, first).await?;
        ensure!(placed == TOGETHER as u64, "the first batch was not stored");
        Ok(writer)
    }

    /// Appends for `time` of statements, with so many conflicts in each batch.
    async fn run(&mut self, sample: &Sample, conflicts: usize, time: Duration) -> Result<Batches> {
        let Self { connection, data_key, taken, made } = self;
        let make = || {
            let mut rows = rows(sample, TOGETHER, made);
            // Spread over the batch.
            for (number, stream) in taken.iter().take(conflicts).enumerate() {
                rows.aggregate_id[number * TOGETHER / conflicts].clone_from(stream);
            }
            rows
        };
        let wanted = TOGETHER - conflicts;
        timed(connection, (TOGETHER, wanted), time, make, async |connection, rows| {
            append(connection, *data_key, rows).await
        })
        .await
    }

    async fn close(self) -> Result<()> {
        Ok(self.connection.close().await?)
    }
}

/// One writer with `percent` of its commands in conflict.
pub(crate) async fn conflicts(
    postgres: &Postgres,
    database: &str,
    sample: &Sample,
    percent: u32,
    time: Duration,
) -> Result<Batches> {
    let mut writer = Writer::with_streams(postgres, database, sample).await?;
    let conflicts = (TOGETHER * usize::try_from(percent)?).div_ceil(100);
    let done = writer.run(sample, conflicts, time).await?;
    writer.close().await?;
    Ok(done)
}

/// So many writers that share one load: commands a second, the clock running while rows are made.
pub(crate) async fn writers(
    postgres: &Postgres,
    database: &str,
    sample: &Sample,
    writers: usize,
    time: Duration,
) -> Result<f64> {
    let mut open = Vec::new();
    for _ in 0..writers {
        open.push(Writer::open(postgres, database).await?);
    }
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut writer in open {
        let sample = sample.clone();
        running.spawn(async move {
            let (size, mut placed) = (TOGETHER / writers, 0);
            while started.elapsed() < time {
                let rows = rows(&sample, size, &mut writer.made);
                placed += append(&mut writer.connection, writer.data_key, rows).await?;
            }
            writer.close().await?;
            Ok::<_, anyhow::Error>(placed)
        });
    }
    let mut placed = 0;
    while let Some(one) = running.join_next().await {
        placed += one??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few million rows")]
    Ok(placed as f64 / started.elapsed().as_secs_f64())
}

/// What is left of the rate once a snapshot was held for `hold`: slices on a database with a transaction that holds
/// one, in turn with slices on a database without.
pub(crate) async fn held(
    postgres: &Postgres,
    [with, without]: [&str; 2],
    sample: &Sample,
    hold: Duration,
) -> Result<f64> {
    let mut writers = [Writer::open(postgres, with).await?, Writer::open(postgres, without).await?];
    let mut holder = postgres.connect(with).await?;
    let mut transaction = holder.begin_with("begin isolation level repeatable read").await?;
    let before: i64 = count(&mut transaction).await?;
    let mut rates = [Vec::new(), Vec::new()];
    let started = Instant::now();
    while started.elapsed() < hold {
        for (writer, rates) in writers.iter_mut().zip(&mut rates) {
            rates.push(writer.run(sample, 0, SLICE).await?.rate);
        }
    }
    ensure!(count(&mut transaction).await? == before, "the snapshot was not held");
    transaction.rollback().await?;
    holder.close().await?;
    for writer in writers {
        writer.close().await?;
    }
    let [held, free] = rates.map(|rates| rates.iter().rev().take(rates.len().div_ceil(END)).sum::<f64>());
    Ok(held / free)
}

async fn count(connection: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar("select count(*) from events").fetch_one(connection).await.context("counting events")
}

/// One call; how many commands were stored.
async fn append(connection: &mut PgConnection, data_key: Uuid, rows: Rows) -> Result<u64> {
    let size = rows.command.len();
    let expires = OffsetDateTime::now_utc() + time::Duration::DAY;
    let placed: i64 = sqlx::query_scalar(
        "select count(*)
           from append_commands(0, null, (select log_id from log_identity), (select epoch from log_identity), now(),
                row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)::append_events,
                row($2, $12, $15, $16, $17)::append_claims, null, row($2, $18)::append_used_keys, null, null)
          where status = 0",
    )
    .bind(vec![1_i32; size])
    .bind(rows.command)
    .bind(rows.first)
    .bind(rows.aggregate_type)
    .bind(rows.aggregate_id)
    .bind(rows.sequence)
    .bind(rows.event_type)
    .bind(rows.event_version)
    .bind(rows.payload)
    .bind(rows.metadata)
    .bind(rows.event_id)
    .bind(rows.tenant)
    .bind(rows.at)
    .bind(rows.leaf)
    .bind(rows.key)
    .bind(rows.notification)
    .bind(vec![expires; size])
    .bind(vec![data_key; size])
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(placed)?)
}
