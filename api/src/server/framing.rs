//! Where each request of a connection begins and ends, read from its raw bytes as strictly as RFC 9112 asks.
//!
//! hyper takes line feeds without a carriage return, any number of `Host` headers, and a length beside chunks. A proxy in
//! front may read such bytes otherwise, and then takes a part of one request for another. Nothing here answers or keeps a
//! body: bytes go in, and out comes how many of them belong to the message that they are in, or that it is wrong.

/// Bytes of a line that are kept: more than any header has that is looked at here.
const KEPT: usize = 512;
/// Most bytes of a request line: hyper says of a target beyond 65,534 bytes that it is too long, and of the whole head only
/// that it is too large.
const MOST_LINE: usize = 66 * 1024;
/// Most bytes of all chunks' extensions, and of the trailers.
const MOST_ASIDE: usize = 16 * 1024;
const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Its head.
    Head,
    /// Its request line, which is longer than is read.
    Line,
    /// Its length, which is more than is counted.
    Length,
    /// Its chunks.
    Chunks,
}

/// How far a connection's messages have come.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    head: Head,
    line: Line,
    /// Bytes of the head before.
    last_head: usize,
    /// Bytes of chunk extensions and trailers.
    aside: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Body(u64),
    Chunk(Chunk),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    Size { digits: u8, size: u64 },
    Blank { size: u64 },
    Extension { size: u64 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailer { begins: bool },
    TrailerLf { last: bool },
}

/// What the lines of a head have said so far.
#[derive(Debug, Default)]
struct Head {
    /// Bytes of it, the blank lines before it too.
    bytes: usize,
    version: Option<Version>,
    hosts: usize,
    lengths: usize,
    length: u64,
    codings: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    OneOne,
    /// hyper refuses it.
    Other,
}

/// A line of a head.
#[derive(Debug, Default)]
struct Line {
    kept: Vec<u8>,
    length: usize,
    /// Its last eight bytes.
    end: u64,
    after_cr: bool,
}

impl Framing {
    /// Whether nothing of a request has come that is not over.
    pub(super) fn between_messages(&self) -> bool {
        self.state == State::Head && self.head.bytes == 0
    }

    /// Bytes of the head so far, or of the last one.
    pub(super) fn head_bytes(&self) -> usize {
        self.head.bytes.max(self.last_head)
    }

    /// Reads on, to the end of the message at most: how many bytes belong to it, and whether the next one is wrong.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (usize, Option<Wrong>) {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Body(left) | State::Chunk(Chunk::Data { left }) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += here;
                    let left = left - here as u64;
                    self.state = match (self.state, left) {
                        (State::Body(_), 0) => State::Head,
                        (State::Body(_), _) => State::Body(left),
                        (_, 0) => State::Chunk(Chunk::DataCr),
                        (_, _) => State::Chunk(Chunk::Data { left }),
                    };
                    if self.state == State::Head {
                        return (at, None);
                    }
                }
                State::Head => {
                    let complete = match self.head_byte(bytes[at]) {
                        Ok(complete) => complete,
                        Err(wrong) => return (at, Some(wrong)),
                    };
                    at += 1;
                    if complete && self.state == State::Head {
                        return (at, None);
                    }
                }
                State::Chunk(chunk) => {
                    let Ok(next) = self.chunk_byte(chunk, bytes[at]) else {
                        return (at, Some(Wrong::Chunks));
                    };
                    at += 1;
                    let Some(next) = next else {
                        (self.state, self.aside) = (State::Head, 0);
                        return (at, None);
                    };
                    self.state = State::Chunk(next);
                }
            }
        }
        (at, None)
    }

    /// One byte of a head; true for its last one.
    fn head_byte(&mut self, byte: u8) -> Result<bool, Wrong> {
        match (self.line.after_cr, byte) {
            (true, LF) => {}
            (true, _) | (false, LF) => return Err(Wrong::Head),
            (false, CR) => {
                self.line.after_cr = true;
                self.head.bytes += 1;
                return Ok(false);
            }
            (false, _) => {
                self.line.push(byte);
                self.head.bytes += 1;
                let too_long = self.head.version.is_none() && self.line.length > MOST_LINE;
                return if too_long { Err(Wrong::Line) } else { Ok(false) };
            }
        }
        if self.line.length > 0 {
            self.head.line(&self.line)?;
            self.line.clear();
            self.head.bytes += 1;
            return Ok(false);
        }
        // A blank line before the request line is passed over.
        if self.head.version.is_none() {
            self.line.clear();
            self.head.bytes += 1;
            return Ok(false);
        }
        self.state = self.head.judged()?;
        self.line.clear();
        self.last_head = std::mem::take(&mut self.head).bytes;
        Ok(true)
    }

    /// One byte of what stands around chunks; nothing after the last one.
    fn chunk_byte(&mut self, chunk: Chunk, byte: u8) -> Result<Option<Chunk>, ()> {
        let next = match (chunk, byte) {
            (Chunk::Size { digits, size }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = size.checked_mul(16).and_then(|size| size.checked_add(digit)).ok_or(())?;
                Chunk::Size { digits: digits.saturating_add(1), size }
            }
            (Chunk::Size { digits: 1.., size } | Chunk::Blank { size }, b' ' | b'\t') => {
                self.aside()?;
                Chunk::Blank { size }
            }
            (Chunk::Size { digits: 1.., size } | Chunk::Blank { size }, b';') => Chunk::Extension { size },
            (Chunk::Size { digits: 1.., size } | Chunk::Blank { size } | Chunk::Extension { size }, CR) => {
                Chunk::SizeLf { size }
            }
            (Chunk::Extension { size }, _) if byte != LF => {
                self.aside()?;
                Chunk::Extension { size }
            }
            (Chunk::SizeLf { size: 0 } | Chunk::TrailerLf { last: false }, LF) => {
                Chunk::Trailer { begins: true }
            }
            (Chunk::SizeLf { size }, LF) => Chunk::Data { left: size },
            (Chunk::DataCr, CR) => Chunk::DataLf,
            (Chunk::DataLf, LF) => Chunk::Size { digits: 0, size: 0 },
            (Chunk::Trailer { begins }, CR) => Chunk::TrailerLf { last: begins },
            (Chunk::Trailer { .. }, _) if byte != LF => {
                self.aside()?;
                Chunk::Trailer { begins: false }
            }
            (Chunk::TrailerLf { last: true }, LF) => return Ok(None),
            _ => return Err(()),
        };
        Ok(Some(next))
    }

    fn aside(&mut self) -> Result<(), ()> {
        self.aside += 1;
        if self.aside > MOST_ASIDE { Err(()) } else { Ok(()) }
    }
}

