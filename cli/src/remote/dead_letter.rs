//! `orqestra dead-letter list|show|redrive|redrives|stop`: what ended without being sent, and sending it once more.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, Subcommand};
use hyper::Method;
use orqestra_api::percent_encoded;
use orqestra_domain::{DeliveryId, RedriveId, TenantId};
use serde_json::{Map, Value, json};

use super::notification::{self, NotificationCommand};
use super::show::{self, cell, columns, pairs, print};
use super::tenant::each;
use super::{AsOperator, ChannelName, Client, Form, tenant};
use crate::settings::Settings;

/// How often the command asks for the state of a redrive that it waits for.
const LOOK: Duration = Duration::from_millis(500);

/// Commands on dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterCommand {
    /// Lists a tenant's dead letters, those that ended last first
    List(List),
    /// Shows a dead letter: its cause, and each attempt with what its provider said
    Show(Box<notification::Show>),
    /// Makes dead letters due again: some by their ids, those that a filter selects, or all
    Redrive(Box<Redrive>),
    /// Lists a tenant's redrives, the newest first
    Redrives(Redrives),
    /// Stops a redrive; deliveries that it has requeued stay requeued
    Stop(Stop),
}

/// Selects dead letters: those that fit everything that is given.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Of this channel
    #[arg(long, value_enum, ignore_case = true)]
    channel: Option<ChannelName>,
    /// With this code as the cause, or as the reason of the skip, as in `smtp_550`
    #[arg(long, value_name = "CODE")]
    cause: Option<String>,
    /// Whose last attempt a provider of this kind carried
    #[arg(long, value_name = "KIND")]
    provider: Option<String>,
    /// Of this event type
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// That ended at or after this time, as in 2026-04-22T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// That ended before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Filter {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("channel", self.channel.map(|channel| channel.as_str().to_owned())),
            ("cause", self.cause.clone()),
            ("provider", self.provider.clone()),
            ("eventType", self.event_type.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// The arguments of `redrive`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args([
    "deliveries", "all", "channel", "cause", "provider", "event_type", "since", "until",
]))]
pub(crate) struct Redrive {
    /// The deliveries' ids, as `list` has them
    #[arg(conflicts_with_all = ["all", "channel", "cause", "provider", "event_type", "since", "until"])]
    deliveries: Vec<DeliveryId>,
    /// Every dead letter of the tenant
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
    /// Why, in your own words; kept sealed
    #[arg(long)]
    reason: String,
    /// Only tells what would be made due again
    #[arg(long)]
    dry_run: bool,
    /// Does not wait until the redrive has ended
    #[arg(long)]
    no_wait: bool,
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// The arguments of `redrives`.
#[derive(Debug, Args)]
pub(crate) struct Redrives {
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// The arguments of `stop`.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// The redrive's id, as `redrives` has it
    redrive: RedriveId,
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
}

/// Runs a `dead-letter` command.
pub(crate) async fn run(command: DeadLetterCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        DeadLetterCommand::List(asked) => list(&asked, settings).await,
        DeadLetterCommand::Show(asked) => one(*asked, settings).await,
        DeadLetterCommand::Redrive(asked) => redrive(&asked, settings).await,
        DeadLetterCommand::Redrives(asked) => redrives(&asked, settings).await,
        DeadLetterCommand::Stop(Stop { redrive, tenant: of, operator }) => {
            let of = tenant(of, settings)?;
            let path = format!("/admin/v1/redrives/{redrive}/stop?tenantId={of}");
            operator.client(settings)?.send(Method::POST, &path, &[], None).await?;
            print(&format!("stopped {redrive}\n"))
        }
    }
}

async fn list(asked: &List, settings: &Settings) -> anyhow::Result<()> {
    let of = tenant(asked.tenant, settings)?;
    let narrowed: Vec<String> = asked
        .filter
        .pairs()
        .iter()
        .map(|(name, value)| format!("&{name}={}", percent_encoded(value)))
        .collect();
    let narrowed = narrowed.concat();
    let fields = ["deliveryId", "channel", "status", "cause", "provider", "attempts", "endedAt", "eventType"];
    let mut rows = Vec::new();
    let client = asked.operator.client(settings)?;
    each(&client, &format!("/admin/v1/dead-letters?tenantId={of}{narrowed}&limit=1000"), |dead| {
        if asked.form.json {
            return show::json(dead);
        }
        rows.push(fields.iter().map(|field| cell(dead, field)).collect());
        Ok(())
    })
    .await?;
    if asked.form.json {
        return Ok(());
    }
    if rows.is_empty() {
        let which = if narrowed.is_empty() { "dead letter" } else { "dead letter that these options select" };
        show::note(&format!("the tenant {of} has no {which}; --tenant lists those of another tenant"));
        return Ok(());
    }
    let titles = ["DELIVERY", "CHANNEL", "STATUS", "CAUSE", "PROVIDER", "ATTEMPTS", "ENDED", "EVENT TYPE"];
    print(&columns(&titles, &rows))
}

