//! The recorder of metrics: what each is for, the buckets of histograms, and the text that is shown.
//!
//! Buckets are fixed, so that those of several processes can be added up. A gauge that is not known now is NaN inside and is
//! not shown: it says what is now, or is absent.

use anyhow::Context as _;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use orqestra_api::Metrics;
use orqestra_event_log::EventLog;

/// Commands in a batch.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Seconds that somebody waits for.
const WAIT: [f64; 15] =
    [0.000_5, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
/// Seconds from acceptance to a delivery's end, retries of hours among them.
const DELIVERY: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0];

const COUNTERS: [(&str, &str); 36] = [
    ("orqestra_http_requests_total", "Requests answered, by route and status"),
    (
        "orqestra_idle_connections_closed_total",
        "Connections without a request that were closed for another one",
    ),
    (
        "orqestra_admin_refusals_total",
        "Admin requests refused: a wrong token, or one of a peer that has to wait",
    ),
    ("orqestra_triggers_total", "Triggers answered with success: accepted now, or repeated"),
    ("orqestra_limited_total", "Triggers refused by a limit of their tenant"),
    ("orqestra_limits_counted_anew_total", "New counts of limits from the log, with all API processes"),
    ("orqestra_shared_answers_total", "Repeated triggers answered by what another process told Redis"),
    ("orqestra_redis_failures_total", "Times that limits could not be counted through Redis, by reason"),
    (
        "orqestra_stuck_deliveries_total",
        "Deliveries and due rows that were stuck and were put right, by what was found",
    ),
    ("orqestra_redriven_total", "Dead letters that redrives looked at: requeued, or refused"),
    ("orqestra_receipts_total", "Receipts that providers called back with, by provider, word and outcome"),
    ("orqestra_receipts_rejected_total", "Callbacks that no entry of their tenant had signed"),
    (
        "orqestra_callback_secrets_unopened_total",
        "Times that a secret by which callbacks are verified could not be opened",
    ),
    ("orqestra_suppressed_total", "Addresses suppressed, by channel and reason"),
    ("orqestra_retries_put_off_total", "Retries put off because too many of their provider failed"),
    ("orqestra_append_events_total", "Events stored by this process"),
    ("orqestra_append_refusals_total", "Appends not stored, by reason"),
    ("orqestra_database_clock_steps_total", "Jumps of the database's clock by more than a second"),
    ("orqestra_command_retries_total", "Commands decided again because another was faster"),
    ("orqestra_subscription_events_total", "Events handled or passed over"),
    ("orqestra_subscription_parked_total", "Aggregates set aside"),
    ("orqestra_attempts_total", "Attempts, by channel and outcome"),
    ("orqestra_deliveries_total", "Deliveries that ended or are held, by channel and outcome"),
    (
        "orqestra_dispatch_leases_dropped_total",
        "Due deliveries that left the memory because their lease had ended",
    ),
    (
        "orqestra_dispatch_postponed_total",
        "Deliveries left to their lease: provider down or busy, database away",
    ),
    ("orqestra_outcome_retries_total", "Outcomes that had to be recorded later"),
    ("orqestra_breaker_opened_total", "Providers left alone after five failures in a row"),
    ("orqestra_provider_throttled_total", "Answers by which a provider asked to be left alone for a while"),
    ("orqestra_swept_total", "Attempts without an outcome that a sweeper called unknown"),
    ("orqestra_realtime_publications_total", "Publications handed to connections"),
    ("orqestra_realtime_disconnects_total", "Connections for live pushes ended by this process, by code"),
    ("orqestra_realtime_recoveries_total", "Clients that asked for what they had missed, by outcome"),
    ("orqestra_relay_records_total", "Events that Kafka has acknowledged"),
    ("orqestra_relay_failures_total", "Batches and ticks that Kafka did not take"),
    ("orqestra_log_lines_dropped_total", "Log lines that standard error was too slow for"),
    ("orqestra_span_batches_total", "Requests to the collector of spans: taken, or lost"),
];

