//! One SMTP session, driven step by step so that the phase of every fault is known.
//!
//! Each step has a time limit and the whole call has a deadline. Nothing here is tried twice, but for HELO after a
//! server that does not know EHLO, and LOGIN after one that refuses PLAIN. Invariant: a reply that was there before its
//! command was written is never its answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::client::TlsParameters;
use orqestra_domain::provider::TlsMode;
use tokio::time::{Instant, timeout_at};

use super::extensions::{Extensions, Mechanism};
use super::letter::Letter;
use super::reply::Reply;
use super::table::{Fault, Phase, What};
use super::wire::{NoReply, NotConnected, NotEncrypted, Unasked, Wire};
use crate::hosts::PrivateHosts;
use crate::provider::names::{Names, NoAddress};

/// How long one step may take: servers delay their greeting and their answers to keep spammers off.
const STEP: Duration = Duration::from_secs(20);
/// How long the name servers may take.
const LOOK_UP: Duration = Duration::from_secs(10);
/// How long connecting may take, over all addresses of the host.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the content may take, and then the answer to the final dot: servers check the content before it.
const LAST_STEP: Duration = Duration::from_secs(50);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where to connect and how.
pub(super) struct Target<'a> {
    pub(super) names: &'a Names,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) private_hosts: PrivateHosts,
    pub(super) mode: TlsMode,
    pub(super) tls: Option<TlsParameters>,
    pub(super) credentials: Option<Credentials>,
    /// The name that this client gives itself.
    pub(super) hello: String,
}

/// A user name and a password. Never shown.
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
}

/// A session between two messages.
pub(super) struct Connection {
    wire: Wire,
    offers: Extensions,
    /// Messages sent in it.
    pub(super) sent: u32,
    /// Whether a reply was taken for its code before its end came, so that the rest of it is still to come.
    cut_off: bool,
}

/// How the server took a message.
pub(super) struct Receipt {
    pub(super) words: String,
}

impl From<NotConnected> for What {
    fn from(why: NotConnected) -> Self {
        match why {
            NotConnected::Refused => Self::Refused,
            NotConnected::Silence => Self::NoConnection,
            NotConnected::Other => Self::Cut,
            NotConnected::Unreachable => Self::Unreachable,
        }
    }
}

impl From<NotEncrypted> for What {
    fn from(why: NotEncrypted) -> Self {
        match why {
            NotEncrypted::Injected => Self::OutOfStep,
            NotEncrypted::Certificate => Self::Certificate,
            NotEncrypted::Handshake => Self::Handshake,
            NotEncrypted::Cut => Self::Cut,
        }
    }
}

impl From<NoReply> for What {
    fn from(why: NoReply) -> Self {
        match why {
            NoReply::Cut => Self::Cut,
            NoReply::TooLong => Self::TooLong,
            NoReply::Garbled => Self::Garbled,
        }
    }
}

impl From<NoAddress> for What {
    fn from(why: NoAddress) -> Self {
        match why {
            NoAddress::Absent => Self::NoName,
            NoAddress::Silence => Self::NoNameServer,
        }
    }
}

/// One step within the call's deadline.
async fn within<T>(
    phase: Phase,
    limit: Duration,
    deadline: Instant,
    step: impl Future<Output = T>,
) -> Result<T, Fault> {
    let end = deadline.min(Instant::now() + limit);
    timeout_at(end, step).await.map_err(|_| Fault::new(phase, What::Silence))
}

async fn connect(target: &Target<'_>, deadline: Instant) -> Result<Wire, Fault> {
    let phase = Phase::Connecting;
    let looking = within(phase, LOOK_UP, deadline, target.names.addresses(target.host)).await;
    let addresses =
        looking.unwrap_or(Err(NoAddress::Silence)).map_err(|why| Fault::new(phase, why.into()))?;
    let addresses =
        target.private_hosts.allowed(addresses).map_err(|_| Fault::new(phase, What::PrivateHost))?;
    let time = CONNECT.min(deadline.saturating_duration_since(Instant::now()));
    let connected = Wire::connect(&addresses, target.port, time).await;
    connected.map_err(|(why, words)| Fault::new(phase, why.into()).said(words))
}

