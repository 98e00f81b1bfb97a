//! The address that the HTTP server listens on; `orqestra_api::server` serves it.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;

/// Takes the address.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; set ORQESTRA_LISTEN to another address, each process has one of its own")
    })
}
