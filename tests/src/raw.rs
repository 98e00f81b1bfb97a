//! A connection that sends exactly these bytes, for what a client library would refuse to send or put right.
//!
//! Answers are read one by one, by their announced length, so that several may come over one connection.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The engine answers within this or counts as gone; longer than it waits for a body.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A connection.
pub struct Raw {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The status line and the headers, in small letters.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Raw {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens.
    pub async fn open(to: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(to).await.expect("the engine listens"), received: Vec::new() }
    }

    /// Sends bytes. Where the engine has closed already, its answer tells why.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that nothing more is sent.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.ok();
    }

    /// Waits until there is something to read; false if the connection has failed.
    pub async fn readable(&self) -> bool {
        self.stream.readable().await.is_ok()
    }

    /// Reads the next answer; nothing if the connection ends without one.
    ///
    /// # Panics
    /// If neither comes in time.
    pub async fn answer(&mut self, has_body: bool) -> Option<RawAnswer> {
        tokio::time::timeout(ANSWER_WITHIN, self.next(has_body)).await.expect("an answer or an end in time")
    }

    async fn next(&mut self, has_body: bool) -> Option<RawAnswer> {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        self.received.drain(..end + 4);
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let length = if has_body && status >= 200 { length.unwrap_or(0) } else { 0 };
        while self.received.len() < length {
            self.more().await?;
        }
        Some(RawAnswer { status, head, body: self.received.drain(..length).collect() })
    }

    async fn more(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.received).await.ok()?;
        (read > 0).then_some(())
    }
}

impl RawAnswer {
    /// The status and the error's code; for a success `ok`.
    ///
    /// # Panics
    /// If an error has not the body of every error.
    #[track_caller]
    pub fn told(&self) -> (u16, String) {
        if self.status < 400 {
            return (self.status, "ok".to_owned());
        }
        let body: Value = serde_json::from_slice(&self.body).expect("an error's body is JSON");
        assert_eq!(body["statusCode"], self.status, "{body}");
        (self.status, body["code"].as_str().expect("an error has a code").to_owned())
    }
}
