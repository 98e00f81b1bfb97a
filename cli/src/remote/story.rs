//! An event's story in plain words: a line for each channel, and below it a line for each step with its time.
//!
//! It tells what the engine's answer holds and nothing else; the words of codes are those of [`super::words`]. Times are UTC,
//! without their date where it is the one of the acceptance. A time is told as one to come only if it is.

use orqestra_domain::provider::{SANDBOX, SMTP};
use orqestra_domain::{Cause, Timestamp};
use orqestra_projections::delivery_status::Status;
use serde_json::Value;

use super::show::{cell, plain};
use super::words;

/// The line above the channels of an event that came with a key for tests.
const TESTING: &str = "It came with a test key: the sandbox alone carries its email and text message.\n";

/// Tells every channel of an event as it stands at this time.
pub(super) fn of(event: &Value, now: Timestamp) -> String {
    let accepted = event["acceptedAt"].as_str().unwrap_or_default();
    let times = Times { accepted, read: event["readAt"].as_str(), now };
    let kind = if event["testing"] == true { TESTING } else { "" };
    let channels: String = list(&event["channels"]).iter().map(|channel| told(channel, &times)).collect();
    format!("{kind}{channels}")
}

/// The entries of a list; none where it is absent.
pub(super) fn list(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

struct Times<'a> {
    accepted: &'a str,
    read: Option<&'a str>,
    now: Timestamp,
}

impl Times<'_> {
    /// A time in seconds.
    fn short(&self, moment: &str) -> String {
        let Some((date, rest)) = moment.split_once('T') else { return plain(moment) };
        let time = rest.trim_end_matches('Z').split('.').next().unwrap_or(rest);
        if self.accepted.starts_with(date) { plain(time) } else { plain(&format!("{date} {time}")) }
    }

    fn at(&self, of: &Value, field: &str) -> String {
        of[field].as_str().map(|moment| format!(" at {}", self.short(moment))).unwrap_or_default()
    }

    fn lies_ahead(&self, moment: &str) -> bool {
        moment.parse::<Timestamp>().is_ok_and(|moment| moment > self.now)
    }
}

fn told(channel: &Value, times: &Times<'_>) -> String {
    let mut out = format!("{:<5}  {}\n", cell(channel, "channel"), summary(channel, times));
    let attempts = list(&channel["attempts"]);
    let first_was_taken = attempts.len() == 1 && attempts[0]["outcome"] == "SUCCEEDED";
    let mut steps: Vec<String> = Vec::new();
    if !first_was_taken {
        steps.extend(attempts.iter().map(|attempt| step(attempt, times)));
    }
    let receipt = &channel["receipt"];
    let in_summary = status_of(channel) == Some(Status::Sent);
    if receipt.is_object() && !in_summary {
        steps.push(format!("{}  receipt: {}", stamp(receipt, "occurredAt", times), receipt_words(receipt)));
    }
    if !list(&channel["missingVariables"]).is_empty() {
        let missing = cell(channel, "missingVariables").replace(',', ", ");
        steps.push(format!("the template asked for what the event lacked: {missing}"));
    }
    if channel["possibleDuplicate"] == true {
        steps.push("it may reach the recipient twice".to_owned());
    }
    for step in steps {
        out.extend(["         ", &step, "\n"]);
    }
    out
}

fn status_of(channel: &Value) -> Option<Status> {
    channel["status"].as_str().and_then(Status::named)
}

