//! `orqestra trigger`: an event as a tenant's backend sends it, with what is going to happen, and what became of it.
//!
//! The raw body that is signed is the one that is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;
use hmac::{Hmac, Mac as _};
use hyper::Method;
use orqestra_api::percent_encoded;
use orqestra_domain::ExpiresIn;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::time::Instant;

use super::client::{Answer, Client};
use super::show::{self, cell, columns, pairs, plain, print};
use super::{ChannelName, Form, Where, read, secret, variable};
use crate::keep;
use crate::settings::Settings;

const PATH: &str = "/api/v1/events/trigger";
/// How long to wait between two looks at an event.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Where a channel has come to its end, or waits for an operator.
const ENDS: [&str; 4] = ["SENT", "SKIPPED", "FAILED", "UNKNOWN"];

/// The event, and who sends it.
#[derive(Debug, Args)]
pub(crate) struct TriggerCommand {
    /// The event type, as in order.confirmed
    #[arg(required_unless_present = "body")]
    event_type: Option<String>,
    /// The recipient's id
    #[arg(long, required_unless_present = "body")]
    user: Option<String>,
    /// The recipient's email address
    #[arg(long)]
    email: Option<String>,
    /// The recipient's phone number, as in +254712345678
    #[arg(long)]
    phone: Option<String>,
    /// Only on this channel; may be repeated
    #[arg(long, value_enum, ignore_case = true)]
    channel: Vec<ChannelName>,
    /// The event's id: the same id again is the same event
    #[arg(long)]
    event_id: Option<String>,
    /// A variable of the templates, a text; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    var: Vec<(String, String)>,
    /// How many seconds after its acceptance it is of use [default: as its templates say]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(ExpiresIn::SECONDS))]
    expires_in: Option<u64>,
    /// The whole request body, from a file or standard input (`-`), sent byte for byte
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event_type", "user", "email", "phone", "channel", "event_id", "var", "expires_in"])]
    body: Option<String>,
    /// The tenant's API key; it shows in `ps`, --key-file does not [env: `ORQESTRA_API_KEY`] [default: that of the data
    /// folder's first tenant]
    #[arg(long)]
    key: Option<String>,
    /// A file that holds the API key; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<String>,
    /// The tenant's webhook secret, which signs the body; it shows in `ps`, --secret-file does not [env:
    /// `ORQESTRA_WEBHOOK_SECRET`]
    #[arg(long)]
    secret: Option<String>,
    /// A file that holds the webhook secret; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    secret_file: Option<String>,
    /// The same key within 24 hours is the same request
    #[arg(long)]
    idempotency_key: Option<String>,
    /// Wait until every channel has come to its end; exit status 1 if one has failed or its outcome is unknown
    #[arg(long)]
    wait: bool,
    /// How many seconds to wait at most
    #[arg(long, default_value_t = 60, requires = "wait", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait_seconds: u64,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    form: Form,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("is not of the form name=value"),
    }
}

/// By what right a trigger is sent.
struct Credentials {
    key: String,
    secret: Option<String>,
}

/// Runs it.
pub(crate) async fn run(command: TriggerCommand, settings: &Settings) -> anyhow::Result<()> {
    let Credentials { key, secret } = command.credentials(settings)?;
    let client = Client::new(command.at.find(settings)?)?.with("x-api-key", &key)?;
    let body = command.body()?;
    let signature = secret.map(|secret| sign(&secret, body.as_bytes()));
    let mut headers = vec![("prefer", "return=representation")];
    headers.extend(signature.as_deref().map(|signature| ("x-orqestra-signature", signature)));
    headers.extend(command.idempotency_key.as_deref().map(|key| ("x-idempotency-key", key)));
    let answer = client.send(Method::POST, PATH, &headers, Some(body.into())).await?;
    if command.form.json {
        show::json(&answer.body)?;
    } else {
        tell(&answer)?;
    }
    if command.wait { command.wait(&client, &answer).await } else { Ok(()) }
}

impl TriggerCommand {
    /// What is given, or what is known of the first tenant of this installation.
    fn credentials(&self, settings: &Settings) -> anyhow::Result<Credentials> {
        let named = secret("--secret", self.secret.as_deref(), self.secret_file.as_deref())?;
        let secret_given = named.or_else(|| variable("ORQESTRA_WEBHOOK_SECRET"));
        let named = secret("--key", self.key.as_deref(), self.key_file.as_deref())?;
        if let Some(key) = named.or_else(|| variable("ORQESTRA_API_KEY")) {
            return Ok(Credentials { key, secret: secret_given });
        }
        if let Some(first) = &settings.bootstrap {
            let secret = secret_given.or_else(|| first.webhook_secret.clone());
            return Ok(Credentials { key: first.api_key.clone(), secret });
        }
        let kept = keep::kept_demo_tenant(&settings.data_dir).context(
            "no API key: set ORQESTRA_API_KEY, or ORQESTRA_DATA_DIR of an engine that `up` started",
        )?;
        Ok(Credentials { key: kept.api_key, secret: secret_given })
    }

