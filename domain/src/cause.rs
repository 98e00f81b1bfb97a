//! Why an attempt failed, has an unknown outcome or was held, and why a delivery was given up: the codes that events carry.
//!
//! The list is whole: what writes an event takes its cause from here. A stored cause is a text, read whatever it says. A code
//! never changes its meaning; `docs/errors.md` explains each.

use std::fmt;
use std::str::FromStr;

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A coded cause.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            /// An SMTP server answered with this code.
            SmtpCode(u16),
            /// A provider's API answered with this status.
            HttpStatus(u16),
            /// Twilio answered with this code.
            TwilioCode(u32),
            /// Africa's Talking answered with this code for the recipient.
            AfricasTalkingCode(u32),
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            /// Every cause but the codes that providers answer with.
            pub const NAMED: &'static [Self] = &[$(Self::$name,)*];
        }

        impl fmt::Display for Cause {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::SmtpCode(code) => write!(f, "smtp_{code}"),
                    Self::HttpStatus(status) => write!(f, "http_{status}"),
                    Self::TwilioCode(code) => write!(f, "twilio_{code}"),
                    Self::AfricasTalkingCode(code) => write!(f, "africastalking_{code}"),
                    $(Self::$name => f.write_str($code),)*
                }
            }
        }
    };
}

