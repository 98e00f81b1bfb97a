//! Which elements are open, and what each of them means for the text in it.
//!
//! Invariant: an element is closed where a browser closes it as far as that changes the text: by its own end, by its
//! parent's, or by what may not stand in it. No more than [`DEEPEST`] are told apart; those within are as their parent.

use super::attributes::Attributes;
use super::list::List;
use super::page::Page;
use super::selector::Node;
use super::sheet::{Sheet, Shown};
use super::style::{Blanks, Marker};
use super::tag::Tag;

/// Most elements that are open at once.
const DEEPEST: usize = 256;

#[derive(Debug)]
struct Open {
    tag: Tag,
    /// What selectors know of it.
    node: Node,
    is_hidden: bool,
    text: OfText,
    list: Option<List>,
    link: Option<Link>,
}

impl AsRef<Node> for Open {
    fn as_ref(&self) -> &Node {
        &self.node
    }
}

/// How the text in an element is shown, which elements in it take over.
#[derive(Clone, Copy, Debug)]
struct OfText {
    is_invisible: bool,
    is_tiny: bool,
    is_raised: bool,
    blanks: Blanks,
}

impl OfText {
    const OF_PAGE: Self = Self { is_invisible: false, is_tiny: false, is_raised: false, blanks: Blanks::Run };
}

#[derive(Debug)]
struct Link {
    /// Where its text begins.
    from: usize,
    target: String,
    has_image: bool,
}

/// The elements that are open, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Elements {
    open: Vec<Open>,
    /// How many more there are.
    beyond: usize,
    /// How many of those that are open are paragraphs.
    paragraphs: usize,
    sheet: Sheet,
    /// How many lists with numbers there were.
    lists: usize,
    /// Whether what follows is for all but Outlook, as a comment says.
    is_not_for_outlook: bool,
}

impl Elements {
    pub(super) fn new(sheet: Sheet) -> Self {
        Self { sheet, ..Self::default() }
    }

    /// Names of attributes that the style sheets ask for.
    pub(super) fn asked_for(&self) -> &[String] {
        self.sheet.names()
    }

    fn is(&self, of_the_last: impl Fn(&Open) -> bool) -> bool {
        self.open.last().is_some_and(of_the_last)
    }

    /// Takes text in the innermost element.
    pub(super) fn text(&mut self, text: &str, page: &mut Page) {
        if self.is(|last| last.tag == Tag::Head) && !text.trim().is_empty() {
            self.pop(page);
        }
        let of_text = self.of_text();
        if self.is(|last| last.is_hidden) || of_text.is_invisible || of_text.is_tiny {
            return;
        }
        let raised = if of_text.is_raised { raised(text) } else { None };
        let text = raised.as_deref().unwrap_or(text);
        match of_text.blanks {
            Blanks::Run => page.words(text),
            Blanks::Lines => page.lines_of_words(text),
            Blanks::Kept => page.preformatted(text),
        }
    }

    fn of_text(&self) -> OfText {
        self.open.last().map_or(OfText::OF_PAGE, |last| last.text)
    }

    /// Takes a comment: some say what Outlook leaves out.
    pub(super) fn comment(&mut self, comment: &[u8]) {
        if comment.ends_with(b"[endif]") {
            self.is_not_for_outlook = false;
        } else if comment.starts_with(b"[if") {
            let signs = [&b"!mso"[..], b"!(mso"];
            self.is_not_for_outlook =
                comment.windows(5).any(|part| signs.iter().any(|sign| part.starts_with(sign)));
        }
    }

    /// Takes the beginning of an element.
    pub(super) fn open(&mut self, name: &[u8], mut attributes: Attributes, page: &mut Page) {
        let name = String::from_utf8_lossy(name);
        let tag = Tag::of(&name);
        self.end_what_it_ends(tag, page);
        let node = if self.sheet.is_empty() { Node::default() } else { attributes.node(&name) };
        let shown = self.sheet.shown(&node, &self.open, attributes.get("style"), attributes.has("hidden"));
        // Buttons are often for all but Outlook, which has another one in a comment.
        let is_preview = shown.is_hidden_in_outlook
            && !self.is_not_for_outlook
            && matches!(tag, Tag::Div | Tag::Span | Tag::P);
        let is_hidden = self.is(|last| last.is_hidden) || shown.is_hidden || is_preview || tag.is_not_text();
        let is_within = self.open.len() < DEEPEST;
        let text = self.text_in(tag, &shown);
        if !is_hidden {
            self.begin(tag, is_within, &attributes, &shown, page);
        }
        if tag.is_void() {
            return;
        }
        if !is_within {
            self.beyond += 1;
            return;
        }
        let target = (tag == Tag::A && !is_hidden).then(|| target(attributes.get("href"))).flatten();
        let list = if is_hidden { None } else { self.list(tag, &attributes, shown.marker) };
        if !is_hidden && tag.is_preformatted() {
            page.begin_preformatted();
        }
        self.paragraphs += usize::from(tag == Tag::P);
        self.open.push(Open {
            tag,
            node,
            is_hidden,
            text,
            list,
            link: target.map(|target| Link { from: page.position(), target, has_image: false }),
        });
    }

