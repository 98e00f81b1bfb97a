//! `orqestra tenant list|show|create|change`: an operator's view of the tenants.
//!
//! An API key is printed once, by the command that has it issued.

use clap::{ArgGroup, Args, Subcommand};
use hyper::Method;
use orqestra_domain::TenantId;
use orqestra_domain::tenant::Limits;
use serde_json::{Map, Value};

use super::client::Client;
use super::show::{cell, columns, json, pairs, print};
use super::{AsOperator, CarriedChannel, ChannelName, Form, secret};
use crate::settings::Settings;

const PATH: &str = "/admin/v1/tenants";

/// What to do about tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Lists all tenants
    List {
        #[command(flatten)]
        operator: AsOperator,
        #[command(flatten)]
        form: Form,
    },
    /// Shows what is set for a tenant
    Show {
        /// The tenant's id
        id: TenantId,
        #[command(flatten)]
        operator: AsOperator,
        #[command(flatten)]
        form: Form,
    },
    /// Registers a tenant and prints its API key, which is shown here and never again
    Create {
        /// What answers call it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        settings: Common,
        #[command(flatten)]
        operator: AsOperator,
        #[command(flatten)]
        form: Form,
    },
    /// Changes what is named and leaves the rest as it is
    Change(Box<Change>),
}

/// What can be set when a tenant is made and later.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Triggers must be signed with it; it shows in `ps`, --webhook-secret-file does not
    #[arg(long, value_name = "SECRET")]
    webhook_secret: Option<String>,
    /// A file that holds the webhook secret; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "webhook_secret")]
    webhook_secret_file: Option<String>,
    /// Triggers in any 60 seconds
    #[arg(long, value_parser = clap::value_parser!(u64).range(Limits::RATES))]
    rate_per_minute: Option<u64>,
    /// Triggers a UTC day
    #[arg(long, value_parser = clap::value_parser!(u64).range(Limits::CAPS))]
    daily_cap: Option<u64>,
    /// The only channels used; may be repeated
    #[arg(long, value_enum, ignore_case = true)]
    channel: Vec<ChannelName>,
    /// The mailbox that emails come from
    #[arg(long)]
    sender_email: Option<String>,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("something").required(true).multiple(true).args([
    "name", "activate", "deactivate", "webhook_secret", "webhook_secret_file", "no_webhook_secret", "rate_per_minute",
    "daily_cap", "no_daily_cap", "channel", "all_channels", "sender_email", "no_sender_email", "push_category",
    "usual_push_categories", "retry", "usual_retry", "unknown", "usual_unknown", "issue_api_key",
    "issue_test_key", "revoke_api_key",
]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Change {
    /// The tenant's id
    id: TenantId,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// It may use the engine again
    #[arg(long, conflicts_with = "deactivate")]
    activate: bool,
    /// It may not use the engine any more; nothing is sent for it
    #[arg(long)]
    deactivate: bool,
    #[command(flatten)]
    settings: Common,
    /// Triggers need no signature any more
    #[arg(long, conflicts_with_all = ["webhook_secret", "webhook_secret_file"])]
    no_webhook_secret: bool,
    /// Any number of triggers a day
    #[arg(long, conflicts_with = "daily_cap")]
    no_daily_cap: bool,
    /// All channels are used
    #[arg(long, conflicts_with = "channel")]
    all_channels: bool,
    /// Emails come from no mailbox of its own
    #[arg(long, conflicts_with = "sender_email")]
    no_sender_email: bool,
    /// What users' realtime channels are named by; may be repeated
    #[arg(long, value_name = "NAME")]
    push_category: Vec<String>,
    /// Its realtime channels are named by `global_system` and `orders`
    #[arg(long, conflicts_with = "push_category")]
    usual_push_categories: bool,
    /// A channel's own delays in seconds between rounds of attempts, as in EMAIL=5,60,300; EMAIL= is none. May be repeated
    #[arg(long, value_name = "CHANNEL=DELAYS", value_parser = delays)]
    retry: Vec<(String, Vec<u64>)>,
    /// A channel follows the installation's retry schedule again; may be repeated
    #[arg(long, value_enum, value_name = "CHANNEL", ignore_case = true)]
    usual_retry: Vec<CarriedChannel>,
    /// What follows an attempt whose outcome is unknown, as in `SMS=resend_once` or `EMAIL=hold`; may be repeated
    #[arg(long, value_name = "CHANNEL=POLICY", value_parser = policy)]
    unknown: Vec<(String, String)>,
    /// A channel has the usual policy for unknown outcomes again: EMAIL `resend_once`, SMS `hold`; may be repeated
    #[arg(long, value_enum, value_name = "CHANNEL", ignore_case = true)]
    usual_unknown: Vec<CarriedChannel>,
    /// Issues one more API key and prints it, here and never again
    #[arg(long)]
    issue_api_key: bool,
    /// Issues one more API key for tests and prints it, here and never again: the sandbox alone carries what it triggers
    #[arg(long, conflicts_with = "issue_api_key")]
    issue_test_key: bool,
    /// The id of an API key that opens nothing any more
    #[arg(long, value_name = "KEY_ID")]
    revoke_api_key: Option<String>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

fn delays(text: &str) -> Result<(String, Vec<u64>), &'static str> {
    let (channel, delays) = text.split_once('=').ok_or("expected CHANNEL=DELAYS, as in EMAIL=5,60,300")?;
    let delays = delays.split(',').map(str::trim).filter(|delay| !delay.is_empty());
    let delays: Result<_, _> = delays.map(str::parse).collect();
    Ok((
        channel.to_uppercase(),
        delays.map_err(|_| "expected whole numbers of seconds, as in EMAIL=5,60,300")?,
    ))
}

fn policy(text: &str) -> Result<(String, String), &'static str> {
    let (channel, policy) = text.split_once('=').ok_or("expected CHANNEL=POLICY, as in SMS=resend_once")?;
    Ok((channel.trim().to_uppercase(), policy.trim().to_lowercase()))
}

