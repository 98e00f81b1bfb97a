//! The SMTP table: what a fault in each phase says about the message, and its scope.
//!
//! | phase | answer | then |
//! |---|---|---|
//! | any | 4yz that speaks of a rate | not taken, throttled |
//! | any | 421, 530, 534, 535, 538 | not taken, the provider |
//! | connecting, greeting, STARTTLS, AUTH | any other | not taken, the provider |
//! | MAIL | 4yz, and 5yz but those of the message's size, parameters or content | not taken, the provider: no recipient was named |
//! | RCPT, DATA, the final dot | 4yz | not taken, the message; 4.3.x the provider |
//! | RCPT, DATA, the final dot | 5yz | refused everywhere or here, or the provider: by status, then by plain words, [`Says::permanent`] |
//! | before the final dot | no answer, cut, garbled, out of step or too long | not taken, the provider |
//! | the final dot | no answer, cut, garbled, out of step or too long | unknown |

use std::fmt;

use orqestra_domain::Cause;

use super::words::{speaks_of_a_rate, speaks_of_the_client, speaks_of_the_recipient};
use crate::provider::{NotTaken, Reach, Scope, SendError};

/// How far a message had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Name, TCP, banner, EHLO.
    Connecting,
    /// STARTTLS and its handshake.
    Encrypting,
    /// AUTH.
    Authenticating,
    /// The sender.
    Mail,
    /// The recipient.
    Rcpt,
    /// Leave to send the content, and the content: before its final dot the server has no message.
    Data,
    /// The final dot: from here on the message may be taken.
    Content,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The server answered with this code.
    Code(u16),
    /// No answer in time.
    Silence,
    /// The host's name has no address.
    NoName,
    /// No name server answered in time.
    NoNameServer,
    /// None of the host's addresses answered in time.
    NoConnection,
    /// The host's machine refused the connection.
    Refused,
    /// No way leads to any of the host's addresses.
    Unreachable,
    /// The connection failed otherwise, was cut or reset.
    Cut,
    /// The host has only addresses that the installation hands no mail to.
    PrivateHost,
    /// TLS could not be agreed on.
    Handshake,
    /// The server's certificate is not for its name, is out of date or nobody we trust signed it.
    Certificate,
    /// The server's words are not a reply that fits the command.
    Garbled,
    /// The server spoke before it was asked: none of its replies can be told from the next one.
    OutOfStep,
    /// More came back than an answer may hold.
    TooLong,
    /// The server does not offer STARTTLS.
    NoStartTls,
    /// The server offers no mechanism for AUTH that we know.
    NoMechanism,
    /// The password cannot be opened now.
    NoPassword,
}

/// A fault and where it happened.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) phase: Phase,
    pub(super) what: What,
    /// The server's words, or the system's where no server spoke; they may name the recipient.
    pub(super) words: Option<String>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({:?}, {:?})", self.phase, self.what)
    }
}

impl Fault {
    pub(super) const fn new(phase: Phase, what: What) -> Self {
        Self { phase, what, words: None }
    }

    /// The same with what the system says of it.
    pub(super) fn said(self, words: String) -> Self {
        Self { words: Some(words), ..self }
    }

    /// Whether a connection that was idle may simply have been closed meanwhile.
    pub(super) fn may_be_stale(&self) -> bool {
        self.phase == Phase::Mail
            && matches!(self.what, What::Cut | What::Garbled | What::OutOfStep | What::Code(421))
    }

    /// Whether the connection is still in step with the server, and the server still takes mail through it: a sender that was
    /// refused is tried anew in a session of its own.
    pub(super) fn leaves_connection_usable(&self) -> bool {
        let Self { phase, what, words: _ } = self;
        matches!(phase, Phase::Rcpt | Phase::Data) && matches!(what, What::Code(code) if *code != 421)
    }

    fn cause(&self) -> Cause {
        match &self.what {
            What::Code(code) => Cause::SmtpCode(*code),
            What::Silence => Cause::SmtpTimeout,
            What::NoName => Cause::SmtpDns,
            What::NoNameServer => Cause::SmtpDnsTimeout,
            What::NoConnection => Cause::SmtpConnectTimeout,
            What::Refused => Cause::SmtpConnectRefused,
            What::Unreachable => Cause::SmtpConnectUnreachable,
            What::Cut if self.phase == Phase::Connecting => Cause::SmtpConnect,
            What::Cut => Cause::SmtpConnectionLost,
            What::PrivateHost => Cause::SmtpPrivateHost,
            What::Handshake => Cause::SmtpTls,
            What::Certificate => Cause::SmtpCertificate,
            What::Garbled => Cause::SmtpGarbled,
            What::OutOfStep => Cause::SmtpOutOfStep,
            What::TooLong => Cause::SmtpReplyTooLong,
            What::NoStartTls => Cause::SmtpNoStartTls,
            What::NoMechanism => Cause::SmtpNoAuthMechanism,
            What::NoPassword => Cause::SmtpNoPassword,
        }
    }

