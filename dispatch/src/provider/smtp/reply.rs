//! Replies of an SMTP server, read by their code (RFC 5321, section 4.2): the text is for people and may be anything.
//!
//! Invariant: a reply's class is the first digit of every coded line in it; a reply with two classes is not a reply.
//! The meaning of a code for a message is in [`super::table`].

/// A reply: its code and its lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    lines: Vec<String>,
}

/// The reading of the first bytes received so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A reply of that many bytes.
    Reply(Reply, usize),
    /// The beginning of a reply, or nothing.
    Incomplete,
    /// Not SMTP.
    Garbled,
}

/// A line that begins with a code.
struct Coded<'a> {
    code: u16,
    goes_on: bool,
    text: &'a [u8],
}

impl Reply {
    /// Reads the first reply of what was heard. Empty lines before it are passed over.
    pub(super) fn first_in(heard: &[u8]) -> Heard {
        let mut reply: Option<Self> = None;
        let mut end = 0;
        while let Some(length) = heard[end..].iter().position(|byte| *byte == b'\n') {
            let line = &heard[end..end + length];
            end += length + 1;
            match (coded(line), &mut reply) {
                (Some(coded), _) => {
                    if !take(&mut reply, &coded) {
                        return Heard::Garbled;
                    }
                    if !coded.goes_on
                        && let Some(reply) = reply
                    {
                        return Heard::Reply(reply, end);
                    }
                }
                // Some servers break a long text without repeating the code.
                (None, Some(reply)) => reply.lines.push(text(line)),
                (None, None) if is_blank(line) => {}
                (None, None) => return Heard::Garbled,
            }
        }
        Heard::Incomplete
    }

    /// Reads a reply to which nothing more will come: its last line may lack its end, and its last line may announce
    /// another one.
    pub(super) fn cut_short(heard: &[u8]) -> Option<Self> {
        let mut reply: Option<Self> = None;
        for line in heard.split(|byte| *byte == b'\n') {
            match (coded(line), &mut reply) {
                (Some(coded), _) => {
                    if !take(&mut reply, &coded) {
                        return None;
                    }
                    if !coded.goes_on {
                        return reply;
                    }
                }
                (None, Some(reply)) => reply.lines.push(text(line)),
                (None, None) if is_blank(line) => {}
                (None, None) => return None,
            }
        }
        reply
    }

    /// The first digit of the code.
    pub(super) fn class(&self) -> u16 {
        self.code / 100
    }

    /// The lines of text, without codes and controls.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// The text in one line.
    pub(super) fn words(&self) -> String {
        let said: Vec<_> = self.lines().filter(|line| !line.is_empty()).collect();
        said.join(" ")
    }
}

/// Adds a line; false where its class contradicts the lines before it.
fn take(reply: &mut Option<Reply>, coded: &Coded<'_>) -> bool {
    let reply = reply.get_or_insert_with(|| Reply { code: coded.code, lines: Vec::new() });
    if reply.class() != coded.code / 100 {
        return false;
    }
    reply.code = coded.code;
    reply.lines.push(text(coded.text));
    true
}

/// Whether bytes say nothing: line ends and blanks.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte <= b' ')
}

/// A line as a coded one: three digits, of which the first says what kind of reply it is, and no fourth.
fn coded(line: &[u8]) -> Option<Coded<'_>> {
    let begin = line.iter().position(|byte| *byte > b' ')?;
    let line = &line[begin..];
    let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9', rest @ ..] = line else {
        return None;
    };
    let code = [first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    match rest {
        [b'0'..=b'9', ..] => None,
        [b'-', text @ ..] => Some(Coded { code, goes_on: true, text }),
        text => Some(Coded { code, goes_on: false, text }),
    }
}

/// A line's text in any encoding, without controls.
fn text(line: &[u8]) -> String {
    let plain = String::from_utf8_lossy(line);
    plain.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(heard: &[u8]) -> Option<(u16, String, usize)> {
        match Reply::first_in(heard) {
            Heard::Reply(reply, length) => Some((reply.code, reply.words(), length)),
            Heard::Incomplete | Heard::Garbled => None,
        }
    }

    #[test]
    fn the_code_decides_whatever_the_text_is() {
        let long = [b"250 ".as_slice(), &[b'x'; 5_000], b"\r\n"].concat();
        for heard in [
            b"250\r\n".as_slice(),
            b"250 \r\n",
            b"250\n",
            b"250 ok\n",
            b"250\tok\r\n",
            b"250 2.0.0 queued as 42\r\n",
            b"250 f\xfcr Zustellung\r\n",
            b"250 \xd3\xca\xbc\xfe\r\n",
            b"250 nul \0 bell \x07\r\n",
            b"250\0\r\n",
            b"\r\n250 after an empty line\r\n",
            b"250 two returns\r\r\n",
            b"250-first\r\n250-second\r\n250 last\r\n",
            b"250-first\r\n250\r\n",
            b"250-first\n250 last\n",
            b"250-a text\r\n that goes on without its code\r\n250 end\r\n",
            b"250-2.0.0 queued\r\n251 as 1\r\n",
            &long,
        ] {
            let (code, _, length) = read(heard).unwrap_or_else(|| panic!("{}", heard.escape_ascii()));
            assert_eq!((code / 10, length), (25, heard.len()), "{}", heard.escape_ascii());
        }
    }

    #[test]
    fn what_does_not_begin_with_a_code_is_not_a_reply() {
        for heard in [
            b"what?\r\n".as_slice(),
            b"2500 ok\r\n",
            b"25 ok\r\n",
            b"199 ok\r\n",
            b"650 ok\r\n",
            b"250-a\r\n550 b\r\n",
        ] {
            assert_eq!(Reply::first_in(heard), Heard::Garbled, "{}", heard.escape_ascii());
        }
    }

    #[test]
    fn a_reply_ends_where_the_next_one_begins() {
        let (code, words, length) = read(b"250 first\r\n550 second\r\n").unwrap();
        assert_eq!((code, words.as_str(), length), (250, "first", 11));
        assert_eq!(Reply::first_in(b"250-first\r\n250"), Heard::Incomplete);
        assert_eq!(Reply::first_in(b""), Heard::Incomplete);
    }

    #[test]
    fn a_reply_that_was_cut_short_counts_once_its_code_is_there() {
        let code = |heard| Reply::cut_short(heard).map(|reply| reply.code);
        for heard in [b"250".as_slice(), b"250 o", b"250-queued\r\n", b"250-queued\r\n2", b"\r\n250 ok"] {
            assert_eq!(code(heard), Some(250), "{}", heard.escape_ascii());
        }
        for heard in [b"".as_slice(), b"25", b"\r\n", b"2501", b"HTTP/1.1"] {
            assert_eq!(code(heard), None, "{}", heard.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_text_behind_a_code_leaves_the_code(code in 200u16..600, text in prop::collection::vec(any::<u8>(), 0..200)) {
            let line: Vec<u8> = text.into_iter().filter(|byte| *byte != b'\n').collect();
            let heard = [format!("{code} ").as_bytes(), &line, b"\r\n"].concat();
            prop_assert_eq!(read(&heard).map(|(code, _, length)| (code, length)), Some((code, heard.len())));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(heard in prop::collection::vec(any::<u8>(), 0..300)) {
            Reply::first_in(&heard);
            Reply::cut_short(&heard);
        }
    }
}
