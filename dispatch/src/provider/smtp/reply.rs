//! Replies of an SMTP server, read by their code (RFC 5321, section 4.2): the text is for people and may be anything.
//!
//! Invariant: a reply's class is the first digit of the code in which its first and its last coded line agree.
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
    /// The beginning of a reply whose last line so far has a code of another class: the next line decides.
    Contradicted,
}

/// A line that begins with a code.
struct Coded<'a> {
    /// Blanks before it.
    indent: usize,
    code: u16,
    goes_on: bool,
    text: &'a [u8],
}

impl Reply {
    /// Reads the first reply of what was heard. Empty lines before it are passed over.
    ///
    /// Its first and its last line with a code agree. Between them a text may begin with what looks like another code, where a
    /// server breaks it without repeating its own.
    pub(super) fn first_in(heard: &[u8]) -> Heard {
        let mut reading = Reading::default();
        let mut end = 0;
        while let Some(length) = heard[end..].iter().position(|byte| *byte == b'\n') {
            let line = &heard[end..end + length];
            end += length + 1;
            match reading.take(line, end) {
                Took::Ended(reply) => return Heard::Reply(reply, end),
                Took::NotSmtp => return Heard::Garbled,
                Took::More => {}
            }
        }
        match reading {
            Reading { reply: Some(first), ends: Some(ends), .. } => {
                Heard::Reply(Self { code: ends.code, lines: first.lines[..ends.lines].to_vec() }, ends.at)
            }
            Reading { contradicted: true, over: true, .. } => Heard::Contradicted,
            Reading { .. } => Heard::Incomplete,
        }
    }

