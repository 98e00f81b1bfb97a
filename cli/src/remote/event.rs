//! `orqestra event find|show`: from what a customer is known by to what became of each message, in two commands.

use std::time::Duration;

use anyhow::Context as _;
use clap::{ArgGroup, Args, Subcommand};
use orqestra_api::percent_encoded;
use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::Clock as _;
use orqestra_event_log::source::SystemClock;
use serde_json::Value;

use super::client::Answer;
use super::notification::Show;
use super::show::{self, cell, columns, print};
use super::story::list;
use super::{AsOperator, Form, read, tenant};
use crate::settings::Settings;

const PATH: &str = "/admin/v1/events";
const NONE_FOUND: &str = "no event of this tenant is found in that time; --since looks back farther, --tenant looks at another tenant, \
                          and the events of a forgotten recipient are not found";

/// Commands on events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Finds a customer's events by user id, email address, phone number or event id, newest first
    Find(Box<Find>),
    /// Tells each channel's story in plain words, and each attempt: when, by which provider and server, and how it ended
    Show(Box<Show>),
}

/// The arguments of `find`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("by").required(true).args(["user", "email", "phone", "event_id"]))]
pub(crate) struct Find {
    /// The recipient's id; what is given shows in `ps`, `-` (standard input) does not
    #[arg(long)]
    user: Option<String>,
    /// The email address that the event came with, in any spelling
    #[arg(long)]
    email: Option<String>,
    /// The phone number that the event came with, as in +254712345678
    #[arg(long)]
    phone: Option<String>,
    /// The event's own id
    #[arg(long)]
    event_id: Option<String>,
    /// Nothing accepted before: a time, as in 2026-04-22T12:00:00Z, or how long ago, as in 24h or 7d [default: 30 days ago; with
    /// --event-id the beginning]
    #[arg(long, value_name = "TIME|DURATION", value_parser = since)]
    since: Option<Since>,
    /// Most events
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    limit: u64,
    /// Where the page begins, as the page before told it
    #[arg(long)]
    cursor: Option<String>,
    /// The tenant's id [default: the first tenant of the data folder]
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    operator: AsOperator,
    #[command(flatten)]
    form: Form,
}

/// The time that a search begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Time(Timestamp),
    Ago(Duration),
}

impl Since {
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(moment) => moment,
            Self::Ago(span) => now.minus(span),
        }
    }
}

/// Reads a time, or a duration in s, m, h or d.
fn since(text: &str) -> Result<Since, String> {
    if let Ok(moment) = text.parse() {
        return Ok(Since::Time(moment));
    }
    let wrong = || {
        "expected a time in RFC 3339, as in 2026-04-22T12:00:00Z, or a duration in s, m, h or d, as in 24h"
            .to_owned()
    };
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: u64 = text[..text.len() - unit.len()].parse().map_err(|_| wrong())?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    count.checked_mul(seconds).map(Duration::from_secs).map(Since::Ago).ok_or_else(wrong)
}

/// Runs an `event` command.
pub(crate) async fn run(command: EventCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        EventCommand::Find(find) => find.run(settings).await,
        EventCommand::Show(show) => show.run(settings).await,
    }
}

impl Find {
    async fn run(&self, settings: &Settings) -> anyhow::Result<()> {
        let (name, value) = self.by()?;
        let of = tenant(self.tenant, settings)?;
        let (value, limit) = (percent_encoded(&value), self.limit);
        let since = self.since.map(|since| format!("&since={}", since.at(SystemClock.now())));
        let cursor = self.cursor.as_ref().map(|cursor| format!("&cursor={}", percent_encoded(cursor)));
        let (since, cursor) = (since.unwrap_or_default(), cursor.unwrap_or_default());
        let path = format!("{PATH}?tenantId={of}&{name}={value}&limit={limit}{since}{cursor}");
        let answer = self.operator.client(settings)?.get(&path).await?;
        let events = list(&answer.body["data"]);
        if self.form.json {
            return events.iter().try_for_each(show::json);
        }
        if events.is_empty() {
            show::note(NONE_FOUND);
            return Ok(());
        }
        print(&told(events, next(&answer).as_deref()))
    }

