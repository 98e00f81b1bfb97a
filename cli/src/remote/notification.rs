//! `orqestra event show` and `orqestra notification show`, one command under two names: what became of an event, in plain words and
//! attempt by attempt; with `--reveal` also in the providers' words.
//!
//! Without `--reveal` nothing sealed is asked for. With it the engine records who asked, and why, before it answers.

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use orqestra_api::percent_encoded;
use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::Clock as _;
use orqestra_event_log::source::SystemClock;
use serde_json::{Value, json};

use super::show::{self, cell, columns, pairs, plain, print};
use super::story::{self, list};
use super::{AsOperator, Form, tenant};
use crate::settings::Settings;

/// What to do about notifications.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// Tells each channel's story in plain words, and each attempt: when, by which provider and server, and how it ended
    Show(Box<Show>),
}

/// Which one, and what of it.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The event's id, or the notification's
    pub(super) id: String,
    /// Also opens what is sealed: all of it, or what is named. The log records that it was read
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0..=3, require_equals = true, requires = "reason",
        default_missing_values = ["answers", "recipient", "content"])]
    reveal: Vec<Revealed>,
    /// Why it is opened, in your own words; kept sealed
    #[arg(long, requires = "reveal")]
    reason: Option<String>,
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    pub(super) tenant: Option<TenantId>,
    #[command(flatten)]
    pub(super) operator: AsOperator,
    #[command(flatten)]
    pub(super) form: Form,
}

/// Something sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Revealed {
    /// What the providers said; always among what is opened
    Answers,
    /// The recipient's id and addresses, and the event's id
    Recipient,
    /// What was rendered
    Content,
}

impl Revealed {
    /// Its name in the request, where it has to be asked for.
    const fn include(self) -> Option<&'static str> {
        match self {
            Self::Answers => None,
            Self::Recipient => Some("recipient"),
            Self::Content => Some("content"),
        }
    }
}

/// Runs a `notification` command.
pub(crate) async fn run(command: NotificationCommand, settings: &Settings) -> anyhow::Result<()> {
    let NotificationCommand::Show(show) = command;
    show.run(settings).await
}

impl Show {
    /// Asks for the event and prints it.
    pub(super) async fn run(&self, settings: &Settings) -> anyhow::Result<()> {
        let show = self;
        let of = tenant(show.tenant, settings)?;
        let path = format!("/admin/v1/tenants/{of}/events/{}", percent_encoded(&show.id));
        let client = show.operator.client(settings)?;
        let answer = match &show.reason {
            None => client.get(&path).await?,
            Some(reason) => {
                let include: Vec<_> = show.reveal.iter().filter_map(|one| one.include()).collect();
                let body = json!({"reason": reason, "include": include});
                client.json(Method::POST, &format!("{path}/explanation"), &body).await?
            }
        };
        let event = &answer.body["data"];
        if show.form.json { show::json(event) } else { print(&told(event, SystemClock.now())) }
    }
}

