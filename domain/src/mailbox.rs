//! The mailbox that a tenant's emails come from: an address, and the name that is shown with it.
//!
//! A name is taken as people write it, in quotes or without. Invariant: it holds no control and no line end, and an entry
//! is one mailbox, never a list.

use crate::address::EmailAddress;

/// Why a sender was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one mailbox, as in Shop <shop@example.org>, of at most {} characters", Mailbox::MAX_CHARS)]
pub struct InvalidMailbox;

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: EmailAddress,
}

impl Mailbox {
    /// Most characters allowed.
    pub const MAX_CHARS: usize = 512;

    /// Reads `address`, `name <address>` or `address (name)`.
    ///
    /// # Errors
    /// If it is not one mailbox, or too long.
    pub fn parse(raw: &str) -> Result<Self, InvalidMailbox> {
        if raw.chars().nth(Self::MAX_CHARS).is_some() || raw.chars().any(|c| ends_line(c) && c != '\t') {
            return Err(InvalidMailbox);
        }
        // A tab is a blank here, as between the words of a header.
        let raw = raw.replace('\t', " ");
        let (name, address) = split(raw.trim()).ok_or(InvalidMailbox)?;
        let name = name.map_or(Some(String::new()), shown).ok_or(InvalidMailbox)?;
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()), address })
    }

    /// The name as it is shown, without the quotes and escapes that it was written with.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }
}

/// Without a name.
impl From<EmailAddress> for Mailbox {
    fn from(address: EmailAddress) -> Self {
        Self { name: None, address }
    }
}

