//! One WebSocket: its messages to the session, the session's answers and the outbox to it, and every deadline.
//!
//! A client that shows no token, does not answer a ping, or takes less than it is sent is let go; none of them keeps
//! anybody else waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures::FutureExt;
use orqestra_domain::Timestamp;
use tokio::time::{Instant, sleep_until, timeout};

use super::outbox::Outbox;
use super::session::{PING, Session};
use super::unknown::UnknownPlace;
use super::{Host, Place};
use crate::protocol::{self, Disconnect};
use crate::token::RealtimeTokens;

/// How long a client may take to show a token.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to answer a ping.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// How long a closing frame may take to leave.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Commands in one message: more than a client that joins all its channels at once has.
const MAX_COMMANDS: usize = 256;
/// How long a client may take to take in a message.
const TAKES_WITHIN: Duration = Duration::from_secs(30);
/// Lines that follow each other are sent together up to so many bytes.
const TOGETHER: usize = 32 * 1024;

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl Place {
    /// Serves a connection until either side ends it. `client` is an id to tell it by.
    pub async fn serve<H: Host>(
        self,
        mut socket: WebSocket,
        host: Arc<H>,
        tokens: Arc<RealtimeTokens>,
        now: Now,
        client: String,
    ) {
        let session = Session::new(self.hub.clone(), host, tokens, client);
        let mut connection = Connection {
            session,
            now,
            outbox: None,
            unknown: Some(self.unknown),
            next_ping: Instant::now() + PING,
            pong_by: None,
            known_by: Instant::now() + CONNECT_WITHIN,
        };
        let closing = self.hub.0.closing.clone();
        let ended = tokio::select! {
            ended = connection.run(&mut socket) => ended,
            () = closing.cancelled() => End::Ours(Disconnect::SHUTDOWN),
        };
        if let End::Ours(Disconnect { code, reason }) = ended {
            metrics::counter!("orqestra_realtime_disconnects_total", "code" => code.to_string()).increment(1);
            let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
            // A client that is gone already needs no word.
            drop(timeout(CLOSE_WITHIN, socket.send(close)).await);
        }
    }
}

/// How a connection ended.
enum End {
    /// By the client, or by the network.
    Theirs,
    Ours(Disconnect),
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Theirs
    }
}

impl From<Disconnect> for End {
    fn from(why: Disconnect) -> Self {
        Self::Ours(why)
    }
}

struct Connection<H> {
    session: Session<H>,
    now: Now,
    outbox: Option<Arc<Outbox>>,
    /// Its place among those that have shown no token.
    unknown: Option<UnknownPlace>,
    next_ping: Instant,
    pong_by: Option<Instant>,
    known_by: Instant,
}

enum Next {
    Received(Option<Result<Message, axum::Error>>),
    Publish(Result<VecDeque<Utf8Bytes>, Disconnect>),
    /// Its place is wanted by another client.
    Wanted,
    Time,
}

impl<H: Host> Connection<H> {
    async fn run(&mut self, socket: &mut WebSocket) -> End {
        loop {
            if let Err(end) = self.step(socket).await {
                return end;
            }
        }
    }

