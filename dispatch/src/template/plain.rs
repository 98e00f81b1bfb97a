//! Text out of HTML: the plain alternative of an email, and the `strip_html` filter.
//!
//! Invariant: one pass, whatever the HTML is; what looks unfinished is text. It is for reading, not for safety.

use super::entity::decode;

/// The readable text of an HTML email: paragraphs, list items, and the addresses that links lead to.
pub fn plain_text(html: &str) -> String {
    let mut page = Page::default();
    let mut reader = Reader::new(html);
    while let Some(token) = reader.next() {
        match token {
            Token::Text(text) => page.words(&decode(text)),
            Token::Tag { name, closes: true, .. } => page.close(&name),
            Token::Tag { name, closes: false, attributes } => {
                if is_hidden(&name, attributes) {
                    reader.skip_past(&name);
                } else {
                    page.open(&name, attributes);
                }
            }
        }
    }
    page.text.trim().to_owned()
}

/// The text between the tags, as it is.
pub(super) fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut reader = Reader::new(html);
    while let Some(token) = reader.next() {
        match token {
            Token::Text(part) => text.push_str(part),
            Token::Tag { name, closes: false, .. } if matches!(name.as_str(), "script" | "style") => {
                reader.skip_past(&name);
            }
            Token::Tag { .. } => {}
        }
    }
    text
}

/// Elements whose inside is not for reading, and those that a style sheet hides, as the preview text of MJML is.
fn is_hidden(name: &str, attributes: &str) -> bool {
    match name {
        "script" | "style" | "head" | "title" => true,
        "div" | "span" => {
            let style = attribute(attributes, "style").unwrap_or_default();
            style.to_ascii_lowercase().replace(' ', "").contains("display:none")
        }
        _ => false,
    }
}

enum Token<'h> {
    Text(&'h str),
    Tag { name: String, closes: bool, attributes: &'h str },
}

/// Cuts HTML into text and tags; comments are left out.
struct Reader<'h> {
    html: &'h str,
    at: usize,
    /// Names whose closing tag is known not to come any more, `--` for comments; each is looked for in vain only once.
    absent: Vec<String>,
}

impl<'h> Reader<'h> {
    fn new(html: &'h str) -> Self {
        Self { html, at: 0, absent: Vec::new() }
    }

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
            let end = name
                .find(|char: char| char.is_whitespace() || matches!(char, '/' | '>'))
                .unwrap_or(name.len());
            let attributes = tag[..length].get(usize::from(closes) + end..).unwrap_or_default();
            return Some(Token::Tag { name: name[..end].to_ascii_lowercase(), closes, attributes });
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

/// The value of an attribute, references unresolved.
fn attribute<'h>(attributes: &'h str, name: &str) -> Option<&'h str> {
    let mut rest = attributes;
    while let Some(equals) = rest.find('=') {
        let key = rest[..equals].trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
        let after = rest[equals + 1..].trim_start();
        let (value, left) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = left;
    }
    None
}

/// Plain text under construction: words run together with one blank, blocks with one or two line ends.
#[derive(Default)]
struct Page {
    text: String,
    blank: bool,
    lines: usize,
    link: Option<Link>,
}

struct Link {
    address: String,
    from: usize,
}

impl Page {
    fn words(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{34f}' | '\u{feff}' => {}
                _ if char.is_whitespace() => self.blank = true,
                _ => {
                    self.settle();
                    self.text.push(char);
                }
            }
        }
    }

    /// Writes the line ends or the blank that are due before the next word.
    fn settle(&mut self) {
        if !self.text.is_empty() && self.lines > 0 {
            self.text.extend(std::iter::repeat_n('\n', self.lines));
        } else if self.blank && !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
        self.blank = false;
        self.lines = 0;
    }

    fn end_lines(&mut self, count: usize) {
        self.lines = self.lines.max(count);
    }

    fn block(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "blockquote" | "pre" | "hr" => {
                self.end_lines(2);
            }
            "div" | "tr" | "li" | "table" | "section" | "article" | "header" | "footer" | "center" | "dt"
            | "dd" => {
                self.end_lines(1);
            }
            "td" | "th" => self.blank = true,
            _ => {}
        }
    }

    fn open(&mut self, name: &str, attributes: &str) {
        self.block(name);
        match name {
            "br" => self.lines = (self.lines + 1).min(2),
            "li" => {
                self.settle();
                self.text.push_str("- ");
            }
            "img" => self.words(&decode(attribute(attributes, "alt").unwrap_or_default())),
            "a" => {
                let address = decode(attribute(attributes, "href").unwrap_or_default());
                let leads = ["http://", "https://", "mailto:", "tel:"]
                    .iter()
                    .any(|scheme| address.starts_with(scheme));
                self.link = leads.then_some(Link { address, from: self.text.len() });
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(link) = if name == "a" { self.link.take() } else { None } {
            let shown = self.text[link.from..].trim();
            let target = link.address.trim_start_matches("mailto:").trim_start_matches("tel:");
            if shown.is_empty() {
                self.words(target);
            } else if shown != target && shown != link.address {
                self.words(&format!(" ({target})"));
            }
        }
        self.block(name);
    }
}
