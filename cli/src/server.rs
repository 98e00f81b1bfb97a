//! The addresses that the HTTP servers listen on; `orqestra_api::server` serves them.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};

use crate::settings::{Listen, Settings};

/// Connections that the kernel holds until they are accepted, if its own limit lets it.
const QUEUE: u32 = 4_096;

/// What a process listens on.
pub(crate) struct Listeners {
    /// All that it serves, but for what has an address of its own.
    pub(crate) main: TcpListener,
    /// Readiness and metrics, where they have one.
    pub(crate) probes: Option<TcpListener>,
}

impl Listeners {
    /// Takes the addresses of the settings.
    pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let main = bind(&settings.listen, "ORQESTRA_LISTEN").await?;
        let probes = match &settings.probes_listen {
            None => None,
            Some(address) => Some(bind(address, "ORQESTRA_PROBES_LISTEN").await?),
        };
        Ok(Self { main, probes })
    }

    /// The address that it listens on, and that of its probes.
    pub(crate) fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        let main = self.main.local_addr()?;
        Ok((main, self.probes.as_ref().map_or(Ok(main), TcpListener::local_addr)?))
    }
}

/// Takes the address, of a name's the first that can be taken.
async fn bind(listen: &Listen, setting: &str) -> anyhow::Result<TcpListener> {
    let bind_one = |address: SocketAddr| {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // What an earlier process has left there does not stand in the way.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    };
    let bound = async {
        let mut refused = None;
        for address in listen.addresses().await? {
            match bind_one(address) {
                Ok(bound) => return Ok(bound),
                // That of the first is told: it is the one that callers would have asked.
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.map_or_else(|| anyhow::anyhow!("it has no address"), anyhow::Error::new))
    };
    bound.await.with_context(|| {
        format!(
            "cannot listen on {listen}; set {setting} to another address, each process has one of its own"
        )
    })
}
