//! `orqestra provider list|set|test`: who carries a tenant's messages, and what one of them says to a test message.
//!
//! A password comes from a file or standard input and is shown by no command.

use anyhow::{bail, ensure};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use hyper::Method;
use orqestra_domain::{ProviderInstanceId, TenantId};
use serde_json::{Map, Value, json};

use super::show::{self, cell, columns, pairs, print};
use super::{AsOperator, CarriedChannel, Form, read, secret, tenant, words};
use crate::settings::Settings;

/// What to do about providers.
#[derive(Debug, Subcommand)]
pub(crate) enum ProviderCommand {
    /// Lists a tenant's providers, the first one of a channel tried first
    List {
        /// Only of this channel
        #[arg(value_enum, ignore_case = true)]
        channel: Option<CarriedChannel>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        form: Form,
    },
    /// Replaces a channel's list of providers: by one mail server, by one account over HTTP, by a list from a file, by the
    /// sandbox, or by none
    Set(Box<Set>),
    /// Sends one test message by one provider and prints the provider's own answer; exit status 1 unless the provider took it
    Test(Box<Test>),
}

/// Whose providers.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
}

/// A new list.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["host", "kind", "list", "sandbox", "none"]))]
pub(crate) struct Set {
    /// The channel
    #[arg(value_enum, ignore_case = true)]
    channel: CarriedChannel,
    /// A mail server's name or address
    #[arg(long, requires = "port")]
    host: Option<String>,
    /// Its TCP port
    #[arg(long, requires = "host", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Whether and how the connection is encrypted
    #[arg(long, value_enum, requires = "host", default_value = "starttls")]
    tls: Encryption,
    /// The mailbox that emails come from [default: the tenant's sender], or the number or name that SMS come from
    #[arg(long, value_name = "SENDER", conflicts_with_all = ["list", "sandbox", "none"])]
    from: Option<String>,
    /// The user name, where the server or the kind asks for one
    #[arg(long, conflicts_with_all = ["list", "sandbox", "none"])]
    username: Option<String>,
    /// The password; it shows in `ps`, --password-file does not
    #[arg(long, requires_all = ["host", "username"])]
    password: Option<String>,
    /// A file that holds the password; `-` is standard input
    #[arg(long, value_name = "FILE", requires_all = ["host", "username"], conflicts_with = "password")]
    password_file: Option<String>,
    /// A provider that is reached over HTTP
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The key or token of its API; it shows in `ps`, --key-file does not
    #[arg(long, requires = "kind")]
    key: Option<String>,
    /// A file that holds the key or token; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "kind", conflicts_with = "key")]
    key_file: Option<String>,
    /// The id of a Twilio account
    #[arg(long, value_name = "SID", requires = "kind")]
    account: Option<String>,
    /// The Twilio messaging service that SMS come from, in place of --from
    #[arg(long, value_name = "SID", requires = "kind", conflicts_with = "from")]
    messaging_service: Option<String>,
    /// Where its API is [default: the provider's own]
    #[arg(long, value_name = "URL", requires = "kind")]
    base_url: Option<String>,
    /// Its API may be on this machine, for tests
    #[arg(long, requires = "base_url")]
    allow_loopback: bool,
    /// A file that holds the secret of its callbacks; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "kind")]
    webhook_secret_file: Option<String>,
    /// The public key that SendGrid's callbacks are verified by, in base64
    #[arg(long, value_name = "KEY", requires = "kind")]
    webhook_public_key: Option<String>,
    /// Calls to it that may start in any second, by all processes together
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["list", "none"])]
    per_second: Option<u32>,
    /// Calls to it at one time, by all processes together
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["list", "none"])]
    concurrency: Option<u32>,
    /// A file with the whole list as JSON, as the API takes it; `-` is standard input
    #[arg(long, value_name = "FILE")]
    list: Option<String>,
    /// The sandbox, which keeps messages and sends nothing
    #[arg(long)]
    sandbox: bool,
    /// None: the channel is skipped
    #[arg(long)]
    none: bool,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    form: Form,
}

/// A test message.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The channel
    #[arg(value_enum, ignore_case = true)]
    channel: CarriedChannel,
    /// The email address, or the phone number as in +254712345678
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// The provider's instance, as `provider list` prints it [default: the first provider of the list]
    #[arg(long, value_name = "ID")]
    instance: Option<ProviderInstanceId>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    form: Form,
}

/// A kind of provider that is reached over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Email by Resend
    Resend,
    /// Email by SendGrid
    Sendgrid,
    /// SMS by Twilio
    Twilio,
    /// SMS by Africa's Talking
    Africastalking,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Sendgrid => "sendgrid",
            Self::Twilio => "twilio",
            Self::Africastalking => "africastalking",
        }
    }

    /// The field of its key.
    const fn key(self) -> &'static str {
        match self {
            Self::Twilio => "authToken",
            Self::Resend | Self::Sendgrid | Self::Africastalking => "apiKey",
        }
    }
}

