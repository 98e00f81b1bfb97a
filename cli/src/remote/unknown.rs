//! `orqestra unknown list|resolve`: deliveries whose outcome is unknown, and the decision on one.

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use orqestra_domain::{DeliveryId, TenantId};
use serde_json::json;

use super::show::{self, cell, columns, pairs, print};
use super::tenant::each;
use super::{AsOperator, Form};
use crate::settings::Settings;

/// Commands on deliveries whose outcome is unknown.
#[derive(Debug, Subcommand)]
pub(crate) enum UnknownCommand {
    /// Lists the deliveries whose outcome is unknown, of all tenants or of one, those that have waited longest first
    List(List),
    /// Decides on one, which then goes on or ends
    Resolve(Resolve),
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The tenant's id; all tenants if omitted
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// The arguments of `resolve`.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// The delivery's id, as `list` has it
    delivery: DeliveryId,
    /// The decision
    #[arg(value_enum)]
    resolution: Decision,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// A decision on an unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decision {
    /// It arrived: the delivery counts as sent
    Delivered,
    /// It is sent again, marked as a possible duplicate
    Resend,
    /// It is given up: the delivery is a dead letter
    Drop,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Resend => "resend",
            Self::Drop => "drop",
        }
    }
}

/// Runs an `unknown` command.
pub(crate) async fn run(command: UnknownCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        UnknownCommand::List(asked) => list(&asked, settings).await,
        UnknownCommand::Resolve(Resolve { delivery, resolution, operator, form }) => {
            let path = format!("/admin/v1/deliveries/{delivery}/resolve");
            let body = json!({"resolution": resolution.as_str()});
            let answer = operator.client(settings)?.json(Method::POST, &path, &body).await?;
            let state = &answer.body["data"];
            if form.json {
                return show::json(state);
            }
            print(&pairs(&[
                ("delivery", delivery.to_string()),
                ("channel", cell(state, "channel")),
                ("status", cell(state, "status")),
            ]))
        }
    }
}

async fn list(asked: &List, settings: &Settings) -> anyhow::Result<()> {
    let of = asked.tenant.map(|tenant| format!("tenantId={tenant}&")).unwrap_or_default();
    let fields =
        ["deliveryId", "channel", "provider", "cause", "attempts", "since", "notificationId", "tenantId"];
    let mut rows = Vec::new();
    let client = asked.operator.client(settings)?;
    each(&client, &format!("/admin/v1/unknown?{of}limit=1000"), |held| {
        if asked.form.json {
            return show::json(held);
        }
        let mut row: Vec<String> = fields.iter().map(|field| cell(held, field)).collect();
        if held["waitsForReceipt"] == true {
            row[5] = format!("a receipt until {}", row[5]);
        }
        rows.push(row);
        Ok(())
    })
    .await?;
    if asked.form.json {
        return Ok(());
    }
    if rows.is_empty() {
        show::note(match asked.tenant {
            None => "no delivery of any tenant has an unknown outcome",
            Some(_) => {
                "no delivery of this tenant has an unknown outcome; without --tenant those of all tenants are listed"
            }
        });
        return Ok(());
    }
    let titles =
        ["DELIVERY", "CHANNEL", "PROVIDER", "CAUSE", "ATTEMPTS", "WAITS SINCE", "NOTIFICATION", "TENANT"];
    print(&columns(&titles, &rows))
}
