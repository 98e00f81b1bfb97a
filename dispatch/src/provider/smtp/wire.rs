//! The socket under an SMTP session: written at once, read reply by reply within bounds, encrypted where asked for.
//!
//! Invariants: `TCP_NODELAY` is set on every connection, as a letter and its end are two writes and the second would
//! wait some 40 ms for the server's delayed acknowledgement; no more than [`MOST_REPLY`] is kept of a reply; bytes that
//! were heard in clear never count under TLS. Whether a fault left the message taken is not for this file to say.

// The type is the only way to lettre's own TLS on a socket that is ours.
#![expect(deprecated, reason = "lettre has no other public type that encrypts an existing socket")]

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::reply::{Heard, Reply, is_blank};

/// Most bytes of a reply.
const MOST_REPLY: usize = 64 * 1_024;
/// How long a line may be in coming that decides between two codes.
const DOUBT: Duration = Duration::from_secs(2);
/// Bytes read at once.
const CHUNK: usize = 4_096;

/// Why no reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoReply {
    /// The connection ended.
    Cut,
    /// More came than a reply may hold.
    TooLong,
    /// Something else than a reply came.
    Garbled,
}

/// Bytes that came before the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unasked {
    /// Nothing.
    Nothing,
    /// The end of the connection.
    End,
    /// A reply, or a part of one.
    Words,
}

/// Why none of a host's addresses could be connected to. Of several reasons the greatest one is told: it comes from nearest to
/// the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NotConnected {
    /// No way leads there.
    Unreachable,
    /// Another failure.
    Other,
    /// No answer came in time.
    Silence,
    /// The host's machine refused the connection.
    Refused,
}

impl From<io::ErrorKind> for NotConnected {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::Silence,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// Why a connection is not encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotEncrypted {
    /// The server said something in clear that would have been read as if it had come encrypted.
    Injected,
    /// The server's certificate is for another name, is out of date or is signed by an unknown authority.
    Certificate,
    /// The handshake failed.
    Handshake,
    /// The connection ended.
    Cut,
}

/// A connected socket and the bytes heard through it that are not read yet.
pub(super) struct Wire {
    stream: Box<dyn AsyncTokioStream>,
    heard: Vec<u8>,
}

impl Wire {
    /// Connects to the first of these addresses that answers. Each has an equal part of what is left of the time. Where none
    /// does, the reason comes with what the system says of each address.
    pub(super) async fn connect(
        addresses: &[IpAddr],
        port: u16,
        within: Duration,
    ) -> Result<Self, (NotConnected, String)> {
        let end = Instant::now() + within;
        let (mut why, mut words) = (NotConnected::Unreachable, Vec::with_capacity(addresses.len()));
        for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
            let now = Instant::now();
            let part = end.saturating_duration_since(now) / u32::try_from(left).unwrap_or(u32::MAX);
            let connecting = TcpStream::connect((*address, port));
            let connected = timeout_at(now + part, connecting).await.unwrap_or_else(|late| Err(late.into()));
            match connected.and_then(Self::over) {
                Ok(wire) => return Ok(wire),
                Err(error) => {
                    why = why.max(error.kind().into());
                    words.push(format!("{}: {error}", SocketAddr::from((*address, port))));
                }
            }
        }
        Err((why, words.join("; ")))
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream: Box::new(stream), heard: Vec::new() })
    }

    /// Encrypts the connection. A server never speaks first in TLS, so any byte that is here already was injected, and
    /// ends the session (RFC 3207, section 4.2); bytes in clear that come later fail the handshake.
    pub(super) async fn encrypt(
        mut self,
        tls: TlsParameters,
    ) -> Result<Self, (NotEncrypted, Option<String>)> {
        match self.listen().await {
            Ok(()) if self.heard.is_empty() => {}
            Ok(()) => return Err((NotEncrypted::Injected, None)),
            Err(error) => return Err((NotEncrypted::Cut, Some(error.to_string()))),
        }
        let mut stream = AsyncNetworkStream::use_existing_tokio1(self.stream);
        stream.upgrade_tls(tls).await.map_err(|error| not_encrypted(&error))?;
        Ok(Self { stream: Box::new(Encrypted(stream)), heard: Vec::new() })
    }

    /// Writes and flushes.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads the next reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, NoReply> {
        loop {
            match Reply::first_in(&self.heard) {
                Heard::Reply(reply, length) => {
                    self.heard.drain(..length);
                    return Ok(reply);
                }
                Heard::Garbled => return Err(NoReply::Garbled),
                Heard::Incomplete | Heard::Contradicted if self.heard.len() > MOST_REPLY => {
                    return Err(NoReply::TooLong);
                }
                Heard::Incomplete => {}
                Heard::Contradicted => {
                    // A server that has more to say has mostly said it by now.
                    match timeout(DOUBT, self.hear_a_line()).await {
                        Err(_) | Ok(Ok(false)) => return Err(NoReply::Garbled),
                        Ok(Ok(true)) => continue,
                        Ok(Err(fault)) => return Err(fault),
                    }
                }
            }
            if !self.hear_a_line().await? {
                return match Reply::cut_short(&self.heard) {
                    Some(reply) => {
                        self.heard.clear();
                        Ok(reply)
                    }
                    None if is_blank(&self.heard) => Err(NoReply::Cut),
                    None => Err(NoReply::Garbled),
                };
            }
        }
    }

    /// Reads until a line has ended; false where the connection ended instead.
    async fn hear_a_line(&mut self) -> Result<bool, NoReply> {
        loop {
            let before = self.heard.len();
            self.heard.reserve(CHUNK);
            match self.stream.read_buf(&mut self.heard).await {
                Ok(0) | Err(_) => return Ok(false),
                Ok(_) if self.heard[before..].contains(&b'\n') => return Ok(true),
                Ok(_) if self.heard.len() > MOST_REPLY => return Err(NoReply::TooLong),
                Ok(_) => {}
            }
        }
    }

    /// Whether a reply can be made of what was heard, although its end has not come.
    pub(super) fn so_far(&self) -> Option<Reply> {
        Reply::cut_short(&self.heard)
    }

    /// Returns what the server sent or did before the next command. Empty lines are ignored.
    pub(super) async fn unasked(&mut self) -> Unasked {
        let ended = self.listen().await.is_err();
        if !is_blank(&self.heard) {
            return Unasked::Words;
        }
        self.heard.clear();
        if ended { Unasked::End } else { Unasked::Nothing }
    }

    /// Reads what has arrived already, without waiting for more.
    async fn listen(&mut self) -> io::Result<()> {
        // The runtime learns of bytes when it polls its sockets, which it does before this task goes on.
        tokio::task::yield_now().await;
        let Self { stream, heard } = self;
        let look = std::future::poll_fn(|context| {
            while heard.len() <= MOST_REPLY {
                let mut chunk = [0; CHUNK];
                let mut into = ReadBuf::new(&mut chunk);
                match Pin::new(&mut *stream).poll_read(context, &mut into) {
                    Poll::Pending => return Poll::Ready(Ok(())),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) if into.filled().is_empty() => {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                    Poll::Ready(Ok(())) => heard.extend_from_slice(into.filled()),
                }
            }
            Poll::Ready(Ok(()))
        });
        // A budget that is used up would look like silence.
        tokio::task::unconstrained(look).await
    }
}