/// A dead letter is the delivery of a notification, which tells the rest.
async fn one(mut asked: notification::Show, settings: &Settings) -> anyhow::Result<()> {
    let delivery: DeliveryId =
        asked.id.parse().context("expected the id of a delivery, as `dead-letter list` has it")?;
    let of = tenant(asked.tenant, settings)?;
    let path = format!("/admin/v1/dead-letters/{delivery}?tenantId={of}");
    let dead = asked.operator.client(settings)?.get(&path).await?.body;
    let dead = &dead["data"];
    let notification = dead["notificationId"].as_str().context("the engine named no notification")?;
    notification.clone_into(&mut asked.id);
    if !asked.form.json {
        print(&pairs(&[
            ("delivery", delivery.to_string()),
            ("channel", cell(dead, "channel")),
            ("status", cell(dead, "status")),
            ("cause", cell(dead, "cause")),
            ("ended", cell(dead, "endedAt")),
        ]))?;
    }
    notification::run(NotificationCommand::Show(Box::new(asked)), settings).await
}

async fn redrive(asked: &Redrive, settings: &Settings) -> anyhow::Result<()> {
    let of = tenant(asked.tenant, settings)?;
    let client = asked.operator.client(settings)?;
    let mut body = json!({"tenantId": of.to_string(), "reason": asked.reason, "dryRun": asked.dry_run});
    if asked.deliveries.is_empty() {
        let filter: Map<String, Value> =
            asked.filter.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        body["filter"] = filter.into();
    } else {
        body["ids"] = asked.deliveries.iter().map(ToString::to_string).collect::<Vec<_>>().into();
    }
    let begun = client.json(Method::POST, "/admin/v1/dead-letters/redrive", &body).await?.body;
    let id = begun["data"]["redriveId"].as_str().context("the engine named no redrive")?.to_owned();
    let stands = if asked.no_wait { begun } else { ended(&client, of, &id).await? };
    let stands = &stands["data"];
    if asked.form.json {
        return show::json(stands);
    }
    print(&told(&id, stands, asked.dry_run))
}

/// Returns the lines on a redrive. A requeued delivery is due again and not yet sent.
fn told(id: &str, stands: &Value, dry_run: bool) -> String {
    let (yes, no) = if dry_run { ("would be requeued", "would be refused") } else { ("requeued", "refused") };
    pairs(&[
        ("redrive", id.to_owned()),
        ("state", cell(stands, "state")),
        (yes, cell(stands, "requeued")),
        (no, refused(stands)),
    ])
}

/// Waits until a redrive has ended or was stopped.
async fn ended(client: &Client, of: TenantId, id: &str) -> anyhow::Result<Value> {
    let path = format!("/admin/v1/redrives/{id}?tenantId={of}");
    loop {
        let stands = client.get(&path).await?.body;
        match stands["data"]["state"].as_str() {
            Some("running") => tokio::time::sleep(LOOK).await,
            Some(_) => return Ok(stands),
            None => bail!("the engine did not say how the redrive stands"),
        }
    }
}

fn refused(stands: &Value) -> String {
    let codes = stands["refused"].as_object();
    let codes: Vec<_> = codes.into_iter().flatten().map(|(code, count)| format!("{count} {code}")).collect();
    if codes.is_empty() { "0".to_owned() } else { codes.join(", ") }
}

async fn redrives(asked: &Redrives, settings: &Settings) -> anyhow::Result<()> {
    let of = tenant(asked.tenant, settings)?;
    let client = asked.operator.client(settings)?;
    let found = client.get(&format!("/admin/v1/redrives?tenantId={of}")).await?.body;
    let mut rows = Vec::new();
    for redrive in found["data"].as_array().into_iter().flatten() {
        if asked.form.json {
            show::json(redrive)?;
        }
        let mut row: Vec<String> =
            ["redriveId", "state", "dryRun", "requeued"].map(|field| cell(redrive, field)).into();
        row.extend([refused(redrive), cell(redrive, "requestedAt"), cell(redrive, "by")]);
        rows.push(row);
    }
    if asked.form.json {
        return Ok(());
    }
    print(&columns(&["REDRIVE", "STATE", "DRY RUN", "REQUEUED", "REFUSED", "REQUESTED", "BY"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_that_a_redrive_made_due_again_is_called_requeued_and_not_sent() {
        let stands = json!({"state": "ended", "requeued": 3, "refused": {"expired": 1, "suppressed": 2}});
        let lines = |dry_run| told("r-1", &stands, dry_run);
        assert_eq!(
            lines(false),
            "redrive   r-1\nstate     ended\nrequeued  3\nrefused   1 expired, 2 suppressed\n"
        );
        assert!(lines(true).contains("would be requeued  3\n"), "{}", lines(true));
    }
}