    fn body(&self) -> anyhow::Result<String> {
        if let Some(file) = &self.body {
            return read(file);
        }
        let mut payload = Map::new();
        let texts =
            [("userId", &self.user), ("recipientEmail", &self.email), ("recipientPhone", &self.phone)];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?))) {
            payload.insert(field.to_owned(), text.as_str().into());
        }
        let variables: Map<_, _> =
            self.var.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let mut body = json!({"eventType": self.event_type, "payload": payload, "variables": variables});
        if let Some(event_id) = &self.event_id {
            body["eventId"] = event_id.as_str().into();
        }
        if let Some(seconds) = self.expires_in {
            body["expiresIn"] = seconds.into();
        }
        if !self.channel.is_empty() {
            body["channels"] = self.channel.iter().map(|channel| channel.as_str()).collect();
        }
        Ok(body.to_string())
    }

    /// Looks at the event until every channel has ended, and tells of each that has.
    async fn wait(&self, client: &Client, answer: &Answer) -> anyhow::Result<()> {
        let location = match (answer.header("location"), answer.body["eventId"].as_str()) {
            (Some(location), _) if location.starts_with('/') => location.to_owned(),
            (_, Some(event_id)) => format!("/api/v1/events/{}", percent_encoded(event_id)),
            _ => bail!("the answer does not say where to look"),
        };
        let until = Instant::now() + Duration::from_secs(self.wait_seconds);
        if !self.form.json {
            print("\n")?;
        }
        let mut told = BTreeSet::new();
        // The last line about each channel that has not ended.
        let mut said = BTreeMap::new();
        loop {
            let event = client.get(&location).await?.body;
            let channels = event["data"]["channels"].as_array().cloned().unwrap_or_default();
            ensure!(!channels.is_empty(), "the event's state names no channel");
            for channel in &channels {
                let (name, status) = (cell(channel, "channel"), cell(channel, "status"));
                if !ENDS.contains(&status.as_str()) {
                    if let Some(line) = goes_on(channel).filter(|line| said.get(&name) != Some(line)) {
                        if !self.form.json {
                            print(&line)?;
                        }
                        said.insert(name, line);
                    }
                } else if told.insert(name) {
                    if self.form.json { show::json(channel)? } else { print(&line_of(channel))? }
                }
            }
            let open: Vec<_> =
                channels.iter().filter(|channel| !told.contains(&cell(channel, "channel"))).collect();
            if open.is_empty() {
                if !self.form.json && all_skipped(&channels) {
                    print("Nothing was sent: every channel was skipped.\n")?;
                }
                return undelivered(&channels).map_or(Ok(()), |why| Err(anyhow!(why)));
            }
            if Instant::now() >= until {
                // A program is told of each channel once: here as it stands.
                for channel in open.iter().filter(|_| self.form.json) {
                    show::json(channel)?;
                }
                bail!(
                    "{} of {} channels have not ended within {} s; what was accepted is still sent",
                    open.len(),
                    channels.len(),
                    self.wait_seconds
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Returns the reason for which a trigger fails once its channels have ended; `None` if each was sent or skipped.
fn undelivered(channels: &[Value]) -> Option<String> {
    let count = |status: &str| channels.iter().filter(|channel| channel["status"] == status).count();
    let of = channels.len();
    let failed =
        |count| format!("{count} of {of} channels {} not delivered", if count == 1 { "was" } else { "were" });
    match (count("FAILED"), count("UNKNOWN")) {
        (0, 0) => None,
        (count, 0) => Some(failed(count)),
        (0, 1) => Some(format!("the outcome of 1 of {of} channels is unknown: its message may have arrived")),
        (0, count) => Some(format!(
            "the outcomes of {count} of {of} channels are unknown: their messages may have arrived"
        )),
        (count, unknown) => Some(format!("{}, and the outcome of {unknown} is unknown", failed(count))),
    }
}

fn all_skipped(channels: &[Value]) -> bool {
    !channels.is_empty() && channels.iter().all(|channel| channel["status"] == "SKIPPED")
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

fn tell(answer: &Answer) -> anyhow::Result<()> {
    let again = answer.header("idempotency-replayed") == Some("true");
    print(&told(&answer.body, if again { "It was accepted before; nothing new is sent.\n" } else { "" }))
}

/// Returns an answer in lines, with a note after the engine's message.
fn told(body: &Value, note: &str) -> String {
    let mut out = plain(body["message"].as_str().unwrap_or_default()) + "\n" + note;
    if body["plan"].as_array().is_some_and(|plan| all_skipped(plan)) {
        // The message is the same whatever the plan is.
        out += "Nothing is sent: every channel is skipped.\n";
    }
    out += &pairs(&[("event", cell(body, "eventId")), ("notification", cell(body, "notificationId"))]);
    let plan = body["plan"].as_array().cloned().unwrap_or_default();
    let fields = ["channel", "status", "reason"];
    let rows: Vec<_> = plan.iter().map(|line| fields.map(|field| cell(line, field)).to_vec()).collect();
    out + "\n" + &columns(&["CHANNEL", "PLAN", "REASON"], &rows)
}

/// A line on a channel that waits for its next attempt or for an operator; none on one that is simply under way.
fn goes_on(channel: &Value) -> Option<String> {
    let waits = ["nextDue", "waitsFor"].iter().any(|field| channel[*field].is_string());
    waits.then(|| line_of(channel))
}

/// A line on a channel as it stands.
fn line_of(channel: &Value) -> String {
    let details = ["provider", "reason", "cause"].iter().filter(|field| channel.get(**field).is_some());
    let mut details: Vec<_> = details.map(|field| cell(channel, field)).collect();
    if channel["waitsFor"].is_string() {
        details.push(format!("waits for an operator: {}", cell(channel, "waitsFor")));
    }
    if channel["nextDue"].is_string() {
        details.push(format!("next attempt at {}", cell(channel, "nextDue")));
    }
    if let Some(missing) = channel["missingVariables"].as_array().filter(|missing| !missing.is_empty()) {
        let names: Vec<_> = missing.iter().filter_map(Value::as_str).map(plain).collect();
        details.push(format!("missing: {}", names.join(", ")));
    }
    let line =
        format!("{:<5}  {:<7}  {}", cell(channel, "channel"), cell(channel, "status"), details.join("  "));
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_the_raw_body() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_variable_has_a_name_and_any_value() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=a").is_err());
    }

    #[test]
    fn a_channel_that_failed_is_told_apart_from_one_whose_message_may_have_arrived() {
        let of = |statuses: &[&str]| {
            let channels: Vec<_> = statuses.iter().map(|status| json!({"status": status})).collect();
            undelivered(&channels)
        };
        assert_eq!(of(&["SENT", "SKIPPED", "SENT"]), None);
        assert_eq!(of(&["FAILED", "SENT"]).unwrap(), "1 of 2 channels was not delivered");
        assert_eq!(of(&["FAILED", "FAILED", "SENT"]).unwrap(), "2 of 3 channels were not delivered");
        let unknown = of(&["UNKNOWN", "SENT", "SENT"]).unwrap();
        assert_eq!(unknown, "the outcome of 1 of 3 channels is unknown: its message may have arrived");
        let both = of(&["UNKNOWN", "FAILED", "SENT"]).unwrap();
        assert_eq!(both, "1 of 3 channels was not delivered, and the outcome of 1 is unknown");
    }

    #[test]
    fn a_trigger_of_which_every_channel_is_skipped_says_that_nothing_is_sent() {
        let of = |statuses: [&str; 2]| {
            let plan = statuses.map(|status| json!({"channel": "EMAIL", "status": status}));
            told(&json!({"message": "dispatched", "plan": plan}), "")
        };
        let nothing = of(["SKIPPED", "SKIPPED"]);
        assert!(nothing.starts_with("dispatched\nNothing is sent: every channel is skipped.\n"), "{nothing}");
        assert!(!of(["SKIPPED", "PLANNED"]).contains("Nothing"));
        assert!(!told(&json!({"message": "dispatched", "plan": []}), "").contains("Nothing"));
    }

    #[test]
    fn a_channel_that_has_ended_is_one_line() {
        let sent = json!({"channel": "EMAIL", "status": "SENT", "provider": "smtp"});
        assert_eq!(line_of(&sent), "EMAIL  SENT     smtp\n");
        let skipped = json!({"channel": "SMS", "status": "SKIPPED", "reason": "no_address"});
        assert_eq!(line_of(&skipped), "SMS    SKIPPED  no_address\n");
        let missing = json!({"channel": "PUSH", "status": "SENT", "missingVariables": ["title", "amount"]});
        assert_eq!(line_of(&missing), "PUSH   SENT     missing: title, amount\n");
    }

    #[test]
    fn a_channel_that_waits_tells_why_and_until_when_and_one_under_way_nothing() {
        let retries = json!({"channel": "EMAIL", "status": "RETRYING", "provider": "smtp", "cause": "smtp_451",
            "nextDue": "2026-11-29T10:00:05Z"});
        let line = "EMAIL  RETRYING  smtp  smtp_451  next attempt at 2026-11-29T10:00:05Z\n";
        assert_eq!(goes_on(&retries).as_deref(), Some(line));
        let waits = json!({"channel": "SMS", "status": "PLANNED", "waitsFor": "no_provider"});
        assert_eq!(goes_on(&waits).as_deref(), Some("SMS    PLANNED  waits for an operator: no_provider\n"));
        assert_eq!(goes_on(&json!({"channel": "SMS", "status": "SENDING"})), None);
        let steering = json!({"channel": "SMS", "status": "RETRYING", "cause": "\u{1b}[2J", "nextDue": "x"});
        assert!(!goes_on(&steering).unwrap().contains('\u{1b}'));
    }
}
