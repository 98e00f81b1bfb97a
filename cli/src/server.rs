//! The address that the HTTP server listens on; `orqestra_api::server` serves it.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel holds until they are accepted, if its own limit lets it.
const QUEUE: u32 = 4_096;

/// Takes the address.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // What an earlier process has left there does not stand in the way.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    };
    bound.await.with_context(|| {
        format!("cannot listen on {address}; set ORQESTRA_LISTEN to another address, each process has one of its own")
    })
}
