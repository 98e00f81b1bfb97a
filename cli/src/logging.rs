//! Log lines: to standard error, for people or as JSON, filtered by `RUST_LOG`.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// What the pools and the server say of each connection that an outage takes is told once by whoever works on them.
const DEFAULT_FILTER: &str =
    "info,sqlx=warn,sqlx::pool=error,sqlx_core::pool=error,sqlx::postgres::notice=error,hyper=warn";

/// Starts logging for the whole process.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => lines.with_target(false).compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // A second start in one process is a test's; the first one's format stays.
    drop(started);
}
