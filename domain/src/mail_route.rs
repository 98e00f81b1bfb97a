//! An email address in the form that SMTP carries it: local part and domain, checked and in one spelling.
//!
//! Taken is what mail systems take: RFC 5321 with RFC 6531 (letters of any script) and the domains of UTS 46. Invariant: a
//! route holds no control, no line end and no blank outside of quotes, and its domain is in ASCII.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;

/// Longest address as given, characters: composed, or without quotes and escapes, it may be much shorter as SMTP carries it.
pub(crate) const LONGEST_RAW: usize = 1_024;
/// Longest local part, octets (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Longest address, octets: a path of 256 without its brackets (RFC 5321, 4.5.3.1.3).
const LONGEST: usize = 254;
const LONGEST_LABEL: usize = 63;
/// Domains of carriers that gave out local parts with dots at their beginning or end, or beside each other, up to 2009.
/// They are mailboxes of people to this day, and stand in quotes where SMTP carries them.
const OF_ANY_DOTS: [&str; 3] = ["docomo.ne.jp", "ezweb.ne.jp", "au.com"];

/// A mailbox as an envelope and a header name it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MailRoute {
    /// The part before the `@`, in quotes where it needs them.
    local: String,
    domain: String,
}

impl MailRoute {
    /// Reads an address; nothing if SMTP cannot carry it.
    pub fn of(raw: &str) -> Option<Self> {
        if raw.chars().nth(LONGEST_RAW).is_some() {
            return None;
        }
        let (local, domain) = raw.rsplit_once('@')?;
        let domain = domain_part(domain)?;
        let route = Self { local: local_part(local, takes_any_dots(&domain))?, domain };
        let fits =
            route.local.len() <= LONGEST_LOCAL && route.local.len() + 1 + route.domain.len() <= LONGEST;
        fits.then_some(route)
    }

    /// The part after the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether only a server with SMTPUTF8 can take it.
    pub fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The spelling that look-ups hash: the domain in the letters and the case of its script, the local part as it is.
    pub(crate) fn normalised(&self) -> String {
        let lower = self.domain.to_ascii_lowercase();
        let (unicode, valid) = idna::domain_to_unicode(&lower);
        // What begins with `xn--` and is not valid is a name like another.
        format!("{}@{}", self.local, if valid.is_ok() { unicode } else { lower })
    }
}

impl fmt::Display for MailRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Addresses are personal.
impl fmt::Debug for MailRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailRoute(..)")
    }
}

fn takes_any_dots(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    OF_ANY_DOTS.iter().any(|carrier| {
        domain.strip_suffix(carrier).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// A local part with its letters composed (NFC), in quotes where it needs them and only there.
fn local_part(raw: &str, may_have_any_dots: bool) -> Option<String> {
    let composed: String = raw.nfc().collect();
    let Some(quoted) = composed.strip_prefix('"') else {
        if is_dotted(&composed) {
            return Some(composed);
        }
        let words: Vec<&str> = composed.split('.').filter(|word| !word.is_empty()).collect();
        let is_carriers = may_have_any_dots && !words.is_empty() && words.into_iter().all(is_dotted);
        return is_carriers.then(|| format!("\"{composed}\""));
    };
    let plain = unquoted(quoted.strip_suffix('"')?)?;
    if plain.is_empty() {
        None
    } else if is_dotted(&plain) {
        Some(plain)
    } else {
        Some(format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")))
    }
}

/// What stands between quotes, escapes resolved.
fn unquoted(quoted: &str) -> Option<String> {
    let mut plain = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        let char = match char {
            '"' => return None,
            '\\' => chars.next().filter(|escaped| matches!(escaped, ' '..='~'))?,
            char => char,
        };
        if !matches!(char, ' '..='~') && !is_letter(char) {
            return None;
        }
        plain.push(char);
    }
    Some(plain)
}

/// Words with dots between them.
fn is_dotted(local: &str) -> bool {
    local.split('.').all(|word| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter(c))
    })
}

/// Whether a character beyond ASCII can stand in a local part: anything that is seen, its marks, and the joiners of
/// scripts and emoji.
fn is_letter(c: char) -> bool {
    let is_unseen = c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}');
    !c.is_ascii() && !is_unseen && u32::from(c) & 0xfffe != 0xfffe
}