    /// What the table says.
    pub(super) fn outcome(self) -> SendError {
        let cause = self.cause().to_string();
        let not_taken = |answer, scope| {
            SendError::NotTaken(NotTaken { cause: cause.clone(), retry_after: None, answer, scope })
        };
        match self.what {
            What::Code(code) => match Says::of(self.phase, code, self.words.as_deref().unwrap_or_default()) {
                Says::NotTaken(scope) => not_taken(self.words, scope),
                Says::Refused(reach) => SendError::Refused { cause, answer: self.words, reach },
            },
            What::Silence
            | What::NoName
            | What::NoNameServer
            | What::NoConnection
            | What::Refused
            | What::Unreachable
            | What::Cut
            | What::PrivateHost
            | What::Garbled
            | What::OutOfStep
            | What::TooLong
            | What::Handshake
            | What::Certificate
            | What::NoStartTls
            | What::NoMechanism
            | What::NoPassword => match self.phase {
                Phase::Content => SendError::unknown(cause),
                Phase::Connecting
                | Phase::Encrypting
                | Phase::Authenticating
                | Phase::Mail
                | Phase::Rcpt
                | Phase::Data => not_taken(self.words, Scope::Provider),
            },
        }
    }
}

/// The meaning of a reply of 4yz or 5yz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    NotTaken(Scope),
    Refused(Reach),
}

/// Subject and detail of an enhanced status code (RFC 3463), as in `5.7.1`.
type Status = (u16, u16);

impl Says {
    pub(super) fn of(phase: Phase, code: u16, words: &str) -> Self {
        let status = status(code, words);
        let before_mail = match phase {
            Phase::Connecting | Phase::Encrypting | Phase::Authenticating => true,
            Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Content => false,
        };
        match code {
            400..500 if may_be_a_rate(status) && speaks_of_a_rate(words) => Self::NotTaken(Scope::Throttled),
            421 | 530 | 534 | 535 | 538 => Self::NotTaken(Scope::Provider),
            _ if before_mail => Self::NotTaken(Scope::Provider),
            ..500 if phase == Phase::Mail || matches!(status, Some((3, _))) => {
                Self::NotTaken(Scope::Provider)
            }
            ..500 => Self::NotTaken(Scope::Message),
            _ if phase == Phase::Mail => Self::permanent_to_mail(code, status),
            _ => Self::permanent(phase, code, status, words),
        }
    }

    /// 5yz to MAIL: the recipient is not named yet, so that only the message's size, its parameters and its content are
    /// the message's own.
    fn permanent_to_mail(code: u16, status: Option<Status>) -> Self {
        match (code, status) {
            (552 | 555, _) | (_, Some((2, 3) | (3, 3 | 4) | (6, _))) => Self::Refused(Reach::ThisProvider),
            _ => Self::NotTaken(Scope::Provider),
        }
    }

    /// 5yz from RCPT on. Servers put off their refusals of client, account and sender until RCPT (Postfix with
    /// `smtpd_delay_reject`, Exim with its ACL for RCPT), so that the phase tells nothing of these.
    fn permanent(phase: Phase, code: u16, status: Option<Status>, words: &str) -> Self {
        match (status, code) {
            // The sender's address; the system; a command out of turn; credentials, encryption, DKIM, SPF and reverse DNS.
            (Some((1, 7 | 8) | (3, 0..=2 | 5..) | (5, 1) | (7, 8..=14 | 20..=29)), _) => {
                Self::NotTaken(Scope::Provider)
            }
            // An address, not said whose: Postfix says it of senders that it does not know.
            (Some((1, 0)), _) if speaks_of_the_client(words) || !speaks_of_the_recipient(words) => {
                Self::Refused(Reach::ThisProvider)
            }
            // The recipient's address; the recipient's mailbox.
            (Some((1 | 2, _)), _) => Self::Refused(Reach::Everywhere),
            // Features and sizes of the system; routes; parameters; content; policy.
            (Some((3..=7, _)), _) | (Some(_) | None, 554 | 555) => Self::Refused(Reach::ThisProvider),
            (Some(_) | None, 500 | 502..=504) => Self::NotTaken(Scope::Provider),
            (Some(_) | None, 550 | 552) if phase == Phase::Content => Self::Refused(Reach::ThisProvider),
            (Some(_) | None, _) if speaks_of_the_client(words) => Self::Refused(Reach::ThisProvider),
            (Some(_) | None, _) => Self::Refused(Reach::Everywhere),
        }
    }
}

