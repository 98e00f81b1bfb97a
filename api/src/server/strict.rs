//! A stream that shows hyper one message at a time and none that is framed wrongly, and whose end the client gets to see.
//!
//! A head that is wrong is broken before hyper can take it for a request, so that hyper refuses it; [`Requests::refusal`]
//! says with which words. Where an answer was written before its request had come whole, the end waits a little and
//! throws away what still comes: a socket that is closed with bytes unread takes its answer back (RFC 9112, section 9.6).

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::framing::{Framing, Wrong};
use super::requests::Requests;
use crate::error::ApiError;

/// Bytes read at once: hyper's buffer grows with what one reading brings, and stays as large.
const AT_ONCE: usize = 8 * 1024;
/// No head goes on with this.
const BREAKS: &[u8] = b"\0\r\n\r\n";
/// How much is thrown away at the end of a connection, and for how long.
const LINGER_BYTES: usize = 4 * 1024 * 1024;
const LINGER_WITHIN: Duration = Duration::from_secs(2);
/// Bytes of a head that each connection may hold. What is above it is counted over all connections.
const SMALL_HEAD: usize = 16 * 1024;
/// Bytes of large heads over all connections.
const LARGE_HEADS: usize = 16 * 1024 * 1024;
/// When to come again where they are used up.
const RETRY_AFTER: u64 = 1;

/// A stream that can be ended without telling its other end what was written and not taken.
pub(super) trait Abort {
    /// Makes the stream's end drop what is still to be sent.
    fn abort(&self);
}

impl Abort for TcpStream {
    fn abort(&self) {
        // Without it the kernel holds the answer for minutes, which is what is to be avoided and no more.
        drop(self.set_zero_linger());
    }
}

/// The bytes of large heads that the connections of a server hold.
#[derive(Clone, Default)]
pub(super) struct LargeHeads(Arc<AtomicUsize>);

/// Those of one connection, until they are dropped.
struct Share {
    all: LargeHeads,
    bytes: usize,
}

impl Share {
    /// Holds at least so many; false where there are too many over all connections.
    fn hold(&mut self, bytes: usize) -> bool {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return true };
        self.bytes = bytes;
        self.all.0.fetch_add(more, Ordering::Relaxed) + more <= LARGE_HEADS
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The stream.
pub(super) struct Strict<S> {
    stream: S,
    requests: Requests,
    framing: Framing,
    mode: Mode,
    /// What was read and belongs to the next message.
    held: BytesMut,
    head: Share,
    linger: Option<Linger>,
}

enum Mode {
    Messages,
    /// A head is being broken; what is left of that.
    Broken(&'static [u8]),
    /// Chunks were wrong.
    Failed,
    /// No HTTP any more.
    Through,
}

struct Linger {
    sleep: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S, requests: Requests, heads: LargeHeads) -> Self {
        let head = Share { all: heads, bytes: 0 };
        let (framing, mode, held) = (Framing::default(), Mode::Messages, BytesMut::new());
        Self { stream, requests, framing, mode, held, head, linger: None }
    }

    /// Looks at bytes that hyper is to read: how many it gets.
    fn looked_at(&mut self, bytes: &[u8]) -> (usize, Option<Wrong>) {
        let (taken, wrong) = self.framing.feed(bytes);
        match wrong {
            Some(Wrong::Head) => self.broken(ApiError::MalformedRequest),
            Some(Wrong::Line) => self.broken(ApiError::UriTooLong),
            Some(Wrong::Length) => self.broken(ApiError::PayloadTooLarge),
            Some(Wrong::Chunks) => self.mode = Mode::Failed,
            None => {
                let large = self.framing.head_bytes().saturating_sub(SMALL_HEAD);
                if large > 0 {
                    // hyper's buffer stays as large as this head until the connection ends.
                    self.requests.end_after_this();
                }
                if !self.head.hold(large) {
                    self.broken(ApiError::Overloaded(RETRY_AFTER));
                }
            }
        }
        let open = !self.framing.between_messages() || !matches!(self.mode, Mode::Messages);
        self.requests.set_unread(open);
        (taken, wrong)
    }