/// Sorts why lettre could not encrypt, and tells it in the words of what is behind it.
fn not_encrypted(error: &Error) -> (NotEncrypted, Option<String>) {
    let mut why = error.source();
    while let Some(cause) = why {
        if let Some(read) = cause.downcast_ref::<io::Error>() {
            let words = read.to_string();
            // rustls says it so, and its own type is not among our dependencies.
            let sorted = if words.starts_with("invalid peer certificate") {
                NotEncrypted::Certificate
            } else if read.kind() == io::ErrorKind::InvalidData {
                NotEncrypted::Handshake
            } else {
                NotEncrypted::Cut
            };
            return (sorted, Some(words));
        }
        why = cause.source();
    }
    (NotEncrypted::Handshake, Some(error.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_addresses_the_reason_nearest_to_the_server_is_told() {
        let reason = |kinds: &[io::ErrorKind]| kinds.iter().map(|kind| NotConnected::from(*kind)).max();
        for (kinds, told) in [
            (&[io::ErrorKind::ConnectionRefused][..], NotConnected::Refused),
            (&[io::ErrorKind::TimedOut], NotConnected::Silence),
            (&[io::ErrorKind::NetworkUnreachable], NotConnected::Unreachable),
            (&[io::ErrorKind::HostUnreachable], NotConnected::Unreachable),
            (&[io::ErrorKind::AddrNotAvailable], NotConnected::Unreachable),
            (&[io::ErrorKind::ConnectionReset], NotConnected::Other),
            (&[io::ErrorKind::ConnectionRefused, io::ErrorKind::NetworkUnreachable], NotConnected::Refused),
            (&[io::ErrorKind::NetworkUnreachable, io::ErrorKind::TimedOut], NotConnected::Silence),
            (&[io::ErrorKind::NetworkUnreachable, io::ErrorKind::ConnectionReset], NotConnected::Other),
        ] {
            assert_eq!(reason(kinds), Some(told), "{kinds:?}");
        }
    }

    #[tokio::test]
    async fn what_the_system_says_of_each_address_is_told() {
        let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let addresses = ["127.0.0.1", "127.0.0.2"].map(|address| address.parse().unwrap());
        let connected = Wire::connect(&addresses, unused, Duration::from_secs(5)).await;
        let Err((why, words)) = connected else { panic!("connected") };
        assert_eq!(why, NotConnected::Refused);
        let said: Vec<_> = words.split("; ").collect();
        assert!(said[0].starts_with(&format!("127.0.0.1:{unused}: Connection refused")), "{words}");
        assert!(said[1].starts_with(&format!("127.0.0.2:{unused}: Connection refused")), "{words}");
    }
}
