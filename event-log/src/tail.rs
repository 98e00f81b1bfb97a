//! Learns of new events, of other processes too: by NOTIFY, and by asking now and then.
//!
//! Both only move the head forward; a lost notice costs one interval, never an event. Asking also compares the clocks;
//! the listening connection also holds the lock that leases call presence.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::log::Shared;
use crate::outage::Outage;
use crate::position::Position;

/// The channel that `append_batch` notifies.
const CHANNEL: &str = "orqestra_log";
/// How long to wait before listening again.
const AGAIN: Duration = Duration::from_millis(500);

/// Listens until stopped.
pub(crate) async fn listen(shared: Arc<Shared>, options: PgConnectOptions, stop: CancellationToken) {
    let outage = Outage::default();
    loop {
        let lost = tokio::select! {
            () = stop.cancelled() => return,
            lost = listen_once(&shared, &options, &outage) => lost,
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

async fn listen_once(shared: &Shared, options: &PgConnectOptions, outage: &Outage) -> sqlx::Error {
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
        // None: the connection broke.
        while let Some(notice) = listener.try_recv().await? {
            let Ok(position) = notice.payload().parse().map(Position::new) else { continue };
            if !shared.knows(position) {
                // Readers woken before our own batch is in memory would each ask the database for it.
                shared.own_batch().await;
                shared.advance(position);
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
pub(crate) async fn poll(shared: Arc<Shared>, every: Duration, stop: CancellationToken) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let outage = Outage::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        match shared.confirm_head().await {
            Err(error) => {
                if outage.begins() {
                    tracing::warn!(%error, "the log's head cannot be read");
                }
            }
            Ok(_) => {
                if let Some(duration_ms) = outage.ends() {
                    tracing::info!(duration_ms, "the log's head can be read again");
                }
            }
        }
    }
}
