//! The load: requests made beforehand, sent over connections that are kept, by one thread.
//!
//! Lean, since it shares the processors with what it measures: no client library, no allocation a request. A latency
//! runs from the moment a request is due until its answer has come whole.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

/// Requests as they go over the wire, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Requests {
    /// Adds one.
    pub(crate) fn push(&mut self, request: &[u8]) {
        self.bytes.extend_from_slice(request);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn range(&self, at: usize) -> (usize, usize) {
        (at.checked_sub(1).map_or(0, |before| self.ends[before]), self.ends[at])
    }

    /// The one at this place.
    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let (start, end) = self.range(at);
        &self.bytes[start..end]
    }
}

/// What one caller sends.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The requests, in this order.
    pub(crate) requests: Arc<Requests>,
    /// Over how many connections.
    pub(crate) connections: usize,
    /// How many a second; as many as are answered if `None`.
    pub(crate) rate: Option<u32>,
    /// Whether to begin again at the end; else the load ends there.
    pub(crate) again: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Requests answered 200.
    pub(crate) accepted: u64,
    /// Requests answered otherwise.
    pub(crate) refused: u64,
    /// The status of one of those.
    pub(crate) refusal: Option<u16>,
    /// When it began.
    pub(crate) started: Instant,
    /// From then to the last answer.
    pub(crate) elapsed: Duration,
    /// Latencies, ascending.
    pub(crate) latencies: Vec<Duration>,
}

impl Measured {
    /// Answers 200 a second.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.accepted as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        percentile(&self.latencies, percent)
    }
}

/// When the request of this number is due, from the start.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
pub(crate) fn due(number: usize, rate: u32) -> Duration {
    Duration::from_secs_f64(number as f64 / f64::from(rate))
}

/// The value that `percent` of ascending values do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}

/// Sends for `time`, or until the requests are used up.
pub(crate) async fn run(to: SocketAddr, callers: Vec<Caller>, time: Duration) -> Result<Vec<Measured>> {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, send(to, callers, time))
    })
    .await?
}

/// Sends all of a caller's requests and fails if one is refused.
pub(crate) async fn all(to: SocketAddr, requests: Arc<Requests>, connections: usize) -> Result<Measured> {
    let caller = Caller { requests, connections, rate: None, again: false };
    let measured = run(to, vec![caller], Duration::from_mins(10)).await?.remove(0);
    ensure!(measured.refused == 0, "{} requests refused with {:?}", measured.refused, measured.refusal);
    Ok(measured)
}

#[derive(Default)]
struct Tally {
    accepted: Cell<u64>,
    refused: Cell<u64>,
    refusal: Cell<Option<u16>>,
    next: Cell<usize>,
    last: Cell<Option<Instant>>,
}

async fn send(to: SocketAddr, callers: Vec<Caller>, time: Duration) -> Result<Vec<Measured>> {
    let mut opened = Vec::new();
    for caller in callers {
        let mut connections = Vec::new();
        for _ in 0..caller.connections {
            connections.push(Connection::open(to).await?);
        }
        opened.push((caller, connections));
    }
    let started = Instant::now();
    let running: Vec<_> = opened
        .into_iter()
        .map(|(caller, connections)| {
            let tally = Rc::new(Tally::default());
            let tasks: Vec<_> = connections
                .into_iter()
                .map(|connection| {
                    let (caller, tally) = (caller.clone(), Rc::clone(&tally));
                    tokio::task::spawn_local(converse(connection, caller, tally, started, time))
                })
                .collect();
            (tally, tasks)
        })
        .collect();
    let mut all = Vec::new();
    for (tally, tasks) in running {
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await??);
        }
        latencies.sort_unstable();
        all.push(Measured {
            accepted: tally.accepted.get(),
            refused: tally.refused.get(),
            refusal: tally.refusal.get(),
            started,
            elapsed: tally.last.get().unwrap_or(started) - started,
            latencies,
        });
    }
    Ok(all)
}

async fn converse(
    mut connection: Connection,
    caller: Caller,
    tally: Rc<Tally>,
    started: Instant,
    time: Duration,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::with_capacity(4_096);
    loop {
        let number = tally.next.get();
        tally.next.set(number + 1);
        let due = match caller.rate {
            Some(rate) => {
                let due = started + due(number, rate);
                sleep_until(due).await;
                due
            }
            None => Instant::now(),
        };
        let at = if caller.again { number % caller.requests.len() } else { number };
        if due - started >= time || at >= caller.requests.len() {
            return Ok(latencies);
        }
        let status = connection.ask(caller.requests.get(at)).await?;
        let now = Instant::now();
        latencies.push(now - due);
        tally.last.set(Some(now));
        if status == 200 {
            tally.accepted.set(tally.accepted.get() + 1);
        } else {
            tally.refused.set(tally.refused.get() + 1);
            tally.refusal.set(Some(status));
        }
    }
}

/// One connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("connecting to the program measured")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16_384], filled: 0 })
    }

    /// Sends a request and reads the answer whole; its status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.filled = 0;
        loop {
            if let Some(status) = self.whole()? {
                return Ok(status);
            }
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.filled, 0);
            }
            let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
            ensure!(read > 0, "the connection was closed in the middle of an answer");
            self.filled += read;
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        let answer = &self.buffer[..self.filled];
        head_end(answer).map_or(&[], |end| &answer[end..])
    }

    fn whole(&self) -> Result<Option<u16>> {
        let answer = &self.buffer[..self.filled];
        let Some(end) = head_end(answer) else { return Ok(None) };
        let head = std::str::from_utf8(&answer[..end])?;
        let length = head
            .split("\r\n")
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            })
            .unwrap_or(0);
        if answer.len() < end + length {
            return Ok(None);
        }
        match head.get(9..12).and_then(|status| status.parse().ok()) {
            Some(status) => Ok(Some(status)),
            None => bail!("no status in the answer's first line"),
        }
    }
}

fn head_end(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}