    /// Reads a reply to which nothing more will come: its last line may lack its end, and its last line may announce
    /// another one.
    pub(super) fn cut_short(heard: &[u8]) -> Option<Self> {
        let mut reading = Reading::default();
        for line in heard.split(|byte| *byte == b'\n') {
            match reading.take(line, 0) {
                Took::Ended(reply) => return Some(reply),
                Took::NotSmtp => return None,
                Took::More => {}
            }
        }
        let Reading { reply, ends, contradicted, .. } = reading;
        match (reply, ends) {
            (Some(first), Some(ends)) => {
                Some(Self { code: ends.code, lines: first.lines[..ends.lines].to_vec() })
            }
            (reply, _) => reply.filter(|_| !contradicted),
        }
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

/// A reply as it is read line by line.
#[derive(Default)]
struct Reading {
    /// The first line's code, and all texts.
    reply: Option<Reply>,
    /// Blanks before the first line's code.
    indent: usize,
    /// Where it ends unless a line with the first one's code and indent follows: at a line with another code of the same
    /// class, or with another indent.
    ends: Option<Ends>,
    /// Whether the last line with a code has one of another class.
    contradicted: bool,
    /// Whether that line does not announce another one.
    over: bool,
}

#[derive(Clone, Copy)]
struct Ends {
    code: u16,
    at: usize,
    /// Lines up to there.
    lines: usize,
}

/// What a line made of a reply.
enum Took {
    Ended(Reply),
    More,
    NotSmtp,
}

impl Reading {
    fn take(&mut self, line: &[u8], end: usize) -> Took {
        let Some(reply) = &mut self.reply else {
            let Some(first) = coded(line) else {
                return if is_blank(line) { Took::More } else { Took::NotSmtp };
            };
            let reply = Reply { code: first.code, lines: vec![text(first.text)] };
            if !first.goes_on {
                return Took::Ended(reply);
            }
            self.indent = first.indent;
            self.reply = Some(reply);
            return Took::More;
        };
        let Some(next) = coded(line) else {
            // Some servers break a long text without repeating the code.
            reply.lines.push(text(line));
            return Took::More;
        };
        if next.indent != self.indent {
            reply.lines.push(text(line));
            if next.code == reply.code && !next.goes_on && self.ends.is_none() {
                self.ends = Some(Ends { code: next.code, at: end, lines: reply.lines.len() });
            }
            return Took::More;
        }
        (self.contradicted, self.over) = (next.code / 100 != reply.class(), !next.goes_on);
        if next.code == reply.code {
            reply.lines.push(text(next.text));
            return match (next.goes_on, self.reply.take()) {
                (false, Some(reply)) => Took::Ended(reply),
                (_, reply) => {
                    self.reply = reply;
                    Took::More
                }
            };
        }
        reply.lines.push(text(next.text));
        if !self.contradicted && self.over && self.ends.is_none() {
            self.ends = Some(Ends { code: next.code, at: end, lines: reply.lines.len() });
        }
        Took::More
    }
}

/// Whether bytes say nothing: line ends and blanks.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte <= b' ')
}

/// A line as a coded one: three digits, of which the first says what kind of reply it is, and no fourth.
fn coded(line: &[u8]) -> Option<Coded<'_>> {
    let indent = line.iter().position(|byte| *byte > b' ')?;
    let line = &line[indent..];
    let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9', rest @ ..] = line else {
        return None;
    };
    let code = [first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    match rest {
        [b'0'..=b'9', ..] => None,
        [b'-', text @ ..] => Some(Coded { indent, code, goes_on: true, text }),
        text => Some(Coded { indent, code, goes_on: false, text }),
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
            Heard::Incomplete | Heard::Contradicted | Heard::Garbled => None,
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
        for heard in [b"what?\r\n".as_slice(), b"2500 ok\r\n", b"25 ok\r\n", b"199 ok\r\n", b"650 ok\r\n"] {
            assert_eq!(Reply::first_in(heard), Heard::Garbled, "{}", heard.escape_ascii());
        }
    }

    #[test]
    fn a_text_that_begins_like_another_code_changes_nothing() {
        for (heard, code) in [
            (b"250-queued\r\n 451 kB in 3 parts\r\n250 ok\r\n".as_slice(), 250),
            (b"250-queued\r\n451 kB in 3 parts\r\n250 ok\r\n", 250),
            (b"250-queued\r\n451-kB in 3 parts\r\n250 ok\r\n", 250),
            (b"250-queued\r\n 256 kB\r\n250 ok\r\n", 250),
            (b"250-queued\r\n256 kB\r\n250 ok\r\n", 250),
            (b"250-queued\r\n 250 kB\r\n250 ok\r\n", 250),
            (b"250-queued\r\n\t550 kB\r\n 421 B\r\n250 ok\r\n", 250),
            (b"550-no\r\n 250 users here\r\n550 bye\r\n", 550),
            (b"550-no\r\n250 users here\r\n550 bye\r\n", 550),
            (b"354-go on\r\n 220 first\r\n354 and on\r\n", 354),
            (b" 250-queued\r\n 250 ok\r\n", 250),
            (b"250-queued\r\n 250 ok\r\n", 250),
        ] {
            let said = read(heard).map(|(code, _, length)| (code, length));
            assert_eq!(said, Some((code, heard.len())), "{}", heard.escape_ascii());
            let short = &heard[..heard.len() - 2];
            assert_eq!(
                Reply::cut_short(short).map(|reply| reply.code),
                Some(code),
                "{}",
                short.escape_ascii()
            );
        }
    }

    #[test]
    fn a_reply_whose_last_code_is_of_another_class_says_nothing() {
        for (heard, read) in [
            (b"250-a\r\n550 b\r\n".as_slice(), Heard::Contradicted),
            (b"550-a\r\n250 b\r\n", Heard::Contradicted),
            (b"250-a\r\n451-b\r\n", Heard::Incomplete),
        ] {
            assert_eq!(Reply::first_in(heard), read, "{}", heard.escape_ascii());
            assert_eq!(Reply::cut_short(heard), None, "{}", heard.escape_ascii());
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