/// A domain in ASCII, without a dot at its end; or an address literal.
fn domain_part(raw: &str) -> Option<String> {
    if let Some(literal) = raw.strip_prefix('[') {
        return address_literal(literal.strip_suffix(']')?);
    }
    let mut domain = if raw.is_ascii() { raw.to_owned() } else { idna::domain_to_ascii(raw).ok()? };
    if domain.ends_with('.') {
        domain.pop();
    }
    let is_name = domain.contains('.') || domain.eq_ignore_ascii_case("localhost");
    let labels_fit = domain.split('.').all(|label| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    // No domain ends in a number; an address without its brackets is taken by some.
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) && domain.parse::<Ipv4Addr>().is_err();
    (is_name && labels_fit && !is_number).then_some(domain)
}

fn address_literal(inside: &str) -> Option<String> {
    if let Ok(address) = inside.parse::<Ipv4Addr>() {
        return Some(format!("[{address}]"));
    }
    let (tag, address) = inside.split_once(':')?;
    let address: Ipv6Addr = address.parse().ok()?;
    tag.eq_ignore_ascii_case("ipv6").then(|| format!("[IPv6:{address}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(raw: &str) -> Option<String> {
        MailRoute::of(raw).map(|route| route.to_string())
    }

    #[test]
    fn an_address_has_one_form_on_the_wire() {
        for (raw, wire) in [
            ("user@Example.com", "user@Example.com"),
            ("user@bücher.example", "user@xn--bcher-kva.example"),
            ("user@bu\u{308}cher.example", "user@xn--bcher-kva.example"),
            ("user@BÜCHER.example", "user@xn--bcher-kva.example"),
            ("user@हिन्दी.example", "user@xn--j2bd4cyah0f.example"),
            ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
            ("user@例子。广告", "user@xn--fsqu00a.xn--4rr70v"),
            ("user@straße.example", "user@xn--strae-oqa.example"),
            ("user@i❤.ws", "user@xn--i-7iq.ws"),
            ("user@example.com.", "user@example.com"),
            ("jo\u{308}rg@example.com", "jörg@example.com"),
            ("\"john doe\"@example.org", "\"john doe\"@example.org"),
            ("\"john.doe\"@example.org", "john.doe@example.org"),
            (r#""a\b\"\\c"@example.org"#, r#""ab\"\\c"@example.org"#),
            ("\"a@b\"@example.org", "\"a@b\"@example.org"),
            ("a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"),
            ("a.@DoCoMo.ne.jp", "\"a.\"@DoCoMo.ne.jp"),
            (".a.@ezweb.ne.jp", "\".a.\"@ezweb.ne.jp"),
            ("a..@t.ezweb.ne.jp", "\"a..\"@t.ezweb.ne.jp"),
            ("\"a..b\"@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"),
            ("\"a..b\"@example.org", "\"a..b\"@example.org"),
            ("a.b@docomo.ne.jp", "a.b@docomo.ne.jp"),
            ("user@[192.0.2.1]", "user@[192.0.2.1]"),
            ("user@[ipv6:2001:DB8::1]", "user@[IPv6:2001:db8::1]"),
        ] {
            assert_eq!(carried(raw).as_deref(), Some(wire), "{raw}");
            assert_eq!(carried(wire).as_deref(), Some(wire), "{wire}");
        }
        assert!(MailRoute::of("jörg@example.com").unwrap().needs_utf8());
        assert!(!MailRoute::of("user@bücher.example").unwrap().needs_utf8());
    }

    #[test]
    fn lengths_count_as_on_the_wire() {
        let at = |local: usize, label: usize| {
            format!(
                "{}@{}.{}.{}.example",
                "l".repeat(local),
                "a".repeat(63),
                "b".repeat(63),
                "c".repeat(label)
            )
        };
        assert!(carried(&at(64, 53)).is_some_and(|wire| wire.len() == 254));
        assert!(carried(&at(64, 54)).is_none());
        assert!(carried(&at(65, 20)).is_none());
        assert!(carried(&format!("{}@example.com", "ü".repeat(32))).is_some());
        assert!(carried(&format!("{}@example.com", "ü".repeat(33))).is_none());
        // 40 letters of three bytes each are an A-label of less than 63.
        assert!(carried(&format!("user@{}.example", "हि".repeat(20))).is_some());
        assert!(carried(&format!("user@{}.example", "a".repeat(64))).is_none());
    }
}
