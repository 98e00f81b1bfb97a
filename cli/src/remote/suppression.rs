//! `orqestra suppression list|add|check|lift`: the addresses that a tenant sends nothing to.

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use hyper::Method;
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::{AddressRef, TenantId};
use serde_json::{Value, json};

use super::show::{self, cell, columns, pairs, print};
use super::tenant::each;
use super::{AsOperator, CarriedChannel, Form, read, tenant};
use crate::settings::Settings;

/// What to do about suppressed addresses.
#[derive(Debug, Subcommand)]
pub(crate) enum SuppressionCommand {
    /// Lists a tenant's suppressed addresses by their look-up forms, newest first
    List {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        form: Form,
    },
    /// Suppresses an address: nothing is sent to it from now on
    Add {
        #[command(flatten)]
        which: Which,
        /// Why, as the list tells it
        #[arg(long, value_enum, default_value = "operator")]
        reason: ReasonName,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        form: Form,
    },
    /// Tells whether an address is suppressed, why and since when
    Check {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        form: Form,
    },
    /// Lifts a suppression: the address is sent to again
    Lift(Lift),
}

/// Whose.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
}

/// Which address.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The channel that the address is of
    #[arg(value_enum, ignore_case = true)]
    channel: CarriedChannel,
    /// The address; it shows in `ps`, `-` (standard input) does not
    address: String,
}

/// Which suppression is lifted.
#[derive(Debug, Args)]
#[command(override_usage = "orqestra suppression lift [OPTIONS] <CHANNEL> <ADDRESS>\n       \
                            orqestra suppression lift [OPTIONS] --ref <REF>")]
#[command(group = ArgGroup::new("which").required(true).args(["channel", "address_ref"]))]
pub(crate) struct Lift {
    /// The channel that the address is of
    #[arg(value_enum, ignore_case = true, requires = "address")]
    channel: Option<CarriedChannel>,
    /// The address; it shows in `ps`, `-` (standard input) does not
    address: Option<String>,
    /// The look-up form of the address, as `list` has it
    #[arg(long = "ref", value_name = "REF")]
    address_ref: Option<AddressRef>,
    #[command(flatten)]
    of: Of,
}

/// Why an address is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ReasonName {
    /// A message came back for good
    Bounced,
    /// The recipient reported a message as unwanted
    Complained,
    /// The recipient told a provider to send no more
    OptedOut,
    /// An operator decided so
    Operator,
}

impl ReasonName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => SuppressionReason::Bounced.as_str(),
            Self::Complained => SuppressionReason::Complained.as_str(),
            Self::OptedOut => SuppressionReason::OptedOut.as_str(),
            Self::Operator => SuppressionReason::Operator.as_str(),
        }
    }
}

impl Of {
    fn path(&self, settings: &Settings) -> anyhow::Result<String> {
        Ok(format!("/admin/v1/tenants/{}/suppressions", tenant(self.tenant, settings)?))
    }
}

impl Which {
    fn body(&self) -> anyhow::Result<Value> {
        body(self.channel, &self.address)
    }
}

fn body(channel: CarriedChannel, address: &str) -> anyhow::Result<Value> {
    let address = match address {
        "-" => read("-")?.trim_end_matches(['\r', '\n']).to_owned(),
        address => address.to_owned(),
    };
    Ok(json!({"channel": channel.as_str(), "address": address}))
}

/// Runs it.
pub(crate) async fn run(command: SuppressionCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        SuppressionCommand::List { of, form } => list(&of, form, settings).await,
        SuppressionCommand::Add { which, reason, of, form } => {
            let (path, mut body) = (of.path(settings)?, which.body()?);
            body["reason"] = reason.as_str().into();
            tell(&of.operator.client(settings)?.json(Method::POST, &path, &body).await?.body, form)
        }
        SuppressionCommand::Check { which, of, form } => {
            let (path, body) = (format!("{}/lookup", of.path(settings)?), which.body()?);
            let state = of.operator.client(settings)?.json(Method::POST, &path, &body).await?.body;
            match (form.json, state.get("suppression")) {
                (true, _) => show::json(&state),
                (false, Some(suppression)) => tell(suppression, form),
                (false, None) => print("not suppressed\n"),
            }
        }
        SuppressionCommand::Lift(lift) => lift.run(settings).await,
    }
}

impl Lift {
    async fn run(&self, settings: &Settings) -> anyhow::Result<()> {
        let (path, client) = (self.of.path(settings)?, self.of.operator.client(settings)?);
        let address_ref = match (self.address_ref, self.channel, &self.address) {
            (Some(address_ref), ..) => address_ref.to_string(),
            (None, Some(channel), Some(address)) => {
                let body = body(channel, address)?;
                let state = client.json(Method::POST, &format!("{path}/lookup"), &body).await?.body;
                let found = state["addressRef"].as_str();
                found.context("the engine gave no look-up form of the address")?.to_owned()
            }
            (None, ..) => bail!("which address? Give CHANNEL and ADDRESS, or --ref"),
        };
        client.send(Method::DELETE, &format!("{path}/{address_ref}"), &[], None).await?;
        print(&format!("lifted {address_ref}\n"))
    }
}

async fn list(of: &Of, form: Form, settings: &Settings) -> anyhow::Result<()> {
    let fields = ["addressRef", "channel", "reason", "cause", "since", "notificationId"];
    let mut rows = Vec::new();
    let client = of.operator.client(settings)?;
    each(&client, &format!("{}?limit=1000", of.path(settings)?), |suppression| {
        if form.json {
            return show::json(suppression);
        }
        rows.push(fields.iter().map(|field| cell(suppression, field)).collect());
        Ok(())
    })
    .await?;
    if form.json {
        return Ok(());
    }
    print(&columns(&["ADDRESS REF", "CHANNEL", "REASON", "CAUSE", "SINCE", "NOTIFICATION"], &rows))
}

fn tell(suppression: &Value, form: Form) -> anyhow::Result<()> {
    if form.json {
        return show::json(suppression);
    }
    let all = [
        ("address ref", "addressRef"),
        ("channel", "channel"),
        ("reason", "reason"),
        ("cause", "cause"),
        ("since", "since"),
        ("notification", "notificationId"),
    ];
    let known = all.into_iter().filter(|(_, field)| suppression.get(field).is_some());
    let lines: Vec<_> = known.map(|(name, field)| (name, cell(suppression, field))).collect();
    print(&pairs(&lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_of_a_lift_shows_an_address_and_a_reference_as_two_ways() {
        let help = Lift::augment_args(clap::Command::new("lift")).render_help().to_string();
        let usage = "Usage: orqestra suppression lift [OPTIONS] <CHANNEL> <ADDRESS>\n       \
                     orqestra suppression lift [OPTIONS] --ref <REF>\n";
        assert!(help.contains(usage), "{help}");
        assert!(help.contains("[possible values: EMAIL, SMS]"), "{help}");
    }
}
