//! The text between tags, for the `strip_html` filter, and where a tag ends.
//!
//! Invariant: one pass, whatever the HTML is; what looks unfinished is text. It is for reading, not for safety.

/// The text between the tags, as it is.
pub(super) fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut reader = Reader { html, at: 0, absent: Vec::new() };
    while let Some(token) = reader.next() {
        match token {
            Token::Text(part) => text.push_str(part),
            Token::Open(name) if matches!(name.as_str(), "script" | "style") => reader.skip_past(&name),
            Token::Open(_) | Token::Close => {}
        }
    }
    text
}

/// How long a tag without its `<` is up to its `>`, quotes respected if they are closed.
pub(super) fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    tag.find('>')
}

enum Token<'h> {
    Text(&'h str),
    Open(String),
    Close,
}

/// Cuts HTML into text and tags; comments are left out.
struct Reader<'h> {
    html: &'h str,
    at: usize,
    /// Names whose closing tag is known not to come any more, `--` for comments; each is looked for in vain only once.
    absent: Vec<String>,
}

impl<'h> Reader<'h> {
    fn next(&mut self) -> Option<Token<'h>> {
        loop {
            let rest = &self.html[self.at..];
            if rest.is_empty() {
                return None;
            }
            let Some(tag) = rest.strip_prefix('<') else {
                let length = rest.find('<').unwrap_or(rest.len());
                self.at += length;
                return Some(Token::Text(&rest[..length]));
            };
            if tag.starts_with("!--") && !self.is_absent("--") {
                match tag.find("-->") {
                    Some(length) => self.at += length + 4,
                    None => self.absent.push("--".to_owned()),
                }
                continue;
            }
            let closes = tag.starts_with('/');
            let name = &tag[usize::from(closes)..];
            if !name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '!' || char == '?') {
                self.at += 1;
                return Some(Token::Text("<"));
            }
            let Some(length) = tag_length(tag) else {
                self.at = self.html.len();
                return Some(Token::Text(rest));
            };
            self.at += length + 2;
            if closes {
                return Some(Token::Close);
            }
            let end = name.find(|char: char| char.is_whitespace() || matches!(char, '/' | '>'));
            return Some(Token::Open(name[..end.unwrap_or(name.len())].to_ascii_lowercase()));
        }
    }

    fn is_absent(&self, name: &str) -> bool {
        self.absent.iter().any(|absent| absent == name)
    }

    /// Moves past the next closing tag of this name, if there is one.
    fn skip_past(&mut self, name: &str) {
        if self.is_absent(name) {
            return;
        }
        let rest = &self.html[self.at..];
        let close = rest.match_indices("</").map(|(at, _)| at).find(|at| {
            rest.as_bytes()[at + 2..]
                .get(..name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        });
        match close {
            Some(at) => self.at += at + rest[at..].find('>').map_or(rest.len() - at, |end| end + 1),
            None => self.absent.push(name.to_owned()),
        }
    }
}