    /// How the text in an element is shown.
    fn text_in(&self, tag: Tag, shown: &Shown) -> OfText {
        let around = self.of_text();
        let usual = if tag.is_preformatted() { Blanks::Kept } else { around.blanks };
        OfText {
            is_invisible: shown.is_invisible.unwrap_or(around.is_invisible),
            is_tiny: shown.is_tiny.unwrap_or(around.is_tiny),
            is_raised: tag == Tag::Sup || around.is_raised,
            blanks: shown.blanks.unwrap_or(usual),
        }
    }

    /// What the beginning of an element puts into the text.
    fn begin(&mut self, tag: Tag, is_within: bool, attributes: &Attributes, shown: &Shown, page: &mut Page) {
        page.end_lines(self.lines_around(tag));
        let is_invisible = shown.is_invisible.unwrap_or(self.of_text().is_invisible);
        match tag {
            Tag::Br => page.line_end(),
            Tag::Td | Tag::Th => page.blank(),
            Tag::Q if !is_invisible => page.words("\u{201c}"),
            Tag::Img if !is_invisible => {
                if let Some(link) = self.open.iter_mut().rev().find_map(|open| open.link.as_mut()) {
                    link.has_image = true;
                }
                page.words(attributes.get("alt"));
            }
            Tag::Area if !is_invisible => {
                page.blank();
                let from = page.position();
                page.words(attributes.get("alt"));
                if let Some(target) = target(attributes.get("href")) {
                    page.link(from, &target, true);
                }
                page.blank();
            }
            Tag::Li if is_within => {
                let own = shown.marker.or_else(|| Marker::of_type(attributes.get("type")));
                let list = self.open.iter_mut().rev().find_map(|open| open.list.as_mut());
                page.item(list, attributes.number("value"), own);
            }
            _ => {}
        }
    }

    /// Line ends before and after an element where it stands.
    fn lines_around(&self, tag: Tag) -> usize {
        let lines = tag.lines_around();
        let is_in_list = || self.open.iter().any(|open| open.list.is_some());
        if lines > 1 && (tag.is_list() || tag == Tag::P) && is_in_list() { 1 } else { lines }
    }

    fn list(&mut self, tag: Tag, attributes: &Attributes, style: Option<Marker>) -> Option<List> {
        if !tag.is_list() {
            return None;
        }
        let indent = self.open.iter().rev().find_map(|open| open.list.as_ref()).map_or(0, List::inside);
        let usual = if tag == Tag::Ol { Marker::DECIMAL } else { Marker::Point };
        let marker = style.or_else(|| Marker::of_type(attributes.get("type"))).unwrap_or(usual);
        let list = List::new(indent, marker);
        if tag != Tag::Ol {
            return Some(list);
        }
        self.lists += 1;
        let start = attributes.number("start");
        Some(if attributes.has("reversed") {
            list.reversed(start, self.lists)
        } else {
            list.with_start(start)
        })
    }

    /// Ends what has no end of its own before such an element.
    fn end_what_it_ends(&mut self, tag: Tag, page: &mut Page) {
        if self.is(|last| last.tag == Tag::Head) && !tag.is_of_head() {
            self.pop(page);
        }
        if self.paragraphs > 0 && tag.ends_paragraph() {
            self.end_up_to(|open| open == Tag::P, |open| open == Tag::Button, page);
        }
        match tag {
            Tag::Li => {
                self.end_up_to(|open| open == Tag::Li, Tag::is_list, page);
            }
            Tag::Dt | Tag::Dd => {
                self.end_up_to(|open| matches!(open, Tag::Dt | Tag::Dd), |open| open == Tag::Dl, page);
            }
            Tag::A => {
                self.end_up_to(|open| open == Tag::A, |_| false, page);
            }
            Tag::Td | Tag::Th => self.end_cell(page),
            Tag::Tr => self.end_row(page),
            Tag::Tbody | Tag::Thead | Tag::Tfoot => {
                self.end_row(page);
                if self.is(|last| matches!(last.tag, Tag::Tbody | Tag::Thead | Tag::Tfoot)) {
                    self.pop(page);
                }
            }
            _ => {}
        }
    }