/// Runs it.
pub(crate) async fn run(command: TenantCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        TenantCommand::List { operator, form } => list(&operator.client(settings)?, form).await,
        TenantCommand::Show { id, operator, form } => {
            let shown = operator.client(settings)?.get(&format!("{PATH}/{id}")).await?.body;
            tell(&shown, form)
        }
        TenantCommand::Create { name, settings: common, operator, form } => {
            let mut body = Map::new();
            body.insert("name".to_owned(), name.into());
            common.put_into(&mut body)?;
            let client = operator.client(settings)?;
            tell(&client.json(Method::POST, PATH, &body.into()).await?.body, form)
        }
        TenantCommand::Change(change) => {
            let client = change.operator.client(settings)?;
            let path = format!("{PATH}/{}", change.id);
            tell(&client.json(Method::PATCH, &path, &change.body()?).await?.body, change.form)
        }
    }
}

impl Common {
    fn put_into(&self, body: &mut Map<String, Value>) -> anyhow::Result<()> {
        let signed_with =
            secret("--webhook-secret", self.webhook_secret.as_deref(), self.webhook_secret_file.as_deref())?;
        let mut put = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(field.to_owned(), value);
            }
        };
        put("webhookSecret", signed_with.map(Value::from));
        put("ratePerMinute", self.rate_per_minute.map(Value::from));
        put("dailyCap", self.daily_cap.map(Value::from));
        let channels: Vec<_> = self.channel.iter().map(|channel| channel.as_str()).collect();
        put("deliveryChannels", (!channels.is_empty()).then(|| channels.into()));
        put("senderEmail", self.sender_email.clone().map(Value::from));
        Ok(())
    }
}