/// The state of a channel in one sentence.
fn summary(channel: &Value, times: &Times<'_>) -> String {
    let Some(status) = status_of(channel) else { return cell(channel, "status") };
    let words = words::status(status);
    let cause = channel["cause"].as_str().map(|code| words::cause_of(&plain(code)));
    let last = list(&channel["attempts"]).last();
    match status {
        Status::Planned | Status::Retrying if channel["waitsFor"].is_string() => {
            let waits =
                words::waits_of(&cell(channel, "waitsFor")).replace("CHANNEL", &cell(channel, "channel"));
            format!("not sent: {waits}, and it is sent by itself until {}", deadline(channel, times))
        }
        Status::Planned => words.to_owned(),
        Status::Skipped => skipped(channel, words, times),
        Status::Sending => {
            let by = last.map(|attempt| format!(" by {}", carrier(attempt))).unwrap_or_default();
            let since = last.and_then(|attempt| attempt["startedAt"].as_str());
            let since = since.map(|moment| format!(" since {}", times.short(moment))).unwrap_or_default();
            format!("{words}{by}{since}")
        }
        Status::Retrying => {
            let why = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let due = times.at(channel, "nextDue");
            format!("not sent yet{why}; the next attempt is due{due}")
        }
        Status::Unknown => {
            let why = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let (next, delivery) = (decides(channel, times), cell(channel, "deliveryId"));
            format!(
                "perhaps sent{why}; {next}, by `orqestra unknown resolve {delivery} delivered|resend|drop`"
            )
        }
        Status::Sent => sent(channel, times),
        Status::Failed => {
            let why = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let ended = last.map(|attempt| times.at(attempt, "endedAt")).unwrap_or_default();
            let attempts = list(&channel["attempts"]);
            let after = match attempts.len() {
                0 => String::new(),
                1 => format!(" after 1 attempt, which ended{ended}"),
                count => format!(" after {count} attempts, the last of which ended{ended}"),
            };
            let (sent, doubt) = if attempts.iter().any(is_unknown) {
                ("perhaps sent", "; an attempt may have arrived")
            } else {
                ("not sent", "")
            };
            let (given_up, remedy) = (times.at(channel, "endedAt"), remedy(channel));
            format!("{sent}: {words}{given_up}{after}{why}{doubt}{remedy}")
        }
    }
}

fn is_unknown(attempt: &Value) -> bool {
    attempt["outcome"] == "UNKNOWN"
}

/// Returns the next step of an unknown outcome, as far as it is known: `endedAt` is the end of the wait for a receipt, lies in the
/// past where no receipt is waited for, and is missing for a moment.
fn decides(channel: &Value, times: &Times<'_>) -> String {
    let calls_back = |attempt: &Value| attempt["provider"] != SMTP && attempt["provider"] != SANDBOX;
    let may_call_back =
        list(&channel["attempts"]).iter().any(|attempt| is_unknown(attempt) && calls_back(attempt));
    match channel["endedAt"].as_str() {
        Some(moment) if times.lies_ahead(moment) => {
            format!("a receipt is waited for until {}, then an operator decides", times.short(moment))
        }
        None if may_call_back => "a receipt or an operator decides".to_owned(),
        Some(_) | None => "an operator decides".to_owned(),
    }
}

/// Returns the way to send a dead letter once more; an empty text where a redrive would refuse it for good.
fn remedy(channel: &Value) -> String {
    let code = |of: &Value, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let cause = code(channel, "cause");
    let redrive = format!("`orqestra dead-letter redrive {} --reason TEXT`", cell(channel, "deliveryId"));
    if cause == "expired" {
        String::new()
    } else if Cause::is_opt_out(&cause) || words::receipt_suppresses(&code(&channel["receipt"], "status")) {
        let lift = format!("`orqestra suppression lift {} ADDRESS`", cell(channel, "channel"));
        format!("; this suppressed the address: after {lift}, {redrive} sends it once more")
    } else {
        format!("; {redrive} sends it once more")
    }
}

/// A channel that was skipped has no template where that was at the acceptance.
fn skipped(channel: &Value, words: &str, times: &Times<'_>) -> String {
    let reason = words::skip_of(&cell(channel, "reason"));
    let at_acceptance = (!channel["template"].is_object()).then_some(times.accepted);
    let decided = channel["endedAt"].as_str().or(at_acceptance);
    let decided = decided.map(|moment| format!(" (decided at {})", times.short(moment)));
    format!("{words}: {reason}{}", decided.unwrap_or_default())
}

fn sent(channel: &Value, times: &Times<'_>) -> String {
    let at = times.at(channel, "sentAt");
    if channel["channel"] == "PUSH" {
        let read = times.read.map(|moment| format!(", read at {}", times.short(moment))).unwrap_or_default();
        return format!("put into the inbox{at}{read}");
    }
    let taken = list(&channel["attempts"]).iter().rfind(|attempt| attempt["outcome"] == "SUCCEEDED");
    let sent = match taken {
        Some(attempt) => format!("sent by {}{at}", carrier(attempt)),
        None => format!("called delivered by an operator{at}"),
    };
    let receipt = &channel["receipt"];
    if receipt.is_object() {
        let occurred = times.at(receipt, "occurredAt");
        format!("{sent}, {}{occurred} (receipt)", receipt_words(receipt))
    } else {
        sent
    }
}

