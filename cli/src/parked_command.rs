//! `orqestra parked list|retry`: what subscriptions have set aside, and asking them to try it again.
//!
//! Works on the database alone. The running subscription retries; this command requests it and reports what came of it.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use orqestra_event_log::{Parked, Sessions, parked, parked_by_all, request_retry};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::{Instant, interval};

use crate::place::{unreached, urls};
use crate::settings::Settings;
use crate::{database, schema};

/// How often the table is read while a retry is waited for.
const LOOK: Duration = Duration::from_millis(250);

/// What to do about parked aggregates.
#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// Lists the aggregates that subscriptions have set aside, one JSON object a line
    List {
        /// Only this subscription's
        #[arg(long)]
        subscription: Option<String>,
    },
    /// Asks the running subscription to try again, and prints what came of each aggregate, one JSON object a line
    Retry(Retry),
}

/// Which aggregates a subscription tries again.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The subscription that set them aside
    subscription: String,
    /// The aggregate's id, as the list shows it
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    aggregate_id: Option<String>,
    /// All that the subscription has set aside
    #[arg(long)]
    all: bool,
    /// Seconds to wait for the outcome
    #[arg(long, default_value_t = 30)]
    wait: u16,
}

/// Runs it.
pub(crate) async fn run(command: ParkedCommand, settings: &Settings) -> anyhow::Result<()> {
    let pools = database::connect(&urls(settings)?, &Sessions::default()).await;
    let pool = pools.map_err(|error| unreached(error, settings))?.callers;
    schema::check(&pool).await?;
    match command {
        ParkedCommand::List { subscription } => list(&pool, subscription.as_deref()).await,
        ParkedCommand::Retry(asked) => retry(&pool, &asked).await,
    }
}

async fn list(pool: &PgPool, subscription: Option<&str>) -> anyhow::Result<()> {
    let all = match subscription {
        Some(subscription) => parked(pool, subscription).await?,
        None => parked_by_all(pool).await?,
    };
    all.iter().try_for_each(|aggregate| print(aggregate, None))
}

async fn retry(pool: &PgPool, asked: &Retry) -> anyhow::Result<()> {
    let name = asked.subscription.as_str();
    let chosen = |one: &Parked| asked.aggregate_id.as_ref().is_none_or(|id| *id == one.aggregate_id);
    let mut waiting = parked(pool, name).await?;
    waiting.retain(chosen);
    if request_retry(pool, name, asked.aggregate_id.as_deref()).await? == 0 {
        bail!(
            "the subscription {name} has not set {} aside; `orqestra parked list` lists what is",
            asked.aggregate_id.as_deref().unwrap_or("any aggregate"),
        );
    }
    let (mut look, mut again) = (interval(LOOK), 0);
    let until = Instant::now() + Duration::from_secs(asked.wait.into());
    while !waiting.is_empty() && Instant::now() < until {
        look.tick().await;
        let now = parked(pool, name).await?;
        let mut left = Vec::with_capacity(waiting.len());
        for aggregate in waiting {
            let same = |one: &&Parked| {
                (&one.aggregate_type, &one.aggregate_id)
                    == (&aggregate.aggregate_type, &aggregate.aggregate_id)
            };
            match now.iter().find(same) {
                None => print(&aggregate, Some("handled"))?,
                Some(one) if one.retry_requested => left.push(aggregate),
                Some(one) => {
                    again += 1;
                    print(one, Some("failed again"))?;
                }
            }
        }
        waiting = left;
    }
    for aggregate in &waiting {
        print(aggregate, Some("not tried yet"))?;
    }
    match (again, waiting.len()) {
        (0, 0) => Ok(()),
        (0, left) => bail!(
            "{left} were not tried within {} s; they are as soon as a process that runs {name} comes to them",
            asked.wait,
        ),
        (again, 0) => bail!("{again} failed again"),
        (again, left) => bail!("{again} failed again, and {left} were not tried within {} s", asked.wait),
    }
}

fn print(parked: &Parked, outcome: Option<&str>) -> anyhow::Result<()> {
    let mut line = json!({
        "subscription": parked.subscription,
        "aggregateType": parked.aggregate_type,
        "aggregateId": parked.aggregate_id,
        "position": parked.position.get(),
        "reason": parked.reason,
        "parkedAt": parked.parked_at,
        "program": parked.program,
        "retryRequested": parked.retry_requested,
    });
    if let (Some(outcome), Some(line)) = (outcome, line.as_object_mut()) {
        line.remove("retryRequested");
        line.insert("outcome".to_owned(), outcome.into());
    }
    writeln!(std::io::stdout().lock(), "{line}").context("standard output is closed")
}