async fn encrypt(wire: Wire, tls: Option<TlsParameters>, deadline: Instant) -> Result<Wire, Fault> {
    let phase = Phase::Encrypting;
    let tls = tls.ok_or(Fault::new(phase, What::Handshake))?;
    let encrypted = within(phase, STEP, deadline, wire.encrypt(tls)).await?;
    encrypted.map_err(|(why, words)| Fault { words, ..Fault::new(phase, why.into()) })
}

impl Connection {
    /// Opens a session, up to where a message can be sent.
    pub(super) async fn open(target: Target<'_>, deadline: Instant) -> Result<Self, Fault> {
        let mut wire = connect(&target, deadline).await?;
        if target.mode == TlsMode::Tls {
            wire = encrypt(wire, target.tls.clone(), deadline).await?;
        }
        let mut session = Self { wire, offers: Extensions::default(), sent: 0, cut_off: false };
        let greeting = session.reply(Phase::Connecting, STEP, deadline).await?;
        expect(Phase::Connecting, &greeting, 2)?;
        session.hello(&target.hello, deadline).await?;
        if target.mode == TlsMode::Starttls {
            if !session.offers.starttls {
                return Err(Fault::new(Phase::Encrypting, What::NoStartTls));
            }
            session.command(Phase::Encrypting, "STARTTLS", deadline, 2).await?;
            session.wire = encrypt(session.wire, target.tls, deadline).await?;
            session.hello(&target.hello, deadline).await?;
        }
        if let Some(credentials) = target.credentials {
            session.authenticate(&credentials, deadline).await?;
        }
        Ok(session)
    }

    /// EHLO, or HELO where the server does not know it. What was offered before counts no more.
    async fn hello(&mut self, name: &str, deadline: Instant) -> Result<(), Fault> {
        /// Codes by which a server says that it does not know a command.
        const UNKNOWN_COMMAND: std::ops::RangeInclusive<u16> = 500..=504;
        let phase = Phase::Connecting;
        self.offers = Extensions::default();
        let answer = self.ask(phase, &format!("EHLO {name}"), deadline).await?;
        if UNKNOWN_COMMAND.contains(&answer.code) {
            return self.command(phase, &format!("HELO {name}"), deadline, 2).await;
        }
        expect(phase, &answer, 2)?;
        self.offers = Extensions::of(&answer);
        Ok(())
    }

    /// AUTH by the first mechanism that the server lets pass.
    async fn authenticate(&mut self, credentials: &Credentials, deadline: Instant) -> Result<(), Fault> {
        /// Refusals of a mechanism; some servers say 535 to PLAIN and take LOGIN.
        const TRY_ANOTHER: [u16; 7] = [500, 501, 502, 503, 504, 534, 535];
        let mut refused = Fault::new(Phase::Authenticating, What::NoMechanism);
        for mechanism in self.offers.mechanisms.clone() {
            match self.authenticate_by(mechanism, credentials, deadline).await {
                Ok(()) => return Ok(()),
                Err(fault) => match (&fault.what, &refused.what) {
                    (What::Code(code), _) if TRY_ANOTHER.contains(code) => refused = fault,
                    // The server hung up on the second try: the refusal of the first says more.
                    (What::Cut | What::OutOfStep, What::Code(_)) => return Err(refused),
                    _ => return Err(fault),
                },
            }
        }
        Err(refused)
    }

