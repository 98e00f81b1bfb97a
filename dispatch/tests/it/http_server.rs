//! A provider's API that answers as a test says, and notes what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What comes back for one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status, headers as they are written, and a body.
    Answer(u16, &'static str, String),
    /// This one, and the connection is closed right behind it, without a word of that in its head.
    Last(Box<Reply>),
    /// The connection is closed once the request is read.
    Close,
    /// The connection is reset once the request is read.
    Reset,
    /// Words that are no HTTP.
    Junk,
    /// The head of an answer, and then half a body.
    HalfABody(u16),
    /// The beginning of a head, a byte at a time, without an end.
    Drip,
    /// A whole head, and then a body, a byte at a time.
    DrippingBody(u16),
    /// A good head, and a body without an end.
    Flood,
}

/// A request that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// In small letters.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The server; it ends with its test.
pub(crate) struct HttpServer {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    opened: Arc<AtomicUsize>,
    ended: watch::Sender<usize>,
    accepting: AbortHandle,
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl HttpServer {
    /// Answers by these, and then always by the last one.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let (asked, opened) = (Arc::default(), Arc::<AtomicUsize>::default());
        let (noted, counted) = (Arc::clone(&asked), Arc::clone(&opened));
        let ended = watch::Sender::default();
        let ends = ended.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&noted), ends.clone()));
            }
        });
        Self { port, asked, opened, ended, accepting: accepting.abort_handle() }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until the client has ended a connection behind [`Reply::Last`].
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        let ends = ended.wait_for(|ended| *ended > 0);
        tokio::time::timeout(crate::world::DEADLINE, ends).await.expect("in time").unwrap();
    }

    /// How many connections were opened to it.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

/// Answers requests on one connection, one after the other, until it ends.
async fn serve(
    mut stream: TcpStream,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    ended: watch::Sender<usize>,
) -> Option<()> {
    loop {
        let request = read(&mut stream).await?;
        asked.lock().unwrap().push(request);
        let reply = {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
        };
        let (reply, is_last) = match reply? {
            Reply::Last(reply) => (*reply, true),
            reply => (reply, false),
        };
        match reply {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n{headers}\r\n");
                stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
            }
            Reply::Last(_) | Reply::Close => return None,
            Reply::Reset => {
                stream.set_zero_linger().ok()?;
                return None;
            }
            Reply::Junk => {
                stream.write_all(b"220 mail.example.org ESMTP\r\n\r\n").await.ok()?;
                return None;
            }
            Reply::HalfABody(status) => {
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: 1000\r\n\r\n{{\"id\":");
                stream.write_all(head.as_bytes()).await.ok()?;
                return None;
            }
            Reply::Drip => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await.ok()?;
                drip(&mut stream).await?;
            }
            Reply::DrippingBody(status) => {
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: 1000000\r\n\r\n{{");
                stream.write_all(head.as_bytes()).await.ok()?;
                drip(&mut stream).await?;
            }
            Reply::Flood => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n").await.ok()?;
                loop {
                    stream.write_all(&[b' '; 4_096]).await.ok()?;
                }
            }
        }
        if is_last {
            stream.shutdown().await.ok()?;
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok()?;
            ended.send_modify(|ended| *ended += 1);
            return None;
        }
    }
}

/// Sends a byte now and then, until the client hangs up.
async fn drip(stream: &mut TcpStream) -> Option<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tick.tick().await;
        stream.write_all(b"a").await.ok()?;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let lines = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    });
    let head = lines.collect::<Vec<_>>().join("\n");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    while bytes.len() < end + 4 + length.unwrap_or(0) {
        more(stream, &mut bytes).await?;
    }
    let body = String::from_utf8(bytes[end + 4..].to_vec()).ok()?;
    Some(Asked { path, head, body })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4_096];
    let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&chunk[..read]);
    Some(())
}
