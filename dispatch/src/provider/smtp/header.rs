//! Values of headers as they stand in a message: folded, and as encoded words (RFC 2047) where they have to be.
//!
//! Invariant: a value holds no control and no line end but folding, no line is longer than 998 octets, and what a reader
//! shows is the text that came in: one that looks like an encoded word is encoded itself.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue};
use orqestra_domain::MailRoute;
use orqestra_domain::mailbox::ends_line;

/// Longest line that is aimed at, octets.
const LINE: usize = 76;
/// Longest encoded word, octets.
const WORD: usize = 75;
/// Octets of an encoded word beside its text.
const AROUND: usize = "=?utf-8?q??=".len();
/// Longest run of blanks or of anything else that a line is left with.
const LONGEST_RUN: usize = 200;
/// Longest name that stands as it is.
const LONGEST_NAME: usize = 60;

/// A text without controls and line ends, for a header.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.replace("\r\n", " ");
    plain.chars().map(|c| if ends_line(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A header with a text.
pub(super) fn of_text(name: &'static str, text: &str) -> HeaderValue {
    let text = one_line(text);
    let longest = text.as_bytes().chunk_by(|a, b| (*a == b' ') == (*b == b' ')).map(<[u8]>::len).max();
    let value = if needs_encoding(&text) || longest.unwrap_or(0) > LONGEST_RUN {
        encoded_words(&text, name.len() + 2).0
    } else {
        folded(&text, name.len() + 2)
    };
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), text, value)
}

/// A header with a mailbox.
pub(super) fn of_mailbox(header: &'static str, name: Option<&str>, route: &MailRoute) -> HeaderValue {
    let name = name.map(one_line).filter(|name| !name.is_empty());
    let value = match &name {
        None => route.to_string(),
        Some(name) => {
            let (phrase, end) = phrase(name, header.len() + 2);
            let address = format!("<{route}>");
            let between = if end + 1 + address.len() > LINE { "\r\n " } else { " " };
            format!("{phrase}{between}{address}")
        }
    };
    let raw = name.map_or_else(|| route.to_string(), |name| format!("{name} <{route}>"));
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(header), raw, value)
}

/// A name as it stands before an address, and where its last line ends.
fn phrase(name: &str, begins: usize) -> (String, usize) {
    if needs_encoding(name) || name.len() > LONGEST_NAME {
        return encoded_words(name, begins);
    }
    let is_atom = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let phrase = if name.split(' ').all(is_atom) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let end = begins + phrase.len();
    (phrase, end)
}

/// Whether a text cannot stand as it is: letters beyond ASCII, or what a reader takes for an encoded word.
fn needs_encoding(text: &str) -> bool {
    !text.is_ascii() || text.contains("=?")
}

/// A text in lines, each but the first beginning with blanks of its own.
fn folded(text: &str, begins: usize) -> String {
    let mut value = String::with_capacity(text.len() + text.len() / 32);
    let mut used = begins;
    let mut rest = text;
    while !rest.is_empty() {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let word = rest[blanks..].find(' ').unwrap_or(rest.len() - blanks);
        if blanks > 0 && used + blanks + word > LINE {
            value.push_str("\r\n");
            used = 0;
        }
        value.push_str(&rest[..blanks + word]);
        used += blanks + word;
        rest = &rest[blanks + word..];
    }
    value
}

/// A text as folded encoded words, no character in two of them, in the shorter of both encodings; and where the last line
/// ends.
fn encoded_words(text: &str, begins: usize) -> (String, usize) {
    let in_quotes: usize = text.chars().map(quoted_length).sum();
    let in_base64 = text.len().div_ceil(3) * 4;
    let (kind, encode): (char, fn(&str) -> String) =
        if in_quotes <= in_base64 { ('q', quoted) } else { ('b', |text| STANDARD.encode(text)) };
    let mut value = String::new();
    let mut line = begins;
    let mut rest = text;
    loop {
        let room = WORD.min(LINE - line.min(LINE)).saturating_sub(AROUND);
        let length = fitting(rest, room, kind);
        if length > 0 || rest.is_empty() {
            let word = format!("=?utf-8?{kind}?{}?=", encode(&rest[..length]));
            value.push_str(&word);
            line += word.len();
            rest = &rest[length..];
        }
        if rest.is_empty() {
            return (value, line);
        }
        value.push_str("\r\n ");
        line = 1;
    }
}

