//! Learns of new events, of other processes too, by asking the database: now and then, and when a notice came.
//!
//! Any role can send a notice, so its text is not believed: a position that is known already costs nothing, any other
//! brings the next look forward, and a flood of them brings no more than one look in [`SPACE`]. A lost notice costs one
//! interval, never an event. The listening connection also holds the lock that leases call presence.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::LogError;
use crate::outage::Outage;
use crate::position::Position;
use crate::shared::Shared;

/// The channel that `append_commands` notifies.
const CHANNEL: &str = "orqestra_log";
/// The shortest time between two looks that notices ask for.
const SPACE: Duration = Duration::from_millis(5);
/// After so many failures the next look comes sooner: each may have met a connection that a failover broke.
const SOON_AGAIN: u32 = 5;
/// How long to wait before listening again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a listener that hears nothing asks whether its connection lives, and for how long it waits for the answer.
const ALIVE_EVERY: Duration = Duration::from_secs(5);
const ALIVE_WITHIN: Duration = Duration::from_secs(2);
/// How long one look at the head may hang before another one goes another way.
const HEAD_WITHIN: Duration = Duration::from_secs(3);

/// Notices since the last look: the highest position that was not known.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    highest: AtomicI64,
    news: Notify,
}

impl Notices {
    fn note(&self, position: Position) {
        self.highest.fetch_max(position.get(), Ordering::Relaxed);
        self.news.notify_one();
    }

    fn take(&self) -> Position {
        Position::new(self.highest.swap(0, Ordering::Relaxed))
    }
}

/// Listens until stopped.
pub(crate) async fn listen(
    shared: Arc<Shared>,
    options: PgConnectOptions,
    told: Arc<Notices>,
    stop: CancellationToken,
) {
    let outage = Outage::default();
    loop {
        let lost = tokio::select! {
            () = stop.cancelled() => return,
            lost = listen_once(&shared, &options, &told, &outage) => lost,
        };
        shared.present.store(false, Ordering::Relaxed);
        if outage.begins() {
            tracing::warn!(error = %lost, "listening for new events was interrupted");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn listen_once(
    shared: &Shared,
    options: &PgConnectOptions,
    told: &Notices,
    outage: &Outage,
) -> sqlx::Error {
    let mut renewals = shared.sessions.renewals();
    let listening = async {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(3))
            .connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        // This connection lives as long as the process: its lock says that the process does.
        let present: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(shared.presence_key())
            .fetch_one(&mut listener)
            .await?;
        shared.present.store(present, Ordering::Relaxed);
        if let Some(duration_ms) = outage.ends() {
            tracing::info!(duration_ms, "listening for new events again");
        }
        loop {
            let notice = tokio::select! {
                notice = listener.try_recv() => notice?,
                // It may lead to a server that is none any more.
                _ = renewals.changed() => None,
                () = sleep(ALIVE_EVERY) => {
                    // A network that has dropped it tells nothing.
                    let alive = timeout(ALIVE_WITHIN, listener.execute("select 1")).await;
                    alive.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
                    continue;
                }
            };
            // None: the connection broke.
            let Some(notice) = notice else { break };
            let Ok(position) = notice.payload().parse().map(Position::new) else { continue };
            if !shared.knows(position) {
                told.note(position);
            }
        }
        Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()))
    };
    let ended: Result<std::convert::Infallible, sqlx::Error> = listening.await;
    match ended {
        Err(error) => error,
    }
}

/// Asks for the head until stopped.
pub(crate) async fn poll(shared: Arc<Shared>, every: Duration, told: Arc<Notices>, stop: CancellationToken) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let outage = Outage::default();
    let mut looked = Instant::now();
    let mut failures = 0;
    loop {
        let by_notice = tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => false,
            () = told.news.notified() => true,
        };
        if by_notice {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(looked + SPACE) => {}
            }
            // Most often it is our own batch, whose answer is on its way.
            shared.own_batch().await;
            if shared.knows(told.take()) {
                continue;
            }
        }
        looked = Instant::now();
        match timeout(HEAD_WITHIN, shared.confirm_head()).await.unwrap_or(Err(LogError::Timeout)) {
            Err(error) if error.is_final() => return,
            Err(error) => {
                if outage.begins() {
                    tracing::warn!(%error, "the log's head cannot be read");
                }
                failures += 1;
                if failures <= SOON_AGAIN {
                    interval.reset_after(every / 5);
                }
            }
            Ok(_) => {
                failures = 0;
                if let Some(duration_ms) = outage.ends() {
                    shared.sessions.renew();
                    tracing::info!(duration_ms, "the log's head can be read again");
                }
            }
        }
    }
}
