//! MJML, or the source of it, in pieces: tags, text, comments, and what liquid has between them.
//!
//! Invariant: the pieces put together are the whole, and each byte is looked at a fixed number of times.

/// A part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'s> {
    Text,
    Open {
        name: &'s str,
        is_empty: bool,
    },
    Close {
        name: &'s str,
    },
    /// One that nothing reads.
    Comment,
    /// A declaration, a conditional comment, a section of characters.
    Other,
    /// What liquid writes, with what stands in it.
    Output(&'s str),
    /// A tag of liquid, with what stands in it.
    Tag(&'s str),
    /// All from a tag or a comment on that does not end.
    Broken,
}

/// A part of a document and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'s> {
    pub(super) kind: Kind<'s>,
    pub(super) at: usize,
    pub(super) text: &'s str,
}

/// Cuts a document into its parts; liquid's are known where it may be in it.
pub(super) struct Pieces<'s> {
    document: &'s str,
    at: usize,
    has_liquid: bool,
}

impl<'s> Pieces<'s> {
    pub(super) fn of_document(document: &'s str) -> Self {
        Self { document, at: 0, has_liquid: false }
    }

    pub(super) fn of_source(document: &'s str) -> Self {
        Self { document, at: 0, has_liquid: true }
    }

    /// What begins at the beginning of a text, and how long it is; nothing if that is text.
    fn begun(&mut self, rest: &'s str) -> Option<(Kind<'s>, usize)> {
        if self.has_liquid && rest.starts_with('{') {
            return self.liquid(rest);
        }
        let tag = rest.strip_prefix('<')?;
        let closes = tag.starts_with('/');
        let name = &tag[usize::from(closes)..];
        let is_other = !closes && tag.starts_with(['!', '?']);
        if !is_other && !name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') {
            return None;
        }
        let piece = if is_other { other(rest) } else { self.element(tag, name, closes) };
        Some(piece.unwrap_or((Kind::Broken, rest.len())))
    }

    fn element(&mut self, tag: &'s str, name: &'s str, closes: bool) -> Option<(Kind<'s>, usize)> {
        let end = name.find(|char: char| char.is_whitespace() || matches!(char, '>' | '/' | '<'))?;
        let (name, length) = (&name[..end], self.tag_length(tag)?);
        let is_empty = tag[..length].ends_with('/');
        Some((if closes { Kind::Close { name } } else { Kind::Open { name, is_empty } }, length + 2))
    }

    /// How long a tag without its `<` is up to its `>`, quotes and liquid respected.
    fn tag_length(&mut self, tag: &'s str) -> Option<usize> {
        let (mut quote, mut at) = (None, 0);
        while let Some(byte) = tag.as_bytes().get(at) {
            if self.has_liquid
                && *byte == b'{'
                && let Some((_, length)) = self.liquid(&tag[at..])
            {
                at += length;
                continue;
            }
            match (quote, byte) {
                (None, b'>') => return Some(at),
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if open == *byte => quote = None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// An output or a tag of liquid, and how long it is.
    fn liquid(&mut self, rest: &'s str) -> Option<(Kind<'s>, usize)> {
        let (ends, is_tag) = match rest.as_bytes().get(1)? {
            b'{' => ("}}", false),
            b'%' => ("%}", true),
            _ => return None,
        };
        let Some(end) = rest[2..].find(ends) else {
            self.has_liquid = false;
            return None;
        };
        let inside = rest[2..2 + end].trim_matches('-').trim();
        Some((if is_tag { Kind::Tag(inside) } else { Kind::Output(inside) }, end + 4))
    }
}

impl<'s> Iterator for Pieces<'s> {
    type Item = Piece<'s>;

    fn next(&mut self) -> Option<Piece<'s>> {
        let (at, rest) = (self.at, &self.document[self.at..]);
        let first = rest.chars().next()?;
        let (kind, length) = self.begun(rest).unwrap_or_else(|| {
            let begins: &[char] = if self.has_liquid { &['<', '{'] } else { &['<'] };
            let more = first.len_utf8();
            (Kind::Text, rest[more..].find(begins).map_or(rest.len(), |end| more + end))
        });
        self.at += length;
        Some(Piece { kind, at, text: &rest[..length] })
    }
}

/// What begins with `<!` or `<?`, and how long it is.
fn other(rest: &str) -> Option<(Kind<'_>, usize)> {
    let is_conditional = ["<!--[if", "<!--<![endif", "<![if", "<![endif"];
    if is_conditional.iter().any(|start| rest.starts_with(start)) {
        return conditional(rest).map(|length| (Kind::Other, length));
    }
    if let Some(comment) = rest.strip_prefix("<!--") {
        // A comment may end with the very dashes that it begins with.
        let length = if comment.starts_with('>') { 5 } else { comment.find("-->")? + 7 };
        return Some((Kind::Comment, length));
    }
    let ends = if rest.starts_with("<![CDATA[") { "]]>" } else { ">" };
    rest.find(ends).map(|end| (Kind::Other, end + ends.len()))
}

/// How long a conditional comment's beginning or end is, as the MJML library cuts it.
fn conditional(rest: &str) -> Option<usize> {
    let end = rest.find(']')? + 1;
    let ends = [">-->", "><!-->", "-->", ">"];
    ends.iter().find(|sign| rest[end..].starts_with(**sign)).map(|sign| end + sign.len())
}
