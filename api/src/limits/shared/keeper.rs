//! Keeps this process counting in the installation's generation, or apart while Redis cannot be counted on.
//!
//! Invariant: a process enters a generation only with nothing under way and nothing let through that the log does not hold.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::{Ids, Outage};
use redis::Client;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::gate::{Gate, Generation};
use super::link::{Gathered, Keys, Link, Server, Trouble};
use super::lost::Lost;
use super::takes::Takes;
use super::told;

/// How often generation and server are looked at.
const LOOKS: Duration = Duration::from_millis(200);
/// How long what is under way may take to end.
const DRAINS_WITHIN: Duration = Duration::from_secs(1);
/// How long the others are waited for, and how often they are counted.
const GATHERS_WITHIN: Duration = Duration::from_secs(2);
const COUNTS: Duration = Duration::from_millis(25);
/// Between two tries to come back.
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Why this process counts apart.
#[derive(Debug, thiserror::Error)]
pub(super) enum Apart {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    #[error("triggers were under way for over 1 s, which a new count waits for")]
    UnderWay,
    #[error(
        "another API process does not arrive, which a new count waits for: it cannot reach Redis, or has no ORQESTRA_REDIS_URL"
    )]
    Alone,
}

impl Apart {
    /// Every reason that metrics give.
    pub(super) const CODES: [&str; 10] = [
        "slow",
        "away",
        "read_only",
        "full",
        "evicts",
        "cluster",
        "odd_answer",
        "failed",
        "under_way",
        "not_all_arrived",
    ];

    fn code(&self) -> &'static str {
        match self {
            Self::Trouble(trouble) => trouble.code(),
            Self::UnderWay => "under_way",
            Self::Alone => "not_all_arrived",
        }
    }
}

/// The task that does it.
pub(super) struct Keeper {
    pub(super) client: Client,
    pub(super) keys: Keys,
    pub(super) gate: Gate,
    pub(super) lost: Arc<Lost>,
    pub(super) own: Uuid,
    pub(super) live: watch::Receiver<BTreeSet<Uuid>>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) clock: Arc<dyn orqestra_event_log::Clock>,
    pub(super) told: Arc<told::Told>,
}

impl Keeper {
    /// Runs until the token ends.
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        let mut rest = FIRST_REST;
        loop {
            let shared = tokio::select! {
                () = token.cancelled() => return,
                shared = self.share(&outage, &mut rest) => shared,
            };
            let Err(apart) = shared;
            self.gate.open_apart();
            self.told.apart(&apart.to_string());
            metrics::counter!("orqestra_redis_failures_total", "reason" => apart.code()).increment(1);
            if outage.begins() {
                tracing::warn!(error = %apart, "limits are not shared: this process lets through its part of each");
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = sleep(rest) => {}
            }
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    /// Counts in generations for as long as Redis can be counted on.
    async fn share(&self, outage: &Outage, rest: &mut Duration) -> Result<std::convert::Infallible, Apart> {
        let (link, server) = Link::open(&self.client, self.keys.clone()).await?;
        loop {
            self.lost.clear();
            let name = self.enter(&link, &server).await?;
            let (takes, mut asks) = Takes::new();
            let generation = Arc::new(Generation { name, link: link.clone(), takes });
            self.gate.open_shared(Arc::clone(&generation));
            self.told.shared();
            *rest = FIRST_REST;
            if let Some(duration_ms) = outage.ends() {
                tracing::info!(duration_ms, "limits are shared again");
            }
            tokio::select! {
                over = self.watch(&generation, &server) => over?,
                () = asks.answer(&link, &generation.name) => {}
            }
            self.gate.close();
        }
    }

    /// Looks until the generation is over.
    async fn watch(&self, generation: &Generation, server: &Server) -> Result<(), Trouble> {
        let mut look = interval(LOOKS);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                lost = self.lost.happens() => return lost.map_or(Ok(()), Err),
                _ = look.tick() => {}
            }
            let (now, name) = tokio::try_join!(generation.link.server(), generation.link.generation())?;
            if now != *server || name.as_ref() != Some(&generation.name) {
                return Ok(());
            }
        }
    }

    /// Enters the generation that all count in, or begins one with all others.
    async fn enter(&self, link: &Link, server: &Server) -> Result<String, Apart> {
        let before = self.gate.counting().is_some() || !self.gate.is_clean() || self.told.has_counted();
        self.gate.close();
        if !before
            && let Some(name) = link.generation().await?
            && name.starts_with(&server.run_id)
        {
            // A process that has let nothing through yet has nothing to bring to an end.
            return Ok(name);
        }
        if !self.gate.drained(DRAINS_WITHIN).await {
            return Err(Apart::UnderWay);
        }
        let gathered = timeout(GATHERS_WITHIN, self.gather(link, server)).await;
        match gathered {
            Ok(name) => {
                metrics::counter!("orqestra_limits_counted_anew_total").increment(1);
                Ok(name?)
            }
            Err(_) => link.leave(self.own, server).await?.ok_or(Apart::Alone),
        }
    }

    async fn gather(&self, link: &Link, server: &Server) -> Result<String, Trouble> {
        let (mut count, mut first) = (interval(COUNTS), true);
        let begun = Instant::now();
        loop {
            count.tick().await;
            match link.arrive(self.own, server, first).await? {
                Gathered::Generation(name) => return Ok(name),
                Gathered::Waiting(here) if self.live.borrow().iter().all(|live| here.contains(live)) => {
                    let id = self.ids.uuid_v7(self.clock.now());
                    let name = link.found(server, id).await?;
                    tracing::info!(
                        processes = here.len(),
                        duration_ms = begun.elapsed().as_millis(),
                        "limits are counted anew from the log"
                    );
                    return Ok(name);
                }
                Gathered::Waiting(_) => first = false,
            }
        }
    }
}
