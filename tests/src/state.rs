//! What became of an event, as the admin API tells it.

use serde::Deserialize;
use serde_json::Value;

/// An event and the state of each channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventState {
    /// The event's id.
    pub event_id: String,
    /// The notification's id.
    pub notification_id: String,
    /// The channels, in the order EMAIL, SMS, PUSH.
    pub channels: Vec<ChannelState>,
}

/// Where a channel stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelState {
    /// Its name.
    pub channel: String,
    /// The delivery's id.
    pub delivery_id: String,
    /// The status.
    pub status: String,
    /// Why it is skipped.
    pub reason: Option<String>,
    /// Why it failed last.
    pub cause: Option<String>,
    /// The reason for which it waits for an operator.
    pub waits_for: Option<String>,
    /// Whether it may reach the recipient twice.
    #[serde(default)]
    pub possible_duplicate: bool,
    /// What the event lacked.
    #[serde(default)]
    pub missing_variables: Vec<String>,
    /// Every attempt.
    pub attempts: Vec<Attempt>,
}

/// One try.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `OPEN`, `SUCCEEDED`, `FAILED` or `UNKNOWN`.
    pub outcome: String,
    /// Whether an earlier one may have arrived.
    #[serde(default)]
    pub possible_duplicate: bool,
    /// Why it failed.
    pub cause: Option<String>,
}

impl EventState {
    /// Whether every channel has come to an end, or waits for a person.
    pub fn is_settled(&self) -> bool {
        !self.channels.is_empty() && self.channels.iter().all(ChannelState::is_settled)
    }

    /// One channel.
    ///
    /// # Panics
    /// If the event has no such channel.
    #[track_caller]
    pub fn channel(&self, name: &str) -> &ChannelState {
        self.channels.iter().find(|channel| channel.channel == name).expect("every event has every channel")
    }

    /// The status of each channel, with the reason of what is skipped and the cause of what failed.
    pub fn ends(&self) -> String {
        let end = |channel: &ChannelState| {
            let why = channel.reason.as_deref().or(channel.cause.as_deref());
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} {}{why}", channel.channel, channel.status)
        };
        self.channels.iter().map(end).collect::<Vec<_>>().join(", ")
    }
}

impl ChannelState {
    /// Whether nothing more happens by itself.
    pub fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "SENT" | "FAILED" | "SKIPPED" | "UNKNOWN")
    }

    /// Whether the outcome of some attempt is not known.
    pub fn was_unknown(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.outcome == "UNKNOWN")
    }

    /// The outcome of each attempt, with its cause.
    pub fn attempts(&self) -> Vec<String> {
        let attempt = |attempt: &Attempt| match &attempt.cause {
            Some(cause) => format!("{} {cause}", attempt.outcome),
            None => attempt.outcome.clone(),
        };
        self.attempts.iter().map(attempt).collect()
    }
}

/// The ids of rows of a history.
///
/// # Panics
/// If one has none.
pub fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}
