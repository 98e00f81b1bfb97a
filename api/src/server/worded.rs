//! A stream that gives the answers which hyper writes by itself the body of every other error.
//!
//! hyper answers a request line or headers that it cannot read with a bare 400, 414 or 431 and closes. Such an answer
//! is known by its empty body and by having no request id, which every answer of the routes has. Where the head was broken
//! on purpose, the reason for that is told instead.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::requests::Requests;
use crate::error::ApiError;
use crate::observe::unrouted;
use crate::process::Process;

const EMPTY: &str = "content-length: 0\r\n";
const REQUEST_ID: &str = "x-request-id: ";
const END: &str = "\r\n\r\n";

/// The stream.
pub(super) struct Worded<S> {
    stream: S,
    process: Process,
    requests: Requests,
    /// What is written instead of how many bytes.
    instead: Option<(Bytes, usize)>,
}

impl<S> Worded<S> {
    pub(super) const fn new(stream: S, process: Process, requests: Requests) -> Self {
        Self { stream, process, requests, instead: None }
    }
}

/// The refusal that these bytes are, if they are all of one of hyper's own.
fn refusal(bytes: &[u8]) -> Option<(ApiError, &str)> {
    let error = match bytes.get(..13)? {
        b"HTTP/1.1 400 " => ApiError::MalformedRequest,
        b"HTTP/1.1 414 " => ApiError::UriTooLong,
        b"HTTP/1.1 431 " => ApiError::HeadersTooLarge,
        _ => return None,
    };
    let head = std::str::from_utf8(bytes).ok()?;
    let bare = head.ends_with(END) && head.contains(EMPTY) && !head.contains(REQUEST_ID);
    bare.then_some((error, head))
}

fn with_body(process: &Process, error: &ApiError, head: &str) -> Bytes {
    let (id, body) = unrouted(process, error);
    let head = head.replacen(EMPTY, "", 1);
    // hyper's own status line is another's where the head was broken for another reason.
    let headers = head.split_once("\r\n").map_or("", |(_, headers)| headers);
    let (status, _) = error.row();
    let retry = error.retry_after().map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let more = format!(
        "\r\ncontent-type: application/json\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\n{retry}{REQUEST_ID}{id}{END}",
        body.len()
    );
    let first = format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
    [first.as_bytes(), headers.trim_end().as_bytes(), more.as_bytes(), &body].concat().into()
}

impl<S: AsyncWrite + Unpin> Worded<S> {
    /// Writes something else if these bytes are one of hyper's own answers; nothing otherwise.
    fn reword(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            let (error, head) = refusal(bytes)?;
            let error = self.requests.refusal().unwrap_or(error);
            self.instead = Some((with_body(&self.process, &error, head), bytes.len()));
        }
        Some(self.write_instead(cx))
    }

    fn write_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some((answer, stands_for)) = &mut self.instead else { return Poll::Ready(Ok(0)) };
        while answer.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, answer))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            answer.advance(written);
        }
        let stands_for = *stands_for;
        self.instead = None;
        Poll::Ready(Ok(stands_for))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(written) = self.reword(cx, buf) {
            return written;
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        if let Some(first) = first
            && let Some(written) = self.reword(cx, first)
        {
            return written;
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
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