/// Encryption of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encryption {
    /// None: for a server on the same machine
    None,
    /// STARTTLS, refused if the server does not offer it
    Starttls,
    /// TLS from the first byte
    Tls,
}

impl Encryption {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// Runs it.
pub(crate) async fn run(command: ProviderCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        ProviderCommand::List { channel, of, form } => {
            let client = of.operator.client(settings)?;
            let channels =
                channel.map_or_else(|| vec![CarriedChannel::Email, CarriedChannel::Sms], |one| vec![one]);
            let mut lists = Vec::new();
            for channel in channels {
                lists.push(client.get(&of.path(channel, settings)?).await?.body);
            }
            tell(&lists, form)
        }
        ProviderCommand::Set(set) => {
            let path = set.of.path(set.channel, settings)?;
            let client = set.of.operator.client(settings)?;
            tell(&[client.json(Method::PUT, &path, &set.providers()?).await?.body], set.form)
        }
        ProviderCommand::Test(test) => test.run(settings).await,
    }
}

impl Test {
    async fn run(&self, settings: &Settings) -> anyhow::Result<()> {
        let path = format!("{}/test", self.of.path(self.channel, settings)?);
        // The engine answers once the provider has, or its time is over.
        let client = self.of.operator.client(settings)?.patient(settings.provider_timeout);
        let mut body = json!({"to": self.to});
        if let Some(instance) = &self.instance {
            body["instance"] = instance.to_string().into();
        }
        let tested = client.json(Method::POST, &path, &body).await?.body;
        if self.form.json {
            show::json(&tested)?;
        } else {
            print(&told_of(&tested))?;
        }
        match failure(&tested) {
            None => Ok(()),
            Some(why) => bail!(why),
        }
    }
}

/// Returns the reason for which a test fails; `None` where the provider took the message.
fn failure(tested: &Value) -> Option<String> {
    match cell(tested, "outcome").as_str() {
        "taken" => None,
        "unknown" => Some("the outcome is unknown: the provider may have taken the message".to_owned()),
        outcome => Some(format!("the provider did not take the message: {outcome}")),
    }
}

/// The lines on a test; what the answer does not have is left out.
fn told_of(tested: &Value) -> String {
    let fields = [
        ("outcome", "outcome"),
        ("cause", "cause"),
        ("scope", "scope"),
        ("answer", "answer"),
        ("provider", "provider"),
        ("instance", "instance"),
        ("server", "server"),
        ("message id", "providerMessageId"),
        ("again in s", "retryAfterSeconds"),
        ("duration ms", "durationMs"),
    ];
    let there = fields.into_iter().filter(|(_, field)| !tested[field].is_null());
    let told = |field: &str| match (field, cell(tested, field)) {
        ("cause", code) => words::cause_of(&code),
        (_, told) => told,
    };
    pairs(&there.map(|(name, field)| (name, told(field))).collect::<Vec<_>>())
}

impl Of {
    fn path(&self, channel: CarriedChannel, settings: &Settings) -> anyhow::Result<String> {
        let tenant = tenant(self.tenant, settings)?;
        Ok(format!("/admin/v1/tenants/{tenant}/providers/{}", channel.as_str()))
    }
}

impl Set {
    fn providers(&self) -> anyhow::Result<Value> {
        if let Some(file) = &self.list {
            let list: Result<Value, _> = serde_json::from_str(&read(file)?);
            // What is wrong with it is not told by its text, which holds passwords.
            ensure!(list.is_ok(), "--list: {file} holds no JSON");
            return Ok(list?);
        }
        if let Some(kind) = self.kind {
            return self.over_http(kind);
        }
        let Some(host) = &self.host else {
            if !self.sandbox {
                return Ok(json!([]));
            }
            let mut sandbox = Map::from_iter([("kind".to_owned(), "sandbox".into())]);
            self.limit(&mut sandbox);
            return Ok(json!([sandbox]));
        };
        let mut smtp = Map::new();
        smtp.insert("kind".to_owned(), "smtp".into());
        smtp.insert("host".to_owned(), host.as_str().into());
        smtp.insert("port".to_owned(), self.port.into());
        smtp.insert("tls".to_owned(), self.tls.as_str().into());
        let password = secret("--password", self.password.as_deref(), self.password_file.as_deref())?;
        let texts = [("from", &self.from), ("username", &self.username), ("password", &password)];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?))) {
            smtp.insert(field.to_owned(), text.as_str().into());
        }
        self.limit(&mut smtp);
        Ok(json!([smtp]))
    }

    fn over_http(&self, kind: Kind) -> anyhow::Result<Value> {
        let key = secret("--key", self.key.as_deref(), self.key_file.as_deref())?;
        let webhook = secret("--webhook-secret", None, self.webhook_secret_file.as_deref())?;
        let texts = [
            (kind.key(), &key),
            ("accountSid", &self.account),
            ("username", &self.username),
            ("from", &self.from),
            ("messagingServiceSid", &self.messaging_service),
            ("baseUrl", &self.base_url),
            ("webhookSecret", &webhook),
            ("webhookPublicKey", &self.webhook_public_key),
        ];
        let given = texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?)));
        let mut provider: Map<String, Value> =
            given.map(|(field, text)| (field.to_owned(), text.as_str().into())).collect();
        provider.insert("kind".to_owned(), kind.as_str().into());
        if self.allow_loopback {
            provider.insert("allowLoopback".to_owned(), true.into());
        }
        self.limit(&mut provider);
        Ok(json!([provider]))
    }

    fn limit(&self, provider: &mut Map<String, Value>) {
        let given = [("perSecond", self.per_second), ("concurrency", self.concurrency)];
        let limits: Map<_, _> =
            given.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?.into()))).collect();
        if !limits.is_empty() {
            provider.insert("limits".to_owned(), limits.into());
        }
    }
}

