//! From a trigger until what it causes has arrived, a mail or a push, at a steady rate.
//!
//! Triggers are due at fixed moments and a latency runs from the due moment: an engine that falls behind is not spared
//! the wait of those that queue.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, interval};

use crate::caller::Credentials;
use crate::load::{Caller, Requests, due, percentile, run};

const CONNECTIONS: usize = 32;
/// How long the last arrivals may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// The median.
    pub(crate) p50: Duration,
    /// What 99 % did not exceed.
    pub(crate) p99: Duration,
    /// Triggers a second that were accepted; the steady rate, unless something is wrong.
    pub(crate) rate: f64,
}

/// Triggers `rate` a second for `time` to so many users, after a second of the same that is not measured; `arrived` tells
/// when what each of them causes was there.
pub(crate) async fn measure(
    to: SocketAddr,
    credentials: &Credentials,
    users: u64,
    arrived: impl Fn() -> Vec<Option<Instant>>,
    rate: u32,
    time: Duration,
) -> Result<Latency> {
    let unmeasured = rate as usize;
    let count = unmeasured + rate as usize * usize::try_from(time.as_secs())?;
    let mut requests = Requests::default();
    let mut wire = Vec::new();
    for number in 0..count as u64 {
        credentials.trigger(&mut wire, "latency", number, number % users, &format!("n{number}@example.com"));
        requests.push(&wire);
    }
    let caller =
        Caller { requests: Arc::new(requests), connections: CONNECTIONS, rate: Some(rate), again: false };
    let accepted = run(to, vec![caller], time + Duration::from_mins(1)).await?.remove(0);
    ensure!(accepted.refused == 0, "{} triggers were refused with {:?}", accepted.refused, accepted.refusal);
    let deadline = Instant::now() + PATIENCE;
    let mut look = interval(Duration::from_millis(50));
    let arrivals = loop {
        look.tick().await;
        let arrivals = arrived();
        if arrivals.iter().take(count).all(Option::is_some) {
            break arrivals;
        }
        ensure!(
            Instant::now() < deadline,
            "{} never arrived",
            arrivals.iter().filter(|at| at.is_none()).count()
        );
    };
    let mut latencies: Vec<Duration> = arrivals
        .into_iter()
        .take(count)
        .enumerate()
        .skip(unmeasured)
        .filter_map(|(number, at)| {
            let due = accepted.started + due(number, rate);
            Some(at? - due)
        })
        .collect();
    latencies.sort_unstable();
    Ok(Latency { p50: percentile(&latencies, 50), p99: percentile(&latencies, 99), rate: accepted.rate() })
}
