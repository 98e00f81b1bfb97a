//! A bare axum server for the peers, until SIGTERM.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves.
pub(crate) async fn until_told(address: SocketAddr, router: Router) -> Result<()> {
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