causes! {
    /// The server's name has no address.
    SmtpDns = "smtp_dns",
    /// No name server answered in time.
    SmtpDnsTimeout = "smtp_dns_timeout",
    /// The server's machine refused the connection.
    SmtpConnectRefused = "smtp_connect_refused",
    /// No way leads to the server's address.
    SmtpConnectUnreachable = "smtp_connect_unreachable",
    /// None of the server's addresses answered in time.
    SmtpConnectTimeout = "smtp_connect_timeout",
    /// The connection failed otherwise, or ended before the server's greeting.
    SmtpConnect = "smtp_connect",
    /// The connection stands, and no answer came in time.
    SmtpTimeout = "smtp_timeout",
    /// The connection ended in the middle.
    SmtpConnectionLost = "smtp_connection_lost",
    /// The host has only addresses that the installation hands no mail to.
    SmtpPrivateHost = "smtp_private_host",
    /// Encryption cannot be agreed on.
    SmtpTls = "smtp_tls",
    /// The server's certificate does not fit.
    SmtpCertificate = "smtp_certificate",
    /// The server offers no encryption.
    SmtpNoStartTls = "smtp_no_starttls",
    /// The server offers no mechanism for AUTH that is known.
    SmtpNoAuthMechanism = "smtp_no_auth_mechanism",
    /// The stored credentials cannot be opened.
    SmtpNoPassword = "smtp_no_password",
    /// The server's words are no reply.
    SmtpGarbled = "smtp_garbled",
    /// A reply was there before its command.
    SmtpOutOfStep = "smtp_out_of_step",
    /// More came than a reply may hold.
    SmtpReplyTooLong = "smtp_reply_too_long",
    /// The server does not take this address.
    SmtpNoUtf8 = "smtp_no_utf8",
    /// The server does not take this size.
    SmtpTooLarge = "smtp_too_large",
    /// The base URL, or what goes into a header, cannot be used.
    HttpUrl = "http_url",
    /// The stored key cannot be opened.
    HttpNoKey = "http_no_key",
    /// The API's host has no address.
    HttpDns = "http_dns",
    /// No name server answered in time.
    HttpDnsTimeout = "http_dns_timeout",
    /// The API's host has only addresses that the installation does not reach.
    HttpPrivateHost = "http_private_host",
    /// The API's host refused the connection.
    HttpConnectRefused = "http_connect_refused",
    /// No connection stood in time.
    HttpConnectTimeout = "http_connect_timeout",
    /// The connection failed otherwise.
    HttpConnect = "http_connect",
    /// Encryption cannot be agreed on, or the certificate does not fit.
    HttpTls = "http_tls",
    /// The request left, and no answer came in time.
    HttpTimeout = "http_timeout",
    /// The request may have left, and the connection ended without an answer.
    HttpConnectionLost = "http_connection_lost",
    /// What came back is no answer of HTTP.
    HttpGarbled = "http_garbled",
    /// The sandbox could not keep the message.
    SandboxUnavailable = "sandbox_unavailable",
    /// The address stands for a mailbox that takes nothing for now.
    SandboxSoftBounce = "sandbox_soft_bounce",
    /// The address stands for a recipient who told the provider to send no more.
    SandboxOptedOut = "sandbox_opted_out",
    /// The address stands for nobody's.
    SandboxHardBounce = "sandbox_hard_bounce",
    /// The address stands for a provider that is throttled.
    SandboxRateLimited = "sandbox_rate_limited",
    /// The address stands for a provider whose answer is lost.
    SandboxTimeout = "sandbox_timeout",
    /// The call was not over in the provider timeout.
    ProviderTimeout = "provider_timeout",
    /// The call was not made: the claim had run out before it.
    ClaimExpired = "claim_expired",
    /// There is no mailbox to send from.
    NoSender = "no_sender",
    /// There is no mailbox to send to.
    Unaddressable = "unaddressable",
    /// The claim expired without an outcome.
    NoOutcome = "no_outcome",
    /// The log lost its end while the attempt was open.
    Restored = "restored",
    /// The entry whose answer is missing is not in the configuration any more.
    ProviderRemoved = "provider_removed",
    /// The attempt names no entry, and the configuration has several of its kind.
    ProviderAmbiguous = "provider_ambiguous",
    /// The provider does not deduplicate any more.
    DedupWindowOver = "dedup_window_over",
    /// The message stopped being of use before a provider took it.
    Expired = "expired",
    /// A resend is not allowed or not possible any more, and the outcome before it is unknown.
    NotSentAgain = "not_sent_again",
    /// An operator gave the delivery up.
    Dropped = "dropped",
    /// The template version that was planned is not known.
    TemplateMissing = "template_missing",
    /// The template version that was planned cannot be parsed.
    TemplateInvalid = "template_invalid",
    /// A tag or filter met a value that it cannot take.
    RenderFailed = "render_failed",
    /// The render used up its steps.
    TooManySteps = "too_many_steps",
    /// The body is no valid MJML.
    InvalidMjml = "invalid_mjml",
    /// The MJML is too deep or too large.
    MjmlTooComplex = "mjml_too_complex",
    /// The plan has no template for the channel.
    NotPlanned = "not_planned",
    /// What was sealed of the recipient cannot be opened.
    RecipientUnreadable = "recipient_unreadable",
    /// What was sealed of the variables cannot be opened.
    VariablesUnreadable = "variables_unreadable",
    /// What was sealed of the content cannot be opened.
    ContentUnreadable = "content_unreadable",
    /// Resend: the recipient's server refused the message for good.
    ResendBounce = "resend_bounce",
    /// Resend: the recipient's server refused the message for now, or it cannot be told.
    ResendSoftBounce = "resend_soft_bounce",
    /// Resend: the message is delayed.
    ResendDelayed = "resend_delayed",
    /// Resend: the recipient reported the message.
    ResendComplaint = "resend_complaint",
    /// Resend: the message was taken, and not sent.
    ResendFailed = "resend_failed",
    /// Resend: the address is on its own list of suppressed ones.
    ResendSuppressed = "resend_suppressed",
    /// `SendGrid`: the recipient's server refused the message for good.
    SendGridBounce = "sendgrid_bounce",
    /// `SendGrid`: the recipient's server blocked the message.
    SendGridBlocked = "sendgrid_blocked",
    /// `SendGrid`: the recipient's server puts the message off.
    SendGridDeferred = "sendgrid_deferred",
    /// `SendGrid`: the message was taken, and not sent.
    SendGridDropped = "sendgrid_dropped",
    /// `SendGrid`: the recipient reported the message.
    SendGridSpamReport = "sendgrid_spam_report",
    /// `SendGrid`: the recipient unsubscribed.
    SendGridUnsubscribed = "sendgrid_unsubscribed",
    /// Twilio: not delivered, without a code.
    TwilioUndelivered = "twilio_undelivered",
    /// Africa's Talking: not delivered, or rejected.
    AfricasTalkingUndelivered = "africastalking_undelivered",
    /// Africa's Talking: the handset was not reached in time.
    AfricasTalkingAbsent = "africastalking_absent",
    /// Africa's Talking: the number does not exist.
    AfricasTalkingNoSuchNumber = "africastalking_no_such_number",
    /// Africa's Talking: the recipient does not want messages of this sender.
    AfricasTalkingOptedOut = "africastalking_opted_out",
}