    async fn authenticate_by(
        &mut self,
        mechanism: Mechanism,
        credentials: &Credentials,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let phase = Phase::Authenticating;
        let Credentials { username, password } = credentials;
        let (command, responses) = match mechanism {
            Mechanism::Plain => {
                let response = STANDARD.encode(format!("\0{username}\0{password}"));
                // A server may pass over the response in the command and ask for it again.
                (format!("AUTH PLAIN {response}"), vec![response])
            }
            Mechanism::Login => {
                ("AUTH LOGIN".to_owned(), vec![STANDARD.encode(username), STANDARD.encode(password)])
            }
        };
        let mut answer = self.ask(phase, &command, deadline).await?;
        // The prompts are for people: the order of the responses is fixed.
        for response in responses {
            if answer.class() != 3 {
                break;
            }
            answer = self.ask(phase, &response, deadline).await?;
        }
        expect(phase, &answer, 2)
    }

    /// Whether the server takes addresses beyond ASCII.
    pub(super) fn takes_utf8(&self) -> bool {
        self.offers.smtp_utf8
    }

    /// Whether the server takes a message of that many bytes, as far as it says.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        self.offers.most_bytes.is_none_or(|most| u64::try_from(bytes).unwrap_or(u64::MAX) <= most)
    }

    /// Sends one letter.
    pub(super) async fn deliver(&mut self, letter: &Letter, deadline: Instant) -> Result<Receipt, Fault> {
        let utf8 = if letter.needs_utf8() { " SMTPUTF8" } else { "" };
        let eight_bit = !letter.bytes.is_ascii() && self.offers.eight_bit_mime;
        let body = if eight_bit { " BODY=8BITMIME" } else { "" };
        let mail = format!("MAIL FROM:<{}>{utf8}{body}", letter.from);
        self.command(Phase::Mail, &mail, deadline, 2).await?;
        self.command(Phase::Rcpt, &format!("RCPT TO:<{}>", letter.to), deadline, 2).await?;
        self.command(Phase::Data, "DATA", deadline, 3).await?;
        self.content(&letter.bytes, deadline).await?;
        let phase = Phase::Content;
        let said = within(phase, LAST_STEP, deadline, self.wire.say(b".\r\n")).await?;
        said.map_err(|_| Fault::new(phase, What::Cut))?;
        let answer = match self.reply(phase, LAST_STEP, deadline).await {
            // The code was said; what has not come is the end of its text.
            Err(Fault { what: what @ (What::Silence | What::TooLong), .. }) => {
                self.cut_off = true;
                self.wire.so_far().ok_or(Fault::new(phase, what))?
            }
            answer => answer?,
        };
        expect(phase, &answer, 2)?;
        self.sent += 1;
        Ok(Receipt { words: format!("{} {}", answer.code, answer.words()).trim_end().to_owned() })
    }

    /// Writes the content, up to the final dot: until that is written, the server has no message.
    async fn content(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Fault> {
        let phase = Phase::Data;
        self.in_step(phase).await?;
        let written = within(phase, LAST_STEP, deadline, self.wire.say(&stuffed(bytes))).await?;
        let unasked = self.wire.unasked().await;
        if unasked == Unasked::Words
            && let Some(reply) = self.wire.so_far()
            && reply.class() >= 4
        {
            // The server gave up on the content.
            return Err(refusal(Phase::Content, &reply));
        }
        match unasked {
            Unasked::Words => Err(Fault::new(phase, What::OutOfStep)),
            Unasked::End => Err(Fault::new(phase, What::Cut)),
            Unasked::Nothing => written.map_err(|_| Fault::new(phase, What::Cut)),
        }
    }

    async fn command(
        &mut self,
        phase: Phase,
        line: &str,
        deadline: Instant,
        class: u16,
    ) -> Result<(), Fault> {
        let answer = self.ask(phase, line, deadline).await?;
        expect(phase, &answer, class)
    }

    /// Writes a command and reads its answer, whatever that is.
    async fn ask(&mut self, phase: Phase, line: &str, deadline: Instant) -> Result<Reply, Fault> {
        self.in_step(phase).await?;
        let said = within(phase, STEP, deadline, self.wire.say(format!("{line}\r\n").as_bytes())).await?;
        // What a server says before it hangs up can be read even where the command could not be written.
        match (said, self.reply(phase, STEP, deadline).await) {
            (Ok(()), answer) => answer,
            (Err(_), Ok(answer)) if answer.class() >= 4 => Ok(answer),
            (Err(_), _) => Err(Fault::new(phase, What::Cut)),
        }
    }

    async fn reply(&mut self, phase: Phase, limit: Duration, deadline: Instant) -> Result<Reply, Fault> {
        match within(phase, limit, deadline, self.wire.reply()).await? {
            Ok(reply) => Ok(reply),
            Err(NoReply::TooLong) => match self.wire.so_far().filter(|reply| reply.class() >= 4) {
                // The code of a refusal decides however much is said about it; the session goes no further.
                Some(reply) => {
                    self.cut_off = true;
                    Ok(reply)
                }
                None => Err(Fault::new(phase, What::TooLong)),
            },
            Err(why) => Err(Fault::new(phase, why.into())),
        }
    }

    /// Whether another message can be sent in it: what is still to come of a reply could be taken for the next one.
    pub(super) fn is_in_step(&self) -> bool {
        !self.cut_off
    }

    /// Fails where the server has spoken or hung up before it is asked. Only 421 may come at any time.
    async fn in_step(&mut self, phase: Phase) -> Result<(), Fault> {
        match self.wire.unasked().await {
            Unasked::Nothing => Ok(()),
            Unasked::End => Err(Fault::new(phase, What::Cut)),
            Unasked::Words => match self.wire.so_far() {
                Some(reply) if reply.code == 421 => Err(refusal(phase, &reply)),
                Some(_) | None => Err(Fault::new(phase, What::OutOfStep)),
            },
        }
    }

    /// Whether the connection still answers.
    pub(super) async fn answers(&mut self) -> bool {
        self.agrees("NOOP").await
    }

    /// Ends a message that was refused, so that another can follow.
    pub(super) async fn reset(&mut self) -> bool {
        self.agrees("RSET").await
    }

    async fn agrees(&mut self, command: &str) -> bool {
        if self.cut_off {
            return false;
        }
        let deadline = Instant::now() + FAREWELL;
        self.command(Phase::Mail, command, deadline, 2).await.is_ok()
    }

    /// Says goodbye.
    pub(super) async fn quit(mut self) {
        self.agrees("QUIT").await;
    }
}

