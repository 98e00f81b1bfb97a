//! The extensions that a server offers in its reply to EHLO: keywords and mechanisms in any case of letters.

use super::reply::Reply;

/// The mechanisms for AUTH that this client speaks, the preferred one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
}

/// The extensions that a server offers; a server that knows only HELO offers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) starttls: bool,
    pub(super) smtp_utf8: bool,
    pub(super) eight_bit_mime: bool,
    /// Most bytes of a message; `None` where the server names no limit.
    pub(super) most_bytes: Option<u64>,
    /// In the order of preference.
    pub(super) mechanisms: Vec<Mechanism>,
}

impl Extensions {
    /// Reads the reply to EHLO.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut all = Self::default();
        let mut offered = Vec::new();
        for line in reply.lines() {
            // `AUTH=LOGIN` is the form from before the standard; some servers offer only that.
            let mut words =
                line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => all.starttls = true,
                "SMTPUTF8" => all.smtp_utf8 = true,
                "8BITMIME" => all.eight_bit_mime = true,
                "SIZE" => {
                    let limit = words.next().and_then(|limit| limit.parse().ok());
                    all.most_bytes = limit.filter(|limit| *limit > 0);
                }
                "AUTH" => offered.extend(words.map(str::to_ascii_uppercase)),
                _ => {}
            }
        }
        let known = [(Mechanism::Plain, "PLAIN"), (Mechanism::Login, "LOGIN")];
        all.mechanisms = known
            .into_iter()
            .filter(|(_, name)| offered.iter().any(|offered| offered == name))
            .map(|(mechanism, _)| mechanism)
            .collect();
        all
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::reply::Heard;
    use super::*;

    fn offered(lines: &[&str]) -> Extensions {
        let mut heard = String::from("250-test\r\n");
        for line in lines {
            write!(heard, "250-{line}\r\n").unwrap();
        }
        heard.push_str("250 HELP\r\n");
        let Heard::Reply(reply, _) = Reply::first_in(heard.as_bytes()) else { panic!("{heard}") };
        Extensions::of(&reply)
    }

    #[test]
    fn keywords_and_mechanisms_are_known_in_any_case_of_letters() {
        for auth in ["AUTH PLAIN LOGIN", "auth login plain", "Auth=Login Plain", "AUTH=PLAIN LOGIN CRAM-MD5"]
        {
            let all = offered(&["starttls", "SmtpUtf8", "8bitmime", auth]);
            assert!(all.starttls && all.smtp_utf8 && all.eight_bit_mime, "{auth}");
            assert_eq!(all.mechanisms, [Mechanism::Plain, Mechanism::Login], "{auth}");
        }
        assert_eq!(offered(&["AUTH CRAM-MD5", "AUTH=login"]).mechanisms, [Mechanism::Login]);
        assert_eq!(offered(&["XAUTH PLAIN", "AUTHPLAIN"]), Extensions::default());
    }

    #[test]
    fn a_size_of_zero_or_none_is_not_a_limit() {
        assert_eq!(offered(&["SIZE 1000"]).most_bytes, Some(1_000));
        assert_eq!(offered(&["size=1000"]).most_bytes, Some(1_000));
        for line in ["SIZE", "SIZE 0", "SIZE x", "8BITMIME"] {
            assert_eq!(offered(&[line]).most_bytes, None, "{line}");
        }
    }
}
