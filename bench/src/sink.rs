//! An SMTP server that takes everything at once and notes when each recipient's mail was accepted.
//!
//! Recipients are `n<number>@...`; the moment is taken before the answer is written.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A running one.
pub(crate) struct Sink {
    address: SocketAddr,
    accepted: Arc<Mutex<Vec<Option<Instant>>>>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Listens, for recipients below `recipients`.
    pub(crate) async fn start(recipients: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accepted = Arc::new(Mutex::new(vec![None; recipients]));
        let noted = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    // A client that hangs up ends its own conversation.
                    drop(converse(stream, &noted).await);
                });
            }
        });
        Ok(Self { address, accepted, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When each recipient's mail was accepted.
    pub(crate) fn accepted(&self) -> Vec<Option<Instant>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, accepted: &Mutex<Vec<Option<Instant>>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 bench ESMTP\r\n").await?;
    let mut line = Vec::new();
    let mut recipient = None;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).to_ascii_uppercase();
        let answer = match command.get(..4).unwrap_or_default() {
            "EHLO" => "250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipient = number(&command);
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                while line != b".\r\n" {
                    line.clear();
                    if stream.read_until(b'\n', &mut line).await? == 0 {
                        return Ok(());
                    }
                }
                let now = Instant::now();
                if let Some(at) = recipient.take() {
                    let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(place) = accepted.get_mut(at) {
                        place.get_or_insert(now);
                    }
                }
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// The number in `RCPT TO:<N123@...`.
fn number(command: &str) -> Option<usize> {
    let digits = command.split_once("<N")?.1.split_once('@')?.0;
    digits.parse().ok()
}