fn receipt_words(receipt: &Value) -> String {
    let says = words::receipt_of(&cell(receipt, "status"));
    let cause = receipt["cause"].as_str().map(|code| format!(", {}", words::cause_of(&plain(code))));
    says + &cause.unwrap_or_default()
}

/// One attempt: when, by which provider, and what came of it.
fn step(attempt: &Value, times: &Times<'_>) -> String {
    let cause = attempt["cause"].as_str().map(|code| words::cause_of(&plain(code)));
    let came = match attempt["outcome"].as_str() {
        Some("SUCCEEDED") => format!("taken{}", times.at(attempt, "endedAt")),
        Some("FAILED") => {
            let why = cause.unwrap_or_default();
            let due = attempt["nextDue"]
                .as_str()
                .map(|due| format!("; the next one is due at {}", times.short(due)));
            format!("not taken: {why}{}", due.unwrap_or_default())
        }
        Some("UNKNOWN") => {
            let why = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("it is not known whether it was taken{why}")
        }
        _ => "no outcome yet".to_owned(),
    };
    let number = cell(attempt, "attempt");
    format!("{}  attempt {number} by {}: {came}", stamp(attempt, "startedAt", times), carrier(attempt))
}

fn stamp(of: &Value, field: &str, times: &Times<'_>) -> String {
    of[field].as_str().map_or_else(|| "-".to_owned(), |moment| times.short(moment))
}

/// The provider of an attempt, with the beginning of its entry's id and its server where they are known.
fn carrier(attempt: &Value) -> String {
    let entry = attempt["instance"].as_str().map(|id| {
        let short: String = id.chars().take(8).collect();
        format!("entry {}\u{2026}", plain(&short))
    });
    let server = attempt["server"].as_str().map(plain);
    let known: Vec<String> = entry.into_iter().chain(server).collect();
    let provider = cell(attempt, "provider");
    if known.is_empty() { provider } else { format!("{provider} ({})", known.join(", ")) }
}

fn deadline(channel: &Value, times: &Times<'_>) -> String {
    channel["expiresAt"].as_str().map_or_else(|| "its deadline".to_owned(), |moment| times.short(moment))
}

#[cfg(test)]
mod tests {
    use orqestra_dispatch::WaitReason;
    use orqestra_domain::notification::SkipReason;
    use serde_json::json;

    use super::*;

    fn event(channel: &Value) -> Value {
        json!({"acceptedAt": "2026-11-30T10:00:00.000001Z", "readAt": "2026-12-01T08:00:00.5Z", "channels": [channel]})
    }

    fn now() -> Timestamp {
        "2026-11-30T10:00:30Z".parse().unwrap()
    }

    fn story(channel: &Value) -> String {
        of(&event(channel), now())
    }

    fn taken() -> Value {
        json!({"attempt": 1, "provider": "resend", "instance": "0f3a1b2c-0000-4000-8000-000000000000",
            "startedAt": "2026-11-30T10:00:01Z", "outcome": "SUCCEEDED", "endedAt": "2026-11-30T10:00:02Z"})
    }

    #[test]
    fn a_test_is_told_as_one() {
        let mut event = event(&taken());
        event["testing"] = true.into();
        assert!(of(&event, now()).starts_with("It came with a test key: the sandbox alone carries"));
    }

    #[test]
    fn a_message_that_went_well_is_one_line() {
        let channel = json!({"channel": "EMAIL", "status": "SENT", "sentAt": "2026-11-30T10:00:02.123456Z",
            "receipt": {"status": "delivered", "occurredAt": "2026-11-30T10:00:05Z"}, "attempts": [taken()]});
        assert_eq!(
            story(&channel),
            "EMAIL  sent by resend (entry 0f3a1b2c\u{2026}) at 10:00:02, delivered at 10:00:05 (receipt)\n"
        );
        let push = json!({"channel": "PUSH", "status": "SENT", "sentAt": "2026-11-30T10:00:01Z",
            "attempts": [{"attempt": 1, "provider": "hub", "outcome": "SUCCEEDED"}]});
        assert_eq!(story(&push), "PUSH   put into the inbox at 10:00:01, read at 2026-12-01 08:00:00\n");
    }

