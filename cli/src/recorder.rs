//! The recorder of metrics, with the buckets of its histograms: fixed, so that those of several processes can be added up.

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Commands in a batch.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Seconds that somebody waits for.
const WAIT: [f64; 15] =
    [0.000_5, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
/// Seconds from acceptance to a delivery's end, retries of hours among them.
const DELIVERY: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0];

/// Installs the recorder for the whole process.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let buckets: [(&str, &[f64]); 4] = [
        ("orqestra_http_request_duration_seconds", &WAIT),
        ("orqestra_append_flush_seconds", &WAIT),
        ("orqestra_append_batch_size", &COMMANDS),
        ("orqestra_delivery_seconds", &DELIVERY),
    ];
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in buckets {
        builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)?;
    }
    builder.install_recorder().context("metrics cannot be recorded")
}
