//! Words of well-known servers, for refusals whose code or status does not tell client from recipient.
//!
//! Invariant: only what is said plainly counts, and no address counts as words. Each entry names the software that says
//! it; what is missing here is read by the code alone.

/// What Postfix, Exim, Sendmail and others say of the client, its account, its sender or a relay through them.
const CLIENT: [&str; 31] = [
    "relay access denied",                     // Postfix
    "we do not relay",                         // Sendmail before 8.9
    "relaying denied",                         // Sendmail, Courier
    "relay not permitted",                     // Exim
    "relaying not permitted",                  // Exim, other configurations
    "not permitted to relay",                  // Exim before 4
    "not allowed to relay",                    // CommuniGate Pro
    "relaying not allowed",                    // Kerio Connect, MDaemon
    "relaying is not allowed",                 // IMail
    "relaying prohibited",                     // CommuniGate Pro
    "relay denied",                            // OpenSMTPD's and Haraka's plug-ins
    "unable to relay",                         // Microsoft Exchange
    "list of allowed rcpthosts",               // qmail, netqmail
    "delivery is not allowed to this address", // hMailServer
    "sender address rejected",                 // Postfix
    "sender verify failed",                    // Exim
    "sender rejected",                         // Sendmail's access map
    "sender denied",                           // Exchange's sender filter
    "domain of sender address",                // Sendmail
    "to send as this sender",                  // Microsoft Exchange
    "not owned by user",                       // Postfix's reject_sender_login_mismatch
    "client host rejected",                    // Postfix
    "helo command rejected",                   // Postfix
    "blocked using",                           // Postfix's reject_rbl_client
    "blacklist",                               // Exim's examples for dnslists
    "blocklist",                               // rspamd, Exim since 4.94
    "administrative prohibition",              // Exim's message of a denial that names no other
    "authentication required",                 // Exim's and Courier's configurations
    "authentication is required",              // hMailServer
    "turn on smtp authentication",             // cPanel's Exim
    "exceeded the max emails per hour",        // cPanel's Exim
];

/// What they say of an account, where it is the client's: "account suspended" and the like.
const ACCOUNT: [&str; 4] = ["suspend", "disabled", "blocked", "locked"];

/// What they say of the recipient.
const RECIPIENT: [&str; 9] = [
    "recipient",      // Postfix, Exchange
    "no such user",   // qmail, Exim, Gmail
    "user unknown",   // Sendmail
    "unknown user",   // Exim, Courier
    "user not found", // CommuniGate Pro
    "mailbox",        // qmail, Exchange, the text of RFC 5321
    "tried to reach", // Gmail
    "no such person", // Exim
    "does not exist", // Gmail, Yahoo
];

/// What they say of the sender's rate.
const RATE: [&str; 8] = [
    "rate limit",        // Exim, Gmail
    "ratelimit",         // Exim
    "rate-limit",        // Amazon SES
    "throttl",           // Amazon SES, Microsoft 365
    "too many messages", // SendGrid, Yahoo
    "too many emails",   // cPanel's Exim
    "sending limit",     // Gmail, Zoho
    "sending rate",      // Amazon SES
];

/// The words in small letters without addresses: `relay@example.com` says nothing of a relay.
fn plain(words: &str) -> String {
    let words = words.to_ascii_lowercase();
    words.split_whitespace().filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ")
}

fn says_one_of(plain: &str, all: &[&str]) -> bool {
    all.iter().any(|one| plain.contains(one))
}

/// Whether a refusal is of the client, its account, its sender or a relay through the server.
pub(super) fn speaks_of_the_client(words: &str) -> bool {
    let plain = plain(words);
    let account =
        plain.contains("account") && says_one_of(&plain, &ACCOUNT) && !says_one_of(&plain, &RECIPIENT);
    account || says_one_of(&plain, &CLIENT)
}

/// Whether a refusal names the recipient.
pub(super) fn speaks_of_the_recipient(words: &str) -> bool {
    says_one_of(&plain(words), &RECIPIENT)
}

/// Whether a temporary refusal is of the sender's rate. A list has refused a client, whatever its rate.
pub(super) fn speaks_of_a_rate(words: &str) -> bool {
    let plain = plain(words);
    !plain.contains("list") && says_one_of(&plain, &RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_reply_speaks_of_nobody() {
        for words in
            ["<relaying-denied@example.com>: no", "blacklist@example.com no", "for account-locked@a.example"]
        {
            assert!(!speaks_of_the_client(words), "{words}");
        }
        assert!(!speaks_of_the_recipient("<mailbox@example.com>: no"));
        assert!(!speaks_of_a_rate("<throttled@example.com>: later"));
    }

    #[test]
    fn every_entry_is_found_in_any_case_of_letters_and_in_small_letters_here() {
        for all in [&CLIENT[..], &RECIPIENT, &RATE] {
            for entry in all {
                assert_eq!(*entry, entry.to_ascii_lowercase());
            }
        }
        assert!(CLIENT.iter().all(|entry| speaks_of_the_client(&entry.to_ascii_uppercase())));
        assert!(RECIPIENT.iter().all(|entry| speaks_of_the_recipient(&entry.to_ascii_uppercase())));
        assert!(RATE.iter().all(|entry| speaks_of_a_rate(&entry.to_ascii_uppercase())));
    }
}