    /// Name and value of the parameter.
    fn by(&self) -> anyhow::Result<(&'static str, String)> {
        let given = [
            ("userId", &self.user),
            ("email", &self.email),
            ("phone", &self.phone),
            ("eventId", &self.event_id),
        ];
        let one = given.into_iter().find_map(|(name, value)| Some((name, value.as_deref()?)));
        let (name, value) = one.context("by what? Give --user, --email, --phone or --event-id")?;
        let value = match value {
            "-" => read("-")?.trim_end_matches(['\r', '\n']).to_owned(),
            value => value.to_owned(),
        };
        Ok((name, value))
    }
}

/// The cursor of the next page, if there is one.
fn next(answer: &Answer) -> Option<String> {
    let (_, cursor) = answer.next()?.rsplit_once("cursor=")?;
    Some(cursor.to_owned())
}

/// A line for each channel of each event, and what to do next.
fn told(events: &[Value], next: Option<&str>) -> String {
    let heading = ["ACCEPTED", "EVENT TYPE", "NOTIFICATION", "CHANNEL", "STATUS", "WHY", "PROVIDER"];
    let mut out = columns(&heading, &events.iter().flat_map(rows).collect::<Vec<_>>());
    out += "\n`orqestra event show NOTIFICATION` tells the story of one\n";
    if let Some(next) = next {
        out.extend(["older ones follow with --cursor ", &show::plain(next), "\n"]);
    }
    out
}

fn rows(event: &Value) -> Vec<Vec<String>> {
    let facts = ["acceptedAt", "eventType", "notificationId"].map(|field| cell(event, field));
    let channels = list(&event["channels"]);
    if channels.is_empty() {
        // What was accepted a moment ago.
        return vec![facts.into_iter().chain(["-", "-", "-", "-"].map(str::to_owned)).collect()];
    }
    let row = |channel: &Value| {
        let why = ["waitsFor", "reason", "cause"].into_iter().find(|field| channel[field].is_string());
        let why = why.map_or_else(|| "-".to_owned(), |field| cell(channel, field));
        let of_channel = [cell(channel, "channel"), cell(channel, "status"), why, cell(channel, "provider")];
        facts.iter().cloned().chain(of_channel).collect()
    };
    channels.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_search_begins_at_a_time_or_so_long_ago() {
        let now: Timestamp = "2026-04-22T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-04-01T00:00:00+02:00", "2026-03-31T22:00:00Z"),
            ("24h", "2026-04-21T12:00:00Z"),
            ("7d", "2026-04-15T12:00:00Z"),
            ("90m", "2026-04-22T10:30:00Z"),
            ("30s", "2026-04-22T11:59:30Z"),
            ("99999999d", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(since(text).unwrap().at(now), expected.parse().unwrap(), "{text}");
        }
        for wrong in ["", "h", "24", "1w", "-1h", "1.5h", "yesterday", "99999999999999999999d", "2026-04-22"]
        {
            assert!(since(wrong).unwrap_err().contains("as in 24h"), "{wrong}");
        }
    }

    #[test]
    fn a_channel_is_a_line_with_its_reason_and_the_next_page_is_named() {
        let event = json!({"acceptedAt": "a", "eventType": "order.confirmed", "notificationId": "n", "channels": [
            {"channel": "EMAIL", "status": "RETRYING", "cause": "smtp_451", "provider": "smtp"},
            {"channel": "SMS", "status": "SKIPPED", "reason": "no_address"},
            {"channel": "PUSH", "status": "PLANNED", "waitsFor": "tenant_inactive"},
        ]});
        let new = json!({"acceptedAt": "b", "eventType": "e", "notificationId": "m", "channels": []});
        let told = told(&[event, new], Some("c"));
        for line in [
            "a         order.confirmed  n             EMAIL    RETRYING  smtp_451         smtp\n",
            "a         order.confirmed  n             SMS      SKIPPED   no_address       -\n",
            "a         order.confirmed  n             PUSH     PLANNED   tenant_inactive  -\n",
            "b         e                m             -        -         -                -\n",
            "older ones follow with --cursor c\n",
        ] {
            assert!(told.contains(line), "{line:?} in\n{told}");
        }
    }
}
