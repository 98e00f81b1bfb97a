//! `orqestra recover --after-restore`: brings the database in line with a log that has lost its end.
//!
//! It fences every process that still runs, then rebuilds all that is derived from the log: read models, due work,
//! checkpoints. Attempts whose outcome the log does not hold are called unknown and wait for an operator. It adds events and
//! changes none; run again, it finds nothing more to do.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use orqestra_commands::{Commands, DefaultProvider, Directory};
use orqestra_dispatch::{hold_open_attempts, rebuild_due};
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{
    Clock, DatabaseClock, EventLog, Ids, LogOptions, Position, checkpoints_beyond_head, end_recovery, fence,
    settle_checkpoint, settle_topics,
};
use orqestra_projections::{Projection, RebuildMode, rebuild};
use orqestra_vault::{Entropy, OsEntropy, Vault};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::cluster;
use crate::database::{self, DatabaseUrls};
use crate::engine::dispatch_settings;
use crate::keep;
use crate::settings::Settings;
use crate::up::within_the_end;
use crate::{keep::DataDir, migrate, place};

/// Runs it on the database that the settings give, or on the data folder's private one, which it starts and ends.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let Some(urls) = place::given(settings) else {
        let data = DataDir::open(&settings.data_dir)?;
        // Fails where an engine runs on the folder.
        let cluster = cluster::start_or_adopt(data.path(), &CancellationToken::new()).await?;
        let urls = DatabaseUrls { owner: cluster.owner_url(), app: cluster.app_url() };
        let recovered = recover(settings, &urls).await;
        cluster.stop(within_the_end()).await?;
        return recovered;
    };
    recover(settings, &urls).await
}

async fn recover(settings: &Settings, urls: &DatabaseUrls) -> anyhow::Result<()> {
    drop(migrate::migrate(urls).await?);
    let pool = database::connect_as_owner(urls).await?;
    let epoch = fence(&pool).await.context("running processes cannot be fenced")?;
    say(&format!("the log is of epoch {epoch} now: processes that still run are refused and stop"))?;
    let token = CancellationToken::new();
    let done = put_right(settings, &pool, &token).await;
    token.cancel();
    end_recovery(&pool)
        .await
        .context("the subscriptions are not free again; that passes within 10 minutes")?;
    pool.close().await;
    done?;
    say("start the engine again; `orqestra doctor` says whether anything is left to do")
}

async fn put_right(settings: &Settings, pool: &PgPool, token: &CancellationToken) -> anyhow::Result<()> {
    let database_clock = Arc::new(DatabaseClock::new(Arc::new(SystemClock)));
    let clock: Arc<dyn Clock> = Arc::clone(&database_clock) as _;
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let options = LogOptions {
        database_clock: Some(database_clock),
        ..LogOptions::new(Arc::clone(&clock), Arc::clone(&ids))
    };
    let log = EventLog::open(pool.clone(), options, token.clone()).await?;
    say(&format!("the log ends at position {}", log.fetch_head().await?))?;
    let mut failed = Vec::new();
    for projection in Projection::ALL {
        match rebuild(&log, pool, projection, RebuildMode::Swap).await {
            Ok(report) => {
                let rows = report.differences();
                let moved = settle_checkpoint(pool, projection.name(), report.position).await?;
                say(&told(projection.name(), rows, moved))?;
            }
            Err(error) => failed.push(format!("{}: {:#}", projection.name(), anyhow::Error::new(error))),
        }
    }
    match rebuild_due(&log, pool, &dispatch_settings(settings)).await {
        Ok(report) => {
            let rows = u64::try_from(report.differences).unwrap_or(u64::MAX);
            let moved = settle_checkpoint(pool, orqestra_dispatch::SUBSCRIPTION, report.position).await?;
            say(&told(orqestra_dispatch::SUBSCRIPTION, rows, moved))?;
            let held = hold(settings, pool, &log, (&clock, &ids), token).await?;
            say(&format!("{held} attempts were open: their outcomes are unknown and wait for a decision"))?;
        }
        Err(error) => {
            failed.push(format!("{}: {:#}", orqestra_dispatch::SUBSCRIPTION, anyhow::Error::new(error)));
        }
    }
    // The relays have no rows that could be derived anew: they go on from the log's end.
    let head = log.fetch_head().await?;
    for (subscription, _) in checkpoints_beyond_head(pool).await? {
        let moved = settle_checkpoint(pool, &subscription, head).await?;
        say(&told(&subscription, 0, moved))?;
    }
    settle_topics(pool, head).await?;
    log.close().await;
    if !failed.is_empty() {
        bail!("not brought in line: {}", failed.join("; "));
    }
    Ok(())
}

/// Calls the outcomes of open attempts unknown. Only this needs the master key, which is never made here.
async fn hold(
    settings: &Settings,
    pool: &PgPool,
    log: &EventLog,
    (clock, ids): (&Arc<dyn Clock>, &Arc<dyn Ids>),
    token: &CancellationToken,
) -> anyhow::Result<u64> {
    let master = keep::master_key_at_hand(settings)?.context(
        "the master key is not here: set ORQESTRA_MASTER_KEY_FILE, or ORQESTRA_DATA_DIR to the engine's own folder",
    )?;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let vault = Vault::new(pool.clone(), master, Arc::clone(&entropy));
    vault.check_master().await.context("this is not the master key of what the database holds")?;
    let directory =
        Directory::open(log.clone(), vault.clone(), DefaultProvider::None, token.child_token()).await?;
    let commands = Commands::new(log.clone(), vault, directory, Arc::clone(clock), Arc::clone(ids), entropy);
    Ok(hold_open_attempts(&commands, pool).await?)
}

fn told(name: &str, rows: u64, moved: Option<Position>) -> String {
    let checkpoint =
        moved.map(|from| format!(", its checkpoint was at {from} and stands at the log's end now"));
    format!("{name} is as the log has it: {rows} rows put right{}", checkpoint.unwrap_or_default())
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("standard output is closed")
}
