//! A proxy before PostgreSQL or another server that is slow, or loses what a test tells it to lose.
//!
//! It passes bytes on and changes none. It can cut its connections, or lose them as a network does that forgets idle ones:
//! they stay open on both sides, and what is sent on them arrives nowhere. The rate holds for each connection and each direction alone. The answer to a
//! COMMIT that it loses is one that the server gave: what was committed stays so.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most bytes passed on at once.
const PIECE: usize = 16 * 1024;

#[derive(Default)]
struct Switches {
    /// Bytes a second; 0: as fast as they come.
    rate: AtomicU64,
    /// Lose the answer to the next COMMIT.
    lose_commit: AtomicBool,
    lost: AtomicU64,
    passed: AtomicU64,
    /// What becomes of the connections that are open, new for each time.
    fate: Mutex<Fate>,
}

#[derive(Clone, Default)]
struct Fate {
    cut: CancellationToken,
    lost: CancellationToken,
}

/// Where the proxy connects to.
enum Server {
    Socket(PathBuf),
    Port(u16),
}

/// A running proxy, for as long as the value lives.
pub struct Proxy {
    port: u16,
    switches: Arc<Switches>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Listens before the server with this unix socket.
    ///
    /// # Panics
    /// If the machine has no port.
    pub async fn before(server: PathBuf) -> Self {
        Self::open(Server::Socket(server)).await
    }

    /// Listens before the server with this port of this machine. It need not be up yet.
    ///
    /// # Panics
    /// If the machine has no port.
    pub async fn before_port(server: u16) -> Self {
        Self::open(Server::Port(server)).await
    }

    async fn open(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of this machine");
        let port = listener.local_addr().expect("a listener has an address").port();
        let switches = Arc::<Switches>::default();
        let task = tokio::spawn(accept(listener, server, Arc::clone(&switches)));
        Self { port, switches, task }
    }

    /// The port of this machine that leads through it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes no more bytes a second from now on, by connection and direction.
    pub fn slow_down(&self, bytes_a_second: u64) {
        self.switches.rate.store(bytes_a_second, Ordering::SeqCst);
    }

    /// Closes the connection that sends the next COMMIT once the server has answered it.
    pub fn lose_next_commit(&self) {
        self.switches.lose_commit.store(true, Ordering::SeqCst);
    }

    /// Closes all connections that are open now.
    ///
    /// # Panics
    /// If a thread panicked with the switches in its hand.
    pub fn cut(&self) {
        std::mem::take(&mut *self.switches.fate.lock().expect("no panic while locked")).cut.cancel();
    }

    /// Passes nothing more on connections that are open now, and tells neither side.
    ///
    /// # Panics
    /// If a thread panicked with the switches in its hand.
    pub fn lose(&self) {
        std::mem::take(&mut *self.switches.fate.lock().expect("no panic while locked")).lost.cancel();
    }

    /// How many answers were lost.
    pub fn lost(&self) -> u64 {
        self.switches.lost.load(Ordering::SeqCst)
    }

    /// How many bytes came from the server.
    pub fn passed(&self) -> u64 {
        self.switches.passed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: Server, switches: Arc<Switches>) {
    while let Ok((client, _)) = listener.accept().await {
        client.set_nodelay(true).ok();
        let switches = Arc::clone(&switches);
        match &server {
            Server::Socket(path) => {
                if let Ok(upstream) = UnixStream::connect(path).await {
                    tokio::spawn(pass(client, upstream.into_split(), switches));
                }
            }
            Server::Port(port) => {
                if let Ok(upstream) = TcpStream::connect(("127.0.0.1", *port)).await {
                    upstream.set_nodelay(true).ok();
                    tokio::spawn(pass(client, upstream.into_split(), switches));
                }
            }
        }
    }
}

async fn pass(
    client: TcpStream,
    server: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    switches: Arc<Switches>,
) {
    let fate = switches.fate.lock().expect("no panic while locked").clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server;
    // Set once this connection has sent the COMMIT whose answer is lost.
    let losing = AtomicBool::new(false);
    let upwards = copy(from_client, to_server, &switches, |bytes| {
        let commit = bytes.windows(6).any(|window| window == b"COMMIT");
        if commit && switches.lose_commit.swap(false, Ordering::SeqCst) {
            losing.store(true, Ordering::SeqCst);
        }
        true
    });
    let downwards = copy(from_server, to_client, &switches, |bytes| {
        switches.passed.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        let loses = losing.load(Ordering::SeqCst);
        if loses {
            switches.lost.fetch_add(1, Ordering::SeqCst);
        }
        !loses
    });
    // Held beyond the choice: with them go the ends.
    tokio::pin!(upwards, downwards);
    tokio::select! {
        () = &mut upwards => {}
        () = &mut downwards => {}
        () = fate.cut.cancelled() => {}
        // Its ends are kept open, until the proxy goes.
        () = fate.lost.cancelled() => std::future::pending().await,
    }
}

/// Passes on until either end closes or `goes_on` says no to what came.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    switches: &Switches,
    goes_on: impl Fn(&[u8]) -> bool,
) {
    let mut buffer = vec![0; PIECE];
    let mut free_at = Instant::now();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..length];
        if !goes_on(bytes) {
            return;
        }
        let rate = switches.rate.load(Ordering::SeqCst);
        if rate > 0 {
            let takes = Duration::from_secs(1) * u32::try_from(length).expect("a piece is small");
            let takes = takes / u32::try_from(rate).expect("a rate below 4 GB a second");
            free_at = free_at.max(Instant::now()) + takes;
            tokio::time::sleep_until(free_at).await;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