/// An event for people: its own facts, each channel's story, a table of attempts, then what was opened.
fn told(event: &Value, now: Timestamp) -> String {
    let mut facts = vec![
        ("notification", cell(event, "notificationId")),
        ("event type", cell(event, "eventType")),
        ("accepted", cell(event, "acceptedAt")),
    ];
    for (name, of, field) in [
        ("event", event, "eventId"),
        ("user", &event["recipient"], "userId"),
        ("email", &event["recipient"], "email"),
        ("phone", &event["recipient"], "phone"),
        ("event", &event["recipient"], "eventId"),
        ("read", event, "readAt"),
        ("recorded as", event, "evidenceId"),
    ] {
        if !of[field].is_null() {
            facts.push((name, cell(of, field)));
        }
    }
    if event["recipientForgotten"] == true {
        facts.push(("recipient", FORGOTTEN.to_owned()));
    }
    let mut out = pairs(&facts);
    let channels = list(&event["channels"]);
    out += "\n";
    out += &story::of(event, now);
    let attempts = channels.iter().flat_map(|channel| {
        let name = cell(channel, "channel");
        list(&channel["attempts"]).iter().map(move |attempt| (name.clone(), attempt)).collect::<Vec<_>>()
    });
    let attempts: Vec<_> = attempts.collect();
    if !attempts.is_empty() {
        let fields = [
            "attempt",
            "startedAt",
            "endedAt",
            "outcome",
            "cause",
            "scope",
            "provider",
            "server",
            "instance",
        ];
        let row = |(channel, attempt): &(String, &Value)| {
            std::iter::once(channel.clone()).chain(fields.map(|field| cell(attempt, field))).collect()
        };
        let heading = [
            "CHANNEL", "TRY", "STARTED", "ENDED", "OUTCOME", "CAUSE", "SCOPE", "PROVIDER", "SERVER",
            "INSTANCE",
        ];
        out += "\n";
        out += &columns(&heading, &attempts.iter().map(row).collect::<Vec<_>>());
    }
    for (channel, attempt) in &attempts {
        if let Some(said) = opened(attempt, "answer", "answerForgotten") {
            out += &opening(&format!("{channel} {}: {said}", cell(attempt, "attempt")));
        }
    }
    for channel in channels {
        let name = cell(channel, "channel");
        // In the order of recording; without a reason none is there, and the one that counts stands above.
        for receipt in list(&channel["receipts"]) {
            if let Some(said) = opened(receipt, "answer", "answerForgotten") {
                out += &opening(&format!("{name} receipt {}: {said}", cell(receipt, "status")));
            }
        }
        if channel["contentForgotten"] == true {
            out += &opening(&format!("{name} content: {FORGOTTEN}"));
        }
        for field in ["subject", "title", "body", "text"] {
            if let Some(text) = channel["content"][field].as_str() {
                out += &opening(&format!("{name} {field}:\n{}", plain(text)));
            }
        }
    }
    out
}

/// A paragraph of what was opened.
fn opening(text: &str) -> String {
    ["\n", text, "\n"].concat()
}

const FORGOTTEN: &str = "(forgotten with the recipient)";

/// What was said, or that it was forgotten; `None` where nothing was.
fn opened(of: &Value, field: &str, forgotten: &str) -> Option<String> {
    match (&of[field], &of[forgotten]) {
        (Value::String(said), _) => Some(plain(said)),
        (_, Value::Bool(true)) => Some(FORGOTTEN.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_a_line_with_its_server_and_what_was_said_follows() {
        let event = json!({
            "notificationId": "n", "eventType": "order.confirmed", "acceptedAt": "a", "evidenceId": "e",
            "recipientForgotten": true,
            "channels": [{
                "channel": "EMAIL", "status": "FAILED", "cause": "smtp_550", "contentForgotten": true,
                "receipt": {"status": "bounced", "cause": "resend_bounce", "occurredAt": "o"},
                "receipts": [
                    {"status": "delivered", "occurredAt": "o", "attempt": 1, "instance": "i"},
                    {"status": "bounced", "attempt": 1, "answer": "550 no such\u{1b}[2J user"},
                    {"status": "complained", "attempt": 1, "answerForgotten": true},
                ],
                "attempts": [
                    {"attempt": 1, "startedAt": "s", "endedAt": "t", "outcome": "FAILED", "cause": "smtp_550",
                        "scope": "message", "provider": "smtp", "instance": "i", "server": "mx:25",
                        "answer": "no such\u{1b}[2J user"},
                    {"attempt": 2, "outcome": "OPEN", "provider": "sandbox", "answerForgotten": true},
                ],
            }],
        });
        let told = told(&event, Timestamp::from_unix_micros(0));
        for line in [
            "recipient     (forgotten with the recipient)\n",
            "EMAIL  not sent: given up after 2 attempts, the last of which ended: the mail server answered with code 550 (smtp_550); \
             this suppressed the address: after `orqestra suppression lift EMAIL ADDRESS`, \
             `orqestra dead-letter redrive - --reason TEXT` sends it once more\n",
            "o  receipt: bounced: the address takes no messages, the recipient's server refused the message for good (resend_bounce)\n",
            "EMAIL    1    s        t      FAILED   smtp_550  message  smtp      mx:25   i\n",
            "EMAIL    2    -        -      OPEN     -         -        sandbox   -       -\n",
            "\nEMAIL 1: no such\\u{1b}[2J user\n",
            "\nEMAIL 2: (forgotten with the recipient)\n",
            "\nEMAIL receipt bounced: 550 no such\\u{1b}[2J user\n",
            "\nEMAIL receipt complained: (forgotten with the recipient)\n",
            "\nEMAIL content: (forgotten with the recipient)\n",
        ] {
            assert!(told.contains(line), "{line:?} in\n{told}");
        }
    }
}