/// A positive answer of the wrong kind does not answer the command.
fn expect(phase: Phase, answer: &Reply, class: u16) -> Result<(), Fault> {
    match answer.class() {
        got if got == class => Ok(()),
        4 | 5 => Err(refusal(phase, answer)),
        _ => Err(Fault::new(phase, What::Garbled)),
    }
}

fn refusal(phase: Phase, answer: &Reply) -> Fault {
    let words = Some(answer.words()).filter(|words| !words.is_empty());
    Fault { phase, what: What::Code(answer.code), words }
}

/// The content with the dots at the beginning of its lines doubled, and with the end of its last line.
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64 + 2);
    let mut begins = true;
    for byte in bytes {
        if begins && *byte == b'.' {
            out.push(b'.');
        }
        out.push(*byte);
        begins = *byte == b'\n';
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_the_content_ends_the_message() {
        for (content, written) in [
            (b"".as_slice(), b"\r\n".as_slice()),
            (b".", b"..\r\n"),
            (b"a\r\n.\r\nb", b"a\r\n..\r\nb\r\n"),
            (b"a\r\n..b\r\n", b"a\r\n...b\r\n"),
            (b"a.b\r\n", b"a.b\r\n"),
        ] {
            assert_eq!(stuffed(content), written, "{}", content.escape_ascii());
        }
    }
}