/// How many bytes of a text fit into so many octets when encoded.
fn fitting(text: &str, room: usize, kind: char) -> usize {
    let mut octets = 0;
    let mut length = 0;
    for char in text.chars() {
        octets += if kind == 'q' { quoted_length(char) } else { char.len_utf8() };
        let taken = if kind == 'q' { octets } else { octets.div_ceil(3) * 4 };
        if taken > room {
            break;
        }
        length += char.len_utf8();
    }
    length
}

fn quoted_length(char: char) -> usize {
    if char.is_ascii_alphanumeric() || char == ' ' { 1 } else { 3 * char.len_utf8() }
}

fn quoted(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('_'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            _ => write!(encoded, "={byte:02X}").expect("a string takes whatever is written"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use orqestra_domain::{EmailAddress, Mailbox};
    use proptest::prelude::*;

    use super::*;

    fn subject(text: &str) -> String {
        let value = of_text("Subject", text);
        let mut headers = lettre::message::header::Headers::new();
        headers.insert_raw(value);
        headers.to_string()
    }

    fn from(name: Option<&str>, address: &str) -> String {
        let route = EmailAddress::parse(address).unwrap().route().unwrap();
        let mut headers = lettre::message::header::Headers::new();
        headers.insert_raw(of_mailbox("From", name, &route));
        headers.to_string()
    }

    /// What a reader shows of a header: unfolded, its encoded words decoded one by one.
    fn shown(header: &str) -> String {
        assert!(header.ends_with("\r\n"), "{header:?}");
        let header = header.trim_end_matches("\r\n");
        for line in header.split("\r\n") {
            assert!(line.len() <= 998 && !line.trim().is_empty(), "{line:?}");
        }
        let unfolded = header.replace("\r\n", "");
        assert!(!unfolded.contains(['\r', '\n']), "{unfolded:?}");
        let (_, value) = unfolded.split_once(": ").unwrap();
        let mut text = String::new();
        let mut after_word = false;
        for (number, part) in value.split(' ').enumerate() {
            let word = part.strip_prefix("=?utf-8?").and_then(|word| word.strip_suffix("?="));
            if number > 0 && !(after_word && word.is_some()) {
                text.push(' ');
            }
            after_word = word.is_some();
            let Some(word) = word else {
                text.push_str(part);
                continue;
            };
            assert!(part.len() <= WORD, "{part}");
            let bytes = match word.split_once('?').unwrap() {
                ("b", data) => STANDARD.decode(data).unwrap(),
                (_, data) => unquoted(data),
            };
            text.push_str(std::str::from_utf8(&bytes).expect("no letter is in two words"));
        }
        text
    }

    fn unquoted(data: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = data.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'_' => b' ',
                b'=' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                _ => byte,
            });
        }
        bytes
    }

    #[test]
    fn a_subject_is_shown_as_it_was_written() {
        let (long, blanks) = ("x".repeat(3_000), format!("a{}b", " ".repeat(3_000)));
        for text in [
            "Your order",
            "a  b   c",
            "=?utf-8?q?Hello?=",
            "Re: =?utf-8?b?SGk=?= there",
            "a =?",
            "Grüße",
            "Grüße =?utf-8?q?no?= end",
            "طلبك في الطريق",
            "👨\u{200d}👩\u{200d}👧 arrived 👍🏽",
            "می\u{200c}خواهم",
            "=?=?=?",
            "?=",
            "=?utf-8?Q?=3D=3F?= =?utf-8?Q?x?=",
            "=?\u{fffd}?=",
            "\u{202e}abc\u{202c}",
            "سلام (hello) 123",
            "नमस्ते, क्\u{200d}ष",
            "e\u{301}\u{323}",
            "🇩🇪🏴\u{e0067}\u{e007f}",
            "a\u{a0}b\u{2009}c",
            "- ",
            "a: b: c",
            "<mj-text>",
            "&amp; {{ x }}",
            "\\r\\nBcc: x",
            "100 % =3D",
            "Ω≈ç√∫",
            "Re: Fwd: Re: \u{4f60}\u{597d}",
            "Invoice #5: 5 % off? (yes) <b> \"q\" \\ , ; @",
            "_ = ? =5F",
            &"an order of yours ".repeat(200),
            &"\u{e4}\u{1f600} ".repeat(500),
            &long,
            &blanks,
            "",
        ] {
            assert_eq!(shown(&subject(text)), text.trim(), "{}", subject(text));
        }
        assert_eq!(subject("Your order 5 is on its way"), "Subject: Your order 5 is on its way\r\n");
        assert_eq!(subject("Grüße"), "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n");
        assert_eq!(subject("Your café order"), "Subject: =?utf-8?q?Your_caf=C3=A9_order?=\r\n");
    }

    #[test]
    fn no_text_can_add_a_header() {
        for (text, expected) in [
            ("Hi\r\nBcc: x@example.com", "Hi Bcc: x@example.com"),
            ("Hi\n\nbody\rmore", "Hi  body more"),
            ("a\u{0}b\u{85}c\u{2028}d\u{7f}é\r\n", "a b c d é"),
        ] {
            assert_eq!(shown(&subject(text)), expected);
            let name = from(Some(text), "a@example.org");
            assert_eq!(name.split("\r\n").filter(|line| !line.starts_with(' ')).count(), 2, "{name}");
        }
    }

    #[test]
    fn a_name_is_quoted_or_encoded_as_it_needs() {
        for (name, expected) in [
            ("Shop", "From: Shop <a@example.org>\r\n"),
            ("Shop & Co", "From: Shop & Co <a@example.org>\r\n"),
            ("Acme Inc.", "From: \"Acme Inc.\" <a@example.org>\r\n"),
            ("Doe, Jane", "From: \"Doe, Jane\" <a@example.org>\r\n"),
            ("Shop (EU)", "From: \"Shop (EU)\" <a@example.org>\r\n"),
            (r#"Dr. "Bob" \ Ray"#, "From: \"Dr. \\\"Bob\\\" \\\\ Ray\" <a@example.org>\r\n"),
            ("a  b", "From: \"a  b\" <a@example.org>\r\n"),
            ("=?utf-8?q?Shop?=", "From: =?utf-8?b?PT91dGYtOD9xP1Nob3A/PQ==?= <a@example.org>\r\n"),
            ("Önsen", "From: =?utf-8?b?w5Zuc2Vu?= <a@example.org>\r\n"),
            ("", "From: a@example.org\r\n"),
        ] {
            assert_eq!(from(Some(name), "a@example.org"), expected);
        }
        let long = from(Some(&"Ü".repeat(80)), "a@example.org");
        assert!(shown(&long).starts_with(&"Ü".repeat(80)), "{long}");
        assert!(long.split("\r\n").all(|line| line.len() <= 78), "{long}");
        assert_eq!(from(None, "\"john doe\"@example.org"), "From: \"john doe\"@example.org\r\n");
        assert_eq!(from(Some("J"), "jörg@bücher.example"), "From: J <jörg@xn--bcher-kva.example>\r\n");
    }

    /// The name that a reader shows of a header.
    fn shown_name(header: &str) -> String {
        let shown = shown(header);
        let name = shown.rsplit_once(" <").map_or("", |(name, _)| name).trim_end();
        let Some(quoted) =
            header.replace("\r\n", "").strip_prefix("From: \"").map(|_| &name[1..name.len() - 1])
        else {
            return name.to_owned();
        };
        let mut chars = quoted.chars();
        std::iter::from_fn(|| match chars.next()? {
            '\\' => chars.next(),
            char => Some(char),
        })
        .collect()
    }

    #[test]
    fn a_sender_is_shown_as_people_wrote_it() {
        let long = "Ö".repeat(400);
        let words = "Acme & Sons of the Old Town ".repeat(15);
        for (written, name) in [
            ("Shop", "Shop"),
            ("Acme Inc.", "Acme Inc."),
            ("\"Acme Inc.\"", "Acme Inc."),
            ("Doe, Jane", "Doe, Jane"),
            ("Jane Doe (Support)", "Jane Doe (Support)"),
            ("Jane \"JD\" Doe", "Jane JD Doe"),
            (r#""Jane \"JD\" Doe""#, r#"Jane "JD" Doe"#),
            (r"C:\Shop", r"C:\Shop"),
            (r#""C:\\Shop""#, r"C:\Shop"),
            ("O'Brien's", "O'Brien's"),
            ("'Acme'", "'Acme'"),
            ("„Acme“", "„Acme“"),
            ("«Акме»", "«Акме»"),
            ("Müller & Söhne", "Müller & Söhne"),
            ("Société Générale", "Société Générale"),
            ("株式会社アクメ", "株式会社アクメ"),
            ("متجر", "متجر"),
            ("נחום, בע\"מ", "נחום, בע\"מ"),
            ("दुकान", "दुकान"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👨\u{200d}👩\u{200d}👧 Club", "👨\u{200d}👩\u{200d}👧 Club"),
            ("Shop 🛒", "Shop 🛒"),
            ("Acme™ | Shop", "Acme™ | Shop"),
            ("Shop @ Home", "Shop @ Home"),
            ("info@example.org", "info@example.org"),
            ("5 < 6 > 4", "5 < 6 > 4"),
            ("50% off!", "50% off!"),
            ("[Shop]", "[Shop]"),
            ("Shop: news; more", "Shop: news; more"),
            ("=?utf-8?q?Shop?=", "=?utf-8?q?Shop?="),
            ("=?", "=?"),
            ("a =? b ?=", "a =? b ?="),
            ("Große =?x?= Straße", "Große =?x?= Straße"),
            ("\"=?utf-8?b?SGk=?=\"", "=?utf-8?b?SGk=?="),
            ("Shop\tEU", "Shop EU"),
            ("a  b", "a  b"),
            ("1", "1"),
            (".", "."),
            ("-", "-"),
            ("\"\\\"\"", "\""),
            ("Mr. X, Esq. (ret.) \\o/", "Mr. X, Esq. (ret.) \\o/"),
            ("e\u{301}cole", "e\u{301}cole"),
            (&long, &long),
            (&words, words.trim()),
            (&"x".repeat(480), &"x".repeat(480)),
        ] {
            for address in ["a@example.org", "\"a..b\"@docomo.ne.jp", "用户@例子.广告"] {
                let raw = format!("{written} <{address}>");
                let mailbox = Mailbox::parse(&raw).unwrap_or_else(|error| panic!("{raw}: {error}"));
                let route = mailbox.address().route().unwrap();
                let mut headers = lettre::message::header::Headers::new();
                headers.insert_raw(of_mailbox("From", mailbox.name(), &route));
                let header = headers.to_string();
                assert!(header.ends_with(&format!("<{route}>\r\n")), "{header}");
                assert_eq!(shown_name(&header), name, "{header}");
            }
        }
    }

    #[test]
    fn a_tab_in_a_subject_is_a_blank() {
        assert_eq!(subject("Your\torder"), "Subject: Your order\r\n");
        assert_eq!(shown(&subject("\tYour\t\torder é\t")), "Your  order é");
    }

    proptest! {
        #[test]
        fn any_text_is_shown_without_its_controls(text in ".{0,200}") {
            prop_assert_eq!(shown(&subject(&text)), one_line(&text));
        }
    }
}