    #[test]
    fn each_step_of_a_message_that_did_not_go_well_is_a_line_with_its_time() {
        let failed = json!({"attempt": 1, "provider": "smtp", "server": "mx1:25", "startedAt": "2026-11-30T10:00:01Z",
            "outcome": "FAILED", "cause": "smtp_451", "endedAt": "2026-11-30T10:00:02Z", "nextDue": "2026-11-30T10:00:07Z"});
        let unknown = json!({"attempt": 2, "provider": "smtp", "server": "mx1:25", "startedAt": "2026-11-30T10:00:07Z",
            "outcome": "UNKNOWN", "cause": "smtp_timeout"});
        let channel = json!({"channel": "EMAIL", "status": "UNKNOWN", "deliveryId": "d", "cause": "smtp_timeout", "endedAt": "2026-11-30T10:00:09Z",
            "possibleDuplicate": true, "missingVariables": ["order.total", "name"], "attempts": [failed, unknown]});
        let lines: Vec<_> = story(&channel).lines().map(|line| line.trim_start().to_owned()).collect();
        assert_eq!(
            lines,
            [
                "EMAIL  perhaps sent: the mail server took the connection and did not answer in time (smtp_timeout); \
                 an operator decides, by `orqestra unknown resolve d delivered|resend|drop`",
                "10:00:01  attempt 1 by smtp (mx1:25): not taken: the mail server answered with code 451 (smtp_451); \
                 the next one is due at 10:00:07",
                "10:00:07  attempt 2 by smtp (mx1:25): it is not known whether it was taken: the mail server took the \
                 connection and did not answer in time (smtp_timeout)",
                "the template asked for what the event lacked: order.total, name",
                "it may reach the recipient twice",
            ]
        );
    }

    #[test]
    fn what_waits_says_for_what_and_what_was_skipped_says_why() {
        for reason in WaitReason::ALL {
            let channel = json!({"channel": "SMS", "status": "PLANNED", "waitsFor": reason.as_str(), "attempts": [],
                "expiresAt": "2026-12-03T10:00:00Z"});
            let told = story(&channel);
            assert!(told.starts_with("SMS    not sent: "), "{told}");
            assert!(told.ends_with(", and it is sent by itself until 2026-12-03 10:00:00\n"), "{told}");
        }
        let channel =
            json!({"channel": "SMS", "status": "PLANNED", "waitsFor": "no_provider", "attempts": []});
        let told = story(&channel);
        assert!(
            told.contains(
                "configure one by `orqestra provider set SMS`, and it is sent by itself until its deadline"
            ),
            "{told}"
        );
        for reason in SkipReason::ALL {
            let skipped =
                json!({"channel": "SMS", "status": "SKIPPED", "reason": reason.as_str(), "attempts": []});
            let told = story(&skipped);
            assert!(
                told.starts_with("SMS    not sent: ") && told.ends_with(" (decided at 10:00:00)\n"),
                "{told}"
            );
            let mut later = skipped.clone();
            later["template"] = json!({"templateId": "t", "version": 1});
            assert!(!story(&later).contains("decided"), "the read model does not have it yet");
            later["endedAt"] = json!("2026-11-30T10:00:03Z");
            assert!(story(&later).ends_with(" (decided at 10:00:03)\n"));
        }
    }

    #[test]
    fn every_status_is_told_and_one_of_a_newer_engine_stands_as_it_is() {
        for status in Status::ALL {
            let channel = json!({"channel": "EMAIL", "status": status.as_str(), "cause": "smtp_550", "attempts": [taken()],
                "nextDue": "2026-11-30T10:01:00Z", "reason": "expired", "deliveryId": "d"});
            let told = story(&channel);
            let first = told.lines().next().unwrap();
            assert!(first.len() > 12 && !first.contains(status.as_str()), "{first}");
        }
        let newer = json!({"channel": "EMAIL", "status": "LOST\u{1b}[2J", "attempts": []});
        assert_eq!(story(&newer), "EMAIL  LOST\\u{1b}[2J\n");
    }