/// Whether a header can take a character for the end of a line, or not at all: controls, and the separators of Unicode.
pub fn ends_line(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

/// Cuts the name off the address.
fn split(text: &str) -> Option<(Option<&str>, EmailAddress)> {
    if let Ok(address) = EmailAddress::parse(text) {
        return Some((None, address));
    }
    if let Some(open) = text.strip_suffix('>') {
        // The last bracket that an address follows: names and quoted local parts may hold others.
        let mut cuts = open.rmatch_indices('<').map(|(at, _)| (&open[..at], open[at + 1..].trim()));
        return cuts
            .find_map(|(name, address)| Some((Some(name.trim()), EmailAddress::parse(address).ok()?)));
    }
    let (address, name) = text.strip_suffix(')')?.split_once('(')?;
    Some((Some(name.trim()), EmailAddress::parse(address.trim_end()).ok()?))
}

/// A name as it is shown; nothing if it belongs to another mailbox, or its quotes do not match.
fn shown(name: &str) -> Option<String> {
    if let Some(words) = phrase(name) {
        return Some(words);
    }
    let is_list = name.contains([',', ';']) && name.split([',', ';']).any(|part| names_address(part.trim()));
    let is_another = name.ends_with('>') && names_address(name);
    let may_stand = !name.starts_with('"') || has_pairs_of_quotes(name);
    (may_stand && !is_list && !is_another).then(|| name.to_owned())
}

/// Whether every quote that no backslash stands before has another one, as in `"Acme"™ Shops`.
fn has_pairs_of_quotes(name: &str) -> bool {
    let mut is_escaped = false;
    let quotes = name.chars().filter(|char| {
        let counts = *char == '"' && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        counts
    });
    quotes.count() % 2 == 0
}

/// Whether a part of a name is a mailbox of its own.
fn names_address(part: &str) -> bool {
    let bare = part.rsplit_once('<').map_or(part, |(_, address)| address).trim_end_matches('>');
    EmailAddress::parse(bare.trim()).is_ok()
}

/// Words and quoted words with blanks between them (RFC 5322, `phrase`), where there is a quoted one; nothing else.
fn phrase(name: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = name;
    let mut has_quotes = false;
    while !rest.is_empty() {
        let blanks = rest.len() - rest.trim_start().len();
        shown.push_str(&rest[..blanks]);
        rest = &rest[blanks..];
        if let Some(quoted) = rest.strip_prefix('"') {
            let length = unquote(quoted, &mut shown)?;
            has_quotes = true;
            rest = &quoted[length..];
            if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
                return None;
            }
        } else {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            if rest[..length].contains(['"', '<', '>', ',', ';']) {
                return None;
            }
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    has_quotes.then(|| shown.trim().to_owned())
}

/// Takes what stands up to the closing quote; tells how long it is with the quote.
fn unquote(quoted: &str, shown: &mut String) -> Option<usize> {
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some(at + 1),
            '\\' => shown.push(chars.next()?.1),
            char => shown.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_taken_as_people_write_it() {
        for (raw, name) in [
            ("a@example.org", ""),
            ("<a@example.org>", ""),
            ("Shop <a@example.org>", "Shop"),
            ("Shop<a@example.org>", "Shop"),
            ("  Shop  < a@example.org >  ", "Shop"),
            ("Acme Inc. <a@example.org>", "Acme Inc."),
            ("\"Acme Inc.\" <a@example.org>", "Acme Inc."),
            ("\"Doe, Jane\" <a@example.org>", "Doe, Jane"),
            ("Doe, Jane <a@example.org>", "Doe, Jane"),
            ("Önsen & Söhne; Café <a@example.org>", "Önsen & Söhne; Café"),
            ("Shop 🛒 <a@example.org>", "Shop 🛒"),
            ("Shop (EU) [B] <a@example.org>", "Shop (EU) [B]"),
            ("Love <3 Shop <a@example.org>", "Love <3 Shop"),
            ("A > B <a@example.org>", "A > B"),
            ("Name @ Home: blog <a@example.org>", "Name @ Home: blog"),
            (r#""Dr. \"Bob\" Ray \\ Co" <a@example.org>"#, r#"Dr. "Bob" Ray \ Co"#),
            (r#"Bob "The Builder" Smith <a@example.org>"#, "Bob The Builder Smith"),
            (r#"5" Pizza <a@example.org>"#, r#"5" Pizza"#),
            (r"Back\Slash <a@example.org>", r"Back\Slash"),
            (r#""Acme"™ Shops <a@example.org>"#, r#""Acme"™ Shops"#),
            (r#""Acme"s "Best" <a@example.org>"#, r#""Acme"s "Best""#),
            ("Shop\tEU <a@example.org>", "Shop EU"),
            ("\"Shop\tEU\"\t<a@example.org>\t", "Shop EU"),
            ("\"\" <a@example.org>", ""),
            ("=?utf-8?q?Shop?= <a@example.org>", "=?utf-8?q?Shop?="),
            ("Shop <\"a <b\"@example.org>", "Shop"),
            ("a@example.org (Shop)", "Shop"),
            ("shop@example.org <a@example.org>", "shop@example.org"),
        ] {
            let mailbox = Mailbox::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"));
            assert_eq!(mailbox.name().unwrap_or_default(), name, "{raw}");
        }
        let long = format!("{} <a@example.org>", "Ü".repeat(80));
        assert_eq!(Mailbox::parse(&long).unwrap().name(), Some("Ü".repeat(80).as_str()));
        // Characters count, whatever bytes they take.
        let longer = format!("{} <a@example.org>", "🛒".repeat(490));
        assert_eq!(Mailbox::parse(&longer).unwrap().name(), Some("🛒".repeat(490).as_str()));
    }

    #[test]
    fn what_is_not_one_mailbox_is_refused() {
        for bad in [
            "",
            "Shop",
            "Shop <a@b.example",
            "Shop a@b.example",
            "a@b.example, c@d.example",
            "a@b.example, Shop <c@d.example>",
            "A <a@b.example>, C <c@d.example>",
            "A <a@b.example> <c@d.example>",
            "Shop\r\nBcc: <a@b.example>",
            "Shop\r\n <a@b.example>",
            "Shop\u{0} <a@b.example>",
            "Shop\u{85}x <a@b.example>",
            "Shop\u{2028}x <a@b.example>",
            "Shop <a@b.example\r\nBcc: c@d.example>",
            "<<a@b.example>>",
            "\"a\"b\" <a@b.example>",
            "\"a <a@b.example>",
            "\"a\\\" <a@b.example>",
            "Shop <>",
            "Shop <a@b.example>\r\n",
        ] {
            assert_eq!(Mailbox::parse(bad), Err(InvalidMailbox), "{bad:?}");
        }
        assert!(Mailbox::parse(&format!("{} <a@example.org>", "x".repeat(500))).is_err());
    }
}
