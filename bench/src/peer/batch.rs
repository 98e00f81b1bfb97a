//! Peer (d): the batch insert alone, by one connection: a plain `UNNEST` insert into a copy of the table of events. What
//! it shares with the calls of `append_commands` is here too: the rows and the clock.
//!
//! Arrays are made before the clock starts; only the statements are timed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::{Connection as _, Executor as _, PgConnection};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use crate::load::percentile;
use crate::postgres::Postgres;

/// An event as the engine stores it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The payload's text.
    pub(crate) payload: String,
    /// The metadata's text.
    pub(crate) metadata: String,
}

impl Sample {
    /// The newest accepted notification of a database.
    pub(crate) async fn of(postgres: &Postgres, database: &str) -> Result<Self> {
        let mut owner = postgres.connect(database).await?;
        let (payload, metadata) = sqlx::query_as(
            "select payload::text, metadata::text from events where event_type = 'NotificationAccepted'
              order by position desc limit 1",
        )
        .fetch_optional(&mut owner)
        .await?
        .context("no accepted notification to take as a sample")?;
        owner.close().await?;
        Ok(Self { payload, metadata })
    }
}

/// What the statements came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches {
    /// Rows a second.
    pub(crate) rate: f64,
    /// The median of a statement.
    pub(crate) p50: Duration,
    /// What 99 % of them did not exceed.
    pub(crate) p99: Duration,
}

/// The columns of a batch.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) command: Vec<i32>,
    pub(super) first: Vec<bool>,
    pub(super) aggregate_type: Vec<&'static str>,
    pub(super) aggregate_id: Vec<String>,
    pub(super) sequence: Vec<i64>,
    pub(super) event_type: Vec<&'static str>,
    pub(super) event_version: Vec<&'static str>,
    pub(super) payload: Vec<String>,
    pub(super) metadata: Vec<String>,
    pub(super) position: Vec<i64>,
    pub(super) event_id: Vec<Uuid>,
    pub(super) tenant: Vec<Uuid>,
    pub(super) at: Vec<OffsetDateTime>,
    pub(super) leaf: Vec<Vec<u8>>,
    pub(super) key: Vec<String>,
    pub(super) notification: Vec<Uuid>,
}

/// New notifications, positions after `from`.
pub(super) fn rows(sample: &Sample, size: usize, from: &mut i64) -> Rows {
    let tenant = Uuid::from_u128(0xb1);
    let at = OffsetDateTime::now_utc();
    let mut rows = Rows::default();
    for command in 1..=i32::try_from(size).expect("a batch is small") {
        let notification = Uuid::from_bytes(rand::random());
        rows.command.push(command);
        rows.first.push(true);
        rows.aggregate_type.push("Notification");
        rows.aggregate_id.push(format!("{tenant}/{notification}"));
        rows.sequence.push(1);
        rows.event_type.push("NotificationAccepted");
        rows.event_version.push("1.0.0");
        rows.payload.push(sample.payload.clone());
        rows.metadata.push(sample.metadata.clone());
        *from += 1;
        rows.position.push(*from);
        rows.event_id.push(Uuid::now_v7());
        rows.tenant.push(tenant);
        rows.at.push(at);
        rows.leaf.push(rand::random::<[u8; 32]>().to_vec());
        rows.key.push(notification.to_string());
        rows.notification.push(notification);
    }
    rows
}

/// `UNNEST` inserts of `size` rows each, for `time` of statements.
pub(crate) async fn insert(
    postgres: &Postgres,
    database: &str,
    sample: &Sample,
    size: usize,
    time: Duration,
) -> Result<Batches> {
    let mut owner = postgres.connect(database).await?;
    owner
        .execute(
            "create table batches (like events including indexes including constraints including storage)",
        )
        .await?;
    owner.execute("checkpoint").await?;
    let mut from = 0;
    timed(&mut owner, (size, size), time, || rows(sample, size, &mut from), async |owner, rows| {
        let done = sqlx::query(
            "insert into batches
             select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
                    position, event_id, tenant_id, recorded_at, leaf
               from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                           $8::bigint[], $9::uuid[], $10::uuid[], $11::timestamptz[], $12::bytea[])
                    as e (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                          position, event_id, tenant_id, recorded_at, leaf)",
        )
        .bind(rows.aggregate_type)
        .bind(rows.aggregate_id)
        .bind(rows.sequence)
        .bind(rows.event_type)
        .bind(rows.event_version)
        .bind(rows.payload)
        .bind(rows.metadata)
        .bind(rows.position)
        .bind(rows.event_id)
        .bind(rows.tenant)
        .bind(rows.at)
        .bind(rows.leaf)
        .execute(owner)
        .await?;
        Ok(done.rows_affected())
    })
    .await
}

/// Runs statements for `time` of them, each of so many rows, of which so many are stored.
pub(super) async fn timed(
    owner: &mut PgConnection,
    (size, wanted): (usize, usize),
    time: Duration,
    mut make: impl FnMut() -> Rows,
    store: impl AsyncFn(&mut PgConnection, Rows) -> Result<u64>,
) -> Result<Batches> {
    let mut took = Vec::new();
    let mut spent = Duration::ZERO;
    // The first few plan and warm up.
    for round in -3_i32.. {
        let rows = make();
        let started = Instant::now();
        let stored = store(owner, rows).await?;
        let elapsed = started.elapsed();
        ensure!(stored == wanted as u64, "{stored} of {size} rows were stored, not {wanted}");
        if round >= 0 {
            took.push(elapsed);
            spent += elapsed;
        }
        if spent >= time {
            break;
        }
    }
    took.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a few million rows")]
    let rate = (took.len() * size) as f64 / spent.as_secs_f64();
    Ok(Batches { rate, p50: percentile(&took, 50), p99: percentile(&took, 99) })
}