impl Line {
    fn push(&mut self, byte: u8) {
        if self.kept.len() < KEPT {
            self.kept.push(byte);
        }
        self.length += 1;
        self.end = self.end << 8 | u64::from(byte);
    }

    fn clear(&mut self) {
        self.kept.clear();
        (self.length, self.end, self.after_cr) = (0, 0, false);
    }
}

impl Head {
    /// A line that is not blank.
    fn line(&mut self, line: &Line) -> Result<(), Wrong> {
        if self.version.is_none() {
            self.version = Some(match &line.end.to_be_bytes() {
                b"HTTP/1.1" => Version::OneOne,
                b"HTTP/1.0" => Version::One,
                _ => Version::Other,
            });
            return Ok(());
        }
        let colon = line.kept.iter().position(|byte| *byte == b':');
        let Some((name, value)) = colon.map(|colon| line.kept.split_at(colon)) else {
            // A name that is longer than what is kept is none that matters; without a colon it is none.
            return if line.length > KEPT { Ok(()) } else { Err(Wrong::Head) };
        };
        // A line that goes on the one before, and blanks before the colon.
        if name.first().is_none_or(|byte| b" \t".contains(byte))
            || name.ends_with(b" ")
            || name.ends_with(b"\t")
        {
            return Err(Wrong::Head);
        }
        let value = value[1..].trim_ascii();
        let whole = line.length <= KEPT;
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
            return if whole && is_host(value) { Ok(()) } else { Err(Wrong::Head) };
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            let digits = whole && !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(value).ok().filter(|_| digits).ok_or(Wrong::Head)?;
            // hyper counts no further.
            let length = text.parse().ok().filter(|length| *length <= u64::MAX / 2);
            self.length = length.ok_or(Wrong::Length)?;
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.codings += 1;
            // No other coding is undone here, so a body in one would be taken for what it is not.
            return if whole && value.eq_ignore_ascii_case(b"chunked") { Ok(()) } else { Err(Wrong::Head) };
        }
        Ok(())
    }

    /// What follows a head that is complete.
    fn judged(&self) -> Result<State, Wrong> {
        let Self { bytes: _, version, hosts, lengths, length, codings } = self;
        let hosts_fit = match version {
            Some(Version::OneOne) => *hosts == 1,
            Some(Version::One) => *hosts <= 1,
            Some(Version::Other) | None => true,
        };
        if !hosts_fit || lengths + codings > 1 {
            return Err(Wrong::Head);
        }
        match (codings, version) {
            (1, Some(Version::One)) => Err(Wrong::Head),
            (1, _) => Ok(State::Chunk(Chunk::Size { digits: 0, size: 0 })),
            (_, _) if *length > 0 => Ok(State::Body(*length)),
            (_, _) => Ok(State::Head),
        }
    }
}

