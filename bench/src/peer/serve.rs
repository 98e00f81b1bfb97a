//! A bare axum server for the peers, until SIGTERM: the trigger's route and one that says that it is there.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves.
pub(crate) async fn until_told<S>(address: SocketAddr, trigger: MethodRouter<Arc<S>>, state: S) -> Result<()>
where
    S: Send + Sync + 'static,
{
    let router = Router::new()
        .route("/api/v1/events/trigger", trigger)
        .route("/readyz", get(async || StatusCode::OK))
        .with_state(Arc::new(state));
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // A latency setting only.
        stream.set_nodelay(true).ok();
    });
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, router) => Ok(served?),
        _ = terminate.recv() => Ok(()),
    }
}