    #[test]
    fn a_dead_letter_says_how_often_it_was_tried_and_an_operators_word_is_told_as_such() {
        let failed = json!({"attempt": 1, "provider": "smtp", "startedAt": "2026-11-30T10:00:01Z", "outcome": "FAILED",
            "cause": "smtp_550", "endedAt": "2026-11-30T10:00:02Z"});
        let channel = json!({"channel": "EMAIL", "status": "FAILED", "deliveryId": "d", "cause": "smtp_550",
            "endedAt": "2026-11-30T10:00:03Z", "attempts": [failed]});
        let told = story(&channel);
        assert!(
            told.starts_with(
                "EMAIL  not sent: given up at 10:00:03 after 1 attempt, which ended at 10:00:02: the mail server answered with code 550 \
                 (smtp_550); `orqestra dead-letter redrive d --reason TEXT` sends it once more\n"
            ),
            "{told}"
        );
        let unknown = json!({"attempt": 1, "provider": "smtp", "outcome": "UNKNOWN"});
        let channel = json!({"channel": "EMAIL", "status": "SENT", "sentAt": "2026-11-30T10:00:02Z", "attempts": [unknown]});
        assert!(story(&channel).starts_with("EMAIL  called delivered by an operator at 10:00:02\n"));
    }

    #[test]
    fn of_an_unknown_outcome_a_receipt_and_a_time_are_told_only_while_they_hold() {
        let of = |provider: &str, ended: Option<&str>| {
            let attempt = json!({"attempt": 1, "provider": provider, "outcome": "UNKNOWN"});
            let mut channel =
                json!({"channel": "SMS", "status": "UNKNOWN", "deliveryId": "d", "attempts": [attempt]});
            if let Some(ended) = ended {
                channel["endedAt"] = ended.into();
            }
            story(&channel).lines().next().unwrap().to_owned()
        };
        let (past, ahead) = (Some("2026-11-30T10:00:29Z"), Some("2026-11-30T10:05:00Z"));
        for (provider, ended, decides) in [
            ("smtp", past, "an operator decides"),
            ("smtp", None, "an operator decides"),
            ("twilio", past, "an operator decides"),
            ("twilio", None, "a receipt or an operator decides"),
            ("twilio", ahead, "a receipt is waited for until 10:05:00, then an operator decides"),
        ] {
            let wanted = format!(
                "SMS    perhaps sent; {decides}, by `orqestra unknown resolve d delivered|resend|drop`"
            );
            assert_eq!(of(provider, ended), wanted, "{provider} {ended:?}");
        }
    }

    #[test]
    fn a_dead_letter_of_which_an_attempt_may_have_arrived_says_so() {
        let unknown = json!({"attempt": 1, "provider": "smtp", "startedAt": "2026-11-30T10:00:01Z", "outcome": "UNKNOWN",
            "cause": "smtp_timeout", "endedAt": "2026-11-30T10:00:02Z"});
        let channel = json!({"channel": "EMAIL", "status": "FAILED", "deliveryId": "d", "cause": "dropped",
            "endedAt": "2026-11-30T10:00:03Z", "attempts": [unknown]});
        let told = story(&channel);
        assert!(
            told.starts_with(
                "EMAIL  perhaps sent: given up at 10:00:03 after 1 attempt, which ended at 10:00:02: an operator gave it up \
                 (dropped); an attempt may have arrived; `orqestra dead-letter redrive d --reason TEXT` sends it once more\n"
            ),
            "{told}"
        );
    }

    #[test]
    fn a_dead_letter_names_the_redrive_that_would_be_taken() {
        let of = |cause: &str, receipt: Value| {
            let channel = json!({"channel": "SMS", "status": "FAILED", "deliveryId": "d", "cause": cause, "receipt": receipt,
                "attempts": []});
            story(&channel).lines().next().unwrap().to_owned()
        };
        let lift = "this suppressed the address: after `orqestra suppression lift SMS ADDRESS`, \
                    `orqestra dead-letter redrive d --reason TEXT` sends it once more";
        for opted_out in ["sandbox_opted_out", "twilio_21610", "africastalking_406"] {
            assert!(of(opted_out, Value::Null).ends_with(lift), "{opted_out}");
        }
        assert!(of("twilio_30005", json!({"status": "bounced"})).ends_with(lift));
        for plain in [Value::Null, json!({"status": "undelivered"})] {
            let told = of("twilio_30005", plain);
            assert!(told.contains("redrive d") && !told.contains("suppress"), "{told}");
        }
        assert!(!of("expired", Value::Null).contains("redrive"));
    }
}
