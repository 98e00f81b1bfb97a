//! `orqestra template list|show|put|activate|deactivate`: what a tenant's events say on each channel.

use clap::{ArgGroup, Args, Subcommand};
use hyper::Method;
use orqestra_api::percent_encoded;
use orqestra_domain::{ExpiresIn, TenantId};
use serde_json::{Map, Value, json};

use super::show::{self, cell, columns, pairs, plain, print};
use super::tenant::each;
use super::{AsOperator, ChannelName, Form, read, tenant};
use crate::settings::Settings;

/// What to do about templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Lists a tenant's own templates
    List {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        form: Form,
    },
    /// Shows what a template says
    Show(One),
    /// Saves a template's next version, which is used from now on
    Put(Box<Put>),
    /// Uses a template
    Activate(One),
    /// Keeps a template and does not use it: its channel is skipped
    Deactivate(One),
}

/// Whose templates.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
}

/// Which of them.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The event type that it answers, as in order.confirmed
    event_type: String,
    /// The channel it is for
    #[arg(value_enum, ignore_case = true)]
    channel: ChannelName,
}

/// One that is there.
#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    form: Form,
}

/// A new version.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("text").required(true).args(["body", "body_file"]))]
pub(crate) struct Put {
    #[command(flatten)]
    which: Which,
    /// The subject of an email, in liquid
    #[arg(long)]
    subject: Option<String>,
    /// The title of a push, in liquid
    #[arg(long)]
    title: Option<String>,
    /// The body, in liquid: MJML or HTML of an email, text elsewhere
    #[arg(long)]
    body: Option<String>,
    /// A file that holds the body; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<String>,
    /// The category of a push [default: by its event type]
    #[arg(long)]
    category: Option<String>,
    /// How many seconds after its acceptance a message is of use [default: the installation's]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(ExpiresIn::SECONDS))]
    expires_in: Option<u64>,
    /// Keep it and do not use it
    #[arg(long)]
    inactive: bool,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    form: Form,
}

impl Of {
    fn path(&self, settings: &Settings) -> anyhow::Result<String> {
        Ok(format!("/admin/v1/tenants/{}/templates", tenant(self.tenant, settings)?))
    }
}

impl Which {
    fn path(&self, of: &Of, settings: &Settings) -> anyhow::Result<String> {
        Ok(format!("{}/{}/{}", of.path(settings)?, percent_encoded(&self.event_type), self.channel.as_str()))
    }
}

/// Runs it.
pub(crate) async fn run(command: TemplateCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        TemplateCommand::List { of, form } => list(&of, form, settings).await,
        TemplateCommand::Show(One { which, of, form }) => {
            let path = which.path(&of, settings)?;
            tell(&of.operator.client(settings)?.get(&path).await?.body, form)
        }
        TemplateCommand::Put(put) => {
            let path = put.which.path(&put.of, settings)?;
            let client = put.of.operator.client(settings)?;
            tell(&client.json(Method::PUT, &path, &put.content()?).await?.body, put.form)
        }
        TemplateCommand::Activate(one) => one.switch(true, settings).await,
        TemplateCommand::Deactivate(one) => one.switch(false, settings).await,
    }
}

impl Put {
    fn content(&self) -> anyhow::Result<Value> {
        let body = match (&self.body, &self.body_file) {
            (Some(body), _) => body.clone(),
            (None, file) => read(file.as_deref().unwrap_or("-"))?,
        };
        let mut content = Map::new();
        let texts = [("subject", &self.subject), ("title", &self.title), ("category", &self.category)];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?))) {
            content.insert(field.to_owned(), text.as_str().into());
        }
        content.insert("body".to_owned(), body.into());
        if let Some(seconds) = self.expires_in {
            content.insert("expiresIn".to_owned(), seconds.into());
        }
        content.insert("active".to_owned(), (!self.inactive).into());
        Ok(content.into())
    }
}

impl One {
    async fn switch(&self, active: bool, settings: &Settings) -> anyhow::Result<()> {
        let path = self.which.path(&self.of, settings)?;
        let client = self.of.operator.client(settings)?;
        tell(&client.json(Method::PATCH, &path, &json!({"active": active})).await?.body, self.form)
    }
}

async fn list(of: &Of, form: Form, settings: &Settings) -> anyhow::Result<()> {
    let fields = ["eventType", "channel", "version", "active", "publishedAt"];
    let mut rows = Vec::new();
    let client = of.operator.client(settings)?;
    each(&client, &format!("{}?limit=1000", of.path(settings)?), |template| {
        if form.json {
            return show::json(template);
        }
        rows.push(fields.iter().map(|field| cell(template, field)).collect());
        Ok(())
    })
    .await?;
    if form.json {
        return Ok(());
    }
    print(&columns(&["EVENT TYPE", "CHANNEL", "VERSION", "ACTIVE", "PUBLISHED"], &rows))
}

fn tell(template: &Value, form: Form) -> anyhow::Result<()> {
    if form.json {
        return show::json(template);
    }
    let all = [
        ("template", "templateId"),
        ("event type", "eventType"),
        ("channel", "channel"),
        ("version", "version"),
        ("active", "active"),
        ("published", "publishedAt"),
        ("subject", "subject"),
        ("title", "title"),
        ("category", "category"),
        ("expires in", "expiresIn"),
    ];
    let known = all.into_iter().filter(|(_, field)| template.get(field).is_some());
    let lines: Vec<_> = known.map(|(name, field)| (name, cell(template, field))).collect();
    let body = template["body"].as_str().map(|body| format!("\n{}\n", plain(body).trim_end_matches('\n')));
    print(&(pairs(&lines) + &body.unwrap_or_default()))
}