/// A line for each provider, in the order in which they are tried; for programs one object a channel.
fn tell(lists: &[Value], form: Form) -> anyhow::Result<()> {
    if form.json {
        return lists.iter().try_for_each(show::json);
    }
    let rows = lists.iter().flat_map(|list| {
        let providers = list["providers"].as_array().map_or(&[][..], Vec::as_slice);
        let row = |provider: &Value| {
            // The first of these fields that it has.
            let one_of = |fields: [&str; 2]| {
                let there = fields.into_iter().find(|field| !provider[field].is_null());
                cell(provider, there.unwrap_or(fields[0]))
            };
            let cells = [
                cell(provider, "kind"),
                one_of(["host", "baseUrl"]),
                cell(provider, "port"),
                cell(provider, "tls"),
                one_of(["from", "messagingServiceSid"]),
                one_of(["username", "accountSid"]),
            ];
            let is_kept = provider["passwordSet"] == true || provider["keySet"] == true;
            let secret = if is_kept { "kept" } else { "-" };
            let limits = &provider["limits"];
            let limits = ["perSecond", "concurrency"].map(|limit| cell(limits, limit)).join("/");
            let more = [secret.to_owned(), limits, cell(provider, "instance")];
            std::iter::once(cell(list, "channel")).chain(cells).chain(more).collect::<Vec<_>>()
        };
        let none = || vec![cell(list, "channel"), "none".to_owned()];
        if providers.is_empty() { vec![none()] } else { providers.iter().map(row).collect() }
    });
    let heading = [
        "CHANNEL",
        "KIND",
        "HOST OR URL",
        "PORT",
        "TLS",
        "FROM",
        "ACCOUNT",
        "SECRET",
        "PER SECOND/AT ONCE",
        "INSTANCE",
    ];
    print(&columns(&heading, &rows.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_reached_over_http_can_be_set() {
        let named: Vec<_> = Kind::value_variants().iter().map(|kind| kind.as_str()).collect();
        let others = [orqestra_domain::provider::SANDBOX, orqestra_domain::provider::SMTP];
        let wanted = orqestra_domain::provider::KINDS.into_iter().filter(|kind| !others.contains(kind));
        assert_eq!(named, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn a_test_is_told_in_lines_without_what_is_not_there_and_steers_no_terminal() {
        let taken = json!({"channel": "SMS", "provider": "twilio", "instance": "i-1", "outcome": "taken",
            "answer": "201 \u{1b}[2J", "providerMessageId": "SM1", "durationMs": 12});
        assert_eq!(
            told_of(&taken),
            "outcome      taken\nanswer       201 \\u{1b}[2J\nprovider     twilio\ninstance     i-1\n\
             message id   SM1\nduration ms  12\n"
        );
    }

    #[test]
    fn a_test_that_failed_tells_its_cause_in_words_and_the_server() {
        let lost = json!({"channel": "EMAIL", "provider": "smtp", "instance": "i-1", "server": "mx.example.org:25",
            "outcome": "not_taken", "cause": "smtp_dns", "scope": "provider", "durationMs": 12});
        let told = told_of(&lost);
        assert!(told.contains("cause        the mail server's name has no address (smtp_dns)\n"), "{told}");
        assert!(told.contains("server       mx.example.org:25\n"), "{told}");
    }

    #[test]
    fn a_test_says_that_the_message_may_have_been_taken_only_where_the_outcome_is_unknown() {
        let of = |outcome: &str| failure(&json!({"outcome": outcome}));
        assert_eq!(of("taken"), None);
        for outcome in ["not_taken", "throttled", "refused"] {
            assert_eq!(of(outcome), Some(format!("the provider did not take the message: {outcome}")));
        }
        let unknown = of("unknown").unwrap();
        assert!(unknown.starts_with("the outcome is unknown: the provider may have taken"), "{unknown}");
    }

    #[test]
    fn push_is_not_a_channel_of_a_provider() {
        let of = |channel: &str| CarriedChannel::from_str(channel, true).map(CarriedChannel::as_str);
        assert_eq!((of("email"), of("SMS")), (Ok("EMAIL"), Ok("SMS")));
        assert!(of("PUSH").is_err());
    }
}
