//! Peer (c): pgbench, one row a commit, 32 clients, prepared.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use orqestra_tests::postgres::programs;
use sqlx::{Connection as _, Executor as _};

use super::batch::Sample;
use crate::postgres::Postgres;

const CLIENTS: &str = "32";
/// The engine's table of events and its indexes; the position comes from a sequence, which may have gaps.
const TABLE: &str =
    "create table single (like events including indexes including constraints including storage)";
const INSERT: &str = "insert into single values ('Notification',
    '0190b5a0-0000-7000-8000-0000000000b1/' || gen_random_uuid(), 1, 'NotificationAccepted', '1.0.0', :payload,
    :metadata, nextval('single_position'), gen_random_uuid(), '0190b5a0-0000-7000-8000-0000000000b1', now(),
    '\\xb94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9');\n";

/// Rows a second, and the mean latency.
pub(crate) async fn run(
    postgres: &Postgres,
    database: &str,
    sample: &Sample,
    time: Duration,
) -> Result<(f64, Duration)> {
    let mut owner = postgres.connect(database).await?;
    owner.execute(TABLE).await?;
    owner.execute("create sequence single_position").await?;
    owner.execute("checkpoint").await?;
    owner.close().await?;
    let script = postgres.folder().join("single.sql");
    std::fs::write(&script, INSERT)?;
    let mut command = Command::new(programs("pgbench")?.join("pgbench"));
    command
        .args(["-n", "-M", "prepared", "-c", CLIENTS, "-j", "2", "-U", "postgres", "-h"])
        .arg(postgres.folder());
    command.arg("-T").arg(time.as_secs().to_string()).arg("-f").arg(&script);
    command.arg("-D").arg(format!("payload={}", sample.payload));
    command.arg("-D").arg(format!("metadata={}", sample.metadata)).arg(database);
    let ended = tokio::task::spawn_blocking(move || command.output()).await?.context("running pgbench")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    if !ended.status.success() {
        bail!("pgbench failed: {}", String::from_utf8_lossy(&ended.stderr));
    }
    let value = |before: &str| -> Option<f64> {
        let line = said.lines().find_map(|line| line.strip_prefix(before))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let rate = value("tps = ").context("pgbench tells no rate")?;
    let latency = value("latency average = ").context("pgbench tells no latency")?;
    Ok((rate, Duration::from_secs_f64(latency / 1_000.0)))
}