impl Cause {
    /// The answers of a send by which a provider says that the recipient told it to send no more.
    pub const OPT_OUTS: [Self; 3] =
        [Self::TwilioCode(21_610), Self::AfricasTalkingCode(406), Self::SandboxOptedOut];

    /// Whether a code is one of [`Self::OPT_OUTS`].
    pub fn is_opt_out(code: &str) -> bool {
        Self::OPT_OUTS.iter().any(|cause| cause.to_string() == code)
    }
}

/// A code that this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cause that this program knows")]
pub struct UnknownCause;

/// Reads a stored code.
impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(code: &str) -> Result<Self, UnknownCause> {
        if let Some(named) = Self::NAMED.iter().find(|named| named.to_string() == code) {
            return Ok(*named);
        }
        let (of, number) = code.rsplit_once('_').ok_or(UnknownCause)?;
        let small = || number.parse().map_err(|_| UnknownCause);
        let large = || number.parse().map_err(|_| UnknownCause);
        let cause = match of {
            "smtp" => Self::SmtpCode(small()?),
            "http" => Self::HttpStatus(small()?),
            "twilio" => Self::TwilioCode(large()?),
            "africastalking" => Self::AfricasTalkingCode(large()?),
            _ => return Err(UnknownCause),
        };
        // A number has one spelling.
        if cause.to_string() == code { Ok(cause) } else { Err(UnknownCause) }
    }
}

impl From<Cause> for String {
    fn from(cause: Cause) -> Self {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The codes in the first column of the page's table of causes.
    fn explained() -> BTreeSet<String> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
        let page = fs::read_to_string(page).unwrap();
        let table = page.split("\n## Causes of attempts\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let first = rows.map(|row| row.trim_start_matches('|').split(" | ").next().unwrap());
        first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    }

    #[test]
    fn the_page_of_errors_explains_every_cause_and_no_other() {
        let mut known: BTreeSet<String> = Cause::NAMED.iter().map(Cause::to_string).collect();
        known.extend(
            [
                "smtp_<code>",
                "smtp_550",
                "http_<status>",
                "http_429",
                "twilio_<code>",
                "twilio_21211",
                "africastalking_<code>",
                "africastalking_403",
            ]
            .map(str::to_owned),
        );
        assert_eq!(explained(), known);
    }

    #[test]
    fn a_code_is_read_as_the_cause_that_it_was_written_for() {
        let answered = [
            Cause::SmtpCode(550),
            Cause::HttpStatus(429),
            Cause::TwilioCode(21_211),
            Cause::AfricasTalkingCode(403),
        ];
        for cause in Cause::NAMED.iter().chain(&answered) {
            assert_eq!(cause.to_string().parse(), Ok(*cause));
        }
        for unknown in ["", "smtp", "smtp_", "smtp_+5", "smtp_0550", "smtp_70000", "pigeon_7", "pigeon_lost"]
        {
            assert_eq!(unknown.parse::<Cause>(), Err(UnknownCause), "{unknown}");
        }
    }

    #[test]
    fn a_cause_has_a_code_of_its_own_in_the_form_of_codes() {
        let codes: BTreeSet<String> = Cause::NAMED.iter().map(Cause::to_string).collect();
        assert_eq!(codes.len(), Cause::NAMED.len());
        let plain = |code: &String| {
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(codes.iter().all(plain));
        assert_eq!(Cause::SmtpCode(550).to_string(), "smtp_550");
    }
}
