//! The plain words for each code that an event's story is told in: statuses, reasons, causes, receipts.
//!
//! Every match is exhaustive, so a new code needs its words to compile. A code of a newer engine is told as it is. Words are a part
//! of a sentence: small letters, no full stop.

use orqestra_dispatch::WaitReason;
use orqestra_domain::Cause;
use orqestra_domain::notification::{ReceiptSays, SkipReason};
use orqestra_projections::delivery_status::Status;

/// The words for where a delivery stands.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Planned => "not sent yet: it is due and waits for its turn",
        Status::Skipped => "not sent",
        Status::Sending => "being sent now",
        Status::Retrying => "not sent yet: it is tried again",
        Status::Unknown => "perhaps sent: an operator decides",
        Status::Sent => "sent",
        Status::Failed => "given up",
    }
}

/// The words for why nothing is sent on a channel, with the remedy where there is one.
pub(super) const fn skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::NotRequested => "the event named other channels",
        SkipReason::NotWhitelisted => {
            "the tenant's delivery channels do not include it; `orqestra tenant change` adds it for later events"
        }
        SkipReason::NoTemplate => {
            "neither the tenant nor the platform had a template for this event type and channel; `orqestra template put` saves one for later events"
        }
        SkipReason::TemplateInactive => {
            "the template was switched off; `orqestra template activate` switches it on for later events"
        }
        SkipReason::NoAddress => "the event came without an address for it",
        SkipReason::NoProvider => {
            "no provider was configured; `orqestra provider set` configures one for later events"
        }
        SkipReason::OptedOut => "the recipient does not want it",
        SkipReason::RecipientForgotten => "the recipient was forgotten before it was sent",
        SkipReason::TenantInactive => "the tenant was switched off before it was sent",
        SkipReason::Suppressed => {
            "the address is suppressed; `orqestra suppression check` tells why, `suppression lift` lifts it for later events"
        }
        SkipReason::Expired => "its time ended before a provider took it",
        SkipReason::TooLarge => "it is larger than allowed once rendered",
        SkipReason::Unaddressable => "the address cannot be written to",
    }
}

/// The words for what a delivery waits for, and its remedy; after it the delivery goes on by itself.
pub(super) const fn waits(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::TenantInactive => {
            "the tenant is switched off; switch it on by `orqestra tenant change ID --activate`"
        }
        WaitReason::NoProvider => {
            "no provider is configured; configure one by `orqestra provider set CHANNEL`"
        }
        WaitReason::NoSender => {
            "no mailbox to send from is set; set one by `orqestra tenant change ID --sender-email ADDRESS`"
        }
    }
}

/// The words for what a provider said of a message after it took it.
pub(super) const fn receipt(says: ReceiptSays) -> &'static str {
    match says {
        ReceiptSays::Deferred => "put off: the provider is still trying",
        ReceiptSays::Delivered => "delivered",
        ReceiptSays::Undelivered => "not delivered, through no fault of the address",
        ReceiptSays::Bounced => "bounced: the address takes no messages",
        ReceiptSays::OptedOut => "not delivered: the recipient opted out",
        ReceiptSays::Complained => "reported as spam by the recipient",
    }
}

/// The words for a cause.
pub(super) fn cause(cause: Cause) -> String {
    match cause {
        Cause::SmtpCode(code) => format!("the mail server answered with code {code}"),
        Cause::HttpStatus(status) => format!("the provider's API answered with status {status}"),
        Cause::TwilioCode(code) => format!("Twilio answered with code {code}"),
        Cause::AfricasTalkingCode(code) => {
            format!("Africa's Talking answered with code {code} for the recipient")
        }
        named => named_cause(named).to_owned(),
    }
}

