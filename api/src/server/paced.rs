//! A stream that fails where its client is too slow: with the rest of a request's headers, or with taking an answer.
//!
//! The wait for a request's first byte is not its affair, nor is a body's: the body's reader has a deadline of its own.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Bounds;
use super::requests::Requests;
use super::strict::Abort;

/// A deadline that costs a timer only once it is waited for.
#[derive(Default)]
struct Alarm {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(at) = self.at else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(ErrorKind::TimedOut.into())
    }
}

/// The stream.
pub(super) struct Paced<S> {
    stream: S,
    requests: Requests,
    bounds: Bounds,
    /// Set from a request's first byte on; for the one after so many.
    headers: Alarm,
    after: usize,
    writing: Alarm,
}

impl<S: Abort> Paced<S> {
    pub(super) fn new(stream: S, requests: Requests, bounds: Bounds) -> Self {
        Self { stream, requests, bounds, headers: Alarm::default(), after: 0, writing: Alarm::default() }
    }

    /// Notes bytes that were read: the first of a request sets its alarm.
    fn received(&mut self) {
        let begun = self.requests.begun();
        if !self.requests.under_way() && (self.headers.at.is_none() || self.after != begun) {
            self.headers.at = Some(Instant::now() + self.bounds.headers);
            self.after = begun;
            self.requests.touch();
        }
    }

    /// Waits for more to read: too long if the headers of a request are not complete.
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.after != self.requests.begun() {
            self.headers.at = None;
        }
        self.headers.poll(cx).map(Err)
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if self.writing.at.take().is_some() {
                self.requests.answer_taken();
            }
            // An answer that is still being taken keeps the next request's headers from being looked at.
            if self.headers.at.is_some() {
                self.headers.at = Some(Instant::now() + self.bounds.headers);
            }
            return written;
        }
        if self.writing.at.is_none() {
            self.writing.at = Some(Instant::now() + self.bounds.write);
            self.requests.answer_waits();
        }
        let slow = ready!(self.writing.poll(cx));
        // What was not taken is not kept for a client that takes nothing.
        self.stream.abort();
        Poll::Ready(Err(slow))
    }
}

impl<S: AsyncRead + Abort + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.wait_to_read(cx),
            ready @ Poll::Ready(_) => {
                if buf.filled().len() > before {
                    self.received();
                }
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Abort + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    impl Abort for DuplexStream {
        fn abort(&self) {}
    }

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_mins(10);
    const DEADLINE: Duration = Duration::from_secs(30);

    fn paced(headers: Duration, write: Duration) -> (DuplexStream, Paced<DuplexStream>, Requests) {
        let (client, server) = duplex(64);
        let requests = Requests::default();
        let bounds = Bounds { headers, idle: LONG, write, finish: LONG, ..Bounds::default() };
        (client, Paced::new(server, requests.clone(), bounds), requests)
    }

    async fn in_time<T>(what: impl Future<Output = T>) -> T {
        tokio::time::timeout(DEADLINE, what).await.expect("in time")
    }

    #[tokio::test]
    async fn headers_that_began_and_do_not_end_are_given_up() {
        let (mut client, mut stream, _) = paced(SHORT, LONG);
        client.write_all(b"GET").await.unwrap();
        let mut all = Vec::new();
        let error = in_time(stream.read_to_end(&mut all)).await.unwrap_err();
        assert_eq!((error.kind(), &*all), (ErrorKind::TimedOut, b"GET".as_slice()));
    }

    #[tokio::test]
    async fn a_byte_now_and_then_does_not_move_the_headers_deadline() {
        let (mut client, mut stream, _) = paced(SHORT, LONG);
        let dripping = tokio::spawn(async move {
            let mut pace = tokio::time::interval(SHORT / 10);
            while client.write_all(b"x").await.is_ok() {
                pace.tick().await;
            }
        });
        let error = in_time(stream.read_to_end(&mut Vec::new())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        dripping.abort();
    }

    #[tokio::test]
    async fn neither_a_request_under_way_nor_the_wait_for_the_next_one_is_cut() {
        let (mut client, mut stream, requests) = paced(SHORT, LONG);
        let mut bytes = [0; 8];
        for _ in 0..2 {
            let begun = Instant::now();
            client.write_all(b"GET").await.unwrap();
            assert_eq!(stream.read(&mut bytes).await.unwrap(), 3);
            let under_way = requests.begin();
            client.write_all(b"body").await.unwrap();
            assert_eq!(stream.read(&mut bytes).await.unwrap(), 4);
            assert!(tokio::time::timeout(SHORT * 3, stream.read(&mut bytes)).await.is_err());
            drop(under_way);
            assert!(tokio::time::timeout(SHORT * 3, stream.read(&mut bytes)).await.is_err());
            assert!(begun.elapsed() > SHORT * 5);
        }
    }

    #[tokio::test]
    async fn a_connection_is_idle_but_while_a_request_is_under_way_or_its_answer_is_being_taken() {
        let (mut client, mut stream, requests) = paced(LONG, LONG);
        assert!(requests.idle());
        client.write_all(b"GET").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        assert!(requests.idle(), "no request has come whole");
        let under_way = requests.begin();
        assert!(!requests.idle());
        drop(under_way);
        assert!(requests.idle());
        let writing = tokio::spawn(async move { stream.write_all(&[0; 65]).await.map(|()| stream) });
        client.read_exact(&mut [0; 1]).await.unwrap();
        client.read_exact(&mut [0; 64]).await.unwrap();
        let mut stream = in_time(writing).await.unwrap().unwrap();
        assert!(requests.idle(), "all was taken");
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut write = |bytes: &[u8]| Pin::new(&mut stream).poll_write(&mut cx, bytes).is_ready();
        assert!(write(&[0; 64]) && !write(&[0]));
        assert!(!requests.idle(), "something of an answer is left");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_given_up_and_one_that_is_taken_slowly_is_not() {
        let (mut client, mut stream, _) = paced(LONG, SHORT * 4);
        let taking = tokio::spawn(async move {
            let mut pace = tokio::time::interval(SHORT);
            for _ in 0..8 {
                pace.tick().await;
                client.read_exact(&mut [0; 64]).await.unwrap();
            }
            client
        });
        in_time(stream.write_all(&[0; 64 * 8])).await.unwrap();
        let _silent = taking.await.unwrap();
        let error = in_time(stream.write_all(&[0; 65])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