    async fn step(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let deadline = self.deadline();
        let next = tokio::select! {
            received = socket.recv() => Next::Received(received),
            lines = published(self.outbox.as_deref()) => Next::Publish(lines),
            () = wanted(self.unknown.as_ref()) => Next::Wanted,
            () = sleep_until(deadline) => Next::Time,
        };
        match next {
            Next::Received(None | Some(Err(_) | Ok(Message::Close(_)))) => Err(End::Theirs),
            Next::Received(Some(Ok(Message::Text(text)))) => self.receive(socket, &text).await,
            // The protocol's other form, which was not agreed on.
            Next::Received(Some(Ok(Message::Binary(_)))) => Err(Disconnect::BAD_REQUEST.into()),
            Next::Received(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => Ok(()),
            Next::Publish(lines) => {
                let lines = lines?;
                self.send(socket, lines).await
            }
            // A client of good will comes back, and shows its token sooner.
            Next::Wanted => Err(Disconnect::TOO_MANY.into()),
            Next::Time => self.time(socket).await,
        }
    }

    async fn receive(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), End> {
        // Whatever a client says, it is there.
        self.pong_by = None;
        let (mut answers, mut bytes) = (VecDeque::new(), 0);
        for (number, line) in protocol::lines(text).enumerate() {
            if number >= MAX_COMMANDS {
                return Err(Disconnect::BAD_REQUEST.into());
            }
            match self.session.receive(line, (self.now)()).await {
                Ok(Some(answer)) => {
                    bytes += answer.len();
                    answers.push_back(Utf8Bytes::from(answer));
                }
                Ok(None) => {}
                Err(end) => {
                    // What was answered before the end goes out too.
                    self.send(socket, answers).await?;
                    return Err(end.into());
                }
            }
            if self.outbox.is_none() && self.session.is_known() {
                self.outbox = self.session.outbox();
                self.unknown = None;
            }
            if let Some(why) = over(self.outbox.as_deref()).now_or_never() {
                return Err(why.into());
            }
            // No more waits here than one message takes: the next line may ask for as much again.
            if bytes >= TOGETHER {
                bytes = 0;
                self.send(socket, std::mem::take(&mut answers)).await?;
            }
        }
        // Answers go before anything that is published because of them.
        self.send(socket, answers).await
    }

    /// Sends lines, several in a message, while the outbox does not overflow.
    async fn send(&self, socket: &mut WebSocket, mut lines: VecDeque<Utf8Bytes>) -> Result<(), End> {
        while let Some(message) = next_message(&mut lines) {
            tokio::select! {
                biased;
                sent = socket.send(Message::Text(message)) => sent?,
                why = over(self.outbox.as_deref()) => return Err(why.into()),
                () = tokio::time::sleep(TAKES_WITHIN) => return Err(Disconnect::SLOW.into()),
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Instant {
        let known_by = (!self.session.is_known()).then_some(self.known_by);
        let all = [Some(self.next_ping), self.pong_by, known_by, self.session.until()];
        all.into_iter().flatten().min().unwrap_or(self.next_ping)
    }

    async fn time(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let now = Instant::now();
        if !self.session.is_known() && now >= self.known_by {
            return Err(Disconnect::STALE.into());
        }
        if self.session.until().is_some_and(|until| now >= until) {
            return Err(Disconnect::EXPIRED.into());
        }
        if self.pong_by.is_some_and(|by| now >= by) {
            return Err(Disconnect::NO_PONG.into());
        }
        if now >= self.next_ping {
            self.next_ping = now + PING;
            self.pong_by = Some(now + PONG_WITHIN);
            self.send(socket, VecDeque::from([Utf8Bytes::from_static(protocol::PING)])).await?;
        }
        Ok(())
    }
}

/// Waits for what is published; for ever before the client is known.
async fn published(outbox: Option<&Outbox>) -> Result<VecDeque<Utf8Bytes>, Disconnect> {
    match outbox {
        Some(outbox) => outbox.take().await,
        None => std::future::pending().await,
    }
}

/// Waits until its place among those without a token is wanted; for ever once it has shown one.
async fn wanted(unknown: Option<&UnknownPlace>) {
    match unknown {
        Some(place) => place.wanted().await,
        None => std::future::pending().await,
    }
}

async fn over(outbox: Option<&Outbox>) -> Disconnect {
    match outbox {
        Some(outbox) => outbox.over().await,
        None => std::future::pending().await,
    }
}

/// The first lines that fit into one message, at least one.
fn next_message(lines: &mut VecDeque<Utf8Bytes>) -> Option<Utf8Bytes> {
    let first = lines.pop_front()?;
    let fits = |length: usize, line: &Utf8Bytes| length + 1 + line.len() <= TOGETHER;
    if !lines.front().is_some_and(|next| fits(first.len(), next)) {
        return Some(first);
    }
    let mut message = first.to_string();
    while let Some(line) = lines.pop_front_if(|line| fits(message.len(), line)) {
        message.push('\n');
        message.push_str(&line);
    }
    Some(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_share_messages_up_to_a_size_and_keep_their_order() {
        let large = "x".repeat(TOGETHER - 3);
        let mut lines: VecDeque<Utf8Bytes> =
            ["a", "b", &large, "cc", "ddd"].into_iter().map(Utf8Bytes::from).collect();
        let mut messages = Vec::new();
        while let Some(message) = next_message(&mut lines) {
            messages.push(message.to_string());
        }
        assert_eq!(messages, ["a\nb".to_owned(), format!("{large}\ncc"), "ddd".to_owned()]);
    }
}
