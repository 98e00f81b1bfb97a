//! `orqestra log tail|show|find`: the events as they stand in the log, one JSON object a line.
//!
//! Reads only. Sealed values stay sealed: what is printed may be shown to anyone who may see the log.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use orqestra_commands::CallerId;
use orqestra_domain::{EventId, NotificationId, TenantId};
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{EventLog, LogOptions, Position, RecordedEvent, Sessions};
use orqestra_vault::{KeyError, OsEntropy, Vault};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::place::{unreached, urls};
use crate::schema;
use crate::settings::Settings;
use crate::{database, keep};

const BATCH: usize = 500;

/// What to see of the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Prints the newest events and, with --follow, those to come
    Tail {
        /// How many of the newest events
        #[arg(short = 'n', long, default_value_t = 10)]
        lines: u32,
        /// Go on with what is appended
        #[arg(short, long)]
        follow: bool,
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Prints the event at a position, or all events of one notification
    Show {
        /// A position, or together with --tenant the caller's event id or the notification's id
        what: String,
        /// Whose event id it is
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Prints what follows from a request, by the id that its caller knows: X-Request-Id or X-Trace-Id
    Find {
        /// The id, as the caller sent it or was told it
        id: String,
        /// Whose backend called; without it an operator's request is meant, or an id that stands in the log in clear
        #[arg(long)]
        tenant: Option<TenantId>,
    },
}

/// Runs it.
pub(crate) async fn run(command: LogCommand, settings: &Settings) -> anyhow::Result<()> {
    let sessions = Sessions::default();
    let pools = database::connect(&urls(settings)?, &sessions).await;
    let pool = pools.map_err(|error| unreached(error, settings))?.callers;
    schema::check(&pool).await?;
    let looked_for = match &command {
        LogCommand::Find { id, tenant } => Some(LookedFor::new(id, *tenant, &pool, settings).await?),
        LogCommand::Tail { .. } | LogCommand::Show { .. } => None,
    };
    let token = CancellationToken::new();
    let options = LogOptions { sessions, ..LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds)) };
    let log = EventLog::open(pool, options, token.clone()).await?;
    let done = match command {
        LogCommand::Tail { lines, follow, tenant } => tail(&log, lines, follow, tenant).await,
        LogCommand::Show { what, tenant } => show(&log, &what, tenant).await,
        LogCommand::Find { .. } => match looked_for {
            Some(looked_for) => find(&log, &looked_for).await,
            None => Ok(()),
        },
    };
    log.close().await;
    done
}

async fn tail(log: &EventLog, lines: u32, follow: bool, tenant: Option<TenantId>) -> anyhow::Result<()> {
    let head = log.fetch_head().await?;
    let at = Position::new((head.get() - i64::from(lines)).max(0));
    if !follow {
        return print_after(log, at, false, tenant).await;
    }
    // Heard from here on, whatever is being read or printed meanwhile.
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be heard")?;
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        printed = print_after(log, at, true, tenant) => printed,
    }
}

async fn print_after(
    log: &EventLog,
    mut at: Position,
    follow: bool,
    tenant: Option<TenantId>,
) -> anyhow::Result<()> {
    let mut news = log.head();
    loop {
        let batch = log.read_after(at, BATCH).await?;
        for event in &batch {
            if tenant.is_none_or(|tenant| tenant == event.tenant) {
                print(event)?;
            }
            at = event.position;
        }
        if batch.is_empty() && !follow {
            return Ok(());
        }
        if batch.is_empty() {
            tokio::select! {
                changed = news.changed() => changed.context("the log was closed")?,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}

async fn show(log: &EventLog, what: &str, tenant: Option<TenantId>) -> anyhow::Result<()> {
    let events = match (tenant, what.parse::<i64>()) {
        (Some(tenant), _) => {
            let event = EventId::parse(what).context("the event id")?;
            let stream =
                orqestra_domain::StreamId::notification(tenant, NotificationId::of_event(tenant, &event));
            let events = log.load("Notification", &stream).await?;
            match what.parse::<NotificationId>() {
                Ok(id) if events.is_empty() => {
                    log.load("Notification", &orqestra_domain::StreamId::notification(tenant, id)).await?
                }
                _ => events,
            }
        }
        (None, Ok(position)) if position > 0 => log.read_after(Position::new(position - 1), 1).await?,
        (None, _) => bail!("{what} is no position; for an event id give --tenant too"),
    };
    if events.is_empty() {
        bail!("the log holds no {what}");
    }
    for event in &events {
        print(event)?;
    }
    Ok(())
}

/// What a caller's id looks like in the metadata of events.
struct LookedFor {
    tenant: Option<TenantId>,
    /// In clear, and what stands for it under the keys of the platform and of the tenant.
    texts: Vec<String>,
}

impl LookedFor {
    async fn new(
        id: &str,
        tenant: Option<TenantId>,
        pool: &PgPool,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let mut texts = vec![id.to_owned()];
        let Some(master) = keep::master_key_at_hand(settings)? else {
            if CallerId::parse(id).is_some_and(|id| id.is_random()) {
                return Ok(Self { tenant, texts });
            }
            bail!(
                "the log holds what stands for this id, which the master key tells, and the master key is not here: set \
                 ORQESTRA_MASTER_KEY or ORQESTRA_MASTER_KEY_FILE, or ORQESTRA_DATA_DIR to the engine's own folder"
            );
        };
        let vault = Vault::new(pool.clone(), master, Arc::new(OsEntropy));
        for of in [TenantId::PLATFORM].into_iter().chain(tenant) {
            match vault.index_key(of).await {
                Ok(index) => texts.push(index.caller_id_ref(id).to_string()),
                Err(KeyError::Gone) => {}
                Err(error) => return Err(error).context("the key that tells what stands for the id"),
            }
        }
        Ok(Self { tenant, texts })
    }

    fn is_in(&self, event: &RecordedEvent) -> bool {
        let text = event.metadata.text();
        // Most events are passed over by their text alone.
        self.tenant.is_none_or(|tenant| tenant == event.tenant)
            && self.texts.iter().any(|looked_for| text.contains(looked_for.as_str()))
            && ["requestId", "requestRef", "traceId", "traceRef"]
                .into_iter()
                .filter_map(|name| event.metadata.get(name))
                .any(|stands| self.texts.contains(&stands))
    }
}

async fn find(log: &EventLog, looked_for: &LookedFor) -> anyhow::Result<()> {
    let (mut at, mut found) = (Position::ZERO, false);
    loop {
        let batch = log.read_after(at, BATCH).await?;
        let Some(last) = batch.last() else { break };
        at = last.position;
        for event in batch.iter().filter(|event| looked_for.is_in(event)) {
            found = true;
            print(event)?;
        }
    }
    if found {
        Ok(())
    } else {
        bail!("the log holds nothing that follows from a request or a trace of this id")
    }
}

fn print(event: &RecordedEvent) -> anyhow::Result<()> {
    let payload: Value = serde_json::from_str(&event.payload)?;
    let line = json!({
        "position": event.position.get(),
        "eventId": event.event_id,
        "tenantId": event.tenant,
        "aggregateType": event.aggregate_type,
        "aggregateId": event.aggregate_id,
        "sequence": event.sequence,
        "eventType": event.event_type,
        "eventVersion": event.event_version,
        "recordedAt": event.recorded_at,
        "leaf": hex::encode(event.leaf),
        "metadata": event.metadata.entries(),
        "payload": payload,
    });
    writeln!(std::io::stdout().lock(), "{line}").context("standard output is closed")
}