const GAUGES: [(&str, &str); 17] = [
    ("orqestra_build_info", "Always 1; the label names the program's version"),
    ("orqestra_append_works", "1 while appends are stored, or would be; 0 while they are not"),
    ("orqestra_append_queue_depth", "Commands that wait to be stored"),
    ("orqestra_subscription_lag", "Events behind the log's head, where this process reads them"),
    ("orqestra_subscription_interrupted", "1 while something has failed that may pass"),
    ("orqestra_subscription_halted", "1 while it stands still at an event that it cannot handle"),
    ("orqestra_subscription_outdated", "1 while it is left to a process of a newer version"),
    ("orqestra_dispatch_queued", "Due deliveries that wait in the memory of this process"),
    ("orqestra_due_deliveries", "Unsettled deliveries of the whole installation"),
    ("orqestra_limits_shared", "Whether limits are counted with the other API processes, through Redis"),
    ("orqestra_dispatch_processes", "Processes that send, as this one counts them"),
    ("orqestra_due_oldest_seconds", "For how long the oldest delivery that is due has been so"),
    ("orqestra_waiting_deliveries", "Deliveries that wait for an operator to mend something"),
    (
        "orqestra_unknown_held",
        "Deliveries whose outcome is unknown and that wait for an operator, not for a receipt",
    ),
    ("orqestra_oldest_unknown_seconds", "How long the oldest of the deliveries that are held has waited"),
    ("orqestra_realtime_connections", "Front ends connected to this process"),
    ("orqestra_tenants_halted", "Tenants with a change that this process cannot read"),
];

const HISTOGRAMS: [(&str, Unit, &str, &[f64]); 4] = [
    ("orqestra_http_request_duration_seconds", Unit::Seconds, "How long requests took, by route", &WAIT),
    ("orqestra_append_batch_size", Unit::Count, "Commands in a batch", &COMMANDS),
    ("orqestra_append_flush_seconds", Unit::Seconds, "How long a batch took to be stored", &WAIT),
    ("orqestra_delivery_seconds", Unit::Seconds, "From acceptance to a delivery's end", &DELIVERY),
];

/// The metrics of the whole process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder(PrometheusHandle);

impl Recorder {
    /// Installs the recorder for the whole process.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let mut builder = PrometheusBuilder::new();
        for (name, _, _, buckets) in HISTOGRAMS {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)?;
        }
        let handle = builder.install_recorder().context("metrics cannot be recorded")?;
        for (name, what) in COUNTERS {
            describe_counter!(name, what);
        }
        for (name, what) in GAUGES {
            describe_gauge!(name, what);
        }
        for (name, unit, what, _) in HISTOGRAMS {
            describe_histogram!(name, unit, what);
        }
        Collector::default().describe();
        metrics::gauge!("orqestra_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        metrics::counter!("orqestra_log_lines_dropped_total").increment(0);
        Ok(Self(handle))
    }

    /// What is shown of an engine on this log.
    pub(crate) fn of(&self, log: EventLog) -> Shown {
        Shown { recorder: self.clone(), log }
    }
}

/// Lets the series of a process that sends spans begin at zero.
pub(crate) fn begin_span_metrics() {
    for outcome in ["taken", "lost"] {
        metrics::counter!("orqestra_span_batches_total", "outcome" => outcome).increment(0);
    }
}

/// The metrics of an engine, as they are when they are asked for.
pub(crate) struct Shown {
    recorder: Recorder,
    log: EventLog,
}

impl Metrics for Shown {
    fn text(&self) -> String {
        Collector::default().collect();
        self.log.tell_metrics();
        known(&self.recorder.0.render())
    }
}

/// What is known: without the series whose value is NaN, and without the words of a metric that has no other.
fn known(text: &str) -> String {
    let (mut known, mut words, mut in_words) = (String::with_capacity(text.len()), String::new(), false);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let is_words = line.starts_with('#');
        if is_words {
            if !in_words {
                words.clear();
            }
            words.push_str(line);
            words.push('\n');
        } else if !line.ends_with(" NaN") {
            known.push_str(&std::mem::take(&mut words));
            known.push_str(line);
            known.push('\n');
        }
        in_words = is_words;
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_shown_and_its_words_neither() {
        let text = "# HELP a A.\n# TYPE a gauge\na{b=\"1\"} NaN\na{b=\"2\"} 3\n\n# HELP c C.\n# TYPE c gauge\nc NaN\n\n\
                    # TYPE d counter\nd 0\n\n";
        assert_eq!(known(text), "# HELP a A.\n# TYPE a gauge\na{b=\"2\"} 3\n# TYPE d counter\nd 0\n");
    }
}