/// The enhanced status code at the beginning of a reply's text, if its class is the code's.
fn status(code: u16, words: &str) -> Option<Status> {
    let word = words.split_whitespace().next()?.trim_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = word.split('.').map(str::parse::<u16>);
    let (class, subject, detail) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    (class == code / 100 && numbers.next().is_none()).then_some((subject, detail))
}

/// Whether a temporary refusal can be of the sender's rate: greylisting and a busy mailbox are the message's own.
fn may_be_a_rate(status: Option<Status>) -> bool {
    matches!(status, None | Some((3 | 7, _) | (4, 5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 7] = [
        Phase::Connecting,
        Phase::Encrypting,
        Phase::Authenticating,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
        Phase::Content,
    ];

    fn short(phase: Phase, what: What, words: &str) -> &'static str {
        match (Fault { phase, what, words: Some(words.to_owned()) }).outcome() {
            SendError::NotTaken(NotTaken { scope: Scope::Provider, .. }) => "provider",
            SendError::NotTaken(NotTaken { scope: Scope::Message, .. }) => "message",
            SendError::NotTaken(NotTaken { scope: Scope::Throttled, .. }) => "throttled",
            SendError::Refused { reach: Reach::Everywhere, .. } => "refused",
            SendError::Refused { reach: Reach::ThisProvider, .. } => "refused here",
            SendError::Refused { reach: Reach::OptedOut, .. } => "opted out",
            SendError::Unknown { .. } => "unknown",
            SendError::NotAsked { .. } => "not asked",
        }
    }

    /// The meaning of a reply before MAIL, to MAIL, to RCPT, to DATA and to the final dot.
    fn row(code: u16, words: &str) -> [&'static str; 5] {
        for early in [Phase::Connecting, Phase::Encrypting] {
            let same = [early, Phase::Authenticating].map(|phase| short(phase, What::Code(code), words));
            assert_eq!(same[0], same[1], "{code} {words}");
        }
        [Phase::Connecting, Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Content]
            .map(|phase| short(phase, What::Code(code), words))
    }

    #[test]
    fn every_row_of_the_table_is_as_written() {
        const PROVIDER: &str = "provider";
        const HERE: &str = "refused here";
        let late = |said| ["provider", "provider", said, said, said];
        for (code, words, says) in [
            (421, "closing", [PROVIDER; 5]),
            (530, "authenticate first", [PROVIDER; 5]),
            (535, "5.7.8 wrong", [PROVIDER; 5]),
            (450, "4.2.1 mailbox busy", late("message")),
            (451, "later", late("message")),
            (451, "4.7.1 greylisted, rate limited", late("message")),
            (452, "4.3.1 disk full", [PROVIDER; 5]),
            (421, "4.7.28 rate limit exceeded", ["throttled"; 5]),
            (450, "4.7.0 Throttled: too many messages", ["throttled"; 5]),
            (452, "4.2.2 mailbox over its sending rate", late("message")),
            (550, "5.7.1 account suspended", late(HERE)),
            (553, "5.7.1 sender not owned by user", late(HERE)),
            (554, "5.7.1 rejected by policy", late(HERE)),
            (550, "5.7.13 user account disabled", [PROVIDER; 5]),
            (550, "5.7.26 unauthenticated sender", [PROVIDER; 5]),
            (550, "#5.1.1 no such user", late("refused")),
            (550, "5.1.10 the domain takes no mail", late("refused")),
            (550, "5.1.8 bad sender domain", [PROVIDER; 5]),
            (550, "5.1.7 bad sender", [PROVIDER; 5]),
            (550, "5.1.0 <shop@example.org>: Sender address rejected: User unknown", late(HERE)),
            (550, "5.1.0 address rejected", late(HERE)),
            (550, "5.1.0 <user@example.com>... User unknown", late("refused")),
            (550, "5.1.2 bad destination host", late("refused")),
            (501, "5.1.3 bad destination syntax", late("refused")),
            (551, "5.1.6 mailbox has moved", late("refused")),
            (554, "5.7.1 <user@example.com>: Relay access denied", late(HERE)),
            (552, "5.2.2 mailbox full", [PROVIDER, HERE, "refused", "refused", "refused"]),
            (550, "5.2.1 mailbox disabled", late("refused")),
            (554, "5.3.0 system failure", [PROVIDER; 5]),
            (552, "5.3.4 message too big", [PROVIDER, HERE, HERE, HERE, HERE]),
            (550, "5.4.4 unable to route", late(HERE)),
            (503, "5.5.1 out of turn", [PROVIDER; 5]),
            (501, "5.5.4 bad parameter", late(HERE)),
            (553, "5.6.7 no addresses beyond ASCII", [PROVIDER, HERE, HERE, HERE, HERE]),
            (555, "unknown parameter", [PROVIDER, HERE, HERE, HERE, HERE]),
            (550, "no such user", [PROVIDER, PROVIDER, "refused", "refused", HERE]),
            (551, "user not local", late("refused")),
            (554, "transaction failed", late(HERE)),
            (502, "what", [PROVIDER; 5]),
            // Another class than the code's, and too many numbers: not a status.
            (550, "4.7.1 odd", [PROVIDER, PROVIDER, "refused", "refused", HERE]),
            (550, "5.7.1.2 odd", [PROVIDER, PROVIDER, "refused", "refused", HERE]),
        ] {
            assert_eq!(row(code, words), says, "{code} {words}");
        }
    }

    #[test]
    fn a_bare_refusal_to_rcpt_is_the_recipients_unless_it_plainly_speaks_of_the_client() {
        for words in [
            "relay not permitted",
            "account suspended",
            "Your account has been disabled, call us",
            "<user@example.com>: Relay access denied",
            "Relaying denied. Proper authentication required.",
            "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "<shop@example.org>: Sender address rejected: not owned by user shop",
            "<shop@example.org>: Sender address rejected: User unknown in local recipient table",
            "Sender verify failed",
            "Domain of sender address shop@example.org does not exist",
            "Service unavailable; Client host [192.0.2.1] blocked using zen.example.org",
            "550 Please turn on SMTP Authentication in your mail client",
            "Administrative prohibition",
            "Domain example.org has exceeded the max emails per hour (100/100) allowed. Message discarded.",
        ] {
            for code in [550, 551, 553] {
                let [rcpt, data] =
                    [Phase::Rcpt, Phase::Data].map(|phase| short(phase, What::Code(code), words));
                assert_eq!([rcpt, data], ["refused here"; 2], "{code} {words}");
            }
        }
        for words in [
            "",
            "no",
            "no such user",
            "<relay-access-denied@example.com>: no such user",
            "<user@relaying-denied.example>... User unknown",
            "Unrouteable address",
            "Mailbox unavailable",
            "mailbox of that account is disabled",
            "The email account that you tried to reach is disabled",
            "sorry, no mailbox here by that name. (#5.1.1)",
            "unknown sender or user unknown",
            "we relay to nobody of that name",
        ] {
            for code in [550, 551, 553] {
                assert_eq!(short(Phase::Rcpt, What::Code(code), words), "refused", "{code} {words}");
            }
        }
    }

    #[test]
    fn a_missing_name_a_refusal_a_missing_route_and_silence_are_told_apart() {
        let cause = |what| Fault::new(Phase::Connecting, what).cause();
        for (what, told) in [
            (What::NoName, "smtp_dns"),
            (What::NoNameServer, "smtp_dns_timeout"),
            (What::Refused, "smtp_connect_refused"),
            (What::Unreachable, "smtp_connect_unreachable"),
            (What::NoConnection, "smtp_connect_timeout"),
            (What::Cut, "smtp_connect"),
            (What::Silence, "smtp_timeout"),
        ] {
            assert_eq!(cause(what).to_string(), told);
        }
    }

    #[test]
    fn without_an_answer_the_message_is_unknown_from_its_final_dot_on() {
        for lost in [What::Silence, What::Cut, What::Garbled, What::OutOfStep, What::TooLong] {
            let says = PHASES.map(|phase| short(phase, lost.clone(), ""));
            assert_eq!(says[..6], ["provider"; 6]);
            assert_eq!(says[6], "unknown");
        }
    }

    #[test]
    fn only_an_early_loss_on_an_idle_connection_may_be_staleness() {
        assert!(Fault::new(Phase::Mail, What::Cut).may_be_stale());
        assert!(Fault::new(Phase::Mail, What::Code(421)).may_be_stale());
        assert!(!Fault::new(Phase::Mail, What::Code(451)).may_be_stale());
        assert!(!Fault::new(Phase::Content, What::Cut).may_be_stale());
    }
}