/// The words for a cause that has a name of its own; none for a provider's code.
const fn named_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::SmtpCode(_) | Cause::HttpStatus(_) | Cause::TwilioCode(_) | Cause::AfricasTalkingCode(_) => "",
        Cause::SmtpDns => "the mail server's name has no address",
        Cause::SmtpDnsTimeout | Cause::HttpDnsTimeout => "no name server answered in time",
        Cause::SmtpConnectRefused => "the mail server's machine refused the connection",
        Cause::SmtpConnectUnreachable => "no way leads to the mail server's addresses",
        Cause::SmtpConnectTimeout => "none of the mail server's addresses answered in time",
        Cause::SmtpConnect => "the connection to the mail server failed, or ended before its greeting",
        Cause::SmtpTimeout => "the mail server took the connection and did not answer in time",
        Cause::SmtpConnectionLost => "the connection to the mail server ended in the middle",
        Cause::SmtpPrivateHost => {
            "the mail server has only private addresses, which the installation does not allow (ORQESTRA_SMTP_PRIVATE_HOSTS)"
        }
        Cause::SmtpTls => "encryption with the mail server could not be agreed on",
        Cause::SmtpCertificate => "the mail server's certificate does not fit",
        Cause::SmtpNoStartTls => "the mail server offers no encryption",
        Cause::SmtpNoAuthMechanism => "the mail server offers no way to log in that is known",
        Cause::SmtpNoPassword => "the stored password of the mail server could not be opened",
        Cause::SmtpGarbled => "the mail server's words are no reply",
        Cause::SmtpOutOfStep => "the mail server replied before it was asked",
        Cause::SmtpReplyTooLong => "the mail server's reply is longer than a reply may be",
        Cause::SmtpNoUtf8 => "the mail server does not take an address in these letters",
        Cause::SmtpTooLarge => "the mail server does not take a message of this size",
        Cause::HttpUrl => "no request can be made of the provider entry's base URL, sender or key",
        Cause::HttpNoKey => "the stored key of the provider could not be opened",
        Cause::HttpDns => "the host of the provider's API has no address",
        Cause::HttpPrivateHost => {
            "the host of the provider's API has only private addresses, which are not allowed"
        }
        Cause::HttpConnectRefused => "the host of the provider's API refused the connection",
        Cause::HttpConnectTimeout => "no connection to the provider's API stood in time",
        Cause::HttpConnect => "the connection to the provider's API failed",
        Cause::HttpTls => {
            "encryption with the provider's API could not be agreed on, or its certificate does not fit"
        }
        Cause::HttpTimeout => "the request left, and the provider's API did not answer in time",
        Cause::HttpConnectionLost => "the request may have left, and the connection ended without an answer",
        Cause::HttpGarbled => "the answer of the provider's API is not HTTP",
        Cause::SandboxUnavailable => "the sandbox could not keep the message",
        Cause::SandboxSoftBounce => {
            "the address is the sandbox's for a recipient that cannot be reached for now"
        }
        Cause::SandboxOptedOut => "the address is the sandbox's for a recipient who opted out",
        Cause::SandboxHardBounce => "the address is the sandbox's for a recipient that does not exist",
        Cause::SandboxRateLimited => "the address is the sandbox's for a provider that is throttled",
        Cause::SandboxTimeout => "the address is the sandbox's for a provider whose answer is lost",
        Cause::ProviderTimeout => "the call was not over in the provider timeout",
        Cause::ClaimExpired => "the claim ran out before the call, and no provider was asked",
        Cause::NoSender => "there was no mailbox to send from, and no provider was asked",
        Cause::Unaddressable => "there was no mailbox to send to, and no provider was asked",
        Cause::NoOutcome => "the process ended before it recorded the outcome",
        Cause::Restored => "the log lost its end while the attempt was open",
        Cause::ProviderRemoved => {
            "the provider entry whose answer is missing is not in the configuration any more"
        }
        Cause::ProviderAmbiguous => {
            "the attempt names no provider entry, and the configuration has several of its kind"
        }
        Cause::DedupWindowOver => "the provider does not recognise a repeat any more",
        Cause::Expired => "its time ended before a provider took it",
        Cause::NotSentAgain => "it may have arrived, and may not or cannot be sent again",
        Cause::Dropped => "an operator gave it up",
        Cause::TemplateMissing => "the planned version of the template is not known",
        Cause::TemplateInvalid => "the planned version of the template cannot be parsed",
        Cause::RenderFailed => "the template met a value that it cannot take",
        Cause::TooManySteps => "the template used up its steps",
        Cause::InvalidMjml => "the template's body is not valid MJML",
        Cause::MjmlTooComplex => "the template's MJML is too deep or too large",
        Cause::NotPlanned => "the plan has no template for the channel",
        Cause::RecipientUnreadable => "the sealed recipient cannot be opened, although its key is there",
        Cause::VariablesUnreadable => "the sealed variables cannot be opened, although their key is there",
        Cause::ContentUnreadable => "the sealed content cannot be opened, although its key is there",
        Cause::ResendBounce | Cause::SendGridBounce => "the recipient's server refused the message for good",
        Cause::ResendSoftBounce => "the recipient's server refused the message for now",
        Cause::ResendDelayed => "the message is delayed",
        Cause::ResendComplaint | Cause::SendGridSpamReport => "the recipient reported the message",
        Cause::ResendFailed => "Resend took the message and did not send it",
        Cause::ResendSuppressed => "the address is on Resend's own list of suppressed addresses",
        Cause::SendGridBlocked => "the recipient's server blocked the message",
        Cause::SendGridDeferred => "the recipient's server puts the message off",
        Cause::SendGridDropped => "SendGrid took the message and did not send it",
        Cause::SendGridUnsubscribed => "the recipient unsubscribed",
        Cause::TwilioUndelivered => "Twilio could not deliver the message",
        Cause::AfricasTalkingUndelivered => "Africa's Talking could not deliver the message",
        Cause::AfricasTalkingAbsent => "the handset was not reached in time",
        Cause::AfricasTalkingNoSuchNumber => "the number does not exist",
        Cause::AfricasTalkingOptedOut => "the recipient does not want messages of this sender",
    }
}

