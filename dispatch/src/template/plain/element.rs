//! Which elements are open, and what each of them means for the text in it.
//!
//! Invariant: an element is closed where a browser closes it as far as that changes the text: by its own end, by its
//! parent's, or by what may not stand in it. No more than [`DEEPEST`] are told apart; those within are as their parent.

use super::page::{List, Page};
use super::style::{Blanks, Sheet, Shown};
use super::tag::Tag;

/// Most elements that are open at once.
const DEEPEST: usize = 256;

/// The attributes that matter here, the first one of each name.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    values: [Option<String>; Self::NAMES.len()],
}

impl Attributes {
    const NAMES: [&'static str; 10] =
        ["style", "class", "id", "hidden", "href", "alt", "start", "reversed", "value", "type"];

    fn place(name: &str) -> Option<usize> {
        Self::NAMES.iter().position(|known| *known == name)
    }

    /// Takes a name, and then its value.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) {
        let place = std::str::from_utf8(name).ok().and_then(Self::place);
        if let Some(known) = place.and_then(|place| self.values.get_mut(place))
            && known.as_ref().is_none_or(String::is_empty)
        {
            *known = Some(String::from_utf8_lossy(value).into_owned());
        }
    }

    fn has(&self, name: &str) -> bool {
        Self::place(name).is_some_and(|place| self.values[place].is_some())
    }

    fn get(&self, name: &str) -> &str {
        Self::place(name).and_then(|place| self.values[place].as_deref()).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name).trim().parse::<i32>().ok().map(i64::from)
    }
}

#[derive(Debug)]
struct Open {
    tag: Tag,
    is_hidden: bool,
    is_tiny: bool,
    blanks: Blanks,
    list: Option<List>,
    link: Option<Link>,
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
}

impl Elements {
    fn is(&self, of_the_last: impl Fn(&Open) -> bool) -> bool {
        self.open.last().is_some_and(of_the_last)
    }

    /// Takes text in the innermost element.
    pub(super) fn text(&mut self, text: &str, page: &mut Page) {
        if self.is(|last| last.tag == Tag::Style) {
            self.sheet.read(text);
        }
        if self.is(|last| last.tag == Tag::Head) && !text.trim().is_empty() {
            self.pop(page);
        }
        if self.is(|last| last.is_hidden || last.is_tiny) {
            return;
        }
        match self.open.last().map_or(Blanks::Run, |last| last.blanks) {
            Blanks::Run => page.words(text),
            Blanks::Lines => page.lines_of_words(text),
            Blanks::Kept => page.preformatted(text),
        }
    }

    /// Takes the beginning of an element.
    pub(super) fn open(&mut self, name: &[u8], attributes: &Attributes, page: &mut Page) {
        let name = String::from_utf8_lossy(name);
        let tag = Tag::of(&name);
        self.end_what_it_ends(tag, page);
        let Shown { is_hidden, is_hidden_in_outlook, is_tiny, blanks } =
            self.sheet.shown(&name, attributes.get("style"), attributes.get("class"), attributes.get("id"));
        // Buttons are often for all but Outlook, which has another one in a comment.
        let is_preview = is_hidden_in_outlook && matches!(tag, Tag::Div | Tag::Span | Tag::P);
        let is_hidden = self.is(|last| last.is_hidden)
            || is_hidden
            || is_preview
            || attributes.has("hidden")
            || tag.is_not_text();
        let is_within = self.open.len() < DEEPEST;
        if !is_hidden {
            self.begin(tag, is_within, attributes, page);
        }
        if tag.is_void() {
            return;
        }
        if !is_within {
            self.beyond += 1;
            return;
        }
        let (was_tiny, before) =
            self.open.last().map_or((false, Blanks::Run), |last| (last.is_tiny, last.blanks));
        let usual = if tag.is_preformatted() { Blanks::Kept } else { before };
        let blanks = blanks.unwrap_or(usual);
        let target = (tag == Tag::A && !is_hidden).then(|| target(attributes.get("href"))).flatten();
        let list = if is_hidden { None } else { self.list(tag, attributes) };
        if !is_hidden && tag.is_preformatted() {
            page.begin_preformatted();
        }
        self.paragraphs += usize::from(tag == Tag::P);
        self.open.push(Open {
            tag,
            is_hidden,
            is_tiny: is_tiny.unwrap_or(was_tiny),
            blanks,
            list,
            link: target.map(|target| Link { from: page.position(), target, has_image: false }),
        });
    }

    /// What the beginning of an element puts into the text.
    fn begin(&mut self, tag: Tag, is_within: bool, attributes: &Attributes, page: &mut Page) {
        page.end_lines(self.lines_around(tag));
        match tag {
            Tag::Br => page.line_end(),
            Tag::Td | Tag::Th => page.blank(),
            Tag::Q => page.words("\u{201c}"),
            Tag::Img => {
                if let Some(link) = self.open.iter_mut().rev().find_map(|open| open.link.as_mut()) {
                    link.has_image = true;
                }
                page.words(attributes.get("alt"));
            }
            Tag::Li if is_within => {
                let list = self.open.iter_mut().rev().find_map(|open| open.list.as_mut());
                page.item(list, attributes.number("value"));
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

    fn list(&mut self, tag: Tag, attributes: &Attributes) -> Option<List> {
        if !tag.is_list() {
            return None;
        }
        let indent = self.open.iter().rev().find_map(|open| open.list.as_ref()).map_or(0, List::inside);
        if tag != Tag::Ol {
            return Some(List::of_points(indent));
        }
        self.lists += 1;
        let reversed = attributes.has("reversed").then_some(self.lists);
        let kind = attributes.get("type").chars().next();
        Some(List::of_numbers(indent, attributes.number("start"), reversed, kind))
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
            Tag::Q => page.words("\u{201d}"),
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
