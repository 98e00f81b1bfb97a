//! The socket under an SMTP connection: written at once, read within bounds, encrypted from the start where asked for.
//!
//! Invariants: `TCP_NODELAY` is set on every connection, as a letter and its end are two writes and the second would
//! wait some 40 ms for the server's delayed acknowledgement; and no more than [`MOST_REPLY`] is read between two writes,
//! as lettre takes a line of any length. Whether a fault left the message taken is not for this file to say.

// The type is the only way to lettre's own TLS on a socket that is ours.
#![expect(deprecated, reason = "lettre has no other public type that encrypts an existing socket")]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes of an answer, a TLS handshake's included.
const MOST_REPLY: usize = 64 * 1_024;

/// A server answered with more than [`MOST_REPLY`].
#[derive(Debug, thiserror::Error)]
#[error("the reply is too long")]
pub(super) struct ReplyTooLong;

/// A socket as lettre takes it.
pub(super) type Socket = Box<dyn AsyncTokioStream>;

/// Connects to the first address of the host that answers.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<Socket> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(Bounded { heard: 0, stream: Box::new(stream) }))
}

/// Encrypts a socket that nothing was said through yet.
pub(super) async fn encrypt(socket: Socket, tls: TlsParameters) -> Result<Socket, Error> {
    let mut stream = AsyncNetworkStream::use_existing_tokio1(socket);
    stream.upgrade_tls(tls).await?;
    Ok(Box::new(Bounded { heard: 0, stream: Box::new(Encrypted(stream)) }))
}

/// A socket that counts what it heard since it last spoke.
#[derive(Debug)]
struct Bounded {
    stream: Socket,
    heard: usize,
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard > MOST_REPLY {
            return Poll::Ready(Err(io::Error::other(ReplyTooLong)));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        self.heard += into.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard = 0;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An encrypted socket, by tokio's traits.
#[derive(Debug)]
struct Encrypted(AsyncNetworkStream);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(context, into.initialize_unfilled()))?;
        into.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
