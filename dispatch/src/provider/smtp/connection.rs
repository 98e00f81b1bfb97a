//! One SMTP connection, driven step by step so that the phase of every fault is known.
//!
//! Each step has a time limit and the whole call has a deadline. Nothing here is tried twice.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use orqestra_domain::provider::TlsMode;
use tokio::time::Instant;

use super::letter::Letter;
use super::table::{Fault, Phase, What};
use super::wire::{self, ReplyTooLong, Socket};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(10);
/// How long the answer to the final dot may take: servers check the content before it.
const LAST_STEP: Duration = Duration::from_secs(30);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where to connect and how.
pub(super) struct Target<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) mode: TlsMode,
    pub(super) tls: Option<TlsParameters>,
    pub(super) credentials: Option<Credentials>,
    /// What we call ourselves.
    pub(super) hello: String,
}

/// A connection between two messages.
pub(super) struct Connection {
    client: AsyncSmtpConnection,
    /// Messages sent in it.
    pub(super) sent: u32,
}

/// How the server took a message.
pub(super) struct Receipt {
    pub(super) words: String,
}

type SmtpResult<T> = Result<T, lettre::transport::smtp::Error>;

/// One step within the call's deadline.
async fn step<T>(
    phase: Phase,
    limit: Duration,
    deadline: Instant,
    work: impl Future<Output = SmtpResult<T>>,
) -> Result<T, Fault> {
    let end = deadline.min(Instant::now() + limit);
    match tokio::time::timeout_at(end, work).await {
        Ok(done) => done.map_err(|error| fault(phase, &error)),
        Err(_) => Err(Fault::new(phase, What::Silence)),
    }
}

fn fault(phase: Phase, error: &lettre::transport::smtp::Error) -> Fault {
    let code = error.status().map(u16::from);
    let words = code.and_then(|_| error.source().map(ToString::to_string));
    let what = match code {
        Some(code) => What::Code(code),
        None if error.is_timeout() => What::Silence,
        None if error.is_tls() => What::Handshake,
        // A reply that ends too early is a cut connection, anything else that cannot be read is not SMTP.
        None if error.is_response()
            && error.source().is_some_and(|why| why.to_string() == "incomplete response") =>
        {
            What::Cut
        }
        None if error.is_response() || error.is_client() => What::Garbled,
        None => match failed_read(error) {
            Some(read) if is_reply_too_long(read) => What::TooLong,
            // rustls says it so, and its own type is not among our dependencies.
            Some(read) if read.to_string().starts_with("invalid peer certificate") => What::Certificate,
            Some(read) if phase == Phase::Encrypting && read.kind() == io::ErrorKind::InvalidData => {
                What::Handshake
            }
            Some(read) if read.kind() == io::ErrorKind::InvalidData => What::Garbled,
            Some(_) | None => What::Cut,
        },
    };
    Fault { phase, what, words }
}

/// A connected socket.
async fn connect(host: &str, port: u16, deadline: Instant) -> Result<Socket, Fault> {
    let end = deadline.min(Instant::now() + STEP);
    match tokio::time::timeout_at(end, wire::connect(host, port)).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Fault::new(Phase::Connecting, What::Silence))
        }
        Ok(Err(_)) => Err(Fault::new(Phase::Connecting, What::Cut)),
        Err(_) => Err(Fault::new(Phase::Connecting, What::Silence)),
    }
}

fn is_reply_too_long(read: &io::Error) -> bool {
    read.get_ref().and_then(|why| why.downcast_ref::<ReplyTooLong>()).is_some()
}

/// What the socket said.
fn failed_read(error: &lettre::transport::smtp::Error) -> Option<&io::Error> {
    let mut why = error.source();
    while let Some(cause) = why {
        if let Some(read) = cause.downcast_ref() {
            return Some(read);
        }
        why = cause.source();
    }
    None
}

impl Connection {
    pub(super) async fn open(target: Target<'_>, deadline: Instant) -> Result<Self, Fault> {
        let hello = ClientId::Domain(target.hello);
        let mut socket = connect(target.host, target.port, deadline).await?;
        if target.mode == TlsMode::Tls {
            let tls = target.tls.clone().ok_or(Fault::new(Phase::Encrypting, What::Handshake))?;
            socket = step(Phase::Encrypting, STEP, deadline, wire::encrypt(socket, tls)).await?;
        }
        let greeting = AsyncSmtpConnection::connect_with_transport(socket, &hello);
        let mut client = step(Phase::Connecting, STEP, deadline, greeting).await?;
        if target.mode == TlsMode::Starttls {
            let (true, Some(tls)) = (client.can_starttls(), target.tls) else {
                return Err(Fault::new(Phase::Encrypting, What::NoStartTls));
            };
            step(Phase::Encrypting, STEP, deadline, client.starttls(tls, &hello)).await?;
        }
        if let Some(credentials) = target.credentials {
            if client.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err(Fault::new(Phase::Authenticating, What::NoMechanism));
            }
            let authenticating = client.auth(DEFAULT_MECHANISMS, &credentials);
            step(Phase::Authenticating, STEP, deadline, authenticating).await?;
        }
        Ok(Self { client, sent: 0 })
    }

    /// Whether the server takes addresses beyond ASCII.
    pub(super) fn takes_utf8(&self) -> bool {
        self.client.server_info().supports_feature(Extension::SmtpUtfEight)
    }

    /// Sends one letter.
    pub(super) async fn deliver(&mut self, letter: &Letter, deadline: Instant) -> Result<Receipt, Fault> {
        let parameters = if letter.needs_utf8() { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        self.command(Phase::Mail, mail, deadline, 2).await?;
        self.command(Phase::Rcpt, Rcpt::new(letter.to.clone(), Vec::new()), deadline, 2).await?;
        self.command(Phase::Data, Data, deadline, 3).await?;
        let content = self.client.message(&letter.bytes);
        let answer = step(Phase::Content, LAST_STEP, deadline, content).await?;
        expect(Phase::Content, &answer, 2)?;
        self.sent += 1;
        let words = answer.message().collect::<Vec<_>>().join(" ");
        Ok(Receipt { words: format!("{} {words}", answer.code()) })
    }

    async fn command(
        &mut self,
        phase: Phase,
        command: impl std::fmt::Display,
        deadline: Instant,
        severity: u16,
    ) -> Result<(), Fault> {
        let answer = step(phase, STEP, deadline, self.client.command(command)).await?;
        expect(phase, &answer, severity)
    }

    /// Whether the connection still answers.
    pub(super) async fn answers(&mut self) -> bool {
        let asked = tokio::time::timeout(FAREWELL, self.client.command(Noop)).await;
        matches!(asked, Ok(Ok(_)))
    }

    /// Ends a message that was refused, so that another can follow.
    pub(super) async fn reset(&mut self) -> bool {
        let reset = tokio::time::timeout(FAREWELL, self.client.command(Rset)).await;
        matches!(reset, Ok(Ok(_)))
    }

    /// Says goodbye.
    pub(super) async fn quit(mut self) {
        tokio::time::timeout(FAREWELL, self.client.command(Quit)).await.ok();
    }
}

/// A positive answer of the wrong kind is no answer to what was asked.
fn expect(phase: Phase, answer: &Response, severity: u16) -> Result<(), Fault> {
    let code = u16::from(answer.code());
    if code / 100 == severity { Ok(()) } else { Err(Fault::new(phase, What::Garbled)) }
}