impl Change {
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = Map::new();
        self.settings.put_into(&mut body)?;
        for (taken_away, field) in [
            (self.no_webhook_secret, "webhookSecret"),
            (self.no_daily_cap, "dailyCap"),
            (self.all_channels, "deliveryChannels"),
            (self.no_sender_email, "senderEmail"),
            (self.usual_push_categories, "pushCategories"),
        ] {
            if taken_away {
                body.insert(field.to_owned(), Value::Null);
            }
        }
        let texts = [("name", &self.name), ("revokeApiKey", &self.revoke_api_key)];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?))) {
            body.insert(field.to_owned(), text.as_str().into());
        }
        if !self.push_category.is_empty() {
            body.insert("pushCategories".to_owned(), self.push_category.as_slice().into());
        }
        let own = self.retry.iter().map(|(channel, delays)| (channel.clone(), delays.as_slice().into()));
        let usual = self.usual_retry.iter().map(|channel| (channel.as_str().to_owned(), Value::Null));
        let schedules: Map<_, _> = own.chain(usual).collect();
        if !schedules.is_empty() {
            body.insert("retrySchedules".to_owned(), schedules.into());
        }
        let own = self.unknown.iter().map(|(channel, policy)| (channel.clone(), policy.as_str().into()));
        let usual = self.usual_unknown.iter().map(|channel| (channel.as_str().to_owned(), Value::Null));
        let policies: Map<_, _> = own.chain(usual).collect();
        if !policies.is_empty() {
            body.insert("unknownPolicies".to_owned(), policies.into());
        }
        if self.activate || self.deactivate {
            body.insert("active".to_owned(), self.activate.into());
        }
        if self.issue_api_key {
            body.insert("issueApiKey".to_owned(), true.into());
        }
        if self.issue_test_key {
            body.insert("issueTestKey".to_owned(), true.into());
        }
        Ok(body.into())
    }
}

async fn list(client: &Client, form: Form) -> anyhow::Result<()> {
    let fields = ["tenantId", "name", "active", "signed", "ratePerMinute", "dailyCap", "deliveryChannels"];
    let mut rows = Vec::new();
    each(client, &format!("{PATH}?limit=1000"), |tenant| {
        if form.json {
            return json(tenant);
        }
        rows.push(fields.iter().map(|field| set(tenant, field)).collect());
        Ok(())
    })
    .await?;
    if form.json {
        return Ok(());
    }
    print(&columns(&["TENANT", "NAME", "ACTIVE", "SIGNED", "PER MINUTE", "PER DAY", "CHANNELS"], &rows))
}

/// Hands over each entry of a list, page by page.
pub(super) async fn each(
    client: &Client,
    path: &str,
    mut take: impl FnMut(&Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = client.get(&path).await?;
        for entry in page.body["data"].as_array().into_iter().flatten() {
            take(entry)?;
        }
        next = page.next().map(str::to_owned);
    }
    Ok(())
}

/// What is set, in words also where it is nothing.
fn set(tenant: &Value, field: &str) -> String {
    match (field, &tenant[field]) {
        ("deliveryChannels", Value::Null) => "all".to_owned(),
        ("dailyCap", Value::Null) => "any number".to_owned(),
        ("retrySchedules", Value::Object(own)) if own.is_empty() => "as the installation".to_owned(),
        ("retrySchedules" | "unknownPolicies", Value::Object(own)) => own
            .iter()
            .map(|(channel, _)| format!("{channel}={}", cell(&tenant[field], channel)))
            .collect::<Vec<_>>()
            .join(" "),
        _ => cell(tenant, field),
    }
}

fn tell(tenant: &Value, form: Form) -> anyhow::Result<()> {
    if form.json {
        return json(tenant);
    }
    let all = [
        ("tenant", "tenantId"),
        ("name", "name"),
        ("active", "active"),
        ("signed", "signed"),
        ("per minute", "ratePerMinute"),
        ("per day", "dailyCap"),
        ("channels", "deliveryChannels"),
        ("sender", "senderEmail"),
        ("push categories", "pushCategories"),
        ("retries", "retrySchedules"),
        ("unknown outcomes", "unknownPolicies"),
        ("key ids", "apiKeyIds"),
        ("test key ids", "testKeyIds"),
    ];
    let known = all.into_iter().filter(|(_, field)| tenant.get(field).is_some());
    let mut lines: Vec<_> = known.map(|(name, field)| (name, set(tenant, field))).collect();
    if tenant.get("apiKey").is_some() {
        lines.push(("API key", format!("{} (shown here and never again)", cell(tenant, "apiKey"))));
    }
    print(&pairs(&lines))
}