    fn broken(&mut self, why: ApiError) {
        self.requests.refuse(why);
        self.mode = Mode::Broken(BREAKS);
    }
}

impl<S: AsyncRead + Unpin> Strict<S> {
    /// Reads a part of a message.
    fn read_message(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            let mut held = std::mem::take(&mut self.held);
            let part = held.len().min(buf.remaining());
            let (taken, _) = self.looked_at(&held[..part]);
            buf.put_slice(&held[..taken]);
            held.advance(taken);
            self.held = held;
            return Poll::Ready(Ok(()));
        }
        let at_once = buf.remaining().min(AT_ONCE);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(at_once));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let bytes = part.filled();
        let read = bytes.len();
        let (taken, wrong) = self.looked_at(bytes);
        if wrong.is_none() && taken < read {
            self.held.extend_from_slice(&bytes[taken..]);
        }
        buf.advance(taken);
        Poll::Ready(Ok(()))
    }

    /// Throws away what still comes, for a while.
    fn throw_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let requests = &self.requests;
        let linger = self.linger.get_or_insert_with(|| {
            requests.linger();
            Linger { sleep: Box::pin(sleep_until(Instant::now() + LINGER_WITHIN)), left: LINGER_BYTES }
        });
        let mut bytes = [0; AT_ONCE];
        loop {
            let mut part = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut part) {
                Poll::Pending => return linger.sleep.as_mut().poll(cx),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            let read = part.filled().len();
            linger.left = linger.left.saturating_sub(read);
            if read == 0 || linger.left == 0 {
                return Poll::Ready(());
            }
        }
    }
}

impl<S: Abort> Abort for Strict<S> {
    fn abort(&self) {
        self.stream.abort();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if matches!(me.mode, Mode::Messages) && me.requests.upgraded() {
            me.mode = Mode::Through;
        }
        if matches!(me.mode, Mode::Messages) {
            ready!(me.read_message(cx, buf))?;
        }
        match &mut me.mode {
            Mode::Messages => Poll::Ready(Ok(())),
            Mode::Broken(left) => {
                let part = left.len().min(buf.remaining());
                buf.put_slice(&left[..part]);
                *left = &left[part..];
                Poll::Ready(Ok(()))
            }
            Mode::Failed if buf.filled().len() > before => Poll::Ready(Ok(())),
            Mode::Failed => Poll::Ready(Err(ErrorKind::InvalidData.into())),
            Mode::Through if me.held.is_empty() => Pin::new(&mut me.stream).poll_read(cx, buf),
            Mode::Through => {
                let part = me.held.len().min(buf.remaining());
                buf.put_slice(&me.held[..part]);
                me.held.advance(part);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            let all_read = !self.requests.unread() && self.held.is_empty();
            if all_read || matches!(self.mode, Mode::Through) {
                return Poll::Ready(Ok(()));
            }
        }
        self.throw_away(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// What a connection's requests are refused with once such a head has come, and the connection.
    async fn head(bytes: usize, heads: &LargeHeads) -> (Option<ApiError>, impl Sized) {
        let (mut client, server) = duplex(2 * bytes);
        let requests = Requests::default();
        let mut stream = Strict::new(server, requests.clone(), heads.clone());
        let begin = b"GET / HTTP/1.1\r\nhost: a\r\nx: ";
        client.write_all(begin).await.unwrap();
        client.write_all(&vec![b'x'; bytes - begin.len()]).await.unwrap();
        let (mut read, mut refused) = (0, None);
        while read < bytes && refused.is_none() {
            read += stream.read(&mut [0; AT_ONCE]).await.unwrap();
            refused = requests.refusal();
        }
        (refused, (client, stream))
    }

    #[tokio::test]
    async fn large_heads_are_bounded_over_all_connections_and_small_ones_are_not_counted() {
        let heads = LargeHeads::default();
        let mut held = Share { all: heads.clone(), bytes: 0 };
        let (refused, large) = head(SMALL_HEAD + 1, &heads).await;
        assert!(refused.is_none() && heads.0.load(Ordering::Relaxed) == 1, "{refused:?}");
        drop(large);
        assert_eq!(heads.0.load(Ordering::Relaxed), 0, "they are given back");
        assert!(held.hold(LARGE_HEADS));
        let (refused, small) = head(SMALL_HEAD, &heads).await;
        assert!(refused.is_none(), "{refused:?}");
        let (refused, large) = head(SMALL_HEAD + 1, &heads).await;
        assert!(matches!(refused, Some(ApiError::Overloaded(RETRY_AFTER))), "{refused:?}");
        drop((held, small, large));
        assert_eq!(heads.0.load(Ordering::Relaxed), 0);
    }
}
