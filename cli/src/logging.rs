//! Log lines, to standard error, for people or as JSON, filtered by `RUST_LOG`; and spans, where a collector is given.
//!
//! What is logged waits in memory for a thread that writes it, so the end has to be told: see [`Logging::end`].

use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{Clock as _, Ids as _};
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};
use uuid::Uuid;

use crate::lines::Lines;
use crate::settings::{AccessLog, LogFormat, Settings};
use crate::traces::Spans;

/// What the pools and the server say of each connection that an outage takes is told once by whoever works on them; what
/// sqlx says of an address that it does not understand may be a part of a password.
const DEFAULT_FILTER: &str = "info,sqlx=warn,sqlx_postgres::options=off,sqlx::pool=error,sqlx_core::pool=error,sqlx::postgres::notice=error,hyper=warn";
/// The target of spans that are for a collector and not for lines.
const SPANS: &str = "orqestra::span";

/// The id of this run of the program, in the metadata of its events and on its spans.
pub(crate) fn process() -> Uuid {
    static PROCESS: OnceLock<Uuid> = OnceLock::new();
    *PROCESS.get_or_init(|| SystemIds.uuid_v7(SystemClock.now()))
}

/// What logs for the whole process.
pub(crate) struct Logging {
    lines: Lines,
    spans: Option<Spans>,
}

impl Logging {
    /// Starts it. Spans are sent by tasks of this runtime.
    pub(crate) fn start(settings: &Settings, runtime: &Handle) -> anyhow::Result<Self> {
        let written = Lines::start(std::io::stderr()).context("no thread for log lines")?;
        let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
        filter = filter.add_directive(format!("{SPANS}=off").parse().context("a filter")?);
        if settings.access_log == AccessLog::Off {
            filter = filter.add_directive("orqestra::access=off".parse().context("a filter")?);
        }
        let lines =
            fmt::layer::<Registry>().with_writer(written.clone()).with_ansi(std::io::stderr().is_terminal());
        let lines = match settings.log_format {
            LogFormat::Text => lines.with_target(false).compact().boxed(),
            LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        };
        let endpoint = settings.otlp_endpoint.as_deref();
        let spans = endpoint.map(|endpoint| Spans::start(endpoint, process(), runtime)).transpose()?;
        // A second start in one process is a test's; the first one's format stays.
        drop(match spans.clone() {
            None => tracing_subscriber::registry().with(lines).with(filter).try_init(),
            Some(spans) => {
                let ours = Targets::new().with_target(SPANS, LevelFilter::TRACE);
                let lines = tracing_subscriber::registry().with(lines.with_filter(filter));
                lines.with(spans.with_filter(ours)).try_init()
            }
        });
        Ok(Self { lines: written, spans })
    }

    /// Sends and writes what waits; spans within this time.
    pub(crate) fn end(self, within: Duration) {
        if let Some(spans) = self.spans {
            spans.end(within);
        }
        self.lines.end();
    }
}
