//! The SMTP table: what a fault in each phase says about the message.
//!
//! | phase | 4yz | 5yz | no answer, cut, garbled, out of step or too long |
//! |---|---|---|---|
//! | connecting, greeting, STARTTLS, AUTH | not taken, provider down | not taken, provider down | not taken, provider down |
//! | MAIL, RCPT, DATA, the content up to its final dot | not taken | refused | not taken, provider down |
//! | the final dot and its answer | not taken | refused | unknown |
//!
//! 421 and the codes that ask for authentication speak of the provider and not of the message, in any phase: not
//! taken, provider down.

use std::fmt;

use crate::provider::{NotTaken, SendError};

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
    /// The connection was refused, cut or reset.
    Cut,
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
    /// The server's words; they may name the recipient.
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

    /// Whether a connection that was idle may simply have been closed meanwhile.
    pub(super) fn may_be_stale(&self) -> bool {
        self.phase == Phase::Mail
            && matches!(self.what, What::Cut | What::Garbled | What::OutOfStep | What::Code(421))
    }

    /// Whether the connection is still in step with the server.
    pub(super) fn leaves_connection_usable(&self) -> bool {
        let Self { phase, what, words: _ } = self;
        matches!(phase, Phase::Mail | Phase::Rcpt | Phase::Data)
            && matches!(what, What::Code(code) if *code != 421)
    }

    fn cause(&self) -> String {
        match &self.what {
            What::Code(code) => format!("smtp_{code}"),
            What::Silence => "smtp_timeout".to_owned(),
            What::Cut if self.phase == Phase::Connecting => "smtp_connect".to_owned(),
            What::Cut => "smtp_connection_lost".to_owned(),
            What::Handshake => "smtp_tls".to_owned(),
            What::Certificate => "smtp_certificate".to_owned(),
            What::Garbled => "smtp_garbled".to_owned(),
            What::OutOfStep => "smtp_out_of_step".to_owned(),
            What::TooLong => "smtp_reply_too_long".to_owned(),
            What::NoStartTls => "smtp_no_starttls".to_owned(),
            What::NoMechanism => "smtp_no_auth_mechanism".to_owned(),
            What::NoPassword => "smtp_no_password".to_owned(),
        }
    }

    /// What the table says.
    pub(super) fn outcome(self) -> SendError {
        let cause = self.cause();
        let not_taken = |answer, provider_down| {
            SendError::NotTaken(NotTaken { cause: cause.clone(), retry_after: None, answer, provider_down })
        };
        let before_mail = match self.phase {
            Phase::Connecting | Phase::Encrypting | Phase::Authenticating => true,
            Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Content => false,
        };
        match self.what {
            What::Code(421 | 530 | 534 | 535 | 538) => not_taken(self.words, true),
            What::Code(_) if before_mail => not_taken(self.words, true),
            What::Code(500..) => SendError::Refused { cause, answer: self.words },
            What::Code(_) => not_taken(self.words, false),
            What::Silence
            | What::Cut
            | What::Garbled
            | What::OutOfStep
            | What::TooLong
            | What::Handshake
            | What::Certificate
            | What::NoStartTls
            | What::NoMechanism
            | What::NoPassword => match self.phase {
                Phase::Content => SendError::Unknown { cause },
                Phase::Connecting
                | Phase::Encrypting
                | Phase::Authenticating
                | Phase::Mail
                | Phase::Rcpt
                | Phase::Data => not_taken(self.words, true),
            },
        }
    }
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

    fn short(phase: Phase, what: What) -> &'static str {
        match Fault::new(phase, what).outcome() {
            SendError::NotTaken(NotTaken { provider_down: true, .. }) => "down",
            SendError::NotTaken(_) => "not taken",
            SendError::Refused { .. } => "refused",
            SendError::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn every_cell_of_the_table_is_as_written() {
        let row = |what: What| PHASES.map(|phase| short(phase, what.clone()));
        let early = ["down"; 3];
        let with = |late: [&'static str; 4]| -> [&'static str; 7] {
            [early[0], early[1], early[2], late[0], late[1], late[2], late[3]]
        };
        assert_eq!(row(What::Code(451)), with(["not taken"; 4]));
        assert_eq!(row(What::Code(550)), with(["refused"; 4]));
        assert_eq!(row(What::Code(421)), ["down"; 7]);
        assert_eq!(row(What::Code(530)), ["down"; 7]);
        for lost in [What::Silence, What::Cut, What::Garbled, What::OutOfStep, What::TooLong] {
            assert_eq!(row(lost), with(["down", "down", "down", "unknown"]));
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
