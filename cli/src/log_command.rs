//! `orqestra log tail|show`: the events as they stand in the log, one JSON object a line.
//!
//! Reads only. Sealed values stay sealed: what is printed may be shown to anyone who may see the log.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use orqestra_domain::{EventId, NotificationId, TenantId};
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{EventLog, LogOptions, Position, RecordedEvent, Sessions};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::database;
use crate::place::urls;
use crate::schema;
use crate::settings::Settings;

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
}

/// Runs it.
pub(crate) async fn run(command: LogCommand, settings: &Settings) -> anyhow::Result<()> {
    let sessions = Sessions::default();
    let pool = database::connect(&urls(settings)?, &sessions).await?;
    schema::check(&pool).await?;
    let token = CancellationToken::new();
    let options = LogOptions { sessions, ..LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds)) };
    let log = EventLog::open(pool, options, token.clone()).await?;
    let done = match command {
        LogCommand::Tail { lines, follow, tenant } => tail(&log, lines, follow, tenant).await,
        LogCommand::Show { what, tenant } => show(&log, &what, tenant).await,
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