/// Returns whether a receipt of this status suppresses the address.
pub(super) fn receipt_suppresses(code: &str) -> bool {
    ReceiptSays::ALL.into_iter().any(|says| says.as_str() == code && says.suppresses().is_some())
}

/// A code in words, then the code itself; a code that this program does not know stands alone.
pub(super) fn cause_of(code: &str) -> String {
    match code.parse::<Cause>() {
        Ok(known) => format!("{} ({code})", cause(known)),
        Err(_) => code.to_owned(),
    }
}

/// Explains the reason for which a channel was skipped.
pub(super) fn skip_of(code: &str) -> String {
    let known = SkipReason::ALL.into_iter().find(|reason| reason.as_str() == code);
    known.map_or_else(|| code.to_owned(), |reason| skip(reason).to_owned())
}

/// Explains the reason for which a channel waits.
pub(super) fn waits_of(code: &str) -> String {
    let known = WaitReason::ALL.into_iter().find(|reason| reason.as_str() == code);
    known.map_or_else(|| code.to_owned(), |reason| waits(reason).to_owned())
}

/// Explains the status of a receipt.
pub(super) fn receipt_of(code: &str) -> String {
    let known = ReceiptSays::ALL.into_iter().find(|says| says.as_str() == code);
    known.map_or_else(|| code.to_owned(), |says| receipt(says).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_words(code: &str, words: &str) {
        assert!(words.len() > 3 && !words.ends_with('.') && !words.contains('\n'), "{code}: {words:?}");
        assert!(words != code && !words.contains("  "), "{code}: {words:?}");
        assert!(!words.contains(code) || !code.contains('_'), "{code} is told by its own code: {words}");
    }

    #[test]
    fn every_status_reason_and_receipt_has_words() {
        for one in Status::ALL {
            are_words(one.as_str(), status(*one));
        }
        for reason in SkipReason::ALL {
            are_words(reason.as_str(), &skip_of(reason.as_str()));
        }
        for reason in WaitReason::ALL {
            are_words(reason.as_str(), &waits_of(reason.as_str()));
        }
        for says in ReceiptSays::ALL {
            assert!(!receipt(says).is_empty() && receipt_of(says.as_str()) == receipt(says));
        }
    }

    #[test]
    fn every_cause_has_words_and_is_known_by_its_code() {
        let answered = [
            Cause::SmtpCode(550),
            Cause::HttpStatus(429),
            Cause::TwilioCode(21_211),
            Cause::AfricasTalkingCode(403),
        ];
        for known in Cause::NAMED.iter().chain(&answered) {
            let code = known.to_string();
            are_words(&code, &cause(*known));
            assert_eq!(cause_of(&code), format!("{} ({code})", cause(*known)));
        }
    }

    #[test]
    fn a_code_of_a_newer_engine_is_told_as_it_is() {
        assert_eq!(cause_of("pigeon_lost"), "pigeon_lost");
        assert_eq!(skip_of("no_pigeon"), "no_pigeon");
        assert_eq!(waits_of("no_pigeon"), "no_pigeon");
        assert_eq!(receipt_of("eaten"), "eaten");
    }
}