    /// Ends the cell of the innermost table and what is open in it.
    fn end_cell(&mut self, page: &mut Page) {
        let table = self.open.iter().rposition(|open| open.tag == Tag::Table).map_or(0, |table| table + 1);
        if let Some(cell) = self.open[table..].iter().position(|open| open.tag.is_cell()) {
            self.end_from(table + cell, page);
        }
    }

    fn end_row(&mut self, page: &mut Page) {
        self.end_cell(page);
        if self.is(|last| matches!(last.tag, Tag::Tr | Tag::Caption)) {
            self.pop(page);
        }
    }

    /// Ends the innermost such element and what is open in it, unless a wall stands before it.
    fn end_up_to(
        &mut self,
        ends: impl Fn(Tag) -> bool,
        is_wall_too: impl Fn(Tag) -> bool,
        page: &mut Page,
    ) -> bool {
        for (at, open) in self.open.iter().enumerate().rev() {
            if ends(open.tag) {
                self.end_from(at, page);
                return true;
            }
            if open.tag.is_wall() || is_wall_too(open.tag) {
                break;
            }
        }
        false
    }

    fn end_from(&mut self, at: usize, page: &mut Page) {
        self.beyond = 0;
        while self.open.len() > at {
            self.pop(page);
        }
    }

    /// Takes the end of an element.
    pub(super) fn close(&mut self, name: &[u8], page: &mut Page) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let tag = Tag::of(&String::from_utf8_lossy(name));
        match tag {
            // A browser reads `</br>` as `<br>`, and `</p>` alone as a paragraph.
            Tag::Br if !self.is(|last| last.is_hidden) => page.line_end(),
            Tag::Body | Tag::Html | Tag::Br => {}
            Tag::Tr => self.end_row(page),
            Tag::Tbody | Tag::Thead | Tag::Tfoot => {
                self.end_row(page);
                self.end_up_to(|open| open == tag, |_| false, page);
            }
            Tag::Table => {
                if let Some(table) = self.open.iter().rposition(|open| open.tag == Tag::Table) {
                    self.end_from(table, page);
                }
            }
            _ => {
                let found = self.end_up_to(|open| open == tag, |_| false, page);
                if !found && tag == Tag::P && !self.is(|last| last.is_hidden) {
                    page.end_lines(2);
                }
            }
        }
    }

    /// Ends all that is still open.
    pub(super) fn end(&mut self, page: &mut Page) {
        self.end_from(0, page);
    }

    fn pop(&mut self, page: &mut Page) {
        let Some(ended) = self.open.pop() else { return };
        self.paragraphs -= usize::from(ended.tag == Tag::P);
        if ended.is_hidden {
            return;
        }
        if let Some(link) = ended.link {
            page.link(link.from, &link.target, link.has_image);
        }
        match ended.tag {
            Tag::Td | Tag::Th => page.blank(),
            Tag::Q if !ended.text.is_invisible => page.words("\u{201d}"),
            Tag::Li => page.end_item(),
            _ => {}
        }
        if let Some(list) = ended.list {
            page.end_list(&list);
        }
        page.end_lines(self.lines_around(ended.tag));
    }
}

/// Where a link leads that can be followed outside of the HTML.
fn target(href: &str) -> Option<String> {
    let href = href.trim();
    let (scheme, rest) = href.split_once(':')?;
    let target = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => href,
        "mailto" => rest.split('?').next().unwrap_or_default(),
        "tel" => rest,
        _ => return None,
    };
    (!target.is_empty()).then(|| target.to_owned())
}

/// Raised digits, where nothing else is raised: `10<sup>2</sup>` is no 102.
fn raised(text: &str) -> Option<String> {
    text.chars()
        .map(|char| {
            Some(match char {
                '0' => '\u{2070}',
                '1' => '\u{b9}',
                '2' => '\u{b2}',
                '3' => '\u{b3}',
                '4'..='9' => char::from_u32(u32::from(char) - u32::from('4') + 0x2074)?,
                '+' => '\u{207a}',
                '-' | '\u{2212}' => '\u{207b}',
                blank if blank.is_whitespace() => blank,
                _ => return None,
            })
        })
        .collect()
}