/// Whether a text can be a host with or without a port (RFC 3986, `uri-host`).
fn is_host(text: &[u8]) -> bool {
    let of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:[]".contains(byte);
    !text.is_empty() && text.iter().all(of_a_name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many messages these bytes are, or what is wrong with them; fed in pieces of this size.
    fn read(bytes: &[u8], piece: usize) -> Result<usize, Wrong> {
        let (mut framing, mut messages, mut at) = (Framing::default(), 0, 0);
        while at < bytes.len() {
            let end = bytes.len().min(at + piece);
            let (taken, wrong) = framing.feed(&bytes[at..end]);
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
            at += taken;
            messages += usize::from(framing.between_messages());
        }
        assert!(framing.between_messages(), "something is left open");
        Ok(messages)
    }

    fn good() -> Vec<(&'static [u8], usize)> {
        vec![
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            (b"\r\n\r\nGET / HTTP/1.1\r\nhOST:a:80\r\n\r\n", 1),
            (b"GET / HTTP/1.1\r\nhost: [::1]:8080\r\nx:\r\ny: a\tb\r\n\r\n", 1),
            (b"GET / HTTP/1.0\r\n\r\n", 1),
            (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\na\nb\rcGET / HTTP/1.1\r\nhost: a\r\n\r\n", 2),
            (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n2\r\na\n\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", 1),
            (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1 \t;a\r\nx\r\n00\r\nx-t: 1\r\n\r\nGET / HTTP/1.1\r\nhost: b\r\n\r\n", 2),
            (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", 1),
        ]
    }

    #[test]
    fn messages_end_where_they_say_however_they_are_cut() {
        for (bytes, messages) in good() {
            for piece in 1..=bytes.len() {
                assert_eq!(read(bytes, piece), Ok(messages), "{} by {piece}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn a_head_that_a_proxy_could_read_otherwise_is_wrong() {
        for bytes in [
            &b"GET / HTTP/1.1\nhost: a\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nhost: a\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\n\n",
            b"\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\rb: c\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost:\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: u@a\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            b"GET / HTTP/1.0\r\nhost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\n\tfolded\r\n\r\n",
            b"GET / HTTP/1.1\r\n host: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxy",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0x1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\nx",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            for piece in [1, 7, bytes.len()] {
                assert_eq!(read(bytes, piece), Err(Wrong::Head), "{} by {piece}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_and_a_length_that_is_not_counted_are_told_apart() {
        let line = |bytes: usize| [b"GET /".to_vec(), vec![b'a'; bytes - 5]].concat();
        assert_eq!(Framing::default().feed(&line(MOST_LINE)), (MOST_LINE, None));
        assert_eq!(Framing::default().feed(&line(MOST_LINE + 1)), (MOST_LINE, Some(Wrong::Line)));
        let length = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\nx";
        for piece in [1, 7, length.len()] {
            assert_eq!(read(length, piece), Err(Wrong::Length));
        }
    }

    #[test]
    fn chunks_that_are_not_lined_as_they_must_be_are_wrong() {
        let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        for chunks in [
            &b"1\nx\r\n0\r\n\r\n"[..],
            b"1\r\nx\n0\r\n\r\n",
            b"1\r\nxy\r\n0\r\n\r\n",
            b"1\r\nx\r\n0\n\r\n",
            b"1\r\nx\r\n0\r\n\n",
            b"1\r\nx\r\n0\r\na: b\n\r\n",
            b"1;a\nb\r\nx\r\n0\r\n\r\n",
            b"\r\n",
            b" 1\r\nx\r\n0\r\n\r\n",
            b"-1\r\n",
            b"0x1\r\nx\r\n0\r\n\r\n",
            b"1 2\r\n",
            b"11111111111111111\r\n",
        ] {
            let bytes = [head, chunks].concat();
            for piece in [1, 7, bytes.len()] {
                assert_eq!(read(&bytes, piece), Err(Wrong::Chunks), "{} by {piece}", chunks.escape_ascii());
            }
        }
        let mut endless = Framing::default();
        endless.feed(head);
        let extension = [b"1;".to_vec(), vec![b'a'; MOST_ASIDE + 1]].concat();
        assert_eq!(endless.feed(&extension).1, Some(Wrong::Chunks));
    }

    proptest! {
        #[test]
        fn no_bytes_are_read_twice_or_past_their_end(bytes in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b'a'), any::<u8>()], 0..200)) {
            let (taken, _) = Framing::default().feed(&bytes);
            prop_assert!(taken <= bytes.len());
        }
    }
}
